"""Days, promises, deadlines, percentiles and intervals against the slow arithmetic of `recount.py`, which knows nothing
of ours: day by day, minute stretch by minute stretch, and an equation solved instead of a formula."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.city.load import read_folder
from feedback.city.profile import City
from feedback.city.time_rules import LawRule
from feedback.deadlines import clock, promise
from feedback.deadlines.working_days import days_of
from feedback.quality import measures
from portal.settings import CITIES
from tests.conftest import fewer
from tests.proof import recount
from tests.proof.recount import Office
from tests.town import RIVERTON

PROFILES: dict[str, City] = {
    folder.name: read_folder(folder) for folder in (CITIES / "heraklion", CITIES / "kaunas", RIVERTON)
}
OFFICES = {name: Office(msgspec.to_builtins(city)) for name, city in PROFILES.items()}

names = st.sampled_from(sorted(PROFILES))
instants = st.integers(0, 10 * 366 * 24 * 60).map(
    lambda minute: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)
seconds = st.integers(0, 59).map(lambda second: timedelta(seconds=second))
gaps = st.lists(st.tuples(st.integers(0, 60_000), st.integers(1, 60_000)), max_size=3)
"""Minutes from the start (or the end of the pause before) to a pause, and how long it lasts."""


def pauses_of(start: datetime, drawn: list[tuple[int, int]]) -> list[tuple[datetime, datetime]]:
    found, at = [], start
    for gap, length in drawn:
        since = at + timedelta(minutes=gap)
        at = since + timedelta(minutes=length)
        found.append((since, at))
    return found


@pytest.mark.parametrize("name", sorted(PROFILES))
@pytest.mark.parametrize("year", range(2020, 2036))
def test_the_same_days_are_worked_all_year(name: str, year: int) -> None:
    days, office = days_of(PROFILES[name].calendar), OFFICES[name]
    day, differing = date(year, 1, 1), []
    while day.year == year:
        if days.is_working(day) != office.is_working(day):
            differing.append(day)
        day += recount.DAY
    assert differing == []


@fewer(10)
@given(names, instants, st.integers(0, 300), st.integers(0, 200_000))
def test_working_days_are_those_of_a_count_by_hand(name: str, start: datetime, n: int, later: int) -> None:
    days, office = days_of(PROFILES[name].calendar), OFFICES[name]
    first = start.date()
    day, left = first, n
    while left:
        day += recount.DAY
        left -= office.is_working(day)
    assert days.add_working(first, n) == day
    assert day >= first
    assert n == 0 or office.is_working(day)


@fewer(10)
@given(names, instants, seconds, st.integers(1, 60), gaps)
def test_a_promise_falls_on_the_day_of_the_slow_count(
    name: str, start: datetime, second: timedelta, promised: int, drawn: list[tuple[int, int]]
) -> None:
    city, office, start = PROFILES[name], OFFICES[name], start + second
    pauses = pauses_of(start, drawn)
    hours, days = city.calendar.office_hours, days_of(city.calendar)
    due_at = promise.promise_due(start, promised, hours, days, city.zone, pauses)
    due_on = promise.promise_due_on(due_at, city.zone)
    assert due_on == office.promised(start, promised, pauses)
    assert due_at > start
    without = promise.promise_due(start, promised, hours, days, city.zone)
    assert due_at >= without, "a pause made it earlier"


@fewer(10)
@given(names, instants, st.integers(0, 600_000))
def test_office_minutes_are_those_of_the_slow_count(name: str, start: datetime, length: int) -> None:
    city, end = PROFILES[name], start + timedelta(minutes=length)
    hours, days = city.calendar.office_hours, days_of(city.calendar)
    found = promise.working_minutes(start, end, hours, days, city.zone)
    assert found == OFFICES[name].minutes(start, end)
    assert 0 <= found <= length


@fewer(10)
@given(
    names,
    instants,
    st.integers(1, 90),
    st.sampled_from(["working", "calendar"]),
    st.booleans(),
    st.booleans(),
    gaps,
)
def test_a_legal_deadline_falls_on_the_day_of_the_slow_count(
    name: str, start: datetime, length: int, unit: Any, roll: bool, stands: bool, drawn: list[tuple[int, int]]
) -> None:
    city, office = PROFILES[name], OFFICES[name]
    rule = law(length, unit, roll, stands)
    pauses = pauses_of(start, drawn)
    local = [tuple(at.astimezone(city.zone).date() for at in pause) for pause in pauses]
    first = start.astimezone(city.zone).date()
    found = clock.due_on(rule, first, days_of(city.calendar), local)  # type: ignore[arg-type]
    assert found == office.due_by_law(msgspec.to_builtins(rule), start, pauses)
    assert found > first
    assert found >= clock.due_on(rule, first, days_of(city.calendar))
    at = clock.due_at(found, city.zone)
    assert at.astimezone(city.zone).date() == found + recount.DAY
    assert (at - timedelta(microseconds=1)).astimezone(city.zone).date() == found


@pytest.mark.parametrize(
    ("name", "start", "days", "unit", "due"),
    [
        ("kaunas", "2026-12-10", 20, "working", "2027-01-12"),
        ("kaunas", "2026-03-30", 20, "working", "2026-04-28"),
        ("kaunas", "2026-12-22", 5, "working", "2026-12-31"),
        ("heraklion", "2026-02-19", 50, "calendar", "2026-04-14"),
        ("heraklion", "2026-11-05", 50, "calendar", "2026-12-28"),
        ("heraklion", "2026-04-02", 60, "calendar", "2026-06-02"),
    ],
)
def test_the_deadlines_that_were_worked_out_by_hand(
    name: str, start: str, days: int, unit: Any, due: str
) -> None:
    city, day = PROFILES[name], date.fromisoformat(start)
    rule = law(days, unit, roll=True, stands=False)
    assert clock.due_on(rule, day, days_of(city.calendar)) == date.fromisoformat(due)
    at = datetime(day.year, day.month, day.day, 12, tzinfo=city.zone)
    assert OFFICES[name].due_by_law(msgspec.to_builtins(rule), at, []) == date.fromisoformat(due)


@fewer(10)
@given(st.sampled_from([ZoneInfo("Europe/Athens"), ZoneInfo("Europe/Vilnius")]), instants, seconds)
def test_an_instant_has_one_local_day(zone: ZoneInfo, at: datetime, second: timedelta) -> None:
    day = promise.local_day(at + second, zone)
    assert day == datetime.fromtimestamp((at + second).timestamp(), zone).date()


@given(st.lists(st.integers(0, 100_000), max_size=80).map(sorted), st.integers(1, 100))
def test_a_percentile_is_that_of_the_definition(values: list[int], percent: int) -> None:
    assert measures.nearest_rank(values, percent) == recount.rank(values, percent)


@given(st.integers(0, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_solves_wilsons_equation(pair: tuple[int, int]) -> None:
    good, n = pair
    low, high = measures.wilson(good, n)
    assert (low, high) == pytest.approx(recount.wilson(good, n), abs=1e-9)
    assert 0 <= low <= high <= 1
    for end in (low, high) if n else ():
        assert (good / n - end) ** 2 == pytest.approx(measures.Z95**2 * end * (1 - end) / n, abs=1e-9)


@fewer(10)
@given(st.integers(1, 400), st.integers(1, 400))
def test_more_cases_make_an_interval_narrower(n: int, times: int) -> None:
    widths = [high - low for low, high in (measures.wilson(n * k, 2 * n * k) for k in (1, 1 + times))]
    assert all(wide > narrow for wide, narrow in pairwise(widths))


def law(days: int, unit: Any, roll: bool, stands: bool) -> LawRule:
    known = PROFILES["riverton"].deadlines.law[0]
    return msgspec.structs.replace(known, days=days, unit=unit, roll=roll, pauses=stands)

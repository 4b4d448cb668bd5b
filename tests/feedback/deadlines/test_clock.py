"""The statutory clock: the row in force, the due day, pauses, the end of the due day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.city.load import read_folder
from feedback.city.time_rules import Calendar, Deadlines, Hours, LawRule, NatureDefault, OfficeHours
from feedback.deadlines.clock import due_at, due_on, find_rule
from feedback.deadlines.working_days import Days, days_of

OPEN = (Hours(start="08:00", end="16:00"),)
WEEK = OfficeHours(monday=OPEN, tuesday=OPEN, wednesday=OPEN, thursday=OPEN, friday=OPEN)
GREEK = days_of(Calendar(holidays="GR", office_hours=WEEK))
LITHUANIAN = days_of(Calendar(holidays="LT", office_hours=WEEK))
ATHENS = ZoneInfo("Europe/Athens")

RIVERTON = read_folder(Path(__file__).parents[2] / "cities" / "riverton")


def row(
    days: int,
    unit: Literal["calendar", "working"],
    *,
    roll: bool = True,
    pauses: bool = False,
    version: int = 1,
    valid_from: date = date(2020, 1, 1),
    valid_to: date | None = None,
) -> LawRule:
    return LawRule(
        key="answer",
        version=version,
        nature=("statutory_request", "question"),
        days=days,
        unit=unit,
        roll=roll,
        pauses=pauses,
        valid_from=valid_from,
        valid_to=valid_to,
        name={"en": "Answer"},
        citation={"en": "Act, article 1"},
    )


@pytest.mark.parametrize(
    ("rule", "days", "started_on", "due"),
    [
        (row(20, "working"), LITHUANIAN, date(2026, 12, 10), date(2027, 1, 12)),  # Thursday → Tuesday
        (row(20, "working"), LITHUANIAN, date(2026, 3, 30), date(2026, 4, 28)),  # Monday → Tuesday
        (row(5, "working"), LITHUANIAN, date(2026, 12, 22), date(2026, 12, 31)),  # Tuesday → Thursday
        # 10 April is Orthodox Good Friday, the first working day after it Tuesday.
        (row(50, "calendar"), GREEK, date(2026, 2, 19), date(2026, 4, 14)),  # Thursday → Tuesday
        (row(50, "calendar", roll=False), GREEK, date(2026, 2, 19), date(2026, 4, 10)),  # Thursday → Friday
        # 25 December is a Friday.
        (row(50, "calendar"), GREEK, date(2026, 11, 5), date(2026, 12, 28)),  # Thursday → Monday
        # 1 June is the Monday of the Holy Spirit.
        (row(60, "calendar"), GREEK, date(2026, 4, 2), date(2026, 6, 2)),  # Thursday → Tuesday
        (row(30, "calendar"), GREEK, date(2026, 10, 1), date(2026, 11, 2)),  # Thursday → Saturday → Monday
        (row(1, "working"), LITHUANIAN, date(2026, 11, 21), date(2026, 11, 23)),  # Saturday → Monday
    ],
)
def test_the_due_day_is_the_one_of_the_fixture(
    rule: LawRule, days: Days, started_on: date, due: date
) -> None:
    assert due_on(rule, started_on, days) == due


@pytest.mark.parametrize(
    ("rule", "pauses", "due"),
    [
        # Started Monday 2 November 2026, a holiday in Lithuania; five working days end on Monday the 9th.
        (row(5, "working", pauses=True), [], date(2026, 11, 9)),
        # Asked on Tuesday, answered on Friday: Wednesday and Thursday were whole days of waiting.
        (row(5, "working", pauses=True), [(date(2026, 11, 3), date(2026, 11, 6))], date(2026, 11, 11)),
        # Asked and answered on one day, or from one to the next: no whole day.
        (row(5, "working", pauses=True), [(date(2026, 11, 3), date(2026, 11, 3))], date(2026, 11, 9)),
        (row(5, "working", pauses=True), [(date(2026, 11, 3), date(2026, 11, 4))], date(2026, 11, 9)),
        # A weekend takes no working day away: Friday to Monday.
        (row(5, "working", pauses=True), [(date(2026, 11, 6), date(2026, 11, 9))], date(2026, 11, 9)),
        # Overlapping pauses count once, in any order.
        (
            row(5, "working", pauses=True),
            [(date(2026, 11, 4), date(2026, 11, 6)), (date(2026, 11, 3), date(2026, 11, 6))],
            date(2026, 11, 11),
        ),
        # Days before the start and after the end take nothing.
        (row(5, "working", pauses=True), [(date(2026, 10, 1), date(2026, 11, 2))], date(2026, 11, 9)),
        (row(5, "working", pauses=True), [(date(2026, 11, 9), date(2026, 11, 30))], date(2026, 11, 9)),
        # A pause makes room for the next one: the second begins after the unpaused due day.
        (
            row(5, "working", pauses=True),
            [(date(2026, 11, 3), date(2026, 11, 6)), (date(2026, 11, 9), date(2026, 11, 12))],
            date(2026, 11, 13),
        ),
        # A rule that does not pause does not hear of it.
        (row(5, "working"), [(date(2026, 11, 3), date(2026, 11, 30))], date(2026, 11, 9)),
        # Calendar days: ten days end on Thursday the 12th; four whole days of waiting make it Monday the 16th.
        (row(10, "calendar", pauses=True), [], date(2026, 11, 12)),
        (row(10, "calendar", pauses=True), [(date(2026, 11, 4), date(2026, 11, 9))], date(2026, 11, 16)),
        # Two days of waiting would end it on Saturday the 14th: it rolls to Monday.
        (row(10, "calendar", pauses=True), [(date(2026, 11, 4), date(2026, 11, 7))], date(2026, 11, 16)),
        (
            row(10, "calendar", pauses=True, roll=False),
            [(date(2026, 11, 4), date(2026, 11, 7))],
            date(2026, 11, 14),
        ),
        # Twelve days end on Saturday the 14th and roll to Monday, which was waited through: Tuesday.
        (row(12, "calendar", pauses=True), [(date(2026, 11, 15), date(2026, 11, 17))], date(2026, 11, 17)),
    ],
)
def test_whole_days_of_waiting_do_not_count(
    rule: LawRule, pauses: list[tuple[date, date]], due: date
) -> None:
    assert due_on(rule, date(2026, 11, 2), LITHUANIAN, pauses) == due


@pytest.mark.parametrize(
    ("received_on", "version"),
    [
        (date(2019, 12, 31), None),  # Tuesday: before any row
        (date(2020, 1, 1), 1),  # Wednesday: the first day counts
        (date(2025, 12, 31), 1),  # Wednesday: the last day counts
        (date(2026, 1, 1), 2),  # Thursday
        (date(2030, 1, 1), 3),  # Tuesday: where two rows are in force, the later one rules
    ],
)
def test_the_row_in_force_on_the_day_of_receipt_rules(received_on: date, version: int | None) -> None:
    rows = (
        row(50, "calendar", version=1, valid_to=date(2025, 12, 31)),
        row(30, "calendar", version=2, valid_from=date(2026, 1, 1)),
        row(20, "calendar", version=3, valid_from=date(2029, 1, 1)),
    )
    deadlines = Deadlines(default_nature=(NatureDefault(kind="question", nature="question"),), law=rows)
    city = msgspec.structs.replace(RIVERTON, deadlines=deadlines)
    found = find_rule(city, "question", received_on)
    assert (found.version if found else None) == version


def test_a_nature_without_a_row_has_no_deadline() -> None:
    assert find_rule(RIVERTON, "praise", date(2026, 11, 20)) is None
    assert find_rule(RIVERTON, "service_request", date(2026, 11, 20)) is not None


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2026, 11, 20), ATHENS, datetime(2026, 11, 20, 22, 0, tzinfo=UTC)),  # Friday, winter
        (date(2026, 7, 10), ATHENS, datetime(2026, 7, 10, 21, 0, tzinfo=UTC)),  # Friday, summer
        (date(2026, 3, 29), ATHENS, datetime(2026, 3, 29, 21, 0, tzinfo=UTC)),  # Sunday of 23 hours
        (date(2026, 10, 25), ATHENS, datetime(2026, 10, 25, 22, 0, tzinfo=UTC)),  # Sunday of 25 hours
        # Midnight of 8 September 2024 was skipped in Chile: the day began at 01:00, 04:00 UTC.
        (date(2024, 9, 7), ZoneInfo("America/Santiago"), datetime(2024, 9, 8, 4, 0, tzinfo=UTC)),  # Saturday
    ],
)
def test_an_answer_is_late_from_the_first_instant_of_the_next_day(
    day: date, zone: ZoneInfo, instant: datetime
) -> None:
    assert due_at(day, zone) == instant
    assert due_at(day, zone).tzinfo is UTC
    assert due_at(day, zone).astimezone(zone).date() == day + timedelta(days=1)


dates = st.dates(min_value=date(2024, 1, 1), max_value=date(2030, 12, 31))
rules = st.builds(
    row,
    st.integers(1, 120),
    st.sampled_from(["calendar", "working"]),
    roll=st.booleans(),
    pauses=st.just(True),
)
pauses = st.lists(
    st.tuples(st.integers(-10, 200), st.integers(0, 40)).map(lambda span: (span[0], span[0] + span[1])),
    max_size=4,
)


def from_day(start: date, spans: list[tuple[int, int]]) -> list[tuple[date, date]]:
    return [(start + timedelta(days=began), start + timedelta(days=ended)) for began, ended in spans]


@settings(deadline=None)
@given(rule=rules, start=dates, spans=pauses, later=st.integers(0, 20))
def test_a_later_start_is_never_due_earlier(
    rule: LawRule, start: date, spans: list[tuple[int, int]], later: int
) -> None:
    waited = from_day(start, spans)
    assert due_on(rule, start, GREEK, waited) <= due_on(rule, start + timedelta(days=later), GREEK, waited)


@settings(deadline=None)
@given(rule=rules, start=dates, spans=pauses, more=st.integers(1, 20))
def test_more_days_are_never_due_earlier(
    rule: LawRule, start: date, spans: list[tuple[int, int]], more: int
) -> None:
    waited = from_day(start, spans)
    longer = msgspec.structs.replace(rule, days=rule.days + more)
    assert start < due_on(rule, start, GREEK, waited) <= due_on(longer, start, GREEK, waited)


@settings(deadline=None)
@given(rule=rules, start=dates, spans=pauses, extra=st.tuples(st.integers(-10, 200), st.integers(0, 40)))
def test_waiting_never_shortens_the_deadline(
    rule: LawRule, start: date, spans: list[tuple[int, int]], extra: tuple[int, int]
) -> None:
    waited = from_day(start, spans)
    longer = [*waited, *from_day(start, [(extra[0], extra[0] + extra[1])])]
    assert due_on(rule, start, GREEK, waited) <= due_on(rule, start, GREEK, longer)


@settings(deadline=None)
@given(rule=rules, start=dates, spans=pauses)
def test_a_due_day_that_rolls_is_a_working_day_and_never_waited_through(
    rule: LawRule, start: date, spans: list[tuple[int, int]]
) -> None:
    waited = from_day(start, spans)
    due = due_on(rule, start, GREEK, waited)
    assert not any(began < due < ended for began, ended in waited)
    assert GREEK.is_working(due) or not rule.roll

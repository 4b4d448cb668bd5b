"""Requests of Cologne taken over and counted, beside thirty of the city's own, up to the published months.

The test keeps its own count: it walks the office hours minute by minute, with hours and holidays written down here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec import Struct

from feedback.city.load import read_folder
from feedback.custody.verify import verify
from feedback.items.tables import ExternalRef, Item
from feedback.outbox.tables import Message
from feedback.quality import disclose
from feedback.quality.disclose import Sheet
from feedback.quality.tables import Figure
from feedback.satisfaction import invite
from feedback.satisfaction.tables import Invitation
from portal.closing import close_month, freeze_what_is_due
from portal.commands.import_ import take_in
from portal.database import Database
from portal.settings import Settings
from tests.town import Browser, Page, Report, Town

ROOT = Path(__file__).parents[2]
EXTRACT = ROOT / "tests" / "data" / "koeln_extract.json"
MAP = ROOT / "imports" / "open311" / "koeln.toml"

ZONE = ZoneInfo("Europe/Vilnius")
HOLIDAYS = {date(2023, 12, 24), date(2023, 12, 25), date(2023, 12, 26), date(2024, 1, 1)}
LONG_DAY = [*range(8 * 60, 12 * 60), *range(12 * 60 + 45, 17 * 60)]
FRIDAY = [*range(8 * 60, 12 * 60), *range(12 * 60 + 45, 15 * 60 + 45)]
LAW_DAYS = 20
MINUTE = timedelta(minutes=1)

PROMISED = {
    "street-lighting": 10,
    "waste-collection": 3,
    "playgrounds": 5,
    "abandoned-vehicles": 15,
    "roads": 10,
    "street-cleaning": 3,
    "traffic": 10,
    "sewerage": None,
}
"""Working days that the city promises; it does not offer the last."""
DEPARTMENTS = {
    "street-lighting": "energy",
    "waste-collection": "environment",
    "playgrounds": "city-maintenance",
    "abandoned-vehicles": "public-order",
    "roads": "city-maintenance",
    "street-cleaning": "city-maintenance",
    "traffic": "transport",
    "sewerage": "",
}
MAPPED = {
    "001": "waste-collection",
    "002": "traffic",
    "006": "sewerage",
    "009": "abandoned-vehicles",
    "010": "playgrounds",
    "011": "roads",
    "012": "roads",
    "014": "street-cleaning",
}
OWN = ("street-lighting", "waste-collection", "playgrounds")
WORDS = {
    "street-lighting": "The lamp at number {n} does not burn.",
    "waste-collection": "The bins at number {n} were not emptied.",
    "playgrounds": "The swing at number {n} is broken.",
}
RATINGS = [(5, 5), (4, 3), (2, 4), (5, 3), (0, 4), (1, 1), (4, 0), (5, 5), (3, 4), (4, 2)]
"""Outcome and handling as ten people rate them; 0 is "I can't say"."""


class Case(Struct):
    """What the test knows of one item."""

    service: str
    received: datetime
    answered: datetime | None = None
    rating: tuple[int, int] | None = None

    @property
    def minutes(self) -> int:
        assert self.answered is not None
        return sum(minute < self.answered.replace(second=0) for minute in walk(self.received, self.answered))

    @property
    def promised_on(self) -> date | None:
        days = PROMISED[self.service]
        if days is None:
            return None
        day = self.received.date()
        office = office_minutes(day)
        # Who comes before the office opens has that day as the first of the promised ones.
        left = days - bool(office and self.received.hour * 60 + self.received.minute <= office[0])
        while left:
            day += timedelta(days=1)
            left -= bool(office_minutes(day))
        return day

    @property
    def due_by_law_on(self) -> date:
        day, left = self.received.date(), LAW_DAYS
        while left:
            day += timedelta(days=1)
            left -= bool(office_minutes(day))
        return day

    def is_in_time(self, due_on: date) -> bool:
        return self.answered is not None and self.answered.date() <= due_on


@cache
def office_minutes(day: date) -> list[int]:
    if day in HOLIDAYS or day.weekday() > 4:
        return []
    return FRIDAY if day.weekday() == 4 else LONG_DAY


def walk(start: datetime, end: datetime) -> Iterator[datetime]:
    """Each office minute from the one of `start` to the end of the day of `end`."""
    day, first = start.date(), start.replace(second=0, microsecond=0)
    while day <= end.date():
        midnight = datetime.combine(day, datetime.min.time(), ZONE)
        for number in office_minutes(day):
            minute = midnight + number * MINUTE
            if minute >= first:
                yield minute
        day += timedelta(days=1)


@pytest.fixture
def town(database: Database, settings: Settings) -> Town:
    return Town(database, settings, city=read_folder(ROOT / "cities" / "kaunas"), start="2023-12-04 08:00")


def test_counted_history_beside_our_own(town: Town) -> None:
    own = [send(town, number) for number in range(30)]
    town.at("2023-12-12 10:00")
    taken_over = take_over(town)
    clerk = town.clerk()
    by_department = {name: town.responder(name) for name in set(DEPARTMENTS.values()) - {""}}

    # Each department answers some of its own; the water company's are forwarded by a clerk.
    town.at("2023-12-12 15:20")
    for report, case in own[:12]:
        answer(town, by_department[DEPARTMENTS[case.service]], report.reference, case)
    town.at("2023-12-14 11:05")
    for report, case in own[12:]:
        answer(town, clerk, report.reference, case)
    town.at("2023-12-15 09:40")
    for reference, case in taken_over[::2]:
        browser = by_department.get(DEPARTMENTS[case.service], clerk)
        answer(town, browser, reference, case)
    stranger = by_department["energy"]
    assert stranger.get(f"/staff/item/{taken_over[0][0]}").status == 404

    town.at("2023-12-20 09:00")
    assert ask_how_it_went(town) == 30
    assert {row.item_id for row in town.rows(Invitation)} == {report.id for report, _ in own}
    town.at("2023-12-21 19:00")
    for number, (report, case) in enumerate(own):
        rate(report, case, RATINGS[number % len(RATINGS)])
    assert town.count(Message) == 0

    cases = [case for _, case in own + taken_over]
    town.at("2024-01-10 12:00")
    assert close_month(town.database, period="2023-12", now=town.now)
    expect(town, "2023-12", cases)
    see_published(town, "2023-12", cases)
    town.at("2024-02-10 12:00")
    assert close_month(town.database, period="2024-01", now=town.now)
    assert freeze_what_is_due(town.database, now=town.now) == 1
    expect(town, "2024-01", cases)
    expect_departments(town, cases)
    see_published(town, "2024-01", cases)
    assert sheet_of(town, "2023-12").is_satisfaction_final
    with town.read() as session:
        assert list(verify(session)) == []


# ── what people do ──────────────────────────────────────────────────────────────────────────────────────────


def send(town: Town, number: int) -> tuple[Report, Case]:
    """A citizen fills in the form: ten a day for three days, from morning to evening."""
    town.at(f"2023-12-{4 + number // 10:02} {9 + number % 10:02}:{number:02}")
    service = OWN[number % len(OWN)]
    report = town.citizen_reports(WORDS[service].format(n=number), service=service)
    return report, Case(service, town.now.astimezone(ZONE))


def take_over(town: Town) -> list[tuple[str, Case]]:
    """The requests of Cologne: references by their numbers, and what their file says."""
    summary = take_in(town.database, file=EXTRACT, map_file=MAP, counted=True, now=town.now)
    requests = json.loads(EXTRACT.read_text("utf-8"))
    assert (summary.open, summary.closed, summary.faults) == (len(requests), 0, [])
    items = {row.id: row for row in town.rows(Item)}
    references = {row.number: items[row.item_id].reference for row in town.rows(ExternalRef)}
    return [
        (
            references[request["service_request_id"]],
            Case(
                MAPPED[request["service_code"]],
                datetime.fromisoformat(request["requested_datetime"]).astimezone(ZONE),
            ),
        )
        for request in requests
    ]


def answer(town: Town, browser: Browser, reference: str, case: Case) -> None:
    """Staff open the item, write, and publish."""
    page = browser.get(f"/staff/item/{reference}")
    assert page.status == 200, reference
    is_ours = bool(DEPARTMENTS[case.service])
    page = browser.post(
        f"/staff/item/{reference}/answer",
        version=page.value("version"),
        last_entry=page.value("last_entry"),
        outcome="done" if is_ours else "not_ours",
        text="We were there on Tuesday.",
        forwarded_to="" if is_ours else "The water company",
    )
    assert page.location.endswith("?done=answered"), page.text
    case.answered = town.now.astimezone(ZONE)


def ask_how_it_went(town: Town) -> int:
    """The job that invites; how many."""
    with town.read() as session:
        due = invite.find_due(session, city=town.city, today=town.today)
    with town.database.write() as session:
        return sum(invite.invite(session, cycle_id=cycle_id, now=town.now) for cycle_id in due)


def rate(report: Report, case: Case, rating: tuple[int, int]) -> None:
    """The citizen opens the item with the code and answers the survey there."""
    browser = report.opened()
    assert browser.get("/survey/mine").status == 200
    page = browser.post("/survey/mine", outcome=str(rating[0]), handling=str(rating[1]))
    assert page.status == 200, page.text
    case.rating = rating


# ── what the test counted itself ────────────────────────────────────────────────────────────────────────────


class Count(Struct, frozen=True):
    """The figures of a month by the test's own count."""

    received: int
    answered: int
    promise: tuple[int, int]
    law: tuple[int, int]
    minutes: list[int]
    outcome: tuple[int, int]
    handling: tuple[int, int]


def count(period: str, cases: list[Case], *, rated_in: str = "2023-12") -> Count:
    def here(day: date | None) -> bool:
        return day is not None and f"{day:%Y-%m}" == period

    promised = [case for case in cases if here(case.promised_on)]
    by_law = [case for case in cases if here(case.due_by_law_on)]
    rated = [case.rating for case in cases if case.rating and period == rated_in]
    answered = [case for case in cases if case.answered and here(case.answered.date())]
    return Count(
        received=sum(here(case.received.date()) for case in cases),
        answered=len(answered),
        promise=(
            sum(case.is_in_time(case.promised_on) for case in promised if case.promised_on),
            len(promised),
        ),
        law=(sum(case.is_in_time(case.due_by_law_on) for case in by_law), len(by_law)),
        minutes=sorted(case.minutes for case in answered),
        outcome=_satisfied([rating[0] for rating in rated]),
        handling=_satisfied([rating[1] for rating in rated]),
    )


def expect(town: Town, period: str, cases: list[Case]) -> None:
    """The frozen figures of the whole city in that month are those that the test counted."""
    wanted = count(period, cases)
    found = {
        row.measure: row
        for row in town.rows(Figure)
        if (row.span, row.scope, row.window_to) == ("month", "city", period)
    }
    assert found["received"].n == wanted.received
    assert found["answered"].n == wanted.answered
    assert found["second_looks"].n == 0
    assert (found["in_time_promise"].numerator, found["in_time_promise"].n) == wanted.promise
    assert (found["in_time_law"].numerator, found["in_time_law"].n) == wanted.law
    assert (found["satisfied_outcome"].numerator, found["satisfied_outcome"].n) == wanted.outcome
    assert (found["satisfied_handling"].numerator, found["satisfied_handling"].n) == wanted.handling
    assert found["time_to_answer"].n == len(wanted.minutes)
    assert (found["time_to_answer"].median, found["time_to_answer"].p90) == (
        _rank(wanted.minutes, 50),
        _rank(wanted.minutes, 90),
    )


def expect_departments(town: Town, cases: list[Case]) -> None:
    """Each department and each service has what was received for it, ours and theirs together."""
    received = {
        (row.scope, row.scope_key): row.n
        for row in town.rows(Figure)
        if (row.measure, row.window_to) == ("received", "2023-12") and row.scope in ("department", "service")
    }
    departments = Counter(DEPARTMENTS[case.service] or "-" for case in cases)
    services = Counter(case.service for case in cases)
    assert received == {
        **{("department", key): number for key, number in departments.items()},
        **{("service", key): number for key, number in services.items()},
    }


def see_published(town: Town, period: str, cases: list[Case]) -> None:
    """Anybody reads the month on the public page, with the fingerprint of its record."""
    wanted = count(period, cases)
    page = town.visitor().get("/service-quality", period=period)
    assert page.status == 200
    assert page.field("#received .figure__value") == str(wanted.received)
    assert page.field("#answered .figure__value") == str(wanted.answered)
    for measure, (good, of) in (
        ("in_time_promise", wanted.promise),
        ("in_time_law", wanted.law),
        ("satisfied_outcome", wanted.outcome),
        ("satisfied_handling", wanted.handling),
    ):
        see_share(page, measure, good, of)
    if wanted.minutes:
        median, ninth = _rank(wanted.minutes, 50), _rank(wanted.minutes, 90)
        assert median is not None
        assert ninth is not None
        assert page.field("#time_to_answer .figure__value") == f"{round(median / 60)} h"
        assert f"{round(ninth / 60)} h" in page.field("#time_to_answer .figure__lines")
    assert page.field("#fingerprint").replace(" ", "") == sheet_of(town, period).digest


def see_share(page: Page, measure: str, good: int, of: int) -> None:
    """A share with its numbers; of fewer than ten cases only how many they are; of none that there is nothing."""
    value, lines = page.field(f"#{measure} .figure__value"), page.field(f"#{measure} .figure__lines")
    if of == 0:
        assert not value
        assert lines.startswith(("No ", "Nobody ")), lines
    elif of < 10:
        assert not value
        assert lines.startswith(f"{of} ")
        assert f"{good} of {of}" not in page.text
    else:
        assert value.split() == [str(round(100 * good / of)), "%"]
        assert f"{good} of {of}" in lines


def sheet_of(town: Town, period: str) -> Sheet:
    with town.read() as session:
        found = disclose.find_sheet(session, rules=town.city.publication, period=period)
    assert found is not None
    return found


def _satisfied(steps: list[int]) -> tuple[int, int]:
    return sum(step >= 4 for step in steps), sum(step > 0 for step in steps)


def _rank(values: list[int], percentile: int) -> int | None:
    """The smallest value that at least so many of a hundred do not exceed."""
    return next(
        (
            value
            for value in values
            if 100 * sum(other <= value for other in values) >= percentile * len(values)
        ),
        None,
    )

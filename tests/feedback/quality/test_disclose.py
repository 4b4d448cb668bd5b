"""What leaves the record: the sheet of a month, the lines of departments and services, never a suppressed number."""

from __future__ import annotations

from datetime import date
from typing import Literal

import pytest

from feedback.city.part import Measure
from feedback.quality import disclose
from feedback.quality.disclose import Sheet
from portal.database import Database
from portal.settings import Settings
from tests.feedback.quality import made
from tests.town import Town

PROMISE: Measure = "in_time_promise"


@pytest.fixture
def town(database: Database, settings: Settings) -> Town:
    return Town(database, settings)


def sheet_of(town: Town, period: str | None = None) -> Sheet:
    with town.read() as session:
        sheet = disclose.find_sheet(session, rules=town.city.publication, period=period)
    assert sheet is not None
    return sheet


def lines(
    town: Town, scope: Literal["department", "service"], measure: Measure = PROMISE, period: str | None = None
) -> list[tuple[str, str, int | None]]:
    """Key, level and n of each line."""
    with town.read() as session:
        sheet = disclose.find_sheet(session, rules=town.city.publication, period=period)
        assert sheet is not None
        found = disclose.lines(session, city=town.city, sheet=sheet, scope=scope, measure=measure)
    return [(line.key, line.cell.level, line.cell.n) for line in found]


def test_without_a_closed_month_there_is_no_sheet(town: Town) -> None:
    made.close(town, "2026-10", state="draft")
    with town.read() as session:
        assert disclose.find_sheet(session, rules=town.city.publication) is None


def test_the_newest_month_is_shown_and_every_other_can_be_asked_for(town: Town) -> None:
    made.close(town, "2026-10", month={PROMISE: (40, 30)})
    made.close(town, "2026-11", window_from="2026-10", month={PROMISE: (60, 50)}, year={PROMISE: (100, 80)})
    newest, older = sheet_of(town), sheet_of(town, "2026-10")
    assert (newest.period, newest.months) == ("2026-11", ["2026-11", "2026-10"])
    assert (newest.month[PROMISE].n, newest.year[PROMISE].n) == (60, 100)
    assert [cell.n for cell in newest.trend[PROMISE]] == [40, 60]
    assert (older.period, older.month[PROMISE].n, len(older.trend[PROMISE])) == ("2026-10", 40, 1)
    with town.read() as session:
        assert disclose.find_sheet(session, rules=town.city.publication, period="2026-09") is None


def test_the_course_holds_only_the_months_of_the_window(town: Town) -> None:
    made.close(town, "2026-08", month={PROMISE: (40, 30)})
    made.close(town, "2026-10", month={PROMISE: (60, 50)})
    assert [cell.window_to for cell in sheet_of(town).trend[PROMISE]] == ["2026-10"]


def test_a_window_that_would_give_a_small_month_away_stays_the_older_one(town: Town) -> None:
    made.close(town, "2026-10", month={PROMISE: (40, 30)})
    made.close(town, "2026-11", window_from="2026-10", month={PROMISE: (3, 2)}, year={PROMISE: (43, 32)})
    newest = sheet_of(town)
    assert (newest.month[PROMISE].level, newest.month[PROMISE].n) == ("hidden", None)
    assert (newest.year[PROMISE].window_to, newest.year[PROMISE].n) == ("2026-10", 40)


def test_lines_stand_in_the_order_of_the_chart_and_the_unassigned_last(town: Town) -> None:
    made.close(
        town,
        "2026-10",
        departments={
            "-": {PROMISE: (31, 20)},
            "abolished": {PROMISE: (32, 20)},
            "dept-c": {PROMISE: (33, 20)},
            "dept-a": {PROMISE: (34, 20)},
        },
    )
    assert [key for key, _, _ in lines(town, "department")] == ["dept-a", "dept-c", "abolished", "-"]


def test_a_lone_small_department_hides_a_second_one(town: Town) -> None:
    made.close(
        town,
        "2026-10",
        departments={
            "dept-a": {PROMISE: (50, 40)},
            "dept-b": {PROMISE: (4, 4)},
            "dept-c": {PROMISE: (35, 30)},
        },
    )
    assert lines(town, "department") == [
        ("dept-a", "shown", 50),
        ("dept-b", "hidden", None),
        ("dept-c", "hidden", None),
    ]


def test_services_hide_with_their_department(town: Town) -> None:
    made.close(
        town,
        "2026-10",
        departments={
            "dept-a": {PROMISE: (50, 40)},
            "dept-b": {PROMISE: (4, 4)},
            "dept-c": {PROMISE: (35, 30)},
        },
        services={
            "street-lighting": {PROMISE: (25, 20)},
            "roads": {PROMISE: (25, 20)},
            "noise": {PROMISE: (4, 4)},
            "staff-conduct": {PROMISE: (35, 30)},
        },
    )
    assert [level for _, level, _ in lines(town, "service")] == ["few", "few", "hidden", "hidden"]


def test_a_department_without_enough_new_cases_keeps_its_older_row(town: Town) -> None:
    made.close(town, "2026-10", departments={"dept-a": {PROMISE: (40, 30)}, "dept-b": {PROMISE: (50, 30)}})
    made.close(town, "2026-11", window_from="2026-10", departments={"dept-a": {PROMISE: (60, 45)}})
    with town.read() as session:
        sheet = disclose.find_sheet(session, rules=town.city.publication)
        assert sheet is not None
        found = disclose.lines(session, city=town.city, sheet=sheet, scope="department", measure=PROMISE)
    assert [(line.key, line.cell.window_to, line.cell.n) for line in found] == [
        ("dept-a", "2026-11", 60),
        ("dept-b", "2026-10", 50),
    ]


def test_an_older_sheet_does_not_know_newer_rows(town: Town) -> None:
    made.close(town, "2026-10", departments={"dept-a": {PROMISE: (40, 30)}})
    made.close(town, "2026-11", window_from="2026-10", departments={"dept-a": {PROMISE: (60, 45)}})
    assert lines(town, "department", period="2026-10") == [("dept-a", "shown", 40)]


def test_the_first_closing_is_told_before_there_is_one(town: Town) -> None:
    with town.read() as session:
        found = disclose.find_first_closing(session, rules=town.city.publication, today=date(2026, 11, 2))
    assert found == ("2026-11", date(2026, 12, 10))
    town.at("2026-12-28 10:00")
    town.citizen_reports()
    with town.read() as session:
        found = disclose.find_first_closing(session, rules=town.city.publication, today=date(2027, 1, 3))
    assert found == ("2026-12", date(2027, 1, 10))


def test_a_row_that_was_not_renewed_stays_as_suppressed_as_it_was(town: Town) -> None:
    """It was hidden to keep a smaller one from being worked out; shown a month later it would give it away."""
    made.close(
        town,
        "2026-10",
        month={PROMISE: (45, 30)},
        departments={
            "dept-a": {PROMISE: (31, 20)},
            "dept-b": {PROMISE: (12, 9)},
            "dept-c": {PROMISE: (2, 1)},
        },
    )
    made.close(
        town,
        "2026-11",
        window_from="2026-10",
        month={PROMISE: (15, 10)},
        year={PROMISE: (60, 40)},
        departments={
            "dept-a": {PROMISE: (41, 26)},
            "dept-c": {PROMISE: (7, 5)},
        },
    )
    levels = {}
    for period in ("2026-10", "2026-11"):
        with town.read() as session:
            sheet = disclose.find_sheet(session, rules=town.city.publication, period=period)
            assert sheet is not None
            found = disclose.lines(session, city=town.city, sheet=sheet, scope="department", measure=PROMISE)
        levels[period] = {line.key: line.cell.level for line in found}
    assert levels["2026-10"] == {"dept-a": "shown", "dept-b": "hidden", "dept-c": "hidden"}
    assert levels["2026-11"]["dept-b"] == "hidden"

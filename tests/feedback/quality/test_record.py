"""Closing a month: what it holds, that nothing later changes it, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from feedback.city import versions
from feedback.columns import table_of
from feedback.custody.verify import verify
from feedback.errors import DomainError
from feedback.items import converse
from feedback.quality import record
from feedback.quality.tables import Counted, Figure, Rated, Record
from portal.closing import close_month, close_what_is_due, freeze_what_is_due
from portal.database import Database
from portal.settings import Settings
from tests.feedback.custody.lived import ask_how_it_went, rate
from tests.town import Report, Town


@pytest.fixture
def town(database: Database, settings: Settings) -> Town:
    return Town(database, settings, start="2026-10-05 09:00")


def october(town: Town) -> list[Report]:
    """Six people write on 5 October about street lighting: promised for the 12th, by law for 3 November.

    Two are answered on the 7th, one on the 14th, one withdraws, one is spam, one waits.
    """
    reports = [
        town.citizen_reports(f"Lamp {number} is dark", service="street-lighting") for number in range(6)
    ]
    by = town.account()
    town.at("2026-10-06 09:00")
    with town.database.write() as session:
        converse.withdraw(session, item_id=reports[3].id, now=town.now)
    town.voids(reports[4])
    town.at("2026-10-07 12:00")
    town.answers(reports[0], by=by)
    town.answers(reports[1], by=by)
    town.at("2026-10-12 17:00")
    assert ask_how_it_went(town) == 2
    rate(town, reports[0], outcome=5, handling=4)
    rate(town, reports[1], outcome=2, handling=0)
    town.at("2026-10-14 10:00")
    town.answers(reports[2], by=by)
    town.at("2026-10-19 17:00")
    assert ask_how_it_went(town) == 1
    return reports


def figures(
    town: Town, period: str, span: str = "month", scope: str = "city", key: str = ""
) -> dict[str, tuple[Any, ...]]:
    """Measure → the integers that are there, in the order of the columns."""
    names = ("n", "numerator", "median", "p90", "aside", "invited", "responded")
    table, months = table_of(Figure), table_of(Record)
    with town.read() as session:
        rows = session.execute(
            sa.select(table)
            .join(months, months.c.id == table.c.record_id)
            .where(
                months.c.period == period,
                table.c.span == span,
                table.c.scope == scope,
                table.c.scope_key == key,
            )
        ).all()
    return {
        row.measure: tuple(value for name in names if (value := getattr(row, name)) is not None)
        for row in rows
    }


def close(town: Town, period: str) -> bool:
    return close_month(town.database, period=period, now=town.now)


def state(town: Town) -> list[Any]:
    return [town.rows(model) for model in (Record, Counted, Rated, Figure)]


def test_a_closed_month_holds_what_happened_in_it(town: Town) -> None:
    october(town)
    town.at("2026-11-10 08:00")
    assert close(town, "2026-10")
    expected = {
        "received": (5,),
        "answered": (3,),
        "second_looks": (0,),
        "in_time_law": (0, 0),
        "in_time_promise": (4, 2),
        "time_to_answer": (3, 1140, 3420),
        "satisfied_outcome": (2, 1, 0, 3, 2),
        "satisfied_handling": (1, 1, 1, 3, 2),
    }
    assert figures(town, "2026-10") == expected
    assert figures(town, "2026-10", "year") == expected
    assert figures(town, "2026-10", "year", "department", "dept-a")["in_time_promise"] == (4, 2)
    assert figures(town, "2026-10", "year", "service", "street-lighting")["received"] == (5,)
    assert not figures(town, "2026-10", "year", "department", "dept-b")
    with town.read() as session:
        assert not list(verify(session))


def test_a_case_without_a_department_is_a_row_of_its_own(town: Town) -> None:
    town.citizen_reports("Good day to all of you")
    town.at("2026-11-10 08:00")
    assert close(town, "2026-10")
    assert figures(town, "2026-10", "year", "department", "-")["received"] == (1,)
    assert figures(town, "2026-10", "year", "service", "-")["received"] == (1,)


def test_closing_twice_changes_nothing(town: Town) -> None:
    october(town)
    town.at("2026-11-10 08:00")
    assert close(town, "2026-10")
    before = state(town)
    town.later(days=1)
    assert not close(town, "2026-10")
    assert state(town) == before


@pytest.mark.parametrize(
    ("period", "code"),
    [
        ("2026-11", "period_not_over"),
        ("2026-09", "period_before_first"),
        ("2026-13", "period_unknown"),
        ("2026-1", "period_unknown"),
        ("October", "period_unknown"),
    ],
)
def test_no_other_month_can_be_closed(town: Town, period: str, code: str) -> None:
    town.citizen_reports()
    town.at("2026-11-30 23:30")
    with pytest.raises(DomainError) as refusal:
        close(town, period)
    assert refusal.value.code == code
    assert not town.rows(Record)


def test_before_the_first_case_there_is_nothing_to_close(town: Town) -> None:
    town.at("2026-11-10 08:00")
    with pytest.raises(DomainError) as refusal:
        close(town, "2026-10")
    assert refusal.value.code == "no_cases_yet"


def test_a_month_ends_at_midnight_of_the_city(town: Town) -> None:
    town.citizen_reports()
    town.at(datetime(2026, 10, 31, 22, 30, tzinfo=UTC))
    assert town.today.isoformat() == "2026-11-01"
    assert close(town, "2026-10")


def test_what_happens_later_belongs_to_the_later_month(town: Town) -> None:
    reports = october(town)
    town.at("2026-11-01 12:00")
    assert close(town, "2026-10")
    before = figures(town, "2026-10")
    town.at("2026-11-12 12:00")
    town.answers(reports[5])
    town.voids(town.citizen_reports())
    with town.database.write() as session:
        converse.second_look(
            session, item_id=reports[5].id, ruling=town.ruling, text="Still dark", now=town.now
        )
    town.at("2026-12-10 12:00")
    assert close(town, "2026-11")
    assert figures(town, "2026-10") == before
    november = figures(town, "2026-11")
    assert november["answered"] == (1,)
    assert november["received"] == (0,)
    assert november["second_looks"] == (1,)
    assert november["in_time_law"] == (4, 3), "three answers came in time, the fourth after 3 November"
    year = figures(town, "2026-11", "year")
    assert (year["received"], year["answered"]) == ((5,), (4,))
    with town.read() as session:
        assert not list(verify(session))


def test_a_closing_that_broke_off_is_taken_over(town: Town) -> None:
    october(town)
    town.at("2026-11-10 08:00")
    with town.read() as session:
        ruling = versions.current(session)
        closing = record.prepare(session, ruling=ruling, period="2026-10", now=town.now)
    with town.database.write() as session:
        record_id = record.begin(session, closing=closing, ruling=ruling)
        assert record_id is not None
        record.copy(session, record_id=record_id, closing=closing, rows=closing.counted[:2])
    assert not any(row.state == "closed" for row in town.rows(Record))
    assert close(town, "2026-10")
    assert (town.count(Record), town.count(Counted)) == (1, len(closing.counted))


def test_satisfaction_stays_open_until_the_last_link_has_ended(town: Town) -> None:
    reports = october(town)
    town.at("2026-11-01 12:00")
    assert close(town, "2026-10")
    assert figures(town, "2026-10")["satisfied_outcome"] == (2, 1, 0, 3, 2)
    rate(town, reports[2], outcome=4, handling=5)
    town.at("2026-11-14 23:00")
    assert freeze_what_is_due(town.database, now=town.now) == 0
    town.at("2026-11-15 00:30")
    before = figures(town, "2026-10")
    assert freeze_what_is_due(town.database, now=town.now) == 1
    after = figures(town, "2026-10")
    assert after["satisfied_outcome"] == (3, 2, 0, 3, 3)
    assert {key: value for key, value in after.items() if not key.startswith("satisfied")} == {
        key: value for key, value in before.items() if not key.startswith("satisfied")
    }
    assert freeze_what_is_due(town.database, now=town.now) == 0
    with town.read() as session:
        assert not list(verify(session))


def test_a_rating_counts_for_the_department_of_the_closing(town: Town) -> None:
    reports = october(town)
    town.at("2026-11-01 12:00")
    assert close(town, "2026-10")
    with town.database.write() as session:
        converse.second_look(
            session, item_id=reports[0].id, ruling=town.ruling, text="Dark again", now=town.now
        )
    town.hands_over(reports[0], "dept-b")
    town.at("2026-11-15 00:30")
    assert freeze_what_is_due(town.database, now=town.now) == 1
    assert figures(town, "2026-10", "year", "department", "dept-a")["satisfied_outcome"][0] == 2
    assert not figures(town, "2026-10", "year", "department", "dept-b")


def test_the_job_closes_on_the_citys_day_and_leaves_no_month_out(town: Town) -> None:
    town.citizen_reports()
    town.at("2026-11-09 23:00")
    assert close_what_is_due(town.database, now=town.now) == []
    town.at("2026-11-10 00:30")
    assert close_what_is_due(town.database, now=town.now) == ["2026-10"]
    town.at("2027-01-10 00:30")
    assert close_what_is_due(town.database, now=town.now) == ["2026-11", "2026-12"]
    assert close_what_is_due(town.database, now=town.now) == []


def test_the_window_grows_to_twelve_months_and_then_moves_on(town: Town) -> None:
    october(town)
    town.at("2027-11-10 00:30")
    assert len(close_what_is_due(town.database, now=town.now)) == 13
    windows = {row.period: row.window_from for row in town.rows(Record)}
    assert (windows["2026-10"], windows["2027-09"], windows["2027-10"]) == ("2026-10", "2026-10", "2026-11")
    assert figures(town, "2027-09", "year")["received"] == (5,)
    assert figures(town, "2027-10", "year")["received"] == (0,)


@pytest.mark.parametrize(("added", "is_renewed"), [(9, False), (10, True)])
def test_while_the_window_grows_a_department_is_renewed_by_ten_cases(
    town: Town, added: int, is_renewed: bool
) -> None:
    for number in range(6):
        town.citizen_reports(f"Lamp {number} is dark", service="street-lighting")
    town.at("2026-11-10 08:00")
    assert close(town, "2026-10")
    for number in range(added):
        town.citizen_reports(f"Hole {number} in the road", service="roads")
    town.at("2026-12-10 08:00")
    assert close(town, "2026-11")
    found = figures(town, "2026-11", "year", "department", "dept-a").get("received")
    assert found == ((6 + added,) if is_renewed else None)
    assert figures(town, "2026-11", "year")["received"] == (6 + added,)

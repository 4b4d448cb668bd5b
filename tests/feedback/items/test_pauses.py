"""What a pause does to an answer: its time is not counted, and it is judged by a due day like any other."""

from __future__ import annotations

from collections.abc import Callable

from feedback.items import converse
from feedback.items.tables import Cycle
from feedback.items.time_tables import Clock
from portal.database import Database
from portal.settings import Settings
from tests.town import Report, Town


def town_of(database: Database, settings: Settings) -> Town:
    return Town(database, settings, start="2026-11-03 09:00")


def replies(town: Town, report: Report) -> None:
    with town.database.write() as session:
        converse.add_words(session, item_id=report.id, text="The left side.", now=town.now)


def _answered_at_noon(town: Town, meanwhile: Callable[[Report], None]) -> tuple[int, list[Clock]]:
    """A case of nine o'clock that is asked about at ten and answered at noon: its minutes and clocks."""
    town.at("2026-11-03 09:00")
    report = town.citizen_reports(f"Lamp number {town.count(Cycle)} is out.", service="roads")
    town.at("2026-11-03 10:00")
    town.asks(report)
    town.at("2026-11-03 11:00")
    meanwhile(report)
    town.at("2026-11-03 12:00")
    town.answers(report)
    cycle = next(row for row in town.rows(Cycle) if row.item_id == report.id)
    return cycle.minutes, [row for row in town.rows(Clock) if row.cycle_id == cycle.id]


def test_the_time_of_an_answer_is_without_what_was_waited_for(database: Database, settings: Settings) -> None:
    town = town_of(database, settings)
    assert _answered_at_noon(town, lambda report: replies(town, report))[0] == 120
    assert _answered_at_noon(town, lambda report: None)[0] == 60


def test_an_answer_while_we_wait_is_judged_by_a_due_day(database: Database, settings: Settings) -> None:
    town = town_of(database, settings)
    _, clocks = _answered_at_noon(town, lambda report: None)
    assert {clock.which for clock in clocks} == {"promise", "law"}
    for clock in clocks:
        assert clock.stopped_by == "answer"
        assert clock.due_on is not None
        assert clock.due_at is not None

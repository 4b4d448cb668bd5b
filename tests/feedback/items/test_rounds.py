"""Clocks and people over several rounds of one item: late clocks, questions, hand-overs, second looks, void."""

from __future__ import annotations

import pytest

from feedback.custody.verify import verify
from feedback.errors import NotAllowed
from feedback.items import converse, triage
from feedback.items.tables import Entry, Item
from feedback.items.time_tables import Clock, Pause
from feedback.items.views import ClockView
from feedback.ledger.notes import SYSTEM, Actor
from feedback.ledger.tables import Note
from portal.database import Database
from portal.settings import Settings
from tests.town import Report, Town


@pytest.fixture
def town(database: Database, settings: Settings) -> Town:
    return Town(database, settings, start="2026-11-03 09:00")


def promise(report: Report) -> ClockView:
    found = report.item.cycle.clock("promise")
    assert found is not None
    return found


def replies(town: Town, report: Report, text: str = "Here.") -> None:
    with town.database.write() as session:
        converse.add_words(session, item_id=report.id, text=text, now=town.now)


def looks_again(town: Town, report: Report, text: str = "It is not solved.") -> None:
    ruling = town.ruling
    with town.database.write() as session:
        converse.second_look(session, item_id=report.id, ruling=ruling, text=text, now=town.now)


def assigns(town: Town, report: Report, department: str, service: str) -> None:
    clerk, ruling = town.account("clerk"), town.ruling
    with town.database.write() as session:
        triage.hand_over(
            session,
            item_id=report.id,
            seen_version=report.item.version,
            ruling=ruling,
            department=department,
            service=service,
            reason="It is theirs.",
            by=Actor("staff", clerk),
            now=town.now,
        )


def test_a_question_makes_a_late_promise_no_less_late(town: Town) -> None:
    report = town.citizen_reports(service="street-lighting")
    due = promise(report).due_on
    town.later(days=20)
    town.asks(report)
    assert promise(report).due_on == due
    assert not promise(report).is_paused


def test_a_question_in_time_pauses_the_promise_and_the_reply_sets_a_later_day(town: Town) -> None:
    report = town.citizen_reports(service="street-lighting")
    due = promise(report).due_on
    town.later(days=1)
    town.asks(report)
    assert promise(report).is_paused
    assert promise(report).due_on is None
    town.later(days=7)
    replies(town, report)
    after = promise(report).due_on
    assert due is not None
    assert after is not None
    assert after > due


def test_a_promise_that_comes_after_a_question_has_its_pause(town: Town) -> None:
    """Not yet assigned, the item waits for its citizen; the service's promise then begins as if it had run."""
    plain = town.citizen_reports("Something is odd here", service="")
    asked = town.citizen_reports("Something else is odd here", service="")
    assert plain.item.cycle.clock("promise") is None
    town.asks(asked)
    town.later(days=14)
    replies(town, asked)
    for report in (plain, asked):
        assigns(town, report, "dept-a", "street-lighting")
    early, late = promise(plain).due_on, promise(asked).due_on
    assert early is not None
    assert late is not None
    assert (late - early).days >= 14
    assert len(town.rows(Pause)) == 1


def test_who_led_to_a_second_look_never_answers_that_item_again(town: Town) -> None:
    report = town.citizen_reports(service="street-lighting")
    first = town.answers(report)
    town.later(days=1)
    looks_again(town, report)
    with pytest.raises(NotAllowed):
        town.answers(report, by=first)
    second = town.answers(report, "Really done.")
    ruling = town.ruling
    with town.database.write() as session:
        triage.reopen(
            session,
            item_id=report.id,
            seen_version=report.item.version,
            ruling=ruling,
            reason="The contractor wrote.",
            by=SYSTEM,
            now=town.now,
        )
    with pytest.raises(NotAllowed):
        town.answers(report, by=first)
    town.answers(report, "Done at last.", by=second)
    assert [cycle.origin for cycle in report.item.cycles] == ["first", "second_look", "reopened"]


def test_an_item_set_aside_and_taken_back_runs_on(town: Town) -> None:
    report = town.citizen_reports(service="street-lighting")
    before = [(row.which, row.due_on, row.stopped_by) for row in town.rows(Clock)]
    town.voids(report)
    assert {row.stopped_by for row in town.rows(Clock)} == {"void"}
    with town.database.write() as session:
        triage.unvoid(session, item_id=report.id, seen_version=report.item.version, by=SYSTEM, now=town.now)
    assert [(row.which, row.due_on, row.stopped_by) for row in town.rows(Clock)] == before


def test_words_sent_twice_stand_once(town: Town) -> None:
    report = town.citizen_reports(service="street-lighting")
    for _ in range(2):
        replies(town, report, "It is the third lamp.")
    town.answers(report)
    for _ in range(2):
        looks_again(town, report, "Still dark.")
    assert [row.text for row in town.rows(Entry) if row.side == "citizen"] == [
        "It is the third lamp.",
        "Still dark.",
    ]


def test_a_position_stands_in_no_fact_of_the_ledger(town: Town) -> None:
    report = town.citizen_reports(service="street-lighting", lat="54.89871", lon="23.90311")
    assert (report.item.lat, report.item.lon) == (54.89871, 23.90311)
    assert not any("54.89871" in row.facts for row in town.rows(Note))
    with town.read() as session:
        assert list(verify(session)) == []
    assert town.count(Item) == 1

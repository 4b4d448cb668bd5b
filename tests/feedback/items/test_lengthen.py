"""More time by law, a delay announced, another legal nature: what the deeds do to the clock, and what they refuse.

Riverton's row for requests: 20 working days; more by 10 where several decide, at most 20 by extension; a delay is
announced five days before the end. Its questions stand still while the town waits for the citizen.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from feedback.custody.verify import verify
from feedback.errors import Invalid, MoveRefused
from feedback.items import answer, converse, lengthen
from feedback.items.time_tables import Clock, Extension, Pause
from feedback.ledger.notes import Actor
from feedback.outbox.tables import Message
from portal.database import Database
from portal.settings import Settings
from portal.staff.law_words import reckon_item
from tests.town import Report, Town

START = "2026-11-03 09:00"
"""Tuesday: 20 working days end on Tuesday 1 December 2026."""


@pytest.fixture
def town(database: Database, settings: Settings) -> Town:
    return Town(database, settings, start=START)


def reports(town: Town, kind: str = "request", **about: str) -> Report:
    return town.citizen_reports("The lamp is out.", kind=kind, service="street-lighting", **about)


def is_now(town: Town, report: Report, nature: str, reason: str = "It asks for a decision.") -> None:
    clerk = Actor("staff", town.account(role="clerk"))
    with town.database.write() as session:
        seen = report.item.version
        lengthen.reclassify(
            session,
            item_id=report.id,
            seen_version=seen,
            ruling=town.ruling,
            nature=nature,
            reason=reason,
            by=clerk,
            now=town.now,
        )


def law(town: Town, report: Report) -> Any:
    clocks = [clock for clock in report.item.cycle.clocks if clock.which == "law"]
    found = reckon_item(report.item, town.ruling.city, town.now)
    if clocks and clocks[0].stopped_by != "rule":
        # What the deeds stored one by one is what a replay of the history gives.
        assert (clocks[0].due_on, clocks[0].due_at) == (found.due_on, found.due_at)
        assert clocks[0].longer == found.longer
    return found


def is_proven(town: Town) -> bool:
    with town.read() as session:
        return list(verify(session)) == []


def test_an_extension_moves_the_day_within_the_cap_and_tells_the_citizen(town: Town) -> None:
    report = reports(town, email="rita@example.org")
    assert law(town, report).due_on == date(2026, 12, 1)
    town.at("2026-11-20 10:00")
    town.lengthens(report, "extended", 5)
    assert law(town, report).due_on == date(2026, 12, 8)  # Tuesday
    town.lengthens(report, "extended", 15, reason="Why.")
    found = law(town, report)
    assert (found.due_on, found.extension_left) == (date(2026, 12, 31), 0)  # Thursday
    with pytest.raises(Invalid):
        town.lengthens(report, "extended", 1)
    assert [row.days for row in town.rows(Extension)] == [5, 15]
    assert [entry.text for entry in report.item.entries] == ["The expert is ill.", "Why."]
    assert sorted(row.kind for row in town.rows(Message)) == ["deadline", "deadline", "receipt"]
    assert is_proven(town)


@pytest.mark.parametrize(
    ("what", "days", "reason", "faults"),
    [
        ("extended", None, "Why.", {"days": "days_beyond"}),
        ("extended", 0, "Why.", {"days": "days_beyond"}),
        ("extended", 21, "", {"days": "days_beyond", "reason": "reason_missing"}),
        ("", None, "Why.", {"more": "more_missing"}),
        ("forever", 3, " ", {"more": "more_missing", "reason": "reason_missing"}),
    ],
)
def test_what_the_row_does_not_allow_is_refused(
    town: Town, what: str, days: int | None, reason: str, faults: dict[str, str]
) -> None:
    report = reports(town)
    with pytest.raises(Invalid) as refusal:
        town.lengthens(report, what, days, reason=reason)
    assert {fault.field: fault.code for fault in refusal.value.faults} == faults
    assert law(town, report).due_on == date(2026, 12, 1)
    assert town.count(Extension) == 0


def test_several_departments_and_an_announced_delay_are_each_said_once(town: Town) -> None:
    report = reports(town)
    town.lengthens(report, "several")
    found = law(town, report)
    assert (found.due_on, found.several_days) == (date(2026, 12, 15), 0)  # Tuesday, ten working days later
    assert found.announce_by == date(2026, 12, 10)  # Thursday
    town.lengthens(report, "announced")
    assert (law(town, report).due_on, law(town, report).announce_by) == (date(2026, 12, 15), None)
    for what in ("several", "announced"):
        with pytest.raises(Invalid):
            town.lengthens(report, what)
    assert is_proven(town)


def test_what_is_late_or_answered_gets_no_more_time(town: Town) -> None:
    late, answered = reports(town), reports(town)
    town.answers(answered)
    with pytest.raises(MoveRefused):
        town.lengthens(answered, "extended", 5)
    with pytest.raises(MoveRefused):
        is_now(town, answered, "question")
    town.at("2026-12-02 00:00")  # The first instant of lateness.
    for what in ("extended", "several"):
        with pytest.raises(Invalid):
            town.lengthens(late, what, 5)
    assert law(town, late).overdue_since == date(2026, 12, 2)


def test_another_nature_brings_its_row_from_the_same_start(town: Town) -> None:
    report = reports(town, "idea")
    assert law(town, report).rule is None
    town.at("2026-12-10 10:00")
    is_now(town, report, "statutory_request")
    found = law(town, report)
    assert (found.started_on, found.due_on) == (date(2026, 11, 3), date(2026, 12, 1))
    assert found.overdue_since == date(2026, 12, 2)
    is_now(town, report, "praise")
    assert law(town, report).rule is None
    assert [clock.stopped_by for clock in town.rows(Clock) if clock.which == "law"] == ["rule"]
    is_now(town, report, "complaint_act")
    assert law(town, report).due_on == date(2026, 12, 1)
    for nature, code in (
        ("complaint_act", "nature_same"),
        ("wish", "nature_missing"),
        ("", "nature_missing"),
    ):
        with pytest.raises(Invalid) as refusal:
            is_now(town, report, nature)
        assert [fault.code for fault in refusal.value.faults] == [code]
    assert is_proven(town)


def test_a_row_that_pauses_counts_the_waiting_that_there_was(town: Town) -> None:
    report = reports(town)
    town.asks(report)
    town.at("2026-11-06 09:00")
    assert law(town, report).standing == ""  # The row of requests runs on.
    is_now(town, report, "question")  # Asked three days ago, and still open: now it stands still.
    assert law(town, report).standing == "citizen"
    with town.database.write() as session:
        converse.add_words(session, item_id=report.id, text="The left side.", now=town.now)
    assert law(town, report).due_on == date(2026, 12, 3)  # Wednesday and Thursday were whole days of waiting.
    is_now(town, report, "service_request")
    assert law(town, report).due_on == date(2026, 12, 1)
    law_clock = next(clock for clock in town.rows(Clock) if clock.which == "law")
    assert [row.reason for row in town.rows(Pause) if row.clock_id == law_clock.id] == ["lapsed"]
    assert next(c for c in report.item.cycle.clocks if c.which == "law").pauses == ()
    is_now(town, report, "question")
    assert law(town, report).due_on == date(2026, 12, 3)
    town.answers(report)
    assert law(town, report).due_on == date(2026, 12, 3)
    assert is_proven(town)


def test_missing_papers_put_off_the_start_once(town: Town) -> None:
    report = reports(town)
    town.asks(report, is_for_papers=True)
    town.at("2026-11-10 09:00")
    assert (law(town, report).standing, law(town, report).due_on) == ("papers", None)
    with town.database.write() as session:
        converse.add_words(session, item_id=report.id, text="Here they are.", now=town.now)
    found = law(town, report)
    assert (found.started_on, found.due_on) == (date(2026, 11, 10), date(2026, 12, 8))  # Tuesday → Tuesday
    town.later(hours=1)
    town.asks(report, is_for_papers=True)
    assert (law(town, report).standing, law(town, report).due_on) == ("", date(2026, 12, 8))
    is_now(
        town, report, "question"
    )  # A row that counts from the receipt: both times are questions that it leaves out.
    found = law(town, report)
    assert (found.started_on, found.standing) == (date(2026, 11, 3), "citizen")
    town.answers(report)
    assert is_proven(town)


def test_a_report_of_misconduct_is_restricted_as_soon_as_it_is_understood(town: Town) -> None:
    report = reports(town, "complaint")
    assert report.item.restricted is None
    is_now(town, report, "integrity_report")
    assert report.item.restricted == "integrity"


def test_the_answer_not_ours_passes_it_on_and_tells_so(town: Town) -> None:
    report = reports(town)
    assert law(town, report).forward_by == date(2026, 11, 10)
    reply = answer.Reply(outcome="not_ours", text="The state road.", forwarded_to="Road Agency")
    by = Actor("staff", town.account(role="clerk"))
    with town.database.write() as session:
        answer.answer(session, item_id=report.id, seen_version=None, reply=reply, by=by, now=town.now)
    found = law(town, report)
    assert (found.forward_by, found.tell_by) == (None, None)
    assert found.steps[-1].facts["by"] == "forwarded"

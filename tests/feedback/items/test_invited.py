"""Which answers are asked about: each once, save those of cases that count nowhere."""

from __future__ import annotations

from feedback.items import converse
from feedback.satisfaction import invite
from portal.database import Database
from portal.settings import Settings
from tests.town import Report, Town


def due(town: Town) -> int:
    with town.read() as session:
        return len(invite.find_due(session, city=town.city, today=town.today))


def looks_again(town: Town, report: Report) -> None:
    with town.database.write() as session:
        converse.second_look(
            session, item_id=report.id, ruling=town.ruling, text="It is out again.", now=town.now
        )


def test_an_answer_is_asked_about_even_while_the_case_goes_on(database: Database, settings: Settings) -> None:
    town = Town(database, settings, start="2026-11-03 09:00")
    report = town.citizen_reports()
    town.answers(report)
    looks_again(town, report)
    assert due(town) == 0, "some working days later, not at once"
    town.later(days=14)
    assert due(town) == 1
    town.voids(report)
    assert due(town) == 0, "a case that counts nowhere is not asked about"

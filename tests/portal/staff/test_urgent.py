"""Urgent cases at the head of their queues, and what is marked in a citizen's words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from feedback.items import converse, queues, urgent
from feedback.items.tables import Cycle
from feedback.ledger.notes import Actor
from feedback.ledger.tables import Note
from feedback.people import accounts
from tests.portal.staff.test_desk import desk, does
from tests.portal.staff.test_inbox import groups, references
from tests.town import Report, Town


def urgency(town: Town, report: Report) -> str | None:
    return town.item(report.reference).cycle.urgent


def marks(page: object) -> list[tuple[str, str]]:
    """Which mark, on which words."""
    return [
        (str(mark["class"][1]).removeprefix("marked--"), mark.get_text())
        for mark in page.soup.select("mark.marked")  # type: ignore[attr-defined]
    ]


def test_what_smells_of_gas_stands_before_what_is_late(town: Town) -> None:
    late = town.citizen_reports("Loud music at night", service="noise")
    town.later(days=40)
    gas = town.citizen_reports("Μυρίζει γκάζι στη γωνία", service="roads")
    wire = town.citizen_reports("live wires near the school", service="street-lighting")
    clerk = town.clerk()
    page = clerk.get("/staff/inbox")
    assert set(groups(page)["Urgent"]) == {wire.reference, gas.reference}
    assert references(page)[-1] == late.reference
    assert "Urgent: gas" in page.text
    assert references(clerk.get("/staff/inbox", kind="idea")) == []
    # Beside the case, the list begins with it and goes on in the same order.
    beside = [
        str(a["href"]) for a in desk(clerk, gas, queue="open").soup.select(".rail a[aria-current=page]")
    ]
    assert any(gas.reference in href for href in beside)


def test_the_word_that_raised_it_is_shown_and_marked(town: Town) -> None:
    report = town.citizen_reports(
        "Πολύ επικίνδυνη διάβαση!\nΡωτήστε τον κ. Παπαδόπουλο, 6944123456.", service="roads"
    )
    page = desk(town.clerk(), report)
    assert "Urgent: danger." in page.text
    assert "“επικίνδυνη”" in page.field(".notice--warn")
    assert marks(page) == [
        ("urgent", "επικίνδυνη"),
        ("personal", "Παπαδόπουλο"),
        ("personal", "6944123456"),
    ]
    assert "phone number, name (marked there)" in page.text
    assert page.soup.select(".item__words .words")[0].get_text() == report.item.text


def test_staff_take_it_back_and_set_it(town: Town) -> None:
    report = town.citizen_reports("dangerous stairs", service="roads")
    responder = town.responder("dept-a")
    notes = town.count(Note)
    assert does(responder, report, "urgent", urgent="no").location.endswith("done=not-urgent")
    assert urgency(town, report) is None
    page = desk(responder, report)
    assert marks(page) == []
    assert "Urgent:" not in page.text
    assert "No longer marked as urgent" in page.field(".timeline")
    assert does(responder, report, "urgent", urgent="yes").status == 303
    assert urgency(town, report) == "staff"
    assert does(responder, report, "urgent", urgent="yes").status == 303, "twice is the same as once"
    assert town.count(Note) == notes + 2
    assert "A member of staff has marked the case as urgent." in desk(responder, report).text
    town.answers(report)
    assert does(responder, report, "urgent", urgent="no").status == 409


def test_further_words_raise_it_and_a_second_look_has_its_own(town: Town) -> None:
    report = town.citizen_reports("The lamp is dark", service="street-lighting")
    report.opened().post("/track/words", text="Thank you, no hurry.")
    assert urgency(town, report) is None
    with town.database.write() as session:
        converse.add_words(session, item_id=report.id, text="Now it sparks, a live wire!", now=town.now)
    assert urgency(town, report) == "current"
    assert ("urgent", "live wire") in marks(desk(town.clerk(), report))
    town.answers(report)
    with town.database.write() as session:
        converse.second_look(session, item_id=report.id, ruling=town.ruling, text="Still dark.", now=town.now)
    assert urgency(town, report) is None
    assert town.item(report.reference).cycles[0].urgent == "current"


@pytest.mark.parametrize("kind", ["idea", "praise"])
def test_thanks_and_ideas_raise_nothing(town: Town, kind: str) -> None:
    report = town.citizen_reports("You put out the fire at once", kind=kind, service="roads")
    assert urgency(town, report) is None
    assert marks(desk(town.clerk(), report)) == []


def test_pages_go_through_urgent_and_other_cases_once(town: Town) -> None:
    sent = []
    for number in range(4):
        sent += [
            town.citizen_reports(f"Pothole number {number}", service="roads"),
            town.citizen_reports(f"Danger, pothole {number}", service="roads"),
        ]
        town.now += timedelta(hours=1)
    with town.read() as session:
        viewer = accounts.find_viewer(session, town.account("clerk"))
        assert viewer is not None
        seen: list[str] = []
        after, pages = "", 0
        while pages == 0 or after:
            page = queues.queue(session, viewer=viewer, which="open", after=after, limit=3)
            seen += [row.reference for row in page.rows]
            after, pages = page.after, pages + 1
        expected = [report.reference for report in (*sent[1::2], *sent[::2])]
        assert seen == expected
        for place, reference in enumerate(expected):
            cycle_id = next(
                cycle.id for cycle in town.rows(Cycle) if cycle.id == town.item(reference).cycle.id
            )
            start = queues.beginning_with(session, cycle_id=cycle_id, which="open")
            rows = queues.queue(session, viewer=viewer, which="open", after=start, limit=8).rows
            assert [row.reference for row in rows] == expected[place:]


def test_saying_what_stands_leaves_no_note(town: Town) -> None:
    report = town.citizen_reports("A pothole", service="roads")
    by = Actor("staff", town.account())
    version = report.item.version
    for _ in range(2):
        with town.database.write() as session:
            urgent.rate(session, item_id=report.id, seen_version=version, is_urgent=True, by=by, now=town.now)
        version = town.item(report.reference).version
    assert [note.act for note in town.rows(Note) if note.kind == "item"] == ["submitted", "urgent"]

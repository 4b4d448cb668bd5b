"""Drafts: whoever could not send what they wrote finds it again, alone, until it is sent or discarded."""

from __future__ import annotations

import pytest

from feedback.items.tables import Draft
from feedback.ledger.tables import Note
from portal import jobs
from tests.town import Browser, Page, Report, Town


@pytest.fixture
def report(town: Town) -> Report:
    return town.citizen_reports(service="roads")


def at(report: Report, path: str = "") -> str:
    return f"/staff/item/{report.reference}{path}"


def seen(browser: Browser, report: Report, path: str = "") -> dict[str, str]:
    page = browser.get(at(report, path))
    return {"version": page.value("version"), "last_entry": page.value("last_entry")}


def loses(town: Town, report: Report, browser: Browser, deed: str, **fields: str) -> Page:
    """Somebody writes while the citizen adds words: refused."""
    path = f"/{deed}" if deed in ("hand-over", "void", "reopen") else ""
    before = seen(browser, report, path)
    report.opened().post("/track/add", text=f"More, at {town.now}.")
    page = browser.post(at(report, f"/{deed}"), **before, **fields)
    assert page.status == 409, page.text
    assert "your draft, which only you see" in page.text
    return page


def test_the_loser_finds_the_text_after_leaving_and_signing_in_again(town: Town, report: Report) -> None:
    sam = town.account("responder", ("dept-a",), name="Sam Second")
    fields = {"text": "By <spring>, surely.", "outcome": "planned", "planned_on": "2027-03-01"}
    loses(town, report, town.signed_in(sam), "answer", **fields)
    page = town.signed_in(sam).get(at(report))
    assert {name: page.value(name) for name in fields} == fields
    assert "Your text of 2 November, 09:00, not sent: Answer to the citizen" in page.text
    assert page.soup.select_one("#composer") is not None, "the form is open"


def test_nobody_else_sees_it(sqlite_town: Town) -> None:
    town, report = sqlite_town, sqlite_town.citizen_reports(service="roads")
    loses(town, report, town.responder("dept-a"), "answer", text="Only mine.", outcome="done")
    for other in (town.responder("dept-a"), town.lead("dept-a"), town.clerk()):
        assert "Only mine." not in other.get(at(report)).response.text
        assert other.post(at(report, "/discard"), deed="answer").status == 303
    assert "Only mine." not in report.opened().get("/track").response.text
    assert town.count(Draft) == 1, "and nobody else can discard it"


def test_it_goes_when_it_is_sent(town: Town, report: Report) -> None:
    browser = town.responder("dept-a")
    loses(town, report, browser, "answer", text="Filled.", outcome="done")
    page = browser.get(at(report))
    again = {name: page.value(name) for name in ("version", "last_entry", "text", "outcome")}
    assert browser.post(at(report, "/answer"), **again).status == 303
    assert town.count(Draft) == 0
    assert "Filled." in report.opened().get("/track").text


def test_it_goes_when_it_is_discarded(sqlite_town: Town) -> None:
    town, report = sqlite_town, sqlite_town.citizen_reports(service="roads")
    browser = town.responder("dept-a")
    loses(town, report, browser, "ask", text="Which side?")
    notes = town.count(Note)
    page = browser.get(at(report), tab="question")
    assert page.value("text") == "Which side?"
    for _ in range(2):
        done = browser.post(at(report, "/discard"), follow=True, deed="question")
        assert "Your text is discarded. Nothing was sent." in done.text
    assert browser.get(at(report), tab="question").value("text") == ""
    assert town.count(Draft) == 0
    assert town.count(Note) == notes, "drafts leave no note"


def test_each_form_has_its_own_and_the_newest_takes_the_place_of_the_one_before(
    town: Town, report: Report
) -> None:
    browser = town.clerk()
    loses(town, report, browser, "answer", text="An answer.", outcome="done")
    town.later(minutes=5)
    loses(town, report, browser, "ask", text="A question?")
    town.later(minutes=5)
    loses(town, report, browser, "hand-over", reason="Old reason", department="dept-b", service="noise")
    town.later(minutes=5)
    loses(town, report, browser, "hand-over", reason="It is theirs", department="dept-c")
    page = browser.get(at(report))
    assert page.value("text") == "A question?", "the newest that the form on this page can hold"
    ways = [str(link["href"]) for link in page.soup.select(".notice a")]
    assert ways == [at(report, "/hand-over"), at(report, "?tab=answer#composer")]
    assert browser.get(at(report), tab="answer").value("text") == "An answer."
    sheet = browser.get(at(report, "/hand-over"))
    assert [sheet.value(name) for name in ("reason", "department", "service")] == [
        "It is theirs",
        "dept-c",
        "",
    ]
    assert town.count(Draft) == 3
    sent = {name: sheet.value(name) for name in ("version", "last_entry", "reason", "department", "service")}
    assert browser.post(at(report, "/hand-over"), **sent).status == 303
    assert town.count(Draft) == 2


def test_where_the_case_takes_no_answer_any_more_the_words_can_be_read_and_discarded(
    sqlite_town: Town,
) -> None:
    town, report = sqlite_town, sqlite_town.citizen_reports(service="roads")
    browser = town.responder("dept-a")
    before = seen(browser, report)
    town.answers(report)
    lost = browser.post(at(report, "/answer"), text="My <b>own</b> answer", outcome="done", **before)
    assert lost.status == 409
    page = browser.get(at(report))
    assert page.soup.select_one("#composer") is None
    assert page.field(".notice .words") == "My <b>own</b> answer"
    browser.post(at(report, "/discard"), deed="answer")
    assert "My <b>own</b> answer" not in browser.get(at(report)).text


def test_a_character_that_no_database_keeps_breaks_no_draft(town: Town, report: Report) -> None:
    browser = town.responder("dept-a")
    fields = seen(browser, report, "/void")
    town.takes(report)
    page = browser.post(at(report, "/void"), **{**fields, "reason": "Only a\0 test."})
    assert page.status == 409, page.text
    assert browser.get(at(report, "/void")).field("#reason") == "Only a test."
    assert browser.post(at(report, "/discard"), deed="vo\0id").status == 303
    assert browser.get(at(report, "/void")).field("#reason") == "Only a test."


def test_a_draft_of_a_case_that_is_no_longer_mine_is_not_shown(sqlite_town: Town) -> None:
    town, report = sqlite_town, sqlite_town.citizen_reports(service="roads")
    browser = town.responder("dept-a")
    loses(town, report, browser, "answer", text="Filled.", outcome="done")
    town.hands_over(report, "dept-b")
    missing = browser.get("/staff/item/RIV-2026-999999")
    assert browser.get(at(report)).text == missing.text
    assert browser.post(at(report, "/discard"), deed="answer").text == missing.text


def test_it_is_forgotten_after_thirty_days(town: Town, report: Report) -> None:
    loses(town, report, town.responder("dept-a"), "answer", text="Filled.", outcome="done")
    town.later(days=29, hours=23)
    jobs.run_due(town.site, now=town.now, lane="rest")
    assert town.count(Draft) == 1
    town.later(days=2)
    jobs.run_due(town.site, now=town.now, lane="rest")
    assert town.count(Draft) == 0

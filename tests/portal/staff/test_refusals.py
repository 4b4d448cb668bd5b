"""Two people at one item, second looks, an item that went elsewhere: what the later one sees, and keeps."""

from __future__ import annotations

import pytest

from feedback.items import converse
from feedback.items.tables import Answer, Link
from tests.town import Browser, Page, Report, Town


def opened(browser: Browser, report: Report, path: str = "") -> dict[str, str]:
    """The hidden fields of a form as this person saw it."""
    page = browser.get(f"/staff/item/{report.reference}{path}")
    assert page.status == 200
    return {"version": page.value("version"), "last_entry": page.value("last_entry")}


def answers(browser: Browser, report: Report, text: str, seen: dict[str, str], outcome: str = "done") -> Page:
    return browser.post(f"/staff/item/{report.reference}/answer", outcome=outcome, text=text, **seen)


@pytest.fixture
def report(town: Town) -> Report:
    return town.citizen_reports(service="roads")


def test_two_answers_at_once_show_the_second_person_both_texts(town: Town, report: Report) -> None:
    first, second = town.responder("dept-a", name="Fay First"), town.responder("dept-a", name="Sam Second")
    seen_by_first, seen_by_second = opened(first, report), opened(second, report)
    assert answers(first, report, "Filled on Tuesday.", seen_by_first).status == 303
    page = answers(second, report, "We <do> not do this.", seen_by_second, outcome="declined")
    assert page.status == 409
    assert page.title.startswith("Error:")
    assert "Nothing was sent: the case is not open any more" in page.text
    meanwhile = page.soup.select_one("[aria-labelledby=meanwhile]")
    assert meanwhile is not None
    assert "Filled on Tuesday." in meanwhile.get_text() and "Fay First" in meanwhile.get_text()
    kept = page.soup.select_one("textarea#kept")
    assert kept is not None and kept.get_text().strip() == "We <do> not do this."
    assert [answer.text for answer in town.rows(Answer)] == ["Filled on Tuesday."]


def test_the_citizens_words_meanwhile_are_shown_and_the_answer_can_be_sent_again(
    town: Town, report: Report
) -> None:
    responder = town.responder("dept-a")
    seen = opened(responder, report)
    report.opened().post("/track/add", text="It is deeper now.")
    page = answers(responder, report, "Filled on Tuesday.", seen)
    assert page.status == 409
    meanwhile = page.soup.select_one("[aria-labelledby=meanwhile]")
    assert meanwhile is not None and "It is deeper now." in meanwhile.get_text()
    assert page.value("text") == "Filled on Tuesday."
    assert page.value("outcome") == "done"
    assert report.item.state == "received"
    again = {"version": page.value("version"), "last_entry": page.value("last_entry")}
    assert answers(responder, report, page.value("text"), again).status == 303
    assert report.item.state == "answered"


def test_what_no_page_shows_stands_in_nobodys_way(town: Town) -> None:
    report = town.citizen_reports(service="roads", email="rita@example.org")
    responder = town.responder("dept-a")
    seen = opened(responder, report)
    contact = report.item.contact
    assert contact is not None
    with town.database.write() as session:
        token = converse.make_link(
            session,
            purpose="confirm",
            item_id=report.id,
            target_id=contact.id,
            now=town.now,
            ends_at=town.now + converse.CONFIRM_LIVES,
        )
        converse.confirm_address(session, token=token, now=town.now)
    assert town.count(Link) == 1
    assert int(seen["version"]) < report.item.version
    assert answers(responder, report, "Filled on Tuesday.", seen).status == 303


def test_pressing_twice_answers_once(town: Town, report: Report) -> None:
    responder = town.responder("dept-a")
    seen = opened(responder, report)
    pages = [answers(responder, report, "Filled on Tuesday.", seen) for _ in range(2)]
    assert [page.location for page in pages] == [f"/staff/item/{report.reference}?done=answered"] * 2
    assert town.count(Answer) == 1
    other = town.citizen_reports(service="roads")
    seen = opened(responder, other)
    for deed, fields in (("take", {}), ("take", {})):
        assert responder.post(f"/staff/item/{other.reference}/{deed}", **seen, **fields).status == 303
    seen = opened(responder, other)
    for _ in range(2):
        page = responder.post(f"/staff/item/{other.reference}/ask", text="Which side?", **seen)
        assert page.status == 303
    assert [entry.act for entry in other.item.entries] == ["taken", "question"]


def test_a_colleague_who_took_it_first_is_named(town: Town, report: Report) -> None:
    second = town.responder("dept-a")
    seen = opened(second, report)
    town.takes(report, by=town.account("responder", name="Fay First"))
    page = second.post(f"/staff/item/{report.reference}/take", **seen)
    assert page.status == 409
    assert "Fay First took it" in page.text


def test_a_form_without_its_version_overwrites_nothing(town: Town, report: Report) -> None:
    page = answers(town.clerk(), report, "Filled on Tuesday.", {})
    assert page.status == 409
    assert page.value("text") == "Filled on Tuesday."
    for version in ("x", "-1", "999999999999999999999", "\x00"):
        assert answers(town.clerk(), report, "Filled.", {"version": version}).status == 409
    assert report.item.state == "received"


def test_an_answer_to_a_withdrawn_case_is_given_back(town: Town, report: Report) -> None:
    responder = town.responder("dept-a")
    seen = opened(responder, report)
    with town.database.write() as session:
        converse.withdraw(session, item_id=report.id, now=town.now)
    page = answers(responder, report, "Filled on Tuesday.", seen)
    assert page.status == 409
    assert "The citizen has withdrawn the case." in page.text
    assert page.soup.select_one("textarea#kept").get_text().strip() == "Filled on Tuesday."


def test_an_item_that_went_to_another_department_gives_the_words_back(town: Town, report: Report) -> None:
    responder = town.responder("dept-a")
    seen = opened(responder, report)
    town.hands_over(report, "dept-b")
    for deed, field in (("answer", "text"), ("ask", "text"), ("hand-over", "reason"), ("void", "reason")):
        page = responder.post(
            f"/staff/item/{report.reference}/{deed}", outcome="done", **{field: "My <words>."}, **seen
        )
        assert page.status == 404
        assert page.soup.select_one("textarea#kept").get_text().strip() == "My <words>."
        # Nothing on the page tells it from a case that never was.
        never = responder.post(
            f"/staff/item/RIV-2026-999999/{deed}", outcome="done", **{field: "My <words>."}, **seen
        )
        assert (never.status, never.text) == (page.status, page.text)
    assert responder.post(f"/staff/item/{report.reference}/answer", outcome="x", text="Hm").status == 404


def test_a_second_look_is_another_persons(town: Town, report: Report) -> None:
    answered_by = town.account("responder", ("dept-a",), name="Fay First")
    town.answers(report, by=answered_by)
    report.opened().post("/track/second-look", text="Nothing was done.")
    first = town.signed_in(answered_by)
    page = first.get(f"/staff/item/{report.reference}")
    assert "another person must do it" in page.field(".ask")
    assert page.soup.select_one(".composer") is None
    seen = {"version": str(report.item.version), "last_entry": "0"}
    page = answers(first, report, "As I said.", seen)
    assert page.status == 403
    assert "a second look is done by somebody else" in page.text
    assert page.soup.select_one("textarea#kept").get_text().strip() == "As I said."
    assert first.post(f"/staff/item/{report.reference}/take", **seen).status == 403
    colleague = town.responder("dept-a")
    assert "take it and look at it anew" in colleague.get(f"/staff/item/{report.reference}").field(".ask")
    seen = opened(colleague, report)
    assert answers(colleague, report, "You are right: done now.", seen).status == 303


def test_handing_over_what_has_changed_keeps_the_reason(town: Town, report: Report) -> None:
    clerk = town.clerk()
    seen = opened(clerk, report, "/hand-over")
    report.opened().post("/track/add", text="It is deeper now.")
    page = clerk.post(
        f"/staff/item/{report.reference}/hand-over", department="dept-b", reason="It is theirs.", **seen
    )
    assert page.status == 409
    assert "It is deeper now." in page.text
    assert (page.value("department"), page.value("reason")) == ("dept-b", "It is theirs.")
    again = {"version": page.value("version"), "last_entry": page.value("last_entry")}
    page = clerk.post(
        f"/staff/item/{report.reference}/hand-over", department="dept-b", reason="It is theirs.", **again
    )
    assert page.status == 303


def test_setting_aside_what_was_answered_meanwhile_gives_the_reason_back(town: Town, report: Report) -> None:
    clerk = town.clerk()
    seen = opened(clerk, report, "/void")
    town.answers(report, text="Filled on Tuesday.")
    page = clerk.post(f"/staff/item/{report.reference}/void", reason="It looked like spam.", **seen)
    assert page.status == 409
    assert "Filled on Tuesday." in page.text
    assert page.soup.select_one("textarea#kept").get_text().strip() == "It looked like spam."
    assert page.soup.select_one("main form") is None
    assert report.item.state == "answered"

"""Following a case: the code, the history, and every act of the citizen with its refusals."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest

from feedback.items import codes, converse, triage
from feedback.items.tables import Entry, Item
from feedback.ledger.notes import Actor
from tests.town import Report, Town


def mistype(code: str) -> str:
    return code[:5] + ("7" if code[5] != "7" else "8") + code[6:]


# ── the code ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_code_opens_the_case(town: Town) -> None:
    report = town.citizen_reports("The lamp is dark. It has been so for days.", service="street-lighting")
    browser = town.visitor()
    page = browser.post("/track", code=report.code)
    assert (page.status, page.location) == (303, "/en/track")
    case = browser.get("/track")
    assert case.field("#reference") == report.reference
    assert case.heading == "The lamp is dark"
    assert "It has been so for days." in case.text
    assert "Sent to Department A" in case.text


def test_a_code_is_read_as_people_type_it(town: Town) -> None:
    report = town.citizen_reports()
    typed = (
        " ".join(report.code[i : i + 4] for i in range(0, 28, 4)).lower().replace("1", "l").replace("0", "o")
    )
    assert town.visitor().post("/track", code=f"  {typed}\n").status == 303


def test_a_mistyped_code_is_told_so_in_other_words_than_an_unknown_one(town: Town) -> None:
    report = town.citizen_reports()
    browser = town.visitor()
    page = browser.post("/track", code=mistype(report.code))
    assert page.status == 422
    assert page.title.startswith("Error: ")
    assert page.errors == {"code": "This code has a typing error. Please check it once more."}
    assert page.value("code") == mistype(report.code)
    assert not browser.client.cookies


def test_the_number_of_the_case_is_told_from_a_typing_error(town: Town) -> None:
    report = town.citizen_reports()
    for typed in (report.reference, f" {report.reference.lower()} ", report.reference.replace("-", " ")):
        page = town.visitor().post("/track", code=typed)
        assert page.status == 422
        assert page.errors["code"].startswith("This is the number of the case.")


def test_greek_capitals_that_look_the_same_open_the_case(town: Town) -> None:
    report = town.citizen_reports()
    greek = str.maketrans("ABEHKMNPTXYZ01", "ΑΒΕΗΚΜΝΡΤΧΥΖΟΙ")
    assert town.visitor().post("/track", code=report.code.translate(greek)).status == 303
    assert town.visitor().post("/track", code=report.code.translate(greek).lower()).status == 303


@pytest.mark.parametrize("code", ["", "   "])
def test_no_code_is_asked_for(town: Town, code: str) -> None:
    page = town.visitor().post("/track", code=code)
    assert (page.status, list(page.errors)) == (422, ["code"])


@pytest.mark.parametrize("code", ["x" * 5000, "\x00", "ΑΒΓΔ" * 7, "<script>"])
def test_strange_codes_are_typing_errors(town: Town, code: str) -> None:
    page = town.visitor().post("/track", code=code)
    assert page.status == 422
    assert "typing error" in page.errors["code"]


def test_an_unknown_code_is_told_so(town: Town) -> None:
    town.citizen_reports()
    page = town.visitor().post("/track", code="0" * 28)
    assert page.status == 422
    assert page.errors["code"].startswith("We do not know this code.")


def test_the_code_is_never_in_an_address_or_a_page(town: Town) -> None:
    report = town.citizen_reports()
    browser = town.visitor()
    page = browser.post("/track", code=report.code)
    assert report.code not in page.location
    case = browser.get("/track")
    assert report.code not in case.response.text.replace(" ", "")


@pytest.mark.parametrize("value", ["1-9999999999", "1-9999999999." + "0" * 32, "x", "-.", ""])
def test_a_forged_cookie_opens_nothing(town: Town, value: str) -> None:
    town.citizen_reports()
    browser = town.visitor()
    browser.client.cookies.set("kanali-item", value)
    page = browser.get("/track")
    assert (page.status, page.field("#reference")) == (200, "")
    assert browser.post("/track/withdraw").location == "/en/track"
    assert town.rows(Item)[0].state == "received"


def test_leaving_closes_the_case_in_this_browser(town: Town) -> None:
    browser = town.citizen_reports().opened()
    page = browser.post("/track/leave")
    assert page.location == "/en/track"
    assert browser.get("/track").field("#reference") == ""


# ── the history ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_whole_public_history_is_shown_and_nobody_is_named(town: Town) -> None:
    report = town.citizen_reports("A pothole", service="roads")
    by = town.account(name="Bertha Brown")
    town.later(hours=1)
    town.takes(report, by=by)
    town.asks(report, "Which side?", by=by)
    town.later(days=1)
    assert report.opened().post("/track/reply", text="The left one").status == 303
    town.later(days=1)
    town.answers(report, "We filled it.", by=by)
    page = report.opened().get("/track")
    words = [
        "A pothole",
        "Sent to Department A",
        "Department A has started work on it",
        "Which side?",
        "The left one",
        "We filled it.",
    ]
    places = [page.text.index(sentence, page.text.index("What happened so far")) for sentence in words]
    assert places == sorted(places)
    assert "Bertha" not in page.response.text
    assert page.field(".standing__state") == "Answered: done"
    assert "Answered on Wednesday 4 November 2026" in page.text


def test_internal_lines_are_never_shown(town: Town) -> None:
    report = town.citizen_reports()
    town.voids(report, reason="Surely somebody from school")
    page = report.opened().get("/track")
    assert "from school" not in page.response.text
    assert page.field(".standing__state") == "Set aside"


def test_a_case_that_was_handed_over_says_where_to_and_why(town: Town) -> None:
    report = town.citizen_reports("A pothole", service="roads")
    town.hands_over(report, "dept-b", reason="The road belongs to them.")
    page = report.opened().get("/track")
    assert "Handed over to Department B" in page.text and "The road belongs to them." in page.text
    assert "Sent to Department" not in page.text


def test_a_case_that_staff_took_up_again_says_so(town: Town) -> None:
    report = town.citizen_reports("A pothole", service="roads")
    by = Actor("staff", town.asks(report))
    with town.database.write() as session:
        version = report.item.version
        converse.resume(session, item_id=report.id, seen_version=version, by=by, now=town.now)
    assert "Department A goes on without your reply" in report.opened().get("/track").text
    town.answers(report)
    with town.database.write() as session:
        triage.reopen(
            session,
            item_id=report.id,
            seen_version=report.item.version,
            ruling=town.ruling,
            reason="It sank again.",
            by=by,
            now=town.now,
        )
    page = report.opened().get("/track")
    assert "Department A takes the case up again" in page.text and "It sank again." in page.text


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({"outcome": "planned", "planned_on": date(2027, 3, 1)}, "It will be done by Monday 1 March 2027."),
        ({"outcome": "not_ours", "forwarded_to": "The water company"}, "Forwarded to: The water company"),
        ({"outcome": "declined"}, "Declined"),
    ],
)
def test_an_answer_says_its_outcome_and_what_belongs_to_it(
    town: Town, reply: dict[str, Any], words: str
) -> None:
    report = town.citizen_reports("A pothole")
    town.answers(report, **reply)
    assert words in report.opened().get("/track").text


def test_words_of_people_are_shown_as_words(town: Town) -> None:
    report = town.citizen_reports("<script>alert(1)</script> & <b>bold</b>")
    page = report.opened().get("/track")
    assert "<script>alert" not in page.response.text
    assert "<script>alert(1)</script> & <b>bold</b>" in page.text


def test_a_late_case_says_that_we_are_late(town: Town) -> None:
    report = town.citizen_reports("Dark", service="street-lighting")
    town.at("2026-11-12 09:00")
    page = report.opened().get("/track")
    assert "We are late. The answer was due on 9 November." in page.text
    assert "late by 3 working days" in page.text
    town.at("2026-12-02 09:00")
    assert "due on 30 November" in report.opened().get("/track").text


def test_a_case_without_a_legal_deadline_says_so(town: Town) -> None:
    page = town.citizen_reports("Trees for the road", kind="idea").opened().get("/track")
    assert "No law sets a date for this." in page.text


# ── what the citizen can do ─────────────────────────────────────────────────────────────────────────────────


def test_a_question_comes_first_and_its_reply_lets_the_clock_run_on(town: Town) -> None:
    report = town.citizen_reports("Dark", service="street-lighting")
    town.asks(report, "Which side of the street?")
    town.later(days=2)
    browser = report.opened()
    case = browser.get("/track")
    assert case.field("#question .words") == "Which side of the street?"
    assert "paused" in case.text and "the deadline set by law runs on" in case.text
    page = browser.post("/track/reply", text="The left side")
    assert page.location == "/en/track?done=replied"
    shown = browser.get(page.location)
    assert shown.field("[role=status]").startswith("We have your reply.")
    assert report.item.state == "open"
    assert not shown.soup.select("#question")
    assert town.rows(Entry)[-1].text == "The left side"


def test_an_empty_reply_is_refused_beside_the_field(town: Town) -> None:
    report = town.citizen_reports("Dark")
    town.asks(report)
    page = report.opened().post("/track/reply", text="  ")
    assert (page.status, list(page.errors)) == (422, ["text"])
    assert report.item.state == "waiting"


def test_words_too_long_are_kept(town: Town) -> None:
    report = town.citizen_reports("Dark")
    page = report.opened().post("/track/add", text="a" * 4001)
    assert page.status == 422
    assert len(page.value("text")) == 4001


def test_adding_words_changes_no_state_and_no_date(town: Town) -> None:
    report = town.citizen_reports("Dark", service="street-lighting")
    before = report.item
    browser = report.opened()
    assert browser.get("/track/add").status == 200
    assert browser.post("/track/add", text="Number 14 as well").location == "/en/track?done=added"
    after = report.item
    assert (after.state, after.cycle.clocks) == (before.state, before.cycle.clocks)
    assert "Number 14 as well" in browser.get("/track").text


def test_withdrawing_asks_first_and_then_ends_the_case(town: Town) -> None:
    report = town.citizen_reports("Dark", service="street-lighting")
    browser = report.opened()
    asked = browser.get("/track/withdraw")
    assert asked.heading == "Withdraw this case?"
    assert report.item.state == "received"
    assert browser.post("/track/withdraw").location == "/en/track?done=withdrawn"
    item = report.item
    assert item.state == "withdrawn"
    assert all(clock.stopped_by == "withdrawal" for clock in item.cycle.clocks)
    assert town.rows(Item)[0].state == "withdrawn"
    page = browser.get("/track")
    assert "You have withdrawn the case" in page.text
    assert not page.soup.select('a[href$="/track/add"], a[href$="/track/withdraw"]')


def test_an_answered_case_cannot_be_withdrawn(town: Town) -> None:
    report = town.citizen_reports("Dark")
    town.answers(report)
    browser = report.opened()
    assert browser.get("/track/withdraw").location == "/en/track"
    assert browser.post("/track/withdraw").status == 409
    assert report.item.state == "answered"


def test_words_for_a_withdrawn_case_are_refused_and_shown_to_be_kept(town: Town) -> None:
    report = town.citizen_reports("Dark")
    browser = report.opened()
    browser.post("/track/withdraw")
    page = browser.post("/track/add", text="One more thing")
    assert page.status == 409
    assert page.value("text") == "One more thing"
    assert "Nothing was sent." in page.text
    assert page.field("#error-summary-title") == "That is not possible any more"


def test_words_that_came_too_late_can_begin_a_new_message(town: Town) -> None:
    report = town.citizen_reports("Dark")
    browser = report.opened()
    browser.post("/track/withdraw")
    kept = browser.post("/track/add", text="One more <thing>")
    form = browser.post("/submit", carried=kept.value("carried"), text=kept.value("text"))
    assert (form.status, form.errors, form.value("text")) == (200, {}, "One more <thing>")
    assert town.count(Item) == 1
    sent = browser.post("/submit", key=form.value("key"), kind="request", text=form.value("text"))
    assert sent.status == 303
    assert town.count(Item) == 2


def test_the_address_of_a_form_leads_to_its_page(town: Town) -> None:
    """Somebody changes the language, or loads the address of a refusal again."""
    report = town.citizen_reports("Dark")
    browser = report.opened()
    assert browser.get("/track/reply").location == "/en/track"
    assert browser.get("/track/leave").location == "/en/track"
    assert browser.get("/track").field("#reference") == report.reference
    assert browser.get("/receipt/case").location == "/en/receipt"


def test_the_question_stands_before_what_happened(town: Town) -> None:
    report = town.citizen_reports("Dark")
    town.asks(report, "Which lamp is it?")
    page = report.opened().get("/track")
    question, history = page.soup.select_one("#question"), page.soup.select_one(".timeline")
    assert question is not None and history is not None
    assert question in history.find_all_previous()


def test_a_second_look_begins_a_new_cycle_for_another_person(town: Town) -> None:
    report = town.citizen_reports("Dark", service="street-lighting")
    by = town.answers(report, "All is well.")
    town.later(days=3)
    browser = report.opened()
    case = browser.get("/track")
    assert "Ask for a second look until Wednesday 2 December 2026" in case.text
    assert browser.get("/track/second-look").status == 200
    page = browser.post("/track/second-look", text="It is still dark")
    assert page.location == "/en/track?done=second-look"
    item = report.item
    assert (item.state, len(item.cycles)) == ("received", 2)
    assert (item.cycle.origin, item.cycle.barred_id, item.cycle.started_at) == ("second_look", by, town.now)
    assert item.cycle.clock("law") is not None
    shown = browser.get("/track")
    assert "It is still dark" in shown.text and "We are looking at it again." in shown.text


def test_a_second_look_wants_words(town: Town) -> None:
    report = town.citizen_reports("Dark")
    town.answers(report)
    page = report.opened().post("/track/second-look", text="")
    assert (page.status, list(page.errors)) == (422, ["text"])
    assert len(report.item.cycles) == 1


def test_a_second_look_after_its_time_keeps_the_words(town: Town) -> None:
    report = town.citizen_reports("Dark")
    town.answers(report)
    town.later(days=31)
    browser = report.opened()
    assert "second look" not in browser.get("/track").text
    page = browser.post("/track/second-look", text="Still dark")
    assert page.status == 410
    assert page.value("text") == "Still dark"
    assert town.closes(report)
    assert report.opened().post("/track/second-look", text="Still dark").status == 410


def test_a_case_without_an_answer_has_no_second_look(town: Town) -> None:
    report = town.citizen_reports("Dark")
    browser = report.opened()
    assert browser.get("/track/second-look").location == "/en/track"
    assert browser.post("/track/second-look", text="Why not?").status == 409
    assert len(report.item.cycles) == 1


@pytest.mark.parametrize(("path", "act"), [("/track/add", "add"), ("/track/reply", "reply")])
def test_words_written_while_the_visit_ended_wait_for_the_code(town: Town, path: str, act: str) -> None:
    report = town.citizen_reports("Dark")
    if act == "reply":
        town.asks(report)
    browser = town.visitor()
    page = browser.post(path, text="A long reply")
    assert page.status == 422
    assert (page.value("text"), page.value("act")) == ("A long reply", act)
    assert page.errors == {"code": "Enter the code once more to go on"}
    assert page.field("#error-summary-title") == "Your visit ended after 30 minutes"
    again = browser.post("/track", code=mistype(report.code), act=act, text="A long reply")
    assert (again.status, again.value("text")) == (422, "A long reply")
    form = browser.post("/track", code=report.code, act=act, text="A long reply")
    assert (form.status, form.value("text")) == (200, "A long reply")
    assert browser.post(path, text=form.value("text")).status == 303
    assert town.rows(Entry)[-1].text == "A long reply"


def test_an_open_case_ends_after_thirty_minutes(town: Town) -> None:
    report = town.citizen_reports("Dark")
    browser = report.opened()
    until = int(browser.client.cookies["kanali-item"].split(".")[0].partition("-")[2])
    assert abs(until - time.time() - 1800) < 60
    over = codes.sign(town.secret.key, "item", f"{report.id}-{int(time.time()) - 1}")
    browser.client.cookies.set("kanali-item", over, domain="127.0.0.1", path="/")
    assert browser.get("/track").field("#reference") == ""


def test_a_code_opens_its_own_case_only(town: Town) -> None:
    mine: Report = town.citizen_reports("Mine")
    other: Report = town.citizen_reports("Another's")
    browser = mine.opened()
    browser.post("/track/add", text="For mine")
    assert [entry.item_id for entry in town.rows(Entry)] == [mine.id]
    assert "Another" not in browser.get("/track").text
    assert other.item.entries == ()


def test_every_page_of_a_case_is_there_in_each_language(town: Town) -> None:
    report = town.citizen_reports("Dark", service="street-lighting")
    town.asks(report)
    for language in town.city.identity.languages:
        browser = report.opened(language)
        for path in ("/track", "/track/add", "/track/withdraw"):
            assert browser.get(path).status == 200

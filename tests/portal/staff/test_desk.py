"""The desk: what it shows of an item to whom, and each deed of staff through its form."""

from __future__ import annotations

import pytest

from feedback.ledger.tables import Note
from feedback.satisfaction.tables import Invitation, Response
from tests.town import Browser, Page, Report, Town


def desk(browser: Browser, report: Report, **query: str) -> Page:
    return browser.get(f"/staff/item/{report.reference}", **query)


def does(browser: Browser, report: Report, deed: str, **fields: str) -> Page:
    """Open the item as it is and send one of its forms."""
    page = desk(browser, report)
    assert page.status == 200
    return browser.post(
        f"/staff/item/{report.reference}/{deed}",
        **{"version": page.value("version") or str(report.item.version), **fields},
    )


def test_the_desk_shows_words_clocks_law_and_contact(town: Town) -> None:
    report = town.citizen_reports(
        "The lamp is dark.\nSince Monday.",
        service="street-lighting",
        name="Rita River",
        email="rita@example.org",
        place="12 River Street",
    )
    page = desk(town.responder("dept-a"), report)
    assert page.heading == "The lamp is dark"
    assert page.title.startswith(f"{report.reference}: The lamp is dark")
    assert page.soup.select_one(".item__words .words").get_text() == "The lamp is dark.\nSince Monday."
    for words in (
        "Rita River",
        "12 River Street",
        "rita@example.org (address not confirmed yet)",
        "Request for a service",
        "By the service that was chosen",
        "Our promise: 5 working days",
        "Law: 20 working days",
        "Riverton Act, article 10",
        "Pass it on by, if it is another authority’s",
        "How this day came about",
        "that day itself does not count",
        "Nobody has taken it yet",
    ):
        assert words in page.text


def test_an_item_without_a_law_says_so(town: Town) -> None:
    report = town.citizen_reports("More trees, please", kind="idea", service="roads")
    assert "The law sets no day for this kind of case." in desk(town.clerk(), report).text


def test_another_departments_item_is_as_one_that_does_not_exist(town: Town) -> None:
    noise = town.citizen_reports("Loud music", service="noise")
    stranger = town.responder("dept-a")
    missing = stranger.get("/staff/item/RIV-2026-999999")
    for page in (
        desk(stranger, noise),
        stranger.post(f"/staff/item/{noise.reference}/take", version=str(noise.item.version)),
        stranger.get(f"/staff/item/{noise.reference}/hand-over"),
    ):
        assert (page.status, page.text) == (404, missing.text)
    assert noise.item.state == "received"


@pytest.mark.parametrize("reference", ["RIV-2026-1", "%00", "x" * 3000, "RIV-2026-000001%00", "..%2f.."])
def test_no_reference_is_a_fault(town: Town, reference: str) -> None:
    assert town.clerk().get(f"/staff/item/{reference}").status == (400 if "%00" in reference else 404)


def test_taking_makes_it_mine(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    account_id = town.account("responder", ("dept-a",), name="Ruth Responder")
    browser = town.signed_in(account_id)
    page = does(browser, report, "take")
    assert (page.status, page.location) == (303, f"/staff/item/{report.reference}?done=taken")
    page = browser.get(page.location)
    assert page.field(".notice[role=status]") == "You have taken the case."
    assert "Ruth Responder took it" in page.text
    assert "Answer by" in page.text
    assert (report.item.state, report.item.cycle.responder_id) == ("open", account_id)
    assert [note.act for note in town.rows(Note) if note.kind == "item"] == ["submitted", "taken"]


def test_a_status_line_is_never_made_of_what_the_address_says(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    assert desk(town.clerk(), report, done="<b>fired</b>").field(".notice") == ""


def test_an_answer_is_published_and_the_citizen_reads_it(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    responder = town.responder("dept-a", name="Ruth Responder")
    page = does(responder, report, "answer", outcome="planned", text="In spring.", planned_on="2027-04-01")
    assert page.location.endswith("?done=answered")
    item = report.item
    assert item.state == "answered"
    answered = item.entries[-1].answer
    assert answered is not None
    assert (answered.outcome, answered.text, str(answered.planned_on)) == (
        "planned",
        "In spring.",
        "2027-04-01",
    )
    page = responder.get(page.location)
    assert "It will be done by" in page.text
    assert "second look until" in page.text
    assert page.soup.select_one(".composer") is None
    seen = report.opened().get("/track").text
    assert "In spring." in seen
    assert "Ruth Responder" not in seen


def test_every_fault_of_an_answer_is_named_and_the_words_kept(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    clerk = town.clerk()
    page = does(clerk, report, "answer")
    assert page.status == 422
    assert page.errors == {
        "outcome": "Choose the outcome",
        "text": "Write the answer and the reason for it",
    }
    page = does(
        clerk, report, "answer", outcome="planned", text="  In <spring>\nor so ", planned_on="2026-11-01"
    )
    assert page.status == 422
    assert list(page.errors) == ["planned_on"]
    assert page.title.startswith("Error:")
    assert (page.value("outcome"), page.value("planned_on")) == ("planned", "2026-11-01")
    assert page.value("text") == "  In <spring>\nor so "
    page = does(clerk, report, "answer", outcome="not_ours", text="a\x07b", forwarded_to=" ")
    assert set(page.errors) == {"text", "forwarded_to"}
    page = does(clerk, report, "answer", outcome="done", text="x" * 8001)
    assert "8,001" in page.errors["text"]
    assert len(page.value("text")) == 8001
    assert report.item.state == "received"


def test_today_may_be_promised(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    page = does(town.clerk(), report, "answer", outcome="planned", text="Today.", planned_on="2026-11-02")
    assert page.status == 303


def test_a_question_waits_for_the_citizen_and_the_reply_brings_it_back(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    responder = town.responder("dept-a")
    assert does(responder, report, "ask", text=" ").errors == {"text": "Write what you want to say"}
    page = does(responder, report, "ask", text="Which side?")
    assert page.location.endswith("?done=asked")
    page = responder.get(page.location)
    assert report.item.state == "waiting"
    assert "paused" in page.field(".item__facts")
    # While a question is open there is no second one, but an answer may be given without the reply.
    assert [a.get_text(strip=True) for a in page.soup.select(".composer__tabs a")] == [
        "Answer to the citizen"
    ]
    report.opened().post("/track/reply", text="The left one.")
    page = desk(responder, report)
    assert "The citizen has written again" in page.field(".ask")
    assert "The left one." in page.text


def test_going_on_without_the_reply(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    town.asks(report)
    clerk = town.clerk(name="Clara Clerk")
    page = does(clerk, report, "resume")
    assert page.location.endswith("?done=resumed")
    assert report.item.state == "open"
    assert "Clara Clerk went on without the reply" in clerk.get(page.location).text


def test_a_case_is_handed_over_with_a_reason(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    clerk = town.clerk(name="Clara Clerk")
    page = clerk.get(f"/staff/item/{report.reference}/hand-over")
    assert page.heading == "Hand over to another department"
    page = does(clerk, report, "hand-over")
    assert page.status == 422
    assert set(page.errors) == {"department", "reason"}
    page = does(clerk, report, "hand-over", department="dept-z", service="water-supply", reason="Why <not>")
    assert set(page.errors) == {"department", "service"}
    assert page.value("reason") == "Why <not>"
    page = does(clerk, report, "hand-over", department="dept-b", reason="It is about noise.")
    assert page.location == f"/staff/item/{report.reference}?done=handed-over"
    page = clerk.get(page.location)
    assert "Clara Clerk handed it over to Department B It is about noise." in page.text
    assert report.item.cycle.department == "dept-b"


def test_the_law_gets_more_time_and_the_citizen_reads_why(town: Town) -> None:
    report = town.citizen_reports("A tree is down", service="roads", email="rita@example.org")
    clerk = town.clerk()
    assert "The answer is due by law on" in clerk.get(f"/staff/item/{report.reference}/deadline").text
    refused = does(clerk, report, "deadline", more="extended", days="99", reason="The expert is ill.")
    assert refused.status == 422
    assert refused.errors == {"days": "Give a whole number from 1 to 20"}
    assert refused.value("days") == "99"
    assert refused.field("#reason") == "The expert is ill."
    done = does(clerk, report, "deadline", more="extended", days="5", reason="The expert is ill.")
    assert done.status == 303
    page = desk(clerk, report)
    assert "Law: 25 working days" in page.text
    assert "The time of the law is extended" in page.text
    assert "Can be extended by 15 working days" in page.text
    seen = report.opened().get("/track").text
    assert "We need more time: the deadline set by law is extended" in seen
    assert "The expert is ill." in seen


def test_another_legal_nature_is_given_with_a_reason(town: Town) -> None:
    report = town.citizen_reports("More trees, please", kind="idea", service="roads")
    clerk = town.clerk()
    assert does(clerk, report, "nature", nature="idea").errors == {
        "nature": "The case has this nature already. Choose another one",
        "reason": "Write the reason",
    }
    done = does(clerk, report, "nature", nature="statutory_request", reason="It asks for a permit.")
    assert done.status == 303
    page = desk(clerk, report)
    assert "Request under the law" in page.text
    assert "Law: 20 working days" in page.text
    assert "Its nature was changed on" in page.text
    seen = report.opened().get("/track").text
    assert "Another rule of law holds for the case now" in seen
    assert "It asks for a permit." in seen


def test_whoever_hands_a_case_away_lands_in_the_inbox(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    responder = town.responder("dept-a")
    page = does(responder, report, "hand-over", department="dept-b", reason="It is theirs.")
    assert page.location == "/staff/inbox?done=handed-over"
    assert "The case is handed over." in responder.get(page.location).field(".notice")
    assert desk(responder, report).status == 404


def test_a_clerk_assigns_what_has_no_department(town: Town) -> None:
    report = town.citizen_reports("A tree has fallen over")
    clerk = town.clerk()
    page = desk(clerk, report)
    assert page.field(".item__head .tag") == "To assign"
    assert "Assign it to a department" in page.field(".ask")
    page = does(clerk, report, "hand-over", department="dept-c", service="roads", reason="Trees are theirs.")
    assert page.status == 303
    assert (report.item.cycle.department, report.item.cycle.service) == ("dept-c", "roads")


def test_spam_is_set_aside_and_put_back(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    clerk = town.clerk()
    assert clerk.get(f"/staff/item/{report.reference}/void").status == 200
    assert does(clerk, report, "void").errors == {"reason": "Write the reason"}
    page = does(clerk, report, "void", reason="Watches for sale")
    page = clerk.get(page.location)
    assert report.item.state == "void"
    internal = page.soup.select_one(".entry--internal")
    assert internal is not None and "Watches for sale" in internal.get_text()
    assert "Watches" not in report.opened().get("/track").text
    page = does(clerk, report, "unvoid")
    assert page.location.endswith("?done=unvoid")
    assert report.item.state == "received"


def test_an_answered_case_is_opened_again_with_a_reason(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    town.answers(report)
    clerk = town.clerk()
    assert does(clerk, report, "reopen").errors == {"reason": "Write the reason"}
    page = does(clerk, report, "reopen", reason="The lamp is dark again.")
    assert page.location.endswith("?done=reopened")
    assert (report.item.state, report.item.cycle.number) == ("received", 2)
    assert "Round" in clerk.get(page.location).text


def test_a_page_for_a_deed_that_the_state_does_not_allow_leads_back(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    page = town.clerk().get(f"/staff/item/{report.reference}/reopen")
    assert (page.status, page.location) == (303, f"/staff/item/{report.reference}")


def test_a_rating_is_for_the_head_of_department_only(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    town.answers(report)
    with town.database.write() as session:
        invitation = Invitation(
            item_id=report.id,
            cycle_id=report.item.cycle.id,
            made_at=town.now,
            made_on=town.today,
            ends_at=town.now,
            by_mail=False,
        )
        session.add(invitation)
        session.flush()
        session.add(
            Response(
                invitation_id=invitation.id,
                outcome=2,
                handling=0,
                comment="Still <dark>",
                first_at=town.now,
                at=town.now,
            )
        )
    text = desk(town.lead("dept-a"), report).text
    assert "Outcome 2 of 5 Handling can’t say Still <dark>" in text
    for browser in (town.clerk(), town.responder("dept-a")):
        assert "2 of 5" not in desk(browser, report).text


def test_the_list_beside_the_desk_is_the_one_that_i_came_from(town: Town) -> None:
    account_id = town.account("clerk")
    mine = town.citizen_reports("A pothole on my road", service="roads")
    town.takes(mine, by=account_id)
    town.citizen_reports("Loud music", service="noise")
    clerk = town.signed_in(account_id)
    page = desk(clerk, mine, queue="mine")
    assert [tag.get_text() for tag in page.soup.select(".queue__title")] == ["A pothole on my road"]
    assert len(desk(clerk, mine).soup.select(".queue__title")) == 2


def test_the_list_stays_through_a_deed(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    clerk = town.clerk()
    page = desk(clerk, report, queue="open")
    actions = [str(form["action"]) for form in page.soup.select("main form")]
    assert actions and all(action.endswith("?queue=open") for action in actions)
    assert all(
        "queue=open" in str(link["href"]) for link in page.soup.select(".composer__tabs a, main .acts a")
    )
    fields = {"version": page.value("version"), "last_entry": "0"}
    page = clerk.post(f"/staff/item/{report.reference}/take?queue=open", **fields)
    assert page.location == f"/staff/item/{report.reference}?queue=open&done=taken"
    page = desk(clerk, report, queue="//elsewhere.example.org")
    assert "elsewhere" not in page.response.text


def test_what_a_citizen_wrote_is_never_markup(town: Town) -> None:
    report = town.citizen_reports(
        "<script>alert(1)</script> {{ 7 * 7 }}", service="roads", name="<b>Rita</b>"
    )
    page = desk(town.clerk(), report)
    assert "<script>alert" not in page.response.text
    assert "<b>Rita" not in page.response.text
    assert "{{ 7 * 7 }}" in page.text


def test_the_list_beside_the_desk_begins_with_the_case_where_it_stands_further_down(town: Town) -> None:
    sent = [town.citizen_reports(service="roads", text=f"Pothole number {n}") for n in range(15)]
    clerk = town.clerk()

    def listed(report: Report) -> list[str]:
        links = desk(clerk, report).soup.select(".rail li a")
        return [str(link["href"]).split("/")[-1].split("?")[0] for link in links]

    references = [report.reference for report in sent]
    assert listed(sent[3]) == references[:12]
    assert listed(sent[13]) == references[13:]
    assert desk(clerk, sent[13]).field(".rail [aria-current]").startswith("Pothole number 13")


def test_the_one_filled_button_is_what_is_asked(town: Town) -> None:
    unclear = town.citizen_reports(text="A tree has fallen over")
    hole = town.citizen_reports(service="roads")
    filled = ".govuk-button:not(.govuk-button--secondary):not(.button--quiet)"

    def asked(report: Report, **query: str) -> list[str]:
        page = clerk.get(f"/staff/item/{report.reference}", **query)
        return [button.get_text(strip=True) for button in page.soup.select(f".item__main {filled}")]

    clerk = town.clerk()
    assert asked(unclear) == ["Assign"]
    assert asked(hole) == ["Take it"]
    assert desk(clerk, hole).soup.select("#composer") == []
    assert "Publish the answer" in asked(hole, tab="answer")
    town.takes(hole, by=town.account("responder", departments=("dept-a",)))
    assert asked(hole) == ["Publish the answer"]


def test_a_due_day_that_has_passed_is_said_to_have_passed(town: Town) -> None:
    report = town.citizen_reports(service="roads")
    account_id = town.account("clerk")
    town.takes(report, by=account_id)
    clerk = town.signed_in(account_id)
    assert desk(clerk, report).field(".ask").endswith("Answer by Monday 16 November 2026.")
    town.at("2027-02-01 10:00")
    assert "It was due on" in desk(town.signed_in(account_id), report).field(".ask")

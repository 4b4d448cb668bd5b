"""Much from one place, and what looks like a program's: a sum first, or a clerk's look first; nobody is refused.

The limits themselves count by the real clock (tests/portal/test_limits.py); the sums here are small ones of the real
sort, and Chromium does one of the real size in tests/journeys/test_sum.py.
"""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path

import altcha
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from feedback.custody.verify import verify
from feedback.items import codes
from feedback.items.tables import Item
from feedback.limits.rules import LINKS, MAILS, SUBMISSION, SURVEYS, WORDS
from feedback.outbox.tables import Job, Message
from portal import jobs, proof_of_work
from tests.post_office import Mail, read_mails
from tests.town import Browser, Page, Report, Town

IS_PROOF = bool(os.environ.get("KANALI_PROOF"))
VICTIM = "Rea.Petrou@Example.org"
WRITTEN = "A sentence that somebody else wrote."
GOOD = {"kind": "request", "text": WRITTEN, "service": "street-lighting"}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Sums of a few hashes; mails are written below a folder of the test with PostgreSQL too."""
    monkeypatch.setattr(proof_of_work, "LEAST", 3)
    monkeypatch.setattr(proof_of_work, "MOST", 9)
    monkeypatch.chdir(tmp_path)


def busy(town: Town, address: str = "") -> Browser:
    """A browser from whose connection as much has come as may without a sum."""
    browser = town.visitor(address=address)
    for number in range(SUBMISSION.most):
        assert browser.sends(**GOOD, place=str(number)).status == 303
    return browser


def solved(challenge: str) -> str:
    """The solution, as a browser sends it."""
    asked = altcha.Challenge.from_dict(json.loads(base64.b64decode(challenge)))
    solution = altcha.solve_challenge(asked)
    assert solution is not None
    return altcha.Payload(asked, solution).to_base64()


def challenge_of(page: Page) -> str:
    form = page.soup.select_one("form[data-sum]")
    assert form is not None, page.text
    return str(form["data-sum"])


def again(browser: Browser, page: Page, **fields: str) -> Page:
    """The form that came back, sent as it stands with these fields."""
    kept = {name: page.value(name) for name in ("key", "asked", "kind", "text", "service", "place", "email")}
    return browser.post("/submit", **{**kept, **fields})


def held(town: Town) -> list[str | None]:
    return [row.held for row in town.rows(Item)]


def work(town: Town) -> list[Mail]:
    jobs.run_due(town.site, now=town.now)
    return read_mails(town.settings.mail_folder)


# ── a small sum ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sixth_message_from_one_place_comes_after_a_small_sum(town: Town) -> None:
    browser = busy(town)
    page = browser.sends(**GOOD, place="Here <b>")
    assert (page.status, page.heading) == (429, "Write to the municipality")
    assert page.field("#sum-title") == "One more step: a small sum"
    assert (page.value("text"), page.value("place")) == (WRITTEN, "Here <b>")
    assert 1 <= int(page.response.headers["retry-after"]) <= SUBMISSION.seconds
    assert town.count(Item) == SUBMISSION.most
    sent = again(browser, page, sum=solved(challenge_of(page)))
    assert sent.status == 303, sent.text
    assert held(town) == [None] * (SUBMISSION.most + 1)
    assert town.visitor().sends(**GOOD).status == 303, "nobody else is asked for one"


def test_one_household_is_one_place(town: Town) -> None:
    busy(town, "2001:db8:5:6::1")
    assert town.visitor(address="2001:db8:5:6:7::8").sends(**GOOD).status == 429
    assert town.visitor(address="2001:db8:5:7::1").sends(**GOOD).status == 303


def test_a_solution_is_good_for_one_message(town: Town) -> None:
    browser = busy(town)
    page = browser.sends(**GOOD)
    solution = solved(challenge_of(page))
    assert again(browser, page, sum=solution).status == 303
    assert again(browser, page, sum=solution).location == "/en/receipt", "sent twice"
    assert town.count(Item) == SUBMISSION.most + 1
    another = browser.sends(**GOOD)
    assert again(browser, another, sum=solution).status == 303
    assert held(town)[-1] == "unproven"


def test_a_solution_that_comes_too_late_is_asked_for_anew(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = busy(town)
    monkeypatch.setattr(proof_of_work, "LIVES", -1)
    page = browser.sends(**GOOD)
    monkeypatch.undo()
    late = again(browser, page, sum=solved(challenge_of(page)))
    assert (late.status, late.value("key")) == (429, page.value("key"))
    assert challenge_of(late) != challenge_of(page)


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(
        st.text(max_size=300),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=8) | st.floats(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "challenge",
                            "solution",
                            "parameters",
                            "signature",
                            "data",
                            "form",
                            "counter",
                            "salt",
                        ]
                    ),
                    inner,
                    max_size=5,
                )
            ),
        ).map(lambda made: base64.b64encode(json.dumps(made).encode()).decode()),
    )
)
def test_what_somebody_makes_up_solves_nothing(payload: str) -> None:
    assert proof_of_work.check(b"secret", "form", payload) in ("none", "wrong")


def test_a_solution_of_another_installation_solves_nothing() -> None:
    challenge = proof_of_work.challenge(b"theirs", "form")
    assert proof_of_work.check(b"theirs", "form", solved(challenge)) == "solved"
    assert proof_of_work.check(b"ours", "form", solved(challenge)) == "wrong"
    easier = json.loads(base64.b64decode(challenge))
    easier["parameters"]["keyPrefix"] = ""
    assert (
        proof_of_work.check(b"theirs", "form", solved(base64.b64encode(json.dumps(easier).encode()).decode()))
        == "wrong"
    )


def test_the_same_message_pressed_often_counts_once(town: Town) -> None:
    browser = town.visitor()
    fields = {**GOOD, "key": browser.get("/submit").value("key")}
    assert {browser.post("/submit", **fields).location for _ in range(12)} == {"/en/receipt"}
    for _ in range(SUBMISSION.most - 1):
        assert browser.sends(**GOOD).status == 303
    assert browser.sends(**GOOD).status == 429
    assert browser.post("/submit", **fields).location == "/en/receipt", "it is in already"


# ── held ────────────────────────────────────────────────────────────────────────────────────────────────────


def in_one_go(page: Page) -> str:
    """A page without what is another's on each: number, code, its picture, the moment."""
    return re.sub(r"BRW-\d{4}-\d{6}|RIV-\d{4}-\d{6}|<span>[0-9A-Z]{4}</span>", "", page.response.text)


def test_without_a_script_it_is_taken_in_and_held(town: Town) -> None:
    plain = town.visitor()
    plain.sends(**GOOD, email="rea@example.org")
    ordinary = plain.get("/receipt")
    browser = busy(town)
    page = browser.sends(**GOOD, email="rea@example.org")
    assert "a clerk reads it before the department does" in page.text
    sent = again(browser, page, sum="")
    assert (sent.status, sent.location) == (303, "/en/receipt")
    receipt = browser.get("/receipt")
    assert held(town)[-1] == "unproven"
    assert in_one_go(receipt) == in_one_go(ordinary)
    assert receipt.field("#law")
    assert len(work(town)) == 1, "of the first message only"


def quick(town: Town, **fields: str) -> Report:
    """A message that is held, because it was sent as soon as its form was there."""
    browser = town.visitor()
    key = codes.issue_key(town.secret.key, now=town.now)
    assert browser.post("/submit", **{**GOOD, "key": key, **fields}).status == 303
    receipt = browser.get("/receipt")
    code = receipt.field("#code").replace(" ", "")
    return Report(town, browser, receipt.field("#reference"), code)


def test_what_nobody_sees_and_what_nobody_can_do_so_soon(town: Town) -> None:
    form = town.visitor().get("/submit").soup.select_one("p.unseen")
    assert form is not None
    assert form.get_text(" ", strip=True) == "Leave this field empty"
    town.citizen_reports(website="https://example.org")
    quick(town)
    browser = town.visitor()
    key = codes.issue_key(town.secret.key, now=town.now)
    town.later(seconds=3)
    assert browser.post("/submit", **GOOD, key=key).status == 303
    refused = town.visitor().sends(kind="", text=WRITTEN)
    assert town.visitor().post("/submit", **GOOD, key=refused.value("key")).status == 303
    assert held(town) == ["filled", "quick", None, None]


def test_more_than_the_town_sends_is_held_and_spam_crowds_nobody_out(town: Town) -> None:
    town.site.settings = replace(town.site.settings, hourly_messages=3)
    for _ in range(5):
        quick(town)
    for _ in range(5):
        town.citizen_reports()
    assert held(town) == ["quick"] * 5 + [None] * 3 + ["crowd"] * 2


def test_a_clerk_releases_what_is_held(town: Town) -> None:
    report = quick(town, email="rea@example.org", service="street-lighting")
    department = report.item.cycle.department
    assert department is not None
    clerk, lead = town.clerk(), town.lead(department)
    at = f"/staff/item/{report.reference}"
    for queue in ("open", "mine", "triage", "waiting"):
        for browser in (clerk, lead):
            assert report.reference not in browser.get("/staff/inbox", queue=queue).text
    assert lead.get(at).status == 404
    assert report.reference not in lead.get("/staff/inbox", queue="held").text
    assert report.reference in clerk.get("/staff/inbox", queue="held").text
    page = clerk.get(at)
    assert [tag.get_text() for tag in page.soup.select(".item__head .tag")] == ["New", "Held"]
    assert "within three seconds" in page.field(".ask")
    for path in ("take", "ask", "answer", "hand-over"):
        fields = {"text": "x", "outcome": "done", "department": "dept-c", "reason": "x"}
        assert clerk.post(f"{at}/{path}", version=page.value("version"), **fields).status == 409, path
    assert lead.post(f"{at}/release", version=page.value("version")).status == 404
    assert work(town) == []
    town.later(days=1)
    assert clerk.post(f"{at}/release", version=page.value("version")).status == 303
    assert clerk.post(f"{at}/release", version=page.value("version")).status == 303, "pressed twice"
    assert report.reference in lead.get("/staff/inbox").text
    assert report.reference not in clerk.get("/staff/inbox", queue="held").text
    assert "Released: it is no spam" in clerk.get(at).text
    assert report.item.cycle.started_at == town.item(report.reference).received_at
    assert [mail.to for mail in work(town)] == ["rea@example.org"]
    with town.read() as session:
        assert list(verify(session)) == []


def test_held_and_set_aside_and_put_back(town: Town) -> None:
    report = quick(town, email="rea@example.org")
    at = f"/staff/item/{report.reference}"
    clerk = town.clerk()
    version = clerk.get(at).value("version")
    assert clerk.post(f"{at}/void", version=version, reason="Spam").status == 303
    assert work(town) == []
    assert clerk.post(f"{at}/unvoid", version=clerk.get(at).value("version")).status == 303
    assert held(town) == [None]
    assert len(work(town)) == 1


def test_its_sender_goes_on_as_with_any_other(town: Town) -> None:
    report = quick(town)
    browser = report.opened()
    assert browser.post("/track/add", text="And number 13.").status == 303
    assert browser.post("/track/withdraw").status == 303
    assert town.item(report.reference).state == "withdrawn"
    with town.read() as session:
        assert list(verify(session)) == []


# ── mail is no cannon ───────────────────────────────────────────────────────────────────────────────────────


def test_a_thousand_messages_that_name_one_victim_make_three_mails(town: Town) -> None:
    count, sources = (1000, 50) if IS_PROOF else (100, 10)
    written = [VICTIM, VICTIM.lower(), "rea.petrou+news@example.org", "REAPETROU@EXAMPLE.ORG"]
    town.site.settings = replace(town.site.settings, hourly_messages=10 * count)
    browsers = [town.visitor() for _ in range(sources)]
    for number in range(count):
        browser = browsers[number % sources]
        page = browser.sends(**GOOD, email=written[number % len(written)], name=WRITTEN, place=WRITTEN)
        if page.status == 429:
            page = again(browser, page, sum=solved(challenge_of(page)), name=WRITTEN)
        assert page.status == 303
    mails = work(town)
    assert 1 <= len(mails) <= 3
    for mail in mails:
        assert WRITTEN not in mail.text + mail.html + mail.subject + str(mail.message)
    assert town.count(Item) == count
    assert not [row for row in town.rows(Job) if row.kind == "send"]
    states = {row.state for row in town.rows(Message)}
    assert states <= {"sent", "too_many", "held"}
    town.later(hours=25)
    town.citizen_reports(email=VICTIM)
    assert len(work(town)) == len(mails) + 1, "the next day has mails of its own"


def test_the_desk_says_which_mails_did_not_go_out(town: Town) -> None:
    reports = [town.citizen_reports(service="street-lighting", email=VICTIM) for _ in range(4)]
    work(town)
    clerk = town.clerk()
    said = [
        "1 was not sent" in clerk.get(f"/staff/item/{report.reference}").response.text for report in reports
    ]
    assert said == [False, False, False, True]


def test_a_confirmed_mailbox_gets_what_is_its_own(town: Town) -> None:
    report = town.citizen_reports(service="street-lighting", email=VICTIM)
    (receipt,) = work(town)
    link = next(address for address in receipt.addresses if "/confirm/" in address)
    assert town.visitor().post(link).status == 200
    for _ in range(3):
        town.citizen_reports(email=VICTIM)
    town.asks(report)
    assert len(work(town)) == 1 + 2 + 1


def test_one_connection_causes_twenty_mails_an_hour(town: Town) -> None:
    browser = town.visitor()
    for number in range(MAILS.most + 1):
        page = browser.sends(**GOOD, email=f"person{number}@example.org")
        if page.status == 429:
            page = again(browser, page, sum=solved(challenge_of(page)))
        assert page.status == 303
        if number == MAILS.most - 1:
            assert "We are sending the receipt to" in browser.get("/receipt").text
    assert "Very many e-mails were asked for" in browser.get("/receipt").text
    assert browser.sends(**GOOD).status == 429, "a sum, as before"
    assert len(work(town)) == MAILS.most
    assert [row.state for row in town.rows(Message)] == ["sent"] * MAILS.most + ["too_many"]


# ── words, links, surveys ───────────────────────────────────────────────────────────────────────────────────


def test_many_additions_wait_and_lose_no_words(town: Town) -> None:
    browser = town.citizen_reports().opened()
    pages = [browser.post("/track/add", text=f"Word {number}") for number in range(WORDS.most + 1)]
    assert [page.status for page in pages] == [303] * WORDS.most + [429]
    assert pages[-1].value("text") == f"Word {WORDS.most}"
    assert pages[-1].field("#error-summary-title") == "That was too often from your connection"
    assert int(pages[-1].response.headers["retry-after"]) > 0
    assert browser.post("/track/withdraw").status == 429


def test_many_links_wait(town: Town) -> None:
    browser = town.visitor()
    token = codes.new_token()
    statuses = [browser.post(f"/confirm/{token}").status for _ in range(LINKS.most + 1)]
    assert statuses == [404] * LINKS.most + [429]
    assert browser.post(f"/open/{token}").status == 429
    assert browser.get(f"/open/{token}").status == 404


def test_many_answers_to_surveys_wait_and_are_kept(town: Town) -> None:
    report = town.citizen_reports(service="street-lighting")
    town.answers(report)
    town.later(days=10)
    jobs.run_due(town.site, now=town.now)
    browser = report.opened()
    pages = [
        browser.post("/survey/mine", outcome="4", handling="5", comment="Good")
        for _ in range(SURVEYS.most + 1)
    ]
    assert [page.status for page in pages] == [200] * SURVEYS.most + [429]
    assert pages[-1].value("comment") == "Good"

"""The form: what is taken in, what is refused and how, and pressing send twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from feedback.items.tables import Contact, Cycle, Item, Submission
from feedback.ledger.tables import Note
from feedback.outbox.tables import Message
from tests.town import Town

GOOD = {"kind": "request", "text": "The lamp in front of number 12 does not burn.", "service": ""}


def test_what_a_citizen_sends_becomes_an_item_with_its_words(town: Town) -> None:
    report = town.citizen_reports(
        "Dark since Monday.", kind="complaint", service="noise", place="River Street 12"
    )
    item = report.item
    assert (item.kind, item.text, item.place, item.state, item.channel) == (
        "complaint",
        "Dark since Monday.",
        "River Street 12",
        "received",
        "web",
    )
    assert (item.cycle.service, item.cycle.department, item.cycle.route) == ("noise", "dept-b", "service")
    assert {clock.which for clock in item.cycle.clocks} == {"law", "promise"}


def test_without_a_service_the_words_find_the_department(town: Town) -> None:
    item = town.citizen_reports("A deep pothole in the asphalt").item
    assert (item.cycle.department, item.cycle.service, item.cycle.route) == ("dept-a", "roads", "keywords")


def test_words_that_show_no_service_go_to_triage(town: Town) -> None:
    item = town.citizen_reports("Good day to all of you").item
    assert (item.cycle.department, item.cycle.route) == (None, "triage")


def test_the_form_opens_with_the_kind_and_the_service_of_its_address(town: Town) -> None:
    page = town.visitor().get("/submit", kind="idea", service="roads")
    assert (page.status, page.value("kind"), page.value("service")) == (200, "idea", "roads")
    strange = town.visitor().get("/submit", kind="<b>", service="nowhere")
    assert (strange.status, strange.value("kind"), strange.value("service")) == (200, "", "")


def test_a_page_sets_no_cookie_before_the_receipt(town: Town) -> None:
    browser = town.visitor()
    for path in ("/", "/submit", "/track", "/help"):
        browser.get(path)
    assert not browser.client.cookies
    sent = browser.sends(**GOOD)
    assert sent.status == 303
    cookies = sent.response.headers.get_list("set-cookie")
    assert len(cookies) == len(town.city.identity.languages)
    for cookie in cookies:
        assert "httponly" in cookie.lower() and "samesite=strict" in cookie.lower()
        assert "max-age=900" in cookie.lower()


def test_every_fault_is_named_at_once_and_the_words_are_kept(town: Town) -> None:
    typed = {
        "kind": "",
        "text": "",
        "place": "River Street <12>",
        "email": "nobody.example.org",
        "phone": "x",
    }
    page = town.visitor().sends(**typed)
    assert page.status == 422
    assert page.title.startswith("Error: ")
    assert list(page.errors) == ["kind", "text", "email", "phone"]
    for field in ("place", "email", "phone"):
        assert page.value(field) == typed[field]
    ids = {str(tag["id"]) for tag in page.soup.find_all(id=True)}
    assert set(page.errors) <= ids
    for field, message in page.errors.items():
        assert message in page.field(f"#{field}-error")
    assert town.count(Item) == 0
    assert town.count(Submission) == 0


def test_the_empty_form_may_be_kept_for_the_way_back_and_what_holds_words_never(town: Town) -> None:
    browser = town.visitor()
    form = browser.get("/submit")
    assert form.response.headers["cache-control"] == "private, no-cache"
    tag = form.soup.select_one("main form")
    assert tag is not None and tag["action"] == "/en/submit?send"
    refused = browser.post("/submit?send", **{**GOOD, "kind": ""}, key=form.value("key"))
    assert (refused.status, refused.response.headers["cache-control"]) == (422, "no-store")
    assert browser.post("/submit?send", **GOOD, key=refused.value("key")).status == 303
    assert browser.get("/receipt").response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "Please correct three things"),
        ("el", "Διορθώστε τρία σημεία"),
        ("lt", "Pataisykite tris dalykus"),
    ],
)
def test_the_summary_counts_in_words(town: Town, language: str, title: str) -> None:
    page = town.visitor(language).sends(kind="", text="", email="x")
    assert page.field("#error-summary-title") == title


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "Please correct one thing"), ("el", "Διορθώστε ένα σημείο"), ("lt", "Pataisykite vieną dalyką")],
)
def test_one_fault_is_one_thing(town: Town, language: str, title: str) -> None:
    page = town.visitor(language).sends(**{**GOOD, "text": ""})
    assert page.field("#error-summary-title") == title


def test_what_was_typed_survives_a_change_of_language(town: Town) -> None:
    browser = town.visitor("en")
    refused = browser.post(
        "/submit", key="none", kind="idea", text="", place="Παλιά <πλατεία>", anonymous="yes"
    )
    assert refused.status == 422
    buttons = refused.soup.select('.languages button[form="in-another-language"]')
    assert [button["formaction"] for button in buttons] == ["/en/submit", "/el/submit", "/lt/submit"]
    page = browser.post("/lt/submit", carried=refused.value("carried"))
    assert (page.status, page.errors) == (200, {})
    assert (page.value("kind"), page.value("place")) == ("idea", "Παλιά <πλατεία>")
    assert page.value("anonymous") == "yes"


def test_the_limit_of_the_text_is_written_as_the_language_writes_it(town: Town) -> None:
    left = {
        language: town.visitor(language).get("/submit").field("#text-left") for language in ("en", "el", "lt")
    }
    assert left["en"] == "At most 4,000 characters"
    assert "4.000" in left["el"]
    assert "4 000" in left["lt"]


def test_the_corrected_form_is_taken_with_the_key_of_the_refusal(town: Town) -> None:
    browser = town.visitor()
    refused = browser.sends(**{**GOOD, "kind": ""})
    page = browser.post("/submit", **GOOD, key=refused.value("key"))
    assert (page.status, page.location) == (303, "/en/receipt")


def test_a_text_that_is_too_long_says_the_limit_and_its_length(town: Town) -> None:
    page = town.visitor().sends(**{**GOOD, "text": "a" * 4321})
    assert page.status == 422
    assert "4,321" in page.errors["text"] and "4,000" in page.errors["text"] and "321" in page.errors["text"]
    assert len(page.value("text")) == 4321


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", "no\x00thing"),
        ("place", "bell\x07"),
        ("name", "two\nlines"),
        ("kind", "riot"),
        ("service", "x"),
    ],
)
def test_a_faulty_field_is_refused_beside_it(town: Town, field: str, value: str) -> None:
    page = town.visitor().sends(**{**GOOD, field: value})
    assert page.status == 422
    assert list(page.errors) == [field]
    assert town.count(Item) == 0


def test_bytes_that_are_no_text_are_refused_or_taken_but_never_break(town: Town) -> None:
    browser = town.visitor()
    key = browser.get("/submit").value("key")
    raw = b"kind=request&text=%ED%A0%80%FF+broken&key=" + key.encode()
    response = browser.client.post(
        "/en/submit",
        content=raw,
        headers={"Origin": "http://127.0.0.1:8000", "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert response.status_code in (303, 400, 422)


def test_a_service_that_others_do_is_answered_with_where_to_turn(town: Town) -> None:
    browser = town.visitor()
    page = browser.sends(**{**GOOD, "service": "water-supply"})
    assert page.status == 422
    assert "+370 000 00009" in page.errors["service"]
    assert page.value("text") == GOOD["text"]
    assert town.count(Item) == 0
    again = browser.post("/submit", **GOOD, key=page.value("key"))
    assert again.status == 303


def test_anonymous_means_that_nothing_of_the_sender_is_kept(town: Town) -> None:
    report = town.citizen_reports(anonymous="yes", name="Ann", email="not an address", phone="?")
    assert report.item.is_anonymous
    assert town.count(Contact) == 0
    assert town.count(Message) == 0


def test_a_contact_is_kept_apart_and_gets_a_receipt_by_mail(town: Town) -> None:
    town.citizen_reports(language="lt", name="Ann", email="ann@example.org", phone="+370 600 00000")
    (contact,) = town.rows(Contact)
    assert (contact.name, contact.email, contact.language) == ("Ann", "ann@example.org", "lt")
    (message,) = town.rows(Message)
    assert (message.kind, message.language) == ("receipt", "lt")


def test_pressing_twice_makes_one_item_and_shows_the_same_receipt(town: Town) -> None:
    browser = town.visitor()
    key = browser.get("/submit").value("key")
    # Browsers send line ends as CRLF; what is stored has none.
    fields = {**GOOD, "text": "First line\r\nsecond line  ", "key": key}
    assert browser.post("/submit", **fields).location == "/en/receipt"
    first = browser.get("/receipt")
    assert browser.post("/submit", **fields).location == "/en/receipt"
    second = browser.get("/receipt")
    assert first.field("#code") == second.field("#code") != ""
    assert first.field("#reference") == second.field("#reference")
    assert (town.count(Item), town.count(Cycle), town.count(Note)) == (
        1,
        1,
        2,
    )  # The city's note and the item's.


def test_pressing_again_after_a_quarter_of_an_hour_shows_no_code(town: Town) -> None:
    browser = town.visitor()
    key = browser.get("/submit").value("key")
    assert browser.post("/submit", **GOOD, key=key).status == 303
    browser.client.cookies.clear()
    town.later(minutes=16)
    page = browser.post("/submit", **GOOD, key=key)
    assert (page.status, page.location) == (303, "/en/receipt")
    receipt = browser.get("/receipt")
    assert receipt.field("#code") == ""
    assert "it has arrived" in receipt.text
    assert town.count(Item) == 1


def test_other_words_under_a_used_key_are_kept_and_go_as_another_message(town: Town) -> None:
    browser = town.visitor()
    key = browser.get("/submit").value("key")
    browser.post("/submit", **GOOD, key=key)
    reference = browser.get("/receipt").field("#reference")
    other = {**GOOD, "text": "Something else altogether"}
    page = browser.post("/submit", **other, key=key)
    assert page.status == 409
    assert page.value("text") == other["text"]
    assert reference not in page.response.text
    assert "Send as another message" in page.text
    assert page.field("#error-summary-title") == "This page was already sent"
    assert page.soup.select('main a[href="/en/receipt"]')
    assert (town.count(Item), town.count(Submission)) == (1, 1)
    assert browser.post("/submit", **other, key=page.value("key")).status == 303
    assert town.count(Item) == 2


def test_faulty_words_under_a_used_key_are_another_message_too(town: Town) -> None:
    browser = town.visitor()
    key = browser.get("/submit").value("key")
    browser.post("/submit", **GOOD, key=key)
    page = browser.post("/submit", **{**GOOD, "text": ""}, key=key)
    assert page.status == 409


@pytest.mark.parametrize("key", ["", "x", "0" * 32 + ".65000000." + "0" * 32, "ключ", "a.b.c" * 50])
def test_a_foreign_key_keeps_the_words_under_a_new_one(town: Town, key: str) -> None:
    browser = town.visitor()
    page = browser.post("/submit", **GOOD, key=key)
    assert page.status == 422
    assert "did not come from our page" in page.text
    assert page.value("text") == GOOD["text"]
    assert town.count(Item) == 0
    assert browser.post("/submit", **GOOD, key=page.value("key")).status == 303


def test_an_expired_page_keeps_the_words_under_a_new_key(town: Town) -> None:
    browser = town.visitor()
    key = browser.get("/submit").value("key")
    town.later(hours=25)
    page = browser.post("/submit", **GOOD, key=key)
    assert page.status == 422
    assert "has expired" in page.text
    assert page.value("text") == GOOD["text"]
    assert browser.post("/submit", **GOOD, key=page.value("key")).status == 303


@pytest.mark.parametrize("origin", ["https://elsewhere.example.org", "null", ""])
def test_a_post_from_another_page_is_refused(town: Town, origin: str) -> None:
    browser = town.visitor()
    key = browser.get("/submit").value("key")
    page = browser.post("/submit", **GOOD, key=key, origin=origin)
    assert page.status == 403
    assert town.count(Item) == 0


def test_ten_presses_at_once_make_one_item(town: Town) -> None:
    key = town.visitor().get("/submit").value("key")
    browsers = [town.visitor() for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        pages = list(pool.map(lambda browser: browser.post("/submit", **GOOD, key=key), browsers))
    assert [page.status for page in pages] == [303] * 10
    assert town.count(Item) == 1
    assert len({browser.get("/receipt").field("#code") for browser in browsers}) == 1


def test_the_aside_says_the_promise_and_the_law_of_what_was_chosen(town: Town) -> None:
    request = town.visitor().get("/submit", kind="request", service="noise")
    assert "Within 3 working days" in request.text and "20 working days at the latest" in request.text
    assert "Riverton Act, article 10" in request.text
    idea = town.visitor().get("/submit", kind="idea")
    assert "No legal deadline" in idea.text
    assert "Within 3 to 10 working days" in idea.text


def test_the_page_of_each_language_is_there(town: Town) -> None:
    for language in town.city.identity.languages:
        page = town.visitor(language).get("/submit")
        assert page.status == 200
        assert page.soup.html and page.soup.html["lang"] == language

"""Whatever comes in is answered: refused plainly, in the person's language, with the words kept; never a 500.

The refusals of single pages are tested beside their pages; here every field, every route and every address meets
what no form of ours would send, on both databases where these could differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from feedback.custody.verify import verify
from feedback.items import codes
from feedback.items.answer import ANSWER_MOST, FORWARDED_MOST
from feedback.items.sent import EMAIL_MOST, NAME_MOST, PHONE_MOST, PLACE_MOST, REASON_MOST, TEXT_MOST
from feedback.items.tables import Item
from feedback.ledger.tables import Note
from feedback.satisfaction.respond import COMMENT_MOST
from portal import languages
from portal.app import routes
from portal.database import Database
from portal.edge import BODY_MOST
from tests.town import BASE, WRITING, Page, Town
from tests.upkeep.hostile import (
    BODIES,
    NASTY,
    ODD_PARTS,
    answered,
    arrives,
    check,
    doors,
    post,
    send,
    values_for,
)

SAID = {
    "empty": ("text", "Write what you want to say"),
    "foreign key": ("", "Write to the municipality"),
    "expired": ("", "Write to the municipality"),
    "control characters": (
        "text",
        "This contains invisible control characters. Please type it again or paste it as plain text",
    ),
    "typing error": ("code", "This code has a typing error. Please check it once more."),
    "unknown code": ("code", "We do not know this code. Please compare it with your receipt."),
    "bad token": ("", "We have no such page"),
    "elsewhere": ("", "This did not come from our page"),
    "too much": ("", "That was too much at once"),
    "unreadable": ("", "We could not read that"),
    "no such page": ("", "We have no such page"),
}
"""What a refusal says: beside which field (none: as the heading), and its words in English."""


# ── every field ─────────────────────────────────────────────────────────────────────────────────────────────


def test_no_field_of_the_form_can_hold_what_breaks_it(town: Town) -> None:
    browser = town.visitor()
    good = {
        "kind": "request",
        "text": "A deep pothole",
        "service": "roads",
        "place": "",
        "lat": "",
        "lon": "",
    }
    good |= {"name": "", "email": "", "phone": "", "anonymous": "", "key": ""}
    for name in good:
        for value in values_for(name):
            key = codes.issue_key(town.secret.key, now=town.now - WRITING)
            fields = {**good, "key": key, name: value}
            page = send(browser, "/en/submit", fields)
            check(page, (name, value))
            assert page.status in (303, 422), (name, value)
            if page.status == 422 and name != "text":
                assert good["text"] in page.response.text, "nothing typed is lost"
    with town.read() as session:
        assert list(verify(session)) == []


def test_no_field_of_a_case_can_hold_what_breaks_it(town: Town) -> None:
    by = town.account()
    browser = arrives(town).opened()
    for value in NASTY:
        for act in ("reply", "add", "second-look"):
            check(send(browser, f"/en/track/{act}", {"text": value}), (act, value))
        check(send(browser, "/en/track", {"code": value, "act": value, "text": value}), value)
    rating = answered(town, by).opened()
    good: dict[str, Any] = {"outcome": "4", "handling": "4", "comment": ""}
    for name in good:
        for value in values_for(name):
            check(send(rating, "/en/survey/mine", {**good, name: value}), (name, value))
    with town.read() as session:
        assert list(verify(session)) == []


def test_no_field_of_the_desk_can_hold_what_breaks_it(town: Town) -> None:
    clerk = town.clerk()
    forms: dict[str, dict[str, Any]] = {
        "answer": {"outcome": "planned", "text": "Soon", "planned_on": "2026-12-01", "forwarded_to": ""},
        "hand-over": {"department": "dept-b", "service": "noise", "reason": "Theirs"},
        "void": {"reason": "Spam"},
        "take": {"version": "", "last_entry": ""},
        "ask": {"text": "Where?"},
    }
    for act, good in forms.items():
        report = arrives(town)
        for name in good:
            for value in values_for(name):
                path = f"/staff/item/{report.reference}"
                seen = {"version": str(report.item.version), "last_entry": "0"}
                page = send(clerk, f"{path}/{act}", {**seen, **good, name: value})
                check(page, (act, name, value))
                if page.status == 303:  # Taken as it came: the next value wants a case as it was.
                    check(clerk.get(path), (act, name, value))
                    report = arrives(town)
    for value in NASTY:
        check(send(clerk, "/staff/account/language", {"language": value}), value)
    with town.read() as session:
        assert list(verify(session)) == []


def test_no_sign_in_field_can_hold_what_breaks_it(town: Town) -> None:
    browser = town.visitor()
    for value in NASTY:
        kept = {"kept-address": value, "kept-text": value, "kept-version": value}
        # Without a password nothing is verified, which would take its time.
        check(send(browser, "/staff/sign-in", {"email": value, "password": "", **kept}), value)
    for cookie in ("x" * 3000, "'", "%00", "1-1.x"):
        browser.client.cookies.set("kanali-staff", cookie, path="/")
        assert browser.get("/staff/inbox").location == "/staff/sign-in"
    check(send(browser, "/staff/sign-in", {"email": b"a\x00\xff", "password": b"\xff\x00"}), "both")


# ── every route ─────────────────────────────────────────────────────────────────────────────────────────────


def test_no_body_breaks_a_route(sqlite_town: Town) -> None:
    for browser, path in doors(sqlite_town):
        for name, (kind, body) in BODIES.items():
            check(post(browser, path, body, kind), (path, name))


def test_a_post_from_elsewhere_changes_nothing(sqlite_town: Town) -> None:
    town = sqlite_town
    open_doors = list(doors(town))
    before = town.count(Note)
    for browser, path in open_doors:
        for origin in ("https://elsewhere.example.org", "null", "http://127.0.0.1:99999", "http://["):
            page = post(
                browser, path, b"text=a&reason=a&outcome=5&version=1&department=dept-b", origin=origin
            )
            check(page, (path, origin))
            assert page.status in (400, 403), (path, origin)
    assert town.count(Note) == before


def test_no_address_breaks_a_page(town: Town) -> None:
    clerk, report = town.clerk(), arrives(town)
    citizen = report.opened()
    for route in routes():
        browser = clerk if route.path.startswith("/staff") else citizen
        for part in ODD_PARTS:
            path = route.path.replace("{language}", "en")
            if "{" not in path:
                continue
            path = path.replace("{token}", part).replace("{reference}", part).replace("{department}", part)
            for method in route.methods:
                response = browser.client.request(method, path, headers={"Origin": BASE})
                check(Page(response), (method, path))
                assert response.status_code in (400, 404), (method, path)
    for part in ODD_PARTS:
        for path in (f"/{part}/", f"/en/{part}", f"/static/{part}", f"/city/{part}", f"/staff/{part}"):
            assert citizen.client.get(path).status_code in (303, 307, 400, 404), path


def test_no_question_behind_an_address_breaks_a_page(town: Town) -> None:
    clerk, report = town.clerk(), arrives(town)
    citizen = report.opened()
    asked = {
        "/en/submit": ("kind", "service"),
        "/en/track": ("done",),
        "/en/service-quality": ("period", "measure", "department"),
        "/en/service-quality/dept-a": ("period",),
        "/staff/inbox": ("queue", "department", "service", "kind", "after", "done"),
        f"/staff/item/{report.reference}": ("tab", "done", "queue"),
        "/staff/sign-in": ("to", "done"),
    }
    cursors = ["~", "2026-11-02T09:00:00+00:00~", f"2026-11-02T09:00:00+00:00~{'9' * 30}", "0001-01-01~-1"]
    cursors += ["9999-12-31T23:59:59-23:00~1", "2026-11-02T09:00:00~1", "0001-01-01T00:00:00+14:00~1"]
    for path, names in asked.items():
        browser = clerk if path.startswith("/staff") else citizen
        for name in names:
            for value in NASTY:
                page = Page(browser.client.get(f"{path}?{urlencode({name: value[:2000]})}"))
                check(page, (path, name, value))
    for queue in ("answered", "closed", "open"):
        for cursor in cursors:
            check(clerk.get("/staff/inbox", queue=queue, after=cursor), (queue, cursor))


# ── what is said ────────────────────────────────────────────────────────────────────────────────────────────


def test_every_field_that_is_too_long_says_its_limit_and_its_length(sqlite_town: Town) -> None:
    town = sqlite_town
    by, clerk, visitor = town.account(), town.clerk(), town.visitor()
    report, rated = arrives(town), answered(town, by)
    citizen, item = report.opened(), f"/staff/item/{report.reference}"
    seen = {"version": str(report.item.version)}
    asked = arrives(town)
    town.asks(asked, by=by)
    forms: list[tuple[str, int, Callable[[str], Page]]] = [
        ("text", TEXT_MOST, lambda long: visitor.sends(kind="idea", text=long)),
        ("place", PLACE_MOST, lambda long: visitor.sends(kind="idea", text="a", place=long)),
        ("name", NAME_MOST, lambda long: visitor.sends(kind="idea", text="a", name=long)),
        ("email", EMAIL_MOST, lambda long: visitor.sends(kind="idea", text="a", email=long)),
        ("phone", PHONE_MOST, lambda long: visitor.sends(kind="idea", text="a", phone=long)),
        ("text", TEXT_MOST, lambda long: citizen.post("/track/add", text=long)),
        ("text", TEXT_MOST, lambda long: asked.opened().post("/track/reply", text=long)),
        ("text", TEXT_MOST, lambda long: rated.opened().post("/track/second-look", text=long)),
        (
            "comment",
            COMMENT_MOST,
            lambda long: rated.opened().post("/survey/mine", outcome="4", comment=long),
        ),
        ("text", ANSWER_MOST, lambda long: clerk.post(f"{item}/answer", **seen, outcome="done", text=long)),
        (
            "forwarded_to",
            FORWARDED_MOST,
            lambda long: clerk.post(
                f"{item}/answer", **seen, outcome="not_ours", text="a", forwarded_to=long
            ),
        ),
        ("text", TEXT_MOST, lambda long: clerk.post(f"{item}/ask", **seen, text=long)),
        (
            "reason",
            REASON_MOST,
            lambda long: clerk.post(f"{item}/hand-over", **seen, department="dept-b", reason=long),
        ),
        ("reason", REASON_MOST, lambda long: clerk.post(f"{item}/void", **seen, reason=long)),
    ]
    for field, most, write in forms:
        long = "a" * (most + 7)
        page = write(long)
        assert page.status == 422, field
        said = page.errors[field]
        for number in (7, most, most + 7):
            with languages.speaking("en"):
                assert languages.number(number) in said, said
        assert page.value(field) == long, "nothing typed is lost"


@pytest.mark.parametrize("language", ["en", "el", "lt"])
def test_every_refusal_is_in_the_persons_language(sqlite_town: Town, language: str) -> None:
    town = sqlite_town
    browser = town.visitor(language)
    report = arrives(town)
    key = browser.get("/submit").value("key")
    text = "x" * (BODY_MOST + 100_000)
    mistyped = report.code[:-1] + ("1" if report.code[-1] == "0" else "0")
    refusals = {
        "empty": browser.post("/submit", key=key),
        "foreign key": browser.post("/submit", kind="idea", text="a", key="x"),
        "control characters": browser.post("/submit", kind="idea", text="a\x00", key=key),
        "typing error": browser.post("/track", code=mistyped),
        "unknown code": browser.post("/track", code="0" * 28),
        "bad token": browser.get("/confirm/x"),
        "elsewhere": browser.post("/submit", origin="https://elsewhere.example.org"),
        "too much": browser.post("/submit", kind="idea", text=text, key=key),
        "unreadable": post(browser, f"/{language}/submit", b"--x", "multipart/form-data; boundary=x"),
        "no such page": browser.get("/nowhere"),
    }
    town.later(hours=25)
    refusals["expired"] = browser.post("/submit", kind="idea", text="kept", key=key)
    assert refusals["expired"].value("text") == "kept"
    statuses = {name: page.status for name, page in refusals.items()}
    assert statuses == {
        **dict.fromkeys(refusals, 422),
        "bad token": 404,
        "elsewhere": 403,
        "too much": 413,
        "unreadable": 400,
        "no such page": 404,
    }
    catalogue = languages.catalogue(language)
    for name, (field, message) in SAID.items():
        page = refusals[name]
        assert page.soup.html and page.soup.html["lang"] == language, name
        said = page.errors[field] if field else page.heading
        assert catalogue.gettext(message) in said, name
        assert (message in said) is (language == "en"), name
    assert SAID.keys() == refusals.keys()
    assert town.count(Item) == 1


@pytest.mark.parametrize("path", ["/de/", "/de/submit", "/EN/", "/el-GR/track", "/xx/receipt/code.svg"])
def test_a_language_that_the_city_does_not_speak_is_no_page(sqlite_town: Town, path: str) -> None:
    client = sqlite_town.visitor().client
    for language in sqlite_town.city.identity.languages:
        page = Page(client.get(path, headers={"Accept-Language": f"de, {language};q=0.5, x;q=z, ;q=9"}))
        assert page.status == 404
        assert page.soup.html and page.soup.html["lang"] == language
    assert client.post(path, headers={"Origin": BASE}).status_code == 404


def test_a_code_with_a_typing_error_never_reaches_the_items(sqlite_town: Town) -> None:
    code = arrives(sqlite_town).code
    browser = sqlite_town.visitor()
    with statements(sqlite_town.database) as asked:
        for place in range(0, len(code), 3):
            wrong = code[:place] + ("0" if code[place] != "0" else "1") + code[place + 1 :]
            assert browser.post("/track", code=wrong).status == 422
    assert [statement for statement in asked if " item" in statement.lower()] == []
    with statements(sqlite_town.database) as asked:
        assert browser.post("/track", code=code).status == 303
    assert [statement for statement in asked if " item" in statement.lower()]


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What an SQLite database is asked inside, as its driver hears it: on connections that are opened anew."""
    asked: list[str] = []

    def listen(connection: Any, *_: Any) -> None:
        connection.set_trace_callback(asked.append)

    database.close()
    sa.event.listen(sa.Pool, "connect", listen)
    try:
        yield asked
    finally:
        sa.event.remove(sa.Pool, "connect", listen)
        database.close()

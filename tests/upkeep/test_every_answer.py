"""What every answer carries, whoever asks for what: over https, as a city serves it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from feedback.people import accounts, sessions
from portal.app import routes
from portal.database import Database
from portal.edge import BODY_MOST
from tests.conftest import settings_for
from tests.town import Browser, Page, Town
from tests.upkeep.hostile import FORM

HERE = "https://feedback.example.org"
PASSWORD = "eleven geese over the river"
CSP = {
    "default-src": "'none'",  # stands for object-src too
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
OF_ONE_PERSON = re.compile(r"/staff|/\w\w/(track|receipt|open|confirm|survey)")
"""Addresses whose pages are somebody's own."""
NOT_THERE = (
    *("/nowhere", "/en/nowhere", "/static/", "/static/built/", "/static/nothing.css", "/city/nothing.css"),
    *("/.git/config", "/static/.git/config", "/static/js/../../pyproject.toml", "/static/scss/_page.scss"),
    *("/schema", "/schema/openapi.json", "/docs", "/metrics", "/debug"),
)
WITHOUT_LETTERS = {"image/png", "font/woff2", "application/json"}
"""Pictures and fonts; JSON is UTF-8 by its own rule (RFC 8259, 8.1)."""


@pytest.fixture(scope="module")
def town(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Riverton behind https, one for all questions."""
    folder = tmp_path_factory.mktemp("https")
    file = folder / "kanali.db"
    shutil.copyfile(sqlite_template, file)
    file.chmod(0o600)
    database = Database(f"sqlite:///{file}")
    yield Town(database, settings_for(database.url, folder, {"KANALI_PUBLIC_URL": HERE}))
    database.close()


@pytest.fixture(scope="module")
def answers(town: Town) -> dict[str, Any]:
    """An answer of every sort, once for all tests."""
    return ask_everything(town)


def clerk(town: Town) -> Browser:
    browser, account_id = town.visitor(), town.account("clerk")
    with town.database.write() as session:
        identifier = sessions.start(session, account_id=account_id, now=datetime.now(UTC))
    browser.client.cookies.set("__Host-kanali-staff", identifier, path="/")
    return browser


def ask_everything(town: Town) -> dict[str, Any]:
    """Each route to a stranger and to a clerk, files, refusals, what is not there."""
    found: dict[str, Any] = {}
    files = [f"/static/{name}" for name in town.site.assets.files]
    for name, browser in (("stranger", town.visitor()), ("clerk", clerk(town))):
        for route in routes():
            if route.path == "/staff/sign-out":
                continue
            path = re.sub(r"\{\w+\}", "made-up", route.path.replace("{language}", "en"))
            for method in route.methods:
                headers = {"Origin": HERE} if method == "POST" else {}
                data = {"seen": "1"} if method == "POST" else None
                found[f"{name} {method} {path}"] = browser.client.request(
                    method, path, headers=headers, data=data
                )
    for path in ("/", "/health/live", "/health/ready", "/city/1.css", *files, *NOT_THERE):
        found[f"GET {path}"] = browser.client.get(path)
    for method in ("PUT", "DELETE", "TRACE", "HEAD", "OPTIONS"):
        found[f"{method} /en/submit"] = browser.client.request(method, "/en/submit")
    at = f"{HERE}/en/submit"
    for name, body, kind, origin in (
        ("too much", b"text=" + b"x" * BODY_MOST * 2, FORM, HERE),
        ("unreadable", b"--x", "multipart/form-data; boundary=x", HERE),
        ("foreign", b"text=a", FORM, "https://elsewhere.example.org"),
    ):
        found[name] = browser.client.post(at, content=body, headers={"Origin": origin, "Content-Type": kind})
    return found


def test_every_answer_tells_the_browser_what_it_may_do(answers: dict[str, Any]) -> None:
    assert {response.status_code for response in answers.values()} >= {200, 303, 307, 400, 403, 404, 413, 422}
    for name, response in answers.items():
        headers = response.headers
        seconds = re.fullmatch(r"max-age=(\d+); includeSubDomains", headers["strict-transport-security"])
        assert seconds and int(seconds[1]) >= 365 * 86_400, name
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy == CSP, name
        assert headers["x-content-type-options"] == "nosniff", name
        assert headers["referrer-policy"] == "same-origin", name
        assert headers["cross-origin-opener-policy"] == "same-origin", name
        assert not [header for header in headers if header.startswith("access-control-")], name


def test_every_answer_names_its_kind_and_text_its_letters(answers: dict[str, Any]) -> None:
    for name, response in answers.items():
        kind = response.headers["content-type"]
        assert kind in WITHOUT_LETTERS or re.fullmatch(
            r"(text/(html|css|plain|javascript)|image/svg\+xml); charset=utf-8", kind
        ), (name, kind)


def test_what_one_person_sees_is_kept_nowhere(answers: dict[str, Any]) -> None:
    for name, response in answers.items():
        is_own = OF_ONE_PERSON.match(response.request.url.path) or "set-cookie" in response.headers
        if is_own or response.status_code >= 400:
            assert response.headers["cache-control"] == "no-store", name


def test_every_way_on_stays_with_us(answers: dict[str, Any]) -> None:
    ways = {name: r.headers["location"] for name, r in answers.items() if "location" in r.headers}
    assert len(ways) > 20
    assert {name: way for name, way in ways.items() if not re.match(r"/(?![/\\])", way)} == {}


def test_what_is_no_page_of_ours_is_not_there(town: Town) -> None:
    browser = town.visitor()
    assert {path: browser.client.get(path).status_code for path in NOT_THERE} == dict.fromkeys(NOT_THERE, 404)
    assert browser.client.get("/health/live").text == "alive\n"
    assert browser.client.get("/health/ready").text == "ready\n"
    for method in ("TRACE", "PUT", "DELETE"):
        response = browser.client.request(method, "/en/submit", headers={"X-Mine": "echo-of-a-header"})
        assert response.status_code in (404, 405), method
        assert "echo-of-a-header" not in response.text


def test_cookies_belong_to_this_host_and_to_https(town: Town) -> None:
    town.account("clerk", email="a@example.org", password_hash=accounts.hash_password(PASSWORD))
    browser = town.visitor()
    key = browser.get("/submit").value("key")
    sent = browser.post("/submit", origin=HERE, kind="idea", text="More trees", key=key)
    code = browser.get(sent.location).field("#code")
    opened = browser.post("/track", origin=HERE, code=code)
    staff = browser.post("/staff/sign-in", origin=HERE, email="a@example.org", password=PASSWORD)
    town.adds_app(
        town.account("clerk", email="b@example.org", password_hash=accounts.hash_password(PASSWORD))
    )
    half = town.visitor().post("/staff/sign-in", origin=HERE, email="b@example.org", password=PASSWORD)
    assert [page.status for page in (sent, opened, staff, half)] == [303] * 4
    wanted = {
        **{f"__Secure-kanali-receipt /{code}/receipt": "Strict" for code in town.city.identity.languages},
        "__Host-kanali-item /": "Strict",
        "__Host-kanali-staff /": "Lax",
        "__Host-kanali-half /": "Strict",
    }
    found: dict[str, str] = {}
    for page in (sent, opened, staff, half):
        for cookie in page.response.headers.get_list("set-cookie"):
            pair, *attributes = cookie.split("; ")
            given = {part.partition("=")[0]: part.partition("=")[2] for part in attributes}
            assert given.keys() == {"Max-Age", "Path", "HttpOnly", "SameSite", "Secure"}, cookie
            found[f"{pair.partition('=')[0]} {given['Path']}"] = given["SameSite"]
    assert found == wanted


def test_a_cookie_of_another_name_opens_nothing(town: Town) -> None:
    """What a page without https or a neighbour of the host name could set is not read."""
    identifier = clerk(town).client.cookies["__Host-kanali-staff"]
    browser = town.visitor()
    for name in ("kanali-staff", "__Secure-kanali-staff"):
        browser.client.cookies.set(name, identifier, path="/")
        assert browser.get("/staff/inbox").location == "/staff/sign-in"
    browser.client.cookies.set("__Host-kanali-staff", identifier, path="/")
    assert browser.get("/staff/inbox").status == 200


def test_every_page_loads_from_this_host_only(answers: dict[str, Any]) -> None:
    for name, response in answers.items():
        if not response.headers["content-type"].startswith("text/html"):
            continue
        for tag in Page(response).soup.select("script[src], link[href], img[src], use[href], form[action]"):
            address = str(tag.get("src") or tag.get("href") or tag.get("action"))
            assert urlsplit(address).netloc in ("", urlsplit(HERE).netloc), (name, address)


def test_a_password_is_hidden_and_may_come_out_of_a_manager(answers: dict[str, Any]) -> None:
    field = Page(answers["stranger GET /staff/sign-in"]).soup.select_one("input[name=password]")
    assert field is not None
    assert (field["type"], field["autocomplete"]) == ("password", "current-password")
    assert not [name for name in field.attrs if name.startswith("on") or name in ("maxlength", "readonly")]

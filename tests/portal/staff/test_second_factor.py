"""The second factor: asked for after the password, set up, used once, removed, and what half a session opens."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from msgspec import structs

from feedback.columns import table_of
from feedback.custody.verify import verify
from feedback.ledger.notes import SYSTEM
from feedback.ledger.tables import Note
from feedback.limits.rules import SECOND_FACTOR
from feedback.people import accounts, sessions, totp
from feedback.people.factors import add_passkey
from feedback.people.tables import HalfSession, Passkey, RecoveryCode, StaffSession, Totp
from portal.app import create_app, routes
from portal.commands.user import command as user
from portal.database import Database
from portal.staff import ceremony
from tests.conftest import settings_for
from tests.town import Browser, Page, Town

PASSWORD = "eleven geese over the river"
EMAIL = "maria@example.org"
HERE = "/staff/account/second-factor"
WRONG = {"factor-code": "This code is not right, or it was used before"}


@pytest.fixture(scope="module")
def password_hash() -> str:
    return accounts.hash_password(PASSWORD)


@pytest.fixture
def maria(town: Town, password_hash: str) -> str:
    """The secret of the app of a clerk who has one."""
    return town.adds_app(town.account("clerk", email=EMAIL, password_hash=password_hash))


@pytest.fixture
def strict_town(database: Database, tmp_path: Path, password_hash: str) -> Town:
    """A town where everybody must have a second factor, and a clerk who has none."""
    town = Town(database, settings_for(database.url, tmp_path, {"KANALI_SECOND_FACTOR": "required"}))
    town.account("clerk", email=EMAIL, password_hash=password_hash)
    return town


def code(shared: str, *, step: int = 0) -> str:
    """What the app shows now, or so many steps later."""
    return pyotp.HOTP(shared).at(totp.step_of(datetime.now(UTC)) + step)


def half(town: Town) -> Browser:
    """Somebody who has given the right password."""
    browser = town.visitor()
    with town.database.write() as session:
        account = accounts.get_by_email(session, EMAIL)
        identifier = sessions.start_half(session, account_id=account.id or 0, now=datetime.now(UTC))
    browser.client.cookies.set("kanali-half", identifier, path="/")
    return browser


def inside(town: Town) -> Browser:
    """Maria, signed in."""
    browser = town.signed_in(town.rows(Totp)[0].account_id)
    identifier = browser.client.cookies["kanali-staff"]
    browser.client.cookies.clear()
    browser.client.cookies.set("kanali-staff", identifier, domain="127.0.0.1", path="/")
    return browser


def leads_to(town: Town) -> str:
    """Where the right password leads."""
    return town.visitor().post("/staff/sign-in", email=EMAIL, password=PASSWORD).location


def enter(browser: Browser, typed: str, **more: str) -> Page:
    return browser.post("/staff/sign-in/code", **{"factor-code": typed, **more})


def opened(browser: Browser) -> list[str]:
    """The routes of staff that show or do something, of all that there are."""
    found = []
    for route in routes():
        if not route.path.startswith("/staff/") or route.policy == "public":
            continue
        for method in route.methods:
            path = re.sub(r"{\w+}", "RIV-2026-000001", route.path)
            page = browser.get(path) if method == "GET" else browser.post(path)
            if page.status != 303 and page.status != 307:
                found.append(f"{method} {route.path} {page.status}")
    return found


def acts(town: Town) -> list[str]:
    return [note.act for note in town.rows(Note) if note.kind == "account"]


def cookie(browser: Browser) -> str:
    return browser.client.cookies.get("kanali-staff") or ""


# ── the second step ─────────────────────────────────────────────────────────────────────────────────────────


def test_between_password_and_code_nothing_opens(town: Town, maria: str) -> None:
    browser = town.visitor()
    page = browser.post("/staff/sign-in", email=EMAIL, password=PASSWORD)
    assert (page.status, page.location) == (303, "/staff/sign-in/code")
    assert town.count(StaffSession) == 0
    assert opened(browser) == []
    thief = town.visitor()
    thief.client.cookies.set("kanali-staff", browser.client.cookies["kanali-half"], path="/")
    assert opened(thief) == [], "half a session is no session under its name either"
    assert "six digits" in browser.get("/staff/sign-in/code").text

    page = enter(browser, code(maria))
    assert (page.status, page.location) == (303, "/staff/inbox")
    assert browser.get("/staff/inbox").status == 200
    assert town.count(HalfSession) == 0
    assert browser.get("/staff/sign-in/code").location == "/staff/sign-in"


def test_a_code_opens_once_and_whatever_is_wrong_is_told_alike(
    town: Town, maria: str, password_hash: str
) -> None:
    other = town.adds_app(town.account("clerk", email="other@example.org", password_hash=password_hash))
    used = code(maria)
    assert enter(half(town), used).status == 303
    tries = [used, code(maria, step=-4), code(maria, step=4), code(other), "2W13 EHBJ A1VY 22Z1"]
    pages = [enter(half(town), typed) for typed in tries[:4]]
    assert [page.status for page in pages] == [422] * 4
    assert {page.text for page in pages} == {pages[0].text} and pages[0].errors == WRONG
    assert enter(half(town), code(maria, step=1)).status == 303, "the next one opens"
    assert enter(half(town), tries[4]).errors == WRONG
    assert enter(half(town), " ").errors == {"factor-code": "Enter the code"}


def test_of_wrong_codes_the_sixth_is_limited_wherever_it_comes_from(town: Town, maria: str) -> None:
    browsers = [half(town) for _ in range(SECOND_FACTOR.most + 1)]
    assert [enter(one, "000000").status for one in browsers[:-1]] == [422] * SECOND_FACTOR.most
    page = enter(browsers[-1], code(maria))
    assert page.status == 429
    assert 0 < int(page.response.headers["retry-after"]) <= SECOND_FACTOR.seconds
    assert "Please wait" in page.errors["factor-code"]
    assert town.count(StaffSession) == 0


def test_a_right_code_ends_the_count(town: Town, maria: str) -> None:
    for step in (0, 1):
        browser = half(town)
        assert [enter(browser, "000000").status for _ in range(SECOND_FACTOR.most - 1)] == [422] * 4
        assert enter(browser, code(maria, step=step)).status == 303


def test_the_second_step_has_five_minutes_and_loses_no_words(town: Town, maria: str) -> None:
    report = town.citizen_reports(service="roads")
    kept = {"kept-address": f"/staff/item/{report.reference}/answer", "kept-text": "Filled on <Tuesday>."}
    browser = town.visitor()
    page = browser.post("/staff/sign-in", email=EMAIL, password=PASSWORD, **kept)
    assert page.status == 200 and "What you wrote is kept" in page.text
    assert enter(browser, "000000", **kept).value("kept-text") == "Filled on <Tuesday>."
    with town.database.write() as session:
        session.execute(sa.update(table_of(HalfSession)).values(ends_at=datetime.now(UTC)))
    page = enter(browser, code(maria), **kept)
    assert page.status == 401
    assert "The five minutes for the second step are over." in page.text
    assert page.value("kept-text") == "Filled on <Tuesday>."
    browser.post("/staff/sign-in", email=EMAIL, password=PASSWORD, **kept)
    page = enter(browser, code(maria, step=1), **kept)
    assert page.status == 200 and "Filled on <Tuesday>." in page.text
    with town.database.write() as session:
        sessions.purge(session, now=datetime.now(UTC) + sessions.HALF)
    assert town.count(HalfSession) == 0


def test_what_ends_sessions_ends_half_ones(town: Town, maria: str) -> None:
    browser = half(town)
    with town.database.write() as session:
        account = accounts.get_by_email(session, EMAIL)
        sessions.end_all(session, account.id or 0)
    assert browser.get("/staff/sign-in/code").location == "/staff/sign-in"
    assert enter(browser, code(maria)).status == 401


# ── where everybody must have one ───────────────────────────────────────────────────────────────────────────


def set_up(browser: Browser) -> tuple[str, list[str]]:
    """Set up an app; its secret and the recovery codes."""
    page = browser.get(f"{HERE}/app")
    shared = page.field("#app-secret").replace(" ", "")
    page = browser.post(f"{HERE}/app", **{"set-up": page.value("set-up"), "factor-code": code(shared)})
    assert page.status == 200, page.text
    return shared, [found.get_text() for found in page.soup.select(".recovery-code")]


def test_who_has_none_sets_one_up_before_anything_else(strict_town: Town) -> None:
    browser = strict_town.visitor()
    page = browser.post("/staff/sign-in", email=EMAIL, password=PASSWORD)
    assert (page.status, page.location) == (303, HERE)
    assert {place.split()[1] for place in opened(browser)} <= {
        route.path for route in routes() if route.policy == "set-up"
    }
    for path in ("/staff", "/staff/inbox", "/staff/account"):
        assert browser.get(path).location == HERE
    assert "asks everybody for a second factor" in browser.get(HERE).text
    first = cookie(browser)
    shared, codes = set_up(browser)
    assert len(set(codes)) == 10
    assert browser.get("/staff/inbox").status == 200
    assert cookie(browser) != first, "more rights, another identifier"
    thief = strict_town.visitor()
    thief.client.cookies.set("kanali-staff", first, path="/")
    assert thief.get(HERE).location == "/staff/sign-in"

    assert browser.post(f"{HERE}/app/remove").location == f"{HERE}?done=removed"
    assert browser.get("/staff/inbox").location == HERE, "without one nothing opens again"
    assert leads_to(strict_town) == HERE
    assert shared


def test_a_demonstration_asks_nobody(strict_town: Town) -> None:
    strict_town.site = structs.replace(strict_town.site, demonstration=True)
    strict_town.app = create_app(strict_town.site)
    assert leads_to(strict_town) == "/staff/inbox"


def test_where_it_is_offered_nobody_must(town: Town, password_hash: str) -> None:
    browser = town.signed_in(town.account("clerk", email=EMAIL, password_hash=password_hash))
    assert leads_to(town) == "/staff/inbox"
    assert "Your password alone opens your account" in browser.get("/staff/account").text
    assert browser.get(f"{HERE}/app").location == HERE, "the password is asked for once more"
    page = browser.post(f"{HERE}/confirm", current="not the password")
    assert page.errors == {"current": "This is not your present password"}
    assert browser.post(f"{HERE}/confirm", current=PASSWORD).location == HERE
    set_up(browser)
    assert "Beside your password" in browser.get("/staff/account").text


def test_who_shows_the_password_once_more_goes_on_under_another_identifier(
    town: Town, password_hash: str
) -> None:
    town.account("clerk", email=EMAIL, password_hash=password_hash)
    browser = town.visitor()
    assert browser.post("/staff/sign-in", email=EMAIL, password=PASSWORD).status == 303
    first = cookie(browser)
    assert browser.post(f"{HERE}/confirm", current=PASSWORD).location == HERE
    assert browser.get(f"{HERE}/app").status == 200
    assert cookie(browser) != first
    thief = town.visitor()
    thief.client.cookies.set("kanali-staff", first, path="/")
    assert thief.get("/staff/account").location.startswith("/staff/sign-in")


# ── setting up and removing ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def desk(town: Town, maria: str) -> Browser:
    """Maria, signed in, who has shown password and code once more."""
    browser = inside(town)
    page = browser.post(f"{HERE}/confirm", **{"current": PASSWORD, "factor-code": code(maria)})
    assert page.location == HERE, page.errors
    return browser


CHANGES: dict[str, dict[str, str]] = {
    "app": {},
    "app/remove": {},
    "codes": {},
    "passkeys": {"credential": "{}"},
    "passkeys/rename": {"passkey": "1", "passkey-name": "mine"},
    "passkeys/remove": {"passkey": "1"},
}


def add_key(town: Town, email: str = EMAIL, credential_id: str = "AAAA") -> int:
    with town.database.write() as session:
        account = accounts.get_by_email(session, email)
        add_passkey(
            session,
            account_id=account.id or 0,
            name="Phone",
            credential_id=credential_id,
            public_key="AAAA",
            sign_count=0,
            transports=["internal"],
            by=SYSTEM,
            now=town.now,
        )
    return int(town.rows(Passkey)[-1].id)


def test_nothing_changes_before_it_was_shown_once_more(town: Town, maria: str) -> None:
    add_key(town)
    browser = inside(town)
    before = [town.rows(model) for model in (Totp, Passkey, RecoveryCode, Note)]
    pages = [browser.post(f"{HERE}/{path}", **fields) for path, fields in CHANGES.items()]
    assert {page.location for page in pages} == {HERE}
    assert browser.post(f"{HERE}/passkeys/options").status == 404
    for fields in (
        {"current": PASSWORD},
        {"current": PASSWORD, "factor-code": "000000"},
        {"credential": "{}"},
    ):
        assert browser.post(f"{HERE}/confirm", **fields).status == 422
    assert [town.rows(model) for model in (Totp, Passkey, RecoveryCode, Note)] == before
    assert "Remove" not in browser.get(HERE).text


def test_it_may_be_changed_for_ten_minutes(town: Town, desk: Browser) -> None:
    assert "Remove the app" in desk.get(HERE).text
    with town.database.write() as session:
        past = datetime.now(UTC) - sessions.CONFIRMED
        session.execute(sa.update(table_of(StaffSession)).values(confirmed_at=past))
    assert "Remove the app" not in desk.get(HERE).text
    assert desk.post(f"{HERE}/app/remove").location == HERE
    assert town.rows(Totp)[0].removed_at is None


def test_each_change_ends_every_other_session_and_renews_this_one(town: Town, desk: Browser) -> None:
    key = add_key(town)
    account_id = town.rows(Totp)[0].account_id
    for path in ("codes", "passkeys/remove", "app/remove"):
        there, before = town.signed_in(account_id), cookie(desk)
        assert desk.post(f"{HERE}/{path}", passkey=str(key)).status in (200, 303)
        assert cookie(desk) != before
        assert there.get("/staff/inbox").location == "/staff/sign-in"
        assert desk.get("/staff/inbox").status == 200
    assert acts(town)[-3:] == ["recovery_codes_made", "second_factor_removed", "second_factor_removed"]
    assert town.count(RecoveryCode) == 0, "they stand in for a factor, and there is none"
    assert leads_to(town) == "/staff/inbox"
    with town.read() as session:
        assert list(verify(session)) == []


def test_a_recovery_code_opens_once(town: Town, desk: Browser) -> None:
    page = desk.post(f"{HERE}/codes")
    first, second, *_ = [found.get_text() for found in page.soup.select(".recovery-code")]
    assert not any(first.replace(" ", "") in str(row) for row in town.rows(RecoveryCode))
    assert enter(half(town), first.lower().replace(" ", "-")).location == "/staff/inbox"
    assert enter(half(town), first).errors == WRONG
    assert "9 codes are left" in desk.get(HERE).text
    assert acts(town)[-1] == "recovery_code_used"
    desk.post(f"{HERE}/codes")
    assert enter(half(town), second).errors == WRONG, "new ones end the old ones"
    other = town.account("clerk", email="other@example.org")
    with town.database.write() as session:
        session.execute(sa.update(table_of(RecoveryCode)).values(account_id=other))
    assert enter(half(town), second).errors == WRONG


def test_an_app_is_set_up_by_its_first_code(town: Town, desk: Browser) -> None:
    assert desk.get(f"{HERE}/app").location == HERE, "there is one already"
    desk.post(f"{HERE}/app/remove")
    page = desk.get(f"{HERE}/app")
    shared = page.field("#app-secret").replace(" ", "")
    assert page.soup.select_one("svg.qr path") and page.value("set-up")
    wrong = desk.post(f"{HERE}/app", **{"set-up": page.value("set-up"), "factor-code": "000000"})
    assert wrong.status == 422 and wrong.field("#app-secret").replace(" ", "") == shared, "the same again"
    forged = page.value("set-up").replace("-", "0-", 1)
    refused = desk.post(f"{HERE}/app", **{"set-up": forged, "factor-code": code(shared)})
    assert refused.status == 422 and refused.field("#app-secret").replace(" ", "") != shared
    assert town.rows(Totp)[-1].removed_at is not None
    done = desk.post(f"{HERE}/app", **{"set-up": page.value("set-up"), "factor-code": code(shared)})
    assert "Recovery codes" in done.text
    everything = "".join(str(row) for model in (Totp, Note) for row in town.rows(model))
    assert shared not in everything and page.value("set-up") not in everything


def test_a_passkey_has_a_name_of_its_owner(town: Town, desk: Browser) -> None:
    key = add_key(town)
    desk.post(
        f"{HERE}/passkeys/rename",
        **{"passkey": str(key), "passkey-name": " Work\x07 <b>laptop</b> " + "x" * 90},
    )
    (kept,) = town.rows(Passkey)
    assert kept.name.startswith("Work <b>laptop</b> xxx") and len(kept.name) == 60
    assert kept.name in desk.get(HERE).text
    desk.post(f"{HERE}/passkeys/rename", **{"passkey": str(key), "passkey-name": " "})
    assert town.rows(Passkey)[0].name == kept.name
    town.account("clerk", email="other@example.org")
    theirs = add_key(town, "other@example.org", "BBBB")
    for path in ("rename", "remove"):
        page = desk.post(f"{HERE}/passkeys/{path}", **{"passkey": str(theirs), "passkey-name": "mine"})
        assert page.status == 404
    assert town.rows(Passkey)[-1].name == "Phone" and town.rows(Passkey)[-1].removed_at is None


@pytest.mark.parametrize(
    "given",
    [
        "",
        "{}",
        "[]",
        "null",
        "[" * 5000,
        "x" * 30_000,
        '{"id": "AAAA", "rawId": "AAAA", "type": "public-key"}',
    ],
)
def test_what_is_no_passkey_is_refused(sqlite_town: Town, given: str) -> None:
    page = sqlite_town.visitor().post("/staff/sign-in/passkey", credential=given)
    assert page.status == 422
    assert "This passkey could not be used." in page.text
    assert page.title.startswith("Error:")


@pytest.mark.parametrize(
    ("public_url", "host", "address"),
    [
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("http://[::1]:8000", "localhost", "http://localhost:8000"),
        ("https://feedback.example.org", "feedback.example.org", "https://feedback.example.org"),
        ("https://feedback.example.org:8443", "feedback.example.org", "https://feedback.example.org:8443"),
        ("https://192.0.2.1", "", ""),
        ("https://[2001:db8::1]:444", "", ""),
    ],
)
def test_a_passkey_is_bound_to_the_name_of_the_portal(
    tmp_path: Path, public_url: str, host: str, address: str
) -> None:
    settings = settings_for(f"sqlite:///{tmp_path}/kanali.db", tmp_path, {"KANALI_PUBLIC_URL": public_url})
    assert (ceremony.host_of(settings), ceremony.address_of(settings)) == (host, address)


def test_where_the_portal_has_a_number_for_a_name_it_says_so(
    sqlite_database: Database, tmp_path: Path, password_hash: str
) -> None:
    more = {"KANALI_PUBLIC_URL": "https://192.0.2.1"}
    town = Town(sqlite_database, settings_for(sqlite_database.url, tmp_path, more))
    account_id = town.account("clerk", email=EMAIL, password_hash=password_hash)
    browser = town.visitor()
    with town.database.write() as session:
        identifier = sessions.start(session, account_id=account_id, now=datetime.now(UTC))
    browser.client.cookies.set("__Host-kanali-staff", identifier, path="/")
    page = browser.get(HERE)
    assert "they cannot be used here" in page.text
    assert not page.soup.select("[data-passkey], script[src*=passkeys]")
    assert not town.visitor().get("/staff/sign-in").soup.select("[data-passkey], script[src*=passkeys]")
    assert browser.post("/staff/sign-in/passkey/options").status == 400


# ── from the terminal ───────────────────────────────────────────────────────────────────────────────────────


def test_a_reset_removes_factors_where_it_is_asked_to(
    town: Town, maria: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KANALI_DATABASE_URL", town.settings.database_url)
    monkeypatch.setenv("KANALI_SECRET_FILE", str(town.settings.secret_file))
    add_key(town)
    there = half(town)
    for more, asked in (([], "/staff/sign-in/code"), (["--second-factor"], "/staff/inbox")):
        ran = CliRunner().invoke(user, ["reset", EMAIL, "--password-stdin", *more], input=PASSWORD)
        assert ran.exit_code == 0, ran.output
        assert leads_to(town) == asked
    assert enter(there, code(maria)).status == 401
    assert acts(town)[-1] == "second_factor_removed"
    (note,) = [note for note in town.rows(Note) if note.act == "second_factor_removed"]
    assert '"totp:1"' in note.facts and '"passkey:1"' in note.facts and note.actor_kind == "system"

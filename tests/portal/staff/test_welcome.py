"""Choosing a password by a mailed link: who gets one, where it leads, what it does; what nobody learns by asking."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from feedback.ledger.notes import SYSTEM
from feedback.limits.rules import RESET_ACCOUNT, RESET_SOURCE
from feedback.outbox.tables import Message
from feedback.people import accounts, welcome
from feedback.people.tables import Welcome
from portal import jobs
from portal.staff import sign_in
from tests.post_office import Mail, read_mails
from tests.town import Page, Town

PASSWORD = "eleven geese over the river"


@pytest.fixture(autouse=True)
def in_a_folder_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With PostgreSQL mails are written to `var/mail` below the working directory."""
    monkeypatch.chdir(tmp_path)


def mails_of(town: Town) -> list[Mail]:
    jobs.run_due(town.site, now=town.now)
    return read_mails(town.settings.mail_folder)


def asks(town: Town, email: str, address: str = "") -> Page:
    return town.visitor(address=address).post("/staff/forgotten", email=email)


def test_a_lost_password_is_replaced_by_a_mailed_link(town: Town) -> None:
    person = town.account("clerk", email="ada@example.org", name="Ada Reed", password_hash="")
    old = town.signed_in(person)
    browser = town.visitor()
    page = browser.post("/staff/forgotten", email=" ADA@example.org ", follow=True)
    assert page.status == 200
    assert "If the address that you entered has an account" in page.text
    (mail,) = mails_of(town)
    assert mail.to == "ada@example.org"
    assert mail.subject == "Choose a new password"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    at = mail.link("welcome")
    shown = browser.get(at)
    assert shown.status == 200
    assert "Ada Reed" in shown.text
    assert shown.response.headers["cache-control"] == "no-store"
    assert old.get("/staff/inbox").status == 200, "looking changes nothing"
    chosen = browser.post(at, **{"new-password": PASSWORD})
    assert (chosen.status, chosen.location) == (303, "/staff/sign-in?done=password")
    assert "set-cookie" not in chosen.response.headers, "it signs nobody in"
    assert "Your password is kept" in browser.get(chosen.location).text
    assert old.get("/staff/inbox").location == "/staff/sign-in"
    assert browser.post("/staff/sign-in", email="ada@example.org", password=PASSWORD).status == 303
    assert [browser.get(at).status, browser.post(at, **{"new-password": PASSWORD}).status] == [410, 410]


def test_the_link_leads_to_the_address_of_the_settings_alone(town: Town) -> None:
    town.account("clerk", email="ada@example.org")
    browser = town.visitor()
    browser.client.headers.update({"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"})
    assert browser.post("/staff/forgotten", email="ada@example.org").status == 303
    assert browser.client.post("/staff/forgotten", headers={"Host": "evil.example"}).status_code == 421
    (mail,) = mails_of(town)
    assert {urlsplit(address).netloc for address in mail.addresses} == {"127.0.0.1:8000"}


def test_the_link_is_nowhere_in_clear_once_its_mail_is_sent(town: Town) -> None:
    town.account("clerk", email="ada@example.org")
    asks(town, "ada@example.org")
    token = mails_of(town)[0].link("welcome").rpartition("/")[2]
    assert len(token) == 43
    (message,), (kept,) = town.rows(Message), town.rows(Welcome)
    assert (message.state, message.rendered) == ("sent", None)
    assert token not in f"{message} {kept}"


def test_nobody_learns_which_address_has_an_account(town: Town) -> None:
    town.account("clerk", email="here@example.org")
    gone = town.account("clerk", email="gone@example.org")
    with town.database.write() as session:
        accounts.disable(session, email="gone@example.org", by=SYSTEM, now=town.now)
    pages = [asks(town, f"{name}@example.org") for name in ("here", "gone", "nobody")]
    assert {(page.status, page.location, page.response.text) for page in pages} == {
        (303, "/staff/forgotten?done=sent", "")
    }
    headers = [{**page.response.headers, "x-request-id": ""} for page in pages]
    assert headers[0] == headers[1] == headers[2]
    assert [mail.to for mail in mails_of(town)] == ["here@example.org"]
    assert [row.state for row in town.rows(Message)] == ["sent", "erased", "erased"]
    assert gone not in [row.account_id for row in town.rows(Welcome)]


def test_an_account_that_is_disabled_meanwhile_gets_no_mail(sqlite_town: Town) -> None:
    town = sqlite_town
    town.account("clerk", email="ada@example.org")
    asks(town, "ada@example.org")
    with town.database.write() as session:
        accounts.disable(session, email="ada@example.org", by=SYSTEM, now=town.now)
    assert mails_of(town) == []


def test_a_mailbox_is_not_flooded_and_the_limit_tells_nothing_either(sqlite_town: Town) -> None:
    """Each try from another address on the net; in upper case it is the same mailbox."""
    town = sqlite_town
    town.account("clerk", email="here@example.org")
    for email in ("here@example.org", "nobody@example.org"):
        assert [asks(town, email).status for _ in range(RESET_ACCOUNT.most)] == [303] * 3
        limited = asks(town, email.upper())
        assert limited.status == 429
        assert int(limited.response.headers["retry-after"]) <= 3600
        assert "Too many links were asked for" in limited.errors["email"]
    assert len(mails_of(town)) == 3


def test_one_source_asks_for_some_addresses_only(sqlite_town: Town) -> None:
    tries = [asks(sqlite_town, f"a{n}@example.org", "127.9.9.9").status for n in range(RESET_SOURCE.most + 1)]
    assert tries == [303] * RESET_SOURCE.most + [429]
    assert asks(sqlite_town, "a@example.org").status == 303


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "a@b@c.org", "ada@example.org\x00", "x" * 5000 + "@x.org"]
)
def test_what_is_no_address_is_named(sqlite_town: Town, email: str) -> None:
    page = asks(sqlite_town, email)
    assert page.status in (400, 422)
    assert sqlite_town.count(Message) == 0


def test_a_password_that_will_not_do_changes_nothing(sqlite_town: Town) -> None:
    town = sqlite_town
    person = town.account("clerk", email="ada@example.org", name="Ada Reed")
    at = _link(town, person)
    for password, words in (("short", "12 to 200"), ("password1234", "easy to guess"), ("", "12 to 200")):
        page = town.visitor().post(at, **{"new-password": password})
        assert page.status == 422
        assert words in page.errors["new-password"]
        assert not password or password not in page.response.text
    with town.read() as session:
        assert accounts.get(session, person).password_hash == ""
    assert town.visitor().get(at).status == 200, "the link is still good"


def test_an_unknown_a_used_and_an_ended_link_are_one_answer(sqlite_town: Town) -> None:
    town = sqlite_town
    used, cancelled = _link(town, town.account("clerk")), _link(town, person := town.account("lead"))
    assert town.visitor().post(used, **{"new-password": PASSWORD}).status == 303
    with town.database.write() as session:
        email = accounts.get(session, person).email
        accounts.disable(session, email=email, by=SYSTEM, now=town.now)
    unknown = f"/staff/welcome/{'x' * 43}"
    pages = [town.visitor().get(at) for at in (used, cancelled, unknown)]
    assert {page.status for page in pages} == {410}
    assert len({page.text for page in pages}) == 1
    assert pages[0].heading == "This link has ended"
    assert pages[0].soup.select_one("a[href='/staff/forgotten']")


def test_the_page_speaks_the_language_of_the_account(sqlite_town: Town) -> None:
    town = sqlite_town
    at = _link(town, town.account("clerk", language="lt", email="ona@example.org"))
    assert '<html lang="lt">' in town.visitor("en").get(at).response.text
    asks(town, "ona@example.org")
    (mail,) = mails_of(town)
    assert mail.message["Content-Language"] == "lt"


def test_a_crowd_of_choosers_is_asked_to_come_back(sqlite_town: Town, busy: Callable[[], None]) -> None:
    at = _link(sqlite_town, sqlite_town.account("clerk"))
    busy()
    page = sqlite_town.visitor().post(at, **{"new-password": PASSWORD})
    assert (page.status, page.response.headers["retry-after"]) == (429, "5")


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """No place to verify or hash a password is free."""

    def fill() -> None:
        monkeypatch.setattr(sign_in, "_places", threading.BoundedSemaphore(1))
        sign_in._places.acquire()

    return fill


def _link(town: Town, account_id: int) -> str:
    made = welcome.make(account_id=account_id, occasion="invitation", now=datetime.now(UTC))
    with town.database.write() as session:
        welcome.keep(session, made)
    return f"/staff/welcome/{made.token}"

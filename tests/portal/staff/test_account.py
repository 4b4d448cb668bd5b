"""The account page: what it says, another language, signing out everywhere."""

from __future__ import annotations

import argon2
import pytest

from feedback.ledger.tables import Note
from feedback.limits.rules import SIGN_IN_ACCOUNT
from feedback.people import accounts
from tests.town import Town


@pytest.mark.parametrize(
    ("role", "says"),
    [
        ("quality", "keep the quality record"),
        ("admin", "keep the accounts of staff"),
        ("auditor", "read the ledger"),
    ],
)
def test_a_role_without_pages_reads_what_will_come(town: Town, role: str, says: str) -> None:
    browser = town.signed_in(town.account(role, name="Ada Able"))
    page = browser.get("/staff/account")
    assert page.status == 200
    assert "Ada Able" in page.text
    assert says in page.text
    assert "not built yet" in page.text
    assert "Cases" not in page.field("header")


def test_the_departments_are_named(town: Town) -> None:
    assert "Department A Department C" in town.lead("dept-a", "dept-c").get("/staff/account").text


def test_another_language_is_kept_and_noted(town: Town) -> None:
    account_id = town.account("clerk", language="en")
    browser = town.signed_in(account_id)
    notes = town.count(Note)
    page = browser.post("/staff/account/language", language="lt")
    assert (page.status, page.location) == (303, "/staff/account?done=language")
    assert browser.get(page.location).soup.html["lang"] == "lt"
    assert town.count(Note) == notes + 1
    assert "language_set" in {note.act for note in town.rows(Note)}
    browser.post("/staff/account/language", language="lt")
    assert town.count(Note) == notes + 1


@pytest.mark.parametrize("language", ["", "xx", "\x00"])
def test_an_unknown_language_is_refused(town: Town, language: str) -> None:
    page = town.clerk().post("/staff/account/language", language=language)
    assert page.status == 422
    assert page.errors == {"language": "Choose one of the languages"}


def test_signing_out_everywhere_ends_every_session_of_the_account(town: Town) -> None:
    account_id = town.account("clerk")
    here, there, other = town.signed_in(account_id), town.signed_in(account_id), town.clerk()
    assert here.post("/staff/account/sign-out-everywhere").location == "/staff/sign-in?done=signed-out"
    assert here.get("/staff/inbox").location == "/staff/sign-in"
    assert there.get("/staff/inbox").location == "/staff/sign-in"
    assert other.get("/staff/inbox").status == 200


PASSWORD, NEW = "eleven geese over the river", "two lamps behind a quiet mill"


@pytest.fixture(scope="module")
def password_hash() -> str:
    return accounts.hash_password(PASSWORD)


def test_a_new_password_ends_every_session_but_ones_own(town: Town, password_hash: str) -> None:
    account_id = town.account("clerk", email="a@example.org", password_hash=password_hash)
    here, there = town.signed_in(account_id), town.signed_in(account_id)
    page = here.post("/staff/account/password", current=PASSWORD, **{"new-password": NEW})
    assert (page.status, page.location) == (303, "/staff/account?done=password")
    assert "Your password is changed." in here.get(page.location).text
    assert there.get("/staff/inbox").location == "/staff/sign-in"
    assert "password_changed" in {note.act for note in town.rows(Note)}
    for password, status in ((PASSWORD, 422), (NEW, 303)):
        entered = town.visitor().post("/staff/sign-in", email="a@example.org", password=password)
        assert entered.status == status


@pytest.mark.parametrize(
    ("current", "new", "field", "message"),
    [
        ("not it at all", NEW, "current", "This is not your present password"),
        ("", NEW, "current", "This is not your present password"),
        (PASSWORD, "short", "new-password", "Choose a password of 12 to 200 characters"),
        (PASSWORD, "password1234", "new-password", "This password is easy to guess."),
        (PASSWORD, "carl@example.org", "new-password", "This password is easy to guess."),
    ],
)
def test_a_new_password_that_will_not_do_changes_nothing(
    town: Town, password_hash: str, current: str, new: str, field: str, message: str
) -> None:
    account_id = town.account("clerk", email="carl@example.org", password_hash=password_hash)
    browser, notes = town.signed_in(account_id), town.count(Note)
    page = browser.post("/staff/account/password", current=current, **{"new-password": new})
    assert page.status == 422
    assert page.errors.keys() == {field}
    assert page.errors[field].startswith(message)
    assert page.value("new-password") == page.value("current") == ""
    assert town.count(Note) == notes
    assert browser.get("/staff/inbox").status == 200


def test_a_borrowed_browser_does_not_guess_the_password(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_hasher", argon2.PasswordHasher(1, 8, 1))
    browser = town.signed_in(
        town.account("clerk", email="a@example.org", password_hash=accounts.hash_password(PASSWORD))
    )
    statuses = [
        browser.post("/staff/account/password", current=f"wrong {number}", **{"new-password": NEW}).status
        for number in range(SIGN_IN_ACCOUNT.most + 2)
    ]
    assert statuses == [422] * SIGN_IN_ACCOUNT.most + [429] * 2
    assert browser.post("/staff/account/password", current=PASSWORD, **{"new-password": NEW}).status == 429


def test_each_signed_in_browser_is_listed_and_can_be_signed_out(town: Town) -> None:
    account_id = town.account("clerk")
    here, there, other = town.signed_in(account_id), town.signed_in(account_id), town.clerk()
    page = here.get("/staff/account")
    assert page.text.count("last used") == 2
    assert page.text.count("this browser") == page.text.count("Sign out there") == 1
    mark = page.value("session")
    gone = here.post("/staff/account/sign-out-there", session=mark)
    assert (gone.status, gone.location) == (303, "/staff/account?done=signed-out-there")
    assert "The other browser is signed out." in here.get(gone.location).text
    assert there.get("/staff/inbox").location == "/staff/sign-in"
    assert other.get("/staff/inbox").status == here.get("/staff/inbox").status == 200


@pytest.mark.parametrize("mark", ["", "x", "%" * 16, "\x00" * 16, "0" * 16, "another's"])
def test_only_a_session_of_ones_own_can_be_signed_out(town: Town, mark: str) -> None:
    mine = town.clerk()
    account_id = town.account("clerk")
    here, there = town.signed_in(account_id), town.signed_in(account_id)
    attempt = here.get("/staff/account").value("session") if mark == "another's" else mark
    assert mine.post("/staff/account/sign-out-there", session=attempt).status == 303
    for browser in (mine, here, there):
        assert browser.get("/staff/inbox").status == 200


def test_nobody_signed_in_is_sent_to_the_sign_in(town: Town) -> None:
    assert town.visitor().get("/staff/account").location == "/staff/sign-in"


def test_a_refusal_speaks_the_language_of_the_account(town: Town) -> None:
    admin = town.signed_in(town.account("admin", language="lt"))
    page = admin.get("/staff/inbox")
    assert page.status == 404
    assert page.soup.html["lang"] == "lt"
    assert [str(link["href"]) for link in page.soup.select("main a")] == ["/staff/"]

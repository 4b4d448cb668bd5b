"""The account page: what it says, another language, signing out everywhere."""

from __future__ import annotations

import pytest

from feedback.ledger.tables import Note
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

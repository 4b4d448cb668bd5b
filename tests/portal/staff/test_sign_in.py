"""Signing in and out: who gets in, what everybody else is told, and what an ended session keeps."""

from __future__ import annotations

import time
from typing import Any

import argon2
import pytest

from feedback.ledger.notes import SYSTEM
from feedback.people import accounts
from feedback.people.tables import StaffSession
from portal.staff import sign_in
from tests.town import Browser, Page, Town

PASSWORD = "eleven geese over the river"


@pytest.fixture(scope="module")
def password_hash() -> str:
    return accounts.hash_password(PASSWORD)


def sign(browser: Browser, email: str, password: str = PASSWORD) -> Page:
    return browser.post("/staff/sign-in", email=email, password=password)


@pytest.mark.parametrize(
    ("role", "first"),
    [
        ("clerk", "/staff/inbox"),
        ("responder", "/staff/inbox"),
        ("lead", "/staff/inbox"),
        ("quality", "/staff/account"),
        ("admin", "/staff/account"),
        ("auditor", "/staff/account"),
    ],
)
def test_each_role_lands_on_its_first_page(town: Town, password_hash: str, role: str, first: str) -> None:
    town.account(role, email="a@example.org", password_hash=password_hash)
    browser = town.visitor()
    assert browser.get("/staff/").location == "/staff/sign-in"
    page = sign(browser, " A@Example.org ")
    assert (page.status, page.location) == (303, first)
    assert browser.get(first).status == 200
    assert browser.get("/staff/").location == first
    assert browser.get("/staff/sign-in").location == first


def test_unknown_wrong_and_disabled_are_told_the_same(town: Town, password_hash: str) -> None:
    town.account("clerk", email="here@example.org", password_hash=password_hash)
    town.account("clerk", email="gone@example.org", password_hash=password_hash)
    with town.database.write() as session:
        accounts.disable(session, email="gone@example.org", by=SYSTEM, now=town.now)
    tries = [
        ("nobody@example.org", PASSWORD),
        ("here@example.org", PASSWORD + "!"),
        ("gone@example.org", PASSWORD),
        ("here@example.org\x00", PASSWORD),
        ("here@example.org", "x" * 5000),
    ]
    pages = [sign(town.visitor(), email, password) for email, password in tries]
    assert [page.status for page in pages] == [422] * len(tries)
    assert len({page.text for page in pages}) == 1
    assert pages[0].errors == {"email": "This e-mail address and password do not open an account"}
    assert pages[1].value("email") == "here@example.org"
    assert town.count(StaffSession) == 0
    assert all(PASSWORD not in page.response.text for page in pages)


def test_every_refusal_verifies_one_password(
    town: Town, password_hash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.account("clerk", email="here@example.org", password_hash=password_hash)
    checked: list[str] = []
    verify = argon2.PasswordHasher.verify

    def counted(hasher: argon2.PasswordHasher, stored: str, password: str) -> Any:
        checked.append(stored)
        return verify(hasher, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    sign(town.visitor(), "nobody@example.org")
    sign(town.visitor(), "here@example.org", "not the password")
    assert len(checked) == 2


def test_a_password_is_taken_as_it_was_typed(town: Town, password_hash: str) -> None:
    town.account("clerk", email="here@example.org", password_hash=password_hash)
    for typed in (f" {PASSWORD}", f"{PASSWORD}\n", PASSWORD.upper()):
        assert sign(town.visitor(), "here@example.org", typed).status == 422
    assert sign(town.visitor(), "here@example.org").status == 303


def test_empty_fields_are_named(town: Town) -> None:
    page = town.visitor().post("/staff/sign-in", email="", password="")
    assert page.status == 422
    assert page.errors == {"email": "Enter your e-mail address", "password": "Enter your password"}
    assert page.title.startswith("Error:")


def test_each_sign_in_has_an_identifier_of_its_own(town: Town, password_hash: str) -> None:
    town.account("clerk", email="a@example.org", password_hash=password_hash)
    browser = town.visitor()
    browser.client.cookies.set("kanali-staff", "chosen-by-somebody-else", path="/")
    page = sign(browser, "a@example.org")
    assert page.status == 303
    assert "chosen-by-somebody-else" not in page.response.headers["set-cookie"]
    cookie = page.response.headers["set-cookie"].lower()
    assert "httponly" in cookie and "path=/;" in cookie and "samesite" in cookie
    assert town.count(StaffSession) == 1


def test_signing_out_ends_the_session(town: Town) -> None:
    clerk = town.clerk()
    assert clerk.get("/staff/inbox").status == 200
    stolen = clerk.client.cookies.get("kanali-staff")
    page = clerk.post("/staff/sign-out")
    assert (page.status, page.location) == (303, "/staff/sign-in?done=signed-out")
    assert "You are signed out." in clerk.get(page.location).text
    thief = town.visitor()
    thief.client.cookies.set("kanali-staff", stolen or "", path="/")
    assert thief.get("/staff/inbox").location == "/staff/sign-in"


def test_a_post_from_another_page_signs_nobody_in(town: Town, password_hash: str) -> None:
    town.account("clerk", email="a@example.org", password_hash=password_hash)
    page = town.visitor().post(
        "/staff/sign-in", origin="https://elsewhere.example.org", email="a@example.org", password=PASSWORD
    )
    assert page.status == 403
    assert town.count(StaffSession) == 0


def test_a_crowd_is_asked_to_come_back_within_a_second(town: Town, password_hash: str) -> None:
    town.account("clerk", email="a@example.org", password_hash=password_hash)
    held = [sign_in._turns.acquire() for _ in range(sign_in.VERIFICATIONS)]
    try:
        began = time.monotonic()
        page = sign(town.visitor(), "a@example.org")
        waited = time.monotonic() - began
    finally:
        for _ in held:
            sign_in._turns.release()
    assert page.status == 429
    assert "try again in a few seconds" in page.text
    assert page.value("email") == "a@example.org"
    assert waited < 10, "it must not hang; under load the request itself takes its time"
    assert sign(town.visitor(), "a@example.org").status == 303


def test_the_form_speaks_the_browsers_language(town: Town) -> None:
    response = town.visitor().client.get("/staff/sign-in", headers={"Accept-Language": "lt"})
    assert '<html lang="lt">' in response.text


def test_words_written_while_the_session_ended_are_sent_after_signing_in(
    town: Town, password_hash: str
) -> None:
    town.account("clerk", email="a@example.org", password_hash=password_hash)
    report = town.citizen_reports(service="roads")
    browser = town.visitor()
    sign(browser, "a@example.org")
    desk = browser.get(f"/staff/item/{report.reference}")
    fields = {"version": desk.value("version"), "last_entry": desk.value("last_entry"), "outcome": "done"}
    browser.client.cookies.clear()

    page = browser.post(f"/staff/item/{report.reference}/answer", text="Filled on <Tuesday>.", **fields)
    assert page.status == 307
    page = browser.post(page.location, text="Filled on <Tuesday>.", **fields)
    assert page.status == 401
    assert "What you wrote is kept" in page.text
    carried = {str(f["name"]): str(f["value"]) for f in page.soup.select("input[name^=kept-]")}

    wrong = browser.post("/staff/sign-in", email="a@example.org", password="not the password", **carried)
    assert wrong.status == 422
    assert wrong.value("kept-text") == "Filled on <Tuesday>."

    page = browser.post("/staff/sign-in", email="a@example.org", password=PASSWORD, **carried)
    assert page.status == 200
    assert "Filled on <Tuesday>." in page.text
    form = page.soup.select_one("main form")
    assert form is not None
    again = {str(f["name"]): str(f["value"]) for f in form.select("input")}
    page = browser.post(str(form["action"]), **again)
    assert page.status == 303
    assert report.item.entries[-1].answer is not None
    assert report.item.entries[-1].answer.text == "Filled on <Tuesday>."


def test_a_kept_address_leads_to_our_desk_only(town: Town, password_hash: str) -> None:
    town.account("clerk", email="a@example.org", password_hash=password_hash)
    page = town.visitor().post(
        "/staff/sign-in",
        **{
            "email": "a@example.org",
            "password": PASSWORD,
            "kept-address": "https://elsewhere.example.org/",
            "kept-text": "x",
        },
    )
    assert (page.status, page.location) == (303, "/staff/inbox")


def test_a_clerk_begins_at_the_cases_that_nobody_else_can_assign(town: Town) -> None:
    clerk = town.clerk()
    assert clerk.get("/staff").location == "/staff/inbox"
    town.citizen_reports(text="A tree has fallen over")
    assert clerk.get("/staff").location == "/staff/inbox?queue=triage"
    assert town.responder("dept-a").get("/staff").location == "/staff/inbox"

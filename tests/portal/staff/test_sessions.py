"""Sessions of staff: how long they last, and what ends them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from feedback.columns import table_of
from feedback.ledger.notes import SYSTEM
from feedback.people import accounts, sessions
from feedback.people.tables import StaffSession
from tests.town import Browser, Town

PASSWORD = "eleven geese over the river"
DOOR = "/staff/sign-in"
_SESSION = table_of(StaffSession)


def set_sessions(town: Town, **values: Any) -> None:
    """Change every session: time goes by without anybody waiting for it."""
    with town.database.write() as session:
        session.execute(sa.update(_SESSION).values(**values))


def leads_to(browser: Browser) -> str:
    """Where the inbox leads; empty where it is shown."""
    return browser.get("/staff/inbox").location


def test_it_ends_after_half_an_hour_without_use(town: Town) -> None:
    clerk = town.clerk()
    assert timedelta(minutes=30) == sessions.IDLE
    set_sessions(town, seen_at=datetime.now(UTC) - sessions.IDLE + timedelta(minutes=1))
    assert leads_to(clerk) == ""
    set_sessions(town, seen_at=datetime.now(UTC) - sessions.IDLE)
    assert leads_to(clerk) == DOOR


def test_it_ends_after_twelve_hours_whatever_is_done(town: Town) -> None:
    clerk = town.clerk()
    (before,) = town.rows(StaffSession)
    assert before.ends_at - before.made_at == timedelta(hours=12)
    set_sessions(town, seen_at=datetime.now(UTC) - timedelta(minutes=2))
    assert leads_to(clerk) == ""
    (used,) = town.rows(StaffSession)
    assert used.seen_at >= before.seen_at and used.ends_at == before.ends_at, (
        "use prolongs the half hour only"
    )
    set_sessions(town, ends_at=datetime.now(UTC))
    assert leads_to(clerk) == DOOR


def test_disabling_an_account_ends_what_it_has_open(town: Town) -> None:
    account_id = town.account("clerk", email="gone@example.org")
    here, there, other = town.signed_in(account_id), town.signed_in(account_id), town.clerk()
    assert leads_to(here) == leads_to(there) == ""
    with town.database.write() as session:
        accounts.disable(session, email="gone@example.org", by=SYSTEM, now=town.now)
    assert leads_to(here) == leads_to(there) == DOOR
    assert leads_to(other) == ""


def test_signing_in_again_ends_the_one_before(town: Town) -> None:
    town.account("clerk", email="a@example.org", password_hash=accounts.hash_password(PASSWORD))
    browser = town.visitor()
    assert browser.post(DOOR, email="a@example.org", password=PASSWORD).status == 303
    first = browser.client.cookies["kanali-staff"]
    set_sessions(town, seen_at=datetime.now(UTC) - sessions.IDLE)
    assert browser.post(DOOR, email="a@example.org", password=PASSWORD).status == 303
    assert browser.client.cookies["kanali-staff"] != first
    assert leads_to(browser) == ""
    assert town.count(StaffSession) == 1
    thief = town.visitor()
    thief.client.cookies.set("kanali-staff", first, path="/")
    assert leads_to(thief) == DOOR


def test_its_identifier_is_256_random_bits_and_stored_as_a_fingerprint(town: Town) -> None:
    account_id = town.account("clerk")
    with town.database.write() as session:
        made = [sessions.start(session, account_id=account_id, now=datetime.now(UTC)) for _ in range(3)]
    assert len(set(made)) == 3
    assert {len(base64.urlsafe_b64decode(identifier + "=")) for identifier in made} == {32}
    assert not any(identifier in str(tuple(row)) for identifier in made for row in town.rows(StaffSession))

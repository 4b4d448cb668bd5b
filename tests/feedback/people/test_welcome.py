"""Links by which a password is chosen: good once, for a short time, no longer than the password that they replace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from feedback.errors import Expired
from feedback.ledger.notes import SYSTEM, Actor
from feedback.outbox.tables import Message
from feedback.people import accounts, welcome
from feedback.people.tables import StaffSession, Welcome
from feedback.people.welcome import Occasion
from tests.town import Town

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HASH = "$argon2id$a-hash-that-no-password-fits"


@pytest.fixture
def person(town: Town) -> int:
    return town.account("clerk", email="ada@example.org", password_hash="$argon2id$the-old-one")


def link(town: Town, account_id: int, occasion: Occasion = "reset") -> str:
    made = welcome.make(account_id=account_id, occasion=occasion, now=NOW)
    with town.database.write() as session:
        welcome.keep(session, made)
    return made.token


def uses(town: Town, token: str, at: datetime = NOW) -> None:
    with town.database.write() as session:
        welcome.use(session, token=token, password_hash=HASH, now=town.now, real_now=at)


def is_over(town: Town, token: str, at: datetime = NOW) -> bool:
    try:
        with town.read() as session:
            welcome.find(session, token=token, now=at)
    except Expired:
        return True
    return False


def test_it_gives_the_account_its_password_once(town: Town, person: int) -> None:
    token = link(town, person)
    uses(town, token)
    with town.read() as session:
        assert accounts.get(session, person).password_hash == HASH
    assert is_over(town, token)
    with pytest.raises(Expired):
        uses(town, token)


def test_all_sessions_and_all_other_links_end_with_it(town: Town, person: int) -> None:
    town.signed_in(person)
    other = town.account("clerk", email="otto@example.org")
    town.signed_in(other)
    first, second, others = link(town, person), link(town, person), link(town, other)
    uses(town, second)
    assert is_over(town, first)
    assert not is_over(town, others)
    assert [row.account_id for row in town.rows(StaffSession)] == [other]


@pytest.mark.parametrize(
    ("occasion", "lives"), [("reset", timedelta(minutes=60)), ("invitation", timedelta(hours=72))]
)
def test_it_ends_after_its_time(town: Town, person: int, occasion: Occasion, lives: timedelta) -> None:
    token = link(town, person, occasion)
    assert not is_over(town, token, NOW + lives - timedelta(seconds=1))
    assert is_over(town, token, NOW + lives)
    with pytest.raises(Expired):
        uses(town, token, NOW + lives)
    with town.database.write() as session:
        welcome.purge(session, now=NOW + lives)
    assert town.count(Welcome) == 0


def _sets(session: Session, town: Town, person: int) -> None:
    accounts.set_password(session, email="ada@example.org", password_hash=HASH, by=SYSTEM, now=town.now)


def _changes(session: Session, town: Town, person: int) -> None:
    by = Actor("staff", person)
    accounts.change_password(session, account_id=person, password_hash=HASH, by=by, now=town.now)


def _disables(session: Session, town: Town, person: int) -> None:
    accounts.disable(session, email="ada@example.org", by=SYSTEM, now=town.now)


@pytest.mark.parametrize("deed", [_sets, _changes, _disables])
def test_it_ends_with_every_change_of_the_password_and_with_the_account(
    sqlite_town: Town, deed: object
) -> None:
    town = sqlite_town
    person = town.account("clerk", email="ada@example.org", password_hash="$argon2id$the-old-one")
    token = link(town, person)
    with town.database.write() as session:
        deed(session, town, person)  # type: ignore[operator]
    assert is_over(town, token)


def test_it_is_stored_hashed_and_compared_exactly(sqlite_town: Town) -> None:
    town = sqlite_town
    token = link(town, town.account("clerk"))
    assert len(token) == 43, "256 bits"
    (row,) = town.rows(Welcome)
    assert token not in str(row)
    for near in (f"{token} ", f" {token}", f"{token}=", token.swapcase(), token[:-1], f"{token}\x00", ""):
        assert is_over(town, near), repr(near)
    assert not is_over(town, token)


def test_an_unknown_address_and_a_disabled_account_take_the_same_work(town: Town, person: int) -> None:
    town.account("clerk", email="gone@example.org")
    with town.database.write() as session:
        accounts.disable(session, email="gone@example.org", by=SYSTEM, now=town.now)
    for email in ("Ada@Example.org", "gone@example.org", "nobody@example.org", "\u212aada@example.org"):
        with town.database.write() as session:
            welcome.ask(session, email=email, language="en", now=town.now)
    assert [row.account_id for row in town.rows(Message)] == [person, None, None, None]

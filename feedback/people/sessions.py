"""Signed-in browsers: rows with a hashed identifier, new at each sign-in.

Idle for 30 minutes or 12 hours old ends it (ASVS 7.3). The touch is once a minute at most and is made by
`portal/access.py` in a short transaction of its own. Between password and second factor there is half a session, in a
table of its own, which nothing but the second step looks at.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.columns import table_of
from feedback.people.tables import HalfSession, SpentChallenge, StaffSession
from feedback.statements import Statement

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)
HALF = timedelta(minutes=5)
"""How long the second step of a sign-in may take."""
CONFIRMED = timedelta(minutes=10)
"""How long after password and factor were shown once more factors may be changed (ASVS 7.5.1)."""
MARK = 16
"""Characters of the hash that name a session to its owner."""

_SESSION, _HALF, _SPENT = table_of(StaffSession), table_of(HalfSession), table_of(SpentChallenge)
_FIND = Statement(
    sa.select(
        _SESSION.c.account_id,
        _SESSION.c.seen_at,
        _SESSION.c.ends_at,
        _SESSION.c.must_set_up,
        _SESSION.c.confirmed_at,
    ).where(_SESSION.c.id_hash == sa.bindparam("hashed"))
)


class Living(Struct, frozen=True):
    """A session that has not ended."""

    account_id: int
    seen_at: datetime
    """Its last touch."""
    must_set_up: bool
    """It opens nothing but the page on which a second factor is set up."""
    confirmed_at: datetime | None
    """When password and factor were shown for a change of these; None where that is ten minutes ago or longer."""


def start(
    session: Session,
    *,
    account_id: int,
    now: datetime,
    replaces: str = "",
    must_set_up: bool = False,
    confirmed_at: datetime | None = None,
) -> str:
    """A new session; the identifier (256 bit) is returned once and stored hashed. Ends the one it replaces."""
    if replaces:
        end(session, replaces)
    identifier = secrets.token_urlsafe(32)
    session.execute(
        sa.insert(_SESSION).values(
            id_hash=_hash(identifier),
            account_id=account_id,
            made_at=now,
            seen_at=now,
            ends_at=now + ABSOLUTE,
            must_set_up=must_set_up,
            confirmed_at=confirmed_at,
        )
    )
    return identifier


def find(session: Session, identifier: str, *, now: datetime) -> Living | None:
    """The living session of this identifier, else None."""
    row = _FIND.first(session, {"hashed": _hash(identifier)})
    if row is None or now >= row.ends_at or now - row.seen_at >= IDLE:
        return None
    is_confirmed = row.confirmed_at is not None and now - row.confirmed_at < CONFIRMED
    return Living(row.account_id, row.seen_at, row.must_set_up, row.confirmed_at if is_confirmed else None)


def start_half(session: Session, *, account_id: int, now: datetime) -> str:
    """Half a session: the password was right. The identifier is returned once and stored hashed."""
    identifier = secrets.token_urlsafe(32)
    session.execute(
        sa.insert(_HALF).values(id_hash=_hash(identifier), account_id=account_id, ends_at=now + HALF)
    )
    return identifier


def find_half(session: Session, identifier: str, *, now: datetime) -> int | None:
    """The account whose password was right not more than five minutes ago, else None."""
    found = session.execute(
        sa.select(_HALF.c.account_id).where(_HALF.c.id_hash == _hash(identifier), _HALF.c.ends_at > now)
    ).scalar()
    return None if found is None else int(found)


def end_half(session: Session, identifier: str) -> bool:
    """End half a session. Whether there was one to end: of two that come at once, one finds it."""
    return bool(session.execute(sa.delete(_HALF).where(_HALF.c.id_hash == _hash(identifier))).rowcount)  # type: ignore[attr-defined]


class SessionView(Struct, frozen=True):
    """A living session as its owner sees it."""

    mark: str
    """Names the session in a form; opens nothing."""
    made_at: datetime
    seen_at: datetime
    is_this: bool


def list_living(session: Session, *, account_id: int, identifier: str, now: datetime) -> list[SessionView]:
    """The living sessions of an account, the latest used first; `identifier` is the one that asks."""
    rows = session.execute(
        sa.select(_SESSION.c.id_hash, _SESSION.c.made_at, _SESSION.c.seen_at)
        .where(_SESSION.c.account_id == account_id, _SESSION.c.ends_at > now, _SESSION.c.seen_at > now - IDLE)
        .order_by(_SESSION.c.seen_at.desc(), _SESSION.c.id_hash)
    )
    here = _hash(identifier)
    return [SessionView(row.id_hash[:MARK], row.made_at, row.seen_at, row.id_hash == here) for row in rows]


def end_marked(session: Session, *, account_id: int, mark: str) -> None:
    """End the session of this mark, if it is one of the account's."""
    if len(mark) == MARK and mark.isalnum():
        session.execute(
            sa.delete(_SESSION).where(
                _SESSION.c.account_id == account_id, sa.func.substr(_SESSION.c.id_hash, 1, MARK) == mark
            )
        )


def touch(session: Session, identifier: str, *, now: datetime) -> None:
    session.execute(sa.update(_SESSION).where(_SESSION.c.id_hash == _hash(identifier)).values(seen_at=now))


def end(session: Session, identifier: str) -> None:
    session.execute(sa.delete(_SESSION).where(_SESSION.c.id_hash == _hash(identifier)))


def end_all(session: Session, account_id: int) -> None:
    """End every session of an account, the half ones too."""
    for table in (_SESSION, _HALF):
        session.execute(sa.delete(table).where(table.c.account_id == account_id))


def purge(session: Session, *, now: datetime) -> None:
    """Remove sessions that are over, and answered challenges that nobody could answer again."""
    session.execute(
        sa.delete(_SESSION).where(sa.or_(_SESSION.c.ends_at <= now, _SESSION.c.seen_at <= now - IDLE))
    )
    for table in (_HALF, _SPENT):
        session.execute(sa.delete(table).where(table.c.ends_at <= now))


def _hash(identifier: str) -> str:
    return hashlib.sha256(identifier.encode()).hexdigest()

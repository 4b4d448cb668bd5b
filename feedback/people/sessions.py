"""Signed-in browsers: rows with a hashed identifier, new at each sign-in.

Idle for 30 minutes or 12 hours old ends it (ASVS 7.3). The touch is once a minute at most and is made by
`portal/access.py` in a short transaction of its own.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.columns import table_of
from feedback.people.tables import StaffSession
from feedback.statements import Statement

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)
MARK = 16
"""Characters of the hash that name a session to its owner."""

_SESSION = table_of(StaffSession)
_FIND = Statement(
    sa.select(_SESSION.c.account_id, _SESSION.c.seen_at, _SESSION.c.ends_at).where(
        _SESSION.c.id_hash == sa.bindparam("hashed")
    )
)


def start(session: Session, *, account_id: int, now: datetime, replaces: str = "") -> str:
    """A new session; the identifier (256 bit) is returned once and stored hashed. Ends the one it replaces."""
    if replaces:
        end(session, replaces)
    identifier = secrets.token_urlsafe(32)
    session.execute(
        sa.insert(_SESSION).values(
            id_hash=_hash(identifier), account_id=account_id, made_at=now, seen_at=now, ends_at=now + ABSOLUTE
        )
    )
    return identifier


def find(session: Session, identifier: str, *, now: datetime) -> tuple[int, datetime] | None:
    """Account and time of the last touch of a living session, else None."""
    row = _FIND.first(session, {"hashed": _hash(identifier)})
    if row is None or now >= row.ends_at or now - row.seen_at >= IDLE:
        return None
    return row.account_id, row.seen_at


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
    session.execute(sa.delete(_SESSION).where(_SESSION.c.account_id == account_id))


def purge(session: Session, *, now: datetime) -> None:
    """Remove sessions that are over."""
    session.execute(
        sa.delete(_SESSION).where(sa.or_(_SESSION.c.ends_at <= now, _SESSION.c.seen_at <= now - IDLE))
    )


def _hash(identifier: str) -> str:
    return hashlib.sha256(identifier.encode()).hexdigest()

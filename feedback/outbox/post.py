"""Putting messages and jobs into the outbox, claiming them, and putting them back.

A claim is a lease: a worker that dies gives its job back when the lease ends, so a job may run twice and must
be harmless then. Leases use the real clock, `run_at` the portal's.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct, json
from sqlmodel import Session

from feedback.columns import Values, table_of
from feedback.outbox.tables import Job, Message
from feedback.statements import Statement, upsert

LEASE = timedelta(minutes=5)
SEND = "send"
Begin = Literal["waiting", "held", "too_many"]
"""How a message begins."""
Lane = Literal["mail", "rest"]
"""Mail waits for servers of others; the rest must not wait for mail."""

_JOB = table_of(Job)
_MESSAGE = table_of(Message)
_INSERT_MESSAGE = Statement(sa.insert(_MESSAGE).returning(_MESSAGE.c.id))
_INSERT_JOB = upsert(_JOB, lambda insert: insert.on_conflict_do_nothing(index_elements=["kind", "key"]))


class Claimed(Struct, frozen=True):
    """A job that this worker may do until its lease ends."""

    id: int
    kind: str
    key: str
    attempts: int
    token: str


def message(
    session: Session,
    *,
    kind: str,
    item_id: int,
    contact_id: int,
    language: str,
    facts: Values | None = None,
    state: Begin = "waiting",
    now: datetime,
) -> int:
    """A mail to a contact, to be sent after the commit. Its words are found at sending.

    `state`: "held" waits for `release`; "too_many" is one that is never sent, told to staff all the same.
    """
    message_id: int = _INSERT_MESSAGE.scalar(
        session,
        {
            "kind": kind,
            "item_id": item_id,
            "contact_id": contact_id,
            "language": language,
            "facts": json.encode(facts or {}).decode(),
            "state": state,
            "stable_id": secrets.token_hex(16),
            "rendered": None,
            "rendered_at": None,
            "mailbox": None,
            "made_at": now,
            "sent_at": None,
        },
    )
    if state == "waiting":
        job(session, kind=SEND, key=str(message_id), run_at=now)
    return message_id


def release(session: Session, *, item_id: int, now: datetime) -> None:
    """The mails of an item that was held may be sent."""
    released = session.execute(
        sa.update(_MESSAGE)
        .where(_MESSAGE.c.item_id == item_id, _MESSAGE.c.state == "held")
        .values(state="waiting")
        .returning(_MESSAGE.c.id)
    )
    for message_id in released.scalars().all():
        job(session, kind=SEND, key=str(message_id), run_at=now)


def job(session: Session, *, kind: str, key: str, run_at: datetime) -> None:
    """A job to be done at a time; the same kind and key again changes nothing."""
    _INSERT_JOB.run(
        session,
        {
            "kind": kind,
            "key": key,
            "run_at": run_at,
            "lease_until": None,
            "lease_token": "",
            "attempts": 0,
            "error": "",
        },
    )


def is_due(session: Session, *, now: datetime, real_now: datetime, lane: Lane | None = None) -> bool:
    """Whether there is anything to claim: a look on a read connection, so that an idle worker locks nothing."""
    return session.execute(_due(now, real_now, lane).limit(1)).first() is not None


def claim(
    session: Session, *, now: datetime, real_now: datetime, limit: int = 20, lane: Lane | None = None
) -> list[Claimed]:
    """Lease up to `limit` due jobs that nobody holds, the earliest first; of one lane, or of both."""
    due = _due(now, real_now, lane).limit(limit).with_for_update(skip_locked=True)
    token = secrets.token_hex(16)
    ids = session.execute(due).scalars().all()
    if not ids:
        return []
    rows = session.execute(
        sa.update(_JOB)
        .where(_JOB.c.id.in_(ids))
        .values(lease_until=real_now + LEASE, lease_token=token, attempts=_JOB.c.attempts + 1)
        .returning(_JOB.c.id, _JOB.c.kind, _JOB.c.key, _JOB.c.attempts)
    ).all()
    return [Claimed(row.id, row.kind, row.key, row.attempts, token) for row in sorted(rows)]


def done(session: Session, claimed: Claimed) -> bool:
    """Remove a finished job; False where the lease has gone to somebody else meanwhile."""
    gone = session.execute(
        sa.delete(_JOB).where(_JOB.c.id == claimed.id, _JOB.c.lease_token == claimed.token)
    )
    return bool(gone.rowcount == 1)  # type: ignore[attr-defined]


def put_back(session: Session, claimed: Claimed, *, run_at: datetime, error: str) -> None:
    """Try again later; the error (a code, never words of a person) is kept for staff."""
    session.execute(
        sa.update(_JOB)
        .where(_JOB.c.id == claimed.id, _JOB.c.lease_token == claimed.token)
        .values(run_at=run_at, lease_until=None, lease_token="", error=error[:500])
    )


def _due(now: datetime, real_now: datetime, lane: Lane | None) -> Any:
    where = [_JOB.c.run_at <= now, sa.or_(_JOB.c.lease_until.is_(None), _JOB.c.lease_until < real_now)]
    if lane is not None:
        where.append(_JOB.c.kind == SEND if lane == "mail" else _JOB.c.kind != SEND)
    return sa.select(_JOB.c.id).where(*where).order_by(_JOB.c.run_at, _JOB.c.id)

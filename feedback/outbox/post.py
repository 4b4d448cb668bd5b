"""Putting messages and jobs into the outbox, claiming them, and putting them back.

A claim is a lease that its worker renews while it works: a worker that dies gives its job back when the lease ends,
so a job may run twice and must be harmless then. Whoever has lost the lease can end nothing any more. Leases use the
real clock, `run_at` and `since` the portal's.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct, json
from sqlmodel import Session

from feedback.columns import Values, table_of
from feedback.outbox.tables import Job, Message
from feedback.statements import Statement, upsert

LEASE = timedelta(minutes=3)
"""How long a job stays with a worker that says nothing more; one that lives renews it in time."""
SEND = "send"
HOOK = "hook"
Begin = Literal["waiting", "held", "too_many"]
"""How a message begins."""
Lane = Literal["mail", "hook", "rest"]
"""Mails and webhooks wait for servers of others; the rest must wait for neither."""
LANES: tuple[Lane, ...] = ("rest", "mail", "hook")

_APART: dict[Lane, str] = {"mail": SEND, "hook": HOOK}
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
    since: datetime
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
    return _put(
        session, kind, language, facts or {}, now, item_id=item_id, contact_id=contact_id, state=state
    )


def message_to_account(
    session: Session, *, kind: str, account_id: int | None, language: str, now: datetime
) -> int:
    """A mail to somebody of the staff; to nobody (None), where it is not to show that there is no such account."""
    return _put(session, kind, language, {}, now, account_id=account_id)


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


def job(session: Session, *, kind: str, key: str, run_at: datetime, destination: str = "") -> None:
    """A job to be done at a time; the same kind and key again changes nothing.

    Of those with the same `destination` one is in hand at a time: where one hangs, the others take no worker up.
    """
    _INSERT_JOB.run(
        session,
        {
            "kind": kind,
            "key": key,
            "destination": destination,
            "since": run_at,
            "run_at": run_at,
            "lease_until": None,
            "lease_token": "",
            "attempts": 0,
            "error": "",
        },
    )


def is_due(
    session: Session,
    *,
    now: datetime,
    real_now: datetime,
    lane: Lane | None = None,
    without: Collection[str] = (),
) -> bool:
    """Whether there is anything to claim: a look on a read connection, so that an idle worker locks nothing."""
    return session.execute(_due(now, real_now, lane, without).limit(1)).first() is not None


def claim(
    session: Session,
    *,
    now: datetime,
    real_now: datetime,
    limit: int = 20,
    lane: Lane | None = None,
    without: Collection[str] = (),
    lease: timedelta = LEASE,
) -> list[Claimed]:
    """Lease up to `limit` due jobs that nobody holds, the earliest first; of one lane, or of all.

    None for a destination that is named in `without`, and one for each of the others. Two workers that claim at the
    same instant may hold one each for the same destination: that is a second connection to it, and nothing worse.
    """
    due = _due(now, real_now, lane, without).limit(limit).with_for_update(skip_locked=True)
    ids: list[int] = []
    taken: set[str] = set()
    for row in session.execute(due).all():
        if row.destination not in taken:
            ids.append(row.id)
            taken |= {row.destination} - {""}
    if not ids:
        return []
    token = secrets.token_hex(16)
    rows = session.execute(
        sa.update(_JOB)
        .where(_JOB.c.id.in_(ids))
        .values(
            lease_until=real_now + lease,
            lease_token=token,
            attempts=_JOB.c.attempts + 1,
            # Not when it was put there: what waited for a worker has not been tried for that long.
            since=sa.case((_JOB.c.attempts == 0, sa.literal(now, _JOB.c.since.type)), else_=_JOB.c.since),
        )
        .returning(_JOB.c.id, _JOB.c.kind, _JOB.c.key, _JOB.c.attempts, _JOB.c.since)
    ).all()
    return [Claimed(row.id, row.kind, row.key, row.attempts, row.since, token) for row in sorted(rows)]


def renew(session: Session, held: Collection[Claimed], *, until: datetime) -> None:
    """Hold jobs for longer. Those whose lease has gone to somebody else stay theirs."""
    for claimed in held:
        session.execute(sa.update(_JOB).where(*_held(claimed)).values(lease_until=until))


def done(session: Session, claimed: Claimed) -> bool:
    """Remove a finished job; False where the lease has gone to somebody else meanwhile."""
    gone = session.execute(sa.delete(_JOB).where(*_held(claimed)))
    return bool(gone.rowcount == 1)  # type: ignore[attr-defined]


def put_back(session: Session, claimed: Claimed, *, run_at: datetime, error: str) -> None:
    """Try again later; the error (a code, never words of a person) is kept for staff."""
    session.execute(
        sa.update(_JOB)
        .where(*_held(claimed))
        .values(run_at=run_at, lease_until=None, lease_token="", error=error[:500])
    )


def _held(claimed: Claimed) -> tuple[Any, ...]:
    return _JOB.c.id == claimed.id, _JOB.c.lease_token == claimed.token


def _due(now: datetime, real_now: datetime, lane: Lane | None, without: Collection[str]) -> Any:
    where = [_JOB.c.run_at <= now, sa.or_(_JOB.c.lease_until.is_(None), _JOB.c.lease_until < real_now)]
    if lane is not None:
        is_rest = _JOB.c.kind.not_in(_APART.values())
        where.append(_JOB.c.kind == _APART[lane] if lane in _APART else is_rest)
    if lane == "hook" or lane is None:
        held = _JOB.alias()
        busy = sa.select(held.c.destination).where(held.c.destination != "", held.c.lease_until >= real_now)
        where.append(sa.or_(_JOB.c.destination == "", _JOB.c.destination.not_in(busy)))
    if without:
        where.append(_JOB.c.destination.not_in(sorted(without)))
    return sa.select(_JOB.c.id, _JOB.c.destination).where(*where).order_by(_JOB.c.run_at, _JOB.c.id)


def _put(
    session: Session,
    kind: str,
    language: str,
    facts: Values,
    now: datetime,
    *,
    item_id: int | None = None,
    contact_id: int | None = None,
    account_id: int | None = None,
    state: Begin = "waiting",
) -> int:
    message_id: int = _INSERT_MESSAGE.scalar(
        session,
        {
            "kind": kind,
            "item_id": item_id,
            "contact_id": contact_id,
            "account_id": account_id,
            "language": language,
            "facts": json.encode(facts).decode(),
            "state": state,
            "stable_id": secrets.token_hex(16),
            "rendered": None,
            "rendered_at": None,
            "mailbox": None,
            "made_at": now,
            "sent_at": None,
            "failed_at": None,
            "reason": "",
        },
    )
    if state == "waiting":
        job(session, kind=SEND, key=str(message_id), run_at=now)
    return message_id

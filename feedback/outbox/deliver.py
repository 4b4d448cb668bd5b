"""What becomes of a message: kept as it was rendered, then sent, given up, or erased; its words wiped in the end.

Composing is the portal's business (`portal/letters.py`), the network `portal/outbound/mail.py`'s. Here only the
row moves. Nothing of it leaves a note: the deed that the message tells of has left one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session

from feedback.columns import table_of
from feedback.outbox import post
from feedback.outbox.tables import Message
from feedback.statements import Statement

WORDS_LIVE = timedelta(days=7)
"""How long a mail is kept as it was sent."""
FAILED_WORDS_LIVE = timedelta(days=14)
"""How long one that could not be delivered is kept; sent again after that, it is written anew."""

MAILS_A_DAY = 3
"""To a mailbox whose owner has not confirmed it for the item at hand: anybody may have typed it."""
DAY = timedelta(hours=24)

End = Literal["sent", "failed", "lapsed", "erased", "too_many"]
"""Taken by a server; given up; over before it could go; nobody is left to write to; one too many for its mailbox."""

REASON_MOST = 60

_MESSAGE = table_of(Message)
_COUNT_KEPT_BACK = Statement(
    sa.select(sa.func.count().label("count")).where(
        _MESSAGE.c.item_id == sa.bindparam("item"), _MESSAGE.c.state == "too_many"
    )
)


def find_waiting(session: Session, message_id: int, *, locked: bool = False) -> Message | None:
    """A message that is still to be sent, if need be locked for this transaction; None where it came to its end."""
    message = session.get(Message, message_id, with_for_update=locked or None, populate_existing=True)
    return message if message is not None and message.state == "waiting" else None


def keep(message: Message, rendered: bytes, *, now: datetime) -> None:
    """Keep the message as it goes out, so that each try sends the same."""
    message.rendered, message.rendered_at = rendered, now


def admit(session: Session, message: Message, *, mailbox: str, now: datetime) -> bool:
    """Whether one more mail may go to a mailbox that nobody has confirmed; counted with the message where it may.

    `mailbox`: a digest of it. Who asks for the same one at the same time waits until this transaction has ended.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = int.from_bytes(bytes.fromhex(mailbox)[:8], signed=True)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
    count = session.execute(
        sa.select(sa.func.count()).where(_MESSAGE.c.mailbox == mailbox, _MESSAGE.c.rendered_at > now - DAY)
    ).scalar_one()
    if count >= MAILS_A_DAY:
        return False
    message.mailbox = mailbox
    return True


def count_kept_back(session: Session, *, item_id: int) -> int:
    """How many mails of an item were not sent because too many were asked for."""
    found: int = _COUNT_KEPT_BACK.scalar(session, {"item": item_id})
    return found


def end(session: Session, *, message_id: int, state: End, now: datetime, reason: str = "") -> None:
    """The message has come to its end; `reason` says why it is undelivered. Twice is as once.

    The words of one that has nobody left to go to go at once, and so do those of a mail to an account: its link gives
    a password.
    """
    # CASE without ELSE is NULL.
    kept = sa.case((_MESSAGE.c.account_id.is_(None), _MESSAGE.c.rendered))
    values: dict[str, object] = {"state": state, "rendered": kept}
    if state == "sent":
        values["sent_at"] = now
    if state == "failed":
        values |= {"failed_at": now, "reason": reason[:REASON_MOST]}
    if state in ("erased", "lapsed"):
        values |= {"rendered": None, "mailbox": None}
    session.execute(
        sa.update(_MESSAGE).where(_MESSAGE.c.id == message_id, _MESSAGE.c.state == "waiting").values(**values)
    )


def again(session: Session, *, message_id: int, now: datetime) -> bool:
    """Put an undelivered message on its way again; False where it is not undelivered (any more)."""
    moved = session.execute(
        sa.update(_MESSAGE)
        .where(_MESSAGE.c.id == message_id, _MESSAGE.c.state == "failed")
        .values(state="waiting", failed_at=None, reason="")
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        return False
    post.job(session, kind=post.SEND, key=str(message_id), run_at=now)
    return True


def find_old(session: Session, *, now: datetime, limit: int) -> list[int]:
    """Up to `limit` messages whose words have been kept long enough."""
    found = session.execute(
        sa.select(_MESSAGE.c.id)
        .where(
            _MESSAGE.c.rendered.is_not(None),
            sa.or_(
                sa.and_(_MESSAGE.c.state == "sent", _MESSAGE.c.sent_at <= now - WORDS_LIVE),
                sa.and_(_MESSAGE.c.state == "failed", _MESSAGE.c.failed_at <= now - FAILED_WORDS_LIVE),
            ),
        )
        .limit(limit)
    )
    return list(found.scalars())


def wipe(session: Session, message_ids: list[int]) -> None:
    """Forget the words of these messages, and where they went."""
    values = {"rendered": None, "mailbox": None}
    session.execute(sa.update(_MESSAGE).where(_MESSAGE.c.id.in_(message_ids)).values(values))

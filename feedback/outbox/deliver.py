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
from feedback.outbox.tables import Message
from feedback.statements import Statement

WORDS_LIVE = timedelta(days=7)
"""How long a mail is kept as it was sent."""
FAILED_WORDS_LIVE = timedelta(days=14)
"""How long one that could not be sent is kept, from when it was made: it is tried for two days of them."""

MAILS_A_DAY = 3
"""To a mailbox whose owner has not confirmed it for the item at hand: anybody may have typed it."""
DAY = timedelta(hours=24)

End = Literal["sent", "failed", "erased", "too_many"]

_MESSAGE = table_of(Message)
_COUNT_UNSENT = Statement(
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


def count_unsent(session: Session, *, item_id: int) -> int:
    """How many mails of an item were not sent because too many were asked for."""
    found: int = _COUNT_UNSENT.scalar(session, {"item": item_id})
    return found


def end(session: Session, *, message_id: int, state: End, now: datetime) -> None:
    """The message was sent, is given up, has nobody left to go to (its words go at once), or would be one too many.

    Twice is as once.
    """
    values: dict[str, object] = {"state": state}
    if state == "sent":
        values["sent_at"] = now
    if state == "erased":
        values |= {"rendered": None, "mailbox": None}
    session.execute(
        sa.update(_MESSAGE).where(_MESSAGE.c.id == message_id, _MESSAGE.c.state == "waiting").values(**values)
    )


def find_old(session: Session, *, now: datetime, limit: int) -> list[int]:
    """Up to `limit` messages whose words have been kept long enough."""
    found = session.execute(
        sa.select(_MESSAGE.c.id)
        .where(
            _MESSAGE.c.rendered.is_not(None),
            sa.or_(
                sa.and_(_MESSAGE.c.state == "sent", _MESSAGE.c.sent_at <= now - WORDS_LIVE),
                sa.and_(_MESSAGE.c.state == "failed", _MESSAGE.c.made_at <= now - FAILED_WORDS_LIVE),
            ),
        )
        .limit(limit)
    )
    return list(found.scalars())


def wipe(session: Session, message_ids: list[int]) -> None:
    """Forget the words of these messages, and where they went."""
    values = {"rendered": None, "mailbox": None}
    session.execute(sa.update(_MESSAGE).where(_MESSAGE.c.id.in_(message_ids)).values(values))

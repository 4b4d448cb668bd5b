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

WORDS_LIVE = timedelta(days=7)
"""How long a mail is kept as it was sent."""
FAILED_WORDS_LIVE = timedelta(days=14)
"""How long one that could not be sent is kept, from when it was made: it is tried for two days of them."""

End = Literal["sent", "failed", "erased"]

_MESSAGE = table_of(Message)


def find_waiting(session: Session, message_id: int, *, locked: bool = False) -> Message | None:
    """A message that is still to be sent, if need be locked for this transaction; None where it came to its end."""
    message = session.get(Message, message_id, with_for_update=locked or None, populate_existing=True)
    return message if message is not None and message.state == "waiting" else None


def keep(message: Message, rendered: bytes) -> None:
    """Keep the message as it goes out, so that each try sends the same."""
    message.rendered = rendered


def end(session: Session, *, message_id: int, state: End, now: datetime) -> None:
    """The message was sent, is given up, or has nobody left to go to (its words go at once). Twice is as once.

    The words of a mail to an account go at once, too: its link gives a password.
    """
    # CASE without ELSE is NULL.
    values: dict[str, object] = {
        "state": state,
        "rendered": sa.case((_MESSAGE.c.account_id.is_(None), _MESSAGE.c.rendered)),
    }
    if state == "sent":
        values["sent_at"] = now
    if state == "erased":
        values["rendered"] = None
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
    """Forget the words of these messages."""
    session.execute(sa.update(_MESSAGE).where(_MESSAGE.c.id.in_(message_ids)).values(rendered=None))

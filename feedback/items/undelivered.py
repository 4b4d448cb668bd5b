"""Mails about items that did not arrive: what staff see of them, each their own, and sending one again.

Which items somebody sees is said by `find.py`. A mail is undelivered when the mail server refused it for good, or did
not take it within two days. That is shown for thirty days in the list, and at its item for ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.columns import Values, table_of
from feedback.errors import NotFound
from feedback.items.change import begin, finish
from feedback.items.find import visible_to
from feedback.items.tables import Cycle, Item
from feedback.ledger.notes import Actor
from feedback.outbox import deliver
from feedback.outbox.tables import Message
from feedback.people.viewer import Viewer

LISTED_FOR = timedelta(days=30)
LISTED_MOST = 100

_ITEM, _CYCLE, _MESSAGE = table_of(Item), table_of(Cycle), table_of(Message)


class Undelivered(Struct, frozen=True):
    """A mail that did not arrive: which one it was, and why, as codes."""

    message_id: int
    reference: str
    department: str | None
    kind: str
    made_at: datetime
    failed_at: datetime
    reason: str


def of_item(session: Session, item_id: int) -> list[Undelivered]:
    """Those of an item, the oldest first; the caller has found that the viewer may see it."""
    return _read(session, _FAILED.where(_MESSAGE.c.item_id == item_id).order_by(_MESSAGE.c.id))


def find_for(session: Session, viewer: Viewer, *, now: datetime) -> list[Undelivered]:
    """Those of the last thirty days of items that this person may see, the newest first, up to a hundred."""
    listed, values = _listed(viewer, now)
    newest = _MESSAGE.c.failed_at.desc(), _MESSAGE.c.id.desc()
    return _read(session, listed.order_by(*newest).limit(LISTED_MOST), values)


def has_any(session: Session, viewer: Viewer, *, now: datetime) -> bool:
    """Whether the list of this person holds anything: asked with each page of the inbox."""
    listed, values = _listed(viewer, now)
    return session.execute(listed.limit(1), dict(values)).first() is not None


def send_again(session: Session, *, item_id: int, message_id: int, by: Actor, now: datetime) -> bool:
    """Put an undelivered mail of an item on its way again, as it was or written anew; False where it is on its way.

    Refuses NotFound for a mail of another item.
    """
    change = begin(session, item_id=item_id, by=by, now=now)
    message = session.get(Message, message_id)
    if message is None or message.item_id != item_id:
        raise NotFound("mail_unknown")
    if not deliver.again(session, message_id=message_id, now=now):
        return False
    change.enter("sent_again", side="internal")
    finish(change, "sent_again")
    return True


_FAILED = (
    sa.select(
        _MESSAGE.c.id,
        _ITEM.c.reference,
        _CYCLE.c.department,
        _MESSAGE.c.kind,
        _MESSAGE.c.made_at,
        _MESSAGE.c.failed_at,
        _MESSAGE.c.reason,
    )
    .join(_ITEM, _ITEM.c.id == _MESSAGE.c.item_id)
    .join(_CYCLE, _CYCLE.c.id == _ITEM.c.cycle_id)
    .where(_MESSAGE.c.state == sa.literal_column("'failed'"))  # As the index has it.
)


def _listed(viewer: Viewer, now: datetime) -> tuple[Any, Values]:
    sight, values = visible_to(viewer)
    return _FAILED.where(_MESSAGE.c.failed_at > now - LISTED_FOR, sight.condition), values


def _read(session: Session, statement: Any, values: Values | None = None) -> list[Undelivered]:
    return [Undelivered(*row) for row in session.execute(statement, dict(values or {}))]

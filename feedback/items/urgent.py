"""Whether an item comes before others: raised by its citizen's words, set and taken back by staff.

Urgent is a mark of the round, neither a state nor a deadline: it goes to the head of every queue that it stands in, and
no clock and no figure knows of it. What of a text is urgent is `text/urgency.py`'s; the words themselves are read where
they are shown, and only what they speak of is kept.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from feedback.errors import MoveRefused
from feedback.items.change import Change, begin, finish
from feedback.items.lifecycle import RUNNING
from feedback.ledger.notes import Actor
from feedback.text.urgency import urgency_of

BY_STAFF: Final = "staff"
"""Why an item is urgent where a person said so."""
CALM_KINDS: Final = frozenset(("idea", "praise"))
"""Kinds whose words raise nothing: who thanks for a fire that was put out needs no help."""


def of_words(kind: str, text: str) -> str | None:
    """Why an item of this kind with these words comes before others; None: it takes its turn."""
    return None if kind in CALM_KINDS else urgency_of(text)


def heed(change: Change, text: str) -> None:
    """The item in hand is urgent from now on where further words of its citizen say so; they never calm it."""
    if change.cycle.urgent is None:
        change.cycle.urgent = of_words(change.item.kind, text)


def rate(
    session: Session, *, item_id: int, seen_version: int, is_urgent: bool, by: Actor, now: datetime
) -> None:
    """A person says whether it comes before others. Saying what stands changes nothing.

    Refuses MoveRefused where nothing is asked of the city any more.
    """
    change = begin(session, item_id=item_id, by=by, now=now, seen_version=seen_version)
    if change.item.state not in RUNNING:
        raise MoveRefused("urgency_over", state=change.item.state)
    if is_urgent == (change.cycle.urgent is not None):
        return
    change.cycle.urgent = BY_STAFF if is_urgent else None
    act = "urgent" if is_urgent else "not_urgent"
    change.enter(act, side="internal")
    finish(change, act)

"""Taking the citizen's ratings: outcome and handling apart, words if they like.

Confidential, not anonymous, and the page says so. Answering again replaces until the link ends.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session, col, select

from feedback.columns import table_of
from feedback.errors import Expired, Fault, Invalid, NotFound
from feedback.items.change import begin, finish
from feedback.items.converse import find_link
from feedback.items.sent import tidy_words
from feedback.items.tables import Item
from feedback.ledger.notes import CITIZEN
from feedback.satisfaction.tables import Invitation, Response
from feedback.statements import Statement

_INVITATION = table_of(Invitation)
_FIND_NEWEST = Statement(
    sa.select(_INVITATION.c.id)
    .where(_INVITATION.c.item_id == sa.bindparam("item"), _INVITATION.c.ends_at > sa.bindparam("now"))
    .order_by(_INVITATION.c.id.desc())
    .limit(1)
)

CANT_SAY = 0
STEPS = (1, 2, 3, 4, 5)
UNHAPPY_UPTO = 2
COMMENT_MOST = 2000


class Open(Struct, frozen=True):
    """An invitation that can be answered now, with what was answered before."""

    invitation_id: int
    item_id: int
    cycle_id: int
    reference: str
    ends_at: datetime
    is_answered: bool
    outcome: int | None
    handling: int | None
    comment: str


class Rating(Struct, frozen=True):
    """What a citizen said of one cycle, for lead and quality only."""

    cycle_id: int
    outcome: int | None
    handling: int | None
    comment: str
    at: datetime


def find_open(session: Session, *, token: str, now: datetime) -> Open:
    """The invitation of a mailed link. Refuses NotFound (foreign) and Expired("survey_over")."""
    try:
        _, invitation_id = find_link(session, purpose="survey", token=token, now=now)
    except Expired as over:
        raise Expired("survey_over") from over
    invitation = session.get(Invitation, invitation_id)
    if invitation is None:
        raise NotFound("link_unknown")
    return _open(session, invitation, now)


def find_open_for_item(session: Session, *, item_id: int, now: datetime) -> Open | None:
    """The newest invitation of an item that can still be answered, for whoever has its code."""
    invitation_id = _FIND_NEWEST.scalar(session, {"item": item_id, "now": now})
    return None if invitation_id is None else _open(session, session.get_one(Invitation, invitation_id), now)


def respond(
    session: Session,
    *,
    invitation_id: int,
    outcome: int | None,
    handling: int | None,
    comment: str,
    now: datetime,
) -> None:
    """Save or replace. Refuses Invalid (no rating at all, an unknown step, words too long) and Expired."""
    faults: list[Fault] = []
    comment = tidy_words(comment, "comment", COMMENT_MOST, faults)
    for name, step in (("outcome", outcome), ("handling", handling)):
        if step is not None and step not in (CANT_SAY, *STEPS):
            faults.append(Fault(name, "rating_unknown"))
    if outcome is None and handling is None:
        faults.append(Fault("outcome", "rating_missing"))
    if faults:
        raise Invalid(faults)
    invitation = session.get(Invitation, invitation_id)
    if invitation is None:
        raise NotFound("link_unknown")
    if now >= invitation.ends_at:
        raise Expired("survey_over")
    change = begin(session, item_id=invitation.item_id, by=CITIZEN, now=now)
    response = session.exec(select(Response).where(Response.invitation_id == invitation_id)).first()
    if response is None:
        response = Response(invitation_id=invitation_id, first_at=now, at=now)
    response.outcome, response.handling, response.comment, response.at = outcome, handling, comment, now
    session.add(response)
    session.flush()
    change.rows.append(response)
    finish(change, "responded")


def is_unhappy(outcome: int | None, handling: int | None) -> bool:
    """Whether a second look should be offered: either rating is 1 or 2."""
    return any(step is not None and CANT_SAY < step <= UNHAPPY_UPTO for step in (outcome, handling))


def ratings_of(session: Session, item_id: int) -> list[Rating]:
    """The ratings of an item's cycles, for pages that `Viewer.sees_ratings` may open."""
    rows = session.exec(
        select(Invitation, Response)
        .join(Response, col(Response.invitation_id) == col(Invitation.id))
        .where(Invitation.item_id == item_id)
        .order_by(col(Invitation.id))
    ).all()
    return [
        Rating(invitation.cycle_id, response.outcome, response.handling, response.comment, response.at)
        for invitation, response in rows
    ]


def _open(session: Session, invitation: Invitation, now: datetime) -> Open:
    if now >= invitation.ends_at:
        raise Expired("survey_over")
    assert invitation.id is not None
    item = session.get_one(Item, invitation.item_id)
    response = session.exec(select(Response).where(Response.invitation_id == invitation.id)).first()
    return Open(
        invitation_id=invitation.id,
        item_id=invitation.item_id,
        cycle_id=invitation.cycle_id,
        reference=item.reference,
        ends_at=invitation.ends_at,
        is_answered=response is not None,
        outcome=response.outcome if response else None,
        handling=response.handling if response else None,
        comment=response.comment if response else "",
    )

"""Inviting citizens to say how it went: one invitation for each answered cycle, pulled by a job.

Whatever became of the item since, the cycle's invitation is made some working days after its answer
(`survey.toml`), save for what counts nowhere: void, merged, imported without --counted. Imported history has
nobody to ask and gets none.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from feedback.city.profile import City
from feedback.deadlines.working_days import days_of
from feedback.items.change import begin, finish, tell
from feedback.items.tables import Contact, Cycle, Item
from feedback.ledger.notes import SYSTEM
from feedback.satisfaction.tables import Invitation

LINK_LIVES = timedelta(days=14)
LATEST_AFTER_DAYS = 60
"""An answer older than this is not asked about any more (a worker that stood still for weeks)."""


def due_from(city: City, answered_on: date) -> date:
    """The first day on which an answer of that day may be asked about."""
    return days_of(city.calendar).add_working(answered_on, city.survey.delay_working_days)


def find_due(session: Session, *, city: City, today: date, limit: int = 50) -> list[int]:
    """Answered cycles to be invited now, the oldest first."""
    rows = session.exec(
        select(col(Cycle.id), col(Cycle.answered_on))
        .join(Item, col(Item.id) == col(Cycle.item_id))
        .outerjoin(Invitation, col(Invitation.cycle_id) == col(Cycle.id))
        .where(
            col(Cycle.answered_on) >= today - timedelta(days=LATEST_AFTER_DAYS),
            col(Cycle.answered_on) <= today,
            col(Invitation.id).is_(None),
            col(Item.state).not_in(("void", "merged")),
            Item.channel != "import",
        )
        .order_by(col(Cycle.answered_on), col(Cycle.id))
        .limit(limit * 4)
    ).all()
    due = [key for key, day in rows if key is not None and day is not None and due_from(city, day) <= today]
    return due[:limit]


def invite(session: Session, *, cycle_id: int, now: datetime) -> bool:
    """Make the invitation of a cycle, once; by mail where there is an address, on the track page for everybody."""
    cycle = session.get_one(Cycle, cycle_id)
    if session.exec(select(Invitation.id).where(Invitation.cycle_id == cycle_id)).first() is not None:
        return False
    change = begin(session, item_id=cycle.item_id, by=SYSTEM, now=now)
    if change.item.state in ("void", "merged") or cycle.answered_on is None:
        return False
    contact = session.exec(select(Contact).where(Contact.item_id == cycle.item_id)).first()
    invitation = Invitation(
        item_id=cycle.item_id,
        cycle_id=cycle_id,
        made_at=now,
        made_on=now.astimezone(change.city.zone).date(),
        ends_at=now + LINK_LIVES,
        by_mail=bool(contact and contact.email),
    )
    session.add(invitation)
    session.flush()
    change.rows.append(invitation)
    finish(change, "invited")
    tell(change, "survey", {"invitation_id": invitation.id})
    return True

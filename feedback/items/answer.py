"""Answering an item: outcome and reason, published at once. Closing it when the second-look window is over.

An answer stops both clocks and ends the cycle. Two people answering at once: the second is refused with a
Conflict, so that the page can show both texts; nothing is overwritten.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from msgspec import Struct
from sqlmodel import Session, col, select

from feedback.errors import Fault, Invalid
from feedback.items import keep_time
from feedback.items.change import begin, finish, tell
from feedback.items.lifecycle import OUTCOMES, check_move
from feedback.items.sent import tidy_line, tidy_words
from feedback.items.tables import Answer, Cycle, Item
from feedback.items.triage import refuse_barred
from feedback.ledger.notes import SYSTEM, Actor

ANSWER_MOST = 8000
FORWARDED_MOST = 200


class Reply(Struct, frozen=True, kw_only=True):
    """An answer as written: what came of it, why, and for `planned` and `not_ours` by when or to whom."""

    outcome: str
    text: str
    planned_on: date | None = None
    forwarded_to: str = ""


def check(reply: Reply, *, today: date) -> Reply:
    """The answer tidied. Refuses (Invalid) with every fault at once."""
    faults: list[Fault] = []
    text = tidy_words(reply.text, "text", ANSWER_MOST, faults)
    forwarded_to = tidy_line(reply.forwarded_to, "forwarded_to", FORWARDED_MOST, faults)
    if reply.outcome not in OUTCOMES:
        faults.append(Fault("outcome", "outcome_missing"))
    if not text:
        faults.append(Fault("text", "answer_missing"))
    if reply.outcome == "planned" and (reply.planned_on is None or reply.planned_on < today):
        faults.append(Fault("planned_on", "planned_on_missing"))
    if reply.outcome == "not_ours" and not forwarded_to:
        faults.append(Fault("forwarded_to", "forwarded_to_missing"))
    if faults:
        raise Invalid(faults)
    return Reply(
        outcome=reply.outcome,
        text=text,
        planned_on=reply.planned_on if reply.outcome == "planned" else None,
        forwarded_to=forwarded_to if reply.outcome == "not_ours" else "",
    )


def answer(
    session: Session, *, item_id: int, seen_version: int | None, reply: Reply, by: Actor, now: datetime
) -> int:
    """Publish a checked answer; its id.

    `seen_version` is the item's version on the page that the answer was written on: refuses with Conflict where
    it has changed since, with MoveRefused where the state allows no answer, with NotAllowed for the person who
    answered the cycle before.
    """
    change = begin(session, item_id=item_id, by=by, now=now, seen_version=seen_version)
    item, cycle = change.item, change.cycle
    item.state = check_move(item.state, "answer", is_held=change.is_held)
    refuse_barred(change)
    today = now.astimezone(change.city.zone).date()
    written = Answer(
        item_id=item_id,
        cycle_id=cycle.id or 0,
        author_id=by.account_id,
        state="published",
        outcome=reply.outcome,
        text=reply.text,
        forwarded_to=reply.forwarded_to,
        planned_on=reply.planned_on,
        made_at=now,
        published_at=now,
    )
    session.add(written)
    session.flush()
    assert written.id is not None
    change.rows.append(written)
    change.enter("answered", side="city", department=cycle.department, answer_id=written.id)
    cycle.minutes = keep_time.minutes_used(session, city=change.city, cycle=cycle, until=now)
    change.rows += keep_time.stop(session, city=change.city, cycle=cycle, by="answer", now=now)
    cycle.responder_id = cycle.responder_id or by.account_id
    cycle.answered_at, cycle.answered_on, cycle.answered_by = now, today, by.account_id
    cycle.outcome = reply.outcome
    cycle.second_look_until = today + timedelta(days=change.city.identity.second_look_days)
    cycle.ended_at = now
    finish(change, "answered")
    tell(change, "answer", {"answer_id": written.id})
    return written.id


def find_over(session: Session, *, today: date, limit: int = 50) -> list[int]:
    """Answered items whose window for a second look ended before `today`, the oldest first."""
    found = session.exec(
        select(Item.id)
        .join(Cycle, col(Cycle.id) == col(Item.cycle_id))
        .where(Item.state == "answered", col(Cycle.second_look_until) < today)
        .order_by(col(Item.id))
        .limit(limit)
    ).all()
    return [key for key in found if key is not None]


def close(session: Session, *, item_id: int, today: date, now: datetime) -> bool:
    """Close an answered item whose window is over; False where it has moved on meanwhile. Nobody is told."""
    change = begin(session, item_id=item_id, by=SYSTEM, now=now)
    until = change.cycle.second_look_until
    if change.item.state != "answered" or until is None or until >= today:
        return False
    change.item.state = check_move(change.item.state, "close")
    finish(change, "closed")
    return True

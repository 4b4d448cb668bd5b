"""Deeds of staff that decide where an item goes: take, hand over, void and undo it, reopen.

Each wants the item's version as it was seen, so that two people at one item don't overwrite each other.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from feedback.city.versions import Ruling
from feedback.errors import Fault, Invalid, MoveRefused, NotAllowed
from feedback.items import keep_time, restrict
from feedback.items.change import Change, begin, finish
from feedback.items.cycles import next_cycle_values, write_cycle
from feedback.items.lifecycle import check_move
from feedback.items.sent import REASON_MOST, check_reason, tidy_words
from feedback.items.tables import Cycle
from feedback.ledger.notes import Actor
from feedback.outbox import post
from feedback.routing import match


def take(session: Session, *, item_id: int, seen_version: int, by: Actor, now: datetime) -> None:
    """Somebody works on it from now on. Refuses NotAllowed to whoever answered the cycle before."""
    change = begin(session, item_id=item_id, by=by, now=now, seen_version=seen_version)
    change.item.state = check_move(change.item.state, "take", is_held=change.is_held)
    refuse_barred(change)
    change.cycle.responder_id = by.account_id
    change.enter("taken", side="event", department=change.cycle.department)
    finish(change, "taken")


def hand_over(
    session: Session,
    *,
    item_id: int,
    seen_version: int,
    ruling: Ruling,
    department: str,
    service: str,
    reason: str,
    by: Actor,
    now: datetime,
) -> None:
    """To another department's queue, with a reason; another service changes the promise, never the start.

    Where the profile restricts what is about that service, the item is restricted from then on.

    Refuses (Invalid) an unknown department or service, the same place again, a missing reason.
    """
    change = begin(session, item_id=item_id, by=by, now=now, seen_version=seen_version)
    item, cycle = change.item, change.cycle
    faults: list[Fault] = []
    reason = tidy_words(reason, "reason", REASON_MOST, faults)
    wanted = service or cycle.service
    if department not in ruling.city.departments:
        faults.append(Fault("department", "department_missing"))
    elif (department, wanted) == (cycle.department, cycle.service):
        faults.append(Fault("department", "department_same"))
    if service and (service not in ruling.city.services or not ruling.city.services[service].is_offered):
        faults.append(Fault("service", "service_unknown"))
    if not reason:
        faults.append(Fault("reason", "reason_missing"))
    if faults:
        raise Invalid(faults)
    was_waiting = item.state == "waiting"
    item.state = check_move(item.state, "hand_over", is_held=change.is_held)
    # The law's rule follows the service, unless a person has decided on the nature.
    if wanted != cycle.service and cycle.nature == match.default_nature(
        ruling.city, item.kind, cycle.service
    ):
        cycle.nature = match.default_nature(ruling.city, item.kind, wanted)
    cycle.department, cycle.service = department, wanted
    cycle.route, cycle.responder_id = "hand_over", None
    change.enter("handed_over", side="event", department=department, text=reason)
    if was_waiting:
        change.rows += keep_time.resume(session, city=change.city, cycle=cycle, now=now)
    cycle.city_version_id = ruling.version_id
    change.rows += keep_time.change_rules(
        session, city=ruling.city, cycle=cycle, version_number=ruling.number, now=now
    )
    restrict.by_rule(change, ruling.city)
    finish(change, "handed_over")


def release(session: Session, *, item_id: int, seen_version: int, by: Actor, now: datetime) -> None:
    """A clerk has looked at a held item: it stands in the queue of its department now, and its receipt goes out.

    Its clocks have run since it was received. Refuses MoveRefused where it is not held (any more).
    """
    change = begin(session, item_id=item_id, by=by, now=now, seen_version=seen_version)
    if not change.is_held:
        raise MoveRefused("not_held", state=change.item.state)
    change.item.held = None
    change.enter("released", side="internal")
    finish(change, "released")
    post.release(session, item_id=item_id, now=now)


def void(session: Session, *, item_id: int, seen_version: int, reason: str, by: Actor, now: datetime) -> None:
    """Spam or a test: counts nowhere, its clocks stop. Can be undone."""
    change = begin(session, item_id=item_id, by=by, now=now, seen_version=seen_version)
    reason = check_reason(reason)
    change.item.state = check_move(change.item.state, "void")
    change.item.held = None
    change.rows += keep_time.stop(session, city=change.city, cycle=change.cycle, by="void", now=now)
    change.cycle.ended_at = now
    change.enter("void", side="internal", text=reason)
    finish(change, "void")


def unvoid(session: Session, *, item_id: int, seen_version: int, by: Actor, now: datetime) -> None:
    """It was no spam: back to the queue, its clocks run as if they had never stopped; held mail goes out."""
    change = begin(session, item_id=item_id, by=by, now=now, seen_version=seen_version)
    change.item.state = check_move(change.item.state, "unvoid")
    change.cycle.ended_at = None
    change.cycle.responder_id = None
    change.enter("unvoid", side="internal")
    change.rows += keep_time.restart(session, city=change.city, cycle=change.cycle, now=now)
    finish(change, "unvoid")
    post.release(session, item_id=item_id, now=now)


def reopen(
    session: Session,
    *,
    item_id: int,
    seen_version: int,
    ruling: Ruling,
    reason: str,
    by: Actor,
    now: datetime,
) -> None:
    """Staff go back to an answered or closed item, with a reason: a new cycle with clocks of its own."""
    change = begin(session, item_id=item_id, by=by, now=now, seen_version=seen_version)
    reason = check_reason(reason)
    change.item.state = check_move(change.item.state, "reopen")
    new_cycle(change, ruling=ruling, origin="reopened", barred_id=None)
    change.enter("reopened", side="event", department=change.cycle.department, text=reason)
    finish(change, "reopened")


def new_cycle(change: Change, *, ruling: Ruling, origin: str, barred_id: int | None) -> None:
    """Start the next cycle of the item in hand and point the item to it."""
    before, item = change.cycle, change.item
    assert item.id is not None
    values, clocks = next_cycle_values(
        ruling=ruling, before=before, origin=origin, now=change.now, barred_id=barred_id
    )
    # The rows go in by Core; the ORM reads the cycle back, and its clocks join the note as rows.
    cycle_id = write_cycle(change.session, item.id, values, clocks, [])
    change.rows.append(before)
    change.rows += keep_time.clocks_of(change.session, cycle_id)
    change.cycle = change.session.get_one(Cycle, cycle_id)
    change.city = ruling.city
    item.cycle_id = cycle_id


def refuse_barred(change: Change) -> None:
    """A second look is another person's: whoever gave an answer that led to one is out of this item for good."""
    if change.by.account_id is None:
        return
    barred = change.session.exec(
        select(col(Cycle.barred_id)).where(Cycle.item_id == change.item.id, Cycle.origin == "second_look")
    ).all()
    if change.by.account_id in barred:
        raise NotAllowed("second_look_by_another")

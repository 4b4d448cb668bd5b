"""Deeds that change what the law's clock reckons with: more time, a delay announced, another nature.

More time is given within the row of law and only while the answer is not late; whoever wrote is told by mail, and reads
it at the case in any case. Another nature changes the row and never the start.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlmodel import Session

from feedback.city.part import NATURES
from feedback.city.versions import Ruling
from feedback.deadlines.reckoning import Reckoning
from feedback.errors import Fault, Invalid, MoveRefused
from feedback.items import keep_time, restrict
from feedback.items.change import begin, finish, tell
from feedback.items.lifecycle import RUNNING
from feedback.items.sent import REASON_MOST, tidy_words
from feedback.items.time_tables import Extension
from feedback.ledger.notes import Actor

More = Literal["extended", "several", "announced"]
MORE: tuple[More, ...] = ("extended", "several", "announced")
"""Extended by so many days; several departments or authorities decide; a delay announced, which gives no time."""


def may_lengthen(state: str, *, is_held: bool) -> bool:
    """Whether the case is one whose time the city can still speak of."""
    return state in RUNNING and not is_held


def open_to(found: Reckoning) -> tuple[More, ...]:
    """What the row of law allows now."""
    allowed: dict[More, bool] = {
        "extended": found.extension_left > 0,
        "several": found.several_days > 0,
        "announced": found.announce_by is not None,
    }
    return tuple(more for more in MORE if allowed[more])


def lengthen(
    session: Session,
    *,
    item_id: int,
    seen_version: int,
    more: str,
    days: int | None,
    reason: str,
    by: Actor,
    now: datetime,
) -> None:
    """Extend the law's time, make it longer because several decide, or announce a delay; with a reason for the citizen.

    `days` is for an extension: so many more of the row's unit. Refuses MoveRefused where the case is not open, Invalid
    what its row does not allow (any more), or no reason.
    """
    change = begin(session, item_id=item_id, by=by, now=now, seen_version=seen_version)
    found = keep_time.reckoning_of(session, city=change.city, cycle=change.cycle, now=now)
    if not may_lengthen(change.item.state, is_held=change.is_held):
        raise MoveRefused("deadline_refused", state=change.item.state)
    faults: list[Fault] = []
    reason = tidy_words(reason, "reason", REASON_MOST, faults)
    if more not in open_to(found):
        faults.append(Fault("more", "more_missing"))
    if more == "extended" and not (days is not None and 1 <= days <= found.extension_left):
        faults.append(Fault("days", "days_beyond", most=found.extension_left))
    if not reason:
        faults.append(Fault("reason", "reason_missing"))
    if faults:
        raise Invalid(faults)
    entry = change.enter(more, side="city", department=change.cycle.department, text=reason)
    session.flush()
    assert entry.id is not None
    if more == "extended":
        extension = Extension(item_id=item_id, cycle_id=entry.cycle_id, entry_id=entry.id, days=days or 0)
        session.add(extension)
        change.rows.append(extension)
    change.rows += keep_time.lengthen(session, city=change.city, cycle=change.cycle, now=now)
    finish(change, more)
    tell(change, "deadline", {"entry_id": entry.id})


def reclassify(
    session: Session,
    *,
    item_id: int,
    seen_version: int,
    ruling: Ruling,
    nature: str,
    reason: str,
    by: Actor,
    now: datetime,
) -> None:
    """Another legal nature, with a reason: the law's row changes, the start does not.

    Where the profile restricts cases of that nature, the case is restricted from then on. Refuses MoveRefused where the
    case is not open, Invalid an unknown nature, the same one, or no reason.
    """
    change = begin(session, item_id=item_id, by=by, now=now, seen_version=seen_version)
    cycle = change.cycle
    if not may_lengthen(change.item.state, is_held=change.is_held):
        raise MoveRefused("nature_refused", state=change.item.state)
    faults: list[Fault] = []
    reason = tidy_words(reason, "reason", REASON_MOST, faults)
    if nature not in NATURES:
        faults.append(Fault("nature", "nature_missing"))
    elif nature == cycle.nature:
        faults.append(Fault("nature", "nature_same"))
    if not reason:
        faults.append(Fault("reason", "reason_missing"))
    if faults:
        raise Invalid(faults)
    cycle.nature = nature
    cycle.city_version_id, change.city = ruling.version_id, ruling.city
    change.enter("reclassified", side="event", department=cycle.department, text=reason)
    change.rows += keep_time.change_rules(
        session, city=ruling.city, cycle=cycle, version_number=ruling.number, now=now
    )
    restrict.by_rule(change, ruling.city)
    finish(change, "reclassified")

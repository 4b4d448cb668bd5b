"""What may be counted: cycles without words, contact or person, for measures, jobs and custody.

Excluded everywhere: void, merged, imported unless counted. A withdrawn item counts as received only. A cycle
counts for the department, service and nature that it has at the moment of reading.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.columns import table_of
from feedback.items.tables import Cycle, Item
from feedback.items.time_tables import Clock

_ITEM, _CYCLE, _CLOCK = table_of(Item), table_of(Cycle), table_of(Clock)
_EXCLUDED = ("void", "merged")
_CHUNK = 500


class CycleFacts(Struct, frozen=True):
    """A cycle as it may be counted. Due days are None where the clock is paused, taken away or withdrawn from."""

    cycle_id: int
    item_id: int
    department: str
    service: str
    nature: str
    origin: str
    started_on: date
    answered_on: date | None
    minutes: int | None
    law_due_on: date | None
    promise_due_on: date | None


def of_period(session: Session, first: date, last: date) -> list[CycleFacts]:
    """Every cycle that something counts of between two local days: begun, answered or due."""
    begun = sa.select(_CYCLE.c.id).where(_CYCLE.c.started_on.between(first, last))
    answered = sa.select(_CYCLE.c.id).where(_CYCLE.c.answered_on.between(first, last))
    due = sa.select(_CLOCK.c.cycle_id).where(
        _CLOCK.c.which.in_(("law", "promise")), _CLOCK.c.due_on.between(first, last)
    )
    ids = {row[0] for statement in (begun, answered, due) for row in session.execute(statement)}
    return of_cycles(session, ids)


def of_cycles(session: Session, ids: Iterable[int]) -> list[CycleFacts]:
    """The cycles of these ids that may be counted, in order of id."""
    wanted = sorted(ids)
    found: list[CycleFacts] = []
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        due: dict[tuple[int, str], date] = {}
        clocks = sa.select(_CLOCK.c.cycle_id, _CLOCK.c.which, _CLOCK.c.due_on).where(
            _CLOCK.c.cycle_id.in_(chunk),
            _CLOCK.c.stopped_by.in_(("", "answer")),
            _CLOCK.c.due_on.is_not(None),
        )
        for clock in session.execute(clocks):
            due[clock.cycle_id, clock.which] = clock.due_on
        rows = session.execute(
            sa.select(_CYCLE)
            .join(_ITEM, _ITEM.c.id == _CYCLE.c.item_id)
            .where(_CYCLE.c.id.in_(chunk), _ITEM.c.state.not_in(_EXCLUDED), _ITEM.c.counted)
            .order_by(_CYCLE.c.id)
        )
        found += [_facts(row, due) for row in rows]
    return found


def first_month(session: Session) -> str | None:
    """The month of the oldest item that may be counted, `2026-01`; None on an empty database."""
    day = session.execute(
        sa.select(sa.func.min(_ITEM.c.received_on)).where(_ITEM.c.state.not_in(_EXCLUDED), _ITEM.c.counted)
    ).scalar_one_or_none()
    return day.isoformat()[:7] if day else None


def _facts(row: Any, due: dict[tuple[int, str], date]) -> CycleFacts:
    return CycleFacts(
        cycle_id=row.id,
        item_id=row.item_id,
        department=row.department or "",
        service=row.service or "",
        nature=row.nature,
        origin=row.origin,
        started_on=row.started_on,
        answered_on=row.answered_on,
        minutes=row.minutes,
        law_due_on=due.get((row.id, "law")),
        promise_due_on=due.get((row.id, "promise")),
    )

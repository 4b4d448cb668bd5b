"""Cycles as they are written: the first with its item, further ones for a second look and a reopened case.

Each cycle brings its own clocks and keeps the version of the profile that rules it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from feedback.city.versions import Ruling
from feedback.columns import Row, Values, table_of
from feedback.items import keep_time
from feedback.items.tables import Cycle
from feedback.items.time_tables import Clock
from feedback.statements import Statement

_CYCLE, _CLOCK = table_of(Cycle), table_of(Clock)
_INSERT_CYCLE = Statement(sa.insert(_CYCLE).returning(_CYCLE.c.id))
_INSERT_CLOCK = Statement(sa.insert(_CLOCK).returning(_CLOCK.c.id))


def cycle_values(
    *,
    version_id: int,
    number: int,
    origin: str,
    started_at: datetime,
    started_on: date,
    department: str | None,
    service: str | None,
    nature: str,
    route: str,
    next_due_at: datetime,
    restricted: str | None = None,
    urgent: str | None = None,
    barred_id: int | None = None,
) -> dict[str, Any]:
    """The values of a cycle that begins: nobody has it yet and nothing is answered."""
    return {
        "city_version_id": version_id,
        "number": number,
        "origin": origin,
        "started_at": started_at,
        "started_on": started_on,
        "department": department,
        "service": service,
        "nature": nature,
        "route": route,
        "restricted": restricted,
        "urgent": urgent,
        "responder_id": None,
        "barred_id": barred_id,
        "answered_at": None,
        "answered_on": None,
        "answered_by": None,
        "outcome": None,
        "minutes": None,
        "second_look_until": None,
        "ended_at": None,
        "next_due_at": next_due_at,
    }


def next_cycle_values(
    *, ruling: Ruling, before: Cycle, origin: str, now: datetime, barred_id: int | None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A further cycle on the same item, for the same department, service and nature, with clocks of its own."""
    clocks = keep_time.first_clocks(
        ruling.city,
        nature=before.nature,
        service=before.service if before.service in ruling.city.services else None,
        started_at=now,
        version_number=ruling.number,
    )
    values = cycle_values(
        version_id=ruling.version_id,
        number=before.number + 1,
        origin=origin,
        started_at=now,
        started_on=now.astimezone(ruling.city.zone).date(),
        department=before.department,
        service=before.service,
        nature=before.nature,
        route=origin,
        next_due_at=keep_time.next_due(clocks),
        restricted=before.restricted,
        barred_id=barred_id,
    )
    return values, clocks


def write_cycle(
    session: Session,
    item_id: int,
    cycle: dict[str, Any],
    clocks: list[dict[str, Any]],
    written: list[tuple[type[Row], int, Values]],
) -> int:
    """Insert a cycle with its clocks; what was written is added to `written` for the note."""
    values = {**cycle, "item_id": item_id}
    cycle_id: int = _INSERT_CYCLE.scalar(session, values)
    written.append((Cycle, cycle_id, values))
    for clock in clocks:
        clock_values = {**clock, "cycle_id": cycle_id}
        written.append((Clock, _INSERT_CLOCK.scalar(session, clock_values), clock_values))
    return cycle_id

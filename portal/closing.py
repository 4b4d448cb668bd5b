"""Closing months of the record and freezing their satisfaction: the deeds of `quality/record.py`, each write short.

Reading and computing happen on a read connection; the copy is written in chunks under a draft, and the last
write flips it. Used by the command, the job and the demonstration alike.
"""

from __future__ import annotations

from datetime import datetime

from feedback.city import versions
from feedback.ledger.notes import SYSTEM, Actor
from feedback.quality import record
from feedback.quality.measures import CountedRow, RatedRow
from portal.database import Database

CHUNK = 400
"""Rows of the copy in one write, so that nobody waits longer than some tens of milliseconds."""


def close_month(database: Database, *, period: str, by: Actor = SYSTEM, now: datetime) -> bool:
    """Close a month; False where it was closed before. Refuses PeriodUnknown, PeriodNotOver, and Conflict
    where another closer has taken over."""
    with database.read() as session:
        if record.is_closed(session, period):
            return False
        ruling = versions.current(session)
        closing = record.prepare(session, ruling=ruling, period=period, now=now)
    with database.write() as session:
        record_id = record.begin(session, closing=closing, ruling=ruling)
    if record_id is None:
        return False
    rows: list[CountedRow | RatedRow] = [*closing.counted, *closing.rated]
    for start in range(0, len(rows), CHUNK):
        with database.write() as session:
            record.copy(session, record_id=record_id, closing=closing, rows=rows[start : start + CHUNK])
    with database.write() as session:
        record.freeze(session, record_id=record_id, closing=closing, by=by)
    return True


def close_what_is_due(database: Database, *, now: datetime) -> list[str]:
    """Close every month whose closing day has come; the months that were closed."""
    with database.read() as session:
        months = record.months_to_close(session, ruling=versions.current(session), now=now)
    return [period for period in months if close_month(database, period=period, now=now)]


def freeze_what_is_due(database: Database, *, now: datetime) -> int:
    """Freeze the satisfaction of every month whose last link has ended; how many."""
    with database.read() as session:
        today = now.astimezone(versions.current(session).city.zone).date()
        due = record.find_satisfaction_due(session, today=today)
    frozen = 0
    for record_id in due:
        with database.write() as session:
            frozen += record.freeze_satisfaction(session, record_id=record_id, today=today, now=now)
    return frozen

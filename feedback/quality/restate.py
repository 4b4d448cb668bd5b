"""A restatement: what a closed month would show if it were closed today, with the reason.

The frozen figures stay as they were published; beside them stands how many cases count otherwise now and why.
ISO 9001 7.5.3: a correction never overwrites.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct, json
from sqlmodel import Session, col, select

from feedback.columns import table_of
from feedback.errors import DomainError, NotFound
from feedback.items.sent import check_reason
from feedback.ledger import notes
from feedback.ledger.notes import Actor
from feedback.quality import copies
from feedback.quality.measures import CountedRow, RatedRow
from feedback.quality.tables import Counted, Rated, Record, Restatement


class NothingChanged(DomainError):
    """Every case counts as it did when the month was closed."""

    code = "nothing_changed"


class Restated(Struct, frozen=True):
    """A correction as the public page shows it."""

    day: date
    changed: int
    reason: str


def restate(session: Session, *, period: str, reason: str, by: Actor, now: datetime) -> int:
    """Write a restatement of a closed month; how many cases count otherwise.

    Refuses NotFound (not closed), Invalid (no reason), NothingChanged.
    """
    record = session.exec(
        select(Record).where(Record.period == period, Record.state == "closed").with_for_update()
    ).first()
    if record is None or record.id is None:
        raise NotFound("period_not_closed", period=period)
    reason = check_reason(reason)
    counted, rated = copies.count(session, period), copies.rate(session, period)
    changed = _differing(copies.rows_of(session, Counted, CountedRow, [record.id]), counted)
    changed |= _differing(copies.rows_of(session, Rated, RatedRow, [record.id]), rated)
    if not changed:
        raise NothingChanged(period=period)
    figures = copies.compute(
        period=period,
        window_from=record.window_from,
        month=(counted, rated),
        window=(
            [*copies.earlier_counted(session, record.window_from, period), *counted],
            [*copies.earlier_rated(session, record.window_from, period), *rated],
        ),
    )
    document = json.encode(figures, order="deterministic").decode()
    restatement = Restatement(
        record_id=record.id,
        at=now,
        by_id=by.account_id,
        changed=len(changed),
        reason=reason,
        figures=document,
        digest=hashlib.sha256(document.encode()).hexdigest(),
    )
    session.add(restatement)
    session.flush()
    notes.append(
        session,
        notes.chain_of("record", record),
        subject_table=table_of(Record),
        act="restated",
        by=by,
        now=now,
        rows=[record, restatement],
    )
    session.expire(record)
    return len(changed)


def of_period(session: Session, period: str, zone: ZoneInfo) -> list[Restated]:
    """The restatements of a month, the newest first."""
    rows = session.exec(
        select(Restatement)
        .join(Record, col(Record.id) == col(Restatement.record_id))
        .where(Record.period == period)
        .order_by(col(Restatement.id).desc())
    ).all()
    return [Restated(row.at.astimezone(zone).date(), row.changed, row.reason) for row in rows]


def _differing(
    before: list[CountedRow] | list[RatedRow], after: list[CountedRow] | list[RatedRow]
) -> set[int]:
    old = {row.cycle_id: row for row in before}
    new = {row.cycle_id: row for row in after}
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}

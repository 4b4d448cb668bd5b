"""Proving the quality record: every frozen figure from its copy, and the copy from the live rows.

What happened after a closing leaves the copy alone; a difference between copy and live rows is accepted only
where a later note of the item explains it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from feedback.columns import table_of
from feedback.custody.findings import Finding
from feedback.items.tables import Cycle
from feedback.ledger.tables import Note
from feedback.quality import copies, measures
from feedback.quality.measures import CountedRow, RatedRow
from feedback.quality.tables import Counted, Figure, Rated, Record

ABOUT_THEN = timedelta(minutes=15)
"""A deed that waited for its turn while the month was closed bears a time a little before the closing."""

_FIGURE, _NOTE, _CYCLE = table_of(Figure), table_of(Note), table_of(Cycle)
_NAMES = (
    "measure",
    "n",
    "numerator",
    "median",
    "p90",
    "aside",
    "invited",
    "responded",
    "span",
    "scope",
    "scope_key",
    "window_from",
    "window_to",
)


def verify_records(session: Session) -> Iterator[Finding]:
    """All closed months, the oldest first."""
    records = session.exec(select(Record).where(Record.state == "closed").order_by(col(Record.period))).all()
    for record in records:
        assert record.id is not None
        place = f"record:{record.period}"
        if not (measures.is_period(record.period) and measures.is_period(record.window_from)):
            yield Finding("row_changed", place, "period")
            continue
        counted = copies.rows_of(session, Counted, CountedRow, [record.id])
        rated = copies.rows_of(session, Rated, RatedRow, [record.id])
        if copies.digest_rows(counted) != record.counted_digest:
            yield Finding("copy_changed", place, "counted")
        if copies.digest_rows(rated) != record.rated_digest:
            yield Finding("copy_changed", place, "rated")
        yield from _figures(session, record, counted, rated)
        yield from _copy(session, record, counted)
        if record.satisfaction == "frozen":
            yield from _ratings(session, record, rated)


def _figures(
    session: Session, record: Record, counted: list[CountedRow], rated: list[RatedRow]
) -> Iterator[Finding]:
    """Each frozen row: under its digest, and the same when computed again from the copies of its window."""
    place = f"record:{record.period}"
    frozen = [
        {name: getattr(row, name) for name in _NAMES}
        for row in session.execute(
            sa.select(*(_FIGURE.c[name] for name in _NAMES)).where(_FIGURE.c.record_id == record.id)
        )
    ]
    if copies.digest_figures(frozen, of_satisfaction=False) != record.figures_digest:
        yield Finding("figure_changed", place, "digest")
    if copies.digest_figures(frozen, of_satisfaction=True) != record.satisfaction_digest:
        yield Finding("figure_changed", place, "digest of satisfaction")
    again = copies.compute(
        period=record.period,
        window_from=record.window_from,
        month=(counted, rated),
        window=(
            [*copies.earlier_counted(session, record.window_from, record.period), *counted],
            [*copies.earlier_rated(session, record.window_from, record.period), *rated],
        ),
    )
    computed = {_key(row): row for row in again}
    for row in frozen:
        if row["measure"] in measures.SATISFACTION and record.satisfaction != "frozen":
            continue  # Provisional: earlier months of its window may have been frozen since.
        found = computed.get(_key(row))
        for name in _NAMES:
            if found is None or row[name] != found[name]:
                yield Finding("figure_changed", f"{place} {'/'.join(_key(row))}", name)
                break


def _copy(session: Session, record: Record, counted: list[CountedRow]) -> Iterator[Finding]:
    """The copy against the live rows, save where a later note explains the difference."""
    copied = {row.cycle_id: row for row in counted}
    live = {row.cycle_id: row for row in copies.count(session, record.period)}
    differing = [key for key in sorted(copied.keys() | live.keys()) if copied.get(key) != live.get(key)]
    for cycle_id in _unexplained(session, differing, record.closed_at):
        yield Finding("copy_unexplained", f"record:{record.period} cycle:{cycle_id}")


def _ratings(session: Session, record: Record, rated: list[RatedRow]) -> Iterator[Finding]:
    """Frozen ratings against the live responses, which no lawful deed can change after the last link."""
    copied = {row.cycle_id: (row.invited_on, row.outcome, row.handling) for row in rated}
    live = {
        row.cycle_id: (row.invited_on, row.outcome, row.handling)
        for row in copies.rate(session, record.period)
    }
    differing = [key for key in sorted(copied.keys() | live.keys()) if copied.get(key) != live.get(key)]
    for cycle_id in _unexplained(session, differing, record.closed_at):
        yield Finding("rating_unexplained", f"record:{record.period} cycle:{cycle_id}")


def _unexplained(session: Session, cycle_ids: Sequence[int], closed_at: datetime) -> list[int]:
    """Those of the cycles whose item has no note from about the closing on."""
    if not cycle_ids:
        return []
    explained: set[int] = set()
    for start in range(0, len(cycle_ids), 400):
        rows = session.execute(
            sa.select(_CYCLE.c.id)
            .join(_NOTE, sa.and_(_NOTE.c.kind == "item", _NOTE.c.subject == _CYCLE.c.item_id))
            .where(_CYCLE.c.id.in_(cycle_ids[start : start + 400]), _NOTE.c.at > closed_at - ABOUT_THEN)
        )
        explained.update(rows.scalars())
    return [key for key in cycle_ids if key not in explained]


def _key(row: dict[str, Any]) -> tuple[str, str, str, str]:
    return row["measure"], row["span"], row["scope"], row["scope_key"]

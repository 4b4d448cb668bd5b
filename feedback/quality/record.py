"""Closing a month of the quality record: the copy of what is counted, and the figures frozen from it.

`prepare` computes on a read connection; then, each in a short write of its own, `begin` makes a draft, `copy`
writes the rows in chunks, and `freeze` flips the draft to closed with one note. Closing twice changes nothing.
Satisfaction is provisional until the period's last link has ended; `freeze_satisfaction` then makes it final.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from msgspec import Struct, structs
from sqlmodel import Session, col, select

from feedback.city import versions
from feedback.city.versions import Ruling
from feedback.columns import table_of
from feedback.errors import Conflict, DomainError
from feedback.items import population
from feedback.ledger import notes
from feedback.ledger.notes import SYSTEM, Actor
from feedback.quality import copies, measures, renewal
from feedback.quality.measures import CountedRow, RatedRow
from feedback.quality.tables import Counted, Figure, Rated, Record
from feedback.satisfaction.invite import LINK_LIVES

WINDOW = 12
"""Months of the longer window."""

_RECORD, _COUNTED, _RATED, _FIGURE = table_of(Record), table_of(Counted), table_of(Rated), table_of(Figure)


class PeriodNotOver(DomainError):
    """A month can be closed only after its last day."""

    code = "period_not_over"


class PeriodUnknown(DomainError):
    """Not a month `YYYY-MM`, or one before the first item."""

    code = "period_unknown"


class Closing(Struct, frozen=True):
    """Everything that closing a month will write."""

    period: str
    window_from: str
    counted: list[CountedRow]
    rated: list[RatedRow]
    figures: list[dict[str, Any]]
    satisfaction_from: date
    now: datetime
    ticket: str
    """Whose draft it is: two closers at once don't write into each other's."""


def is_closed(session: Session, period: str) -> bool:
    found = session.exec(select(Record.state).where(Record.period == period)).first()
    return found == "closed"


def months_to_close(session: Session, *, ruling: Ruling, now: datetime) -> list[str]:
    """Months that are over, have reached the city's closing day, hold items, and are not closed; oldest first."""
    today = now.astimezone(ruling.city.zone).date()
    last, _ = measures.months_later(measures.month_of(today), -1)
    if today.day < ruling.city.publication.close_on_day:
        last, _ = measures.months_later(last, -1)
    closed = set(session.exec(select(Record.period).where(Record.state == "closed")).all())
    start = population.first_month(session)
    months: list[str] = []
    while start is not None and start <= last:
        if start not in closed:
            months.append(start)
        start, _ = measures.months_later(start, 1)
    return months


def prepare(session: Session, *, ruling: Ruling, period: str, now: datetime) -> Closing:
    """What closing this month would write. Refuses PeriodUnknown and PeriodNotOver."""
    if not measures.is_period(period):
        raise PeriodUnknown(period=period)
    _, last = measures.days_of_month(period)
    if now.astimezone(ruling.city.zone).date() <= last:
        raise PeriodNotOver(period=period, last=last)
    first = population.first_month(session)
    if first is None:
        raise PeriodUnknown("no_cases_yet")
    if period < first:
        raise PeriodUnknown("period_before_first", period=period, first=first)
    counted = copies.count(session, period)
    rated = copies.rate(session, period)
    window_from = _window_start(session, period)
    window_counted = [*copies.earlier_counted(session, window_from, period), *counted]
    window_rated = [*copies.earlier_rated(session, window_from, period), *rated]
    figures = copies.compute(
        period=period,
        window_from=window_from,
        month=(counted, rated),
        window=(window_counted, window_rated),
    )
    rules = ruling.city.publication
    kept = renewal.renewed(session, figures, window_from=window_from, period=period, rules=rules)
    return Closing(
        period=period,
        window_from=window_from,
        counted=counted,
        rated=rated,
        figures=kept,
        satisfaction_from=last + LINK_LIVES + timedelta(days=1),
        now=now,
        ticket=secrets.token_hex(16),
    )


def begin(session: Session, *, closing: Closing, ruling: Ruling) -> int | None:
    """Make the draft, or take over one that was left half written; None where the month is closed already."""
    found = session.exec(select(Record).where(Record.period == closing.period).with_for_update()).first()
    if found is not None and found.state == "closed":
        return None
    if found is not None:
        for table in (_COUNTED, _RATED, _FIGURE):
            session.execute(sa.delete(table).where(table.c.record_id == found.id))
        found.head = closing.ticket
        return found.id
    record = Record(
        period=closing.period,
        state="draft",
        window_from=closing.window_from,
        closed_at=closing.now,
        definitions=measures.DEFINITIONS,
        city_version_id=ruling.version_id,
        counted_digest="",
        figures_digest="",
        satisfaction="provisional",
        satisfaction_from=closing.satisfaction_from,
        head=closing.ticket,
    )
    session.add(record)
    session.flush()
    return record.id


def copy(
    session: Session, *, record_id: int, closing: Closing, rows: Sequence[CountedRow | RatedRow]
) -> None:
    """Write a chunk of the copy under the draft. Refuses Conflict where another closer has taken it over."""
    _own_draft(session, record_id, closing)
    _insert(session, record_id, rows)


def _own_draft(session: Session, record_id: int, closing: Closing) -> Record:
    record = session.get_one(Record, record_id, with_for_update=True, populate_existing=True)
    if (record.state, record.head) != ("draft", closing.ticket):
        raise Conflict("closed_by_another", period=closing.period)
    return record


def _insert(session: Session, record_id: int, rows: Sequence[CountedRow | RatedRow]) -> None:
    for kind, table in ((CountedRow, _COUNTED), (RatedRow, _RATED)):
        values = [{"record_id": record_id, **structs.asdict(row)} for row in rows if isinstance(row, kind)]
        if values:
            session.execute(sa.insert(table), values)


def freeze(session: Session, *, record_id: int, closing: Closing, by: Actor) -> None:
    """Write the figures and flip the draft to closed, with its note. Refuses Conflict like `copy`."""
    record = _own_draft(session, record_id, closing)
    record.head = ""
    if closing.figures:
        session.execute(sa.insert(_FIGURE), [{"record_id": record_id, **row} for row in closing.figures])
    record.state = "closed"
    record.window_from = closing.window_from
    record.closed_at = closing.now
    record.closed_by = by.account_id
    record.counted_digest = copies.digest_rows(closing.counted)
    record.rated_digest = copies.digest_rows(closing.rated)
    record.figures_digest = copies.digest_figures(closing.figures, of_satisfaction=False)
    record.satisfaction_digest = copies.digest_figures(closing.figures, of_satisfaction=True)
    _note(session, record, "closed", by, closing.now)


def find_satisfaction_due(session: Session, *, today: date) -> list[int]:
    """Closed records whose satisfaction can be frozen now, the oldest first."""
    found = session.exec(
        select(Record.id)
        .where(
            Record.state == "closed", Record.satisfaction == "provisional", Record.satisfaction_from <= today
        )
        .order_by(col(Record.period))
    ).all()
    return [key for key in found if key is not None]


def freeze_satisfaction(session: Session, *, record_id: int, today: date, now: datetime) -> bool:
    """Copy the period's ratings for good and freeze their figures; False where there is nothing to freeze."""
    record = session.get_one(Record, record_id, with_for_update=True)
    if record.state != "closed" or record.satisfaction != "provisional" or record.satisfaction_from > today:
        return False
    places = {row.cycle_id: row for row in copies.rows_of(session, Rated, RatedRow, [record_id])}
    rated = [_as_closed(row, places) for row in copies.rate(session, record.period)]
    session.execute(sa.delete(_RATED).where(_RATED.c.record_id == record_id))
    _insert(session, record_id, rated)
    session.execute(
        sa.delete(_FIGURE).where(
            _FIGURE.c.record_id == record_id, _FIGURE.c.measure.in_(measures.SATISFACTION)
        )
    )
    window_rated = [*copies.earlier_rated(session, record.window_from, record.period), *rated]
    figures = [
        figure
        for figure in copies.compute(
            period=record.period,
            window_from=record.window_from,
            month=([], rated),
            window=([], window_rated),
        )
        if figure["measure"] in measures.SATISFACTION
    ]
    rules = versions.get(session, record.city_version_id).publication
    figures = renewal.renewed(
        session, figures, window_from=record.window_from, period=record.period, rules=rules
    )
    if figures:
        session.execute(sa.insert(_FIGURE), [{"record_id": record_id, **row} for row in figures])
    record.satisfaction = "frozen"
    record.rated_digest = copies.digest_rows(rated)
    record.satisfaction_digest = copies.digest_figures(figures, of_satisfaction=True)
    _note(session, record, "satisfaction_frozen", SYSTEM, now)
    return True


def _window_start(session: Session, period: str) -> str:
    """The first of up to twelve consecutive closed months that end with this one."""
    closed = set(session.exec(select(Record.period).where(Record.state == "closed")).all())
    start = period
    for _ in range(WINDOW - 1):
        before, _first = measures.months_later(start, -1)
        if before not in closed:
            break
        start = before
    return start


def _as_closed(row: RatedRow, places: dict[int, RatedRow]) -> RatedRow:
    """A rating counts for the department that the cycle had when the month was closed."""
    known = places.get(row.cycle_id)
    if known is None:
        return row
    return structs.replace(row, department=known.department, service=known.service, nature=known.nature)


def _note(session: Session, record: Record, act: str, by: Actor, now: datetime) -> None:
    session.flush()
    notes.append(
        session,
        notes.chain_of("record", record),
        subject_table=_RECORD,
        act=act,
        by=by,
        now=now,
        rows=[record],
    )
    session.expire(record)

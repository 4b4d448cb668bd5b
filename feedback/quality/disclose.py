"""What the public may see of the frozen figures: the only way from the record to a public page, file or feed.

Every cell that leaves here has been suppressed where it must be; the rules for that are in `suppression.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session, col, select

from feedback.city.profile import City, Measure, Publication
from feedback.columns import table_of
from feedback.items import population
from feedback.quality import measures
from feedback.quality.suppression import Cell, nest, newest_whole, protect, shelter, suppress
from feedback.quality.tables import Figure, Record

_FIGURE = table_of(Figure)


class Line(Struct, frozen=True):
    """A department or service with its cell; `key` is `-` for "not assigned"."""

    key: str
    cell: Cell


class Sheet(Struct, frozen=True, kw_only=True):
    """A closed month as the public page shows it."""

    period: str
    window_from: str
    closed_at: datetime
    is_satisfaction_final: bool
    satisfaction_from: date
    """The first day on which satisfaction can become final."""
    definitions: int
    digest: str
    """The digest of the record's note: its fingerprint, to be compared by anybody."""
    months: list[str]
    """All closed months, the newest first, for the picker."""
    month: dict[Measure, Cell]
    """The city in that month."""
    year: dict[Measure, Cell]
    """The city in the window of up to twelve months that ends with it, or in an older one (see `shelter`): each
    cell has its own dates. A measure without any such window yet is left out."""
    trend: dict[Measure, list[Cell]]
    """The city month by month over the window."""


def find_sheet(session: Session, *, rules: Publication, period: str | None = None) -> Sheet | None:
    """The sheet of a closed month, the newest where none is named; None where there is none (yet)."""
    closed = session.exec(
        select(Record).where(Record.state == "closed").order_by(col(Record.period).desc())
    ).all()
    record = next((row for row in closed if period is None or row.period == period), None)
    if record is None:
        return None
    known = [row for row in closed if row.period <= record.period]
    rows = _rows(session, _FIGURE.c.record_id.in_([row.id for row in known]), _FIGURE.c.scope == "city")
    monthly: dict[Measure, list[Cell]] = {}
    windows: dict[Measure, list[Cell]] = {}
    for row in sorted(rows, key=lambda row: str(row.window_to)):
        kept = monthly if row.span == "month" else windows
        kept.setdefault(row.measure, []).append(_open(row))
    trend: dict[Measure, list[Cell]] = {}
    year: dict[Measure, Cell] = {}
    for measure, cells in monthly.items():
        shown, blocks = shelter(cells, rules)
        trend[measure] = [cell for cell in shown if cell.window_to >= record.window_from]
        whole = newest_whole(windows[measure], [cell.window_to for cell in cells], blocks)
        if whole is not None:
            year[measure] = suppress(whole, rules)
    return Sheet(
        period=record.period,
        window_from=record.window_from,
        closed_at=record.closed_at,
        is_satisfaction_final=record.satisfaction == "frozen",
        satisfaction_from=record.satisfaction_from,
        definitions=record.definitions,
        digest=record.head,
        months=[row.period for row in closed],
        month={measure: cells[-1] for measure, cells in trend.items()},
        year=year,
        trend=trend,
    )


def lines(
    session: Session,
    *,
    city: City,
    sheet: Sheet,
    scope: Literal["department", "service"],
    measure: Measure,
) -> list[Line]:
    """Departments or services over the window, in the city's own order, never ranked; "not assigned" last.

    Each shows its newest row up to this month: while the window grows, a row is renewed only when enough cases
    were added (`record.py`), so that its dates may be older than the sheet's.
    """
    departments = _newest_rows(session, sheet, "department", measure, city.departments)
    shown = protect([cell for _, cell in departments], city.publication)
    if scope == "department":
        return [Line(key, cell) for (key, _), cell in zip(departments, shown, strict=True)]
    services = _newest_rows(session, sheet, "service", measure, city.services)
    homes = [city.services[key].department if key in city.services else None for key, _ in services]
    parents = {key: cell for (key, _), cell in zip(departments, shown, strict=True)}
    cells = nest([cell for _, cell in services], homes, parents, city.publication)
    return [Line(key, cell) for (key, _), cell in zip(services, cells, strict=True)]


def find_first_closing(session: Session, *, rules: Publication, today: date) -> tuple[str, date]:
    """The first month that will be closed and the day on which a job does it at the latest. While nobody has
    written yet, the present month is taken for the first."""
    period = population.first_month(session) or measures.month_of(today)
    return period, measures.months_later(period, 1)[1].replace(day=rules.close_on_day)


def _newest_rows(
    session: Session,
    sheet: Sheet,
    scope: str,
    measure: Measure,
    order: Iterable[str],
) -> list[tuple[str, Cell]]:
    """The newest row of each key up to the sheet's month: the city's own order, then keys that the profile no
    longer has, then "not assigned"."""
    newest: dict[str, Any] = {}
    for row in _rows(
        session,
        _FIGURE.c.scope == scope,
        _FIGURE.c.span == "year",
        _FIGURE.c.measure == measure,
        _FIGURE.c.window_from >= sheet.window_from,
        _FIGURE.c.window_to <= sheet.period,
    ):
        known = newest.get(row.scope_key)
        if known is None or known.window_to < row.window_to:
            newest[row.scope_key] = row
    listed = [key for key in order if key in newest]
    former = sorted(newest.keys() - {*listed, measures.NOT_ASSIGNED})
    last = [measures.NOT_ASSIGNED] if measures.NOT_ASSIGNED in newest else []
    return [(key, _open(newest[key])) for key in (*listed, *former, *last)]


def _rows(session: Session, *where: Any) -> list[Any]:
    return list(session.execute(sa.select(_FIGURE).where(*where)).all())


def _open(row: Any) -> Cell:
    """A frozen row before anything is suppressed; never leaves this module as it is."""
    return Cell(
        measure=row.measure,
        level="shown",
        window_from=row.window_from,
        window_to=row.window_to,
        n=row.n,
        numerator=row.numerator,
        median=row.median,
        p90=row.p90,
        aside=row.aside,
        invited=row.invited,
        responded=row.responded,
    )

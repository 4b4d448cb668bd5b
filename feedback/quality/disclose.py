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

from feedback.city.part import Measure
from feedback.city.profile import City, Publication
from feedback.columns import table_of
from feedback.items import population
from feedback.quality import measures
from feedback.quality.suppression import Cell, at_most, nest, newest_whole, protect, shelter, suppress
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
    kinds = ("department",) if scope == "department" else ("department", "service")
    rows = _rows(
        session,
        _FIGURE.c.scope.in_(kinds),
        _FIGURE.c.span == "year",
        _FIGURE.c.measure == measure,
        _FIGURE.c.window_from >= sheet.window_from,
        _FIGURE.c.window_to <= sheet.period,
    )
    frozen: dict[str, dict[str, list[tuple[str, Cell]]]] = {}
    for row in rows:
        frozen.setdefault(row.window_to, {}).setdefault(row.scope, []).append((row.scope_key, _open(row)))
    # A row that was not renewed shows no more than it did on its own sheet, where it kept others from being worked
    # out; so the earlier sheets are gone through as well.
    newest: dict[str, dict[str, Cell]] = {"department": {}, "service": {}}
    departments: dict[str, Cell] = {}
    services: dict[str, Cell] = {}
    for upto in sorted(frozen):
        for kind, added in frozen[upto].items():
            newest[kind].update(added)
        found = _in_order(newest["department"], city.departments)
        cells = protect([cell for _, cell in found], city.publication)
        departments = _carried(found, cells, departments, upto)
        if scope == "department":
            continue
        found = _in_order(newest["service"], city.services)
        homes = [city.services[key].department if key in city.services else None for key, _ in found]
        cells = nest([cell for _, cell in found], homes, departments, city.publication)
        services = _carried(found, cells, services, upto)
    shown = departments if scope == "department" else services
    return [Line(key, cell) for key, cell in shown.items()]


def find_first_closing(session: Session, *, rules: Publication, today: date) -> tuple[str, date]:
    """The first month that will be closed and the day on which a job does it at the latest. While nobody has
    written yet, the present month is taken for the first."""
    period = population.first_month(session) or measures.month_of(today)
    return period, measures.months_later(period, 1)[1].replace(day=rules.close_on_day)


def _in_order(newest: dict[str, Cell], order: Iterable[str]) -> list[tuple[str, Cell]]:
    """The city's own order, then keys that the profile no longer has, then "not assigned"."""
    listed = [key for key in order if key in newest]
    former = sorted(newest.keys() - {*listed, measures.NOT_ASSIGNED})
    last = [measures.NOT_ASSIGNED] if measures.NOT_ASSIGNED in newest else []
    return [(key, newest[key]) for key in (*listed, *former, *last)]


def _carried(
    found: list[tuple[str, Cell]], cells: list[Cell], before: dict[str, Cell], upto: str
) -> dict[str, Cell]:
    """The cells of a sheet, where a row of an earlier sheet stays as suppressed as it was there."""
    carried = {}
    for (key, whole), cell in zip(found, cells, strict=True):
        earlier = before.get(key)
        is_older = whole.window_to < upto and earlier is not None
        carried[key] = (
            at_most(cell, whole, earlier)
            if is_older and earlier is not None and earlier.level in ("hidden", "count_only")
            else cell
        )
    return carried


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

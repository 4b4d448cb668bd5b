"""What the public may see of the frozen figures: small numbers are suppressed here and nowhere else.

Fewer than `hidden_below` cases: nothing is shown. Up to `count_only_below`: only how many. Up to `few_below`: shown,
marked as few. Where exactly one cell of a row with a visible total would be hidden, the next smallest is hidden
too, so that it can't be found by subtraction. Ratings that are all alike in a small group show only how many.
Thresholds are the city's (`publication.toml`) with floors that it can't go under (`profile.Publication`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct, structs
from sqlmodel import Session, col, select

from feedback.city.profile import Measure, Publication
from feedback.columns import table_of
from feedback.quality import measures
from feedback.quality.tables import Figure, Record

Level = Literal["shown", "few", "count_only", "hidden", "empty"]
ALIKE_BELOW = 20
"""Ratings that are all satisfied, or none, show only their number in groups smaller than this."""

_FIGURE = table_of(Figure)


class Cell(Struct, frozen=True, kw_only=True):
    """A figure as the public may see it. What is suppressed is None, whatever the template asks for."""

    measure: Measure
    level: Level
    window_from: str
    window_to: str
    n: int | None = None
    numerator: int | None = None
    median: int | None = None
    p90: int | None = None
    aside: int | None = None
    invited: int | None = None
    responded: int | None = None

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None where it is suppressed or the figure is no share."""
        return self.numerator / self.n if self.numerator is not None and self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % Wilson interval of the share."""
        if self.numerator is None or not self.n:
            return None
        return measures.wilson(self.numerator, self.n)


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
    definitions: int
    digest: str
    """The digest of the record's note: its fingerprint, to be compared by anybody."""
    months: list[str]
    """All closed months, the newest first, for the picker."""
    month: dict[Measure, Cell]
    """The city in that month."""
    year: dict[Measure, Cell]
    """The city in the window of up to twelve months that ends with it."""
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
    rows = _rows(session, _FIGURE.c.record_id == record.id, _FIGURE.c.scope == "city")
    window = [row for row in closed if record.window_from <= row.period <= record.period]
    monthly = _rows(
        session,
        _FIGURE.c.record_id.in_([row.id for row in window]),
        _FIGURE.c.scope == "city",
        _FIGURE.c.span == "month",
    )
    trend: dict[Measure, list[Cell]] = {}
    for row in sorted(monthly, key=lambda row: row.window_to):
        trend.setdefault(row.measure, []).append(_open(row))
    trend = {measure: protect(cells, rules) for measure, cells in trend.items()}
    return Sheet(
        period=record.period,
        window_from=record.window_from,
        closed_at=record.closed_at,
        is_satisfaction_final=record.satisfaction == "frozen",
        definitions=record.definitions,
        digest=record.head,
        months=[row.period for row in closed],
        month={measure: cells[-1] for measure, cells in trend.items()},
        year={row.measure: suppress(_open(row), rules) for row in rows if row.span == "year"},
        trend=trend,
    )


def lines(
    session: Session,
    *,
    rules: Publication,
    sheet: Sheet,
    scope: Literal["department", "service"],
    measure: Measure,
    order: Sequence[str],
) -> list[Line]:
    """Departments or services over the window, in the city's own order, never ranked; "not assigned" last.

    Each shows its newest row up to this month: while the window grows, a row is renewed only when enough cases
    were added (`record.py`), so that its dates may be older than the sheet's.
    """
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
    keys = [key for key in (*order, measures.NOT_ASSIGNED) if key in newest]
    cells = protect([_open(newest[key]) for key in keys], rules)
    return [Line(key, cell) for key, cell in zip(keys, cells, strict=True)]


def suppress(cell: Cell, rules: Publication) -> Cell:
    """One cell by its own size."""
    n = cell.n or 0
    if n == 0:
        return structs.replace(cell, level="empty", numerator=None, median=None, p90=None)
    if n < rules.hidden_below:
        return _hide(cell)
    if n < rules.count_only_below or _is_alike(cell):
        return _count_only(cell)
    return structs.replace(cell, level="few" if n < rules.few_below else "shown")


def protect(cells: Sequence[Cell], rules: Publication) -> list[Cell]:
    """The cells of one row or column whose total is visible: each by its size, then no hidden one alone."""
    found = [suppress(cell, rules) for cell in cells]
    hidden = [place for place, cell in enumerate(found) if cell.level == "hidden"]
    if len(hidden) == 1:
        place = _smallest(cells, (p for p, cell in enumerate(found) if cell.level not in ("hidden", "empty")))
        if place is not None:
            found[place] = _hide(found[place])
    silent = [place for place, cell in enumerate(found) if cell.level in ("hidden", "count_only")]
    if len(silent) == 1:
        place = _smallest(cells, (p for p, cell in enumerate(found) if cell.level in ("few", "shown")))
        if place is not None:
            found[place] = _count_only(found[place])
    return found


def _smallest(cells: Sequence[Cell], places: Iterable[int]) -> int | None:
    return min(places, key=lambda place: cells[place].n or 0, default=None)


def _is_alike(cell: Cell) -> bool:
    return (
        cell.measure in measures.SATISFACTION
        and (cell.n or 0) < ALIKE_BELOW
        and cell.numerator in (0, cell.n)
    )


def _hide(cell: Cell) -> Cell:
    return Cell(measure=cell.measure, level="hidden", window_from=cell.window_from, window_to=cell.window_to)


def _count_only(cell: Cell) -> Cell:
    return structs.replace(_hide(cell), level="count_only", n=cell.n)


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


def _rows(session: Session, *where: Any) -> list[Any]:
    return list(session.execute(sa.select(_FIGURE).where(*where)).all())

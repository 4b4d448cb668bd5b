"""Which rows of departments and services a closing renews while the window still grows.

Two sheets of a growing window, side by side, show what was added between them. So a row is renewed only where what
was added could stand as a figure of its own (`suppression.suppress`); otherwise its older row stays on the page, with
its dates. The city's own row is always renewed: what is held back must therefore be several rows that together could
stand as a figure too. See `docs/decisions/0006-what-a-growing-window-adds.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from feedback.city.part import Measure
from feedback.city.profile import Publication
from feedback.columns import table_of
from feedback.quality.suppression import Cell, suppress
from feedback.quality.tables import Figure

RENEW_FROM = 10
"""Cases that must have been added at the least; a city that shows shares only from more cases wants as many."""

_FIGURE = table_of(Figure)
_Key = tuple[str, str, str]
"""Measure, scope, key of the department or service."""


def renewed(
    session: Session,
    figures: list[dict[str, Any]],
    *,
    window_from: str,
    period: str,
    rules: Publication,
) -> list[dict[str, Any]]:
    """The figures of a closing without the rows whose older ones stay."""
    if window_from == period:
        return figures
    older = _newest_before(session, window_from, period)
    grown: dict[tuple[str, str], list[tuple[_Key, Cell]]] = {}
    held: set[_Key] = set()
    for figure in figures:
        key = _key_of(figure)
        if figure["span"] != "year" or key not in older:
            continue
        added = _added(figure, older[key])
        if added.n == 0:
            held.add(key)
        else:
            grown.setdefault(key[:2], []).append((key, added))
    for rows in grown.values():
        held |= _held(rows, rules)
    return [figure for figure in figures if figure["span"] != "year" or _key_of(figure) not in held]


def _held(rows: Sequence[tuple[_Key, Cell]], rules: Publication) -> set[_Key]:
    """The rows of one measure that stay as they were: those with too little new, then the smallest others."""
    rest = sorted(rows, key=lambda row: (_is_enough([row[1]], rules), row[1].n or 0, row[0]))
    held: list[tuple[_Key, Cell]] = []
    while rest:
        is_told = _is_enough([rest[0][1]], rules)
        is_vague = not held or (len(held) > 1 and _is_enough([added for _, added in held], rules))
        if is_told and is_vague:
            break
        held.append(rest.pop(0))
    return {key for key, _ in held}


def _newest_before(session: Session, window_from: str, period: str) -> dict[_Key, Cell]:
    """The row that each department and service has on the newest earlier sheet of the same window."""
    statement = (
        sa.select(_FIGURE)
        .where(
            _FIGURE.c.span == "year",
            _FIGURE.c.scope != "city",
            _FIGURE.c.window_from == window_from,
            _FIGURE.c.window_to < period,
        )
        .order_by(_FIGURE.c.window_to)
    )
    return {
        (row.measure, row.scope, row.scope_key): _cell(row.measure, row.n, row.numerator)
        for row in session.execute(statement)
    }


def _key_of(figure: dict[str, Any]) -> _Key:
    return figure["measure"], figure["scope"], figure["scope_key"]


def _added(figure: dict[str, Any], before: Cell) -> Cell:
    """What a row would show beyond its older one."""
    numerator = figure["numerator"]
    return _cell(
        figure["measure"],
        figure["n"] - (before.n or 0),
        None if numerator is None else numerator - (before.numerator or 0),
    )


def _is_enough(added: Sequence[Cell], rules: Publication) -> bool:
    """Whether these cases together could stand as a figure of their own."""
    n = sum(cell.n or 0 for cell in added)
    numerators = [cell.numerator for cell in added if cell.numerator is not None]
    whole = _cell(added[0].measure, n, sum(numerators) if numerators else None)
    return n >= RENEW_FROM and suppress(whole, rules).level in ("few", "shown")


def _cell(measure: Measure, n: int, numerator: int | None) -> Cell:
    return Cell(measure=measure, level="shown", window_from="", window_to="", n=n, numerator=numerator)

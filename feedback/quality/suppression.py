"""Which small numbers are suppressed, so that nobody can be recognised. Rules only; `disclose.py` applies them.

Fewer than `hidden_below` cases: nothing is shown. Up to `count_only_below`: only how many. Up to `few_below`: shown,
marked as few. Ratings that are all alike in a small group show only how many. Thresholds are the city's
(`publication.toml`) with floors that it can't go under (`profile.Publication`).

Nothing suppressed can be found by subtraction:
- Departments (`protect`): the total is visible, so the next smallest are suppressed too (all of that size) until what
  is missing could be more than one thing. Services the same, inside each department as well, since most belong to
  one (`nest`).
- Months (`shelter`): every sheet stays readable and each window is a sum of months, so one sheet's window less
  another's would give a month away. A suppressed month therefore makes a block with the months after it, and the
  city's window is shown only where it holds whole blocks (`newest_whole`); otherwise an older one stays, with its
  dates.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from msgspec import Struct, structs

from feedback.city.part import Measure
from feedback.city.profile import Publication
from feedback.quality import measures

Level = Literal["shown", "few", "count_only", "hidden", "empty"]
ALIKE_BELOW = 20
"""Ratings that are all satisfied, or none, show only their number in groups smaller than this."""


COUNTS: tuple[Measure, ...] = ("received", "answered", "second_looks")
SHARES: tuple[Measure, ...] = ("in_time_law", "in_time_promise", *measures.SATISFACTION)


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
    """The cells of one table whose total is visible: each by its size, then further ones, the smallest first,
    until nothing that is missing can be worked out from the total."""
    found = [suppress(cell, rules) for cell in cells]
    _complete(cells, found, range(len(cells)), rules)
    return found


def shelter(cells: Sequence[Cell], rules: Publication) -> tuple[list[Cell], list[int]]:
    """The city month by month from the first closed month on, as each may be shown, and its block.

    Each month is decided by the months up to it alone, so that no later sheet contradicts an earlier one. A block
    begins with a suppressed month and ends when nothing in it can be worked out from its total.
    """
    found: list[Cell] = []
    blocks: list[int] = []
    pending: list[int] = []
    block = -1
    for place, cell in enumerate(cells):
        if place and cell.window_to != measures.months_later(cells[place - 1].window_to, 1)[0]:
            blocks = _unended(blocks, block) if pending else blocks
            pending = []
        if not pending:
            block += 1
        own = suppress(cell, rules)
        if own.level != "empty" and (pending or _is_silent(own)):
            pending.append(place)
            hidden = [cells[p] for p in pending if p < place and found[p].level == "hidden"]
            if hidden and not _is_vague_count(hidden, rules):
                own = _hide(cell)
            elif own.level != "hidden":
                own = _count_only(cell)
        found.append(own)
        blocks.append(block)
        if pending and _is_vague(cells, found, pending, rules):
            pending = []
    return found, _unended(blocks, block) if pending else blocks


def newest_whole(windows: Sequence[Cell], months: Sequence[str], blocks: Sequence[int]) -> Cell | None:
    """The newest window that holds each block wholly or not at all; block -1 is not ended yet."""
    for window in reversed(windows):
        inside = {
            b for m, b in zip(months, blocks, strict=True) if window.window_from <= m <= window.window_to
        }
        outside = {
            b for m, b in zip(months, blocks, strict=True) if not window.window_from <= m <= window.window_to
        }
        if -1 not in inside and not inside & outside:
            return window
    return None


def nest(
    cells: Sequence[Cell], homes: Sequence[str | None], parents: Mapping[str, Cell], rules: Publication
) -> list[Cell]:
    """Services, of which most belong to one department: none shows what its department must not show, and what is
    suppressed inside a department can't be worked out from the department either."""
    found = [suppress(cell, rules) for cell in cells]
    groups = {
        home: [place for place, other in enumerate(homes) if other == home and cells[place].n]
        for home in dict.fromkeys(homes)
        if home in parents
    }
    alone = set()
    for home, places in groups.items():
        parent = parents[home or ""]
        if parent.level in ("hidden", "count_only"):
            for place in places:
                found[place] = at_most(found[place], cells[place], parent)
        elif len(places) == 1:
            alone.update(places)  # Its department says as much as it does: suppressing it would hide nothing.
    before: list[Cell] = []
    while found != before:
        before = list(found)
        for home, places in groups.items():
            if parents[home or ""].level in ("few", "shown"):
                _complete(cells, found, places, rules)
        _complete(cells, found, range(len(cells)), rules, last=alone)
    return found


def at_most(shown: Cell, cell: Cell, parent: Cell) -> Cell:
    """A cell that shows no more than another does: its parent, or itself on an earlier sheet."""
    if shown.level in ("empty", "hidden"):
        return shown
    return _hide(cell) if parent.level == "hidden" else _count_only(cell)


def _unended(blocks: Sequence[int], block: int) -> list[int]:
    return [-1 if number == block else number for number in blocks]


def _complete(
    cells: Sequence[Cell],
    found: list[Cell],
    places: Sequence[int],
    rules: Publication,
    last: Collection[int] = (),
) -> None:
    """Suppress further cells at these places until all that is suppressed there is vague; those in `last` only
    where no other is left."""
    while not _is_vague_count([cells[p] for p in places if found[p].level == "hidden"], rules):
        more = [p for p in places if found[p].level not in ("hidden", "empty")]
        if not more:
            break
        least = min((p in last, cells[p].n or 0) for p in more)
        for (
            place
        ) in more:  # All of that size: which of two equals was taken would tell which row is the small one.
            if (place in last, cells[place].n or 0) == least:
                found[place] = _hide(cells[place])
    while not _is_vague_share([cells[p] for p in places if _is_silent(found[p])]):
        more = [p for p in places if found[p].level in ("few", "shown")]
        if not more:
            break
        place = min(more, key=lambda p: (p in last, cells[p].n or 0))
        found[place] = _count_only(cells[place])


def _is_vague(
    cells: Sequence[Cell], found: Sequence[Cell], places: Sequence[int], rules: Publication
) -> bool:
    hidden = [cells[p] for p in places if found[p].level == "hidden"]
    return _is_vague_count(hidden, rules) and _is_vague_share([cells[p] for p in places])


def _is_vague_count(hidden: Sequence[Cell], rules: Publication) -> bool:
    """Whether their sum leaves open how many each has: not one alone, not all with the least or the most that a
    hidden one can have."""
    if not hidden:
        return True
    counts = [cell.n or 0 for cell in hidden]
    return len(counts) > 1 and set(counts) not in ({1}, {rules.hidden_below - 1})


def _is_vague_share(silent: Sequence[Cell]) -> bool:
    """Whether their sum leaves open what share each has; of few ratings it may not say that all were alike."""
    shares = [cell for cell in silent if cell.numerator is not None]
    if not shares:
        return True
    n, numerator = sum(cell.n or 0 for cell in shares), sum(cell.numerator or 0 for cell in shares)
    is_rating = shares[0].measure in measures.SATISFACTION
    return len(shares) > 1 and not (is_rating and n < ALIKE_BELOW and numerator in (0, n))


def _is_silent(shown: Cell) -> bool:
    """Whether something is suppressed that a sum could give away; of a mere count, only its number could."""
    return shown.level == "hidden" or (shown.level == "count_only" and shown.measure in SHARES)


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

"""What the law's clock is told of a round: its lines of the timeline as events (`deadlines/events.py`).

Rules only. Lines of the database and lines of a view alike: the deeds and the pages ask the same engine about the same
events. What is no event for the clock (a rating, an added word) is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Protocol

from feedback.deadlines.events import Event, Kind, Round, advance

KINDS: dict[str, Kind] = {
    "question": "waiting",
    "papers": "incomplete",
    "reply": "resumed",
    "resumed": "resumed",
    "handed_over": "handed_over",
    "several": "several",
    "extended": "extended",
    "announced": "announced",
    "reclassified": "reclassified",
    "answered": "answered",
    "withdrawn": "withdrawn",
    "void": "void",
    "unvoid": "unvoid",
}
"""Act of a line → what it is for the clock."""
QUESTIONS = frozenset({"question", "papers"})
"""Acts of lines that ask the citizen something."""
_ORIGINS: dict[str, Literal["received", "second_look", "reopened"]] = {
    "first": "received",
    "second_look": "second_look",
    "reopened": "reopened",
}


class Line(Protocol):
    """A line of the timeline, as a row or as a view."""

    @property
    def act(self) -> str: ...
    @property
    def at(self) -> datetime: ...


class OfCycle(Protocol):
    """The cycle that the lines belong to."""

    @property
    def number(self) -> int: ...
    @property
    def origin(self) -> str: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def nature(self) -> str: ...


def round_of(cycle: OfCycle, lines: Iterable[tuple[Line, int]], *, is_forwarded: bool = False) -> Round:
    """What is known of a cycle: from its lines in their order, each with the days that it added to the time.

    The nature is the cycle's own, whatever it was before. `is_forwarded`: its answer says that another authority has
    it now; the answer itself tells the citizen so.
    """
    known = begun(cycle)
    for line, days in lines:
        kind = KINDS.get(line.act)
        if kind == "answered" and is_forwarded:
            known = advance(advance(known, Event("forwarded", line.at)), Event("told", line.at))
        elif kind is not None:
            known = advance(known, Event(kind, line.at, nature=cycle.nature, days=days))
    return known


def begun(cycle: OfCycle) -> Round:
    """A cycle of which nothing is known but its beginning."""
    return Round(
        number=cycle.number,
        origin=_ORIGINS[cycle.origin],
        began_at=cycle.started_at,
        nature=cycle.nature,
    )

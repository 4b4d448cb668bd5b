"""What happens to a case that the law's clock asks about: events in order become what is known of a round.

An event says that something happened and when, never what follows for a day: that is `reckoning.py`'s affair, by the
row of law. So another row (the nature was changed) gives another day from the same events, and the start stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

Kind = Literal[
    "received",
    "arrived",
    "incomplete",
    "complete",
    "waiting",
    "resumed",
    "handed_over",
    "forwarded",
    "told",
    "several",
    "extended",
    "announced",
    "reclassified",
    "answered",
    "withdrawn",
    "void",
    "unvoid",
    "second_look",
    "reopened",
]
"""`received` begins; `arrived`: with the competent department or authority, where another had it first; `incomplete`
and `complete`: papers are missing, and are there; `waiting` and `resumed`: a question to the citizen; `handed_over`:
inside the city; `forwarded`: to another authority, `told`: the citizen knows of it; `several`: several departments or
authorities decide together; `announced`: the citizen was told of a delay; `reclassified`: another nature."""

_ENDS = frozenset({"answered", "forwarded", "withdrawn", "void"})


class Event(Struct, frozen=True):
    """One thing that happened."""

    kind: Kind
    at: datetime
    nature: str = ""
    """Of `received` and `reclassified`."""
    days: int = 0
    """Of `extended`: by how many of the row's unit."""


class Wait(Struct, frozen=True):
    """Time in which the city waited for the citizen; `until` None: it still does."""

    since: datetime
    until: datetime | None
    is_for_papers: bool
    """Whether the file was incomplete without what was asked for."""


class Round(Struct, frozen=True, kw_only=True):
    """What is known of one run from receipt to answer."""

    number: int
    origin: Literal["received", "second_look", "reopened"]
    began_at: datetime
    nature: str
    arrived_at: datetime | None = None
    waits: tuple[Wait, ...] = ()
    several_at: datetime | None = None
    extensions: tuple[tuple[datetime, int], ...] = ()
    announced_at: datetime | None = None
    reclassified_at: datetime | None = None
    forwarded_at: datetime | None = None
    told_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = ""


def replay(events: Iterable[Event]) -> Round:
    """The round that a case is in after all these events, in the order of their instants.

    Raises ValueError where nothing was received.
    """
    first, *later = sorted(events, key=lambda event: event.at)
    return reduce(advance, later, begin(first))


def begin(event: Event) -> Round:
    """The first round. Raises ValueError for any other event than the receipt."""
    if event.kind != "received":
        raise ValueError("a case begins with its receipt")
    return Round(number=1, origin="received", began_at=event.at, nature=event.nature)


def advance(known: Round, event: Event) -> Round:
    """What is known after one more event; what it cannot change (a reply to no question) leaves all as it was."""
    at = event.at
    match event.kind:
        case "waiting" | "incomplete":
            if known.ended_at is not None:
                return known
            wait = Wait(at, None, event.kind == "incomplete")
            return replace(known, waits=(*_ended(known.waits, at), wait))
        case "resumed" | "complete" | "handed_over":
            return replace(known, waits=_ended(known.waits, at))
        case "second_look" | "reopened":
            return Round(number=known.number + 1, origin=event.kind, began_at=at, nature=known.nature)
        case "unvoid":
            return replace(known, ended_at=None, ended_by="") if known.ended_by == "void" else known
        case "reclassified":
            return replace(known, nature=event.nature, reclassified_at=at)
        case "extended":
            return replace(known, extensions=(*known.extensions, (at, event.days)))
        case "several":
            return replace(known, several_at=known.several_at or at)
        case "announced":
            return replace(known, announced_at=known.announced_at or at)
        case "arrived":
            return replace(known, arrived_at=at)
        case "told":
            return replace(known, told_at=known.told_at or at)
        case "received":
            raise ValueError("a case is received once")
    assert event.kind in _ENDS
    if known.ended_at is not None:
        return known
    ended = replace(known, waits=_ended(known.waits, at), ended_at=at, ended_by=event.kind)
    return replace(ended, forwarded_at=at) if event.kind == "forwarded" else ended


def _ended(waits: tuple[Wait, ...], at: datetime) -> tuple[Wait, ...]:
    """The waits with an open one ended."""
    if not waits or waits[-1].until is not None:
        return waits
    return (*waits[:-1], replace(waits[-1], until=at))

"""What other systems may be told: types of events, which note of the ledger tells of which, and their content.

Codes, keys and days only: never a word that somebody wrote, no name, no contact, no rating, and nothing of who did it.
Rules only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, Literal, get_args

from msgspec import Struct, json

Event = Literal[
    "item.received", "item.routed", "item.answered", "item.closed", "item.overdue", "record.closed"
]
EVENTS: Final[tuple[Event, ...]] = get_args(Event)

_BEGINS: Final = frozenset({"submitted", "released", "second_look", "reopened", "unvoid"})
"""Acts after which a round is in: its first, one that was held, a further one, or one that had been set aside."""
_ENDS: Final = frozenset({"closed", "withdrawn", "void", "merged"})


class Due(Struct, frozen=True):
    """The two days by which an answer is due; None: there is no such clock, or it stands still."""

    law: date | None = None
    promise: date | None = None


class ItemData(Struct, frozen=True, kw_only=True):
    """What is told of a case: as its note of the ledger has it, and its due days."""

    reference: str
    kind: str
    nature: str
    state: str
    round: int
    origin: str
    department: str | None
    service: str | None
    received_on: date
    due: Due
    answered_on: date | None
    outcome: str | None


class RecordData(Struct, frozen=True):
    """What is told of a closed month: which one. Its figures are on the public pages."""

    period: str


class Told(Struct, frozen=True):
    """The whole content of one webhook."""

    type: str
    timestamp: datetime
    data: ItemData | RecordData


def of_note(kind: str, act: str, facts: Mapping[str, Mapping[str, Any]]) -> list[Event]:
    """The events that a note tells of, in their order; none for most."""
    if kind == "record":
        return ["record.closed"] if act == "closed" else []
    if kind != "item" or item_of(facts).get("held"):  # What is held nobody is told of before its release.
        return []
    if act in _ENDS:
        return ["item.closed"]
    if act == "answered":
        return ["item.answered"]
    found: list[Event] = ["item.received"] if act in _BEGINS else []
    if (act in _BEGINS or act == "handed_over") and cycle_of(facts)["department"]:
        found.append("item.routed")
    return found


def item_data(facts: Mapping[str, Mapping[str, Any]], due: Due, *, state: str = "") -> ItemData:
    """What is told of a case, from the facts of a note."""
    item, cycle = item_of(facts), cycle_of(facts)
    return ItemData(
        reference=item["reference"],
        kind=item["kind"],
        nature=cycle["nature"],
        state=state or item["state"],
        round=cycle["number"],
        origin=cycle["origin"],
        department=cycle["department"],
        service=cycle["service"],
        received_on=_day(item["received_on"]),
        due=due,
        answered_on=_day(cycle["answered_on"]) if cycle["answered_on"] else None,
        outcome=cycle["outcome"],
    )


def item_of(facts: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """What a note of a case says of the case itself."""
    return next(found for place, found in facts.items() if place.startswith("item:"))


def cycle_of(facts: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """What a note of a case says of the round that is the current one after it."""
    return facts[f"cycle:{item_of(facts)['cycle_id']}"]


def content(event: Event, at: datetime, data: ItemData | RecordData) -> str:
    """The content as it is signed and sent."""
    return json.encode(Told(event, at, data)).decode()


def stable_id(event: Event, source: str) -> str:
    """The `webhook-id` of an event: the same whenever the same note, or the same overdue round, is looked at."""
    return "msg_" + hashlib.sha256(f"{event} {source}".encode()).hexdigest()[:32]


def _day(written: str | date) -> date:
    return written if isinstance(written, date) else date.fromisoformat(written)

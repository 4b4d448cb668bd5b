"""Taking over a request of another system: with its own dates, and nobody is told.

The item comes by the channel `import`, without contact, code, mail or invitation. Its clocks run from the other
system's dates. What was closed there arrives closed, with what was said of it as the answer; what is open is worked
on like any item. Where it goes is decided by the service it was mapped to and the city's rules, never by its words.
How a file is read is not decided here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct, structs
from sqlmodel import Session

from feedback.city.profile import City
from feedback.city.tables import CityRow
from feedback.city.versions import Ruling
from feedback.columns import Row, Values, table_of
from feedback.deadlines import promise
from feedback.deadlines.working_days import days_of
from feedback.errors import Fault, Invalid
from feedback.items.answer import ANSWER_MOST
from feedback.items.cycles import write_cycle
from feedback.items.lifecycle import check_move
from feedback.items.sent import PLACE_MOST, TEXT_MOST, Sent, tidy_line, tidy_words
from feedback.items.submit import Prepared, Taken, next_reference, prepare, write_keeper
from feedback.items.tables import NOTHING_DUE, Answer, Entry, ExternalRef, Item
from feedback.ledger import notes
from feedback.ledger.notes import SYSTEM, Chain
from feedback.statements import Statement
from feedback.text import language as languages

CHANNEL = "import"
OUTCOME = "explained"
"""Of everything that was closed elsewhere: what came of it is what its last words say, and we do not guess."""
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
"""No register of requests reaches further back; an earlier date is an empty field of the other system."""
NUMBER_MOST = 80

_ITEM, _ANSWER, _ENTRY, _EXTERNAL = table_of(Item), table_of(Answer), table_of(Entry), table_of(ExternalRef)
_INSERT_ITEM = Statement(sa.insert(_ITEM).returning(_ITEM.c.id))
_INSERT_EXTERNAL = Statement(sa.insert(_EXTERNAL).returning(_EXTERNAL.c.id))
_INSERT_ANSWER = Statement(sa.insert(_ANSWER).returning(_ANSWER.c.id))
_INSERT_ENTRY = Statement(sa.insert(_ENTRY).returning(_ENTRY.c.id))
_WAIT_TURN = Statement(sa.select(table_of(CityRow).c.id).with_for_update())
_FIND = Statement(
    sa.select(_EXTERNAL.c.id).where(
        _EXTERNAL.c.system == sa.bindparam("of_system"), _EXTERNAL.c.number == sa.bindparam("of_number")
    )
)


class Foreign(Struct, frozen=True, kw_only=True):
    """A request as another system holds it, with the service of ours that it was mapped to."""

    system: str
    """Which system, in our words: `open311:koeln`. With `number` it says which request this is."""
    number: str
    text: str = ""
    """May be empty: then the item is shown by its service's name."""
    place: str = ""
    lat: float | None = None
    lon: float | None = None
    service: str = ""
    """A key of the city's services; empty: a clerk decides."""
    language: str = "other"
    """What people write there, one of the languages that `detect` tells or `other`: a prior for the text's."""
    received_at: datetime
    closed_at: datetime | None = None
    """None while it is open there."""
    reply: str = ""
    """What was said when it was closed; may be empty."""
    counted: bool = False
    """Whether the figures count it."""


def check(city: City, foreign: Foreign, *, now: datetime) -> Foreign:
    """The request tidied as what citizens send. Refuses (Invalid) with every fault at once."""
    faults: list[Fault] = []
    number = tidy_line(foreign.number, "number", NUMBER_MOST, faults)
    if not number:
        faults.append(Fault("number", "number_missing"))
    text = tidy_words(foreign.text, "text", TEXT_MOST, faults)
    place = tidy_line(foreign.place, "place", PLACE_MOST, faults)
    reply = tidy_words(foreign.reply, "reply", ANSWER_MOST, faults)
    if foreign.service and foreign.service not in city.services:
        faults.append(Fault("service", "service_unknown", value=foreign.service))
    faults += _position_faults(foreign.lat, foreign.lon)
    if foreign.received_at < EARLIEST:
        faults.append(Fault("received_at", "date_too_early", value=foreign.received_at))
    elif foreign.received_at > now:
        faults.append(Fault("received_at", "date_in_future", value=foreign.received_at))
    if foreign.closed_at is not None and foreign.closed_at < foreign.received_at:
        faults.append(Fault("closed_at", "closed_before_received", value=foreign.closed_at))
    elif foreign.closed_at is not None and foreign.closed_at > now:
        faults.append(Fault("closed_at", "date_in_future", value=foreign.closed_at))
    if faults:
        raise Invalid(faults)
    return structs.replace(foreign, number=number, text=text, place=place, reply=reply)


def prepare_foreign(*, ruling: Ruling, foreign: Foreign) -> Prepared:
    """The item as if it had been sent on its own day; closed where it is closed there. Reads and writes nothing."""
    language = languages.detect(foreign.text, foreign.language)
    sent = Sent(
        kind="request",
        text="",  # No words: they would lead an item without a service past the clerk.
        service=foreign.service,
        place=foreign.place,
        lat=foreign.lat,
        lon=foreign.lon,
        language=language,
        channel=CHANNEL,
    )
    prepared = prepare(ruling=ruling, sent=sent, received_at=foreign.received_at, counted=foreign.counted)
    item = {**prepared.item, "text": foreign.text, "language": language}
    cycle, clocks = prepared.cycle, prepared.clocks
    if cycle["route"] == "service":  # Nobody chose one of our services.
        cycle = {**cycle, "route": CHANNEL}
    if foreign.closed_at is not None:
        item["state"] = check_move(check_move(item["state"], "answer"), "close")
        cycle = {**cycle, **_closing(ruling.city, foreign.received_at, foreign.closed_at)}
        clocks = [{**clock, "stopped_at": foreign.closed_at, "stopped_by": "answer"} for clock in clocks]
    return structs.replace(prepared, item=item, cycle=cycle, clocks=clocks)


def take_over(
    session: Session, *, ruling: Ruling, foreign: Foreign, now: datetime, prepared: Prepared | None = None
) -> Taken | None:
    """Write a checked request with one note; None where this number of this system is there already.

    `prepared` is what `prepare_foreign` found, where the caller spared the write that computing. Two that take over
    at once wait for each other, so that the second finds what the first has written.
    """
    _WAIT_TURN.all(session)
    if _FIND.first(session, {"of_system": foreign.system, "of_number": foreign.number}):
        return None
    prepared = prepared or prepare_foreign(ruling=ruling, foreign=foreign)
    reference = next_reference(session, prepared)
    item = {
        **prepared.item,
        "reference": reference,
        "cycle_id": None,
        "code_hash": None,
        "secret_id": "",
        "version": 0,
        "notes": 0,
        "head": "",
    }
    item_id: int = _INSERT_ITEM.scalar(session, item)
    written: list[tuple[type[Row], int, Values]] = []
    cycle_id = write_cycle(session, item_id, prepared.cycle, prepared.clocks, written)
    item["cycle_id"] = cycle_id
    write_keeper(session, item_id, prepared, now, written)
    external = {"item_id": item_id, "system": foreign.system, "number": foreign.number, "at": now}
    written.append((ExternalRef, _INSERT_EXTERNAL.scalar(session, external), external))
    if foreign.closed_at is not None:
        _write_answer(session, item_id, cycle_id, prepared.cycle["department"], foreign, written)
    notes.append(
        session,
        Chain("item", item_id, 0, 0, ""),
        subject_table=_ITEM,
        act="imported",
        by=SYSTEM,
        now=now,
        values=[(Item, item_id, item), *written],
        also={"cycle_id": cycle_id},
    )
    return Taken(item_id, reference)


def _closing(city: City, received_at: datetime, closed_at: datetime) -> dict[str, Any]:
    """What closing adds to a cycle. Nobody can ask for a second look: its window is over at once."""
    days = days_of(city.calendar)
    closed_on = closed_at.astimezone(city.zone).date()
    return {
        "answered_at": closed_at,
        "answered_on": closed_on,
        "outcome": OUTCOME,
        "minutes": promise.working_minutes(
            received_at, closed_at, city.calendar.office_hours, days, city.zone
        ),
        "second_look_until": closed_on,
        "ended_at": closed_at,
        "next_due_at": NOTHING_DUE,
    }


def _write_answer(
    session: Session,
    item_id: int,
    cycle_id: int,
    department: str | None,
    foreign: Foreign,
    written: list[tuple[type[Row], int, Values]],
) -> None:
    """The answer of the other system, on the day that it was given, by nobody of ours."""
    answer = {
        "item_id": item_id,
        "cycle_id": cycle_id,
        "author_id": None,
        "state": "published",
        "outcome": OUTCOME,
        "text": foreign.reply,
        "forwarded_to": "",
        "planned_on": None,
        "made_at": foreign.closed_at,
        "published_at": foreign.closed_at,
    }
    answer_id: int = _INSERT_ANSWER.scalar(session, answer)
    entry = {
        "item_id": item_id,
        "cycle_id": cycle_id,
        "act": "answered",
        "side": "city",
        "at": foreign.closed_at,
        "account_id": None,
        "department": department,
        "answer_id": answer_id,
        "text": "",
    }
    entry_id: int = _INSERT_ENTRY.scalar(session, entry)
    written += [(Answer, answer_id, answer), (Entry, entry_id, entry)]


def _position_faults(lat: float | None, lon: float | None) -> list[Fault]:
    faults = []  # A number that is none (NaN) lies within no range.
    for field, degrees, most in (("lat", lat, 90), ("lon", lon, 180)):
        if degrees is not None and not -most <= degrees <= most:
            faults.append(Fault(field, "out_of_range", value=degrees, least=-most, most=most))
    if (lat is None) != (lon is None):
        faults.append(Fault("lat" if lat is None else "lon", "position_half"))
    return faults

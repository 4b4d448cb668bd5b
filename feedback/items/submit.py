"""Taking in an item: routed, with both clocks running, in one write.

`prepare` does all computing on a read connection; `submit` writes what it found, the counter last among what
others wait for. The order is the one of the design: key → validate → language → nature → routing → clocks, then
`submission` (a loser stops here) → counter → item, contact, cycle, clocks → note → outbox.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from feedback.city.versions import Ruling
from feedback.columns import Row, Values, table_of
from feedback.errors import Conflict
from feedback.items import keep_time
from feedback.items.sent import Sent
from feedback.items.tables import (
    Clock,
    Contact,
    Counter,
    Cycle,
    ExternalRef,
    Item,
    Submission,
)
from feedback.ledger import notes
from feedback.ledger.notes import CITIZEN, Actor, Chain, canonical
from feedback.outbox import post
from feedback.routing import match
from feedback.text import language as languages

_ITEM, _CONTACT, _CYCLE, _CLOCK = table_of(Item), table_of(Contact), table_of(Cycle), table_of(Clock)
_COUNTER, _SUBMISSION, _EXTERNAL = table_of(Counter), table_of(Submission), table_of(ExternalRef)

# Statements are built once and get their values apart: building them anew costs more than running them.
_INSERT_ITEM = sa.insert(_ITEM).returning(_ITEM.c.id)
_INSERT_CONTACT = sa.insert(_CONTACT).returning(_CONTACT.c.id)
_INSERT_CYCLE = sa.insert(_CYCLE).returning(_CYCLE.c.id)
_INSERT_CLOCK = sa.insert(_CLOCK).returning(_CLOCK.c.id)
_INSERT_EXTERNAL = sa.insert(_EXTERNAL).returning(_EXTERNAL.c.id)
_INSERT_SUBMISSION: dict[str, Any] = {
    name: insert(_SUBMISSION)
    .on_conflict_do_nothing(index_elements=["key_hash"])
    .returning(_SUBMISSION.c.key_hash)  # PostgreSQL's driver does not tell how many rows an INSERT made.
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_FILL_SUBMISSION = (
    sa.update(_SUBMISSION)
    .where(_SUBMISSION.c.key_hash == sa.bindparam("hash_of_key"))
    .values(item_id=sa.bindparam("item"))
)
_COUNT_ON = (
    sa.update(_COUNTER)
    .where(_COUNTER.c.year == sa.bindparam("of_year"))
    .values(last=_COUNTER.c.last + 1)
    .returning(_COUNTER.c.last)
)
_FIND_TAKEN = (
    sa.select(_SUBMISSION.c.body_digest, _ITEM.c.id, _ITEM.c.reference)
    .join(_ITEM, _ITEM.c.id == _SUBMISSION.c.item_id)
    .where(_SUBMISSION.c.key_hash == sa.bindparam("hash_of_key"))
)


class Key(Struct, frozen=True):
    """What is stored of a form's key, and what belongs to it."""

    key_hash: str
    code_hash: str
    secret_id: str


class Prepared(Struct, frozen=True):
    """A submission with everything found that can be found before the write."""

    sent: Sent
    version_id: int
    code: str
    year: int
    body_digest: str
    item: dict[str, Any]
    cycle: dict[str, Any]
    clocks: list[dict[str, Any]]


class Taken(Struct, frozen=True):
    """An item that is in: now, or by an earlier press of the same button."""

    item_id: int
    reference: str
    is_repeat: bool = False


class Origin(Struct, frozen=True):
    """Where an imported item comes from: its own dates rule, and nobody is mailed."""

    system: str
    number: str
    counted: bool


def body_digest(sent: Sent) -> str:
    """The fingerprint by which a repeated post is told from another message under the same key."""
    return hashlib.sha256(canonical(sent).encode()).hexdigest()


def find_taken(session: Session, *, key_hash: str, sent: Sent) -> Taken | None:
    """The item that this key made already. Refuses (Conflict) where the words are others now."""
    row = session.connection().execute(_FIND_TAKEN, {"hash_of_key": key_hash}).first()
    if row is None:
        return None
    if row.body_digest != body_digest(sent):
        raise Conflict("already_sent", reference=row.reference)
    return Taken(row.id, row.reference, is_repeat=True)


def prepare(*, ruling: Ruling, sent: Sent, received_at: datetime, origin: Origin | None = None) -> Prepared:
    """Language, nature, department and both clocks of a checked submission. Reads nothing, writes nothing."""
    city = ruling.city
    received_on = received_at.astimezone(city.zone).date()
    language = languages.detect(sent.text, sent.language)
    nature = match.default_nature(city, sent.kind, sent.service or None)
    routed = match.route(
        city,
        kind=sent.kind,
        nature=nature,
        service=sent.service or None,
        channel=sent.channel,
        language=language,
        text=sent.text,
    )
    if routed.service and not sent.service:
        nature = match.default_nature(city, sent.kind, routed.service)
    clocks = keep_time.first_clocks(
        city, nature=nature, service=routed.service, started_at=received_at, version_number=ruling.number
    )
    item = {
        "city_version_id": ruling.version_id,
        "kind": sent.kind,
        "text": sent.text,
        "place": sent.place,
        "lat": sent.lat,
        "lon": sent.lon,
        "language": language,
        "channel": sent.channel,
        "counted": origin is None or origin.counted,
        "is_anonymous": sent.is_anonymous,
        "state": "received",
        "received_at": received_at,
        "received_on": received_on,
    }
    cycle = _cycle_values(
        version_id=ruling.version_id,
        number=1,
        origin="first",
        started_at=received_at,
        started_on=received_on,
        department=routed.department,
        service=routed.service,
        nature=nature,
        route=routed.rule,
        next_due_at=keep_time.next_due(clocks),
    )
    return Prepared(
        sent=sent,
        version_id=ruling.version_id,
        code=city.identity.code,
        year=received_on.year,
        body_digest=body_digest(sent),
        item=item,
        cycle=cycle,
        clocks=clocks,
    )


def submit(
    session: Session,
    *,
    prepared: Prepared,
    key: Key | None,
    origin: Origin | None = None,
    by: Actor = CITIZEN,
    now: datetime,
) -> Taken:
    """Write a prepared submission. The same key again gives the same item; with other words it is a Conflict."""
    if key is not None and not _first_with(session, key, prepared, now):
        taken = find_taken(session, key_hash=key.key_hash, sent=prepared.sent)
        assert taken is not None
        return taken
    reference = _next_reference(session, prepared)
    item = {
        **prepared.item,
        "reference": reference,
        "cycle_id": None,
        "code_hash": key.code_hash if key else None,
        "secret_id": key.secret_id if key else "",
        "version": 0,
        "notes": 0,
        "head": "",
    }
    item_id: int = session.connection().execute(_INSERT_ITEM, item).scalar_one()
    written: list[tuple[type[Row], int, Values]] = []
    contact_id = _write_contact(session, item_id, prepared.sent, written)
    cycle_id = write_cycle(session, item_id, prepared.cycle, prepared.clocks, written)
    if origin is not None:
        values = {"item_id": item_id, "system": origin.system, "number": origin.number, "at": now}
        ref_id = session.connection().execute(_INSERT_EXTERNAL, values).scalar_one()
        written.append((ExternalRef, ref_id, values))
    item["cycle_id"] = cycle_id
    notes.append(
        session,
        Chain("item", item_id, 0, 0, ""),
        subject_table=_ITEM,
        act="imported" if origin else "submitted",
        by=by,
        now=now,
        values=[(Item, item_id, item), *written],
        also={"cycle_id": cycle_id},
    )
    if key is not None:
        session.connection().execute(_FILL_SUBMISSION, {"hash_of_key": key.key_hash, "item": item_id})
    if contact_id is not None and prepared.sent.email and origin is None:
        post.message(
            session,
            kind="receipt",
            item_id=item_id,
            contact_id=contact_id,
            language=prepared.sent.language,
            now=now,
        )
    return Taken(item_id, reference)


def write_cycle(
    session: Session,
    item_id: int,
    cycle: dict[str, Any],
    clocks: list[dict[str, Any]],
    written: list[tuple[type[Row], int, Values]],
) -> int:
    """Insert a cycle with its clocks; what was written is added to `written` for the note."""
    values = {**cycle, "item_id": item_id}
    cycle_id: int = session.connection().execute(_INSERT_CYCLE, values).scalar_one()
    written.append((Cycle, cycle_id, values))
    for clock in clocks:
        clock_values = {**clock, "cycle_id": cycle_id}
        clock_id = session.connection().execute(_INSERT_CLOCK, clock_values).scalar_one()
        written.append((Clock, clock_id, clock_values))
    return cycle_id


def _cycle_values(
    *,
    version_id: int,
    number: int,
    origin: str,
    started_at: datetime,
    started_on: date,
    department: str | None,
    service: str | None,
    nature: str,
    route: str,
    next_due_at: datetime,
    barred_id: int | None = None,
) -> dict[str, Any]:
    return {
        "city_version_id": version_id,
        "number": number,
        "origin": origin,
        "started_at": started_at,
        "started_on": started_on,
        "department": department,
        "service": service,
        "nature": nature,
        "route": route,
        "responder_id": None,
        "barred_id": barred_id,
        "answered_at": None,
        "answered_on": None,
        "answered_by": None,
        "outcome": None,
        "minutes": None,
        "second_look_until": None,
        "ended_at": None,
        "next_due_at": next_due_at,
    }


def next_cycle_values(
    *, ruling: Ruling, before: Cycle, origin: str, now: datetime, barred_id: int | None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A further cycle on the same item, for the same department, service and nature, with clocks of its own."""
    clocks = keep_time.first_clocks(
        ruling.city,
        nature=before.nature,
        service=before.service if before.service in ruling.city.services else None,
        started_at=now,
        version_number=ruling.number,
    )
    values = _cycle_values(
        version_id=ruling.version_id,
        number=before.number + 1,
        origin=origin,
        started_at=now,
        started_on=now.astimezone(ruling.city.zone).date(),
        department=before.department,
        service=before.service,
        nature=before.nature,
        route=origin,
        next_due_at=keep_time.next_due(clocks),
        barred_id=barred_id,
    )
    return values, clocks


def _first_with(session: Session, key: Key, prepared: Prepared, now: datetime) -> bool:
    """Whether this post is the first with its key. On PostgreSQL a loser waits for the winner's commit."""
    done = session.connection().execute(
        _INSERT_SUBMISSION[session.get_bind().dialect.name],
        {"key_hash": key.key_hash, "body_digest": prepared.body_digest, "item_id": None, "at": now},
    )
    return done.first() is not None


def _next_reference(session: Session, prepared: Prepared) -> str:
    """The next reference of the year, without gaps: the row stays locked until the commit."""
    number = session.connection().execute(_COUNT_ON, {"of_year": prepared.year}).scalar_one_or_none()
    if number is None:
        insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        number = session.execute(
            insert(_COUNTER)
            .values(year=prepared.year, last=1)
            .on_conflict_do_update(index_elements=["year"], set_={"last": _COUNTER.c.last + 1})
            .returning(_COUNTER.c.last)
        ).scalar_one()
    return f"{prepared.code}-{prepared.year}-{number:06d}"


def _write_contact(
    session: Session, item_id: int, sent: Sent, written: list[tuple[type[Row], int, Values]]
) -> int | None:
    if not (sent.name or sent.email or sent.phone):
        return None
    values = {
        "item_id": item_id,
        "name": sent.name,
        "email": sent.email,
        "phone": sent.phone,
        "language": sent.language,
        "confirmed_at": None,
    }
    contact_id: int = session.execute(
        sa.insert(_CONTACT).values(values).returning(_CONTACT.c.id)
    ).scalar_one()
    written.append((Contact, contact_id, values))
    return contact_id

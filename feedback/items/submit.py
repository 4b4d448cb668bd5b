"""Taking in an item: routed, with both clocks running, in one write.

`prepare` does all computing on a read connection; `submit` writes what it found, the counter last among what
others wait for. The order is the one of the design: key → validate → language → nature → routing → clocks, then
`submission` (a loser stops here) → counter → item, contact, cycle, clocks → note → outbox.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.city.versions import Ruling
from feedback.columns import Row, Values, table_of
from feedback.errors import Conflict
from feedback.items import attachments, cycles, keep_time, urgent
from feedback.items.attachments import Filed
from feedback.items.held import HeldFor
from feedback.items.sent import Sent
from feedback.items.tables import Contact, Counter, Grant, Item, Submission
from feedback.ledger import notes
from feedback.ledger.notes import CITIZEN, Actor, Chain, canonical
from feedback.outbox import post
from feedback.routing import match
from feedback.statements import Statement, upsert
from feedback.text import language as languages

_ITEM, _CONTACT = table_of(Item), table_of(Contact)
_COUNTER, _SUBMISSION = table_of(Counter), table_of(Submission)

_INSERT_ITEM = Statement(sa.insert(_ITEM).returning(_ITEM.c.id))
_INSERT_GRANT = Statement(sa.insert(table_of(Grant)).returning(table_of(Grant).c.id))
_INSERT_CONTACT = Statement(sa.insert(_CONTACT).returning(_CONTACT.c.id))
_INSERT_SUBMISSION = upsert(
    _SUBMISSION,
    # PostgreSQL's driver does not tell how many rows an INSERT made.
    lambda insert: insert.on_conflict_do_nothing(index_elements=["key_hash"]).returning(
        _SUBMISSION.c.key_hash
    ),
)
_FILL_SUBMISSION = Statement(
    sa.update(_SUBMISSION).where(_SUBMISSION.c.key_hash == sa.bindparam("hash_of_key")), sets=["item_id"]
)
_COUNT_ON = upsert(
    _COUNTER,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["year"], set_={"last": _COUNTER.c.last + 1}
    ).returning(_COUNTER.c.last),
)
_FIND_TAKEN = Statement(
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
    keeper: str = ""
    """The department whose heads are named for it, where it is restricted."""


class Taken(Struct, frozen=True):
    """An item that is in: now, or by an earlier press of the same button."""

    item_id: int
    reference: str
    is_repeat: bool = False


def body_digest(sent: Sent) -> str:
    """The fingerprint by which a repeated post is told from another message under the same key."""
    return hashlib.sha256(canonical(sent).encode()).hexdigest()


def find_taken(session: Session, *, key_hash: str, sent: Sent) -> Taken | None:
    """The item that this key made already. Refuses (Conflict) where the words are others now."""
    row = _FIND_TAKEN.first(session, {"hash_of_key": key_hash})
    if row is None:
        return None
    if row.body_digest != body_digest(sent):
        raise Conflict("already_sent", reference=row.reference)
    return Taken(row.id, row.reference, is_repeat=True)


def prepare(*, ruling: Ruling, sent: Sent, received_at: datetime, counted: bool = True) -> Prepared:
    """Language, urgency, nature, department and both clocks of a checked submission. Reads nothing, writes nothing.

    `counted`: whether the figures count it; an import may say no.
    """
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
    restriction = match.restriction(
        city,
        kind=sent.kind,
        nature=nature,
        service=routed.service,
        channel=sent.channel,
        language=language,
    )
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
        "counted": counted,
        "is_anonymous": sent.is_anonymous,
        "held": None,
        "state": "received",
        "received_at": received_at,
        "received_on": received_on,
    }
    cycle = cycles.cycle_values(
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
        restricted=restriction.reason if restriction else None,
        urgent=urgent.of_words(sent.kind, sent.text),
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
        keeper=restriction.department if restriction else "",
    )


def submit(
    session: Session,
    *,
    prepared: Prepared,
    key: Key,
    files: Sequence[Filed] = (),
    held: HeldFor | None = None,
    may_mail: bool = True,
    by: Actor = CITIZEN,
    now: datetime,
) -> Taken:
    """Write a prepared submission. The same key again gives the same item; with other words it is a Conflict.

    `held`: a clerk looks at it first, and its receipt goes out by mail only then. `may_mail`: whether a mail may be
    caused at all.
    """
    if not _first_with(session, key, prepared, now):
        taken = find_taken(session, key_hash=key.key_hash, sent=prepared.sent)
        assert taken is not None
        return taken
    reference = next_reference(session, prepared)
    item = {
        **prepared.item,
        "reference": reference,
        "held": held,
        "cycle_id": None,
        "code_hash": key.code_hash,
        "secret_id": key.secret_id,
        "version": 0,
        "notes": 0,
        "head": "",
    }
    item_id: int = _INSERT_ITEM.scalar(session, item)
    written: list[tuple[type[Row], int, Values]] = []
    contact_id = _write_contact(session, item_id, prepared.sent, written)
    item["cycle_id"] = cycles.write_cycle(session, item_id, prepared.cycle, prepared.clocks, written)
    write_keeper(session, item_id, prepared, now, written)
    if files:
        written += attachments.write(session, item_id=item_id, entry_id=None, files=files, now=now)
    notes.append(
        session,
        Chain("item", item_id, 0, 0, ""),
        subject_table=_ITEM,
        act="submitted",
        by=by,
        now=now,
        values=[(Item, item_id, item), *written],
        also={"cycle_id": item["cycle_id"]},
    )
    _FILL_SUBMISSION.run(session, {"hash_of_key": key.key_hash, "item_id": item_id})
    if contact_id is not None and prepared.sent.email:
        post.message(
            session,
            kind="receipt",
            item_id=item_id,
            contact_id=contact_id,
            language=prepared.sent.language,
            state="too_many" if not may_mail else "held" if held else "waiting",
            now=now,
        )
    return Taken(item_id, reference)


def write_keeper(
    session: Session,
    item_id: int,
    prepared: Prepared,
    now: datetime,
    written: list[tuple[type[Row], int, Values]],
) -> None:
    """Name the heads of the department that keeps a restricted item; nothing where it is not restricted."""
    if not prepared.keeper:
        return
    values = {
        "item_id": item_id,
        "account_id": None,
        "department": prepared.keeper,
        "given_by": None,
        "given_at": now,
        "ended_by": None,
        "ended_at": None,
    }
    written.append((Grant, _INSERT_GRANT.scalar(session, values), values))


def next_reference(session: Session, prepared: Prepared) -> str:
    """The next reference of the year, without gaps: the row stays locked until the commit."""
    number: int = _COUNT_ON.scalar(session, {"year": prepared.year, "last": 1})
    return f"{prepared.code}-{prepared.year}-{number:06d}"


def _first_with(session: Session, key: Key, prepared: Prepared, now: datetime) -> bool:
    """Whether this post is the first with its key. On PostgreSQL a loser waits for the winner's commit."""
    values = {"key_hash": key.key_hash, "body_digest": prepared.body_digest, "item_id": None, "at": now}
    return _INSERT_SUBMISSION.first(session, values) is not None


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
    contact_id: int = _INSERT_CONTACT.scalar(session, values)
    written.append((Contact, contact_id, values))
    return contact_id

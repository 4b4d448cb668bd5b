"""Proving the ledger: chains, counts, heads, digests, and every row under a digest against its last note.

Reads only. A difference is a `Finding` with its place; silence means that nothing was changed behind the
ledger's back. What it can't show: that what was written was true, and a change by whoever can rewrite all chains
and heads together, unless a head is given that was kept elsewhere (see docs/decisions/0003).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from feedback.city.tables import CityRow, CityVersion
from feedback.columns import Row, table_of
from feedback.custody.findings import Finding
from feedback.custody.heads import PublishedHead
from feedback.custody.verify_log import verify_log
from feedback.custody.verify_record import verify_records
from feedback.items.tables import (
    Answer,
    Attachment,
    Contact,
    Counter,
    Cycle,
    Entry,
    ExternalRef,
    Grant,
    Item,
    Reading,
)
from feedback.items.time_tables import Clock, Extension, Pause
from feedback.ledger import notes
from feedback.ledger.tables import Note, NotePayload
from feedback.people.tables import Account, Identity, Membership, Passkey, Totp
from feedback.quality.tables import Record, Restatement
from feedback.satisfaction.tables import Invitation, Response
from feedback.webhooks.tables import Subscription

SUBJECTS: dict[str, type[Row]] = {"item": Item, "account": Account, "city": CityRow, "record": Record}
UNDER_DIGEST: tuple[type[Row], ...] = (
    Item,
    Contact,
    Cycle,
    Clock,
    Pause,
    Answer,
    Entry,
    Extension,
    Attachment,
    ExternalRef,
    Grant,
    Reading,
    Invitation,
    Response,
    Account,
    Membership,
    Identity,
    Totp,
    Passkey,
    CityRow,
    CityVersion,
    Record,
    Restatement,
    Subscription,
)
REDACTED = "redacted"
_CHUNK = 400

_NOTE, _PAYLOAD = table_of(Note), table_of(NotePayload)
_MODELS = {str(model.__tablename__): model for model in UNDER_DIGEST}

Expected = dict[str, dict[int, tuple[dict[str, Any], dict[str, Any] | None]]]
"""Table → row → the facts that its last note set, and its words (None where they were lawfully erased)."""


def verify(session: Session, held: PublishedHead | None = None) -> Iterator[Finding]:
    """Everything that can be proven from the database alone, and from a head of the log that somebody kept."""
    told: dict[str, set[int]] = {name: set() for name in _MODELS}
    for kind, model in SUBJECTS.items():
        yield from _chains(session, kind, model, told)
    yield from _unknown_rows(session, told)
    yield from _numbers(session)
    yield from _profiles(session)
    yield from verify_records(session)
    yield from verify_log(session, held)


def _chains(session: Session, kind: str, model: type[Row], told: dict[str, set[int]]) -> Iterator[Finding]:
    """Walk the chains of one kind of subject, some hundred subjects at a time."""
    table = table_of(model)
    after = 0
    while True:
        subjects = session.execute(
            sa.select(table.c.id, table.c.version, table.c.notes, table.c.head)
            .where(table.c.id > after)
            .order_by(table.c.id)
            .limit(_CHUNK)
        ).all()
        upto = subjects[-1].id if len(subjects) == _CHUNK else None
        found, payloads = _notes_between(session, kind, after, upto)
        expected: Expected = {}
        for subject in subjects:
            chain = found.pop(subject.id, [])
            yield from _chain(f"{kind}:{subject.id}", subject, chain, payloads, expected)
        for orphan in sorted(found):
            yield Finding("subject_missing", f"{kind}:{orphan}", f"{len(found[orphan])} notes")
        yield from _rows(session, expected, told)
        if upto is None:
            return
        after = upto


def _notes_between(
    session: Session, kind: str, after: int, upto: int | None
) -> tuple[dict[int, list[Any]], dict[tuple[int, int], Any]]:
    """Notes and payloads of the subjects after `after`, up to `upto` or to the end."""

    def of(table: sa.Table) -> Any:
        statement = sa.select(table).where(table.c.kind == kind)
        # Subjects of a key that no row could have (0, negative) are orphans as well: the first chunk takes them.
        if after:
            statement = statement.where(table.c.subject > after)
        if upto is not None:
            statement = statement.where(table.c.subject <= upto)
        return session.execute(statement.order_by(table.c.subject, table.c.seq))

    found: dict[int, list[Any]] = {}
    for row in of(_NOTE):
        found.setdefault(row.subject, []).append(row)
    return found, {(row.subject, row.seq): row for row in of(_PAYLOAD)}


def _chain(
    place: str, subject: Any, chain: list[Any], payloads: dict[tuple[int, int], Any], expected: Expected
) -> Iterator[Finding]:
    """One chain: count, order, links, hashes, digests; what it says of rows goes to `expected`."""
    if len(chain) != subject.notes or subject.version != subject.notes:
        yield Finding(
            "note_missing", place, f"{len(chain)} of {subject.notes} notes, version {subject.version}"
        )
    previous = ""
    redacted = any(note.act == REDACTED for note in chain)
    for number, note in enumerate(chain, start=1):
        here = f"{place} note {note.seq}"
        if note.seq != number or note.previous != previous:
            yield Finding("chain_broken", here)
        if notes.hash_of(note._mapping) != note.hash:
            yield Finding("note_changed", here)
        if notes.digest(note.salt, note.facts) != note.facts_digest:
            yield Finding("facts_changed", here)
        payload = payloads.get((subject.id, note.seq))
        words: dict[str, Any] | None = {}
        if payload is not None:
            if notes.digest(payload.salt, payload.content) != note.words_digest:
                yield Finding("words_changed", here)
            words = _decoded(payload.content)
        elif note.words_digest:
            words = None
            if not redacted:
                yield Finding("words_missing", here)
        for name, facts in (_decoded(note.facts) or {}).items():
            table, _, key = name.partition(":")
            if table in _MODELS and key.isdigit():
                said = None if words is None else words.get(name, {})
                expected.setdefault(table, {})[int(key)] = (facts, said)
        previous = note.hash
    if chain and subject.head != previous:
        yield Finding("head_differs", place)


def _decoded(text: str) -> dict[str, Any] | None:
    """What a note or payload holds; None where it is no JSON object any more (its digest has told already)."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None


def _rows(session: Session, expected: Expected, told: dict[str, set[int]]) -> Iterator[Finding]:
    """Compare live rows with what their last note says of them."""
    for name, rows in expected.items():
        model, table = _MODELS[name], table_of(_MODELS[name])
        told[name].update(rows)
        keys = sorted(rows)
        live: dict[int, Any] = {}
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            columns = [table.c.id, *(table.c[column] for column in model.FACTS + model.WORDS)]
            for row in session.execute(sa.select(*columns).where(table.c.id.in_(chunk))):
                live[row.id] = row._mapping
        for key in keys:
            if key not in live:
                yield Finding("row_missing", f"{name}:{key}")
                continue
            facts, words = rows[key]
            for column in model.FACTS:
                if notes.plain(live[key][column]) != facts.get(column):
                    yield Finding("row_changed", f"{name}:{key}", column)
            for column in model.WORDS if words is not None else ():
                if _blank(live[key][column]) != _blank((words or {}).get(column)):
                    yield Finding("row_changed", f"{name}:{key}", column)


def _blank(value: Any) -> Any:
    """Nothing and empty words are the same: a note holds no words where there are none."""
    return "" if value is None else value


def _unknown_rows(session: Session, told: dict[str, set[int]]) -> Iterator[Finding]:
    """Rows under a digest that no note ever mentioned: put in behind the ledger's back."""
    for name, model in _MODELS.items():
        table = table_of(model)
        statement = sa.select(table.c.id).order_by(table.c.id)
        if model is Record:
            statement = statement.where(table.c.state != "draft")
        for key in session.execute(statement).scalars():
            if key not in told[name]:
                yield Finding("row_unknown", f"{name}:{key}")


def _numbers(session: Session) -> Iterator[Finding]:
    """References run from 1 to the counter of their year, without a gap: a vanished item shows."""
    item, counter = table_of(Item), table_of(Counter)
    given: dict[int, set[int]] = {}
    for reference in session.execute(sa.select(item.c.reference)).scalars():
        _, _, rest = reference.partition("-")
        year, _, number = rest.partition("-")
        if year.isdigit() and number.isdigit():
            given.setdefault(int(year), set()).add(int(number))
    last = {row.year: row.last for row in session.execute(sa.select(counter))}
    for year in sorted(given.keys() | last.keys()):
        wanted = set(range(1, last.get(year, 0) + 1))
        for number in sorted(wanted - given.get(year, set())):
            yield Finding("number_missing", f"counter:{year}", str(number))
        for number in sorted(given.get(year, set()) - wanted):
            yield Finding("number_unknown", f"counter:{year}", str(number))


def _profiles(session: Session) -> Iterator[Finding]:
    """The stored documents of the city's profile against their digests."""
    for version in session.execute(sa.select(table_of(CityVersion))):
        if hashlib.sha256(version.document).hexdigest() != version.digest:
            yield Finding("profile_changed", f"city_version:{version.id}")

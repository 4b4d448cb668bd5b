"""Appending to the ledger: one note for each deed that changes state, chained to the one before it.

A chain belongs to a subject (an item, an account, the city, a record). The subject's row keeps `version`,
`notes` (how many) and `head` (the last hash), changed in one UPDATE that also refuses a lost race, so that a
cut tail shows. What a note set is kept twice: facts in the note itself (compared with the rows for ever), words
in a payload that may lawfully be erased. Why facts stand in clear: docs/decisions/0002.

Does not verify; that is `custody/verify.py`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.columns import Row, Values, table_of
from feedback.errors import Conflict
from feedback.ledger.tables import Note, NotePayload
from feedback.statements import Statement

Kind = Literal["item", "account", "city", "record"]

_NOTE = table_of(Note)
_PAYLOAD = table_of(NotePayload)
_INSERT_NOTE, _INSERT_PAYLOAD = Statement(sa.insert(_NOTE)), Statement(sa.insert(_PAYLOAD))


class Actor(Struct, frozen=True):
    """Who did it: a citizen (never more than that), a member of staff, or the system itself."""

    kind: Literal["citizen", "staff", "system"]
    account_id: int | None = None


CITIZEN = Actor("citizen")
SYSTEM = Actor("system")


class Chain(Struct):
    """The end of a subject's chain as the deed read it; `version` guards against a lost update."""

    kind: Kind
    subject: int
    version: int
    notes: int
    head: str


def chain_of(kind: Kind, row: Any) -> Chain:
    """The chain of a subject's row."""
    return Chain(kind, row.id, row.version, row.notes, row.head)


def append(
    session: Session,
    chain: Chain,
    *,
    subject_table: sa.Table,
    act: str,
    by: Actor,
    now: datetime,
    rows: Iterable[Row] = (),
    values: Iterable[tuple[type[Row], int, Values]] = (),
    also: Values | None = None,
) -> None:
    """Append the note of one deed. `rows` (or Core `values`) are those it set: all their facts and words are noted.

    `also` changes further columns of the subject's row in the same UPDATE. Refuses with Conflict when the
    subject has moved on since the chain was read: nothing is overwritten.
    """
    facts: dict[str, dict[str, Any]] = {}
    words: dict[str, dict[str, Any]] = {}
    for model, key, found in [*map(_values_of, rows), *values]:
        place = f"{model.__tablename__}:{key}"
        facts[place] = {column: found[column] for column in model.FACTS}
        if any(found[column] not in (None, "") for column in model.WORDS):
            words[place] = {column: found[column] for column in model.WORDS}
    written = seal(chain, act=act, by=by, now=now, facts=facts, words=words)
    also = also or {}
    done = _move_on(subject_table, tuple(also)).run(
        session,
        {
            "subject": chain.subject,
            "seen": chain.version,
            "version": chain.version + 1,
            "notes": chain.notes + 1,
            "head": written["note"]["hash"],
            **also,
        },
    )
    if done != 1:
        raise Conflict("changed_meanwhile", kind=chain.kind)
    _INSERT_NOTE.run(session, written["note"])
    if written["payload"]:
        _INSERT_PAYLOAD.run(session, written["payload"])
    chain.version += 1
    chain.notes += 1
    chain.head = written["note"]["hash"]


@cache
def _move_on(subject_table: sa.Table, also: tuple[str, ...]) -> Statement:
    """The UPDATE of a subject's end of chain, with the further columns that a deed sets."""
    moved = sa.update(subject_table).where(
        subject_table.c.id == sa.bindparam("subject"), subject_table.c.version == sa.bindparam("seen")
    )
    return Statement(moved, sets=["version", "notes", "head", *also])


def _values_of(row: Row) -> tuple[type[Row], int, Values]:
    model = type(row)
    return model, row.id, {column: getattr(row, column) for column in model.FACTS + model.WORDS}  # type: ignore[attr-defined]


def seal(
    chain: Chain,
    *,
    act: str,
    by: Actor,
    now: datetime,
    facts: dict[str, dict[str, Any]],
    words: dict[str, dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """The rows of the next note and of its payload (empty where there are no words)."""
    salt = secrets.token_hex(16)
    fact_text = canonical(facts)
    note: dict[str, Any] = {
        "kind": chain.kind,
        "subject": chain.subject,
        "seq": chain.notes + 1,
        "at": now,
        "actor_kind": by.kind,
        "actor_id": by.account_id,
        "act": act,
        "facts": fact_text,
        "salt": salt,
        "facts_digest": digest(salt, fact_text),
        "words_digest": "",
        "previous": chain.head,
    }
    payload: dict[str, Any] = {}
    if words:
        word_text = canonical(words)
        payload = {
            "kind": chain.kind,
            "subject": chain.subject,
            "seq": chain.notes + 1,
            "salt": secrets.token_hex(16),
            "content": word_text,
        }
        note["words_digest"] = digest(payload["salt"], word_text)
    note["hash"] = hash_of(note)
    return {"note": note, "payload": payload}


def hash_of(note: Values) -> str:
    """The hash that chains: SHA-256 over what the note says, its digests and the hash before it."""
    return hashlib.sha256(
        canonical(
            {
                "kind": note["kind"],
                "subject": note["subject"],
                "seq": note["seq"],
                "at": note["at"],
                "actor": [note["actor_kind"], note["actor_id"]],
                "act": note["act"],
                "facts": note["facts_digest"],
                "salt": note["salt"],
                "words": note["words_digest"],
                "previous": note["previous"],
            }
        ).encode()
    ).hexdigest()


def digest(salt: str, text: str) -> str:
    """A salted digest: SHA-256 of salt and text, in hexadecimal."""
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()


def canonical(value: Any) -> str:
    """The one way to write a value down: JSON, keys in order, times in UTC to the microsecond."""
    return msgspec.json.encode(value, order="deterministic").decode()


def plain(value: Any) -> Any:
    """A column's value as it reads back from canonical JSON, for comparison."""
    if isinstance(value, datetime | date):
        return msgspec.json.decode(msgspec.json.encode(value))
    return value

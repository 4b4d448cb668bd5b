"""What somebody could do who can rewrite everything in the database and leaves nothing behind that contradicts it.

Each function does one such change, drawn by a seeded chance, and repairs what tells of it: hashes, chains, the ends of
chains, rows, leaves and heads. It gives the number of the first leaf that is not as it was: only a head over more
leaves, kept elsewhere, can tell (docs/decisions/0003). What is not repaired, `crimes.py` does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import sqlalchemy as sa

from feedback.columns import UTCDateTime, table_of
from feedback.custody.verify import SUBJECTS, UNDER_DIGEST
from feedback.items.tables import Counter, Item
from feedback.ledger import log, notes
from feedback.ledger.notes import SYSTEM, Chain
from feedback.ledger.tables import Leaf, Note, NotePayload, TreeHead
from tests.proof.crimes import Useless

Forgery = Callable[[sa.Connection, Random], tuple[int, str]]

_NOTE, _PAYLOAD = table_of(Note), table_of(NotePayload)
_LEAF, _HEAD = table_of(Leaf), table_of(TreeHead)
_ITEM, _COUNTER = table_of(Item), table_of(Counter)
_TABLES = {str(model.__tablename__): table_of(model) for model in UNDER_DIGEST}
_Place = tuple[str, int, int]


def cut_log(connection: sa.Connection, chance: Random) -> tuple[int, str]:
    """The end of the sealed log, as if the job had never come so far: the notes are there and wait."""
    leaves = leaves_of(connection)
    first = chance.randrange(len(leaves))
    reseal(connection, leaves[:first], times_of(connection))
    return first, f"cut the log at leaf {first}"


def take_back(connection: sa.Connection, chance: Random) -> tuple[int, str]:
    """The last notes of a case with all that they set: the rows are again as the notes before them say, or gone."""
    chain = _chain(connection, chance, "item")
    keep = chance.randrange(len(chain))
    kept, gone = chain[:keep], chain[keep:]
    before, after = _said(connection, kept), _said(connection, chain)
    for row in reversed(after):
        if row in before:
            _set(connection, row, before[row])
        else:
            table, key = row
            connection.execute(sa.delete(table).where(table.c.id == key))
    for table in (_PAYLOAD, _NOTE):
        for note in gone:
            connection.execute(sa.delete(table).where(*_at(table, _place(note))))
    if kept:
        _end(connection, kept)
    else:
        _forget_number(connection)
    places = {_place(note) for note in gone}
    leaves = leaves_of(connection)
    first = min(n for n, leaf in enumerate(leaves) if _place(leaf) in places)
    reseal(connection, [leaf for leaf in leaves if _place(leaf) not in places], times_of(connection))
    return first, f"take back the last {len(gone)} notes of item:{chain[0]['subject']}"


def rewrite(connection: sa.Connection, chance: Random) -> tuple[int, str]:
    """A fact of a note, the row that it set, and every hash that follows."""
    chain = _chain(connection, chance, chance.choice(["item", "item", "account"]))
    number = chance.randrange(len(chain))
    facts = msgspec.json.decode(chain[number]["facts"])
    if not facts:
        raise Useless
    row = chance.choice(sorted(facts))
    column = chance.choice(sorted(facts[row]))
    facts[row][column] = _other(facts[row][column], _TABLES[row.partition(":")[0]].c[column])
    chain[number]["facts"] = notes.canonical(facts)
    previous = chain[number]["previous"]
    for note in chain[number:]:
        note["previous"] = previous
        note["facts_digest"] = notes.digest(note["salt"], note["facts"])
        previous = note["hash"] = notes.hash_of(note)
        connection.execute(sa.update(_NOTE).where(*_at(_NOTE, _place(note))).values(note))
    for found, values in _said(connection, chain).items():
        _set(connection, found, values)
    _end(connection, chain)
    return _follow(connection, chain), f"rewrite {column} of {row} in {_place(chain[number])}"


def put_in(connection: sa.Connection, chance: Random) -> tuple[int, str]:
    """A note at the end of a chain that was never written, sealed somewhere in the past."""
    chain = _chain(connection, chance, "item")
    end = chain[-1]
    made = notes.seal(
        Chain(end["kind"], end["subject"], end["seq"], end["seq"], end["hash"]),
        act="added",
        by=SYSTEM,
        now=end["at"],
        facts={},
        words={},
    )["note"]
    connection.execute(sa.insert(_NOTE), made)
    _end(connection, [*chain, made])
    leaves = leaves_of(connection)
    first = chance.randrange(len(leaves))
    leaves.insert(first, {name: made[name] for name in ("kind", "subject", "seq", "hash")})
    reseal(connection, leaves, times_of(connection))
    return first, f"put a note into {_place(made)}, sealed as leaf {first}"


def reorder(connection: sa.Connection, chance: Random) -> tuple[int, str]:
    """Two leaves of the sealed log in each other's place."""
    leaves = leaves_of(connection)
    one, two = sorted(chance.sample(range(len(leaves)), 2))
    leaves[one], leaves[two] = leaves[two], leaves[one]
    reseal(connection, leaves, times_of(connection))
    return one, f"swap leaves {one} and {two}"


FORGERIES: tuple[Forgery, ...] = (cut_log, take_back, rewrite, put_in, reorder)


# ── what they are made of ───────────────────────────────────────────────────────────────────────────────────


def reseal(connection: sa.Connection, leaves: list[dict[str, Any]], times: dict[int, datetime]) -> None:
    """The sealed log anew over these leaves: a head wherever there was one, and one at its end."""
    connection.execute(sa.delete(_LEAF))
    connection.execute(sa.delete(_HEAD))
    peaks, made, last = log.Peaks(0, []), [], min(times.values())
    for leaf in leaves:
        leaf["n"] = peaks.size
        peaks.append(leaf["hash"].encode())
        last = times.get(peaks.size, last)
        if peaks.size in times or peaks.size == len(leaves):
            told = {"size": peaks.size, "root": peaks.root().hex(), "peaks": log.written(peaks), "at": last}
            made.append(told)
    if leaves:
        connection.execute(sa.insert(_LEAF), leaves)
        connection.execute(sa.insert(_HEAD), made)


def times_of(connection: sa.Connection) -> dict[int, datetime]:
    return {row.size: row.at for row in connection.execute(sa.select(_HEAD.c.size, _HEAD.c.at))}


def leaves_of(connection: sa.Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(sa.select(_LEAF).order_by(_LEAF.c.n)).mappings()]


def _chain(connection: sa.Connection, chance: Random, kind: str) -> list[dict[str, Any]]:
    """All notes of one subject."""
    rows = connection.execute(
        sa.select(_NOTE).where(_NOTE.c.kind == kind).order_by(*_NOTE.primary_key.columns)
    )
    found = [dict(row) for row in rows.mappings()]
    subject = chance.choice(sorted({row["subject"] for row in found}))
    return [row for row in found if row["subject"] == subject]


def _said(
    connection: sa.Connection, chain: list[dict[str, Any]]
) -> dict[tuple[sa.Table, int], dict[str, Any]]:
    """What these notes say of rows, the last word on each; in the order in which the rows came up."""
    said: dict[tuple[sa.Table, int], dict[str, Any]] = {}
    for note in chain:
        statement = sa.select(_PAYLOAD.c.content).where(*_at(_PAYLOAD, _place(note)))
        content = connection.execute(statement).scalar_one_or_none()
        words = msgspec.json.decode(content) if content else {}
        for row, facts in msgspec.json.decode(note["facts"]).items():
            name, _, key = row.partition(":")
            if name in _TABLES:
                said[_TABLES[name], int(key)] = {**facts, **words.get(row, {})}
    return said


def _set(connection: sa.Connection, row: tuple[sa.Table, int], values: dict[str, Any]) -> None:
    table, key = row
    typed = {name: _typed(value, table.c[name]) for name, value in values.items()}
    connection.execute(sa.update(table).where(table.c.id == key).values(typed))


def _typed(value: Any, column: sa.Column[Any]) -> Any:
    """A value of a note as its column takes it."""
    if value is None:
        return None
    if isinstance(column.type, UTCDateTime):
        return msgspec.convert(value, datetime)
    return msgspec.convert(value, date) if isinstance(column.type, sa.Date) else value


def _end(connection: sa.Connection, chain: list[dict[str, Any]]) -> None:
    """The subject's row says that its chain ends here."""
    table, last = table_of(SUBJECTS[chain[-1]["kind"]]), chain[-1]
    connection.execute(
        sa.update(table)
        .where(table.c.id == last["subject"])
        .values(version=last["seq"], notes=last["seq"], head=last["hash"])
    )


def _forget_number(connection: sa.Connection) -> None:
    """The counter of the year goes back to the highest number that is left."""
    left: dict[int, int] = {}
    for reference in connection.execute(sa.select(_ITEM.c.reference)).scalars():
        _, year, number = reference.split("-")
        left[int(year)] = max(left.get(int(year), 0), int(number))
    for year, last in left.items():
        connection.execute(sa.update(_COUNTER).where(_COUNTER.c.year == year).values(last=last))


def _follow(connection: sa.Connection, chain: list[dict[str, Any]]) -> int:
    """The leaves of these notes get their new hashes, and the log its new heads; the first that has changed."""
    hashes, leaves = {_place(note): note["hash"] for note in chain}, leaves_of(connection)
    changed = [n for n, leaf in enumerate(leaves) if hashes.get(_place(leaf), leaf["hash"]) != leaf["hash"]]
    for n in changed:
        leaves[n]["hash"] = hashes[_place(leaves[n])]
    reseal(connection, leaves, times_of(connection))
    return min(changed)


def _other(value: Any, column: sa.Column[Any]) -> Any:
    """Another value that could stand there."""
    if value is None:
        raise Useless
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    typed = _typed(value, column)
    if isinstance(typed, date):  # An instant is one too.
        return msgspec.to_builtins(typed + timedelta(days=1))
    return f"{value[:-1]}{'1' if value.endswith('0') else '0'}"


def _place(row: Any) -> _Place:
    return row["kind"], row["subject"], row["seq"]


def _at(table: sa.Table, place: _Place) -> list[Any]:
    return [table.c.kind == place[0], table.c.subject == place[1], table.c.seq == place[2]]

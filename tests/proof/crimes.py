"""What somebody with the database's own rights could do behind the ledger's back: edits, deletions, insertions, swaps.

Each function does one change, drawn by a seeded chance, and says what it did; `Useless` where the draw changes nothing
that anybody could see (two equal values swapped), so that another is drawn. Nothing here repairs the whole ledger:
who rewrites chains, leaves and heads together is caught by a head kept elsewhere (docs/decisions/0003).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from feedback.columns import table_of
from feedback.custody.verify import SUBJECTS, UNDER_DIGEST
from feedback.ledger import notes
from feedback.ledger.notes import SYSTEM, Chain
from feedback.ledger.tables import Leaf, Note, NotePayload
from feedback.quality.tables import Counted, Figure, Rated, Record
from tests.town import Town

Crime = Callable[[sa.Connection, Random], str]

_NOTE, _PAYLOAD, _LEAF = table_of(Note), table_of(NotePayload), table_of(Leaf)
_FROZEN = tuple(table_of(model) for model in (Figure, Counted, Rated, Record))
_CHAIN = ("kind", "subject", "seq")


class Useless(Exception):
    """The draw would change nothing, or the database refuses it: draw again."""


@contextmanager
def intruder(town: Town) -> Iterator[Session]:
    """A transaction with the database's own rights: no trigger, no foreign key. Undone at the end."""
    url = town.settings.database_url.replace("postgresql://", "postgresql+psycopg://")
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SET session_replication_role = replica"))
            else:
                found = connection.execute(
                    sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
                ).all()
                connection.info["triggers"] = [made for _, made in found]
                for name, _ in found:
                    connection.execute(sa.text(f"DROP TRIGGER {name}"))
            with Session(connection) as session:
                yield session
            connection.rollback()
    finally:
        engine.dispose()


@contextmanager
def leaving(town: Town) -> Iterator[sa.Connection]:
    """The same intruder, whose changes stay, and who puts the triggers back before leaving."""
    with intruder(town) as session:
        connection = session.connection()
        yield connection
        for trigger in connection.info.pop("triggers", ()):
            connection.execute(sa.text(trigger))
        connection.commit()


# ── edits ───────────────────────────────────────────────────────────────────────────────────────────────────


def edit(connection: sa.Connection, chance: Random) -> str:
    """One value of a note, of its words, of a row under a digest, of a frozen row or of the sealed log."""
    table, names = chance.choice(
        [
            lambda: (_NOTE, _names(_NOTE)),
            lambda: (_PAYLOAD, _names(_PAYLOAD)),
            lambda: _under_digest(chance),
            lambda: _under_digest(chance),
            lambda: _frozen(chance),
            lambda: (_LEAF, _names(_LEAF)),
        ]
    )()
    row, column = _row(connection, table, chance), table.c[chance.choice(names)]
    old = row[column.name]
    if chance.random() < 0.5:
        new = connection.execute(
            sa.select(column).where(column != old).order_by(column).limit(1)
        ).scalar_one_or_none()
        new = _other(old, column) if new is None else new
    else:
        new = _other(old, column)
    if new == old or {new, old} == {None, ""}:
        raise Useless
    _update(connection, table, row, {column.name: new})
    return f"edit {_place(table, row)}.{column.name}"


# ── deletions ───────────────────────────────────────────────────────────────────────────────────────────────


def delete(connection: sa.Connection, chance: Random) -> str:
    """A row of any of the tables, or a note with its words."""
    return chance.choice([_delete_note, _delete_words, _delete_row, _delete_row, _delete_frozen])(
        connection, chance
    )


def delete_last_note(connection: sa.Connection, chance: Random) -> str:
    """The end of a chain with its words; half the time the subject's count and head are set back to the note
    before it, so that the chain looks whole: then rows and the sealed log still know."""
    last = _last_note(connection, chance)
    for table in (_PAYLOAD, _NOTE):
        connection.execute(sa.delete(table).where(*(table.c[name] == last[name] for name in _CHAIN)))
    told = f"delete the last note of {last['kind']}:{last['subject']}"
    if chance.random() < 0.5:
        return told
    subject = table_of(SUBJECTS[last["kind"]])
    connection.execute(
        sa.update(subject)
        .where(subject.c.id == last["subject"])
        .values(version=last["seq"] - 1, notes=last["seq"] - 1, head=last["previous"])
    )
    return f"{told} and set the chain's end back"


def _delete_note(connection: sa.Connection, chance: Random) -> str:
    row = _row(connection, _NOTE, chance)
    for table in (_PAYLOAD, _NOTE):
        connection.execute(sa.delete(table).where(*(table.c[name] == row[name] for name in _CHAIN)))
    return f"delete {_place(_NOTE, row)}"


def _delete_words(connection: sa.Connection, chance: Random) -> str:
    return _delete_from(connection, _PAYLOAD, chance)


def _delete_row(connection: sa.Connection, chance: Random) -> str:
    return _delete_from(connection, _under_digest(chance)[0], chance)


def _delete_frozen(connection: sa.Connection, chance: Random) -> str:
    return _delete_from(connection, chance.choice([*_FROZEN, _LEAF]), chance)


# ── insertions ──────────────────────────────────────────────────────────────────────────────────────────────


def insert(connection: sa.Connection, chance: Random) -> str:
    """A row that no deed made: forged notes with right hashes, words, copies of rows, frozen rows, leaves."""
    return chance.choice(
        [_insert_note_at_end, _insert_note_between, _insert_words, _insert_row, _insert_row, _insert_frozen]
    )(connection, chance)


def _insert_note_at_end(connection: sa.Connection, chance: Random) -> str:
    """A note that continues its chain with right digests and hash; its subject's row is left alone."""
    last = _last_note(connection, chance)
    connection.execute(sa.insert(_NOTE), _forged(last, last["seq"], last["hash"]))
    return f"insert a note at the end of {last['kind']}:{last['subject']}"


def _insert_note_between(connection: sa.Connection, chance: Random) -> str:
    """A note in the middle; the later ones move up by one, from the end on."""
    before = _row(connection, _NOTE, chance)
    place = [_NOTE.c.kind == before["kind"], _NOTE.c.subject == before["subject"]]
    later = connection.execute(
        sa.select(_NOTE.c.seq).where(*place, _NOTE.c.seq > before["seq"]).order_by(_NOTE.c.seq.desc())
    ).scalars()
    for seq in later.all():
        connection.execute(sa.update(_NOTE).where(*place, _NOTE.c.seq == seq).values(seq=seq + 1))
    connection.execute(sa.insert(_NOTE), _forged(before, before["seq"], before["hash"]))
    return f"insert a note after {_place(_NOTE, before)}"


def _insert_words(connection: sa.Connection, chance: Random) -> str:
    """Words for a note that has none."""
    statement = sa.select(_NOTE).where(_NOTE.c.words_digest == "").order_by(*_NOTE.primary_key.columns)
    note = chance.choice(connection.execute(statement).mappings().all())
    forged = {"salt": "0" * 32, "content": '{"item:1":{"text":"We never said this."}}'}
    connection.execute(sa.insert(_PAYLOAD), {**{name: note[name] for name in _CHAIN}, **forged})
    return f"insert words for {_place(_NOTE, note)}"


def _insert_row(connection: sa.Connection, chance: Random) -> str:
    """A copy of a row under a digest with a key of its own."""
    table, _ = _under_digest(chance)
    row = _row(connection, table, chance)
    highest = connection.execute(sa.select(sa.func.max(table.c.id))).scalar_one()
    forged = {**row, "id": highest + chance.choice([1, 1000])}
    for unique in _unique_columns(table):
        forged[unique] = _other(row[unique], table.c[unique])
    connection.execute(sa.insert(table), forged)
    return f"insert a copy of {_place(table, row)}"


def _insert_frozen(connection: sa.Connection, chance: Random) -> str:
    """A figure, a counted or rated case, or a leaf more than there were."""
    table = chance.choice([table_of(Figure), table_of(Counted), table_of(Rated), _LEAF])
    row = _row(connection, table, chance)
    forged = dict(row)
    if table is _LEAF:
        forged["n"] = connection.execute(sa.select(sa.func.max(_LEAF.c.n))).scalar_one() + 1
        forged["seq"] = row["seq"] + 500
    elif table is table_of(Figure):
        forged["id"] = connection.execute(sa.select(sa.func.max(table.c.id))).scalar_one() + 1
        forged["scope"], forged["scope_key"] = "department", "dept-z"
    else:
        forged["cycle_id"] = row["cycle_id"] + 900
    connection.execute(sa.insert(table), forged)
    return f"insert a copy of {_place(table, row)}"


def _forged(like: Any, seq: int, previous: str) -> dict[str, Any]:
    chain = Chain(like["kind"], like["subject"], seq, seq, previous)
    return notes.seal(chain, act="added", by=SYSTEM, now=like["at"], facts={}, words={})["note"]


# ── swaps ───────────────────────────────────────────────────────────────────────────────────────────────────


def swap(connection: sa.Connection, chance: Random) -> str:
    """Two rows of a table exchange a value, or their keys, that is all that they hold."""
    table, names = chance.choice(
        [
            lambda: (_NOTE, _names(_NOTE)),
            lambda: (_PAYLOAD, ["content", "salt", "seq"]),
            lambda: _under_digest(chance),
            lambda: _under_digest(chance),
            lambda: _frozen(chance),
            lambda: (_LEAF, _names(_LEAF)),
        ]
    )()
    rows = connection.execute(sa.select(table).order_by(*table.primary_key.columns)).mappings().all()
    if len(rows) < 2:
        raise Useless
    one, two = (dict(row) for row in chance.sample(rows, 2))
    name = (
        "id" if "id" in table.c and table not in _FROZEN and chance.random() < 0.3 else chance.choice(names)
    )
    if one[name] == two[name] or {one[name], two[name]} == {None, ""}:
        raise Useless
    if name == "id" and all(one[key] == two[key] for key in names):
        raise Useless
    swapped = sorted(({**one, name: two[name]}, {**two, name: one[name]}), key=str)
    if sorted((one, two), key=str) == swapped:
        raise Useless
    for row in (one, two):
        connection.execute(sa.delete(table).where(*_same(table, row)))
    connection.execute(sa.insert(table), swapped)
    return f"swap {name} of {_place(table, one)} and {_place(table, two)}"


# ── what they are made of ───────────────────────────────────────────────────────────────────────────────────


def _under_digest(chance: Random) -> tuple[sa.Table, list[str]]:
    model = chance.choice(UNDER_DIGEST)
    return table_of(model), [*model.FACTS, *model.WORDS]


def _frozen(chance: Random) -> tuple[sa.Table, list[str]]:
    table = chance.choice(_FROZEN)
    if table is table_of(Record):
        return table, list(Record.FACTS)
    return table, [name for name in _names(table) if name != "id"]


def _names(table: sa.Table) -> list[str]:
    return [column.name for column in table.columns]


def _row(connection: sa.Connection, table: sa.Table, chance: Random) -> Any:
    rows = connection.execute(sa.select(table).order_by(*table.primary_key.columns)).mappings().all()
    if not rows:
        raise Useless
    return chance.choice(rows)


def _last_note(connection: sa.Connection, chance: Random) -> Any:
    chain = _row(connection, _NOTE, chance)
    return (
        connection.execute(
            sa.select(_NOTE)
            .where(_NOTE.c.kind == chain["kind"], _NOTE.c.subject == chain["subject"])
            .order_by(_NOTE.c.seq.desc())
            .limit(1)
        )
        .mappings()
        .one()
    )


def _delete_from(connection: sa.Connection, table: sa.Table, chance: Random) -> str:
    row = _row(connection, table, chance)
    connection.execute(sa.delete(table).where(*_same(table, row)))
    return f"delete {_place(table, row)}"


def _update(connection: sa.Connection, table: sa.Table, row: Any, values: dict[str, Any]) -> None:
    connection.execute(sa.update(table).where(*_same(table, row)).values(values))


def _same(table: sa.Table, row: Any) -> list[Any]:
    return [column == row[column.name] for column in table.primary_key.columns]


def _place(table: sa.Table, row: Any) -> str:
    return f"{table.name}:{'/'.join(str(row[column.name]) for column in table.primary_key.columns)}"


def _unique_columns(table: sa.Table) -> set[str]:
    """Columns that must differ in a copy of a row: one of each unique constraint and index."""
    groups = [
        constraint.columns for constraint in table.constraints if isinstance(constraint, sa.UniqueConstraint)
    ]
    groups += [index.columns for index in table.indexes if index.unique]
    return {next(reversed(list(columns))).name for columns in groups}


def _other(value: Any, column: sa.Column[Any]) -> Any:
    """Another value that the column can hold."""
    kind = column.type.python_type
    if value is None:
        instant = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        return {int: 7, str: "x", float: 1.5, date: date(2026, 1, 1)}.get(kind, instant)
    if isinstance(value, bool):
        return not value
    if isinstance(value, datetime):
        return value + timedelta(seconds=1)
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, int | float):
        return value + 1000
    if isinstance(value, bytes):
        return value + b" "
    return f"{value[:-1]}{'1' if value.endswith('0') else '0'}"

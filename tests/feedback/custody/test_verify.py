"""`verify` is silent on what the deeds made, and finds whatever was changed behind the ledger's back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import AutoString, Session

from feedback.columns import table_of
from feedback.custody.findings import Finding
from feedback.custody.verify import UNDER_DIGEST, verify
from feedback.items import triage
from feedback.items.tables import Counter, Item
from feedback.ledger.notes import SYSTEM
from feedback.ledger.tables import Leaf, Note, NotePayload, TreeHead
from feedback.quality.tables import Counted, Figure, Rated, Restatement
from tests.feedback.custody import lived
from tests.past import Past
from tests.proof.crimes import intruder
from tests.town import Town

WITHOUT_NOTE = {"id"}


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request: pytest.FixtureRequest, past: Past, tmp_path: Path) -> Iterator[Town]:
    with past.town(request.param, lived.live, tmp_path) as town:
        yield town


def findings(session: Session) -> list[Finding]:
    return list(verify(session))


def other(value: Any, column: sa.Column[Any]) -> Any:
    """Another value that the column can hold."""
    kind = column.type.python_type
    if isinstance(value, bool):
        return not value
    if value is None and isinstance(column.type, AutoString):
        return "x"
    if value is None:
        return {int: 7, str: "x", float: 1.5, bool: True, date: date(2026, 1, 1)}.get(
            kind, datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        )
    if isinstance(value, datetime):
        return value + timedelta(seconds=1)
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, int | float):
        return value + 1000
    if isinstance(value, bytes):
        return value + b" "
    return f"{value[:-1]}{'1' if value.endswith('0') else '0'}"


def columns() -> Iterator[tuple[Any, str]]:
    """Every column that must not be changed unseen."""
    for model in (Note, NotePayload, Counted, Rated, Leaf, TreeHead):
        for column in table_of(model).columns:
            if (model, column.name) != (TreeHead, "at"):
                yield model, column.name
    for column in table_of(Figure).columns:
        if column.name not in WITHOUT_NOTE:
            yield Figure, column.name
    for model in UNDER_DIGEST:
        if model is not Restatement:  # Nothing restates yet: the table is empty.
            for name in model.FACTS + model.WORDS:
                yield model, name


def test_verify_is_silent_on_what_the_deeds_made(town: Town) -> None:
    with town.read() as session:
        assert findings(session) == []


def test_a_change_in_any_column_is_found(town: Town) -> None:
    unseen = []
    with intruder(town) as session:
        for model, name in columns():
            table = table_of(model)
            rows = session.execute(sa.select(table).order_by(*table.primary_key.columns)).all()
            assert rows, f"{table.name} is empty: nothing was tried"
            row = rows[len(rows) // 2]
            same = [column == row._mapping[column.name] for column in table.primary_key.columns]
            value = other(row._mapping[name], table.c[name])
            with session.begin_nested() as crime:
                session.connection().execute(sa.update(table).where(*same).values({name: value}))
                if next(verify(session), None) is None:
                    unseen.append(f"{table.name}.{name}")
                crime.rollback()
            session.expire_all()
        assert findings(session) == []
    assert unseen == []


@pytest.mark.parametrize("column", ["version", "notes", "head"])
def test_a_change_of_the_end_of_a_chain_is_found(town: Town, column: str) -> None:
    """What a subject's row knows of its chain stands in no note: the chain itself must contradict it."""
    item = table_of(Item)
    with intruder(town) as session:
        value = session.execute(sa.select(item.c[column]).where(item.c.id == 1)).scalar_one()
        session.connection().execute(
            sa.update(item).where(item.c.id == 1).values({column: other(value, item.c[column])})
        )
        assert [found.place for found in findings(session)] == ["item:1"]


def _delete_last_note(session: Session) -> None:
    note, payload = table_of(Note), table_of(NotePayload)
    last = session.execute(
        sa.select(sa.func.max(note.c.seq)).where(note.c.kind == "item", note.c.subject == 1)
    ).scalar_one()
    for table in (payload, note):
        session.execute(
            sa.delete(table).where(table.c.kind == "item", table.c.subject == 1, table.c.seq == last)
        )


def _delete_all_notes(session: Session) -> None:
    for table in (table_of(NotePayload), table_of(Note)):
        session.execute(sa.delete(table).where(table.c.kind == "item", table.c.subject == 2))


def _delete_last_item(session: Session) -> None:
    """The newest item with all that hangs on it, and the counter set back: only the sealed log still knows."""
    item = table_of(Item)
    key = session.execute(sa.select(sa.func.max(item.c.id))).scalar_one()
    for model in reversed(UNDER_DIGEST):
        table = table_of(model)
        if "item_id" in table.c:
            session.execute(sa.delete(table).where(table.c.item_id == key))
    cycles = sa.select(table_of(UNDER_DIGEST[2]).c.id)
    clock, counted = table_of(UNDER_DIGEST[3]), table_of(Counted)
    session.execute(sa.delete(clock).where(clock.c.cycle_id.not_in(cycles)))
    session.execute(sa.delete(counted).where(counted.c.cycle_id.not_in(cycles)))
    for table in (table_of(NotePayload), table_of(Note)):
        session.execute(sa.delete(table).where(table.c.kind == "item", table.c.subject == key))
    session.execute(sa.delete(item).where(item.c.id == key))
    counter = table_of(Counter)
    session.execute(sa.update(counter).values(last=counter.c.last - 1))


def _delete_item(session: Session) -> None:
    item = table_of(Item)
    for model in reversed(UNDER_DIGEST):
        table = table_of(model)
        if "item_id" in table.c:
            session.execute(sa.delete(table).where(table.c.item_id == 5))
    for table in (table_of(NotePayload), table_of(Note)):
        session.execute(sa.delete(table).where(table.c.kind == "item", table.c.subject == 5))
    session.execute(sa.delete(item).where(item.c.id == 5))


def _swap_notes(session: Session) -> None:
    """Two notes of one chain change places, with all that they hold."""
    note = table_of(Note)
    places = (note.c.kind == "item", note.c.subject == 1)
    for before, after in ((2, 99), (3, 2), (99, 3)):
        session.execute(sa.update(note).where(*places, note.c.seq == before).values(seq=after))


def _insert_row(session: Session) -> None:
    entry = table_of(next(model for model in UNDER_DIGEST if model.__tablename__ == "entry"))
    row = dict(session.execute(sa.select(entry).limit(1)).one()._mapping)
    session.connection().execute(sa.insert(entry), {**row, "id": 9_999, "text": "We never said this."})


def _insert_note(session: Session) -> None:
    note = table_of(Note)
    row = session.execute(sa.select(note).where(note.c.kind == "item", note.c.subject == 1)).first()
    assert row is not None
    session.connection().execute(sa.insert(note), {**row._mapping, "seq": 500})


@pytest.mark.parametrize(
    ("crime", "told"),
    [
        (_delete_last_note, "note_missing"),
        (_delete_all_notes, "note_missing"),
        (_delete_item, "number_missing"),
        (_delete_last_item, "sealed_note_missing"),
        (_swap_notes, "chain_broken"),
        (_insert_row, "row_unknown"),
        (_insert_note, "note_missing"),
    ],
)
def test_a_deletion_a_swap_and_an_insertion_are_found(
    town: Town, crime: Callable[[Session], None], told: str
) -> None:
    with intruder(town) as session:
        crime(session)
        assert told in {finding.code for finding in findings(session)}


def test_every_column_is_a_fact_a_word_or_loose() -> None:
    for model in UNDER_DIGEST:
        said = [*model.FACTS, *model.WORDS, *model.LOOSE]
        assert sorted(said) == sorted(column.name for column in table_of(model).columns), model.__name__


def test_a_later_change_that_left_its_note_explains_a_difference_from_the_copy(town: Town) -> None:
    open_item = next(row for row in town.rows(Item) if row.state == "received")
    with town.database.write() as session:
        triage.void(
            session,
            item_id=open_item.id,
            seen_version=open_item.version,
            reason="A test",
            by=SYSTEM,
            now=town.now,
        )
    with town.read() as session:
        assert findings(session) == []

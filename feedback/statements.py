"""Statements of the hot paths: written in SQLAlchemy, compiled once a database, run on the driver's own cursor.

A submission is a dozen small statements, a page of a case nearly as many; most of what they cost is SQLAlchemy's
work around each execution, not the database's. A `Statement` does that work once. It runs in the session's
transaction and on its connection, turns values as the column types say, and its errors are SQLAlchemy's.
Not for statements whose text depends on what is asked (filters that come and go): those go through the session.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

Turn = Callable[[Any], Any]
"""What a column type does to a value on its way in or out."""

LINK = "feedback.statements"
"""Where a session that is kept with its connection, and that connection, hold their `Link`."""

_GIVEN = "id"
"""The key that the database gives (`columns.key()`)."""


class Statement:
    """One statement, ready for both databases. Values are given by the names of its parameters, or of its columns."""

    def __init__(self, clause: Any, *, sets: Sequence[str] = ()) -> None:
        """`clause` may differ: a mapping of dialect to clause. `sets`: the columns that an UPDATE gets values for;
        an INSERT gets all but the key that the database gives."""
        self._clauses: Mapping[str, Any] | None = clause if isinstance(clause, Mapping) else None
        self._clause = clause
        self._sets = sets
        self._forms: dict[str, _Form] = {}

    def all(self, session: Session, values: Mapping[str, Any] | None = None) -> list[Any]:
        """Every row, as named tuples."""
        form, cursor = self._run(session, values)
        return form.rows(cursor)

    def first(self, session: Session, values: Mapping[str, Any] | None = None) -> Any | None:
        """The first row, or None."""
        rows = self.all(session, values)
        return rows[0] if rows else None

    def scalar(self, session: Session, values: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row; None where there is no row."""
        row = self.first(session, values)
        return None if row is None else row[0]

    def run(self, session: Session, values: Mapping[str, Any] | None = None) -> int:
        """How many rows were changed."""
        _, cursor = self._run(session, values)
        if cursor.description is not None:  # What it returns is read to its end all the same.
            cursor.fetchall()
        return int(cursor.rowcount)

    def _run(self, session: Session, values: Mapping[str, Any] | None) -> tuple[_Form, Any]:
        link = _link_of(session)
        dialect = link.dialect
        form = self._forms.get(dialect.name)
        if form is None:
            clause = self._clauses[dialect.name] if self._clauses else self._clause
            form = self._forms[dialect.name] = _Form(clause, self._sets, dialect)
        cursor = link.cursor
        try:
            cursor.execute(form.text, form.bound(values or {}))
        except dialect.dbapi.Error as error:
            raise as_sqlalchemy(error, form.text, dialect) from error
        return form, cursor


class Link:
    """The driver's connection below a session, and whether a transaction has begun on it."""

    __slots__ = ("_begin", "cursor", "dialect", "driver", "is_begun")

    def __init__(self, dialect: Any, driver: Any, begin: str = "") -> None:
        """`begin`: the statement that begins a transaction; empty where the driver begins one by itself."""
        self.dialect, self.driver, self._begin = dialect, driver, begin
        # One for all: each statement is read to its end before the next one runs.
        self.cursor = driver.cursor()
        self.is_begun = False

    def open(self) -> None:
        """Begin a transaction where none has begun."""
        if not self.is_begun:
            if self._begin:
                try:
                    self.driver.execute(self._begin)
                except self.dialect.dbapi.Error as error:
                    raise as_sqlalchemy(error, self._begin, self.dialect) from error
            self.is_begun = True

    def check(self) -> None:
        """Refuses (RuntimeError) where the database has taken the transaction back by itself after a fault.

        SQLite does so when a disk is full, and a commit then says nothing of it.
        """
        if self._begin and self.is_begun and not self.driver.in_transaction:
            raise RuntimeError("the database has taken the transaction back")

    def commit(self) -> None:
        """What was done is on disk when this returns."""
        try:
            self.driver.commit()
        except self.dialect.dbapi.Error as error:
            raise as_sqlalchemy(error, "COMMIT", self.dialect) from error


def upsert(table: sa.Table, finish: Callable[[Any], Any]) -> Statement:
    """An INSERT that `finish` completes by what happens where its key exists: each database has its own clause."""
    return Statement({"sqlite": finish(sqlite.insert(table)), "postgresql": finish(postgresql.insert(table))})


def as_sqlalchemy(error: Exception, text: str, dialect: Any) -> BaseException:
    """A driver's error as SQLAlchemy's, without values: what people wrote must not come into a log with an error."""
    return DBAPIError.instance(text, None, error, dialect.dbapi.Error, hide_parameters=True, dialect=dialect)


class _Form:
    """A statement as one database wants it: its text, how values go in and how rows come out."""

    def __init__(self, clause: Any, sets: Sequence[str], dialect: sa.Dialect) -> None:
        if isinstance(clause, sa.Insert):
            sets = [column.key for column in clause.table.c if column.key != _GIVEN]
        compiled = clause.compile(dialect=dialect, column_keys=list(sets) or None)
        if compiled.post_compile_params or compiled.literal_execute_params:
            raise ValueError("a statement whose text depends on its values")
        self.text: str = compiled.string
        self._is_positional = bool(dialect.positional)
        names: Iterable[str] = compiled.positiontup if self._is_positional else compiled.params
        self._given: list[tuple[str, Turn | None, Any]] = []
        for name in names or ():
            bound = compiled.binds[name]
            turn = bound.type.dialect_impl(dialect).bind_processor(dialect)
            self._given.append((name, turn, bound.effective_value))
        self._dialect = dialect
        self._returned = list(getattr(clause, "exported_columns", ()))
        named = namedtuple("Row", " ".join(column.key for column in self._returned), rename=True)  # type: ignore[misc]  # made of columns
        self._make: Callable[[Iterable[Any]], Any] = named._make
        self._turns: list[tuple[int, Turn]] | None = None

    def bound(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver wants them; a parameter without a value is refused (KeyError)."""
        found = []
        for name, turn, fixed in self._given:
            value = values[name] if fixed is None else values.get(name, fixed)
            found.append(value if turn is None else turn(value))
        if self._is_positional:
            return found
        return dict(zip((name for name, _, _ in self._given), found, strict=True))

    def rows(self, cursor: Any) -> list[Any]:
        """All rows of the driver as named tuples of ours."""
        turns = self._turns if self._turns is not None else self._find_turns(cursor.description)
        if not turns:
            return [self._make(row) for row in cursor.fetchall()]
        rows = []
        for row in cursor.fetchall():
            cells = list(row)
            for place, turn in turns:
                cells[place] = turn(cells[place])
            rows.append(self._make(cells))
        return rows

    def _find_turns(self, description: Any) -> list[tuple[int, Turn]]:
        """Which cells need turning: it depends on what the driver says of its columns."""
        turns = []
        for place, (column, told) in enumerate(zip(self._returned, description, strict=True)):
            turn = column.type.dialect_impl(self._dialect).result_processor(self._dialect, told[1])
            if turn is not None:
                turns.append((place, turn))
        self._turns = turns
        return turns


def _link_of(session: Session) -> Link:
    """The session's link, in a transaction; a session that was opened elsewhere lends its connection."""
    link: Link | None = session.info.get(LINK)
    if link is None:
        connection = session.connection()
        return Link(connection.dialect, connection.connection.driver_connection)
    link.open()
    return link

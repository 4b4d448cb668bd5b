"""Column types and conventions shared by every `tables.py`.

Times are aware UTC or refused; keys are 64 bit on PostgreSQL and row ids on SQLite; constraint names are
derived, so that a migration can name them on both.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

BigKey = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class UTCDateTime(TypeDecorator[datetime]):
    """An instant. Refuses a naive value on the way in, gives aware UTC on the way out, on both databases.

    SQLite keeps it as text; it is written and read here in one step, since a page reads hundreds.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        return _to_sqlite if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _from_sqlite if dialect.name == "sqlite" else super().result_processor(dialect, coltype)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _in_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _in_utc(value)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    return value.astimezone(UTC)


def _to_sqlite(value: datetime | None) -> str | None:
    return None if value is None else _in_utc(value).replace(tzinfo=None).isoformat(" ", "microseconds")


def _from_sqlite(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + "+00:00")


def key() -> Any:
    """A primary key that the database gives."""
    return Field(default=None, sa_type=BigKey, primary_key=True)


def link(target: str, *, index: bool = False, nullable: bool = False, unique: bool = False) -> Any:
    """A foreign key to `table.column`."""
    return Field(
        default=None if nullable else ...,
        sa_type=BigKey,
        foreign_key=target,
        index=index,
        nullable=nullable,
        unique=unique,
    )


def instant(*, nullable: bool = False, index: bool = False) -> Any:
    """An instant, aware UTC."""
    return Field(default=None if nullable else ..., sa_type=UTCDateTime, nullable=nullable, index=index)


def words(default: str = "") -> Any:
    """Somebody's words, of any length."""
    return Field(default=default, sa_type=sa.Text, nullable=False)


class Row(SQLModel):
    """A table's class says which of its columns stand under a digest of the ledger.

    `FACTS`: states, days, departments, ratings: kept in the note itself and compared for ever.
    `WORDS`: texts and contact data: kept in the note's payload, compared while it stands, lawfully erasable.
    `LOOSE`: bookkeeping that leaves no note. Every column is in exactly one of them (a test says so).
    """

    FACTS: ClassVar[tuple[str, ...]] = ()
    WORDS: ClassVar[tuple[str, ...]] = ()
    LOOSE: ClassVar[tuple[str, ...]] = ()


def table_of(model: type[SQLModel]) -> sa.Table:
    """The Core table of a model, for statements on hot paths."""
    table = sa.inspect(model).local_table
    assert isinstance(table, sa.Table)
    return table


Values = Mapping[str, Any]

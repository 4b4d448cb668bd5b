"""Engines: how a connection to each database is opened and what it must promise before anything is read or written.

A commit is on disk when it returns, texts are Unicode, nobody waits for ever. How many connections stay open is
`connections.py`'s business, who may read and write when is `database.py`'s.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from feedback.statements import LINK, Link
from portal.environment import OperatorError

THREADS: Final = 16
"""Handlers that may hold a session at once; the pool has two more for what runs beside them."""

BUSY_MILLISECONDS: Final = 10_000
"""How long a statement waits for a lock that is not ours (SQLite), or for a row (PostgreSQL)."""

WAL_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of write-ahead log after which a writer checkpoints itself because no worker did."""

BEGIN: Final = {"ro": "BEGIN", "rw": "BEGIN IMMEDIATE"}
"""How a transaction begins on SQLite: a writer takes its lock at once."""

_BUSY = ("database is locked", "lock timeout", "too many clients", "too many connections", "connection slots")


def is_busy(error: BaseException) -> bool:
    """Whether the database had no turn, lock or connection free in time: the same again in a moment is right."""
    if isinstance(error, NoneFree):
        return True
    return isinstance(error, OperationalError) and any(words in str(error.orig) for words in _BUSY)


def sqlite_engine(file: Path, mode: str, *, are_keys_kept: bool = True) -> sa.Engine:
    """An engine on a SQLite file; `mode` is "rw" or "ro", and says how a transaction begins."""
    address = f"file:{quote(str(file.absolute()))}?mode={mode}"
    engine = sa.create_engine(
        f"sqlite:///{address}&uri=true",
        connect_args={"check_same_thread": False, "isolation_level": None},
        hide_parameters=True,  # What people wrote must not come into a log with an error.
        poolclass=NullPool,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        pragmas = [f"busy_timeout={BUSY_MILLISECONDS}", "synchronous=FULL", "mmap_size=0"]
        if mode == "rw":
            pragmas += [
                "journal_mode=WAL",
                f"foreign_keys={'ON' if are_keys_kept else 'OFF'}",
                "wal_autocheckpoint=0",
                f"journal_size_limit={WAL_LIMIT}",
                # Without this INSERT OR REPLACE deletes a row behind the back of its DELETE trigger.
                "recursive_triggers=ON",
            ]
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        if connection.execute("PRAGMA synchronous").fetchone()[0] != 2:
            raise OperatorError(
                f"SQLite does not accept synchronous=FULL for {file}, so what people are thanked for might not be on "
                "disk: use the SQLite of the system."
            )
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            raise OperatorError(f"{file} cannot keep a write-ahead log: put it on a local disk.")

    @event.listens_for(engine, "begin")
    def open_transaction(connection: sa.Connection) -> None:
        # On the driver's connection: SQLAlchemy's work around a statement costs more than this one does.
        link = connection.info.get(LINK) or Link(
            connection.dialect, connection.connection.driver_connection, BEGIN[mode]
        )
        link.open()

    @event.listens_for(engine, "commit")
    @event.listens_for(engine, "rollback")
    def end_transaction(connection: sa.Connection) -> None:
        if LINK in connection.info:
            connection.info[LINK].is_begun = False

    return engine


def postgresql_engine(
    url: str, *, lock_milliseconds: int = BUSY_MILLISECONDS, is_durable: bool = True
) -> sa.Engine:
    """An engine on a PostgreSQL database. Not durable: for what may be lost with a power cut, and is quick."""
    wanted = "on" if is_durable else "off"
    options = (
        f"-c timezone=UTC -c synchronous_commit={wanted} -c lock_timeout={lock_milliseconds} "
        "-c client_encoding=UTF8 -c application_name=kanali"
    )
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"),
        # Statements are few and come again and again: each is prepared when it comes a second time.
        connect_args={"options": options, "connect_timeout": 10, "prepare_threshold": 1},
        hide_parameters=True,
        poolclass=NullPool,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: ConnectionPoolEntry) -> None:
        commit, encoding = connection.execute(
            "SELECT current_setting('synchronous_commit'), current_setting('server_encoding')"
        ).fetchone()
        connection.rollback()
        if is_durable and commit != wanted:
            raise OperatorError(
                f"PostgreSQL answers with synchronous_commit={commit}, so what people are thanked for might not be on "
                "disk: let KANALI_DATABASE_URL name the server itself and no pooler that drops the options of a "
                "connection."
            )
        if encoding != "UTF8":
            raise OperatorError(
                f"The PostgreSQL database keeps text as {encoding}: create it with encoding UTF8."
            )

    return engine

"""Opens the database and is the only place that commits.

`read()` and `write()` give a session to whoever must look or change; both databases behave alike: a reader sees
one moment, a writer holds all or nothing, a commit is on disk when it returns. On SQLite every write transaction
and every checkpoint of every process runs under one lock file, so writers queue and none can meet a checkpoint.
What is written is decided by the deeds in `feedback`; how the schema changes, by `portal/commands/migrate.py`.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlmodel import Session

# Every table must be known before the first flush, whatever a command imports: foreign keys go by name.
import feedback.city.tables
import feedback.items.tables
import feedback.items.time_tables
import feedback.ledger.tables
import feedback.limits.tables
import feedback.outbox.tables
import feedback.people.tables
import feedback.quality.tables
import feedback.satisfaction.tables
import feedback.webhooks.tables  # noqa: F401
from portal import rights
from portal.connections import Connections
from portal.engines import BEGIN, THREADS, WAL_LIMIT, postgresql_engine, sqlite_engine
from portal.environment import OperatorError
from portal.settings import MIGRATIONS, sqlite_path

_INSERT_ONLY: Final = ("note", "leaf", "tree_head")
TRIGGERS: Final = {
    "sqlite": frozenset(
        {"note_payload_no_update"}
        | {f"{table}_no_{act}" for table in _INSERT_ONLY for act in ("update", "delete")}
    ),
    "postgresql": frozenset(
        {"note_payload_no_update"}
        | {f"{table}_no_{act}" for table in _INSERT_ONLY for act in ("update", "delete", "truncate")}
    ),
}
"""What keeps the ledger insert-only; asserted at every start."""

SCHEMA_LOCK: Final = 0x4B_61_6E_61_6C_69
"""Key of the advisory lock under which a schema is changed on PostgreSQL."""


class Database:
    """One database of one process. Opens nothing until it is used."""

    def __init__(self, url: str, *, wal_limit: int = WAL_LIMIT) -> None:
        self.url = url
        self._wal_limit = wal_limit
        self.dialect: Literal["sqlite", "postgresql"] = (
            "sqlite" if url.startswith("sqlite:") else "postgresql"
        )
        self._turn = threading.Lock()
        self._owner: int | None = None
        if self.dialect == "sqlite":
            self.file = sqlite_path(url)
            self._writer, reader = sqlite_engine(self.file, "rw"), sqlite_engine(self.file, "ro")
            self._writers = Connections(self._writer, most=1, begin=BEGIN["rw"])
            self._readers = Connections(reader, most=THREADS + 2, begin=BEGIN["ro"])
        else:
            self._writer = postgresql_engine(url)
            reader = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            self._writers = Connections(self._writer, most=THREADS + 2)
            self._readers = Connections(reader, most=THREADS + 2)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one moment and can change nothing."""
        # Ends with a commit too: PostgreSQL's driver forgets at a rollback the statements that it has prepared.
        with self._readers.session() as session:
            yield session
            # Most reads load no object of the mapper; nothing can then be dirty.
            if session.new or (session.identity_map and (session.dirty or session.deleted)):
                raise RuntimeError("something was changed in a session that only reads")

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are on disk when the block ends; an exception takes all of them back.

        On SQLite one writer at a time, over all processes: whoever comes later waits its turn. Inside the block
        no other `write()` of the same thread may begin.
        """
        with self._one_writer(), self._writers.session() as session:
            yield session

    def checkpoint(self) -> None:
        """Carries the write-ahead log into the file (SQLite); the worker calls it. Nothing on PostgreSQL."""
        if self.dialect == "sqlite":
            with self._one_writer():
                self._carry_log_over()

    def check(self, *, is_owner_apart: bool = False) -> None:
        """Opens the database and makes sure that it can be used by this program.

        Refuses (`OperatorError`): missing, unwritable or no database; a schema older or newer than the program;
        the triggers of the ledger gone; with `is_owner_apart` a role that could change the ledger all the same.
        """
        if self.dialect == "sqlite" and not self.file.exists():
            raise OperatorError(
                f"There is no database at {self.file}: run kanali init --city DIR first, "
                "or correct KANALI_DATABASE_URL."
            )
        with self._clear_errors(), self._one_writer(), self._writer.connect() as connection:
            found = find_revision(connection)
            triggers = find_triggers(connection)
        check_revision(found, known_revisions(), self.shown)
        missing = TRIGGERS[self.dialect] - triggers
        if missing:
            raise OperatorError(
                f"The database {self.shown} has lost what protects its ledger ({', '.join(sorted(missing))}): "
                "restore it from a backup, then run kanali verify."
            )
        if is_owner_apart:
            with self._clear_errors(), self._writer.connect() as connection:
                rights.check(connection, self.shown)

    @contextmanager
    def change_schema(self) -> Iterator[sa.Connection]:
        """A connection in one transaction for migrations: one process at a time, all or nothing.

        Makes the file (0600) where there is none. Foreign keys are checked at the end, not meanwhile: a table that
        is rebuilt must not take its children with it.
        """
        if self.dialect == "sqlite":
            _make_file(self.file)
            engine = sqlite_engine(self.file, "rw", are_keys_kept=False)
        else:
            engine = postgresql_engine(self.url, lock_milliseconds=0)
        with self._one_writer():
            with self._clear_errors():
                connection = engine.connect()
                if self.dialect == "postgresql":
                    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK})
                else:
                    connection.begin()
            with connection:
                yield connection
                self._check_keys(connection)
                connection.commit()

    @contextmanager
    def serve_lock(self) -> Iterator[None]:
        """Held while a server runs on a SQLite file. Refuses (`OperatorError`) where another one does."""
        if self.dialect != "sqlite":
            yield
            return
        descriptor = _open_lock(self.file, "serve")
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise OperatorError(
                    f"Another kanali serve already runs on {self.file}: end it first, or use PostgreSQL for several."
                ) from error
            yield
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Gives back every connection. The last one to leave a SQLite file carries its log over."""
        self._readers.close()
        if self.dialect == "sqlite" and self.file.exists():
            with self._one_writer():
                self._writers.close()
        else:
            self._writers.close()

    @property
    def shown(self) -> str:
        """Its name as an operator may see it, without user and password."""
        if self.dialect == "sqlite":
            return str(self.file)
        url = self._writer.url
        return f"{url.database} on {url.host or 'the local socket'}"

    def _check_keys(self, connection: sa.Connection) -> None:
        if self.dialect == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if broken is not None:
                raise RuntimeError(f"the migration leaves a row without its parent: {tuple(broken)}")

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        if self.dialect != "sqlite":
            yield
            return
        if self._owner == threading.get_ident():
            raise RuntimeError("a write was begun inside another write of the same thread")
        with self._turn:
            descriptor = _open_lock(self.file, "lock")
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                self._owner = threading.get_ident()
                yield
                if _size(self.file.with_name(self.file.name + "-wal")) > self._wal_limit:
                    self._carry_log_over()
            finally:
                self._owner = None
                os.close(descriptor)

    def _carry_log_over(self) -> None:
        # PASSIVE never waits for a reader; the log starts from its beginning again once no reader needs it.
        with self._writers.driver() as driver:
            driver.execute("PRAGMA wal_checkpoint(PASSIVE)").close()

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            raise OperatorError(self._explain(str(error.orig))) from error
        except DatabaseError as error:
            if getattr(error.orig, "sqlstate", None) == "42501":
                raise OperatorError(
                    f"PostgreSQL does not let this role use {self.shown}: "
                    "run kanali migrate with KANALI_OWNER_URL, which gives it its rights."
                ) from error
            if "file is not a database" in str(error.orig):
                raise OperatorError(
                    f"{self.shown} is not a database: correct KANALI_DATABASE_URL, or move that file away."
                ) from error
            raise

    def _explain(self, reason: str) -> str:
        reason = " ".join(reason.split()).rstrip(".")
        if self.dialect == "postgresql":
            return f"PostgreSQL does not answer for {self.shown} ({reason}): see that it runs and the URL is right."
        if "disk is full" in reason:
            return f"The disk that holds {self.shown} is full: make room."
        return (
            f"The database {self.shown} cannot be opened for writing ({reason}): correct its owner and mode."
        )


def find_revision(connection: sa.Connection) -> str | None:
    """The revision of the schema, None where there is no schema yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def find_triggers(connection: sa.Connection) -> frozenset[str]:
    """The names of the triggers that stand in the database and are on."""
    if connection.dialect.name == "sqlite":
        statement = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        statement = (
            "SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND c.relnamespace = current_schema()::regnamespace"
        )
    return frozenset(connection.execute(sa.text(statement)).scalars())


def known_revisions() -> list[str]:
    """The revisions that this program knows, oldest first: a revision's id is its file's name."""
    return sorted(file.stem for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def check_revision(found: str | None, known: list[str], shown: str) -> None:
    """Refuses (`OperatorError`) a schema that is not the newest of the known ones."""
    if found is None:
        raise OperatorError(f"The database {shown} is empty: run kanali init --city DIR first.")
    if found not in known:
        raise OperatorError(
            f"The database {shown} is newer than this program (schema {found}): install the newer Kanali."
        )
    if found != known[-1]:
        raise OperatorError(f"The database {shown} is older than this program: run kanali migrate.")


def _make_file(file: Path) -> None:
    """An empty database file that only its owner may read: it will hold what citizens write."""
    # Never opened where it exists: closing any descriptor of the file would drop SQLite's own locks on it.
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise OperatorError(
            f"The database {file} cannot be made ({error.strerror}): "
            "make its folder and see that it is writable, or correct KANALI_DATABASE_URL."
        ) from error


def _open_lock(file: Path, kind: str) -> int:
    try:
        return os.open(file.with_name(f"{file.name}.{kind}"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise OperatorError(
            f"The folder of {file} cannot be written ({error.strerror}): correct its owner and mode."
        ) from error


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0

"""Connections that stay open, each with the session that runs on it.

A page is a handful of small statements: opening SQLAlchemy's session, its connection and its transaction anew for
each page costs more than they do. So a session is kept with its connection; statements that are compiled
(`feedback/statements.py`) run on the driver's connection below it, and SQLAlchemy's own transaction is begun only by
whoever asks the session itself. Both are one transaction, which ends here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlmodel import Session

from feedback.statements import LINK, Link

WAIT: Final = 30
"""Seconds for a connection to become free."""


class Connections:
    """At most `most` connections of one engine. `begin` opens a transaction where the driver does not by itself."""

    def __init__(self, engine: sa.Engine, *, most: int, begin: str = "") -> None:
        self._engine = engine
        self._begin = begin
        self._places = threading.BoundedSemaphore(most)
        self._free: list[_Kept] = []

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session in a transaction of its own: committed when the block ends, taken back by an exception."""
        with self._kept() as kept:
            try:
                yield kept.session
                kept.commit()
            except BaseException:
                kept.roll_back()
                raise

    @contextmanager
    def driver(self) -> Iterator[Any]:
        """The driver's own connection, outside any transaction."""
        with self._kept() as kept:
            yield kept.link.driver

    def close(self) -> None:
        """Close those that nobody uses."""
        while self._free:
            self._free.pop().close()

    @contextmanager
    def _kept(self) -> Iterator[_Kept]:
        if not self._places.acquire(timeout=WAIT):
            raise NoneFree(f"no connection became free within {WAIT} seconds")
        try:
            try:
                kept = self._free.pop()
            except IndexError:
                kept = _Kept(self._engine, self._begin)
            try:
                yield kept
            finally:
                if kept.is_lost:
                    kept.close()
                    self.close()  # Whatever cut this one off has cut the idle ones off too.
                else:
                    self._free.append(kept)
        finally:
            self._places.release()


class _Kept:
    """One connection and its session."""

    def __init__(self, engine: sa.Engine, begin: str) -> None:
        self._connection = engine.connect()
        self.link = Link(engine.dialect, self._connection.connection.driver_connection, begin)
        self.session = _Session(self._connection, self.link)
        # For SQLAlchemy's own beginning of a transaction (`engines.py`).
        self._connection.info[LINK] = self.link
        self.is_lost = False

    def commit(self) -> None:
        self.session.commit()
        if self.session.identity_map:
            self.session.expunge_all()

    def roll_back(self) -> None:
        try:
            self.session.rollback()
            self.session.close()
        except (SQLAlchemyError, self.link.dialect.dbapi.Error):
            # A connection that can't even do this is of no use any more.
            self.is_lost = True
        self.is_lost = self.is_lost or bool(getattr(self.link.driver, "closed", False))

    def close(self) -> None:
        with suppress(Exception):
            if self.is_lost:
                self._connection.invalidate()
            self._connection.close()


class _Session(Session):
    """Ends its transaction also where SQLAlchemy knows of none because only compiled statements ran in it."""

    def __init__(self, connection: sa.Connection, link: Link) -> None:
        super().__init__(connection, autoflush=False, expire_on_commit=False)
        self.info[LINK] = self._link = link

    def commit(self) -> None:
        self._link.check()
        if self.in_transaction():
            super().commit()
        elif self._link.is_begun:
            self._link.commit()
        self._link.is_begun = False

    def rollback(self) -> None:
        super().rollback()
        if self._link.is_begun:
            self._link.driver.rollback()
            self._link.is_begun = False

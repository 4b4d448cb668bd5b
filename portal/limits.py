"""Limits on what comes from outside: counted before it is tried, in a store of their own.

A count survives the refusal that it leads to, because it stands in no transaction of the request. The store holds
digests only, under a salt that changes every day: on PostgreSQL unlogged tables that all processes share, on SQLite
the memory of the one web process.
"""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
import time
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import event
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateTable

from feedback.columns import table_of
from feedback.limits import count
from feedback.limits.rules import Limited, Rule
from feedback.limits.tables import LimitCount, LimitSalt
from portal import security
from portal.connections import Connections
from portal.engines import postgresql_engine
from portal.source import Source

CONNECTIONS: Final = 4
"""To PostgreSQL, of one process: counting takes a millisecond."""


class Taken(Struct, frozen=True):
    """A try that was counted."""

    limits: Limits
    key: str

    def give_back(self) -> None:
        """It was a right one: it shall not count."""
        with self.limits.store.session() as session:
            count.give_back(session, key=self.key)

    def forget(self) -> None:
        """Neither shall those before it."""
        with self.limits.store.session() as session:
            count.forget(session, key=self.key)


class Limits:
    """Counts tries. Opens nothing until the first."""

    def __init__(self, database_url: str, *, clock: Callable[[], float] = time.time) -> None:
        is_sqlite = database_url.startswith("sqlite:")
        if is_sqlite:
            self.store = Connections(_memory(), most=1, begin="BEGIN")
        else:
            self.store = Connections(postgresql_engine(database_url, is_durable=False), most=CONNECTIONS)
        self._clock = clock
        self._salt = (-1, b"")

    def take(self, rule: Rule, source: Source | None, subject: str = "") -> Taken:
        """Count a try of this source (and subject, where the rule is about one); of all sources together where None.

        Refuses (`Limited`) one too many. Where the store is busy or gone, so is the portal: its error passes.
        """
        now = int(self._clock())
        with self.store.session() as session:
            day = now // 86400
            if self._salt[0] != day:
                self._salt = (day, count.salt_of(session, now=now))
            salt = self._salt[1]
            named = "" if source is None else source.named(salt)
            parts = (rule.key, named, hmac.digest(salt, subject.encode(), hashlib.sha256).hex())
            key = hashlib.sha256("|".join(parts).encode()).hexdigest()
            found, began_at = count.hit(session, key=key, seconds=rule.seconds, now=now)
        wait = rule.wait(found, began_at, now)
        if wait:
            if found == rule.most + 1:  # Told once a window: whoever goes on trying writes no more lines.
                security.tell("limit_engaged", rule=rule.key)
            raise Limited(rule, wait)
        return Taken(self, key)

    def close(self) -> None:
        """Give back the connections; what is counted in memory is lost."""
        self.store.close()


def _memory() -> sa.Engine:
    engine = sa.create_engine(
        "sqlite://",
        connect_args={"check_same_thread": False, "isolation_level": None},
        hide_parameters=True,
        poolclass=StaticPool,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, record: Any) -> None:
        for model in (LimitCount, LimitSalt):
            connection.execute(str(CreateTable(table_of(model)).compile(dialect=engine.dialect)))

    return engine

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


class Try(Struct, frozen=True):
    """What is counted: a rule's try, of a source, of a subject, of both; of neither, where it is about everybody."""

    rule: Rule
    source: Source | None = None
    subject: str = ""


class Taken(Struct, frozen=True):
    """Tries that were counted together."""

    limits: Limits
    keys: dict[Rule, str]
    waits: dict[Rule, int]
    """Seconds that each rule asks to wait; 0: within the rule."""

    def give_back(self, *rules: Rule) -> None:
        """It was a right one: it shall not count, under these rules or under all."""
        with self.limits.store.session() as session:
            for rule in rules or self.keys:
                count.give_back(session, key=self.keys[rule])

    def forget(self) -> None:
        """Neither shall those before it."""
        with self.limits.store.session() as session:
            for key in self.keys.values():
                count.forget(session, key=key)


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
        taken = self.count(Try(rule, source, subject))
        if taken.waits[rule]:
            raise Limited(rule, taken.waits[rule])
        return taken

    def count(self, *tries: Try) -> Taken:
        """Count several tries in one statement; refuses nothing. Rules stand in their order in `RULES`."""
        now = int(self._clock())
        with self.store.session() as session:
            day = now // 86400
            if self._salt[0] != day:
                self._salt = (day, count.salt_of(session, now=now))
            keys = {each.rule: _key(self._salt[1], each) for each in tries}
            windows = [(key, rule.seconds) for rule, key in keys.items()]
            found = count.hit(session, windows=windows, now=now)
        waits: dict[Rule, int] = {}
        for rule, (number, ends_at) in zip(keys, found, strict=True):
            waits[rule] = rule.wait(number, ends_at, now)
            if number == rule.most + 1:  # Told once a window: whoever goes on trying writes no more lines.
                security.tell("limit_engaged", rule=rule.key)
        return Taken(self, keys, waits)

    def close(self) -> None:
        """Give back the connections; what is counted in memory is lost."""
        self.store.close()


def _key(salt: bytes, each: Try) -> str:
    source = each.source.named(salt) if each.source else ""
    parts = (each.rule.key, source, hmac.digest(salt, each.subject.encode(), hashlib.sha256).hex())
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


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

"""Sessions that stay open with their connection: one transaction a block, nothing left over for the next."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from feedback.columns import table_of
from feedback.items.tables import Counter
from feedback.statements import Statement
from portal import connections, engines
from portal.database import Database

COUNTER = table_of(Counter)
COUNT_ON = Statement(sa.update(COUNTER).values(last=COUNTER.c.last + 1))
FIND = Statement(sa.select(COUNTER.c.last))


def add(database: Database) -> None:
    with database.write() as session:
        session.add(Counter(year=2026, last=1))


def last(database: Database) -> int:
    with database.read() as session:
        return int(FIND.scalar(session))


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("compiled_first", [True, False])
def test_compiled_statements_and_the_session_share_a_transaction(
    database: Database, *, is_kept: bool, compiled_first: bool
) -> None:
    add(database)
    by_session = sa.update(COUNTER).values(last=COUNTER.c.last + 10)
    try:
        with database.write() as session:
            if compiled_first:
                COUNT_ON.run(session)
            session.execute(by_session)
            if not compiled_first:
                COUNT_ON.run(session)
            assert FIND.scalar(session) == 12
            assert last(database) == 1, "nobody else sees it yet"
            if not is_kept:
                raise KeyError
    except KeyError:
        pass
    assert last(database) == (12 if is_kept else 1)


def test_nothing_that_was_loaded_is_left_for_the_next(database: Database) -> None:
    add(database)
    with database.read() as session:
        known = session.get_one(Counter, 2026)
    with database.write() as session:
        COUNT_ON.run(session)
    with database.read() as session:
        assert session.get_one(Counter, 2026) is not known
        assert session.get_one(Counter, 2026).last == 2
    with pytest.raises(KeyError), database.read() as session:
        session.get_one(Counter, 2026)
        raise KeyError
    with database.write() as session:
        assert len(session.identity_map) == 0


def test_a_transaction_that_the_database_took_back_is_not_called_kept(sqlite_database: Database) -> None:
    """As SQLite does by itself where the disk is full: the commit that follows says nothing."""
    add(sqlite_database)
    with pytest.raises(RuntimeError, match="taken the transaction back"), sqlite_database.write() as session:
        COUNT_ON.run(session)
        session.connection().connection.driver_connection.execute("ROLLBACK")  # type: ignore[union-attr]  # it has one
    assert last(sqlite_database) == 1
    with sqlite_database.write() as session:
        COUNT_ON.run(session)
    assert last(sqlite_database) == 2


def test_after_a_cut_the_next_one_is_served(postgresql_database: Database) -> None:
    """One is refused where the connections were cut (the server was started anew), not one a connection."""
    database = postgresql_database
    add(database)
    with database.read() as first, database.read() as second:
        assert FIND.scalar(first) == FIND.scalar(second) == 1
    with database.write() as session:
        session.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    with pytest.raises(DBAPIError):
        last(database)
    assert last(database) == 1
    assert last(database) == 1


def test_who_finds_none_free_in_time_is_told_to_wait(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(database)
    monkeypatch.setattr(connections, "WAIT", 0.05)
    with database.read() as session:
        assert FIND.scalar(session) == 1
        places = database._readers._places
        taken = 0
        while places.acquire(blocking=False):
            taken += 1
        with pytest.raises(connections.NoneFree) as refused:
            last(database)
        assert engines.is_busy(refused.value)
        places.release(taken)
    assert last(database) == 1

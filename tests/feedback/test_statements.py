"""Statements that are compiled once say what SQLAlchemy's own execution says, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from feedback.columns import table_of
from feedback.items.tables import Contact, Counter, Item, Submission
from feedback.statements import Statement, upsert
from portal.database import Database
from portal.settings import Settings
from tests.town import Town

ITEM, CONTACT, COUNTER, SUBMISSION = (table_of(model) for model in (Item, Contact, Counter, Submission))


@pytest.fixture
def town(database: Database, settings: Settings) -> Town:
    return Town(database, settings)


def test_rows_are_those_of_sqlalchemy(town: Town) -> None:
    """Every column type of an item: texts, numbers, truth, days, instants, what is missing."""
    town.citizen_reports("Ένα φανάρι, ąžuolas, 🚲", lat="35.5", lon="25.1")
    town.citizen_reports(anonymous="yes")
    statement = sa.select(ITEM).where(ITEM.c.id >= sa.bindparam("first")).order_by(ITEM.c.id).limit(5)
    with town.read() as session:
        ours = Statement(statement).all(session, {"first": 1})
        theirs = session.execute(statement, {"first": 1}).all()
    assert [row._asdict() for row in ours] == [dict(row._mapping) for row in theirs]
    assert [type(value) for value in ours[0]] == [type(value) for value in theirs[0]]
    assert ours[0].received_at.tzinfo is UTC
    assert isinstance(ours[0].received_on, date)
    assert ours[0].counted is True


def test_a_statement_runs_in_the_transaction_that_the_session_is_in(town: Town) -> None:
    """Not in one before it, whose connection may be somebody else's by now."""
    town.citizen_reports(email="rea@example.org")
    rename = Statement(sa.update(CONTACT), sets=["name"])
    with town.database.write() as session:
        engine = sa.create_engine(session.get_bind().engine.url)
    with Session(engine) as session:
        rename.run(session, {"name": "before"})
        session.commit()
        with engine.connect() as another:  # It takes the connection that the session has given back.
            session.execute(sa.select(CONTACT.c.id))  # The next transaction has begun.
            rename.run(session, {"name": "after"})
            assert session.execute(sa.select(CONTACT.c.name)).scalar_one() == "after"
            assert another.execute(sa.select(CONTACT.c.name)).scalar_one() == "before"
            session.rollback()
        assert session.execute(sa.select(CONTACT.c.name)).scalar_one() == "before"
    engine.dispose()


def test_a_time_without_a_zone_is_refused_and_another_zone_is_turned(town: Town) -> None:
    insert = upsert(SUBMISSION, lambda made: made.on_conflict_do_nothing().returning(SUBMISSION.c.key_hash))
    values = {"key_hash": "a" * 64, "body_digest": "b", "item_id": None}
    athens = timezone(timedelta(hours=2))
    with town.database.write() as session:
        with pytest.raises(ValueError, match="without a zone"):
            insert.run(session, {**values, "at": datetime(2026, 11, 2)})
        noon = datetime(2026, 11, 2, 12, tzinfo=athens)
        assert insert.scalar(session, {**values, "at": noon}) == "a" * 64
        assert insert.scalar(session, {**values, "at": noon}) is None
    with town.read() as session:
        assert session.execute(sa.select(SUBMISSION.c.at)).scalar_one() == noon


def test_an_update_sets_the_named_columns_and_counts_its_rows(town: Town) -> None:
    town.citizen_reports(email="rea@example.org")
    rename = Statement(sa.update(CONTACT).where(CONTACT.c.email == sa.bindparam("of")), sets=["name"])
    with town.database.write() as session:
        assert rename.run(session, {"of": "rea@example.org", "name": "O'Rea; --"}) == 1
        assert rename.run(session, {"of": "nobody@example.org", "name": "X"}) == 0
    with town.read() as session:
        assert session.execute(sa.select(CONTACT.c.name)).scalar_one() == "O'Rea; --"


def test_a_value_that_is_missing_is_refused(town: Town) -> None:
    find = Statement(sa.select(ITEM.c.id).where(ITEM.c.reference == sa.bindparam("reference")))
    with town.read() as session, pytest.raises(KeyError):
        find.first(session, {})


def test_errors_are_sqlalchemys_and_hold_no_values(town: Town) -> None:
    insert = Statement(sa.insert(SUBMISSION))
    values = {"key_hash": "c" * 64, "body_digest": "secret words", "item_id": None, "at": town.now}
    with pytest.raises(IntegrityError) as refused, town.database.write() as session:
        insert.run(session, values)
        insert.run(session, values)
    assert "secret words" not in str(refused.value)
    with town.read() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(SUBMISSION)).scalar_one() == 0


def test_a_session_that_begins_anew_works_on_its_new_connection(town: Town) -> None:
    """The driver's connection is kept for one transaction only."""
    count = upsert(
        COUNTER,
        lambda made: made.on_conflict_do_update(
            index_elements=["year"], set_={"last": COUNTER.c.last + 1}
        ).returning(COUNTER.c.last),
    )
    with town.database.write() as session:
        assert count.scalar(session, {"year": 1999, "last": 1}) == 1
        session.rollback()
        assert count.scalar(session, {"year": 1999, "last": 1}) == 1
        session.commit()
        assert count.scalar(session, {"year": 1999, "last": 1}) == 2


def test_a_statement_whose_text_depends_on_its_values_is_refused(town: Town) -> None:
    listed = Statement(sa.select(ITEM.c.id).where(ITEM.c.id.in_(sa.bindparam("ids", expanding=True))))
    with town.read() as session, pytest.raises(ValueError, match="depends on its values"):
        listed.all(session, {"ids": [1]})

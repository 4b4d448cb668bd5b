"""A database that has no turn in time: the person is told so, and sending again makes one case."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from portal import engines
from portal.database import Database
from portal.settings import sqlite_path
from tests.conftest import settings_for
from tests.town import Town


@pytest.fixture
def impatient(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The same database, asked for its lock for a twentieth of a second only."""
    monkeypatch.setattr(engines, "BUSY_MILLISECONDS", 50)
    return Database(sqlite_database.url)


def test_who_writes_meanwhile_is_told_to_wait(impatient: Database, tmp_path: Path) -> None:
    town = Town(impatient, settings_for(impatient.url, tmp_path))
    browser = town.visitor()
    key = browser.get("/submit").value("key")
    neighbour = sqlite3.connect(sqlite_path(impatient.url))
    neighbour.execute("BEGIN IMMEDIATE")
    page = browser.sends(kind="request", text="A lamp is dark.", key=key)
    assert (page.status, page.response.headers["retry-after"]) == (503, "60")
    assert "Nothing was saved" in page.text
    neighbour.rollback()
    assert browser.sends(kind="request", text="A lamp is dark.", key=key).status == 303


def test_what_is_no_want_of_a_turn_is_not_called_so(impatient: Database) -> None:
    with pytest.raises(OperationalError) as broken, impatient.read() as session:
        session.connection().exec_driver_sql("SELECT nothing FROM nowhere")
    assert not engines.is_busy(broken.value)

"""A correction after the closing: counted and explained beside the figures, never written over them."""

from __future__ import annotations

import pytest

from feedback.custody.verify import verify
from feedback.errors import Invalid, NotFound
from feedback.ledger.notes import SYSTEM
from feedback.quality.restate import NothingChanged, restate
from feedback.quality.tables import Figure
from portal.closing import close_month
from portal.database import Database
from portal.settings import Settings
from tests.town import Report, Town


@pytest.fixture
def town(database: Database, settings: Settings) -> Town:
    return Town(database, settings, start="2026-10-05 09:00")


@pytest.fixture
def reports(town: Town) -> list[Report]:
    """Six reports of October, and October closed."""
    found = [
        town.citizen_reports(f"Lamp {number} is dark.", service="street-lighting") for number in range(6)
    ]
    town.at("2026-11-10 09:00")
    assert close_month(town.database, period="2026-10", now=town.now)
    return found


def test_a_correction_is_counted_and_its_reason_stands_on_the_page(town: Town, reports: list[Report]) -> None:
    before = [(row.measure, row.n) for row in town.rows(Figure)]
    town.later(minutes=5)
    town.voids(reports[0])
    with town.database.write() as session:
        assert restate(session, period="2026-10", reason="One was a test.", by=SYSTEM, now=town.now) == 1
    assert [(row.measure, row.n) for row in town.rows(Figure)] == before, "the frozen figures stay"
    page = town.visitor().get("/service-quality")
    assert "1 case counts differently since the closing. Reason: One was a test." in page.text
    with town.read() as session:
        assert list(verify(session)) == []


def test_without_a_difference_a_reason_or_a_closed_month_there_is_none(
    town: Town, reports: list[Report]
) -> None:
    assert reports
    with pytest.raises(NothingChanged), town.database.write() as session:
        restate(session, period="2026-10", reason="Nothing", by=SYSTEM, now=town.now)
    with pytest.raises(Invalid), town.database.write() as session:
        restate(session, period="2026-10", reason="  ", by=SYSTEM, now=town.now)
    with pytest.raises(NotFound), town.database.write() as session:
        restate(session, period="2026-09", reason="x", by=SYSTEM, now=town.now)

"""What of a profile is in use: asked before another profile takes it away."""

from __future__ import annotations

import pytest
from msgspec import structs

from feedback.items.in_use import Orphaned, orphaned_departments, orphaned_services
from portal.database import Database
from portal.settings import Settings
from tests.town import Town


@pytest.fixture
def town(database: Database, settings: Settings) -> Town:
    return Town(database, settings)


def test_nothing_is_orphaned_by_the_profile_itself(town: Town) -> None:
    town.citizen_reports(service="roads")
    town.account("responder", ("dept-a",))
    with town.read() as session:
        assert orphaned_departments(session, town.city) == []
        assert orphaned_services(session, town.city) == []


def test_open_cases_and_accounts_are_told_answered_cases_are_not(town: Town) -> None:
    report = town.citizen_reports(service="street-lighting")
    town.citizen_reports(service="street-lighting")
    department = report.item.cycle.department
    assert department is not None
    by = town.account("responder", (department,))
    bare = structs.replace(town.city, department=(), service=())
    with town.read() as session:
        assert orphaned_departments(session, bare) == [Orphaned(department, 2, 1)]
        assert orphaned_services(session, bare) == [Orphaned("street-lighting", 2)]
    town.later(days=1)
    town.answers(report, by=by)
    with town.read() as session:
        assert orphaned_services(session, bare) == [Orphaned("street-lighting", 1)]

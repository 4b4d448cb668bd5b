"""What tests of pages share: an installation of the invented town with its portal running."""

from __future__ import annotations

import pytest

from portal.database import Database
from portal.settings import Settings
from tests.town import Town
from tests.upkeep.kept import kept

__all__ = ["kept", "town"]


@pytest.fixture
def town(database: Database, settings: Settings) -> Town:
    """Riverton on Monday 2 November 2026, 09:00 (a holiday), on SQLite and PostgreSQL; nobody has written yet."""
    return Town(database, settings)

"""What tests of pages share: an installation of the invented town with its portal running."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.database import Database
from portal.settings import Settings
from tests.conftest import settings_for
from tests.town import Town
from tests.upkeep.kept import kept

__all__ = ["kept", "town"]


@pytest.fixture
def town(database: Database, settings: Settings) -> Town:
    """Riverton on Monday 2 November 2026, 09:00 (a holiday), on SQLite and PostgreSQL; nobody has written yet."""
    return Town(database, settings)


@pytest.fixture
def sqlite_town(sqlite_database: Database, tmp_path: Path) -> Town:
    """The same where the database makes no difference."""
    return Town(sqlite_database, settings_for(sqlite_database.url, tmp_path))

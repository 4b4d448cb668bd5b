"""What the tests of this folder share: the invented town with its portal, as in the tests of pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.database import Database
from portal.settings import Settings
from tests.conftest import settings_for
from tests.town import Town


@pytest.fixture
def town(database: Database, settings: Settings) -> Town:
    """Riverton, once on SQLite and once on PostgreSQL; nobody has written yet."""
    return Town(database, settings)


@pytest.fixture
def sqlite_town(sqlite_database: Database, tmp_path: Path) -> Town:
    """Riverton where the database makes no difference."""
    return Town(sqlite_database, settings_for(sqlite_database.url, tmp_path))

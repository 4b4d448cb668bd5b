"""Opening an installation: what it refuses, and a clock that only moves forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from feedback.city.load import read_folder
from feedback.items.tables import Counter
from portal.commands.init import init
from portal.database import Database
from portal.environment import OperatorError
from portal.installation import open_installation, opened
from portal.settings import Settings
from tests.conftest import settings_for
from tests.town import RIVERTON


@pytest.fixture
def installed(settings: Settings) -> Settings:
    """Settings of an installation that was just made."""
    init(
        settings,
        read_folder(RIVERTON),
        admin_email="first@riverton.example",
        admin_name="First",
        language="en",
        password="a long enough password",
    )
    return settings


def starting_at(settings: Settings, folder: Path, when: datetime) -> Settings:
    return settings_for(settings.database_url, folder, {"KANALI_NOW": when.isoformat()})


def hold(database_url: str, statement: str) -> None:
    database = Database(database_url)
    with database.write() as session:
        session.execute(sa.text(statement))
    database.close()


def test_an_installation_is_opened_with_the_real_clock(installed: Settings) -> None:
    with opened(installed) as found:
        assert not found.is_demonstration
        assert abs(found.clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_database_without_an_installation_is_refused(settings: Settings) -> None:
    with pytest.raises(OperatorError, match="run kanali init"):
        open_installation(settings)


def test_another_installations_secret_is_refused(installed: Settings) -> None:
    installed.secret_file.write_text("ab" * 32)
    with pytest.raises(OperatorError, match="belongs to another installation"):
        open_installation(installed)


def test_the_clock_of_an_empty_database_is_moved_and_stays_moved(installed: Settings, tmp_path: Path) -> None:
    later = datetime.now(UTC) + timedelta(days=40)
    for settings in (starting_at(installed, tmp_path, later), installed):
        with opened(settings) as found:
            assert timedelta(0) <= found.clock.now() - later < timedelta(minutes=5)


def test_a_start_with_the_same_instant_is_a_restart(installed: Settings, tmp_path: Path) -> None:
    moved = starting_at(installed, tmp_path, datetime.now(UTC) + timedelta(days=40))
    with opened(moved) as first, opened(moved) as second:
        assert second.clock == first.clock


def test_the_clock_never_moves_back(installed: Settings, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with opened(starting_at(installed, tmp_path, now + timedelta(days=40))):
        pass
    with pytest.raises(OperatorError, match="forward only"):
        open_installation(starting_at(installed, tmp_path, now + timedelta(days=30)))
    with opened(starting_at(installed, tmp_path, now + timedelta(days=50))) as found:
        assert found.clock.now() >= now + timedelta(days=50) - timedelta(seconds=1)


def test_the_clock_of_a_real_installation_is_not_moved(installed: Settings, tmp_path: Path) -> None:
    hold(installed.database_url, "INSERT INTO counter (year, last) VALUES (2026, 1)")
    assert Counter.__tablename__ == "counter"
    moved = starting_at(installed, tmp_path, datetime.now(UTC) + timedelta(days=2))
    with pytest.raises(OperatorError, match="demonstrations and empty databases only"):
        open_installation(moved)


def test_the_clock_of_a_demonstration_is_moved(installed: Settings, tmp_path: Path) -> None:
    hold(installed.database_url, "INSERT INTO counter (year, last) VALUES (2026, 1)")
    hold(installed.database_url, "UPDATE installation SET demonstration = TRUE")
    later = datetime.now(UTC) + timedelta(days=2)
    with opened(starting_at(installed, tmp_path, later)) as found:
        assert found.is_demonstration
        assert found.clock.now() >= later - timedelta(seconds=1)


def test_a_new_installation_may_begin_at_any_time(settings: Settings, tmp_path: Path) -> None:
    begins = datetime(2025, 3, 3, 9, tzinfo=UTC)
    early = starting_at(settings, tmp_path, begins)
    init(
        early,
        read_folder(RIVERTON),
        admin_email="first@riverton.example",
        admin_name="First",
        language="en",
        password="a long enough password",
    )
    with opened(settings) as found:
        assert timedelta(seconds=-1) <= found.clock.now() - begins < timedelta(minutes=5)

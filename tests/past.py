"""Towns with a past: a story is lived once by a test process, and each test that wants it gets a copy.

@pytest.fixture(params=["sqlite", "postgresql"])
def town(request, past, tmp_path):
    with past.town(request.param, live, tmp_path) as town:
        yield town
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from portal.database import Database
from tests.conftest import copied, fresh, settings_for
from tests.postgresql import Server
from tests.town import Town

Story = Callable[[Town], Any]


class Lived(Struct, frozen=True):
    """What is left of a town that lived a story: its folder with the secret, its database, the time on its clock."""

    folder: Path
    database: Path | str
    now: datetime


class Past:
    """The stories that were lived in this process."""

    def __init__(self, request: pytest.FixtureRequest, factory: pytest.TempPathFactory) -> None:
        self._request, self._factory = request, factory
        self._lived: dict[tuple[str, Story], Lived] = {}
        self._on_servers: list[tuple[Server, str]] = []

    @contextmanager
    def town(self, dialect: str, story: Story, folder: Path) -> Iterator[Town]:
        """A town of its own after this story, in an empty folder of the test."""
        lived = self._lived.get((dialect, story))
        if lived is None:
            lived = self._lived[dialect, story] = self._live(dialect, story)
        shutil.copytree(lived.folder, folder, dirs_exist_ok=True)
        with copied(self._request, dialect, lived.database, folder) as database:
            yield Town(database, settings_for(database.url, folder), start=lived.now)

    def end(self) -> None:
        """Removes what is left of them on a server."""
        for server, name in self._on_servers:
            server.drop(name)

    def _live(self, dialect: str, story: Story) -> Lived:
        folder = self._factory.mktemp("past")
        made = self._factory.mktemp("database")
        with fresh(self._request, dialect, made) as database:
            town = Town(database, settings_for(database.url, folder))
            story(town)
            town.site.limits.close()
            kept = self._keep(dialect, database, made)
        return Lived(folder, kept, town.now)

    def _keep(self, dialect: str, database: Database, made: Path) -> Path | str:
        """A copy of the database as it is now, which nobody uses."""
        database.close()
        if dialect == "sqlite":
            return shutil.copyfile(made / "kanali.db", made / "lived.db")
        server: Server = self._request.getfixturevalue("postgresql_server")
        original = database.url.rsplit("/", 1)[1]
        name = f"{original}_lived"
        server.create(name, template=original)
        self._on_servers.append((server, name))
        return name

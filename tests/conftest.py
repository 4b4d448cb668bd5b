"""What every test may ask for: a database of its own on SQLite and on PostgreSQL, settings, the browser.

What cannot be had is left out and said at the end of the run; with TEST_NOTHING_LEFT_OUT=1 it is a failure. With
KANALI_PROOF=1 properties are tried up to a hundred thousand times (`make proof`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from uuid import uuid4

import hypothesis
import pytest

from portal.commands.migrate import upgrade
from portal.database import Database
from portal.secret import make_secret
from portal.settings import Settings, read_settings
from tests.postgresql import Missing, Server, find_server, stop_server

if TYPE_CHECKING:
    from tests.past import Past

LEFT_OUT = "left out: "

hypothesis.settings.register_profile("quick", deadline=None)
hypothesis.settings.register_profile(
    "proof",
    max_examples=20_000,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
hypothesis.settings.load_profile("proof" if os.environ.get("KANALI_PROOF") else "quick")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema and nothing in it."""
    file = tmp_path_factory.mktemp("template") / "kanali.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A PostgreSQL server on which databases may be made; one for all xdist workers of a run."""
    try:
        return find_server(shared_folder(tmp_path_factory))
    except Missing as reason:
        leave_out("PostgreSQL", str(reason))


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: Server) -> Iterator[str]:
    """The name of a PostgreSQL database with the newest schema and nothing in it."""
    name = f"kanali_template_{uuid4().hex[:12]}"
    postgresql_server.create(name)
    _migrate(postgresql_server.url_of(name))
    yield name
    postgresql_server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A fresh database with the newest schema, once on SQLite and once on PostgreSQL."""
    with fresh(request, request.param, tmp_path) as made:
        yield made


@pytest.fixture
def sqlite_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A fresh SQLite database with the newest schema."""
    with fresh(request, "sqlite", tmp_path) as made:
        yield made


@pytest.fixture
def postgresql_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A fresh PostgreSQL database with the newest schema."""
    with fresh(request, "postgresql", tmp_path) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without a schema (on SQLite: of a file that does not exist), on both."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/kanali.db"
        return
    server: Server = request.getfixturevalue("postgresql_server")
    name = f"kanali_{uuid4().hex[:12]}"
    server.create(name)
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture(scope="session")
def past(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """Towns in which much has happened, each story lived once."""
    from tests.past import Past  # which needs this module

    lived = Past(request, tmp_path_factory)
    yield lived
    lived.end()


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """Settings for `database`, with a secret made and mails written to a folder of the test."""
    return settings_for(database.url, tmp_path)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The program of a Chromium that is installed on this machine."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        leave_out("Chromium", "no chromium is installed (Debian: apt-get install chromium)")
    return found


def fewer(times: int) -> hypothesis.settings:
    """For a costly property: so many times fewer random cases than the profile in use has, but a hundred at least."""
    return hypothesis.settings(max_examples=max(100, hypothesis.settings.default.max_examples // times))


def often() -> hypothesis.settings:
    """For a property that is cheap to try and dear to miss: five thousand cases, the same each time; a hundred thousand
    others as proof.
    """
    is_proof = bool(os.environ.get("KANALI_PROOF"))
    return hypothesis.settings(max_examples=100_000 if is_proof else 5_000, derandomize=not is_proof)


def settings_for(url: str, folder: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings as `kanali` would read them for this database, with the secret made."""
    values = {
        "KANALI_DATABASE_URL": url,
        "KANALI_SECRET_FILE": str(folder / "secret"),
        "KANALI_FILES_URL": str(folder / "files"),
        "KANALI_SECOND_FACTOR": "offered",  # What it is to have one is tested where it is the matter.
        **(environ or {}),
    }
    settings = read_settings(values)
    make_secret(settings)
    return settings


def leave_out(what: str, reason: str) -> NoReturn:
    """End this test because the machine lacks something: left out and said, or failed where nothing may be."""
    if os.environ.get("TEST_NOTHING_LEFT_OUT"):
        pytest.fail(f"{what} may not be left out: {reason}", pytrace=False)
    pytest.skip(f"{LEFT_OUT}{what}, because {reason}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what was left out and why: one line for each reason, with how many tests."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        if reason.startswith(LEFT_OUT):
            reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{reason} ({count} tests)", yellow=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The run that started a PostgreSQL server ends it; workers of xdist leave that to their controller."""
    factory = getattr(config, "_tmp_path_factory", None)
    if factory is not None and not hasattr(config, "workerinput"):
        stop_server(factory.getbasetemp())


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of a run share."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@contextmanager
def fresh(request: pytest.FixtureRequest, dialect: str, folder: Path) -> Iterator[Database]:
    """A fresh database of one dialect: copied from its template, gone afterwards."""
    template = request.getfixturevalue(f"{dialect}_template")
    with copied(request, dialect, template, folder) as database:
        yield database


@contextmanager
def copied(
    request: pytest.FixtureRequest, dialect: str, template: Path | str, folder: Path
) -> Iterator[Database]:
    """A copy of a file, or of a database of the server that nobody is connected to; gone afterwards."""
    if dialect == "sqlite":
        file = folder / "kanali.db"
        shutil.copyfile(template, file)
        file.chmod(0o600)
        database = Database(f"sqlite:///{file}")
        yield database
        database.close()
        return
    server: Server = request.getfixturevalue("postgresql_server")
    name = f"kanali_{uuid4().hex[:12]}"
    server.create(name, template=str(template))
    database = Database(server.url_of(name))
    yield database
    database.close()
    server.drop(name)


def _migrate(url: str) -> None:
    database = Database(url)
    with database.change_schema() as connection:
        upgrade(connection)
    database.close()

"""Every frozen figure of a demonstration, counted again by a script that uses nothing of Kanali.

The demonstration is made by the real commands: Kaunas on SQLite, Heraklion on PostgreSQL, where it can be had.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from feedback.quality import measures
from tests.postgresql import Server
from tests.proof import recount
from tests.running import ROOT, kanali
from tests.upkeep.test_documented_commands import commands

ITEMS = "300"
FOLDERS: dict[str, Path] = {}
"""Where the files of each demonstration lie."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def demonstration(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database with a year of demonstration data."""
    folder = tmp_path_factory.mktemp("demonstration")
    if request.param == "sqlite":
        _make(f"sqlite:///{folder}/kanali.db", folder, "kaunas")
        yield f"sqlite:///{folder}/kanali.db"
        return
    server: Server = request.getfixturevalue("postgresql_server")
    name = f"kanali_{uuid4().hex[:12]}"
    server.create(name)
    _make(server.url_of(name), folder, "heraklion")
    yield server.url_of(name)
    server.drop(name)


def _make(url: str, folder: Path, city: str) -> None:
    FOLDERS[url] = folder
    admin = ("--admin-email", "operator@kanali.invalid", "--admin-name", "Operator")
    for arguments in (("init", "--city", str(ROOT / "cities" / city), *admin), ("demo", "--items", ITEMS)):
        done = kanali(*arguments, url=url, folder=folder)
        assert done.returncode == 0, done.stderr


def test_every_frozen_figure_is_counted_again_to_the_last_integer(demonstration: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "proof" / "recount.py"), demonstration],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), f"{done.stdout}{done.stderr}"
    assert done.stdout.endswith(" 0 differ\n")
    result = recount.recount(demonstration)
    assert result.months == 12
    assert result.figures >= 12 * 8 * 2
    assert result.integers > 2 * result.figures
    assert {row["measure"] for row in recount.Book(demonstration).figures} == {
        *("received", "answered", "second_looks", "in_time_law", "in_time_promise", "time_to_answer"),
        *measures.SATISFACTION,
    }


def test_a_figure_that_was_changed_is_told(demonstration: str) -> None:
    engine = sa.create_engine(demonstration.replace("postgresql://", "postgresql+psycopg://"))

    def change(values: str, where: str) -> None:
        with engine.begin() as connection:
            connection.execute(sa.text(f"UPDATE figure SET {values} WHERE id = {where}"))

    received = "(SELECT min(id) FROM figure WHERE measure = 'received')"
    change("n = n + 1", received)
    (told,) = recount.recount(demonstration).differences
    assert "received/month/city" in told
    assert ": n is " in told
    change("n = n - 1", received)
    time = "(SELECT max(id) FROM figure WHERE p90 IS NOT NULL)"
    change("p90 = p90 - 1, scope_key = scope_key || '-z'", time)
    told = "\n".join(recount.recount(demonstration).differences)
    assert "no row is frozen" in told
    assert "should not be there" in told
    change("p90 = p90 + 1, scope_key = replace(scope_key, '-z', '')", time)
    engine.dispose()
    assert recount.recount(demonstration).differences == []


def test_the_commands_of_the_readme_do_what_it_says(demonstration: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes((FOLDERS[demonstration] / "secret").read_bytes())
    (tmp_path / "secret").chmod(0o600)
    said = [words[1:] for words in commands(ROOT / "README.md") if words[0] == "kanali"]
    assert len(said) >= 3
    for arguments in said:
        done = kanali(*arguments, url=demonstration, folder=tmp_path)
        assert done.returncode == 0, f"kanali {' '.join(arguments)}: {done.stderr}"


def test_the_intervals_of_all_shares_are_those_of_an_independent_formula(demonstration: str) -> None:
    shares = [row for row in recount.Book(demonstration).figures if row["numerator"] is not None]
    assert len(shares) > 100
    for row in shares:
        own = recount.wilson(row["numerator"], row["n"])
        assert measures.wilson(row["numerator"], row["n"]) == pytest.approx(own, abs=1e-9)


def test_the_script_uses_nothing_of_kanali() -> None:
    tree = ast.parse(Path(recount.__file__).read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    tops = {name.partition(".")[0] for name in names} - {"__future__"}
    assert tops <= {*sys.stdlib_module_names, "psycopg"}

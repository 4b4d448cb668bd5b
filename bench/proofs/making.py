"""What the parts of the proof are made of: rows with figures, runs of tests, installations and databases to measure.

A part is a module of this folder with a `PART`; `bench/proof.py` lists them. A test that counts something tells its
figure by pytest's `record_property("figure", "12,000 posts, 0 lost")`, and its part reads it with `figure_of`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

from msgspec import Struct

from tests import postgresql
from tests.running import kanali

ROOT = Path(__file__).resolve().parent.parent.parent
ENDED_BADLY = ("failure", "error", "skipped")


class Row(Struct, frozen=True):
    """One promise with its figure."""

    promise: str
    how: str
    figure: str
    budget: str
    is_met: bool


class Part(Struct, frozen=True):
    """A part of the proof: its heading, what it is, and how it is measured."""

    title: str
    about: str
    measure: Callable[[], tuple[list[Row], str]]


class Ran(Struct, frozen=True):
    """A run of tests."""

    passed: int
    failed: int
    left_out: int
    seconds: float
    names: list[str]
    figures: dict[str, str]
    """What tests told as their figure, by the test's name with its parameters."""

    @property
    def is_clean(self) -> bool:
        return self.passed > 0 and not self.failed and not self.left_out

    @property
    def told(self) -> str:
        return f"{self.passed:,} passed, {self.failed} failed, {self.left_out} left out, {self.seconds:.0f} s"


def run_tests(*arguments: str) -> Ran:
    """Run tests with the proof's profile, nothing left out."""
    with scratch() as folder:
        report = folder / "report.xml"
        start = time.monotonic()
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                f"--junitxml={report}",
                "-o",
                "junit_family=xunit1",
                *arguments,
            ],
            cwd=ROOT,
            env={**os.environ, "KANALI_PROOF": "1", "TEST_NOTHING_LEFT_OUT": "1"},
            check=False,
        )
        seconds = time.monotonic() - start
        cases = [(str(case.get("name")), case) for case in ElementTree.parse(report).iter("testcase")]
    passed = [name for name, case in cases if not any(case.find(kind) is not None for kind in ENDED_BADLY)]
    left_out = sum(1 for _, case in cases if case.find("skipped") is not None)
    figures = {
        name: str(told.get("value"))
        for name, case in cases
        for told in case.iter("property")
        if told.get("name") == "figure"
    }
    return Ran(len(passed), len(cases) - len(passed) - left_out, left_out, seconds, passed, figures)


def has(ran: Ran, part: str) -> bool:
    """Whether a test passed whose name (or parameter) holds this."""
    return any(part.lower() in name.lower() for name in ran.names)


def figure_of(ran: Ran, part: str) -> str:
    """What the test told whose name (or parameter) holds this."""
    return next((told for name, told in ran.figures.items() if part.lower() in name.lower()), "see the run")


def make_demonstration(url: str, folder: Path, city: str, items: int) -> float:
    """A demonstration by the real commands; the seconds that `kanali demo` took."""
    admin = ("--admin-email", "operator@kanali.invalid", "--admin-name", "Operator")
    made = kanali("init", "--city", str(ROOT / "cities" / city), *admin, url=url, folder=folder)
    start = time.monotonic()
    if made.returncode == 0:
        made = kanali("demo", "--items", str(items), url=url, folder=folder, patience=1800)
    seconds = time.monotonic() - start
    if made.returncode:
        raise SystemExit(made.stderr)
    return seconds


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="kanali-proof-") as name:
        yield Path(name)


@contextmanager
def database(dialect: str, folder: Path) -> Iterator[str]:
    """A fresh database; a server that had to be started ends with it."""
    if dialect == "SQLite":
        yield f"sqlite:///{folder}/kanali.db"
        return
    server = postgresql.find_server(folder)
    name = f"kanali_proof_{os.getpid()}"
    server.create(name)
    try:
        yield server.url_of(name)
    finally:
        server.drop(name)
        postgresql.stop_server(folder)


def in_words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{int(seconds // 60)} min {seconds % 60:.0f} s"

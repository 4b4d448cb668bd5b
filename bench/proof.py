"""`make proof`: measures what Kanali promises at full size, and writes docs/proof.md.

    .venv/bin/python bench/proof.py                          everything, under an hour on two cores
    .venv/bin/python bench/proof.py --only recount           one part again (may be repeated)
    .venv/bin/python bench/proof.py --page                   write the page from what was measured before

Each part keeps its results in var/proof/, so that the page always has the newest of each; a part that was never run is
named there as not measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import httpx
import msgspec
from bs4 import BeautifulSoup
from msgspec import Struct

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import postgresql  # noqa: E402  the checkout must be on the path first
from tests.proof.recount import recount  # noqa: E402
from tests.running import kanali, running  # noqa: E402

RESULTS, PAGE = ROOT / "var" / "proof", ROOT / "docs" / "proof.md"
ITEMS = 3000
CHECK_MOST, DEMONSTRATION_MOST = 15 * 60, 5 * 60
"""Seconds: of `make check` on two cores, and of a demonstration of 3,000 items."""
WEIGHT_MOST = 100
"""kB of styles, scripts and fonts of the first view of the home page."""
PROPERTIES = (
    *("tests/proof/test_arithmetic.py", "tests/proof/test_codes.py", "tests/proof/test_suppression.py"),
    *("tests/proof/test_lifecycle.py", "tests/feedback/quality/test_measures.py"),
    "tests/feedback/quality/test_suppression.py",
)


class Row(Struct, frozen=True):
    """One promise with its figure."""

    promise: str
    how: str
    figure: str
    budget: str
    is_met: bool


class Result(Struct, frozen=True):
    """What a part measured, when, and how long that took (seconds)."""

    at: datetime
    commit: str
    seconds: float
    rows: list[Row]
    text: str = ""
    """A table of the part's own, printed as it is."""


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

    @property
    def is_clean(self) -> bool:
        return self.passed > 0 and not self.failed and not self.left_out

    @property
    def told(self) -> str:
        return f"{self.passed:,} passed, {self.failed} failed, {self.left_out} left out, {self.seconds:.0f} s"


# ── the parts ───────────────────────────────────────────────────────────────────────────────────────────────


def check() -> tuple[list[Row], str]:
    """The check of every change, as it is run for every change."""
    start = time.monotonic()
    environ = {**os.environ, "TEST_NOTHING_LEFT_OUT": "1"}
    done = subprocess.run(
        ["make", "check"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - start
    last = re.findall(r"\d+ (?:passed|failed|skipped)[^\n]*", done.stdout)
    if done.returncode != 0:
        print(done.stdout[-3000:], done.stderr[-3000:], file=sys.stderr)
    return [
        Row(
            "Everything that is checked before a change is taken in holds",
            "`make check`: layout, lint, types, imports, translations, all tests on both databases and in Chromium",
            re.sub(r" in [\d.]+s.*", "", last[-1]) if last else "no result",
            "all, nothing left out",
            done.returncode == 0,
        ),
        Row(
            "The check is quick enough to be run for every change",
            "the same run, by the clock",
            _minutes(seconds),
            f"at most {CHECK_MOST // 60} minutes",
            done.returncode == 0 and seconds <= CHECK_MOST,
        ),
    ], ""


def changes() -> tuple[list[Row], str]:
    """Changes behind the ledger's back."""
    ran = _pytest("tests/proof/test_two_hundred_changes.py", "tests/proof/test_held_head.py")
    rows = []
    for dialect in ("SQLite", "PostgreSQL"):
        is_found = _has(ran, f"test_two_hundred_changes_are_all_found[{dialect}]")
        rows.append(
            Row(
                "`kanali verify` finds every change made directly in the database",
                "a lived-through town; for each of ten seeds 50 edits, 50 deletions (25 of them last notes), 50 "
                f"insertions and 50 swaps without the triggers that forbid them, each undone again; {dialect}",
                f"{2000 if is_found else 0:,} of 2,000 found",
                "all",
                is_found and not ran.failed,
            )
        )
        is_found = _has(ran, f"test_every_forgery_is_found_with_a_head_that_was_kept[{dialect}]")
        rows.append(
            Row(
                "With a head of the log that was kept, `kanali verify --head` finds also what fits together again",
                "the same town with a head every three notes; 200 each of: the log cut off behind the head, the last "
                "notes of a case taken back with their rows, facts rewritten with every hash that follows, notes put "
                f"into the past, leaves exchanged; each undone again; {dialect}",
                f"{1000 if is_found else 0:,} of 1,000 found",
                "all",
                is_found and not ran.failed,
            )
        )
    return rows, ""


def properties() -> tuple[list[Row], str]:
    """The rules, at up to twenty thousand tries each."""
    ran = _pytest(*PROPERTIES, "-n", "2")
    return [
        Row(
            "The rules hold for whatever comes: deadlines, promises, working days, codes, keys, percentiles, "
            "intervals, small numbers",
            "random cases against independent slow arithmetic: 20,000 for wrong characters in codes, percentiles and "
            "intervals, 2,000 for other codes, keys, days, promises and deadlines, 1,000 for small numbers",
            ran.told,
            "no counterexample",
            ran.is_clean,
        ),
        Row(
            "A case goes only the ways that it may, in whatever order things come",
            "60 lives on each database, in each up to four cases that have come some way and up to 40 random deeds, "
            "against a small model, and one way through every deed; `verify` silent",
            "no difference" if _has(ran, "test_any_order_of_deeds") and not ran.failed else "see the run",
            "no difference",
            _has(ran, "test_any_order_of_deeds") and not ran.failed,
        ),
    ], ""


def ways() -> tuple[list[Row], str]:
    """The whole way of a case, as its people go it."""
    ran = _pytest("tests/journeys/test_browser.py")
    return [
        Row(
            "A case goes its whole way in Chromium, from the form to the figure on the public page",
            "written, asked, answered, rated, looked at again and counted: in Greek, Lithuanian and English, "
            "each with and without script; the figures counted apart by plain SQL, `verify` silent",
            "six ways of six" if ran.is_clean else ran.told,
            "all",
            ran.is_clean,
        )
    ], ""


def figures() -> tuple[list[Row], str]:
    """Demonstrations at full size, and every frozen figure counted again."""
    rows = []
    with _folder() as folder:
        for city, dialect in (("heraklion", "SQLite"), ("kaunas", "SQLite"), ("heraklion", "PostgreSQL")):
            inside = folder / f"{city}-{dialect}"
            inside.mkdir(mode=0o700)
            with _database(dialect, inside) as url:
                rows += _figures_of(url, inside, city, dialect)
    return rows, ""


def speed() -> tuple[list[Row], str]:
    """The benchmark, with its own table."""
    with _folder() as folder:
        done = subprocess.run(
            [sys.executable, "bench/run.py", "--size", "full", "--json", str(folder / "bench.json")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    kept = len(re.findall(r"\bkept\b", done.stdout))
    missed = [line.strip("| ").split("|")[:3] for line in done.stdout.splitlines() if "MISSED" in line]
    void = len(re.findall(r"\bvoid\b|IS VOID", done.stdout))
    told = "; ".join(", ".join(part.strip() for part in parts) for parts in missed)
    return [
        Row(
            "The speed, memory and growth that the design promises",
            "`bench/run.py --size full`: 10,000 and 100,000 items on both databases, the table below",
            f"{kept} limits kept, {len(missed)} missed" + (f" ({told})" if told else ""),
            "none missed",
            done.returncode == 0 and not missed and kept > 0,
        ),
        Row(
            "The machine was itself while this was measured",
            "a bare handler that makes the same rows, in the same run, beside its own limit",
            f"{void} void" if void else "in order",
            "none void",
            done.returncode == 0 and not void,
        ),
    ], done.stdout


def weight() -> tuple[list[Row], str]:
    """What a telephone must fetch before it shows the home page."""
    rows = []
    with _folder() as folder:
        for city in ("heraklion", "kaunas"):
            inside = folder / city
            inside.mkdir(mode=0o700)
            url = f"sqlite:///{inside}/kanali.db"
            _make(url, inside, city, 60)
            with running(url, inside, arguments=("--no-worker",)) as portal:
                rows += [_weight_of(portal.address, city, language) for language in LANGUAGES[city]]
    return rows, ""


LANGUAGES = {"heraklion": ("el", "en"), "kaunas": ("lt", "en")}


def _weight_of(address: str, city: str, language: str) -> Row:
    """Page, styles, scripts, pictures and the fonts that its characters need, as they go over the wire."""
    parts: dict[str, int] = {}
    with httpx.Client(base_url=address, headers={"Accept-Encoding": "gzip"}, timeout=60) as client:

        def fetch(path: str, kind: str) -> str:
            with client.stream("GET", path) as response:
                response.raise_for_status()
                text = response.read().decode(errors="replace")
                parts[kind] = parts.get(kind, 0) + response.num_bytes_downloaded
            return text

        home = fetch(f"/{language}/", "page")
        soup = BeautifulSoup(home, "html.parser")
        styles = [fetch(str(link["href"]), "styles") for link in soup.select('link[rel="stylesheet"]')]
        fetched: set[str] = set()
        for tag, attribute, kind in (
            ("script", "src", "scripts"),
            ("img", "src", "pictures"),
            ("use", "href", "pictures"),
            ('link[rel="icon"]', "href", "pictures"),
        ):
            for found in soup.select(f"{tag}[{attribute}]"):
                path = str(found[attribute]).partition("#")[0]
                if path and path not in fetched:
                    fetched.add(path)
                    fetch(path, kind)
        for face in re.findall(r"@font-face *\{([^}]*)\}", "".join(styles)):
            source, reach = re.search(r"url\(\"?([^)\"]+)", face), re.search(r"unicode-range:([^;}]+)", face)
            if (
                source
                and (reach is None or _is_needed(reach[1], soup.get_text()))
                and source[1] not in fetched
            ):
                fetched.add(source[1])
                fetch(source[1] if source[1].startswith("/") else "/static/built/" + source[1], "fonts")
    counted = sum(parts.get(kind, 0) for kind in ("styles", "scripts", "fonts")) / 1000
    told = ", ".join(f"{kind} {size / 1000:.0f}" for kind, size in parts.items())
    return Row(
        "The home page is light enough for a telephone on a slow line",
        f"the first view of /{language}/ of {city.capitalize()}, bodies as sent to a browser that takes gzip and has "
        "kept nothing",
        f"{counted:.0f} kB of styles, scripts and fonts; all together {sum(parts.values()) / 1000:.0f} kB ({told})",
        f"under {WEIGHT_MOST} kB of styles, scripts and fonts",
        counted < WEIGHT_MOST,
    )


def _is_needed(reach: str, text: str) -> bool:
    """Whether a font's range (`U+0-FF, U+131`) holds a character of the page."""
    ends = [found.split("-") for found in re.findall(r"[Uu]\+([0-9A-Fa-f]+(?:-[0-9A-Fa-f]+)?)", reach)]
    return any(
        int(end[0], 16) <= ord(character) <= int(end[-1], 16) for character in set(text) for end in ends
    )


PARTS = {
    "check": Part("The check of every change", "What CI runs, with nothing left out.", check),
    "changes": Part(
        "The ledger",
        "What `verify` can show and what it can't: [decision 3](decisions/0003-what-verify-can-show.md).",
        changes,
    ),
    "ways": Part("The whole way", "Citizens, clerks and the public page in a browser.", ways),
    "figures": Part(
        "The published figures",
        "`tests/proof/recount.py` counts every frozen figure again from the ledger's notes with plain SQL and its own "
        "arithmetic (working time, due days, holidays, percentiles); it uses no code of Kanali.",
        figures,
    ),
    "properties": Part("The rules", "Random cases against independent counts and a small model.", properties),
    "weight": Part("The first view", "Everything that a browser fetches for the home page.", weight),
    "speed": Part(
        "Speed and memory",
        "How to read the table: [bench/README.md](../bench/README.md). Where the time of a missed figure goes, and "
        "what was tried: [speed.md](speed.md).",
        speed,
    ),
}


def _figures_of(url: str, folder: Path, city: str, dialect: str) -> list[Row]:
    seconds = _make(url, folder, city, ITEMS)
    counted = recount(url)
    silent = kanali("verify", url=url, folder=folder, patience=1800)
    where = f"{city.capitalize()}, {ITEMS:,} items, {dialect}"
    return [
        Row(
            "A demonstration of a year is made while one waits",
            f"`kanali demo`, {where}",
            _minutes(seconds),
            f"at most {DEMONSTRATION_MOST // 60} minutes",
            seconds <= DEMONSTRATION_MOST,
        ),
        Row(
            "Every frozen figure is right to the last integer",
            f"independent recount, {where}",
            f"{counted.figures:,} figures with {counted.integers:,} integers of {counted.months} months, "
            f"{len(counted.differences)} differ",
            "none differs",
            not counted.differences and counted.months == 12,
        ),
        Row(
            "`kanali verify` is silent where nothing was changed",
            where,
            "silent" if silent.returncode == 0 else silent.stderr.strip().splitlines()[-1],
            "silent, exit code 0",
            silent.returncode == 0,
        ),
    ]


def _make(url: str, folder: Path, city: str, items: int) -> float:
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


# ── what they are made of ───────────────────────────────────────────────────────────────────────────────────


def _pytest(*arguments: str) -> Ran:
    """Run tests with the proof's profile, nothing left out."""
    with _folder() as folder:
        report = folder / "report.xml"
        start = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments],
            cwd=ROOT,
            env={**os.environ, "KANALI_PROOF": "1", "TEST_NOTHING_LEFT_OUT": "1"},
            check=False,
        )
        seconds = time.monotonic() - start
        cases = list(ElementTree.parse(report).iter("testcase"))
    passed = [str(case.get("name")) for case in cases if not len(case.findall("*"))]
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    return Ran(len(passed), failed, len(cases) - len(passed) - failed, seconds, passed)


def _has(ran: Ran, part: str) -> bool:
    """Whether a test passed whose name (or parameter) holds this."""
    return any(part.lower() in name.lower() for name in ran.names)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kanali-proof-") as name:
        yield Path(name)


@contextmanager
def _database(dialect: str, folder: Path) -> Iterator[str]:
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


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{int(seconds // 60)} min {seconds % 60:.0f} s"


def _machine() -> str:
    memory = int(re.findall(r"MemTotal: +(\d+)", Path("/proc/meminfo").read_text())[0]) / 2**20
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    said = subprocess.run(
        [str(programs[-1]) if programs else shutil.which("postgres") or "true", "--version"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    version = re.findall(r"\d+\.\d+", said)
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB of memory, {platform.system()}, Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}, PostgreSQL {version[0] if version else 'none'}"
    )


def _commit() -> str:
    """The commit that is measured; "-dirty" with changes, save the page that the parts before have written."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    changes = git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{PAGE.relative_to(ROOT)}")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("-dirty" if changes else "")


def write_page() -> None:
    """docs/proof.md from the newest results."""
    results = {
        name: msgspec.json.decode(file.read_bytes(), type=Result)
        for name in PARTS
        if (file := RESULTS / f"{name}.json").exists()
    }
    rows = [row for result in results.values() for row in result.rows]
    missed = sum(not row.is_met for row in rows)
    lines = [
        "# Proof",
        "",
        "What Kanali promises, how it was measured, and what came out. Written by `make proof`; nobody edits it.",
        "",
        f"Machine: {_machine()}.",
        "",
        f"{len(rows)} promises measured: {len(rows) - missed} met, {missed} not met.",
    ]
    for name, part in PARTS.items():
        lines += ["", f"## {part.title}", "", part.about]
        result = results.get(name)
        if result is None:
            lines += ["", f"Not measured yet: `.venv/bin/python bench/proof.py --only {name}`."]
            continue
        when = f"{result.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, commit {result.commit}"
        lines += ["", f"Measured {when}, in {_minutes(result.seconds)}.", ""]
        lines += ["| promise | how | figure | budget | |", "|---|---|---|---|---|"]
        lines += [
            f"| {row.promise} | {row.how} | {row.figure} | {row.budget} | {'met' if row.is_met else '**not met**'} |"
            for row in result.rows
        ]
        if result.text:
            lines += ["", result.text.strip()]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; may be repeated")
    parser.add_argument("--page", action="store_true", help="only write the page")
    given = parser.parse_args()
    is_met = True
    for name in [] if given.page else given.only or list(PARTS):
        print(f"{datetime.now(UTC):%H:%M:%S} {PARTS[name].title}", flush=True)
        start = time.monotonic()
        rows, text = PARTS[name].measure()
        result = Result(datetime.now(UTC), _commit(), time.monotonic() - start, rows, text)
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{name}.json").write_bytes(msgspec.json.encode(result))
        is_met = is_met and all(row.is_met for row in rows)
        write_page()
    write_page()
    print(f"written: {PAGE.relative_to(ROOT)}")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())

"""Measures the promises of the architecture (§7) on this machine, on both databases, beside a bare handler.

    .venv/bin/python bench/run.py --size small                 10,000 items, about a minute and a half
    .venv/bin/python bench/run.py --size full --json FILE      10,000 and 100,000 items

Prints the machine's calibration and one table; the figures are the medians of several rounds, in which real and bare
take turns. `bench/README.md` says how to read them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, json

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import serving, table, visits  # noqa: E402  the checkout must be on the path first
from bench.measure import Bench, Figures, Started, measure_start  # noqa: E402
from bench.seed import make_installation, seed_city  # noqa: E402
from portal.database import Database  # noqa: E402

CITY = ROOT / "cities" / "heraklion"


class Size(Struct, frozen=True):
    """How much is measured."""

    items: tuple[int, ...]
    rounds: int
    submissions: int
    pages: int
    """Requests of a page in one round; of the inbox and the public page half as many."""


SIZES = {
    "small": Size((10_000,), rounds=3, submissions=250, pages=200),
    "full": Size((10_000, 100_000), rounds=5, submissions=400, pages=400),
}


class Report(Struct, frozen=True):
    """One run, as the file of `--json` keeps it."""

    at: datetime
    machine: str
    calibration: float
    figures: list[Figures]
    started: list[Started]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--items", type=int, nargs="+", help="instead of the size's numbers of items")
    parser.add_argument("--only", choices=("sqlite", "postgresql"), help="one database")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    given = parser.parse_args()
    size = SIZES[given.size]
    figures: list[Figures] = []
    started: list[Started] = []
    for dialect in (given.only,) if given.only else ("sqlite", "postgresql"):
        for items in given.items or size.items:
            with _installed(dialect, items) as (url, folder, postgresql):
                _say(f"{dialect}, {items:,} items: measuring")
                bench = Bench(url, folder, dialect, items, postgresql)
                figures += bench.measure(size.rounds, size.submissions, size.pages)
                started.append(measure_start(url, folder, dialect, items))
    calibration = sorted(found.calibration for found in figures)[len(figures) // 2]
    report = Report(datetime.now(UTC), _machine(), calibration, figures, started)
    print(table.render(report.figures, report.started, report.machine, calibration))
    if given.json:
        given.json.write_bytes(json.format(json.encode(report), indent=1))
    return 0


@contextmanager
def _installed(dialect: str, items: int) -> Iterator[tuple[str, Path, serving.PostgreSQL | None]]:
    """A city of so many items in a folder of its own, on a private server where there is one."""
    with tempfile.TemporaryDirectory(prefix="kanali-bench-") as name:
        folder = Path(name)
        if dialect == "sqlite":
            url = f"sqlite:///{folder}/kanali.db"
            _seed(url, folder, items)
            yield url, folder, None
            return
        with serving.postgresql() as found:
            found.server.create("bench")
            url = found.server.url_of("bench")
            _seed(url, folder, items)
            yield url, folder, found


def _seed(url: str, folder: Path, items: int) -> None:
    make_installation(url, folder, CITY)
    database = Database(url)
    made = seed_city(database, visits.open_secret(url, folder), items=items, seed=1)
    database.close()
    _say(f"{database.dialect}, {items:,} items: written in {made.seconds:.0f} s")


def _machine() -> str:
    models = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
    ]
    name = models[0].partition(":")[2].strip() if models else "unknown processor"
    return f"{os.cpu_count()} × {name}, Python {sys.version.split()[0]}"


def _say(line: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

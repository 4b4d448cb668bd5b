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
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.proofs import (  # noqa: E402  the checkout must be on the path first
    check,
    figures,
    first_view,
    ledger,
    odd_requests,
    outbox,
    rules,
    safety,
    senders,
    sight,
    speed,
    ways,
)
from bench.proofs.making import Row, in_words  # noqa: E402

RESULTS, PAGE = ROOT / "var" / "proof", ROOT / "docs" / "proof.md"
PARTS = {
    "check": check.PART,
    "changes": ledger.PART,
    "safety": safety.PART,
    "sight": sight.PART,
    "outbox": outbox.PART,
    "senders": senders.PART,
    "ways": ways.PART,
    "figures": figures.PART,
    "properties": rules.PART,
    "fuzz": odd_requests.PART,
    "weight": first_view.PART,
    "speed": speed.PART,
}
"""In the order of the page."""


class Result(Struct, frozen=True):
    """What a part measured, when, and how long that took (seconds)."""

    at: datetime
    commit: str
    seconds: float
    rows: list[Row]
    text: str = ""
    """A table of the part's own, printed as it is."""


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
        lines += ["", f"Measured {when}, in {in_words(result.seconds)}.", ""]
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

"""Demonstrations at full size, and every frozen figure counted again by other means."""

from __future__ import annotations

from pathlib import Path

from bench.proofs.making import Part, Row, database, in_words, make_demonstration, scratch
from tests.proof.recount import recount
from tests.running import kanali

ITEMS = 3000
DEMONSTRATION_MOST = 5 * 60
"""Seconds: of a demonstration of so many items."""


def figures() -> tuple[list[Row], str]:
    """Demonstrations at full size, and every frozen figure counted again."""
    rows = []
    with scratch() as folder:
        for city, dialect in (("heraklion", "SQLite"), ("kaunas", "SQLite"), ("heraklion", "PostgreSQL")):
            inside = folder / f"{city}-{dialect}"
            inside.mkdir(mode=0o700)
            with database(dialect, inside) as url:
                rows += _figures_of(url, inside, city, dialect)
    return rows, ""


def _figures_of(url: str, folder: Path, city: str, dialect: str) -> list[Row]:
    seconds = make_demonstration(url, folder, city, ITEMS)
    counted = recount(url)
    silent = kanali("verify", url=url, folder=folder, patience=1800)
    where = f"{city.capitalize()}, {ITEMS:,} items, {dialect}"
    return [
        Row(
            "A demonstration of a year is made while one waits",
            f"`kanali demo`, {where}",
            in_words(seconds),
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


PART = Part(
    "The published figures",
    "`tests/proof/recount.py` counts every frozen figure again from the ledger's notes with plain SQL and its own "
    "arithmetic (working time, due days, holidays, percentiles); it uses no code of Kanali.",
    figures,
)

"""What CI runs for every change, with nothing left out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

from bench.proofs.making import ROOT, Part, Row, in_words

CHECK_MOST = 15 * 60
"""Seconds: of `make check` on two cores."""


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
            in_words(seconds),
            f"at most {CHECK_MOST // 60} minutes",
            done.returncode == 0 and seconds <= CHECK_MOST,
        ),
    ], ""


PART = Part(
    "The check of every change",
    "What CI runs, with nothing left out.",
    check,
)

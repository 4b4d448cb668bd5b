"""The benchmark with its own table."""

from __future__ import annotations

import re
import subprocess
import sys

from bench.proofs.making import ROOT, Part, Row, scratch


def speed() -> tuple[list[Row], str]:
    """The benchmark, with its own table."""
    with scratch() as folder:
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


PART = Part(
    "Speed and memory",
    "How to read the table: [bench/README.md](../bench/README.md). Where the time of a missed figure goes, and "
    "what was tried: [speed.md](speed.md).",
    speed,
)

"""How fast this machine is now, and what processes have used: read from /proc, nothing is guessed.

The calibration is a fixed piece of work (plain Python, hashing, JSON and SQLite in memory, the same kinds of work as
a request's). Its CPU time against `REFERENCE_SECONDS` says how much slower (above 1) or faster this machine is than
the one on which the figures of the design were measured, and budgets in milliseconds are scaled by it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from pathlib import Path

REFERENCE_SECONDS = 0.0640
"""CPU seconds of `_work` on the machine of the design's figures: 2 cores, Debian 12, Python 3.11, SQLite 3.40.

The design's notes name no calibration of their own, so this is the best of thirty runs of this loop on such a machine,
taken while nothing else ran.
"""

_TICK = os.sysconf("SC_CLK_TCK")


def calibrate() -> float:
    """How slow this machine is now: 1.0 is the reference, 1.2 takes a fifth longer. One try, so take the mean of
    several: a round of requests takes what the machine gives on average, not at its best."""
    return _timed() / REFERENCE_SECONDS


def _timed() -> float:
    start = time.process_time()
    _work()
    return time.process_time() - start


def _work() -> None:
    """The fixed work. Changing it makes every earlier figure incomparable: measure `REFERENCE_SECONDS` anew then."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE work (id INTEGER PRIMARY KEY, name TEXT UNIQUE, words TEXT, at TEXT)")
    for number in range(4000):
        facts = {"number": number, "kind": "request", "words": "a lamp does not burn " * 6, "open": True}
        text = json.dumps(facts, sort_keys=True)
        name = hashlib.sha256(text.encode()).hexdigest()
        connection.execute("INSERT INTO work (name, words, at) VALUES (?, ?, ?)", (name, text, "2026-01-01"))
        found = connection.execute("SELECT id, words FROM work WHERE name = ?", (name,)).fetchone()
        parts = [f"{key}={value}" for key, value in sorted(json.loads(found[1]).items())]
        assert len("&".join(parts)) > len(parts)
    connection.close()


def tree(pid: int) -> list[int]:
    """A process and all that descend from it, as far as they live."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            parts = _stat(int(folder.name))
            if parts:
                children.setdefault(int(parts[1]), []).append(int(folder.name))
    found = [pid]
    for known in found:
        found.extend(children.get(known, []))
    return found


def cpu_seconds(pids: list[int]) -> float:
    """What these processes have used so far (user and system, in steps of 10 ms), ended children that they have
    waited for included."""
    ticks = 0
    for pid in pids:
        parts = _stat(pid)
        ticks += sum(int(part) for part in parts[11:15])  # utime, stime, cutime, cstime
    return ticks / _TICK


def memory_bytes(pid: int) -> int:
    """The proportional share of memory (PSS): pages that several processes share are counted once in the sum."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"the memory of process {pid} cannot be read")


def command_of(pid: int) -> str:
    """The command line of a process, as one line; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except FileNotFoundError:
        return ""


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the command's name (the state is the first); empty where it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()

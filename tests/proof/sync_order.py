"""The order of the system's calls: what was written for a message is synced before its sender is thanked.

`strace` is attached to the web process while messages are sent one by one. Each answer `303` must come after a sync of
the write-ahead log that itself comes after the last write to it.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import leave_out
from tests.proof.served import Line, Served

CALLS = "fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg"
THANKS = "HTTP/1.1 303"
ATTACHED_WITHIN = 30
_LINE = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)")

HURRIED = '''
"""SQLite that spares the disk and says that it does not, for every Python that starts with this folder on its path."""
import sqlite3

class Hurried(sqlite3.Connection):
    def execute(self, statement, *values):
        if statement == "PRAGMA synchronous":
            statement = "SELECT 2"
        return super().execute(statement.replace("synchronous=FULL", "synchronous=NORMAL"), *values)

_connect = sqlite3.connect
sqlite3.connect = sqlite3.dbapi2.connect = lambda *places, **named: _connect(*places, **{**named, "factory": Hurried})
'''


def answers_before_sync(portal: Served, messages: int) -> tuple[int, int]:
    """Send so many messages: how many were thanked for before the disk had them, and how many were thanked for."""
    line = Line(portal.port)
    with traced(portal.web_process()) as calls:
        for number in range(messages):
            line.moves()
            fields = {"key": line.get("/en/submit").page.value("key"), "kind": "request", "service": "roads"}
            assert (
                line.post("/en/submit", {**fields, "text": f"Synced before the thanks? {number}"}).status
                == 303
            )
    return judge(calls)


def judge(calls: list[str]) -> tuple[int, int]:
    """How many thanks came before the disk had what they were for, and how many there were."""
    early = thanked = 0
    is_written = is_dirty = False
    syncing: set[str] = set()
    for call in calls:
        found = _LINE.match(call)
        if found is None:
            continue
        thread, name = found.groups()
        is_begun, is_done = f"{name}(" in call, not call.endswith("<unfinished ...>")
        if name == "pwrite64" and is_begun and "-wal>" in call:
            is_written = is_dirty = True
        elif name in ("fdatasync", "fsync"):
            if is_begun and "-wal>" in call:
                syncing.add(thread)
            if is_done and thread in syncing:
                syncing.discard(thread)
                is_dirty = is_dirty and not call.rstrip().endswith("= 0")
        elif is_begun and THANKS in call:
            thanked += 1
            early += is_dirty or not is_written
            is_written = False
    return early, thanked


@contextmanager
def traced(process: int) -> Iterator[list[str]]:
    """The calls of a process and its threads; the list is filled when the block has ended. Left out without strace."""
    program = shutil.which("strace")
    if program is None:
        leave_out(
            "the order of the system's calls", "strace is not installed (Debian: apt-get install strace)"
        )
    calls: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        into, said = Path(folder) / "calls", Path(folder) / "said"
        with said.open("w") as out:
            strace = subprocess.Popen(
                [program, "-f", "-y", "-e", f"trace={CALLS}", "-o", str(into), "-p", str(process)],
                stdin=subprocess.DEVNULL,
                stderr=out,
            )
        until = time.monotonic() + ATTACHED_WITHIN
        while "attached" not in said.read_text():
            if strace.poll() is not None:
                leave_out(
                    "the order of the system's calls", f"strace may not look: {said.read_text().strip()}"
                )
            assert time.monotonic() < until, said.read_text()
            time.sleep(0.02)
        try:
            yield calls
        finally:
            strace.send_signal(signal.SIGINT)
            strace.wait(ATTACHED_WITHIN)
        calls += into.read_text(errors="replace").splitlines()


@contextmanager
def hurried(url: str, folder: Path) -> Iterator[Served]:
    """A portal whose SQLite spares the disk without its knowing."""
    (folder / "sitecustomize.py").write_text(HURRIED)
    portal = Served(url, folder, arguments=("--no-worker",), path=(folder,))
    portal.start()
    try:
        yield portal
    finally:
        portal.kill()

"""Files that mean harm do none: each costs a child under 5 seconds and 256 MB, and what comes of it holds nothing evil.

`make check` tries one of each sort, `make proof` all of them (KANALI_PROOF=1).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from portal import files as folder
from portal import helper
from portal.database import Database
from portal.helper import Opened
from tests.conftest import settings_for
from tests.proof import hostile_files
from tests.proof.hostile_files import EVIL
from tests.town import Town

IS_PROOF = bool(os.environ.get("KANALI_PROOF"))
CHILD = str(Path(helper.__file__).with_name("inert.py"))
CPU_MOST, MEMORY_MOST = 5.0, 256_000_000
LOOKS_EVERY = 0.003

Record = Callable[[str, object], None]


class Cost(NamedTuple):
    """What a child answered, the seconds of processor and the bytes of memory that it took."""

    answer: bytes
    seconds: float
    peak: int


def cost_of(content: bytes) -> Cost:
    """Run the child on a file and watch it."""
    child = subprocess.Popen(
        [sys.executable, "-I", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
    )
    peaks = [0]
    watcher = threading.Thread(target=_watch, args=(child.pid, peaks))
    watcher.start()
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(content)
        child.stdin.close()
    except BrokenPipeError:
        pass
    answer = child.stdout.read()
    _, _, used = os.wait4(child.pid, 0)
    child.returncode = 0
    watcher.join()
    return Cost(answer, used.ru_utime + used.ru_stime, peaks[0])


def _watch(pid: int, peaks: list[int]) -> None:
    """The highest memory of a process, asked for while it lives; the kernel keeps the peak."""
    status = Path(f"/proc/{pid}/status")
    while True:
        try:
            told = status.read_text()
        except OSError:
            return
        peak = next((line.split()[1] for line in told.splitlines() if line.startswith("VmHWM:")), None)
        if peak is None:  # It has ended.
            return
        peaks.append(int(peak) * 1024)
        peaks[0] = max(peaks)
        time.sleep(LOOKS_EVERY)


def test_a_hostile_file_costs_little_and_leaves_nothing_evil(record_property: Record) -> None:
    tried, costs = 0, []
    for name, content in hostile_files.many() if IS_PROOF else hostile_files.few():
        cost = cost_of(content)
        made = cost.answer.partition(b"\n")[2]
        assert [mark for mark in EVIL if mark in made] == [], name
        assert cost.seconds < CPU_MOST + 0.5, name
        assert cost.peak < MEMORY_MOST, f"{name}: {cost.peak}"
        costs.append(cost)
        tried += 1
    assert tried >= (60 if IS_PROOF else 12)
    most = max(cost.seconds for cost in costs), max(cost.peak for cost in costs)
    record_property(
        "figure", f"{tried} files; at most {most[0]:.1f} s of processor and {most[1] / 1e6:.0f} MB, none evil"
    )


@pytest.fixture
def town(sqlite_database: Database, tmp_path: Path) -> Town:
    return Town(sqlite_database, settings_for(sqlite_database.url, tmp_path))


def test_the_portal_answers_each_in_words(town: Town) -> None:
    """Five at a time, beside a message that is right: the form comes back with a reason, or all of them were taken."""
    browser = town.visitor()
    chosen = hostile_files.many() if IS_PROOF else list(hostile_files.few())[2:7]
    seen = set()
    waiting = [content for _, content in chosen]
    while few := waiting[:5]:
        del waiting[:5]
        page = browser.sends(*few, kind="idea", text="Here it is.")
        seen.add(page.status)
        if page.status == 422:
            assert "files" in page.errors
            assert page.value("text") == "Here it is."
    assert seen <= {303, 422}
    assert 422 in seen
    for file in town.settings.files_folder.iterdir():
        assert [mark for mark in EVIL if mark in file.read_bytes()] == []
        assert file.stat().st_mode & 0o777 == 0o600
        assert folder.SMALL in file.name or len(file.name) == 32


def test_what_a_child_says_is_believed_in_its_right_shape_only() -> None:
    """A child that a file has taken over could answer anything."""
    whole = cost_of(next(content for name, content in hostile_files.few() if "page behind" in name)).answer
    assert isinstance(helper._understood(whole), Opened)
    head, _, rest = whole.partition(b"\n")
    for answer in (
        b"",
        head,
        head + b"\n",
        whole[:-1],
        whole + b"x",
        head.replace(b"image/jpeg", b"text/html") + b"\n" + rest,
        head.replace(b"photo", b"document") + b"\n" + rest,
        head + b"\n<html>" + rest[6:],
        b'{"refused": "<script>"}\n',
    ):
        assert helper._understood(answer) == helper.Refused("damaged")

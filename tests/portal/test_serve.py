"""`kanali serve` as a whole: processes that begin together, answer, and end together without a word too many."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError

import pytest

from feedback.city.load import read_folder
from portal.commands.init import init
from portal.database import Database
from portal.settings import Settings
from tests.conftest import settings_for
from tests.running import free_port
from tests.town import RIVERTON

PATIENCE = 90
"""Seconds for what takes two on an idle machine: the tests of others run beside these."""


class Served:
    """A running `kanali serve` in a group of its own, as a terminal or a service manager would have it."""

    def __init__(self, process: subprocess.Popen[str], log: Path, url: str) -> None:
        self.process = process
        self.url = url
        self._log = log

    @property
    def said(self) -> str:
        return self._log.read_text()

    def wait_until_it_answers(self) -> None:
        patience_ends = time.monotonic() + PATIENCE
        while "is served" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < patience_ends, self.said
            time.sleep(0.1)

    def wait_until_ready(self, path: str = "/health/ready") -> None:
        patience_ends = time.monotonic() + PATIENCE
        while True:
            with suppress(URLError):
                assert self.get(path) == 200
                return
            assert time.monotonic() < patience_ends, self.said
            time.sleep(0.1)

    def get(self, path: str) -> int:
        with urllib.request.urlopen(self.url + path, timeout=PATIENCE) as answer:
            return int(answer.status)

    def read(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    def wait_for(self, words: str) -> None:
        """Until a process runs whose command line holds the words."""
        patience_ends = time.monotonic() + PATIENCE
        while not self.find(words):
            assert time.monotonic() < patience_ends, self.said
            time.sleep(0.1)

    def find(self, words: str) -> list[int]:
        """The processes of the group whose command line holds the words, from Linux's /proc."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                state, _, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
                if int(group) == self.process.pid and words in command and state != "Z":
                    found.append(int(folder.name))
        return found

    def wait_until_gone(self) -> None:
        patience_ends = time.monotonic() + PATIENCE
        while self.find("python"):
            assert time.monotonic() < patience_ends, self.said
            time.sleep(0.1)


@contextmanager
def serving(settings: Settings, *arguments: str, **environ: str) -> Iterator[Served]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = settings.secret_file.with_name("serve.log")
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal", "serve", *arguments],
            env={**environment(settings), "KANALI_PORT": str(port), **environ},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            text=True,
        )
        try:
            yield Served(process, log, f"http://127.0.0.1:{port}")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def environment(settings: Settings) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KANALI_")}
    return {
        **kept,
        "KANALI_DATABASE_URL": settings.database_url,
        "KANALI_SECRET_FILE": str(settings.secret_file),
        "KANALI_OPS_ADDRESS": "off",
    }


@pytest.fixture
def installed(settings: Settings) -> Settings:
    """Settings of an installation that was just made, on SQLite and on PostgreSQL."""
    return install(settings)


@pytest.fixture
def installed_on_sqlite(sqlite_database: Database, tmp_path: Path) -> Settings:
    return install(settings_for(sqlite_database.url, tmp_path))


def install(settings: Settings) -> Settings:
    init(
        settings,
        read_folder(RIVERTON),
        admin_email="first@riverton.example",
        admin_name="First",
        language="en",
        password="a long enough password",
    )
    return settings


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_all_processes_begin_answer_and_end_together(installed: Settings, number: signal.Signals) -> None:
    several = {} if installed.is_sqlite else {"KANALI_WORKERS": "2"}
    with serving(installed, **several) as served:
        served.wait_until_it_answers()
        assert served.get("/health/ready") == 200
        served.wait_for("portal work")  # It begins once pages are answered.
        assert len(served.find("portal work")) == 1
        assert len(served.find("spawn_main")) == (1 if installed.is_sqlite else 2)
        os.killpg(served.process.pid, number)
        assert served.process.wait(PATIENCE) == 0
        served.wait_until_gone()
        assert "Traceback" not in served.said
        if number == signal.SIGINT:
            # A service manager's SIGTERM reaches the children at the same time, and one may be missed for a moment.
            assert served.said.count("\n") == 1, "the addresses, and nothing else"


def test_each_request_is_a_line_and_operators_see_all_processes_together(installed: Settings) -> None:
    operations = f"127.0.0.1:{free_port()}"
    several = {} if installed.is_sqlite else {"KANALI_WORKERS": "2"}
    with serving(installed, KANALI_OPS_ADDRESS=operations, **several) as served:
        served.wait_until_it_answers()
        for number in range(8):
            assert served.get(f"/en/submit?topic=Canary{number}") == 200
        served.url = f"http://{operations}"
        served.wait_for("portal work")
        served.wait_until_ready("/health/live")
        told = served.read("/metrics")
        assert 'kanali_requests_total{route="/{language}/submit",status="2xx"} 8.0' in told
        assert len(re.findall('kanali_memory_bytes{process="(parent|web|worker)"} [1-9]', told)) == 3
        os.killpg(served.process.pid, signal.SIGINT)
        assert served.process.wait(PATIENCE) == 0
        said = served.said.splitlines()
        assert said.pop(0).startswith("Kanali is served at "), "words for people, as they were"
        assert [line for line in said if not line.startswith("{")] == []
        lines = [json.loads(line) for line in said]
        assert [(line["route"], line["status"]) for line in lines] == [("/{language}/submit", 200)] * 8
        assert "Canary" not in served.said


def test_ctrl_c_at_any_moment_leaves_no_traceback(installed_on_sqlite: Settings) -> None:
    for moment in (0.2, 0.6, 1.2, 2.0):
        with serving(installed_on_sqlite) as served:
            time.sleep(moment)
            os.killpg(served.process.pid, signal.SIGINT)
            assert served.process.wait(PATIENCE) in (0, 130, -signal.SIGINT)
            served.wait_until_gone()
            assert "Traceback" not in served.said


def test_a_second_server_or_a_taken_port_is_one_line(installed_on_sqlite: Settings, tmp_path: Path) -> None:
    with serving(installed_on_sqlite, "--no-worker") as first:
        first.wait_until_it_answers()
        assert first.find("portal work") == []
        with serving(installed_on_sqlite) as second:
            assert second.process.wait(PATIENCE) == 1
            assert second.said.startswith("kanali: Another kanali serve already runs on")
            assert second.said.count("\n") == 1
        (tmp_path / "other").mkdir()
        other = install(settings_for(f"sqlite:///{tmp_path}/other/kanali.db", tmp_path / "other"))
        with serving(other, KANALI_PORT=first.url.rpartition(":")[2]) as third:
            assert third.process.wait(PATIENCE) == 1
            assert "set KANALI_PORT" in third.said
            assert third.said.count("\n") == 1
        taken = first.url.removeprefix("http://")
        with serving(other, KANALI_OPS_ADDRESS=taken) as fourth:
            assert fourth.process.wait(PATIENCE) == 1
            assert "set KANALI_OPS_ADDRESS" in fourth.said
            assert fourth.said.count("\n") == 1
        assert first.get("/health/live") == 200


def test_what_dies_is_started_again_and_nothing_outlives_the_server(installed_on_sqlite: Settings) -> None:
    with serving(installed_on_sqlite) as served:
        served.wait_until_it_answers()
        for words in ("portal work", "spawn_main"):
            [died] = served.find(words)
            os.kill(died, signal.SIGKILL)
            patience_ends = time.monotonic() + PATIENCE
            while served.find(words) in ([], [died]):
                assert time.monotonic() < patience_ends, served.said
                time.sleep(0.1)
        served.wait_until_ready()
        events = [json.loads(line)["event"] for line in served.said.splitlines()[1:]]
        assert "the worker ended (code -9) and is started again" in events
        served.process.kill()
        served.process.wait()
        served.wait_until_gone()

"""What is measured, running: `kanali serve` as an operator starts it, the bare handler beside it, and PostgreSQL.

Everything on ports of 127.0.0.1 that are free, in a folder of its own, ended with the block. PostgreSQL runs with
the settings of its package save the port, so that a commit is on disk when it returns.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from bench import machine
from tests.postgresql import Missing, Server, _find_programs, _run_as_server, _server_user
from tests.running import environment, free_port

ROOT = Path(__file__).resolve().parent.parent
STARTS_WITHIN = 60


class Served(Struct):
    """A server that answers."""

    port: int
    process: subprocess.Popen[bytes]
    ready_seconds: float
    """From the start of its process to the first good answer."""

    @property
    def pids(self) -> list[int]:
        """All its processes."""
        return machine.tree(self.process.pid)

    def cpu_seconds(self) -> float:
        return machine.cpu_seconds(self.pids)

    def web_pids(self) -> list[int]:
        """Its web processes: neither the parent, nor the worker, nor multiprocessing's own helper."""
        return [
            pid
            for pid in self.pids[1:]
            if "multiprocessing" in (said := machine.command_of(pid)) and "resource_tracker" not in said
        ]


class PostgreSQL(Struct):
    """A server of its own."""

    server: Server
    pid: int

    def cpu_seconds(self) -> float:
        """Of all its processes: sessions, log writer, checkpointer, vacuum."""
        return machine.cpu_seconds(machine.tree(self.pid))


@contextmanager
def serving(url: str, folder: Path, *arguments: str) -> Iterator[Served]:
    """`kanali serve` on this database."""
    port = free_port()
    more = {
        "KANALI_PORT": str(port),
        "PYTHONPATH": str(ROOT),
        # Each submission says whom it comes from, and they are more than a town sends.
        "KANALI_TRUSTED_PROXIES": "127.0.0.0/8",
        "KANALI_HOURLY_MESSAGES": "999999",
    }
    command = [sys.executable, "-m", "portal", "serve", *arguments]
    with _running(command, {**environment(url, folder), **more}, folder, port, "/health/ready") as served:
        yield served


@contextmanager
def serving_bare(url: str, folder: Path) -> Iterator[Served]:
    """The bare handler on this database, served by the same server with the same loop."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "granian", "--interface", "asginl", "--factory", "--host", "127.0.0.1"),
        *("--port", str(port), "--workers", "1", "--loop", "asyncio", "--http", "1", "--no-ws"),
        *("--log-level", "error", "bench.bare:create_app"),
    ]
    environ = {**environment(url, folder), "PYTHONPATH": str(ROOT)}
    with _running(command, environ, folder, port, "/ready") as served:
        yield served


@contextmanager
def _running(
    command: list[str], environ: dict[str, str], folder: Path, port: int, path: str
) -> Iterator[Served]:
    log = folder / f"server-{port}.log"
    started = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        until = started + STARTS_WITHIN
        while not _answers(port, path):
            if process.poll() is not None or time.perf_counter() > until:
                raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
            time.sleep(0.01)
        yield Served(port, process, time.perf_counter() - started)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server of the installed programs. Raises `Missing` where there are none."""
    programs = _find_programs()
    if programs is None:
        raise Missing("its programs are not installed (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="kanali-bench-"))
    user = _server_user()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    data, port = folder / "data", free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    pg_ctl = str(programs / "pg_ctl")
    try:
        for command in (
            [
                str(programs / "initdb"),
                "-D",
                str(data),
                "-U",
                "kanali",
                "-E",
                "UTF8",
                "--locale=C",
                "-A",
                "trust",
            ],
            [pg_ctl, "start", "-w", "-t", "60", "-D", str(data), "-o", options, "-l", str(folder / "log")],
        ):
            done = _run_as_server(command)
            if done.returncode != 0:
                raise Missing(f"it could not be started: {' '.join(done.stdout.split())[-300:]}")
        pid = int((data / "postmaster.pid").read_text().split()[0])
        yield PostgreSQL(Server(f"postgresql://kanali@127.0.0.1:{port}/postgres"), pid)
    finally:
        _run_as_server([pg_ctl, "stop", "-D", str(data), "-m", "fast", "-w"])
        shutil.rmtree(folder, ignore_errors=True)

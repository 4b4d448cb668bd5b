"""Begins `kanali serve` many times without reading its modules each time: what a kill costs is then the kill.

A process that has imported everything and made its templates is copied (forked) for each start, and what the server
would start as fresh interpreters, its web processes and its worker, is copied as well, by multiprocessing's own fork
server. All of them are processes of one group with nothing shared but what they have read; only what is counted for
operators (`PROMETHEUS_MULTIPROC_DIR`) stays in memory, since that is chosen while modules are read.

    nursery = Nursery()
    process = nursery.begin(["serve"], environ=…, folder=…, log=…)
    nursery.end()
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import forkserver, resource_tracker, util
from pathlib import Path
from typing import Any

from tests.running import ROOT


class Begun:
    """A process that another has begun for us; what `Served` asks of a `Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """None while it lives; how it ended is not known."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return -1
        return -1 if state == "Z" else None

    def wait(self, seconds: float = 60) -> int:
        until = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("serve", seconds)
            time.sleep(0.005)
        return -1

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Nursery:
    """The process that has read everything."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.proof.nursery"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, arguments: list[str], *, environ: Mapping[str, str], folder: Path, log: Path) -> Begun:
        """`kanali` with these arguments, in a session of its own."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"arguments": arguments, "environ": dict(environ), "folder": str(folder), "log": str(log)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Begun(int(self._process.stdout.readline()))

    def end(self) -> None:
        """What it has begun lives on."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _main() -> None:
    """Begin what is ordered, a line each, until nobody orders any more."""
    import portal.commands.work
    import portal.jobs  # noqa: F401  read once, here
    from portal import app, site
    from portal.rendering import Assets, make_templates

    templates = make_templates(Assets())
    for name in templates.list_templates():
        templates.get_template(name)
    site.make_templates = lambda _: templates
    app._framework(())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _begin(json.loads(line))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _begin(order: dict[str, Any]) -> None:
    """In the copy: be the process that was ordered, to its end."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    tempfile.tempdir = None
    out = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, number in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(descriptor, number)
    from portal.command_line import run
    from portal.commands import serve

    _copies_instead_of_fresh_ones()
    serve.Worker._start = lambda self: _CopiedWorker()  # type: ignore[assignment,return-value,method-assign]
    code = 1
    try:
        code = run(order["arguments"])
    finally:
        os._exit(code)


def _copies_instead_of_fresh_ones() -> None:
    """Begin multiprocessing's fork server as a copy of this process, while it has one thread, and have it used."""
    resource_tracker.ensure_running()
    with socket.socket(socket.AF_UNIX) as listener:
        address = os.path.join(tempfile.mkdtemp(prefix="nursery-"), "forks")
        listener.bind(address)
        listener.listen()
        alive_r, alive_w = os.pipe()
        if os.fork() == 0:
            os.close(alive_w)
            try:
                forkserver.main(listener.fileno(), alive_r, [])
            finally:
                os._exit(0)
        os.close(alive_r)
    server: Any = forkserver._forkserver  # type: ignore[attr-defined]
    server._forkserver_address, server._forkserver_alive_fd = address, alive_w
    server.ensure_running = lambda: None
    copying = multiprocessing.get_context("forkserver")
    multiprocessing.get_context = lambda *_: copying  # type: ignore[assignment]
    util.Finalize(None, os.unlink, (address,), exitpriority=0)


class _CopiedWorker:
    """The worker process, with what `Worker` asks of a `Popen`."""

    def __init__(self) -> None:
        self._process = multiprocessing.get_context().Process(target=_work)
        self._process.start()
        self.pid = self._process.pid
        self.terminate, self.kill = self._process.terminate, self._process.kill

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode


def _work() -> None:
    from portal.command_line import run

    run(["work", "--parent", str(os.getppid())])


if __name__ == "__main__":
    _main()

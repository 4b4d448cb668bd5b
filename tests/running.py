"""A real portal for tests: the command line in processes of its own, on a port of its own, ended by Ctrl-C.

with running(url, folder) as portal:
    httpx.get(portal.address + "/en/")
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

STARTS_WITHIN = 60
ROOT = Path(__file__).parent.parent


class Portal:
    """A served installation."""

    def __init__(self, address: str, process: subprocess.Popen[str], log: Path) -> None:
        self.address = address
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        """What it has said on its terminal."""
        return self._log.read_text()


def environment(url: str, folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a portal whose database is `url` and whose files lie in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KANALI_")}
    return {
        **kept,
        "KANALI_DATABASE_URL": url,
        "KANALI_SECRET_FILE": str(folder / "secret"),
        "KANALI_FILES_URL": str(folder / "files"),
        # Several portals run at once; the tests of the listener say where it is.
        "KANALI_OPS_ADDRESS": "off",
        "KANALI_SECOND_FACTOR": "offered",
        **(more or {}),
    }


def kanali(
    *arguments: str,
    url: str,
    folder: Path,
    more: Mapping[str, str] | None = None,
    typed: str = "",
    patience: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, for at most `patience` seconds; `typed` is its standard input."""
    return subprocess.run(
        [sys.executable, "-m", "portal", *arguments],
        cwd=folder,
        env={**environment(url, folder, more), "PYTHONPATH": str(ROOT)},
        input=typed,
        capture_output=True,
        text=True,
        timeout=patience,
        check=False,
    )


@contextmanager
def running(
    url: str, folder: Path, *, more: Mapping[str, str] | None = None, arguments: tuple[str, ...] = ()
) -> Iterator[Portal]:
    """Serve until the block ends; then Ctrl-C must end it cleanly: exit code 0 and no traceback."""
    port = free_port()
    log = folder / f"serve-{port}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal", "serve", *arguments],
            cwd=folder,
            env={**environment(url, folder, more), "KANALI_PORT": str(port), "PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
    portal = Portal(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait(portal)
        yield portal
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            code = process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert code == 0, f"exit code {code}: {portal.log}"
    assert "Traceback" not in portal.log, portal.log


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(portal: Portal) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        assert portal.process.poll() is None, portal.log
        try:
            if httpx.get(portal.address + "/health/ready", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"not ready within {STARTS_WITHIN} s: {portal.log}")

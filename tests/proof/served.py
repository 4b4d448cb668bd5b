"""A portal of its own processes that a test may kill: the whole group at once, as a power cut or the kernel would.

    portal = Served(town, folder)
    portal.start()
    portal.kill()
    portal.start()            on the same port, with the same database

The town's people are made beforehand; browsers of the test speak through a trusted proxy
that gives each an address.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

from msgspec import Struct

from tests.proof.nursery import Begun, Nursery
from tests.running import ROOT, environment, free_port
from tests.town import Page

READY_WITHIN = 90
ENDS_WITHIN = 40
_addresses = itertools.count(1)


Chosen = tuple[str, str, bytes]
"""A file of a form: its name on the sender's device, the kind that the browser says, its content."""


class Cut(Exception):
    """No answer came: whether the portal took it in is not known."""


class Served:
    """`kanali serve` with its worker, on one port through all its lives."""

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        more: Mapping[str, str] | None = None,
        arguments: tuple[str, ...] = (),
        path: tuple[Path, ...] = (),
        nursery: Nursery | None = None,
    ) -> None:
        """`path`: folders that stand before ours on Python's path, for what spoils it from outside.

        With a `nursery` it begins as a copy of what has been read already.
        """
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"served-{self.port}.log"
        self._folder, self._arguments, self._nursery = folder, arguments, nursery
        self._environ = {
            **environment(url, folder, more),
            "KANALI_PORT": str(self.port),
            "KANALI_TRUSTED_PROXIES": "127.0.0.1",
            "KANALI_HOURLY_MESSAGES": "999999",  # More than a town sends in an hour.
            # What a killed server leaves behind goes with the test.
            "TMPDIR": str(folder),
            "PYTHONPATH": os.pathsep.join(map(str, (*path, ROOT))),
        }
        self._process: subprocess.Popen[bytes] | Begun | None = None

    def web_process(self) -> int:
        """The number of the first process that answers pages."""
        assert self._process is not None
        found = list(_members(self._process.pid))
        if self._nursery is not None:  # Copied by the copy of the parent; the worker begins later.
            (copier,) = {parent for number, parent, _ in found if parent not in (1, self._process.pid)} & {
                number for number, _, _ in found
            }
            return min(number for number, parent, _ in found if parent == copier)
        return next(number for number, _, command in found if "spawn_main" in command)

    def start(self) -> None:
        """Serve, and wait until a page is answered."""
        self._process = self._begin()
        until = time.monotonic() + READY_WITHIN
        while not self._is_ready():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.02)

    def _begin(self) -> subprocess.Popen[bytes] | Begun:
        if self._nursery is not None:
            arguments = ["serve", *self._arguments]
            return self._nursery.begin(arguments, environ=self._environ, folder=self._folder, log=self.log)
        with self.log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "portal", "serve", *self._arguments],
                cwd=self._folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL to every process at once; returns when none is left."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As a service manager ends it; what is left after a while is killed."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDS_WITHIN)
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        process.wait()
        while list(_members(process.pid)):
            time.sleep(0.005)

    def _is_ready(self) -> bool:
        line = Line(self.port)
        try:
            return line.get("/health/ready").status == 200
        except Cut:
            return False
        finally:
            line.forget()


class Answer(Struct, frozen=True):
    """What came back."""

    status: int
    location: str
    body: bytes

    @property
    def page(self) -> Page:
        return Page(_Response(self.status, self.body.decode(errors="replace"), {"location": self.location}))


class _Response(Struct, frozen=True):
    status_code: int
    text: str
    headers: dict[str, str]


class Line:
    """One person's connection to a served portal, with cookies and an address of its own, changed when asked."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[tuple[str, str], str] = {}
        self.moves()
        self._connection: HTTPConnection | None = None

    def moves(self) -> None:
        """From now on it comes from another address."""
        number = next(_addresses)
        self.source = f"10.{number // 62_500 % 250}.{number // 250 % 250}.{number % 250 + 1}"

    def signed_in(self, identifier: str) -> None:
        """With the session of a member of staff."""
        self.cookies["kanali-staff", "/"] = identifier

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None, "")

    def post(self, path: str, fields: Mapping[str, str], files: tuple[Chosen, ...] = ()) -> Answer:
        """Send a form; `files` are chosen in its field `files`."""
        if not files:
            return self._ask("POST", path, urlencode(fields).encode(), "application/x-www-form-urlencoded")
        mark = "a-boundary-of-the-proof"
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        parts += [
            f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
            f"Content-Type: {kind}\r\n\r\n".encode()
            + content
            + b"\r\n"
            for name, kind, content in files
        ]
        body = b"".join(parts) + f"--{mark}--\r\n".encode()
        return self._ask("POST", path, body, f"multipart/form-data; boundary={mark}")

    def forget(self) -> None:
        """Close the connection; cookies stay."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _ask(self, method: str, path: str, body: bytes | None, kind: str) -> Answer:
        headers = {"X-Forwarded-For": self.source, "Accept-Language": "en", "Accept": "text/html"}
        kept = [f"{name}={value}" for (name, under), value in self.cookies.items() if path.startswith(under)]
        if kept:
            headers["Cookie"] = "; ".join(kept)
        if body is not None:
            headers |= {"Content-Type": kind, "Origin": f"http://127.0.0.1:{self.port}"}
        try:
            if self._connection is None:
                self._connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            answer = Answer(response.status, response.headers.get("Location", ""), response.read())
        except (OSError, HTTPException) as error:
            self.forget()
            raise Cut(str(error)) from error
        for said in response.headers.get_all("Set-Cookie", []):
            pair, *attributes = said.split("; ")
            name, _, value = pair.partition("=")
            under = next((a.partition("=")[2] for a in attributes if a.lower().startswith("path=")), "/")
            self.cookies[name, under] = value
        if response.will_close:
            self.forget()
        return answer


def _members(group: int) -> Iterator[tuple[int, int, str]]:
    """The living processes of a group with their parents and commands, from Linux's /proc."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, parent, of_group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(of_group) == group and state != "Z":
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                yield int(folder.name), int(parent), command

"""A small client for measuring: kept connections, one request after the other on each, times and statuses kept.

It speaks just enough HTTP/1.1 for answers with a length, so that it costs little beside the server on the same
machine. Bounded by the number of requests that it is given.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from urllib.parse import urlencode

from msgspec import Struct

TIMEOUT = 30


class Answer(Struct, frozen=True):
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    seconds: float

    def header(self, name: str) -> str:
        """The first header of this name (lower case); empty where there is none."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that were set: name → value, the first of each name."""
        found: dict[str, str] = {}
        for key, value in self.headers:
            if key == "set-cookie":
                name, _, rest = value.partition("=")
                found.setdefault(name, rest.partition(";")[0])
        return found


class Load(Struct, frozen=True):
    """One run: wall time of the whole, and the answers in the order of the requests."""

    seconds: float
    answers: list[Answer]

    @property
    def rate(self) -> float:
        return len(self.answers) / self.seconds

    def percentile(self, share: float) -> float:
        """Seconds that this share of the answers took at most (nearest rank)."""
        ordered = sorted(answer.seconds for answer in self.answers)
        return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


class Unexpected(Exception):
    """A request was not answered as the measurement needs it."""


def get(port: int, path: str, headers: dict[str, str] | None = None) -> bytes:
    """A GET as a browser sends it."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept: text/html", "Accept-Language: en"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def post(port: int, path: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> bytes:
    """A form as a browser sends it from a page of the same address."""
    body = urlencode(fields).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Origin: http://127.0.0.1:{port}",
        "Sec-Fetch-Site: same-origin",
        "Accept: text/html",
        "Accept-Language: en",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def run(port: int, requests: Sequence[bytes], *, connections: int, expected: int) -> Load:
    """Send all requests over so many connections. Raises Unexpected where one has another status."""
    answers: list[Answer | None] = [None] * len(requests)
    places = iter(range(len(requests)))
    turn = threading.Lock()
    faults: list[BaseException] = []

    def work() -> None:
        try:
            with _Connection(port) as connection:
                while not faults:
                    with turn:
                        place = next(places, None)
                    if place is None:
                        return
                    answers[place] = connection.ask(requests[place])
        except (OSError, ValueError) as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    if faults:
        raise Unexpected(f"a connection broke: {faults[0]!r}")
    done = [answer for answer in answers if answer is not None]
    wrong = [answer for answer in done if answer.status != expected]
    if wrong or len(done) != len(requests):
        found = wrong[0] if wrong else None
        said = f"{found.status}: {found.body[:300]!r}" if found else "no answer"
        raise Unexpected(f"{len(wrong)} of {len(requests)} requests were not answered {expected} but {said}")
    return Load(seconds, done)


class _Connection:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left = b""

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *unused: object) -> None:
        self._socket.close()

    def ask(self, request: bytes) -> Answer:
        start = time.perf_counter()
        self._socket.sendall(request)
        while (end := self._left.find(b"\r\n\r\n")) < 0:
            self._read()
        head, self._left = self._left[:end].decode("latin-1"), self._left[end + 4 :]
        first, *lines = head.split("\r\n")
        headers = [
            (name.strip().lower(), value.strip()) for name, _, value in (x.partition(":") for x in lines)
        ]
        length = next((int(value) for name, value in headers if name == "content-length"), None)
        status = int(first.split(" ")[1])
        if length is None:
            if status not in (204, 304):
                raise ValueError("an answer without its length")
            length = 0
        while len(self._left) < length:
            self._read()
        body, self._left = self._left[:length], self._left[length:]
        return Answer(status, headers, body, time.perf_counter() - start)

    def _read(self) -> None:
        part = self._socket.recv(65536)
        if not part:
            raise OSError("the server closed the connection")
        self._left += part

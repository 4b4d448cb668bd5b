"""Hands one webhook to its receiver over https. Decides no content, and shows nobody what the receiver answers.

Nobody can make it fetch something of the house: the name is resolved once, each address that it stands for must be
public, and the connection goes to one of exactly these, under the name that the certificate must prove. It follows no
redirect, knows no proxy, and is over in ten seconds, however slowly the other end drips. Of the answer the number is
read, and nothing else. The protocol is httpcore's, httpx's own lower half: there one says where a connection goes.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final, TypeVar

import httpcore

from feedback.webhooks import address
from feedback.webhooks.address import Address

WHOLE: Final = 10.0
"""Seconds for everything: name, connection, TLS, request, answer."""
TRIES: Final = 3
"""Addresses of one name that are tried: a machine without IPv6 comes to the second."""

_Found = TypeVar("_Found")
Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of the net that a name stands for. Raises OSError where there are none."""


class WebhookRefused(Exception):
    """It was not taken. `is_gone`: the receiver wants no more, ever. `is_away`: it could not be reached at all."""

    def __init__(self, code: str, *, is_gone: bool = False, is_away: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.is_gone = is_gone
        self.is_away = is_away


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as this machine finds them, each once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class Webhooks:
    """Sends webhooks. The defaults are the rule; a test gives its own names, addresses and authority."""

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        is_allowed: Callable[[str], bool] = address.is_public,
        tls: ssl.SSLContext | None = None,
        whole: float = WHOLE,
    ) -> None:
        self._resolve, self._is_allowed, self._whole = resolve, is_allowed, whole
        self._tls = tls or ssl.create_default_context()

    def find(self, host: str, port: int, *, until: float) -> list[str]:
        """The addresses of a name, each of which may be told. Refuses `name_unknown`, `not_public`, `too_slow`."""
        try:
            found = _within(until, lambda: self._resolve(host, port))
        except TimeoutError as slow:
            raise WebhookRefused("too_slow", is_away=True) from slow
        except (OSError, UnicodeError) as failure:
            raise WebhookRefused("name_unknown", is_away=True) from failure
        if not found:
            raise WebhookRefused("name_unknown", is_away=True)
        if not all(map(self._is_allowed, found)):
            raise WebhookRefused("not_public", is_away=True)
        return list(found)

    def check(self, where: Address) -> None:
        """Whether an address may be told, as it is saved: the same question as at each sending. Refuses likewise."""
        self.find(where.host, where.port, until=time.monotonic() + self._whole)

    def send(self, where: Address, headers: Mapping[str, str], content: bytes) -> None:
        """Hand it over. Refuses with WebhookRefused; after that it may still have arrived."""
        until = time.monotonic() + self._whole
        line = _Way(self.find(where.host, where.port, until=until), until)
        sent = {
            "Host": where.host if where.port == 443 else f"{where.host}:{where.port}",
            "User-Agent": "Kanali",
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            "Connection": "close",
            **headers,
        }
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self._tls, network_backend=line, retries=0) as pool,
                pool.stream(
                    "POST",
                    httpcore.URL(
                        scheme=b"https",
                        host=where.host.encode(),
                        port=where.port,
                        target=where.target.encode(),
                    ),
                    headers=[(name.encode(), value.encode()) for name, value in sent.items()],
                    content=content,
                ) as answer,
            ):
                number = answer.status
        except TimeoutError as slow:
            raise WebhookRefused("too_slow", is_away=True) from slow
        except (httpcore.ProtocolError, OSError) as failure:
            raise WebhookRefused(line.stage, is_away=True) from failure
        if not 200 <= number <= 299:
            raise WebhookRefused(f"http_{number}", is_gone=number == 410)


class _Way(httpcore.NetworkBackend):
    """Connects to addresses that were found to be allowed, whatever name it is asked for."""

    def __init__(self, addresses: Iterable[str], until: float) -> None:
        self._addresses, self._until = list(addresses)[:TRIES], until
        self.stage = "unreachable"
        """What it is when it fails now: `unreachable`, `tls_failed`, `connection_lost`."""

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        failure: OSError | None = None
        for place, found in enumerate(self._addresses):
            left = _left(self._until) / (len(self._addresses) - place)
            try:
                connection = socket.create_connection((found, port), timeout=left)
            except OSError as error:
                failure = error
                continue
            self.stage = "tls_failed"
            return _Line(connection, self._until, self)
        raise failure or OSError("no address")

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise OSError("a webhook goes over the net")

    def sleep(self, seconds: float) -> None:
        raise OSError("a webhook is tried once at a time")


class _Line(httpcore.NetworkStream):
    """A connection of which everything is over at one instant."""

    def __init__(self, connection: socket.socket, until: float, way: _Way) -> None:
        self._connection, self._until, self._way = connection, until, way

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._connection.settimeout(_left(self._until))
        return self._connection.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._connection.settimeout(_left(self._until))
        self._connection.sendall(buffer)

    def close(self) -> None:
        self._connection.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self._connection.settimeout(_left(self._until))
        secret = ssl_context.wrap_socket(self._connection, server_hostname=server_hostname)
        self._way.stage = "connection_lost"
        return _Line(secret, self._until, self._way)

    def get_extra_info(self, info: str) -> Any:
        return self._connection if info == "socket" else None


def _left(until: float) -> float:
    """Seconds that are left. Raises TimeoutError where none are."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _within(until: float, ask: Callable[[], _Found]) -> _Found:
    """The result of a call that knows no time limit. Raises TimeoutError; the call is left to its own end then."""
    future: Future[_Found] = Future()

    def run() -> None:
        try:
            future.set_result(ask())
        except BaseException as error:  # noqa: BLE001  it is raised by whoever waits
            future.set_exception(error)

    threading.Thread(target=run, daemon=True, name="resolve").start()
    return future.result(_left(until))

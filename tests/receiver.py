"""A receiver of webhooks for tests: a real https server of the loopback that does what its script says.

with Receiver(folder) as receiver:
    receiver.script = lambda stable_id, attempt: ("500", "200")[min(attempt, 1)]
    receiver.webhooks()       what sends to it: its name leads here, its certificate is believed
"""

from __future__ import annotations

import itertools
import os
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from portal.outbound.webhook import Webhooks
from tests.listening import Listening

HOST = "hooks.example.org"
PORT = 8443
URL = f"https://{HOST}:{PORT}/kanali?town=riverton"

RESET_AT_ONCE, RESET_AFTER_TLS, RESET_AFTER_READING = (
    "reset at once",
    "reset after TLS",
    "reset after reading",
)
HANG, DRIP = "hang", "drip"

_numbers = itertools.count(1)


class Taken:
    """A request that came in whole."""

    def __init__(self, line: str, headers: Mapping[str, str], body: bytes, answer: str) -> None:
        self.line, self.headers, self.body, self.answer = line, headers, body, answer

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Receiver(Listening):
    """Listens on an address of the loopback of its own; what came in whole stands in `taken`."""

    def __init__(self, folder: Path, *, address: str = "") -> None:
        number = next(_numbers)
        process = os.getpid()
        self.address = address or f"127.{process >> 8 & 63 | 64}.{process & 255}.{number}"
        self.certificate, key = folder / f"{number}.pem", folder / f"{number}.key"
        wanted = (
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=receiver"
        )
        names = ["-addext", f"subjectAltName=DNS:{HOST}"]
        files = ["-keyout", str(key), "-out", str(self.certificate)]
        subprocess.run(["openssl", *wanted.split(), *names, *files], check=True, capture_output=True)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.certificate, key)
        self.script: Callable[[str, int], str] = lambda stable_id, attempt: "200"
        self.taken: list[Taken] = []
        self.attempts: Counter[str] = Counter()
        """By id; connections that came to no request under ""."""
        self.connections = 0
        self.lock = threading.Lock()
        server = _Server((self.address, PORT), _Conversation)
        server.receiver = self
        super().__init__(server)

    @property
    def ids(self) -> list[str]:
        """Of what it has said 200 to."""
        return [taken.id for taken in self.taken if taken.answer == "200"]

    def webhooks(self, **other: Any) -> Webhooks:
        """What sends to it."""
        return Webhooks(
            **{
                "resolve": lambda host, port: [self.address],
                "is_allowed": lambda address: True,
                "tls": ssl.create_default_context(cafile=str(self.certificate)),
                **other,
            }
        )


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128
    receiver: Receiver

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers hang up; that is what is tried."""


class _Conversation(socketserver.BaseRequestHandler):
    """One connection."""

    def handle(self) -> None:
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        with receiver.lock:
            receiver.connections += 1
            early = receiver.script("", receiver.attempts[""])
            receiver.attempts[""] += 1
        if early == RESET_AT_ONCE:
            self.reset(self.request)
            return
        line = receiver.tls.wrap_socket(self.request, server_side=True)
        if early == RESET_AFTER_TLS:
            self.reset(line)
            return
        stream = line.makefile("rb")
        first = stream.readline().decode().strip()
        headers: dict[str, str] = {}
        while field := stream.readline().decode().strip():
            name, _, value = field.partition(": ")
            headers[name.lower()] = value
        body = stream.read(int(headers["content-length"]))
        with receiver.lock:
            answer = receiver.script(headers["webhook-id"], receiver.attempts[headers["webhook-id"]])
            receiver.attempts[headers["webhook-id"]] += 1
            receiver.taken.append(Taken(first, headers, body, answer))
        if answer == RESET_AFTER_READING:
            self.reset(line)
        elif answer == HANG:
            receiver.stop.wait(60)
        elif answer == DRIP:
            line.sendall(b"HTTP/1.1 200 OK\r\nX-Drops: ")
            while not receiver.stop.wait(0.2):
                line.sendall(b".")
        else:
            more = f"Location: https://{receiver.address}:{PORT}/elsewhere\r\n" if answer[0] == "3" else ""
            line.sendall(f"HTTP/1.1 {answer} X\r\n{more}Content-Length: 6\r\n\r\n".encode() + b"SECRET")
            line.close()

    def reset(self, line: socket.socket) -> None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.close()

"""The operations listener: health in detail and metrics, on an address of its own that strangers do not reach.

It runs in a thread of the parent process of `kanali serve`, beside the web processes and never within a request. What
is well and what is not is said by `health.py`, what was counted by `metrics.py`. The portal's own `/health/live` and
`/health/ready` stay what they are: they tell strangers nothing.
"""

from __future__ import annotations

import logging
import resource
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from feedback.outbox import post
from portal import condition, health, metrics
from portal.condition import State
from portal.database import Database
from portal.health import Check
from portal.metrics import Gauge
from portal.schedule import PERIODIC
from portal.settings import Settings

PATIENCE: Final = 5
"""Seconds that a caller gets to say what it wants."""
NEEDED: Final = frozenset({"database", "schema", "triggers", "rights", "durability", "installation", "disk"})
"""Without these nothing can be taken in; a mail that waits or a worker that rests makes nobody unready."""
KINDS: Final = (post.SEND, post.HOOK, *PERIODIC, "other")
"""Of jobs, as they are told."""

Processes = Callable[[], Mapping[str, Sequence[int]]]
"""The ids of the processes of this server, by what they do: "parent", "web", "worker"."""

_log = logging.getLogger("kanali")


def tell(settings: Settings, processes: Processes, end: threading.Event) -> None:
    """Listens until `end`; a portal that answers goes on without it where the address is taken meanwhile."""
    try:
        operations = Operations(settings, processes)
    except OSError as fault:
        _log.error("nothing listens for operations", exc_info=fault)
        return
    end.wait()
    operations.close()


class Answer(msgspec.Struct, frozen=True):
    """What goes back to a caller."""

    body: bytes
    status: int = 200
    media_type: str = "text/plain; charset=utf-8"


class Operations:
    """Listens until `close`. Raises OSError where nothing can be listened to at the address."""

    def __init__(self, settings: Settings, processes: Processes) -> None:
        assert settings.operations is not None
        self._settings = settings
        self._processes = processes
        self._database = Database(settings.database_url)
        kind = _Listener6 if ":" in settings.operations[0] else _Listener
        self._listener = kind(settings.operations, _handler(self.answer))
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.2,), daemon=True, name="operations"
        )
        self._thread.start()

    def close(self) -> None:
        """Stops listening and gives its connections back."""
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()
        self._database.close()

    def answer(self, path: str) -> Answer:
        """What stands at a path."""
        if path == "/health/live":
            return Answer(b"alive\n")
        if path not in ("/health", "/health/ready", "/metrics"):
            return Answer(b"health, health/live, health/ready, metrics\n", status=404)
        found, state = health.examine(self._database, self._settings)
        if path == "/metrics":
            return Answer(metrics.told(self._gauges(found, state)), media_type=metrics.MEDIA_TYPE)
        is_ready = not any(check.verdict == "fault" and check.name in NEEDED for check in found)
        status = 200 if is_ready else 503
        if path == "/health/ready":
            return Answer(b"ready\n" if is_ready else b"not ready\n", status)
        return Answer(msgspec.json.encode(self._details(found, state)), status, "application/json")

    def _details(self, found: list[Check], state: State | None) -> dict[str, object]:
        free, total = condition.disk_free(self._settings)
        return {
            "state": health.worst(found),
            "version": version("kanali"),
            "checks": {check.name: check for check in found},
            "disk": {"free_bytes": free, "bytes": total},
            "wal_bytes": condition.wal_bytes(self._database),
            "processes": {name: len(ids) for name, ids in self._processes().items()},
            "database": state,
        }

    def _gauges(self, found: list[Check], state: State | None) -> Iterator[Gauge]:
        faults = {check.name: float(check.verdict == "fault") for check in found}
        yield Gauge("kanali_fault", "1 where a check finds a fault.", faults, "check")
        yield Gauge("kanali_disk_free_bytes", "Room.", {"": condition.disk_free(self._settings)[0]})
        yield Gauge(
            "kanali_wal_bytes", "SQLite's write-ahead log.", {"": condition.wal_bytes(self._database)}
        )
        memory = {name: _resident(ids) for name, ids in self._processes().items()}
        yield Gauge("kanali_memory_bytes", "Resident memory.", memory, "process")
        if state is None:
            return
        yield Gauge("kanali_mails_waiting", "Mails to be sent.", {"": state.waiting_mails})
        yield Gauge("kanali_mails_oldest_seconds", "Age of the oldest.", {"": state.oldest_mail_seconds})
        yield Gauge("kanali_webhooks_waiting", "Webhooks to be sent.", {"": state.waiting_webhooks})
        yield Gauge("kanali_undelivered", "Mails and webhooks lost in 30 days.", {"": state.undelivered})
        none = condition.Due(0, 0.0)
        due = {kind: state.due.get(kind, none) for kind in KINDS}
        yield Gauge("kanali_jobs_due", "Due and not done.", {kind: due[kind].count for kind in KINDS}, "kind")
        ages = {kind: due[kind].oldest_seconds for kind in KINDS}
        yield Gauge("kanali_jobs_oldest_seconds", "How long the oldest has been due.", ages, "kind")


def _resident(ids: Sequence[int]) -> int:
    """Bytes of memory that these processes hold, from Linux's /proc; 0 where there is none."""
    pages = 0
    for number in ids:
        try:
            pages += int(Path(f"/proc/{number}/statm").read_text(encoding="ascii").split()[1])
        except OSError:  # It has just ended, or this is no Linux.
            continue
    return pages * resource.getpagesize()


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """What an answer broke at, without the caller's address; one that has hung up is no fault."""
        fault = sys.exc_info()[1]
        if not isinstance(fault, (ConnectionError, TimeoutError)):
            _log.error("fault on the operations listener", exc_info=fault)


class _Listener6(_Listener):
    address_family = socket.AF_INET6


def _handler(answer: Callable[[str], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE

        def do_GET(self) -> None:
            found = answer(self.path.partition("?")[0])
            self.send_response_only(found.status)
            self.send_header("Content-Type", found.media_type)
            self.send_header("Content-Length", str(len(found.body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *words: object) -> None:
            """Nobody's address and nobody's path is written down."""

    return Handler

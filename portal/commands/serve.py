"""`kanali serve`: the web server, and one worker process that is started again when it dies.

Decides how processes begin and end: everything is checked before the port is opened, Ctrl-C and SIGTERM end all
of them, and none outlives its parent. What is served is `portal/app.py`'s business, what is worked `portal/jobs.py`'s.
"""

from __future__ import annotations

import atexit
import gc
import http.client
import logging
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from typing import Any, Final

import click
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels
from granian.server.mp import MPServer

from feedback.city import versions
from portal import log
from portal.environment import OperatorError
from portal.installation import open_installation
from portal.settings import Settings, read_settings
from portal.site import check_languages, make_site

STOPS_WITHIN: Final = 20
"""Seconds that a process gets to finish what it is at before it is killed."""

RESTART_PAUSES: Final = (1, 2, 5, 15, 30)
"""Seconds before a worker that died is started again, longer each time it dies at once."""

_log = logging.getLogger("kanali")


@click.command()
@click.option("--no-worker", is_flag=True, help="Without a worker process: kanali work runs elsewhere.")
def command(no_worker: bool) -> int:
    """Serve the portal, with one worker process beside it."""
    settings = read_settings()
    installed = open_installation(settings)
    database, clock = installed.database, installed.clock
    with database.read() as session:
        check_languages(versions.current(session).city)
    database.close()
    # The clock is set; a child reads it from the database and must not try to set it again.
    os.environ.pop("KANALI_NOW", None)
    with database.serve_lock():
        _check_port(settings.host, settings.port, "KANALI_PORT (and KANALI_HOST)")
        if settings.operations is not None:
            _check_port(*settings.operations, "KANALI_OPS_ADDRESS")
        if clock.ahead:
            click.echo(f"The clock of this installation stands at {clock.now():%Y-%m-%d %H:%M} UTC.")
        return _serve(settings, has_worker=not no_worker)


def create_app() -> Any:
    """What a web process serves: the portal, in a process that ends with its parent."""
    log.take_over()
    atexit.register(_leave)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True, name="parent").start()
    from portal.app import create_app as create  # in the web process only

    site = make_site(open_installation(read_settings()))
    atexit.register(site.database.close)
    atexit.register(site.limits.close)
    app = create(site)
    # What is there for good is not looked through again and again for what could be thrown away.
    gc.collect()
    gc.freeze()
    return app


class WebServer(MPServer):
    """granian's server, whose processes are killed when they have not ended in time.

    Its own limit (`workers_kill_timeout`) now and then takes a process for alive that has just ended.
    """

    def shutdown(self, exit_code: int = 0) -> None:
        """Ends every web process, and by force what has not ended within STOPS_WITHIN seconds."""
        end = threading.Timer(STOPS_WITHIN, _kill_what_is_left)
        end.daemon = True
        end.start()
        try:
            super().shutdown(exit_code)  # type: ignore[no-untyped-call]
        finally:
            end.cancel()


class Worker:
    """The worker process, watched by a thread that starts it again when it dies.

    It begins once pages are answered: two processes that load at once make both late.
    """

    def __init__(self, is_served: threading.Event) -> None:
        self._is_served = is_served
        self._is_stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._watch = threading.Thread(target=self._keep, daemon=True, name="worker")
        self._watch.start()

    @property
    def id(self) -> int | None:
        """Of the process; None where none runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def stop(self) -> None:
        """Ends the process; it finishes the job that it is at."""
        self._is_stopping.set()
        self._is_served.set()
        if self._process is not None:
            self._process.terminate()
        self._watch.join(STOPS_WITHIN)
        if self._watch.is_alive() and self._process is not None:
            self._process.kill()
            self._watch.join()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "portal", "work", "--parent", str(os.getpid())], stdin=subprocess.DEVNULL
        )

    def _keep(self) -> None:
        self._is_served.wait()
        deaths = 0
        while not self._is_stopping.is_set():
            began = time.monotonic()
            process = self._process = self._start()
            if self._is_stopping.is_set():
                process.terminate()
            code = process.wait()
            deaths = 0 if time.monotonic() - began > 60 else deaths + 1
            pause = RESTART_PAUSES[min(deaths, len(RESTART_PAUSES) - 1)]
            # A service manager ends all processes at once: who dies a moment before us has not failed.
            if not self._is_stopping.wait(pause):
                _log.error("the worker ended (code %s) and is started again", code)


def _serve(settings: Settings, *, has_worker: bool) -> int:
    # Not forked: a child must not inherit locks, threads and connections of this process.
    multiprocessing.set_start_method("spawn", force=True)
    log.start()
    server = WebServer(
        "portal.commands.serve:create_app",
        address=settings.host,
        port=settings.port,
        # Without ASGI's lifespan: during its startup granian hears a signal to end and then forgets it.
        interface=Interfaces.ASGINL,
        factory=True,
        workers=settings.workers,
        loop=Loops.asyncio,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=log.LOGGING,
        log_access=False,
        respawn_failed_workers=True,
    )
    with _counters(), _interrupts_end(server) as is_ended:
        is_served = threading.Event()
        worker = Worker(is_served) if has_worker else None
        announcing = (settings, is_served, is_ended)
        threading.Thread(target=_announce, args=announcing, daemon=True, name="announce").start()
        processes = partial(_processes, server, worker)
        telling = threading.Thread(
            target=_tell, args=(settings, processes, is_served, is_ended), daemon=True, name="operations"
        )
        telling.start()
        try:
            server.serve()
        except SystemExit as error:
            # After a signal a web process that ended with us is no failure.
            return 0 if server.interrupt_signal else int(error.code or 0)
        finally:
            is_ended.set()
            if worker is not None:
                worker.stop()
            is_served.set()
            telling.join(STOPS_WITHIN)
    return 0 if server.interrupt_signal else 1


@contextmanager
def _interrupts_end(server: Any) -> Iterator[threading.Event]:
    """Ctrl-C reaches every process of a terminal, also those that have not yet learnt to bear it.

    So SIGINT is blocked here, children inherit that, and a thread waits for it and tells the server to end; the
    children then get their SIGTERM from us.
    """
    is_ended = threading.Event()
    # Begun by the first child otherwise, and it would let SIGINT through again for this thread.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

    def listen() -> None:
        while True:
            signal.sigwait({signal.SIGINT})
            server.signal_handler_interrupt()

    threading.Thread(target=listen, daemon=True, name="interrupt").start()
    try:
        yield is_ended
    finally:
        is_ended.set()


def _announce(settings: Settings, is_served: threading.Event, is_ended: threading.Event) -> None:
    """Says the addresses once a page is answered, and that it is."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    while not is_ended.wait(0.1):
        connection = http.client.HTTPConnection(host, settings.port, timeout=5)
        try:
            connection.request("GET", "/health/live")
            connection.getresponse()
        except OSError:
            continue
        finally:
            connection.close()
        is_served.set()
        click.echo(
            f"Kanali is served at {settings.public_url}/ and for staff at {settings.public_url}/staff/"
        )
        return


def _tell(settings: Settings, processes: Any, is_served: threading.Event, is_ended: threading.Event) -> None:
    """Tells of our health on the operations listener once pages are answered."""
    is_served.wait()
    if settings.operations is None or is_ended.is_set():
        return
    from portal.operations import tell  # after the web processes have loaded what they need

    tell(settings, processes, is_ended)


def _processes(server: Any, worker: Worker | None) -> dict[str, list[int]]:
    """What runs here, by what it does."""
    return {
        "parent": [os.getpid()],
        "web": [process.inner.pid for process in list(server.wrks)],
        "worker": [] if worker is None or worker.id is None else [worker.id],
    }


@contextmanager
def _counters() -> Iterator[None]:
    """A folder in which each process keeps what it counts (`portal/metrics.py`); gone at the end."""
    with tempfile.TemporaryDirectory(prefix="kanali-", ignore_cleanup_errors=True) as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


def _check_port(host: str, port: int, setting: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OperatorError(
                f"Nothing can be served at {host} port {port} ({error.strerror}): "
                f"set {setting}, or end what uses it."
            ) from error


def _kill_what_is_left() -> None:
    for process in multiprocessing.active_children():
        _log.error("a web process did not end within %s seconds and is killed", STOPS_WITHIN)
        process.kill()


def _leave() -> None:
    """Ends this process without taking the interpreter apart: the server's own threads may still want it then."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)

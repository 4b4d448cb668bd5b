"""`kanali work`: a worker process. What it does and when is `portal/jobs.py`'s and `portal/schedule.py`'s business."""

from __future__ import annotations

import os
import signal
import threading

import click

from portal import log
from portal.settings import read_settings


@click.command()
@click.option(
    "--parent", type=int, hidden=True, help="Process that started this one; the worker ends with it."
)
def command(parent: int | None) -> None:
    """Run a worker of its own: mail, surveys, records."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent, stop), daemon=True, name="parent").start()
    settings = read_settings()
    log.start()
    from portal.jobs import run_forever  # after the signals are in hand: it imports much

    run_forever(settings, stop)


def _end_with(parent: int, stop: threading.Event) -> None:
    while not stop.wait(1):
        if os.getppid() != parent:
            stop.set()

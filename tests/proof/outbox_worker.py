"""A worker of the proof of the outbox: the real one, in a process that may be killed, by a clock that runs fast."""

from __future__ import annotations

import os
import ssl
import threading
import time
from datetime import datetime, timedelta

from msgspec import Struct, structs

from portal import jobs
from portal.installation import opened
from portal.outbound.webhook import Webhooks
from portal.settings import read_settings
from portal.site import make_site

SPEED = 60 if os.environ.get("KANALI_PROOF") else 240
"""Seconds of its clock in a second: a minute's wait is over in one at most, and two days last longer than the proof."""
LEASE = timedelta(seconds=3)
RESTS = timedelta(seconds=0.3)
PATIENCE = 2.0
"""Seconds that a receiver of webhooks gets."""


class Orders(Struct, frozen=True):
    """What a worker is told."""

    environ: dict[str, str]
    receiver: str
    certificate: str
    started_at: float
    clock_at: datetime


def work(orders: Orders) -> None:
    """Until it is killed."""

    def clock() -> datetime:
        return orders.clock_at + timedelta(seconds=(time.time() - orders.started_at) * SPEED)

    webhooks = Webhooks(
        resolve=lambda host, port: [orders.receiver],
        is_allowed=lambda address: True,
        tls=ssl.create_default_context(cafile=orders.certificate),
        whole=PATIENCE,
    )
    with opened(read_settings(orders.environ)) as installed:
        site = structs.replace(make_site(installed), clock=clock)
        jobs.work_on(site, threading.Event(), lease=LEASE, rests=RESTS, webhooks=webhooks)

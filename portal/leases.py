"""The jobs that a worker has in hand: held for as long as it works at them, however long that takes.

A lease ends by itself where its worker has died. One that lives renews it long before, so that nobody else takes up
what is still being done. Leases run by the real clock.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from feedback.outbox import post
from feedback.outbox.post import Claimed
from portal.database import Database

RENEWALS = 4
"""Of a lease's time: one may fail, and then another, before it ends."""


class Leases:
    """The leases of one worker."""

    def __init__(self, database: Database, *, span: timedelta = post.LEASE) -> None:
        self.span = span
        self._database = database
        self._held: dict[int, Claimed] = {}
        self._lock = threading.Lock()

    @contextmanager
    def holding(self, claimed: Claimed) -> Iterator[None]:
        """While this job is being done."""
        with self._lock:
            self._held[claimed.id] = claimed
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(claimed.id, None)

    def keep(self, ended: threading.Event) -> None:
        """Renew what is in hand, until `ended`. What takes less than a quarter of its lease costs nothing."""
        before: set[int] = set()
        while not ended.wait(self.span.total_seconds() / RENEWALS):
            with self._lock:
                held = dict(self._held)
            lasting = [held[key] for key in before & held.keys()]
            if lasting:
                with self._database.write() as session:
                    post.renew(session, lasting, until=datetime.now(UTC) + self.span)
            before = set(held)

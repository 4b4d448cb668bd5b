"""What the periodic jobs do: each finds on a read connection what is due and does it in short writes.

Each may run twice, may stop in the middle when the worker ends, and does the same again later. The deeds are
`feedback`'s; when they run is said by `schedule.py`, what happens when they fail by `jobs.py`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice

import jinja2
import msgspec
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from feedback.city import versions
from feedback.errors import DomainError
from feedback.items import answer, attachments, purge
from feedback.ledger import log
from feedback.outbox import deliver
from feedback.outbox.post import Claimed
from feedback.people import sessions, welcome
from feedback.satisfaction import invite
from feedback.webhooks import deliver as webhooks
from portal import closing
from portal.log import described
from portal.pages import Site

CHUNK = 200
"""Rows removed in one write."""

FAULTS = (
    DomainError,
    SQLAlchemyError,
    jinja2.TemplateError,
    msgspec.MsgspecError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What one job, or one piece of it, can fail with while all others go on."""

_log = logging.getLogger("kanali")


class Unfinished(Exception):
    """The worker is ending: the rest of this job is for the next one."""


class Work(Struct, frozen=True):
    """A claimed job in hand."""

    site: Site
    claimed: Claimed
    now: datetime
    stop: threading.Event

    def check_stop(self) -> None:
        """Between two pieces of a long job. Refuses Unfinished when the worker is to end."""
        if self.stop.is_set():
            raise Unfinished()


def _invite(work: Work) -> None:
    with work.site.database.read() as session:
        city = versions.current(session).city
    today = work.now.astimezone(city.zone).date()
    _each(
        work,
        lambda session: invite.find_due(session, city=city, today=today),
        lambda session, cycle_id: invite.invite(session, cycle_id=cycle_id, now=work.now),
    )


def _close_items(work: Work) -> None:
    with work.site.database.read() as session:
        today = work.now.astimezone(versions.current(session).city.zone).date()
    _each(
        work,
        lambda session: answer.find_over(session, today=today),
        lambda session, item_id: answer.close(session, item_id=item_id, today=today, now=work.now),
    )


def _close_record(work: Work) -> None:
    closing.close_what_is_due(work.site.database, now=work.now)


def _freeze_satisfaction(work: Work) -> None:
    closing.freeze_what_is_due(work.site.database, now=work.now)


def seal(work: Work) -> None:
    """Give new notes their leaves in the Merkle log."""
    while True:
        work.check_stop()
        with work.site.database.read() as session:
            found = log.find_unsealed(session, limit=CHUNK)
        if not found:
            return
        with work.site.database.write() as session:
            log.seal(session, found=found, now=work.now)


def _purge(work: Work) -> None:
    database = work.site.database
    with database.write() as session:
        # Sessions and links of staff live by the real clock.
        sessions.purge(session, now=datetime.now(UTC))
        welcome.purge(session, now=datetime.now(UTC))
    while True:
        work.check_stop()
        with database.read() as session:
            old = purge.find_old(session, now=work.now, limit=CHUNK)
            messages = deliver.find_old(session, now=work.now, limit=CHUNK)
            deliveries = webhooks.find_old(session, now=work.now, limit=CHUNK)
        if not old and not messages and not deliveries:
            return
        with database.write() as session:
            purge.remove(session, old)
            deliver.wipe(session, messages)
            webhooks.remove(session, deliveries)


def _purge_files(work: Work) -> None:
    """Remove files that no row names: of forms that were refused an hour ago, of writes that failed."""
    old = work.site.files.find_old()
    while names := list(islice(old, CHUNK)):
        work.check_stop()
        with work.site.database.read() as session:
            known = attachments.find_named(session, names)
        for name in names:
            if name not in known:
                work.site.files.remove(name)


def _each(work: Work, find: Callable[[Session], list[int]], deed: Callable[[Session, int], bool]) -> None:
    """Do a deed on everything that is found, each in a write of its own; one that fails stops no other."""
    tried: set[int] = set()
    while True:
        with work.site.database.read() as session:
            found = [key for key in find(session) if key not in tried]
        if not found:
            return
        for key in found:
            work.check_stop()
            tried.add(key)
            try:
                with work.site.database.write() as session:
                    deed(session, key)
            except FAULTS as fault:
                _log.error("job %s: one of them failed (%s)", work.claimed.kind, described(fault))


CHORES: dict[str, Callable[[Work], None]] = {
    "invite": _invite,
    "close_items": _close_items,
    "freeze_satisfaction": _freeze_satisfaction,
    "close_record": _close_record,
    "seal": seal,
    "purge": _purge,
    "purge_files": _purge_files,
}
"""Kind of job → what it does."""

"""Every periodic job of the worker and its times.

A periodic job is a row like any other: its last transaction puts its next run, so that after a pause it runs
once and not once a missed day. Runs stand on a grid (each ten minutes, each night at 00:20), and the key is the
place on it: two workers that plan at once plan the same row. What the jobs do is in `jobs.py`.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.city import versions
from feedback.columns import table_of
from feedback.outbox import post
from feedback.outbox.tables import Job

LOOKS_EVERY = timedelta(seconds=1)
"""How often an idle worker looks for due jobs."""
MAIL_RESTS = timedelta(seconds=30)
"""After a refusal that is not about the one mail: no server, no sign-in, no folder."""
CHECKPOINT_EVERY = timedelta(minutes=1)
"""By the real clock: each worker carries SQLite's log over; no row is needed for it."""

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60))
"""Before a failed job is tried again; the last one is repeated."""
GIVE_UP_AFTER = timedelta(hours=48)
"""So long a message is tried; a periodic job is tried for ever."""


class Every(Struct, frozen=True):
    """Again and again, on the grid that begins at the hour 00:00 UTC."""

    span: timedelta

    def after(self, now: datetime, zone: ZoneInfo) -> datetime:
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return epoch + self.span * ((now - epoch) // self.span + 1)


class Daily(Struct, frozen=True):
    """Once a day at a local time of the city; not between 02:00 and 04:00, where the clocks are changed."""

    at: time

    def after(self, now: datetime, zone: ZoneInfo) -> datetime:
        local = now.astimezone(zone)
        moment = datetime.combine(local.date(), self.at, zone)
        if moment <= local:
            moment = datetime.combine(local.date() + timedelta(days=1), self.at, zone)
        return moment.astimezone(UTC)


PERIODIC: dict[str, Every | Daily] = {
    "invite": Every(timedelta(minutes=10)),
    "close_items": Every(timedelta(hours=1)),
    "freeze_satisfaction": Daily(time(0, 20)),
    "close_record": Daily(time(0, 40)),
    "seal": Every(timedelta(minutes=5)),
    "tell": Every(timedelta(minutes=1)),
    "purge": Daily(time(4, 20)),
    "purge_files": Every(timedelta(minutes=20)),
}


def plan(session: Session, now: datetime) -> None:
    """Make sure that each periodic job has its row; one that has none runs at once."""
    table = table_of(Job)
    planned = set(
        session.execute(sa.select(table.c.kind).where(table.c.kind.in_(PERIODIC)).distinct()).scalars()
    )
    for kind in PERIODIC:
        if kind not in planned:
            _put(session, kind, now=now, run_at=now)


def again(session: Session, kind: str, now: datetime) -> None:
    """Put the next run of a periodic job: the first place of its grid after now."""
    _put(session, kind, now=now, run_at=None)


def wait_before(attempt: int) -> timedelta:
    """How long to wait after the so-many-th attempt has failed (1 is the first)."""
    return WAITS[min(attempt, len(WAITS)) - 1]


def next_try(now: datetime, attempt: int) -> datetime:
    """When to try again after the so-many-th attempt has failed: up to a tenth later than planned, so that what failed
    together does not come back together."""
    pause = wait_before(attempt)
    return now + pause + pause / 1000 * secrets.randbelow(100)


def is_over(since: datetime, next_at: datetime) -> bool:
    """Whether a further attempt would come more than `GIVE_UP_AFTER` after the first."""
    return next_at - since > GIVE_UP_AFTER


def _put(session: Session, kind: str, *, now: datetime, run_at: datetime | None) -> None:
    following = PERIODIC[kind].after(now, versions.current(session).city.zone)
    place = f"{following:%Y-%m-%dT%H:%MZ}"
    if run_at is None:
        post.job(session, kind=kind, key=place, run_at=following)
    else:
        post.job(session, kind=kind, key=f"before {place}", run_at=run_at)

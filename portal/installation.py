"""Opens an installation: settings, database, secret and clock, each checked, before anything is done with it.

The clock of an installation is the real one, ahead by so many seconds that the database keeps; `KANALI_NOW` moves
it, on a demonstration or where no item was ever received, and never back. Leases and limits use the real clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import ceil

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.city.tables import Installation
from feedback.columns import table_of
from feedback.items.tables import Counter
from portal.database import Database
from portal.environment import OperatorError
from portal.secret import Secret, read_secret
from portal.settings import Settings

RESTART_WITHIN = timedelta(days=1)
"""A start whose KANALI_NOW lies this little behind the clock is a restart with the same setting: the clock runs on."""

_INSTALLATION = table_of(Installation)
_COUNTER = table_of(Counter)


class Clock(Struct, frozen=True):
    """The clock by which items are received and due."""

    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        """The present of this installation, aware UTC."""
        return datetime.now(UTC) + self.ahead


class Installed(Struct, frozen=True):
    """An installation that can be worked with."""

    settings: Settings
    database: Database
    secret: Secret
    clock: Clock
    is_demonstration: bool


@contextmanager
def opened(settings: Settings) -> Iterator[Installed]:
    """The installation of these settings, closed at the end: what a command works with."""
    installed = open_installation(settings)
    try:
        yield installed
    finally:
        installed.database.close()


def open_installation(settings: Settings) -> Installed:
    """The installation of these settings; `KANALI_NOW` is applied.

    Refuses (`OperatorError`): a database that cannot be used (`Database.check`) or was never initialised, a secret
    that is missing or another's, a clock that may not be moved so.
    """
    database = Database(settings.database_url)
    try:
        database.check(is_owner_apart=settings.is_owner_apart)
        with database.read() as session:
            found = session.execute(
                sa.select(
                    _INSTALLATION.c.demonstration, _INSTALLATION.c.secret_id, _INSTALLATION.c.clock_ahead
                ).where(_INSTALLATION.c.id == 1)
            ).first()
        if found is None:
            raise OperatorError(
                f"The database {database.shown} holds no installation: run kanali init --city DIR first."
            )
        secret = read_secret(settings, found.secret_id)
        clock = Clock(timedelta(seconds=found.clock_ahead))
        if settings.start_clock_at is not None:
            with database.write() as session:
                clock = _move_clock(session, clock, settings.start_clock_at, found.demonstration)
    except BaseException:
        database.close()
        raise
    return Installed(settings, database, secret, clock, found.demonstration)


def first_clock(settings: Settings) -> Clock:
    """The clock of an installation that is being made: there is no earlier one to agree with."""
    if settings.start_clock_at is None:
        return Clock()
    return Clock(timedelta(seconds=round((settings.start_clock_at - datetime.now(UTC)).total_seconds())))


def _move_clock(session: Session, clock: Clock, start: datetime, is_demonstration: bool) -> Clock:
    present = clock.now()
    if start <= present:
        if present - start > RESTART_WITHIN:
            raise OperatorError(
                f"KANALI_NOW ({start:%Y-%m-%dT%H:%M:%SZ}) lies before this installation's clock "
                f"({present:%Y-%m-%dT%H:%M:%SZ}), which moves forward only: give a later instant or leave it out."
            )
        return clock
    if not is_demonstration and session.execute(sa.select(_COUNTER.c.year).limit(1)).first():
        raise OperatorError(
            "KANALI_NOW moves the clock of demonstrations and empty databases only, and this one holds "
            "what citizens sent: leave it out."
        )
    ahead = ceil((start - datetime.now(UTC)).total_seconds())  # Never before the instant that was asked for.
    session.execute(
        sa.update(_INSTALLATION)
        .where(_INSTALLATION.c.id == 1, _INSTALLATION.c.clock_ahead < ahead)
        .values(clock_ahead=ahead)
    )
    return Clock(timedelta(seconds=ahead))

"""The condition of an installation, read at one moment: what its database, disk, outbox and worker say of themselves.

Nothing here names a person or holds a person's words, and nothing is changed. What of it is well is said by `health`.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.city import versions
from feedback.city.tables import Installation
from feedback.columns import table_of
from feedback.items import restrict
from feedback.outbox import post
from feedback.outbox.tables import Job, Message
from feedback.quality.tables import Record
from feedback.routing import match
from feedback.webhooks.tables import Delivery
from portal.database import TRIGGERS, Database, find_revision, find_triggers, known_revisions
from portal.schedule import PERIODIC
from portal.settings import Settings

Life = Literal["works", "late", "never"]
"""A worker does what is due; something has been due for long and nobody is at it; none has ever run here."""

LOST_FOR: Final = timedelta(days=30)
"""How long it is told that something did not arrive."""
WORKER_RESTS: Final = timedelta(minutes=2)

_INSTALLATION, _JOB = table_of(Installation), table_of(Job)
_MESSAGE, _RECORD, _DELIVERY = table_of(Message), table_of(Record), table_of(Delivery)


class Due(Struct, frozen=True):
    """Jobs of one kind that are due and not done."""

    count: int
    oldest_seconds: float


class State(Struct, frozen=True, kw_only=True):
    """What a database says of itself at one moment. Ages are in seconds, by the installation's clock."""

    revision: str | None
    missing_triggers: list[str]
    durable: str
    """Empty where each commit is on disk when it returns; else what is set otherwise."""
    secret_id: str | None
    is_demonstration: bool
    undelivered: int
    """Mails and webhooks of the last thirty days that did not arrive."""
    waiting_webhooks: int
    waiting_mails: int
    oldest_mail_seconds: float
    due: dict[str, Due]
    """By kind of job; a kind that this program does not know is "other"."""
    worker: Life
    last_closing: str
    """`2026-10`, or empty."""
    unseen_restricted: int
    """Open restricted cases that no account can see."""
    headless_keepers: list[str]
    """Departments that the profile names for restricted cases, and nobody heads."""

    @property
    def is_newest(self) -> bool:
        return self.revision == known_revisions()[-1]


def look(database: Database) -> State:
    """The state of a database. Raises SQLAlchemyError or OperatorError where it does not answer."""
    with database.read() as session:
        connection = session.connection()
        revision = find_revision(connection)
        triggers = find_triggers(connection)
        durable = _durable(session)
        known = revision == known_revisions()[-1]
        told = _told(session) if known else None
    return State(
        revision=revision,
        missing_triggers=sorted(TRIGGERS[database.dialect] - triggers),
        durable=durable,
        **(told or _NOTHING),
    )


def disk_free(settings: Settings) -> tuple[int, int]:
    """Free and all bytes of the disk on which this machine keeps what the program writes."""
    folder = settings.var.absolute()
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total


def wal_bytes(database: Database) -> int:
    """Size of SQLite's write-ahead log; 0 on PostgreSQL."""
    if database.dialect != "sqlite":
        return 0
    log: Path = database.file.with_name(f"{database.file.name}-wal")
    return log.stat().st_size if log.exists() else 0


_NOTHING: Final[dict[str, Any]] = {
    "secret_id": None,
    "is_demonstration": False,
    "undelivered": 0,
    "waiting_webhooks": 0,
    "waiting_mails": 0,
    "oldest_mail_seconds": 0.0,
    "due": {},
    "worker": "never",
    "last_closing": "",
    "unseen_restricted": 0,
    "headless_keepers": [],
}


def _told(session: Session) -> dict[str, Any]:
    found = session.execute(sa.select(_INSTALLATION).where(_INSTALLATION.c.id == 1)).first()
    if found is None:
        return _NOTHING
    now = datetime.now(UTC) + timedelta(seconds=found.clock_ahead)
    due = _due(session, now)
    waiting, first = session.execute(
        sa.select(sa.func.count(), sa.func.min(_JOB.c.id)).where(_JOB.c.kind == post.SEND)
    ).one()
    return {
        "secret_id": found.secret_id,
        "is_demonstration": found.demonstration,
        "undelivered": _undelivered(session, now),
        "waiting_webhooks": session.execute(
            sa.select(sa.func.count()).select_from(_JOB).where(_JOB.c.kind == post.HOOK)
        ).scalar_one(),
        "waiting_mails": waiting,
        "oldest_mail_seconds": _age_of_mail(session, first, now),
        "due": due,
        "worker": _life(session, due),
        "last_closing": session.execute(
            sa.select(sa.func.max(_RECORD.c.period)).where(_RECORD.c.state == "closed")
        ).scalar()
        or "",
        "unseen_restricted": restrict.count_unseen(session),
        "headless_keepers": _headless_keepers(session),
    }


def _headless_keepers(session: Session) -> list[str]:
    named = match.keepers_of(versions.current(session).city)
    return [department for department in named if not restrict.has_head(session, department)]


def _due(session: Session, now: datetime) -> dict[str, Due]:
    found: dict[str, Due] = {}
    for kind, count, oldest in session.execute(
        sa.select(_JOB.c.kind, sa.func.count(), sa.func.min(_JOB.c.run_at))
        .where(_JOB.c.run_at <= now)
        .group_by(_JOB.c.kind)
    ):
        name = kind if kind in (post.SEND, post.HOOK) or kind in PERIODIC else "other"
        before = found.get(name, Due(0, 0.0))
        age = (now - oldest).total_seconds()
        found[name] = Due(before.count + count, max(before.oldest_seconds, age))
    return found


def _undelivered(session: Session, now: datetime) -> int:
    since = now - LOST_FOR
    mails = sa.select(sa.func.count()).where(
        _MESSAGE.c.state == sa.literal_column("'failed'"), _MESSAGE.c.failed_at > since
    )
    hooks = sa.select(sa.func.count()).where(_DELIVERY.c.state == "failed", _DELIVERY.c.ended_at > since)
    return int(session.execute(mails).scalar_one() + session.execute(hooks).scalar_one())


def _age_of_mail(session: Session, job_id: int | None, now: datetime) -> float:
    """Since when the oldest mail has been waiting: a mail's job is made with it and stays until its end."""
    if job_id is None:
        return 0.0
    key = session.execute(sa.select(_JOB.c.key).where(_JOB.c.id == job_id)).scalar_one()
    made_at = session.execute(sa.select(_MESSAGE.c.made_at).where(_MESSAGE.c.id == int(key))).scalar()
    return max((now - made_at).total_seconds(), 0.0) if made_at else 0.0


def _life(session: Session, due: dict[str, Due]) -> Life:
    """Whether a worker is at it, from its rows: mail may wait for a server, the periodic jobs wait for nobody."""
    if not session.execute(sa.select(_JOB.c.id).where(_JOB.c.kind.in_(PERIODIC)).limit(1)).first():
        return "never"
    late = max((due[kind].oldest_seconds for kind in PERIODIC if kind in due), default=0.0)
    if late <= WORKER_RESTS.total_seconds():
        return "works"
    held = sa.select(_JOB.c.id).where(_JOB.c.lease_until > datetime.now(UTC)).limit(1)
    return "works" if session.execute(held).first() else "late"


def _durable(session: Session) -> str:
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        mode = connection.exec_driver_sql("PRAGMA synchronous").scalar()
        return "" if mode == 2 else f"synchronous is {mode}"
    set_to = connection.exec_driver_sql(
        "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')"
    )
    return ", ".join(f"{name} is {setting}" for name, setting in sorted(set_to) if setting != "on")

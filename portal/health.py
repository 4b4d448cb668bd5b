"""How an installation does: what its database, disk, outbox and worker say, and what of it is wrong.

The facts are read at one moment (`look`); what they mean, and the cure, is said here once for `kanali doctor` and for
the operations listener. Nothing here names a person or holds a person's words, and nothing is changed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError
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
from portal import rights
from portal.database import TRIGGERS, Database, check_revision, find_revision, find_triggers, known_revisions
from portal.environment import OperatorError
from portal.schedule import PERIODIC
from portal.settings import Settings

Verdict = Literal["OK", "warning", "fault"]
Life = Literal["works", "late", "never"]
"""A worker does what is due; something has been due for long and nobody is at it; none has ever run here."""

MAIL_WAITS: Final = timedelta(minutes=15)
"""A mail server that is away for a moment is no news."""
MAIL_STANDS: Final = timedelta(hours=24)
"""Half of the time for which a mail is tried."""
LOST_FOR: Final = timedelta(days=30)
"""How long it is told that something did not arrive."""
WORKER_RESTS: Final = timedelta(minutes=2)
DISK_LOW: Final = 500_000_000
DISK_LOW_SHARE: Final = 0.05
DISK_FULL: Final = 100_000_000
"""Bytes: below it a database may find no room for its next commit."""

_INSTALLATION, _JOB = table_of(Installation), table_of(Job)
_MESSAGE, _RECORD, _DELIVERY = table_of(Message), table_of(Record), table_of(Delivery)


class Check(Struct, frozen=True):
    """One thing that was looked at: how it is, in one sentence, and the cure where it is not well."""

    name: str
    verdict: Verdict
    says: str
    cure: str = ""


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


def examine(database: Database, settings: Settings) -> tuple[list[Check], State | None]:
    """Everything about database, disk, outbox and worker, and the state it follows from where the database answers."""
    disk = _disk(*disk_free(settings))
    try:
        if database.dialect == "sqlite" and not database.file.exists():
            raise OperatorError(f"There is no database at {database.file}: run kanali init --city DIR first.")
        state = look(database)
    except OperatorError as error:
        return [refusal("database", error), disk], None
    except SQLAlchemyError as error:
        # Its own words may hold the address with the password.
        reason = type(getattr(error, "orig", None) or error).__name__
        cure = "See that it runs, that KANALI_DATABASE_URL is right, and who may read it."
        return [Check("database", "fault", f"{database.shown} does not answer ({reason})", cure), disk], None
    return [*verdicts(state, database.shown), *_rights(database, settings, state), disk], state


def verdicts(state: State, shown: str) -> Iterator[Check]:
    """What the state of a database means."""
    yield Check("database", "OK", f"{shown} answers")
    try:
        check_revision(state.revision, known_revisions(), shown)
    except OperatorError as error:
        yield refusal("schema", error)
        return
    yield Check("schema", "OK", f"{state.revision}, the newest")
    yield _triggers(state.missing_triggers)
    yield _durability(state.durable)
    if state.secret_id is None:
        yield Check(
            "installation", "fault", "the database holds no installation", "Run kanali init --city DIR."
        )
        return
    yield _outbox(state)
    yield _worker(state)
    closing = (
        f"the last closed month is {state.last_closing}" if state.last_closing else "no month was closed yet"
    )
    yield Check("record", "OK", closing)
    yield _restricted(state)


def refusal(name: str, error: OperatorError) -> Check:
    """A refusal that any command would end with, as a check: it says what is wrong and the cure."""
    says, _, cure = error.line.rpartition(": ")
    return Check(name, "fault", says or cure, cure[:1].upper() + cure[1:] if says else "")


def worst(found: Sequence[Check]) -> Verdict:
    """The gravest verdict of all."""
    order: tuple[Verdict, ...] = ("fault", "warning", "OK")
    return next((verdict for verdict in order if any(check.verdict == verdict for check in found)), "OK")


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────

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


# ── judging ─────────────────────────────────────────────────────────────────────────────────────────────────


def _triggers(missing: list[str]) -> Check:
    if missing:
        return Check(
            "triggers",
            "fault",
            f"what protects the ledger is gone ({', '.join(missing)})",
            "Restore the database from a backup, then run kanali verify.",
        )
    return Check("triggers", "OK", "the ledger can be added to only")


def _rights(database: Database, settings: Settings, state: State) -> Iterator[Check]:
    """Whether the database itself keeps the program from changing the ledger; PostgreSQL only."""
    if database.dialect == "sqlite" or not state.is_newest:
        return
    if not settings.is_owner_apart:
        yield Check(
            "rights",
            "warning",
            "the program's role owns the ledger, and only triggers keep it from changing it",
            "Give the tables to another role and name it in KANALI_OWNER_URL.",
        )
        return
    try:
        with database.read() as session:
            rights.check(session.connection(), database.shown)
    except OperatorError as error:
        yield refusal("rights", error)
        return
    yield Check("rights", "OK", "the program's role can add to the ledger only")


def _durability(durable: str) -> Check:
    if durable:
        return Check(
            "durability",
            "fault",
            f"a confirmed message can be lost with the power ({durable})",
            "Set it to on in the database's own configuration.",
        )
    return Check("durability", "OK", "each commit is on the disk when it returns")


def _disk(free: int, total: int) -> Check:
    says = f"{free / 1e9:.1f} GB of {total / 1e9:.1f} GB are free"
    cure = "Make room: old backups and logs first."
    if free < DISK_FULL:
        return Check("disk", "fault", says, cure)
    if free < DISK_LOW or free < total * DISK_LOW_SHARE:
        return Check("disk", "warning", says, cure)
    return Check("disk", "OK", says)


def _outbox(state: State) -> Check:
    lost = f"{state.undelivered} did not arrive in 30 days" if state.undelivered else "all has arrived"
    if not state.waiting_mails:
        return Check("outbox", "OK", f"no mail is waiting; {lost}")
    age = timedelta(seconds=round(state.oldest_mail_seconds))
    mails = "1 mail is" if state.waiting_mails == 1 else f"{state.waiting_mails} mails are"
    says = f"{mails} waiting, the oldest for {age}; {lost}"
    cure = "See that a worker runs and what the mail server says: docs/operating.md, what to watch."
    if age > MAIL_STANDS:
        return Check("outbox", "fault", says, cure)
    return Check("outbox", "warning", says, cure) if age > MAIL_WAITS else Check("outbox", "OK", says)


def _restricted(state: State) -> Check:
    cure = "Give the department a head: kanali user add --role lead --department …"
    if state.unseen_restricted:
        cases = (
            "1 restricted case"
            if state.unseen_restricted == 1
            else f"{state.unseen_restricted} restricted cases"
        )
        return Check("restricted", "fault", f"{cases} can be seen by nobody", cure)
    if state.headless_keepers:
        named = ", ".join(state.headless_keepers)
        says = f"the profile names departments for restricted cases that nobody heads: {named}"
        return Check("restricted", "warning", says, cure)
    return Check("restricted", "OK", "each restricted case has somebody who sees it")


def _worker(state: State) -> Check:
    if state.worker == "works":
        return Check("worker", "OK", "nothing that is due is left lying")
    cure = "Start kanali serve, or kanali work beside it."
    if state.worker == "never":
        return Check("worker", "warning", "no worker has run here yet", cure)
    late = timedelta(seconds=round(max(due.oldest_seconds for due in state.due.values())))
    return Check("worker", "fault", f"nobody does what is due, the oldest for {late}", cure)

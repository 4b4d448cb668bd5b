"""How an installation does: what of its condition is wrong, and the cure.

Said once for `kanali doctor` and for the operations listener. Nothing here names a person or holds a person's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final, Literal

from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from portal import rights
from portal.condition import State, disk_free, look
from portal.database import Database, check_revision, known_revisions
from portal.environment import OperatorError
from portal.settings import Settings

Verdict = Literal["OK", "warning", "fault"]
MAIL_WAITS: Final = timedelta(minutes=15)
"""A mail server that is away for a moment is no news."""
MAIL_STANDS: Final = timedelta(hours=24)
"""Half of the time for which a mail is tried."""
DISK_LOW: Final = 500_000_000
DISK_LOW_SHARE: Final = 0.05
DISK_FULL: Final = 100_000_000
"""Bytes: below it a database may find no room for its next commit."""


class Check(Struct, frozen=True):
    """One thing that was looked at: how it is, in one sentence, and the cure where it is not well."""

    name: str
    verdict: Verdict
    says: str
    cure: str = ""


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

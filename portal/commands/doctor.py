"""`kanali doctor`: looks at everything that an installation needs, a line each, and says the cure of what is wrong.

It changes nothing, shows no secret, and goes on where another command would stop: whatever can be looked at is.
What database, disk, outbox and worker mean is said by `portal/health.py`; here stand the programs and the
settings around them.
"""

from __future__ import annotations

import ipaddress
import os
import platform
import sqlite3
import sys
from collections.abc import Iterator
from importlib.metadata import version

import click
import msgspec
from sqlalchemy.exc import SQLAlchemyError

from portal import health
from portal.condition import State
from portal.database import Database
from portal.environment import OperatorError
from portal.health import Check
from portal.outbound import mail
from portal.outbound.mail import MailRefused
from portal.secret import read_secret
from portal.settings import Settings, read_settings

PYTHON_MENDED = {(3, 11): 10, (3, 12): 6, (3, 13): 1}
"""The first patch of each Python whose parsing of mails is mended; later Pythons begin with it."""
SQLITE_MENDED = (3, 51, 3)
"""Before it, a write that meets a checkpoint can spoil the write-ahead log."""
POSTGRESQL_LEAST = 14
LITESTAR_LEAST = (2, 25)
MAIL_PATIENCE = 5.0
"""Seconds for the mail server."""


@click.command()
@click.option("--json", "is_json", is_flag=True, help="One JSON object in place of the lines.")
def command(is_json: bool) -> int:
    """Look at versions, settings, database, disk, mail and worker: what is wrong, and the cure. 1 where a fault is."""
    found: list[Check] = []
    for check in look():
        found.append(check)
        if not is_json:
            click.echo(_line(check))
    if is_json:
        click.echo(msgspec.json.encode({"state": health.worst(found), "checks": found}).decode())
    return 1 if health.worst(found) == "fault" else 0


def look() -> Iterator[Check]:
    """Every check, in the order in which a fault explains those after it."""
    yield Check("Kanali", "OK", version("kanali"))
    yield _python(sys.version_info[:3])
    yield _litestar(version("litestar"))
    try:
        settings = read_settings()
    except OperatorError as error:
        for line in error.line.split("\n"):
            yield health.refusal("settings", OperatorError(line))
        return
    yield _settings(settings)
    database = Database(settings.database_url)
    try:
        yield _sqlite(sqlite3.sqlite_version_info) if settings.is_sqlite else _postgresql(database)
        found, state = health.examine(database, settings)
        yield from found
    finally:
        database.close()
    yield _secret(settings, state)
    yield _files(settings)
    yield _mail(settings, state)


def _line(check: Check) -> str:
    end = f". {check.cure}" if check.cure else ""
    return f"{check.verdict:8}{check.name}: {check.says.rstrip('.')}{end}"


def _python(found: tuple[int, ...]) -> Check:
    says = ".".join(map(str, found))
    mended = PYTHON_MENDED.get((found[0], found[1]))
    if mended is not None and found[2] < mended:
        return Check(
            "Python",
            "warning",
            f"{says} lacks security fixes that {found[0]}.{found[1]}.{mended} has",
            "Install the newer one, or see that your distribution has put the fixes into this one.",
        )
    return Check("Python", "OK", f"{says} on {platform.system()}")


def _litestar(found: str) -> Check:
    parts = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
    if parts < LITESTAR_LEAST:
        cure = "Install Kanali again with its dependencies."
        return Check("Litestar", "fault", f"{found} is older than {'.'.join(map(str, LITESTAR_LEAST))}", cure)
    return Check("Litestar", "OK", found)


def _sqlite(found: tuple[int, ...]) -> Check:
    says = ".".join(map(str, found))
    if found < SQLITE_MENDED:
        mended = ".".join(map(str, SQLITE_MENDED))
        return Check(
            "SQLite",
            "warning",
            f"{says} can spoil its write-ahead log where a write meets a checkpoint (mended in {mended}); "
            "Kanali lets no two of its processes do that",
            "Let no other program write to the database or copy its log while Kanali runs.",
        )
    return Check("SQLite", "OK", says)


def _postgresql(database: Database) -> Check:
    try:
        with database.read() as session:
            number = session.connection().exec_driver_sql("SHOW server_version_num").scalar_one()
    except (SQLAlchemyError, OperatorError):
        return Check("PostgreSQL", "warning", "its version is not known: it does not answer")
    major, minor = divmod(int(number), 10_000)
    if major < POSTGRESQL_LEAST:
        return Check(
            "PostgreSQL",
            "fault",
            f"{major}.{minor} is older than {POSTGRESQL_LEAST}",
            f"Move the database to version {POSTGRESQL_LEAST} or newer.",
        )
    return Check("PostgreSQL", "OK", f"{major}.{minor}")


def _settings(settings: Settings) -> Check:
    operations = settings.operations
    if operations is not None and not ipaddress.ip_address(operations[0]).is_loopback:
        return Check(
            "settings",
            "warning",
            f"health in detail and metrics are told at {operations[0]} to whoever reaches it",
            "Let a firewall keep strangers out, or set KANALI_OPS_ADDRESS to 127.0.0.1:8001.",
        )
    return Check("settings", "OK", f"all are known; the portal's address is {settings.public_url}")


def _secret(settings: Settings, state: State | None) -> Check:
    try:
        secret = read_secret(settings, state.secret_id if state else None)
    except OperatorError as error:
        return health.refusal("secret", error)
    if state is None or state.secret_id is None:
        return Check("secret", "OK", f"{settings.secret_file} holds one, {secret.id}")
    return Check("secret", "OK", f"{settings.secret_file} is this installation's, {secret.id}")


def _files(settings: Settings) -> Check:
    folder = settings.files_folder
    if not folder.exists():
        return Check("files", "OK", f"{folder} is made when the first photo comes")
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        cure = "Correct its owner and mode, or KANALI_FILES_URL."
        return Check("files", "fault", f"{folder} is no folder that can be written", cure)
    if folder.stat().st_mode & 0o077:
        cure = f"Take their rights away: chmod 700 {folder}"
        return Check("files", "warning", f"{folder} can be read by others on this machine", cure)
    return Check("files", "OK", f"{folder} holds what citizens sent, for its owner only")


def _mail(settings: Settings, state: State | None) -> Check:
    if state is not None and state.is_demonstration:
        return Check("mail", "OK", f"a demonstration sends none; they are written to {settings.mail_folder}")
    if settings.smtp is None:
        return Check(
            "mail",
            "warning",
            f"no mail server is set: mails are written to {settings.mail_folder}, and nobody gets them",
            "Set KANALI_SMTP_URL.",
        )
    where = f"{settings.smtp.host} port {settings.smtp.port}"
    try:
        mail.knock(settings.smtp, patience=MAIL_PATIENCE)
    except MailRefused as refusal:
        return Check(
            "mail",
            "fault",
            f"the mail server {where} does not answer as one ({refusal.code})",
            "See that it runs and that KANALI_SMTP_URL is right.",
        )
    return Check("mail", "OK", f"{where} answers")

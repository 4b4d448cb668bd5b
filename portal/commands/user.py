"""`kanali user`: staff accounts from the terminal. What an administrator does weekly is also a staff page."""

from __future__ import annotations

import secrets
import sys

import click

from feedback.city import versions
from feedback.ledger.notes import SYSTEM
from feedback.people import accounts, factors, sessions
from feedback.people.viewer import ROLES
from portal.installation import opened
from portal.settings import read_settings

_password = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input; else a random one is made."
)


@click.group()
def command() -> None:
    """Add, disable or reset staff accounts."""


@command.command()
@click.argument("email")
@click.option("--name", required=True, help="Name, as citizens may read it.")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What the account may do.")
@click.option(
    "--department", "departments", multiple=True, help="Department that it answers for; may be repeated."
)
@click.option("--language", default="", help="Language of its pages; the city's own if left out.")
@_password
def add(
    email: str, name: str, role: str, departments: tuple[str, ...], language: str, password_stdin: bool
) -> None:
    """Add an account."""
    password = _choose(password_stdin)
    password_hash = accounts.hash_password(password, about=(email, name))
    with opened(read_settings()) as installed, installed.database.write() as session:
        city = versions.current(session).city
        accounts.add(
            session,
            city=city,
            email=email,
            name=name,
            role=role,
            departments=list(departments),
            language=language or city.default_language,
            password_hash=password_hash,
            by=SYSTEM,
            now=installed.clock.now(),
        )
    _tell(f"{email} may sign in at /staff/ as {role}.", password, password_stdin)


@command.command()
@click.argument("email")
def disable(email: str) -> None:
    """End an account's access, and the sessions that it has open."""
    with opened(read_settings()) as installed, installed.database.write() as session:
        account = accounts.disable(session, email=email, by=SYSTEM, now=installed.clock.now())
        assert account.id is not None
        sessions.end_all(session, account.id)
    click.echo(f"{email} may no longer sign in.")


@command.command()
@click.argument("email")
@click.option(
    "--second-factor", is_flag=True, help="Remove app, passkeys and recovery codes too, after a loss."
)
@_password
def reset(email: str, second_factor: bool, password_stdin: bool) -> None:
    """Give an account another password, end its sessions; a disabled one may sign in again."""
    password = _choose(password_stdin)
    password_hash = accounts.hash_password(password, about=(email,))
    with opened(read_settings()) as installed, installed.database.write() as session:
        account = accounts.set_password(
            session, email=email, password_hash=password_hash, by=SYSTEM, now=installed.clock.now()
        )
        assert account.id is not None
        if second_factor:
            factors.remove_all(session, account_id=account.id, by=SYSTEM, now=installed.clock.now())
        sessions.end_all(session, account.id)
    without = " and no second factor" if second_factor else ""
    _tell(f"{email} has another password{without}; its sessions are ended.", password, password_stdin)


def _choose(is_given: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if is_given else secrets.token_urlsafe(16)


def _tell(line: str, password: str, is_given: bool) -> None:
    click.echo(line)
    if not is_given:
        click.echo(f"Password (shown once): {password}")

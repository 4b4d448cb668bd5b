"""`kanali user`: staff accounts from the terminal. What an administrator does weekly is also a staff page."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click
from sqlmodel import Session

from feedback.city import versions
from feedback.ledger.notes import SYSTEM
from feedback.people import accounts, factors, identities, sessions, welcome
from feedback.people.tables import Account
from feedback.people.viewer import ROLES
from feedback.people.welcome import Occasion
from portal.account_letters import welcome_href
from portal.installation import Installed, opened
from portal.settings import read_settings

_password = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of mailing a link."
)
_print_link = click.option(
    "--print-link", is_flag=True, help="Show the link by which the password is chosen instead of mailing it."
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
@_print_link
def add(
    email: str,
    name: str,
    role: str,
    departments: tuple[str, ...],
    language: str,
    password_stdin: bool,
    print_link: bool,
) -> None:
    """Add an account, and mail its person a link by which to choose a password."""
    password_hash = _read_password(password_stdin, print_link, about=(email, name))
    with opened(read_settings()) as installed, installed.database.write() as session:
        city = versions.current(session).city
        account = accounts.add(
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
        said = "" if password_hash else _send(session, installed, account, "invitation", print_link)
    click.echo(f"{email} may sign in at /staff/ as {role}{' once the password is chosen' if said else ''}.")
    if said:
        click.echo(said)


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
@_print_link
def reset(email: str, second_factor: bool, password_stdin: bool, print_link: bool) -> None:
    """End an account's password and sessions, and mail a link to choose another; a disabled one may sign in again."""
    password_hash = _read_password(password_stdin, print_link, about=(email,))
    with opened(read_settings()) as installed, installed.database.write() as session:
        account = accounts.set_password(
            session, email=email, password_hash=password_hash, by=SYSTEM, now=installed.clock.now()
        )
        assert account.id is not None
        if second_factor:
            factors.remove_all(session, account_id=account.id, by=SYSTEM, now=installed.clock.now())
        sessions.end_all(session, account.id)
        said = (
            "" if password_hash else _send(session, installed, account, "reset_by_administrator", print_link)
        )
    click.echo(
        f"{email} {'may choose another password' if said else 'has another password'}; its sessions are ended."
    )
    if second_factor:
        click.echo("It has no second factor any more.")
    if said:
        click.echo(said)


@command.command()
@click.argument("email")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What the account may do from now on.")
@click.option(
    "--department", "departments", multiple=True, help="Department that it answers for; may be repeated."
)
def change(email: str, role: str, departments: tuple[str, ...]) -> None:
    """Give an account another role and other departments, and end its sessions."""
    with opened(read_settings()) as installed, installed.database.write() as session:
        is_changed = accounts.change_rights(
            session,
            city=versions.current(session).city,
            email=email,
            role=role,
            departments=list(departments),
            by=SYSTEM,
            now=installed.clock.now(),
        )
        account = accounts.get_by_email(session, email)
        assert account.id is not None
        if is_changed:
            sessions.end_all(session, account.id)
    said = "its sessions are ended" if is_changed else "nothing was changed"
    click.echo(f"{email} is {role}{' of ' if departments else ''}{', '.join(departments)}; {said}.")


@command.command()
@click.argument("email")
def unbind(email: str) -> None:
    """Forget who of the city's own provider opens an account, and end its sessions; the address binds it anew."""
    with opened(read_settings()) as installed, installed.database.write() as session:
        account = identities.unbind(session, email=email, by=SYSTEM, now=installed.clock.now())
        assert account.id is not None
        sessions.end_all(session, account.id)
    click.echo(f"{email} is bound to nobody of the provider; its sessions are ended.")


def _read_password(is_given: bool, print_link: bool, *, about: tuple[str, ...]) -> str:
    """The hash of the password on standard input; empty where its person is to choose one."""
    if is_given and print_link:
        raise click.UsageError("Give --password-stdin or --print-link, not both.")
    if not is_given:
        return ""
    return accounts.hash_password(sys.stdin.readline().rstrip("\r\n"), about=about)


def _send(
    session: Session, installed: Installed, account: Account, occasion: Occasion, print_link: bool
) -> str:
    """Have the link mailed, or make it for the terminal; the line that says so."""
    assert account.id is not None
    hours = f"works once, within {int(welcome.lives(occasion).total_seconds()) // 3600} h"
    if print_link:
        made = welcome.make(account_id=account.id, occasion=occasion, now=datetime.now(UTC))
        welcome.keep(session, made)
        return f"Link, {hours} (shown once): {welcome_href(installed.settings.public_url, made)}"
    welcome.invite(session, account=account, occasion=occasion, now=installed.clock.now())
    if installed.settings.smtp is None:
        return f"The link ({hours}) is written as a mail to {installed.settings.mail_folder}: no mail server is set."
    return f"The link ({hours}) goes to {account.email} by mail."

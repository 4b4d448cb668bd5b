"""`kanali init`: a new installation. Schema first, then city, first administrator and secret, all or none of them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import sqlalchemy as sa

from feedback.city import versions
from feedback.city.load import read_folder
from feedback.city.profile import City
from feedback.city.tables import CityRow, Installation
from feedback.columns import table_of
from feedback.ledger.notes import SYSTEM
from feedback.people import accounts, welcome
from portal.account_letters import welcome_href
from portal.commands.migrate import migrate
from portal.database import Database
from portal.environment import OperatorError
from portal.installation import first_clock
from portal.secret import make_secret
from portal.settings import Settings, read_settings
from portal.site import check_languages

_CITY = table_of(CityRow)
_INSTALLATION = table_of(Installation)


@click.command()
@click.option(
    "--city", "folder", required=True, type=click.Path(path_type=Path), help="Folder of the city's profile."
)
@click.option("--admin-email", default="", help="E-mail address of the first administrator.")
@click.option("--admin-name", default="", help="Name of the first administrator.")
@click.option(
    "--language", default="", help="Language of the first administrator; the city's own if left out."
)
def command(folder: Path, admin_email: str, admin_name: str, language: str) -> None:
    """Create the database, load a city, make the first administrator."""
    settings = read_settings()
    city = read_folder(folder)
    check_languages(city)
    is_terminal = sys.stdin.isatty()
    if not admin_email:
        if not is_terminal:
            raise click.UsageError("Say who the first administrator is: --admin-email, --admin-name.")
        admin_email = click.prompt("E-mail address of the first administrator")
    admin_name = admin_name or (click.prompt("Name") if is_terminal else admin_email.partition("@")[0])
    link = init(
        settings,
        city,
        admin_email=admin_email,
        admin_name=admin_name,
        language=language or city.default_language,
        password=_choose_password() if is_terminal else "",
    )
    name = city.identity.name.get("en", city.identity.key)
    click.echo(f"{settings.database_name} is ready for {name}. Next: kanali serve")
    click.echo(
        f"Keep a copy of {settings.secret_file} apart from the database: without it no follow-up code works."
    )
    if link:
        hours = int(welcome.INVITATION_LIVES.total_seconds()) // 3600
        click.echo(f"Administrator {admin_email} chooses a password here, once, within {hours} h: {link}")


def init(
    settings: Settings, city: City, *, admin_email: str, admin_name: str, language: str, password: str
) -> str:
    """Make the installation; without a password the link by which the administrator chooses one, else nothing.

    Refuses (`OperatorError`) a database that holds an installation; (Invalid) a faulty administrator.
    """
    password_hash = accounts.hash_password(password, about=(admin_email, admin_name)) if password else ""
    migrate(settings)
    database = Database(settings.database_url)
    clock = first_clock(settings)
    try:
        database.check(is_owner_apart=settings.is_owner_apart)
        with database.write() as session:
            if session.execute(sa.select(_INSTALLATION.c.id)).first():
                raise OperatorError(
                    f"{database.shown} holds an installation already: "
                    "use kanali serve, or another KANALI_DATABASE_URL."
                )
            now = clock.now()
            ruling = versions.store(session, city=city, source="load", by=SYSTEM, now=now)
            account = accounts.add(
                session,
                city=city,
                email=admin_email,
                name=admin_name,
                role="admin",
                departments=[],
                language=language,
                password_hash=password_hash,
                by=SYSTEM,
                now=now,
            )
            # Last, so that a refused administrator leaves no secret behind that belongs to nothing.
            secret = make_secret(settings)
            session.add(
                Installation(
                    city_id=session.execute(
                        sa.select(_CITY.c.id).where(_CITY.c.current_id == ruling.version_id)
                    ).scalar_one(),
                    secret_id=secret.id,
                    clock_ahead=int(clock.ahead.total_seconds()),
                    made_at=now,
                )
            )
            if password:
                return ""
            assert account.id is not None
            made = welcome.make(account_id=account.id, occasion="invitation", now=datetime.now(UTC))
            welcome.keep(session, made)
            return welcome_href(settings.public_url, made)
    finally:
        database.close()


def _choose_password() -> str:
    """Typed twice at the terminal; empty where it is to be chosen by a link."""
    return str(
        click.prompt(
            "Password (empty: you get a link to choose it)",
            default="",
            hide_input=True,
            show_default=False,
            confirmation_prompt="Once more",
        )
    )

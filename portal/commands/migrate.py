"""`kanali migrate`: brings the database to the newest schema, any number of times, several starts at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from portal import rights
from portal.database import Database, find_revision, known_revisions
from portal.environment import OperatorError
from portal.settings import MIGRATIONS, Settings, read_settings

if TYPE_CHECKING:
    from alembic.config import Config


@click.command()
def command() -> None:
    """Bring the database to the newest schema."""
    settings = read_settings()
    before, after = migrate(settings)
    if before == after:
        click.echo(f"The schema is the newest already ({after}).")
    else:
        click.echo(f"The schema is now {after} (was: {before or 'none'}).")


def migrate(settings: Settings) -> tuple[str | None, str]:
    """The schema's revision before and after. Refuses (`OperatorError`) a database newer than this program."""
    database = Database(settings.owner_url)
    try:
        with database.change_schema() as connection, _missing_rights():
            before = find_revision(connection)
            if before is not None and before not in known_revisions():
                raise OperatorError(
                    f"The database {settings.database_name} is newer than this program (schema {before}): "
                    "install the newer Kanali."
                )
            upgrade(connection)
            if settings.is_owner_apart:
                _grant(connection, settings)
        return before, known_revisions()[-1]
    finally:
        database.close()


def upgrade(connection: sa.Connection) -> None:
    """Apply the missing revisions on an open transaction."""
    from alembic import command as alembic  # needed here only: a server starts quicker without it

    alembic.upgrade(config_for(connection), "head")


def config_for(connection: sa.Connection) -> Config:
    """Alembic's configuration, made in code: there is no file that could say otherwise."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _grant(connection: sa.Connection, settings: Settings) -> None:
    """The rights of the application's role; where its URL names none, the one as which PostgreSQL takes it."""
    role = sa.make_url(settings.database_url).username or _asked_role(settings)
    if role != connection.execute(sa.text("SELECT current_user")).scalar_one():
        rights.grant(connection, role)


def _asked_role(settings: Settings) -> str:
    database = Database(settings.database_url)
    try:
        with database.read() as session:
            return str(session.execute(sa.text("SELECT current_user")).scalar_one())
    finally:
        database.close()


@contextmanager
def _missing_rights() -> Iterator[None]:
    try:
        yield
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":
            raise
        reason = str(error.orig).splitlines()[0]
        raise OperatorError(
            f"PostgreSQL does not let this role change the schema ({reason}): "
            "set KANALI_OWNER_URL to the role that owns the tables."
        ) from error

"""`kanali migrate`: brings the database to the newest schema, any number of times, several starts at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from portal.database import Database, find_revision, known_revisions
from portal.settings import MIGRATIONS, OperatorError, Settings, read_settings

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
            if settings.owner_url != settings.database_url:
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
    """What the application's role may do on PostgreSQL: everything with rows, but the ledger is insert-only."""
    role = sa.make_url(settings.database_url).username
    if not role or role == sa.make_url(settings.owner_url).username:
        return
    quoted = connection.dialect.identifier_preparer.quote(role)
    for statement in (
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}",
        f"REVOKE UPDATE, DELETE ON note FROM {quoted}",
        f"REVOKE UPDATE ON note_payload FROM {quoted}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {quoted}",
    ):
        connection.exec_driver_sql(statement)


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

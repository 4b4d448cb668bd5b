"""PostgreSQL with two roles: the portal does all its work as one that can't change the ledger, only add to it.

The tables belong to another role (KANALI_OWNER_URL); the database itself refuses what the portal's role may not do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from msgspec import Struct, structs
from sqlalchemy.exc import DatabaseError

from feedback.city.load import read_folder
from feedback.custody.verify import verify
from feedback.ledger.tables import Leaf, Note
from portal import jobs
from portal.commands.init import init
from portal.commands.migrate import migrate
from portal.database import TRIGGERS, Database
from portal.environment import OperatorError
from portal.health import examine
from portal.installation import opened
from portal.operations import NEEDED
from portal.rights import CHANGES, LEDGER
from portal.settings import Settings
from tests.conftest import settings_for
from tests.feedback.custody import lived
from tests.postgresql import Server
from tests.running import running
from tests.town import RIVERTON, Town

WORD = "for-this-test"
REFUSED = {
    **{
        f"{table}: {what}": statement.format(table=table, column=column)
        for table, column in (
            ("note", "facts"),
            ("note_payload", "content"),
            ("leaf", "hash"),
            ("tree_head", "root"),
        )
        for what, statement in {
            "update": "UPDATE {table} SET {column} = ''",
            "delete": "DELETE FROM {table}",
            "truncate": "TRUNCATE {table} CASCADE",
            "drop": "DROP TABLE {table} CASCADE",
            "alter": "ALTER TABLE {table} ADD COLUMN more integer",
            "rename": "ALTER TABLE {table} RENAME TO other",
            "disable": "ALTER TABLE {table} DISABLE TRIGGER ALL",
            "trigger": "CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "rule": "CREATE RULE mine AS ON INSERT TO {table} DO INSTEAD NOTHING",
            "give away": "ALTER TABLE {table} OWNER TO CURRENT_USER",
        }.items()
        if (table, what) != ("note_payload", "delete")  # A lawful erasure deletes words.
    },
    **{
        f"drop {name}": f"DROP TRIGGER {name} ON {name.partition('_no_')[0]}"
        for name in ("note_no_update", "note_no_delete", "leaf_no_update", "tree_head_no_delete")
    },
    "function": "CREATE OR REPLACE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RETURN NEW; END $$",
    "drop the function": "DROP FUNCTION refuse_ledger_change() CASCADE",
    "without triggers": "SET session_replication_role = replica",
    "become the owner": "SET ROLE {owner}",
    "schema": "DROP SCHEMA public CASCADE",
    "revision": "UPDATE alembic_version SET version_num = ''",
}
"""What → the statement of the portal's role that the database must refuse."""


class Roles(Struct, frozen=True):
    """A database that belongs to `owner`, and the portal's settings on it, whose role is `application`."""

    owner: str
    application: str
    settings: Settings
    administrator: str
    """The URL of the server's own administrator on the same database."""

    def as_administrator(self, statement: str) -> None:
        with psycopg.connect(self.administrator, autocommit=True) as connection:
            connection.execute(statement.format(owner=self.owner, application=self.application).encode())


@pytest.fixture
def roles(postgresql_server: Server, tmp_path: Path) -> Iterator[Roles]:
    """An empty database with its two roles; gone afterwards."""
    suffix = uuid4().hex[:10]
    name, owner, application = f"kanali_{suffix}", f"owner_{suffix}", f"portal_{suffix}"
    with psycopg.connect(postgresql_server.url, autocommit=True) as connection:
        for role in (owner, application):
            connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{WORD}'".encode())
        connection.execute(
            f"CREATE DATABASE {name} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8'".encode()
        )
    administrator = postgresql_server.url_of(name)
    owned, served = (
        sa.make_url(administrator).set(username=role, password=WORD).render_as_string(hide_password=False)
        for role in (owner, application)
    )
    yield Roles(
        owner, application, settings_for(served, tmp_path, {"KANALI_OWNER_URL": owned}), administrator
    )
    postgresql_server.drop(name)
    with psycopg.connect(postgresql_server.url, autocommit=True) as connection:
        for role in (owner, application):
            connection.execute(f"DROP ROLE {role}".encode())


@pytest.fixture
def town(roles: Roles) -> Iterator[Town]:
    """A town whose portal has the application's role."""
    migrate(roles.settings)
    database = Database(roles.settings.database_url)
    database.check(is_owner_apart=True)
    yield Town(database, roles.settings)
    database.close()


def test_the_portals_role_does_everything_that_happens_in_a_town(town: Town) -> None:
    """Send, answer, ask, rate, close a month, freeze, seal, and every job of the worker."""
    lived.live(town)
    town.citizen_reports("The bench is broken.", service="roads", email="rea@example.org")
    town.clerk().get("/staff/inbox")
    for _ in range(3):
        town.later(days=40)
        assert jobs.run_due(town.site, now=town.now) > 0
    with town.read() as session:
        assert list(verify(session)) == []
        failed = session.execute(sa.text("SELECT kind, error FROM job WHERE error <> ''")).all()
    assert failed == []
    lived.seal(town)
    assert town.count(Leaf) == town.count(Note)


def test_the_database_refuses_that_role_every_change_of_the_ledger(roles: Roles, town: Town) -> None:
    report = town.citizen_reports("The bench is broken.", service="roads", email="rea@example.org")
    town.answers(report)
    lived.seal(town)
    before = [town.rows(model) for model in (Note, Leaf)]
    allowed = []
    for what, statement in REFUSED.items():
        try:
            with town.database.write() as session:
                session.connection().exec_driver_sql(
                    statement.replace("CURRENT_USER", roles.application).replace("{owner}", roles.owner)
                )
            allowed.append(what)
        except DatabaseError as error:
            said = str(error.orig)
            assert "permission denied" in said or "must be owner" in said, f"{what}: {said}"
    assert allowed == []
    town.database.check(is_owner_apart=True)
    assert [town.rows(model) for model in (Note, Leaf)] == before
    with town.database.write() as session:
        assert session.execute(sa.text("DELETE FROM note_payload")).rowcount > 0, "a lawful erasure"  # type: ignore[attr-defined]


def test_what_refuses_a_change_stands_for_the_owner_too(roles: Roles, town: Town) -> None:
    town.citizen_reports("The bench is broken.", service="roads")
    owner = Database(roles.settings.owner_url)
    try:
        for statement in ("UPDATE note SET facts = ''", "DELETE FROM note", "TRUNCATE note CASCADE"):
            with pytest.raises(DatabaseError, match="insert-only"), owner.write() as session:
                session.execute(sa.text(statement))
    finally:
        owner.close()


def test_init_and_serve_with_two_roles(roles: Roles, tmp_path: Path) -> None:
    (tmp_path / "secret").unlink()
    init(
        roles.settings,
        read_folder(RIVERTON),
        admin_email="first@riverton.example",
        admin_name="First",
        language="en",
        password="a long enough password",
    )
    # Whoever serves needs to know that there is an owner, not the owner's password.
    nameless = (
        sa.make_url(roles.settings.owner_url).set(password="none").render_as_string(hide_password=False)
    )
    with running(roles.settings.database_url, tmp_path, more={"KANALI_OWNER_URL": nameless}) as portal:
        assert httpx.get(f"{portal.address}/health/ready").text == "ready\n"
        assert httpx.get(f"{portal.address}/data/log-head.json").json()["city"] == "riverton"


# ── what is refused at the start ────────────────────────────────────────────────────────────────────────────


def refusal(settings: Settings) -> str:
    database = Database(settings.database_url)
    try:
        with pytest.raises(OperatorError) as refused:
            database.check(is_owner_apart=settings.is_owner_apart)
    finally:
        database.close()
    assert "\n" not in refused.value.line
    return refused.value.line


def test_a_role_that_owns_the_ledger_is_refused(roles: Roles, tmp_path: Path) -> None:
    """As after years with one role: the cure is said, and it works."""
    roles.as_administrator("ALTER SCHEMA public OWNER TO {application}")
    alone = settings_for(roles.settings.database_url, tmp_path)
    migrate(alone)
    Database(alone.database_url).check(is_owner_apart=alone.is_owner_apart)
    said = refusal(roles.settings)
    assert f"REASSIGN OWNED BY {roles.application} TO" in said
    assert "kanali migrate" in said
    roles.as_administrator("REASSIGN OWNED BY {application} TO {owner}")
    assert "run kanali migrate" in refusal(roles.settings), "it has no rights at all now"
    migrate(roles.settings)
    Database(roles.settings.database_url).check(is_owner_apart=True)


def test_no_command_opens_an_installation_whose_role_could_change_the_ledger(
    roles: Roles, town: Town
) -> None:
    with opened(roles.settings) as installed:
        assert installed.database.url == roles.settings.database_url
    roles.as_administrator("GRANT DELETE ON tree_head TO {application}")
    with pytest.raises(OperatorError, match="DELETE on tree_head"), opened(roles.settings):
        pass
    alone = structs.replace(roles.settings, owner_url=roles.settings.database_url)
    with opened(alone):
        pass  # Nobody said that the owner is another one.


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("ALTER TABLE leaf OWNER TO {application}", "owns the ledger"),
        ("ALTER SCHEMA public OWNER TO {application}", "owns the ledger"),
        ("GRANT {owner} TO {application}", "owns the ledger"),
        ("ALTER ROLE {application} SUPERUSER", "whom nothing keeps"),
        ("GRANT UPDATE ON note TO {application}", "may change the ledger"),
        ("GRANT UPDATE (root) ON tree_head TO {application}", "UPDATE on tree_head"),
        ("GRANT TRUNCATE ON note_payload TO PUBLIC", "TRUNCATE on note_payload"),
        ("GRANT DELETE, TRIGGER ON leaf TO {application}", "DELETE on leaf, TRIGGER on leaf"),
        ("REVOKE ALL ON alembic_version FROM {application}", "run kanali migrate"),
    ],
)
def test_a_role_that_could_change_the_ledger_is_refused(roles: Roles, change: str, words: str) -> None:
    migrate(roles.settings)
    Database(roles.settings.database_url).check(is_owner_apart=True)
    roles.as_administrator(change)
    assert words in refusal(roles.settings)
    if "GRANT {owner}" not in change and "ALTER" not in change and "(root)" not in change:
        migrate(roles.settings)
        Database(roles.settings.database_url).check(is_owner_apart=True)


def test_a_right_too_many_makes_the_portal_unready_while_it_runs(roles: Roles) -> None:
    """Somebody may give it by hand after the start: doctor and the operations listener say so."""
    migrate(roles.settings)

    def rights() -> tuple[str, str, str]:
        database = Database(roles.settings.database_url)
        try:
            found, _ = examine(database, roles.settings)
        finally:
            database.close()
        (check,) = (check for check in found if check.name == "rights")
        return check.verdict, check.says, check.cure

    assert rights() == ("OK", "the program's role can add to the ledger only", "")
    roles.as_administrator("GRANT UPDATE ON leaf TO {application}")
    verdict, says, cure = rights()
    assert (verdict, cure) == ("fault", "Run kanali migrate, which takes these rights back.")
    assert "UPDATE on leaf" in says
    assert "rights" in NEEDED
    roles.as_administrator("ALTER TABLE leaf OWNER TO {application}")
    verdict, says, cure = rights()
    assert says.endswith("so nothing keeps it from changing it")
    assert cure.startswith("Give database and tables to the role of KANALI_OWNER_URL (REASSIGN OWNED BY")


def test_a_url_without_a_role_gets_the_rights_as_well(roles: Roles, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with peer authentication: PostgreSQL itself says who it is."""
    url = sa.make_url(roles.settings.database_url)
    monkeypatch.setenv("PGUSER", roles.application)
    monkeypatch.setenv("PGPASSWORD", WORD)
    bare = f"postgresql://{url.host}:{url.port}/{url.database}"
    migrate(structs.replace(roles.settings, database_url=bare))
    Database(roles.settings.database_url).check(is_owner_apart=True)


def test_the_ledgers_tables_are_those_that_the_rights_name() -> None:
    assert LEDGER.keys() == {"note", "note_payload", "leaf", "tree_head"}
    assert all(set(rights) <= {"SELECT", "INSERT", *CHANGES} for rights in LEDGER.values())
    assert {name.rpartition("_no_")[0] for name in TRIGGERS["postgresql"]} <= LEDGER.keys()

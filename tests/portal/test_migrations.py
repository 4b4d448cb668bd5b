"""The schema: the same from the revisions as from the models, insert-only where it must be, safe to repeat."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command as alembic
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DatabaseError

from portal.commands.migrate import config_for, migrate, upgrade
from portal.database import TRIGGERS, Database, find_revision, find_triggers, known_revisions
from portal.environment import OperatorError
from portal.settings import read_settings
from tests.conftest import settings_for
from tests.postgresql import Server

NOTE = (
    "INSERT INTO note (kind, subject, seq, at, actor_kind, act, facts, salt, facts_digest, words_digest, "
    "previous, hash) VALUES ('item', 1, 1, '2026-11-02 09:00:00', 'citizen', 'submitted', '{}', '', '', '', '', '')"
)
LEAF = "INSERT INTO leaf (n, kind, subject, seq, hash) VALUES (0, 'item', 1, 1, '{}')"
HEAD = "INSERT INTO tree_head (size, root, peaks, at) VALUES (1, '{}', '[]', '2026-11-02 09:00:00')"
PAYLOAD = "INSERT INTO note_payload (kind, subject, seq, salt, content) VALUES ('item', 1, 1, '', 'words')"


def test_models_and_revisions_agree(database: Database) -> None:
    with database.change_schema() as connection:
        alembic.check(config_for(connection))


def test_a_column_that_no_revision_makes_is_found(database: Database) -> None:
    with database.change_schema() as connection:
        connection.exec_driver_sql("ALTER TABLE counter DROP COLUMN last")
        with pytest.raises(Exception, match="New upgrade operations detected"):
            alembic.check(config_for(connection))


def test_revisions_are_one_line_in_the_order_of_their_names(sqlite_database: Database) -> None:
    with sqlite_database.change_schema() as connection:
        scripts = ScriptDirectory.from_config(config_for(connection))
    line = [script.revision for script in scripts.walk_revisions()][::-1]
    assert line == known_revisions()
    assert all(len(name) <= 32 for name in line), "alembic_version holds 32 characters"


def test_all_revisions_leave_exactly_the_triggers_of_the_ledger(empty_url: str) -> None:
    database = Database(empty_url)
    with database.change_schema() as connection:
        upgrade(connection)
        assert find_triggers(connection) == TRIGGERS[database.dialect]
    database.close()


def test_migrating_twice_is_the_same_as_once(empty_url: str, tmp_path: Path) -> None:
    settings = settings_for(empty_url, tmp_path)
    assert migrate(settings) == (None, known_revisions()[-1])
    assert migrate(settings) == (known_revisions()[-1], known_revisions()[-1])


def test_concurrent_starts_migrate_once(empty_url: str) -> None:
    program = "import sys; from portal.command_line import run; sys.exit(run(['migrate']))"
    environ = {"KANALI_DATABASE_URL": empty_url, "PATH": ""}
    starts = [
        subprocess.Popen([sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = sorted(start.communicate(timeout=120)[0].split(" (")[0] for start in starts)
    assert [start.returncode for start in starts] == [0, 0, 0]
    newest = f"The schema is now {known_revisions()[-1]}"
    assert said == sorted([newest, "The schema is the newest already", "The schema is the newest already"])


def test_a_migration_that_fails_leaves_nothing(empty_url: str) -> None:
    database = Database(empty_url)
    with pytest.raises(KeyError), database.change_schema() as connection:
        upgrade(connection)
        raise KeyError
    with database.change_schema() as connection:
        assert find_revision(connection) is None
        assert sa.inspect(connection).get_table_names() == []
    database.close()


def test_a_newer_database_is_refused(database: Database, tmp_path: Path) -> None:
    with database.change_schema() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '2099_01_01_later'"))
    with pytest.raises(OperatorError, match="install the newer Kanali"):
        migrate(settings_for(database.url, tmp_path))


def test_a_migration_that_orphans_a_row_is_taken_back(sqlite_database: Database) -> None:
    with (
        pytest.raises(RuntimeError, match="without its parent"),
        sqlite_database.change_schema() as connection,
    ):
        connection.exec_driver_sql("INSERT INTO membership (account_id, department) VALUES (7, 'works')")
    with sqlite_database.read() as session:
        assert session.execute(sa.text("SELECT count(*) FROM membership")).scalar_one() == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE note SET facts = 'other'",
        "DELETE FROM note",
        "UPDATE note_payload SET content = 'other'",
        "UPDATE leaf SET hash = 'other'",
        "DELETE FROM leaf",
        "UPDATE tree_head SET root = 'other'",
        "DELETE FROM tree_head",
    ],
)
def test_the_ledger_refuses_every_change(database: Database, change: str) -> None:
    with database.write() as session:
        for row in (NOTE, PAYLOAD, LEAF, HEAD):
            session.execute(sa.text(row))
    with pytest.raises(DatabaseError, match="insert-only"), database.write() as session:
        session.execute(sa.text(change))
    with database.read() as session:
        assert session.execute(sa.text("SELECT facts FROM note")).scalar_one() == "{}"
        assert session.execute(sa.text("SELECT content FROM note_payload")).scalar_one() == "words"
        assert session.execute(sa.text("SELECT hash FROM leaf")).scalar_one() == "{}"
        assert session.execute(sa.text("SELECT root FROM tree_head")).scalar_one() == "{}"


def test_replacing_a_row_of_the_ledger_is_refused_too(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        for row in (NOTE, LEAF, HEAD):
            session.execute(sa.text(row))
    for row in (NOTE, LEAF, HEAD):
        with pytest.raises(DatabaseError, match="insert-only"), sqlite_database.write() as session:
            session.execute(sa.text(row.replace("INSERT", "INSERT OR REPLACE").replace("'{}'", "'other'")))


@pytest.mark.parametrize("table", ["note", "leaf", "tree_head"])
def test_emptying_the_ledger_is_refused_too(postgresql_database: Database, table: str) -> None:
    with pytest.raises(DatabaseError, match="insert-only"), postgresql_database.write() as session:
        session.execute(sa.text(f"TRUNCATE {table} CASCADE"))


def test_a_payload_may_be_deleted(database: Database) -> None:
    with database.write() as session:
        session.execute(sa.text(NOTE))
        session.execute(sa.text(PAYLOAD))
    with database.write() as session:
        session.execute(sa.text("DELETE FROM note_payload"))
    with database.read() as session:
        assert session.execute(sa.text("SELECT count(*) FROM note_payload")).scalar_one() == 0


def test_the_role_of_the_application_cannot_change_the_ledger(
    postgresql_server: Server, postgresql_database: Database, tmp_path: Path
) -> None:
    role = f"kanali_app_{postgresql_database.url[-8:]}"
    with postgresql_database.change_schema() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD 'for-this-test'")
    owner = sa.make_url(postgresql_database.url)
    url = owner.set(username=role, password="for-this-test").render_as_string(hide_password=False)
    application = Database(url)
    try:
        with pytest.raises(OperatorError, match="KANALI_OWNER_URL"):
            migrate(read_settings({"KANALI_DATABASE_URL": url}))
        migrate(settings_for(url, tmp_path, {"KANALI_OWNER_URL": postgresql_database.url}))
        application.check()
        with application.write() as session:
            session.execute(sa.text(NOTE))
            session.execute(
                sa.text("INSERT INTO city (key, code, version, notes, head) VALUES ('a', 'A', 0, 0, '')")
            )
        for change in (
            "UPDATE note SET facts = ''",
            "DELETE FROM note",
            "ALTER TABLE note DISABLE TRIGGER ALL",
        ):
            with (
                pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
                application.write() as session,
            ):
                session.execute(sa.text(change))
    finally:
        application.close()
        with postgresql_database.change_schema() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")

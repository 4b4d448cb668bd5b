"""Reading and writing: all or nothing, one moment, one writer, on disk when it returns."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from feedback.items.tables import Counter
from portal.database import THREADS, Database, check_revision
from portal.environment import OperatorError
from tests.postgresql import Server

COUNT = sa.text("SELECT count(*) FROM counter")


def add(database: Database, year: int) -> None:
    with database.write() as session:
        session.add(Counter(year=year, last=1))


def count(database: Database) -> int:
    with database.read() as session:
        return int(session.execute(COUNT).scalar_one())


def test_what_was_written_is_read(database: Database) -> None:
    add(database, 2026)
    assert count(database) == 1


def test_an_exception_takes_all_of_a_write_back(database: Database) -> None:
    with pytest.raises(KeyError), database.write() as session:
        session.add(Counter(year=2026, last=1))
        session.flush()
        raise KeyError
    assert count(database) == 0
    add(database, 2026)


def test_a_reader_sees_one_moment(database: Database) -> None:
    with database.read() as session:
        assert session.execute(COUNT).scalar_one() == 0
        add(database, 2026)
        assert session.execute(COUNT).scalar_one() == 0
    assert count(database) == 1


def test_a_reader_can_change_nothing(database: Database) -> None:
    with pytest.raises(DatabaseError, match=r"(?i)read-?only"), database.read() as session:
        session.execute(sa.text("INSERT INTO counter (year, last) VALUES (2026, 1)"))
    with pytest.raises(RuntimeError, match="only reads"), database.read() as session:
        session.add(Counter(year=2026, last=1))
    assert count(database) == 0


def test_a_commit_is_on_disk(database: Database) -> None:
    question = "PRAGMA synchronous" if database.dialect == "sqlite" else "SHOW synchronous_commit"
    expected = "2" if database.dialect == "sqlite" else "on"
    for opened in (database.read, database.write):
        with opened() as session:
            assert str(session.execute(sa.text(question)).scalar_one()) == expected


def test_foreign_keys_are_kept(database: Database) -> None:
    with pytest.raises(DatabaseError, match=r"(?i)foreign key"), database.write() as session:
        session.execute(sa.text("INSERT INTO membership (account_id, department) VALUES (7, 'works')"))


def test_parallel_writers_lose_nothing(database: Database) -> None:
    add(database, 2026)

    def raise_it() -> None:
        for _ in range(10):
            with database.write() as session:
                session.execute(sa.text("UPDATE counter SET last = last + 1 WHERE year = 2026"))

    threads = [threading.Thread(target=raise_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.get_one(Counter, 2026).last == 61


def test_writers_of_two_processes_lose_nothing(sqlite_database: Database) -> None:
    add(sqlite_database, 2026)
    program = (
        "import sys, sqlalchemy as sa; from portal.database import Database\n"
        "database = Database(sys.argv[1])\n"
        "for _ in range(40):\n"
        "    with database.write() as session:\n"
        "        session.execute(sa.text('UPDATE counter SET last = last + 1'))\n"
        "    database.checkpoint()\n"
    )
    others = [subprocess.Popen([sys.executable, "-c", program, sqlite_database.url]) for _ in range(2)]
    for _ in range(40):
        with sqlite_database.write() as session:
            session.execute(sa.text("UPDATE counter SET last = last + 1"))
    assert [other.wait(60) for other in others] == [0, 0]
    with sqlite_database.read() as session:
        assert session.get_one(Counter, 2026).last == 121
        assert session.execute(sa.text("PRAGMA integrity_check")).scalar_one() == "ok"


def test_a_write_waits_while_another_process_has_the_turn(sqlite_database: Database) -> None:
    lock = os.open(f"{sqlite_database.file}.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    done = threading.Event()
    writer = threading.Thread(target=lambda: (add(sqlite_database, 2026), done.set()))
    writer.start()
    assert not done.wait(0.3)
    assert count(sqlite_database) == 0
    os.close(lock)
    assert done.wait(10)
    writer.join()
    assert count(sqlite_database) == 1


def test_a_write_inside_a_write_is_refused(sqlite_database: Database) -> None:
    with pytest.raises(RuntimeError, match="inside another"), sqlite_database.write():
        add(sqlite_database, 2026)
    add(sqlite_database, 2026)


def test_a_checkpoint_carries_the_log_over(sqlite_database: Database) -> None:
    log = sqlite_database.file.with_name("kanali.db-wal")
    add(sqlite_database, 2026)
    length = log.stat().st_size
    assert length > 0
    sqlite_database.checkpoint()
    for year in range(3):
        add(sqlite_database, year)
        sqlite_database.checkpoint()
    assert log.stat().st_size <= length, "the log begins anew once it was carried over"


def test_without_a_worker_the_log_is_carried_over_all_the_same(sqlite_database: Database) -> None:
    database = Database(sqlite_database.url, wal_limit=40_000)
    for year in range(60):
        add(database, year)
    assert database.file.with_name("kanali.db-wal").stat().st_size < 80_000
    database.close()


def test_the_last_to_leave_carries_the_log_over(sqlite_database: Database) -> None:
    add(sqlite_database, 2026)
    sqlite_database.close()
    assert not sqlite_database.file.with_name("kanali.db-wal").exists()
    assert count(sqlite_database) == 1


def test_a_good_database_passes_its_check(database: Database) -> None:
    database.check()


def test_a_database_whose_ledger_lost_its_triggers_is_refused(database: Database) -> None:
    on = " ON note" if database.dialect == "postgresql" else ""
    with database.change_schema() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER note_no_delete{on}")
    with pytest.raises(OperatorError, match="note_no_delete"):
        database.check()


def test_a_trigger_that_is_off_counts_as_lost(postgresql_database: Database) -> None:
    with postgresql_database.change_schema() as connection:
        connection.exec_driver_sql("ALTER TABLE note DISABLE TRIGGER note_no_update")
    with pytest.raises(OperatorError, match="note_no_update"):
        postgresql_database.check()


@pytest.mark.parametrize(
    ("revision", "cure"), [("2020_01_01_older", "install the newer Kanali"), (None, "kanali init")]
)
def test_a_schema_that_is_not_ours_is_refused(database: Database, revision: str | None, cure: str) -> None:
    with database.change_schema() as connection:
        connection.execute(sa.text("DELETE FROM alembic_version"))
        if revision:
            connection.execute(sa.text("INSERT INTO alembic_version VALUES (:r)"), {"r": revision})
    with pytest.raises(OperatorError, match=cure):
        database.check()


def test_an_older_schema_is_refused() -> None:
    with pytest.raises(OperatorError, match="kanali migrate"):
        check_revision("2026_11_21_first", ["2026_11_21_first", "2027_01_05_later"], "kanali.db")


def test_a_missing_file_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="run kanali init"):
        Database(f"sqlite:///{tmp_path}/kanali.db").check()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(OperatorError, match="is not a database"):
        Database(f"sqlite:///{file}").check()
    with (
        pytest.raises(OperatorError, match="is not a database"),
        Database(f"sqlite:///{file}").change_schema(),
    ):
        pass
    assert file.read_text().startswith("Dear Sir")


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(OperatorError, match="make its folder"),
        Database(f"sqlite:///{tmp_path}/a/b/kanali.db").change_schema(),
    ):
        pass


def test_an_unwritable_database_is_refused(sqlite_database: Database) -> None:
    # Root may write everything, so as root the program becomes somebody else after it has loaded all that it needs.
    program = (
        "import os, sys; from portal.database import Database; from portal.environment import OperatorError\n"
        "Database(sys.argv[1]).check()\n"
        "os.geteuid() or os.setuid(65534)\n"
        "try: Database(sys.argv[2]).check()\n"
        "except OperatorError as error: print(error.line)\n"
    )
    sqlite_database.close()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copyfile(sqlite_database.file, folder / "kanali.db")
        (folder / "kanali.db").chmod(0o444)
        (folder / "kanali.db.lock").touch()
        (folder / "kanali.db.lock").chmod(0o666)
        done = subprocess.run(
            [sys.executable, "-c", program, sqlite_database.url, f"sqlite:///{folder}/kanali.db"],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert "correct its owner and mode" in done.stdout, done.stderr
    assert done.stdout.count("\n") == 1


def test_a_server_that_does_not_answer_is_one_line() -> None:
    with pytest.raises(OperatorError, match="does not answer") as refusal:
        Database("postgresql://nobody:hidden@127.0.0.1:1/none").check()
    assert "\n" not in refusal.value.line
    assert "hidden" not in refusal.value.line


def test_a_database_that_cannot_keep_every_letter_is_refused(postgresql_server: Server) -> None:
    with psycopg.connect(postgresql_server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE ascii_only ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    try:
        database = Database(postgresql_server.url_of("ascii_only"))
        with pytest.raises(OperatorError, match="UTF8"):
            database.check()
        database.close()
    finally:
        postgresql_server.drop("ascii_only")


def test_a_second_server_on_one_file_is_refused(sqlite_database: Database) -> None:
    with sqlite_database.serve_lock():
        with (
            pytest.raises(OperatorError, match="Another kanali serve"),
            Database(sqlite_database.url).serve_lock(),
        ):
            pass
        add(sqlite_database, 2026)
    with Database(sqlite_database.url).serve_lock():
        pass


def test_several_servers_share_one_postgresql(postgresql_database: Database) -> None:
    with postgresql_database.serve_lock(), Database(postgresql_database.url).serve_lock():
        pass


def test_a_database_is_made_for_its_owner_only(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/var/kanali.db")
    with database.change_schema() as connection:
        connection.exec_driver_sql("CREATE TABLE sheet (id INTEGER)")
    modes = {file.name: file.stat().st_mode & 0o777 for file in database.file.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert database.file.parent.stat().st_mode & 0o777 == 0o700
    database.close()


def test_sixteen_readers_do_not_wait_for_one_another(database: Database) -> None:
    ready = threading.Barrier(THREADS)

    def read() -> None:
        with database.read() as session:
            session.execute(COUNT)
            ready.wait(20)

    threads = [threading.Thread(target=read) for _ in range(THREADS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not ready.broken
    assert time.monotonic() - began < 20

"""`kanali doctor`: silent faults are named with their cure, a sound installation has none, and no secret is shown."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from portal import schedule
from portal.command_line import run
from portal.commands import doctor
from portal.database import Database
from portal.settings import Settings
from tests.conftest import settings_for
from tests.post_office import HANG, MailServer
from tests.running import free_port
from tests.town import Town

OF_THIS_MACHINE = {"Python", "SQLite", "rights"}
"""What may be old here, and that one role owns the databases of the tests."""


class Doctor:
    """An installation in the environment, and what the doctor says of it."""

    def __init__(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.settings = settings
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.code = 0
        self.said = ""
        self.is_set("DATABASE_URL", settings.database_url)
        self.is_set("SECRET_FILE", str(settings.secret_file))

    def is_set(self, name: str, value: str) -> None:
        self._monkeypatch.setenv(f"KANALI_{name}", value)

    def looks(self) -> dict[str, tuple[str, str]]:
        """Check → verdict and the rest of its line."""
        self.code = run(["doctor"])
        out = self._capsys.readouterr()
        assert out.err == ""
        self.said = out.out
        found = {}
        for line in out.out.splitlines():
            name, _, words = line[8:].partition(": ")
            found[name] = (line[:8].strip(), words)
        return found

    def finds(self, verdict: str) -> set[str]:
        """The checks with this verdict. What the server of the tests lacks on purpose is nobody's fault."""
        found = {name for name, (is_so, _) in self.looks().items() if is_so == verdict}
        return found - ({"durability"} if self.has_unsafe_server else set())

    @property
    def has_unsafe_server(self) -> bool:
        if self.settings.is_sqlite:
            return False
        database = Database(self.settings.database_url)
        with database.read() as session:
            fsync = session.execute(sa.text("SHOW fsync")).scalar_one()
        database.close()
        return bool(fsync == "off")

    def happens(self, statement: str) -> None:
        """Somebody does this to the database."""
        database = Database(self.settings.database_url)
        with database.write() as session:
            session.execute(sa.text(statement))
        database.close()


@pytest.fixture
def sick(
    database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Doctor:
    """An installation that was just made and is well, on SQLite and on PostgreSQL."""
    town = Town(database, settings)
    town.account("lead", ("dept-c",))
    town.citizen_reports("The clerk was rude.", kind="complaint", service="staff-conduct")
    with database.write() as session:
        schedule.plan(session, datetime.now(UTC))
    return Doctor(settings, monkeypatch, capsys)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


def test_a_restricted_case_that_nobody_can_see_is_a_fault_with_its_cure(sick: Doctor) -> None:
    sick.happens("UPDATE account SET disabled_at = made_at")
    verdict, words = sick.looks()["restricted"]
    assert verdict == "fault"
    assert "1 restricted case can be seen by nobody" in words
    assert "--role lead" in sick.said
    sick.happens("UPDATE cycle SET restricted = NULL")
    assert sick.looks()["restricted"][0] == "warning", "nobody heads the department that keeps such cases"


def test_a_sound_installation_has_no_fault(sick: Doctor, server: MailServer) -> None:
    sick.is_set("SMTP_URL", f"smtp://127.0.0.1:{server.port}")
    assert sick.finds("fault") == set()
    assert sick.code == (1 if sick.has_unsafe_server else 0)
    assert sick.finds("warning") <= OF_THIS_MACHINE
    names = set(sick.looks())
    database = "SQLite" if sick.settings.is_sqlite else "PostgreSQL"
    assert names >= {"Kanali", "Python", "Litestar", database, "settings", "database", "schema", "triggers"}
    assert names >= {"durability", "secret", "disk", "mail", "outbox", "worker", "record"}
    assert server.received == [], "it knocks and goes"


def test_a_server_that_promises_nothing_is_a_fault(sick: Doctor) -> None:
    verdict, words = sick.looks()["durability"]
    assert verdict == ("fault" if sick.has_unsafe_server else "OK")
    if sick.has_unsafe_server:
        assert "fsync is off" in words
        assert sick.code == 1


@pytest.mark.parametrize(
    ("mode", "content", "words"),
    [
        (0o644, None, "is open to others. Run chmod 600"),
        (0o600, "ab" * 32, "belongs to another installation"),
        (0o600, "short", "does not hold a secret"),
    ],
)
def test_a_faulty_secret_is_a_fault(sick: Doctor, mode: int, content: str | None, words: str) -> None:
    if content is not None:
        sick.settings.secret_file.write_text(content)
    sick.settings.secret_file.chmod(mode)
    assert sick.finds("fault") == {"secret"}
    assert sick.code == 1
    assert words in sick.said


def test_a_folder_of_files_that_others_read_or_nobody_writes_is_told(sick: Doctor, tmp_path: Path) -> None:
    folder = tmp_path / "citizens"
    sick.is_set("FILES_URL", str(folder))
    assert sick.looks()["files"] == ("OK", f"{folder} is made when the first photo comes")
    folder.mkdir(mode=0o755)
    verdict, words = sick.looks()["files"]
    assert (verdict, f"chmod 700 {folder}" in words) == ("warning", True)
    folder.chmod(0o700)
    assert sick.looks()["files"][0] == "OK"
    folder.rmdir()
    folder.write_text("no folder")
    assert "files" in sick.finds("fault")


def test_a_lost_secret_is_a_fault(sick: Doctor) -> None:
    sick.settings.secret_file.unlink()
    assert sick.finds("fault") == {"secret"}
    assert "Put it back from your copy" in sick.said


def test_a_missing_trigger_is_a_fault(sick: Doctor) -> None:
    sick.happens("DROP TRIGGER note_no_update" + ("" if sick.settings.is_sqlite else " ON note"))
    assert sick.finds("fault") == {"triggers"}
    assert "(note_no_update). Restore the database from a backup" in sick.said


def test_an_old_or_unknown_schema_is_a_fault(sick: Doctor) -> None:
    sick.happens("UPDATE alembic_version SET version_num = '2090_01_01_later'")
    assert sick.finds("fault") == {"schema"}
    assert "Install the newer Kanali" in sick.said


def test_a_database_that_does_not_answer_is_a_fault_and_the_rest_is_looked_at(
    sick: Doctor, tmp_path: Path
) -> None:
    here = f"sqlite:///{tmp_path}/nowhere.db"
    there = f"postgresql://kanali:hidden@127.0.0.1:{free_port()}/kanali"
    sick.is_set("DATABASE_URL", here if sick.settings.is_sqlite else there)
    found = sick.looks()
    assert found["database"][0] == "fault"
    assert found["secret"][0] == found["disk"][0] == "OK"
    assert sick.code == 1
    assert "hidden" not in sick.said
    assert not (tmp_path / "nowhere.db").exists()


def test_a_file_that_is_no_database_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kanali.db").write_text("Dear Sir, " * 1000)
    settings = settings_for(f"sqlite:///{tmp_path}/kanali.db", tmp_path)
    assert Doctor(settings, monkeypatch, capsys).looks()["database"][0] == "fault"


def test_a_mail_server_that_is_not_there_is_a_fault(sick: Doctor) -> None:
    sick.is_set("SMTP_URL", f"smtp://127.0.0.1:{free_port()}")
    assert sick.finds("fault") == {"mail"}
    assert "does not answer as one (unreachable). See that it runs" in sick.said


@pytest.mark.parametrize(("verb", "reply"), [("CONNECT", HANG), ("NOOP", HANG), ("NOOP", "421 later")])
def test_a_mail_server_that_does_not_speak_is_a_fault(
    sick: Doctor, monkeypatch: pytest.MonkeyPatch, verb: str, reply: str
) -> None:
    monkeypatch.setattr(doctor, "MAIL_PATIENCE", 0.5)
    with MailServer(replies={verb: [reply]}) as silent:
        sick.is_set("SMTP_URL", f"smtp://127.0.0.1:{silent.port}")
        began = time.monotonic()
        assert sick.finds("fault") == {"mail"}
        assert time.monotonic() - began < 20


def test_without_a_mail_server_it_says_that_nobody_gets_mail(sick: Doctor) -> None:
    assert "mail" in sick.finds("warning")
    assert "nobody gets them. Set KANALI_SMTP_URL." in sick.said
    sick.happens("UPDATE installation SET demonstration = TRUE")
    assert sick.looks()["mail"][0] == "OK"


def test_a_worker_that_does_nothing_is_a_fault(sick: Doctor) -> None:
    sick.happens("UPDATE job SET run_at = '2020-01-01 00:00:00'")
    assert sick.finds("fault") == {"worker"}
    assert "Start kanali serve, or kanali work" in sick.said
    sick.happens("DELETE FROM job")
    assert "worker" in sick.finds("warning")


def test_every_faulty_setting_is_a_line(sick: Doctor) -> None:
    sick.is_set("PORT", "x")
    sick.is_set("PROT", "1")
    said = [line for line in (sick.looks() and sick.said).splitlines() if line.startswith("fault")]
    assert said == [
        "fault   settings: KANALI_PROT is no setting. Did you mean KANALI_PORT?",
        "fault   settings: KANALI_PORT is 'x'. Give a whole number from 1 to 65535.",
    ]
    assert sick.code == 1


def test_a_listener_that_strangers_reach_is_warned_of(sick: Doctor) -> None:
    sick.is_set("OPS_ADDRESS", "0.0.0.0:8001")
    assert "settings" in sick.finds("warning")


def test_machines_are_told_the_same(sick: Doctor, capsys: pytest.CaptureFixture[str]) -> None:
    sick.settings.secret_file.chmod(0o644)
    lines = sick.looks()
    assert run(["doctor", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["state"] == "fault"
    assert {check["name"]: check["verdict"] for check in told["checks"]} == {
        name: verdict for name, (verdict, _) in lines.items()
    }
    (secret,) = [check for check in told["checks"] if check["name"] == "secret"]
    assert secret["cure"].startswith("Run chmod 600")


def test_no_secret_is_shown(sick: Doctor, capsys: pytest.CaptureFixture[str]) -> None:
    sick.is_set("SMTP_URL", f"smtp://kanali:hidden-word@127.0.0.1:{free_port()}")
    sick.looks()
    run(["doctor", "--json"])
    said = sick.said + capsys.readouterr().out
    assert "hidden-word" not in said
    assert sick.settings.secret_file.read_text().strip() not in said


@pytest.mark.parametrize(
    ("found", "verdict"),
    [((3, 11, 9), "warning"), ((3, 11, 10), "OK"), ((3, 13, 0), "warning"), ((3, 14, 0), "OK")],
)
def test_an_old_python_is_warned_of_and_never_refused(found: tuple[int, ...], verdict: str) -> None:
    assert doctor._python(found).verdict == verdict


@pytest.mark.parametrize(("found", "verdict"), [((3, 40, 1), "warning"), ((3, 51, 3), "OK")])
def test_a_sqlite_that_can_spoil_its_log_is_warned_of(found: tuple[int, ...], verdict: str) -> None:
    assert doctor._sqlite(found).verdict == verdict


def test_a_litestar_that_is_too_old_is_a_fault() -> None:
    assert doctor._litestar("2.9.1").verdict == "fault"
    assert doctor._litestar("2.25.0").verdict == "OK"

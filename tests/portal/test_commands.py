"""The command line: what each verb does, and that every error is one line with the right exit code."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from msgspec import structs

from feedback.city.export import write_folder
from feedback.city.load import read_folder
from feedback.city.tables import CityVersion
from feedback.columns import table_of
from feedback.custody.verify import verify
from feedback.errors import Expired
from feedback.outbox.tables import Message
from feedback.people import accounts, identities, sessions, welcome
from feedback.people.viewer import Viewer
from portal.command_line import VERBS, run
from portal.database import Database
from tests.town import RIVERTON

ADMIN = ["--admin-email", "first@riverton.example", "--admin-name", "First"]
INIT = ["init", "--city", str(RIVERTON), *ADMIN]


class Terminal:
    """The command line as an operator sees it: exit code, lines on standard output, lines on standard error."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.out: list[str] = []
        self.err: list[str] = []

    def __call__(self, *arguments: str, typed: str = "") -> int:
        self._monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = run(arguments)
        said = self._capsys.readouterr()
        self.out, self.err = said.out.splitlines(), said.err.splitlines()
        return code


@pytest.fixture
def kanali(
    empty_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    """The command line on an empty database, on SQLite and on PostgreSQL."""
    monkeypatch.setenv("KANALI_DATABASE_URL", empty_url)
    monkeypatch.setenv("KANALI_SECRET_FILE", str(tmp_path / "secret"))
    return Terminal(capsys, monkeypatch)


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Terminal:
    """The command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Terminal(capsys, monkeypatch)


def test_init_makes_an_installation_with_its_first_administrator(kanali: Terminal, empty_url: str) -> None:
    assert kanali(*INIT) == 0
    assert "is ready for Town of Riverton" in kanali.out[0]
    link = kanali.out[-1].rpartition(" ")[2]
    database = Database(empty_url)
    with database.read() as session:
        account = accounts.get_by_email(session, "first@riverton.example")
        assert (account.role, account.language, account.password_hash) == ("admin", "en", "")
        assert invited_by(database, link) == account.id
    database.close()


def invited_by(database: Database, link: str) -> int | None:
    """The account whose password a shown link gives."""
    address, _, token = link.rpartition("/")
    assert address == "http://127.0.0.1:8000/staff/welcome"
    with database.read() as session:
        return welcome.find(session, token=token, now=datetime.now(UTC)).id


def test_a_second_init_is_refused(kanali: Terminal) -> None:
    assert kanali(*INIT) == 0
    assert kanali(*INIT) == 1
    assert len(kanali.err) == 1
    assert "holds an installation already" in kanali.err[0]


def test_init_with_a_faulty_administrator_leaves_no_installation(kanali: Terminal, tmp_path: Path) -> None:
    assert kanali("init", "--city", str(RIVERTON), "--admin-email", "first", "--language", "de") == 1
    assert len(kanali.err) == 2, "both faults at once"
    assert not (tmp_path / "secret").exists()
    assert kanali(*INIT) == 0


def test_init_says_what_it_needs_where_nobody_can_be_asked(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal("init", "--city", str(RIVERTON)) == 2
    assert len(terminal.err) == 1
    assert terminal("init", "--city", "nowhere", *ADMIN) == 1
    assert len(terminal.err) == 1
    assert list(tmp_path.iterdir()) == []


def test_accounts_are_added_disabled_and_reset(kanali: Terminal, empty_url: str) -> None:
    assert kanali(*INIT) == 0
    add = [
        "user",
        "add",
        "Lead@Riverton.example",
        "--name",
        "Lead",
        "--role",
        "lead",
        "--department",
        "dept-a",
    ]
    assert kanali(*add, "--password-stdin", typed="a long enough password\n") == 0
    assert len(kanali.out) == 1, "a password that was given is not shown"
    assert kanali(*add) == 1
    assert kanali.err == ["kanali: There is an account lead@riverton.example already."]
    database = Database(empty_url)
    with database.read() as session:
        account = accounts.get_by_email(session, "lead@riverton.example")
        assert accounts.password_fits(account.password_hash, "a long enough password")
    assert kanali("user", "disable", "lead@riverton.example") == 0
    with database.read() as session:
        assert accounts.get_by_email(session, "lead@riverton.example").disabled_at is not None
    assert (
        kanali("user", "reset", "lead@riverton.example", "--password-stdin", typed="eleven grey geese\n") == 0
    )
    with database.read() as session:
        account = accounts.get_by_email(session, "lead@riverton.example")
        assert account.disabled_at is None
        assert accounts.password_fits(account.password_hash, "eleven grey geese")
    database.close()


def test_a_person_is_invited_by_mail_or_by_a_shown_link(kanali: Terminal, empty_url: str) -> None:
    """Nobody but the person ever knows the password, and no default one exists."""
    assert kanali(*INIT) == 0
    add = ["--name", "Una", "--role", "clerk"]
    assert kanali("user", "add", "una@riverton.example", *add) == 0
    assert "once the password is chosen" in kanali.out[0]
    assert "72 h" in kanali.out[1] and "no mail server is set" in kanali.out[1]
    assert kanali("user", "add", "ida@riverton.example", *add, "--print-link") == 0
    invitation = kanali.out[-1].rpartition(" ")[2]
    database = Database(empty_url)
    with database.read() as session:
        una, ida = (accounts.get_by_email(session, f"{name}@riverton.example") for name in ("una", "ida"))
        assert (una.password_hash, ida.password_hash) == ("", "")
        waiting = session.execute(sa.select(table_of(Message).c.kind, table_of(Message).c.account_id)).all()
        assert [tuple(row) for row in waiting] == [("invitation", una.id)]
    assert invited_by(database, invitation) == ida.id
    assert kanali("user", "reset", "ida@riverton.example", "--print-link") == 0
    reset = kanali.out[-1].rpartition(" ")[2]
    assert " 1 h" in kanali.out[-1]
    assert invited_by(database, reset) == ida.id
    with pytest.raises(Expired):
        invited_by(database, invitation)
    assert kanali("user", "reset", "ida@riverton.example") == 0
    with pytest.raises(Expired):
        invited_by(database, reset)
    assert kanali("user", "reset", "ida@riverton.example", "--print-link", "--password-stdin") == 2
    database.close()


def test_a_reset_ends_password_and_sessions_at_once(kanali: Terminal, empty_url: str) -> None:
    assert kanali(*INIT) == 0
    add = ["user", "add", "una@riverton.example", "--name", "Una", "--role", "clerk", "--password-stdin"]
    assert kanali(*add, typed="a long enough password\n") == 0
    database = Database(empty_url)
    with database.write() as session:
        una = accounts.get_by_email(session, "una@riverton.example")
        assert una.id is not None
        identifier = sessions.start(session, account_id=una.id, now=datetime.now(UTC))
    assert kanali("user", "reset", "una@riverton.example") == 0
    with database.read() as session:
        assert accounts.get_by_email(session, "una@riverton.example").password_hash == ""
        assert sessions.find(session, identifier, now=datetime.now(UTC)) is None
    database.close()


def test_other_rights_end_the_sessions_of_the_account(kanali: Terminal, empty_url: str) -> None:
    """What a session was opened with is not what its account may do now."""
    assert kanali(*INIT) == 0
    una = "una@riverton.example"
    add = ["user", "add", una, "--name", "Una", "--role", "responder", "--department", "dept-a"]
    assert kanali(*add, "--print-link") == 0
    database = Database(empty_url)

    def viewer() -> Viewer:
        with database.read() as session:
            found = accounts.find_viewer(session, accounts.get_by_email(session, una).id or 0)
        assert found is not None
        return found

    for role, *departments in (("lead", "dept-b", "dept-a"), ("lead", "dept-b"), ("clerk",)):
        with database.write() as session:
            identifier = sessions.start(session, account_id=viewer().account_id, now=datetime.now(UTC))
        named = [word for department in departments for word in ("--department", department)]
        change = ["user", "change", una, "--role", role, *named]
        for is_first in (True, False):
            assert kanali(*change) == 0
            assert ("sessions are ended" in kanali.out[0]) == is_first
        assert (viewer().role, viewer().departments) == (role, frozenset(departments))
        with database.read() as session:
            assert sessions.find(session, identifier, now=datetime.now(UTC)) is None
    assert kanali("user", "change", una, "--role", "lead") == 1
    assert "--department" in kanali.err[0]
    with database.read() as session:
        assert list(verify(session)) == []
    database.close()


def test_a_binding_to_the_provider_is_taken_off(kanali: Terminal, empty_url: str) -> None:
    assert kanali(*INIT) == 0
    database = Database(empty_url)
    with database.write() as session:
        told = {"issuer": "https://id.example", "subject": "1", "email": "first@riverton.example"}
        assert identities.sign_in(session, **told, is_email_verified=True, now=datetime.now(UTC))
    for _ in range(2):
        assert kanali("user", "unbind", "first@riverton.example") == 0
    with database.write() as session:
        told = {"issuer": "https://id.example", "subject": "1", "email": "other@riverton.example"}
        assert not identities.sign_in(session, **told, is_email_verified=True, now=datetime.now(UTC))
    database.close()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["user", "add", "a@riverton.example", "--name", "A", "--role", "mayor"], 2, "mayor"),
        (["user", "add", "a@riverton.example", "--role", "clerk"], 2, "--name"),
        (["user", "add", "a", "--name", "A", "--role", "clerk"], 1, "is not an e-mail address"),
        (["user", "add", "a@riverton.example", "--name", "A", "--role", "lead"], 1, "--department"),
        (
            ["user", "add", "a@riverton.example", "--name", "A", "--role", "clerk", "--department", "x"],
            1,
            "dept-a, dept-b, dept-c",
        ),
        (
            ["user", "add", "a@riverton.example", "--name", "A", "--role", "clerk", "--language", "de"],
            1,
            "en, el, lt",
        ),
        (
            ["user", "add", "a@riverton.example", "--name", "A", "--role", "clerk", "--password-stdin"],
            1,
            "12 to 200 characters",
        ),
        (["user", "disable", "nobody@riverton.example"], 1, "no account nobody@riverton.example"),
        (["user", "reset", "nobody@riverton.example"], 1, "no account nobody@riverton.example"),
    ],
)
def test_a_faulty_account_is_one_line(kanali: Terminal, arguments: list[str], code: int, words: str) -> None:
    assert kanali(*INIT) == 0
    assert kanali(*arguments) == code
    assert len(kanali.err) == 1
    assert words in kanali.err[0]


def test_a_profile_is_checked(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal("city", "check", str(RIVERTON)) == 0
    assert "3 departments" in terminal.out[0]
    assert terminal("city", "check", str(tmp_path)) == 1
    assert len(terminal.out) > 5, "every missing file is named"
    assert len(terminal.err) == 1


def test_a_changed_profile_becomes_a_new_version_and_is_written_back(
    kanali: Terminal, empty_url: str, tmp_path: Path
) -> None:
    assert kanali(*INIT) == 0
    folder = tmp_path / "profile"
    assert kanali("city", "export", str(folder)) == 0
    assert kanali("city", "load", str(folder)) == 0
    assert kanali.out == ["Version 1 is the same already; nothing was stored."]
    services = folder / "services.toml"
    services.write_text(services.read_text().replace("promise_days = 5", "promise_days = 6", 1))
    assert kanali("city", "load", str(folder)) == 0
    assert kanali.out[-1] == "Version 2 is in force."
    assert next(line for line in kanali.out if line.startswith("service ")).endswith("promise_days changed")
    database = Database(empty_url)
    with database.read() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(CityVersion)).scalar_one() == 2
    database.close()
    again = tmp_path / "again"
    assert kanali("city", "export", str(again)) == 0
    assert (again / "services.toml").read_text() == services.read_text()


def test_a_profile_edited_in_the_browser_is_not_replaced_without_being_asked(
    kanali: Terminal, empty_url: str, tmp_path: Path
) -> None:
    assert kanali(*INIT) == 0
    folder = tmp_path / "profile"
    assert kanali("city", "export", str(folder)) == 0
    survey = folder / "survey.toml"
    survey.write_text(survey.read_text().replace("delay_working_days = ", "delay_working_days = 1"))
    database = Database(empty_url)
    with database.write() as session:
        session.execute(sa.update(CityVersion).values(source="edit"))
    database.close()
    assert kanali("city", "load", str(folder)) == 1
    assert "kanali city export first, or add --yes" in kanali.err[0]
    assert kanali("city", "load", str(folder), "--yes") == 0


def test_a_department_in_use_is_not_removed_without_being_asked(kanali: Terminal, tmp_path: Path) -> None:
    assert kanali(*INIT) == 0
    about = ("--name", "Una Alder", "--role", "responder", "--department", "dept-c", "--language", "en")
    assert kanali("user", "add", "una@riverton.example", *about) == 0
    city = read_folder(RIVERTON)
    departments = tuple(one for one in city.department if one.key != "dept-c")
    services = tuple(one for one in city.service if one.department != "dept-c")
    rules = tuple(one for one in city.routing.rule if one.department != "dept-c")
    restrictions = tuple(one for one in city.routing.restriction if one.department != "dept-c")
    routing = structs.replace(city.routing, rule=rules, restriction=restrictions)
    folder = tmp_path / "profile"
    write_folder(structs.replace(city, department=departments, service=services, routing=routing), folder)
    assert kanali("city", "load", str(folder)) == 1
    assert "department dept-c (0 open cases, 1 account)" in kanali.err[0]
    assert kanali("city", "load", str(folder), "--yes") == 0


def test_the_code_of_every_number_that_was_given_stays(kanali: Terminal, tmp_path: Path) -> None:
    assert kanali(*INIT) == 0
    city = read_folder(RIVERTON)
    folder = tmp_path / "profile"
    write_folder(structs.replace(city, identity=structs.replace(city.identity, code="OTH")), folder)
    assert kanali("city", "load", str(folder)) == 1
    assert f"The code is {city.identity.code}" in kanali.err[0]


def test_another_citys_profile_is_refused(kanali: Terminal, tmp_path: Path) -> None:
    assert kanali(*INIT) == 0
    folder = tmp_path / "profile"
    assert kanali("city", "export", str(folder)) == 0
    city = folder / "city.toml"
    city.write_text(city.read_text().replace('key = "riverton"', 'key = "elsewhere"', 1))
    assert kanali("city", "load", str(folder)) == 1
    assert "an installation of its own" in kanali.err[0]


def test_a_profile_is_not_written_over_something_else(kanali: Terminal, tmp_path: Path) -> None:
    assert kanali(*INIT) == 0
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("Dear Sir")
    assert kanali("city", "export", str(tmp_path / "letters")) == 1
    assert len(kanali.err) == 1
    assert [file.name for file in (tmp_path / "letters").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["serve"], 1),
        (["user", "disable", "a@riverton.example"], 1),
        (["city", "export", "folder"], 1),
        (["nonsense"], 2),
        (["serve", "--nonsense"], 2),
        (["city"], 2),
        (["init"], 2),
    ],
)
def test_without_a_database_or_with_nonsense_nothing_is_done(
    terminal: Terminal, tmp_path: Path, arguments: list[str], code: int
) -> None:
    assert terminal(*arguments) == code
    assert len(terminal.err) == (0 if arguments == ["city"] else 1)
    assert "Traceback" not in "".join(terminal.err + terminal.out)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_setting_stops_every_command_that_reads_settings(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KANALI_PROT", "8000")
    assert terminal("migrate") == 1
    assert terminal.err == ["kanali: KANALI_PROT is no setting: did you mean KANALI_PORT?"]


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_explains_itself(terminal: Terminal, verb: str) -> None:
    assert terminal(verb, "--help") == 0
    assert terminal.out[0].startswith(f"Usage: kanali {verb}")
    assert terminal("--help") == 0
    assert any(line.split()[:1] == [verb] for line in terminal.out)

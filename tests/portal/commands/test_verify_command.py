"""`kanali verify` at the terminal: silent, or one line each; faulty heads and folders in the way are refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from feedback.custody import heads
from feedback.custody.findings import Code
from portal.command_line import run
from portal.commands.verify import _SENTENCES
from portal.database import Database
from portal.settings import Settings
from tests.feedback.custody import lived
from tests.proof import crimes, forgeries
from tests.town import Town

Said = pytest.CaptureFixture[str]


@pytest.fixture
def town(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Town:
    monkeypatch.setenv("KANALI_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("KANALI_SECRET_FILE", str(settings.secret_file))
    monkeypatch.chdir(tmp_path)
    town = Town(database, settings)
    town.citizen_reports("The bench is broken.", service="roads", email="rea@example.org")
    lived.seal(town)
    return town


def verify(capsys: Said, *arguments: str) -> tuple[int, str, list[str]]:
    code = run(["verify", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err.splitlines()


def fetch(town: Town, file: str) -> None:
    Path(file).write_bytes(town.visitor().get("/data/log-head.json").response.content)


def test_every_finding_has_its_sentence() -> None:
    assert _SENTENCES.keys() == set(get_args(Code))


def test_it_is_silent_also_with_a_head_that_was_kept(town: Town, capsys: Said) -> None:
    fetch(town, "held.json")
    assert verify(capsys) == verify(capsys, "--head", "held.json") == (0, "", [])
    town.citizen_reports("The bench is still broken.", service="roads")
    lived.seal(town)
    assert verify(capsys, "--head", "held.json") == (0, "", [])


def test_an_end_that_was_cut_off_is_told_with_a_head_that_was_kept(town: Town, capsys: Said) -> None:
    fetch(town, "held.json")
    with crimes.leaving(town) as connection:
        leaves = forgeries.leaves_of(connection)
        forgeries.reseal(connection, leaves[:-1], forgeries.times_of(connection))
    assert verify(capsys) == (0, "", [])
    code, out, lines = verify(capsys, "--head", "held.json")
    assert (code, out) == (1, "")
    assert lines[:2] == [
        "tree_head:2: the head that was kept is not among the heads of the log",
        "tree_head:2 (1 leaves): the log is shorter than the head that was kept: its end was cut off",
    ]
    assert lines[2].startswith("kanali: 2 findings")


def test_a_head_with_another_time_was_never_published(town: Town, capsys: Said) -> None:
    fetch(town, "held.json")
    told = json.loads(Path("held.json").read_text())
    Path("held.json").write_text(json.dumps({**told, "sealed_at": "2026-11-02T07:00:01Z"}))
    code, _, lines = verify(capsys, "--head", "held.json")
    assert (code, lines[0]) == (1, "tree_head:2: the head that was kept is not among the heads of the log")


def test_the_newest_head_taken_away_is_told(town: Town, capsys: Said) -> None:
    with crimes.leaving(town) as connection:
        connection.exec_driver_sql("DELETE FROM tree_head")
    code, _, lines = verify(capsys)
    assert (code, lines[0]) == (1, "tree_head:2: the newest head of the sealed log was deleted")


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (None, 2, "does not exist"),
        (b"<html>", 1, "held.json: this is no head of a log: give a file as it was fetched from"),
        (b" " * (heads.LONGEST + 1), 1, "no head of a log"),
        (b"elsewhere", 1, "held.json: this is the head of elsewhere, and the log here is that of riverton"),
    ],
)
def test_a_faulty_head_is_refused_in_one_line(
    town: Town, capsys: Said, content: bytes | None, code: int, words: str
) -> None:
    if content == b"elsewhere":
        with town.read() as session:
            content = heads.written(heads.published(session, city="elsewhere", is_demonstration=False))
    if content is not None:
        Path("held.json").write_bytes(content)
    exit_code, out, lines = verify(capsys, "--head", "held.json")
    assert (exit_code, out, len(lines)) == (code, "", 1)
    assert words in lines[0]


def test_a_bundle_is_written_and_holds(town: Town, capsys: Said, tmp_path: Path) -> None:
    code, out, lines = verify(capsys, "--bundle", "for the auditor")
    assert (code, lines) == (0, [])
    assert out.startswith("for the auditor holds 2 sealed notes of riverton.")
    verifier = tmp_path / "for the auditor" / "verify.py"
    done = subprocess.run([sys.executable, "-I", verifier], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "Everything holds.\n")


def test_a_bundle_is_written_of_a_ledger_that_was_changed_too(town: Town, capsys: Said) -> None:
    """It is evidence then."""
    with crimes.leaving(town) as connection:
        connection.exec_driver_sql("UPDATE note SET act = 'answered' WHERE kind = 'item'")
    code, _, lines = verify(capsys, "--bundle", "bundle")
    assert code == 1
    assert "item:1 note 1: the note was changed" in lines
    done = subprocess.run(
        [sys.executable, "-I", "bundle/verify.py"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "item:1 note 1: the note was changed\n1 findings.\n")


@pytest.mark.parametrize("there", ["file", "folder"])
def test_a_bundle_is_not_written_over_anything(town: Town, capsys: Said, tmp_path: Path, there: str) -> None:
    if there == "file":
        (tmp_path / "bundle").write_text("Dear Sir")
    else:
        (tmp_path / "bundle").mkdir()
        (tmp_path / "bundle" / "letter.txt").write_text("Dear Sir")
    code, out, lines = verify(capsys, "--bundle", "bundle")
    assert (code, out) == (1, "")
    assert lines == ["kanali: bundle is there already and not empty: name a new folder."]
    assert (tmp_path / "bundle").is_file() or len(list((tmp_path / "bundle").iterdir())) == 1

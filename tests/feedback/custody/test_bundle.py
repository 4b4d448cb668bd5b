"""An auditor without us: the bundle of a lived-through town holds by itself, and every value changed in it is found."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from feedback.columns import table_of
from feedback.custody import auditor, bundle, heads
from feedback.custody.verify import UNDER_DIGEST
from feedback.people.tables import Account
from feedback.quality.tables import Counted, Figure, Rated, Record
from portal.database import Database
from tests.conftest import settings_for
from tests.feedback.custody import lived
from tests.past import Past
from tests.proof.towns import live_two_months
from tests.town import Town

NOT_PROVEN = {
    # Words about the bundle, and times that only a head that was kept elsewhere can prove.
    ("head.json", "demonstration"),
    ("heads.jsonl", "at"),
    ("manifest.json", "written_at"),
}


def write(town: Town, folder: Path) -> str:
    with town.read() as session:
        head = heads.published(session, city=town.city.identity.key, is_demonstration=False)
        return bundle.write(session, folder, head=head, now=town.now)


def check(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the bundle's own verifier, as an auditor does: nothing of ours can be imported by it."""
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "verify.py"), *arguments],
        cwd="/",
        env={},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def found(folder: Path, monkeypatch: pytest.MonkeyPatch, held: Any = None) -> list[str]:
    """What the verifier finds, without a process of its own for each question."""
    monkeypatch.setattr(auditor, "FOLDER", folder)
    monkeypatch.setattr(sys, "argv", ["verify.py", *(["--head", str(held)] if held else [])])
    said: list[str] = []
    monkeypatch.setattr("builtins.print", lambda *lines, sep: said.extend(map(str, lines)))
    assert auditor.main() == (0 if said == ["Everything holds."] else 1)
    return said[:-1]


def renew(folder: Path) -> None:
    """The manifest as it would be if the files had been written so: who changes them can change it too."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]
    }
    (folder / "manifest.json").write_text(json.dumps(manifest) + "\n")


def rows_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def put(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def other(value: Any) -> Any:
    """Another value of the same kind."""
    if value is None:
        return 1
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return f"{value[:-1]}{'1' if value.endswith('0') else '0'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request: pytest.FixtureRequest, past: Past, tmp_path: Path) -> Iterator[Town]:
    with past.town(request.param, live_two_months, tmp_path) as town:
        yield town


@pytest.fixture
def empty_town(sqlite_database: Database, tmp_path: Path) -> Town:
    return Town(sqlite_database, settings_for(sqlite_database.url, tmp_path))


@pytest.fixture
def one_town(past: Past, tmp_path: Path) -> Iterator[Town]:
    with past.town("sqlite", live_two_months, tmp_path) as town:
        yield town


def test_a_bundle_holds_by_itself(town: Town, tmp_path: Path) -> None:
    told = write(town, tmp_path / "bundle")
    assert told == hashlib.sha256((tmp_path / "bundle" / "manifest.json").read_bytes()).hexdigest()
    assert check(tmp_path / "bundle") == (0, "Everything holds.\n")
    files = {path.name: path.stat().st_size for path in (tmp_path / "bundle").iterdir()}
    assert len(files) == 12
    assert all(files.values()), "no file is empty: everything was tried"


def test_the_verifier_is_short_and_needs_python_only(tmp_path: Path) -> None:
    lines = bundle.VERIFIER.read_text("utf-8").splitlines()
    assert len(lines) < 200
    imported = {line.split()[1].partition(".")[0] for line in lines if line.startswith(("import ", "from "))}
    assert imported <= sys.stdlib_module_names | {"__future__"}


def test_no_words_contact_data_or_names_leave_the_house(one_town: Town, tmp_path: Path) -> None:
    write(one_town, tmp_path / "bundle")
    said = "".join(path.read_text("utf-8") for path in (tmp_path / "bundle").glob("*.json*"))
    words = set()
    with one_town.read() as session:
        for model in UNDER_DIGEST:
            for name in model.WORDS:
                column = table_of(model).c[name]
                words |= {str(value) for value in session.execute(sa.select(column)).scalars() if value}
    assert len(words) > 40
    assert one_town.count(Account) > 5
    assert [text for text in words if text in said and len(text) > 3] == []
    assert {note["kind"] for note in rows_of(tmp_path / "bundle" / "notes.jsonl") if "facts" in note} == {
        "city",
        "record",
    }


def changes(folder: Path) -> Iterator[tuple[str, str, Callable[[], None]]]:
    """Each value of a row in the middle and of the last row of each file."""
    for file in sorted(folder.glob("*.json*")):
        rows = rows_of(file)
        for number in sorted({len(rows) // 2, len(rows) - 1}):
            for name in sorted({name for row in rows for name in row}):
                if (file.name, name) in NOT_PROVEN or name not in rows[number] or name == "files":
                    continue
                changed = [dict(row) for row in rows]
                changed[number][name] = other(rows[number][name])
                yield file.name, f"{name} of {number}", lambda file=file, changed=changed: put(file, changed)


def test_every_value_changed_in_a_file_is_found(
    one_town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, copy = tmp_path / "bundle", tmp_path / "copy"
    write(one_town, folder)
    unseen, count = [], 0
    for file, place, change in changes(folder):
        kept = (folder / file).read_bytes()
        change()
        renew(folder)
        count += 1
        if not found(folder, monkeypatch):
            unseen.append(f"{file}: {place}")
        (folder / file).write_bytes(kept)
    assert unseen == []
    assert count > 100
    renew(folder)
    assert found(folder, monkeypatch) == []
    shutil.copytree(folder, copy)
    put(copy / "rated.jsonl", [{**row, "outcome": 5} for row in rows_of(copy / "rated.jsonl")])
    renew(copy)
    code, said = check(copy)
    assert code == 1
    assert "the copy of what was rated was changed" in said


def test_a_row_taken_out_put_in_or_moved_is_found(
    one_town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bundle"
    write(one_town, folder)
    unseen = []
    for file in sorted(folder.glob("*.jsonl")):
        rows, kept = rows_of(file), file.read_bytes()
        middle = len(rows) // 2
        tried = {
            "first out": rows[1:],
            "middle out": rows[:middle] + rows[middle + 1 :],
            "last out": rows[:-1],
            "last twice": [*rows, rows[-1]],
        }
        if file.name in ("notes.jsonl", "leaves.jsonl"):
            # The last of a longer chain comes first of all.
            last = max(n for n, row in enumerate(rows) if row["seq"] > 1)
            tried["moved"] = [rows[last], *rows[:last], *rows[last + 1 :]]
        for what, changed in tried.items():
            is_old_head = file.name == "heads.jsonl" and what != "last out"
            if is_old_head or changed == rows:
                continue  # Of an older head the leaves tell as much.
            put(file, changed)
            renew(folder)
            if not found(folder, monkeypatch):
                unseen.append(f"{file.name}: {what}")
        file.write_bytes(kept)
    assert unseen == []


@pytest.mark.parametrize(
    ("file", "column", "sentence"),
    [
        ("notes.jsonl", "previous", "the chain is broken"),
        ("notes.jsonl", "act", "the note was changed"),
        ("notes.jsonl", "facts", "the facts were changed"),
        ("leaves.jsonl", "hash", "not the hash of its note"),
        ("heads.jsonl", "root", "not the root over its leaves"),
        ("heads.jsonl", "size", "leaves are missing"),
        ("records.jsonl", "definitions", "not as its last note says"),
        ("counted.jsonl", "minutes", "the copy of what was counted was changed"),
        ("figures.jsonl", "record_id", "figures.jsonl: rows of a month that is not there"),
        ("figures.jsonl", "n", "the frozen figures were changed"),
        ("figures.jsonl", "n", "does not follow from the copies"),
        ("figures.jsonl", "p90", "time_to_answer/year/city/: does not follow from the copies"),
    ],
)
def test_what_is_wrong_is_said(
    one_town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, column: str, sentence: str
) -> None:
    """Each check by its own words: most changes are found by several."""
    write(one_town, tmp_path / "bundle")
    rows = rows_of(tmp_path / "bundle" / file)
    place = max(
        n
        for n, row in enumerate(rows)
        if row.get(column) is not None
        and (column != "p90" or (row["scope"] == "city" and row["span"] == "year"))
    )
    rows[place][column] = other(rows[place][column])
    put(tmp_path / "bundle" / file, rows)
    renew(tmp_path / "bundle")
    assert any(sentence in line for line in found(tmp_path / "bundle", monkeypatch))


def test_a_file_that_is_not_as_it_was_written_is_found(
    one_town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bundle"
    write(one_town, folder)
    for name in [path.name for path in folder.iterdir() if path.name != "manifest.json"]:
        kept = (folder / name).read_bytes()
        (folder / name).write_bytes(kept + b"\n ")
        assert found(folder, monkeypatch), name
        (folder / name).unlink()
        assert found(folder, monkeypatch), name
        (folder / name).write_bytes(kept)
    assert found(folder, monkeypatch) == []


def test_with_a_head_that_was_kept_a_cut_end_and_another_past_are_found(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, late, held = tmp_path / "early", tmp_path / "late", tmp_path / "head.json"
    write(town, early)
    town.citizen_reports("The bench is broken.", service="roads")
    lived.seal(town)
    write(town, late)
    held.write_bytes((early / "head.json").read_bytes())
    assert found(late, monkeypatch, held) == [], "the log has grown"
    held.write_bytes((late / "head.json").read_bytes())
    assert "its end was cut off" in found(early, monkeypatch, held)[0]
    head = json.loads((early / "head.json").read_text())
    held.write_text(json.dumps({**head, "root_hash": "0" * 64}))
    assert "the log was rewritten" in found(late, monkeypatch, held)[0]
    held.write_text(json.dumps({**head, "city": "elsewhere"}))
    assert "another city" in found(late, monkeypatch, held)[0]


def test_a_bundle_is_not_written_over_another(one_town: Town, tmp_path: Path) -> None:
    write(one_town, tmp_path / "bundle")
    with pytest.raises(FileExistsError):
        write(one_town, tmp_path / "bundle")


def test_a_month_that_is_still_being_written_is_left_out(one_town: Town, tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    write(one_town, before)
    with one_town.database.write() as session:
        number = session.execute(sa.select(sa.func.max(table_of(Record).c.id))).scalar_one()
        for model in (Record, Counted, Rated, Figure):
            table = table_of(model)
            key = "id" if model is Record else "record_id"
            for row in session.execute(sa.select(table).where(table.c[key] == number)).mappings().all():
                drafted = {**row, key: number + 1}
                if model is Record:
                    drafted |= {"period": "2027-01", "state": "draft", "version": 0, "notes": 0, "head": "x"}
                elif model is Figure:
                    del drafted["id"]
                session.execute(sa.insert(table), drafted)
    write(one_town, after)
    assert check(after) == (0, "Everything holds.\n")
    same = {path.name: path.read_bytes() == (before / path.name).read_bytes() for path in after.iterdir()}
    assert same == dict.fromkeys(same, True)


def test_a_town_in_which_nothing_was_sealed_or_closed_yet_has_a_bundle_too(
    empty_town: Town, tmp_path: Path
) -> None:
    write(empty_town, tmp_path / "bundle")
    assert check(tmp_path / "bundle") == (0, "Everything holds.\n")
    assert "DEMONSTRATION" not in (tmp_path / "bundle" / "README.txt").read_text("utf-8")


def test_that_of_a_demonstration_says_so(empty_town: Town, tmp_path: Path) -> None:
    with empty_town.read() as session:
        head = heads.published(session, city="riverton", is_demonstration=True)
        bundle.write(session, tmp_path / "bundle", head=head, now=empty_town.now)
    assert "It is of a DEMONSTRATION" in (tmp_path / "bundle" / "README.txt").read_text("utf-8")
    assert json.loads((tmp_path / "bundle" / "head.json").read_text())["demonstration"] is True

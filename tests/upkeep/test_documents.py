"""The documents say what is there: modules in their package's row, settings, links and paths that lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ARCHITECTURE = ROOT / "docs" / "architecture.md"
OPERATING = ROOT / "docs" / "operating.md"
NOT_OURS = frozenset({"node_modules", "var", "shared"})
OUR_FOLDERS = sorted(path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in NOT_OURS)

_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_SETTING = re.compile(r"\bKANALI_[A-Z_]+\b")
_NAMED_PATH = re.compile(r"`((?:" + "|".join(map(re.escape, OUR_FOLDERS)) + r")/[\w./-]+)`")


def documents() -> list[Path]:
    """Every document of ours."""
    return [
        path
        for path in sorted(ROOT.rglob("*.md"))
        if not any(part in NOT_OURS or part.startswith(".") for part in path.relative_to(ROOT).parts)
    ]


def rows_of(package: str) -> dict[str, set[str]]:
    """Sub-package ("" for the package itself) → the modules that its rows of the table name."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    section = text.split(f"\n## {package}/", 1)[1].split("\n## ", 1)[0]
    found: dict[str, set[str]] = {}
    current = ""
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != 5 or cells[1] == "package" or set(cells[1]) == {"-"}:
            continue
        current = cells[1].strip("`").replace("(root)", "") or current
        found.setdefault(current, set()).update(re.findall(r"`(\w+)`", cells[2]))
    return found


def modules_of(package: str) -> dict[str, set[str]]:
    """The same as it stands on the disk."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / package).rglob("*.py"):
        if path.name != "__init__.py":
            inside = path.parent.relative_to(ROOT / package).as_posix()
            found.setdefault("" if inside == "." else inside, set()).add(path.stem)
    return found


def _links() -> Iterator[tuple[Path, str]]:
    for document in documents():
        for match in _LINK.finditer(document.read_text(encoding="utf-8")):
            yield document, match["target"]


def _anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as the usual viewers make them."""
    headings = re.findall(r"^#+ +(.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("package", ["feedback", "portal"])
def test_the_architecture_names_every_module_in_its_packages_row(package: str) -> None:
    written, there = rows_of(package), modules_of(package)
    assert len(there) > 5
    lacking = {name: there[name] - written.get(name, set()) for name in there}
    gone = {name: written[name] - there.get(name, set()) for name in written}
    assert {name: modules for name, modules in lacking.items() if modules} == {}, "not named"
    assert {name: modules for name, modules in gone.items() if modules} == {}, "named, but not there"


def test_every_setting_is_explained_to_operators() -> None:
    source = (ROOT / "portal" / "environment.py").read_text(encoding="utf-8")
    known = set(re.findall(r'"(KANALI_[A-Z_]+)"', source))
    table = [
        line for line in OPERATING.read_text(encoding="utf-8").splitlines() if line.startswith("| `KANALI_")
    ]
    assert len(known) >= 10
    assert {_SETTING.findall(line)[0] for line in table} == known


def test_no_document_names_a_setting_that_does_not_exist() -> None:
    source = (ROOT / "portal" / "environment.py").read_text(encoding="utf-8")
    named = {(path.name, name) for path in documents() for name in _SETTING.findall(path.read_text("utf-8"))}
    assert {(file, name) for file, name in named if name != "KANALI_" and f'"{name}"' not in source} == set()


def test_every_link_of_a_document_leads_somewhere() -> None:
    links = list(_links())
    assert len(links) >= 8
    faults = []
    for document, target in links:
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        if not path.exists() or (anchor and anchor not in _anchors(path)):
            faults.append(f"{document.relative_to(ROOT)}: {target}")
    assert faults == []


def test_every_path_that_a_document_names_is_there() -> None:
    faults = [
        f"{document.relative_to(ROOT)}: {path}"
        for document in documents()
        for path in _NAMED_PATH.findall(document.read_text(encoding="utf-8"))
        if not (ROOT / path).exists()
    ]
    assert faults == []

"""The picture of one item's way in `docs/architecture.md` names modules, deeds and tables that are there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from sqlmodel import SQLModel

import portal.database  # noqa: F401  # knows every table

ROOT = Path(__file__).parents[2]
PICTURE = re.search(
    r"## One item's way.*?```\n(?P<lines>.*?)```",
    (ROOT / "docs" / "architecture.md").read_text("utf-8"),
    re.DOTALL,
)
COLUMNS = ("portal/", "feedback/", "rows")


def parts() -> list[tuple[str, str, str]]:
    """Each line of the picture cut at its columns: portal, feedback, rows."""
    assert PICTURE is not None
    head, _rule, *lines = PICTURE["lines"].splitlines()
    web, domain, rows = (head.index(name) for name in COLUMNS)
    return [(line[web:domain], line[domain:rows], line[rows:]) for line in lines if line.strip()]


def test_every_module_of_the_portal_is_there() -> None:
    named = {name for web, _, _ in parts() for name in re.findall(r"[a-z_]+(?:/[a-z_]+)?", web)}
    assert len(named) >= 12
    assert {name for name in named if not (ROOT / "portal" / f"{name}.py").is_file()} == set()


def test_every_deed_is_there() -> None:
    count = 0
    for _, domain, _ in parts():
        for module, functions in re.findall(r"([a-z]+/[a-z_]+)((?:\.[a-z_]+(?:, [a-z_]+)*)?)", domain):
            found = importlib.import_module(f"feedback.{module.replace('/', '.')}")
            for function in re.findall(r"[a-z_]+", functions):
                assert callable(getattr(found, function, None)), f"{module} has no {function}"
                count += 1
    assert count >= 20


def test_every_row_is_a_table() -> None:
    tables = set(SQLModel.metadata.tables)
    for _, _, rows in parts():
        if rows.startswith("("):
            continue
        named = re.split(r"[:,]|  a ", rows.replace("+", " "))[0].split()
        assert named, rows
        assert set(named) <= tables, f"no table: {set(named) - tables}"

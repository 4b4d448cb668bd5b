"""docs/asvs.csv and docs/threat-model.md: every row of level 1 is judged, no row passes without a test that exists.

And what the threat model lists is what the code has: routes with their policies, roles, limits of fields.
"""

from __future__ import annotations

import ast
import csv
import re
from functools import cache
from pathlib import Path

import pytest
from msgspec import Struct

from feedback.items.answer import ANSWER_MOST, FORWARDED_MOST
from feedback.items.attachments import FILE_MOST, FILES_MOST
from feedback.items.sent import NAME_MOST, PLACE_MOST, REASON_MOST, TEXT_MOST
from feedback.people.accounts import PASSWORD_LEAST, PASSWORD_MOST
from feedback.people.factors import NAME_MOST as PASSKEY_MOST
from feedback.people.viewer import ROLES
from feedback.satisfaction.respond import COMMENT_MOST
from feedback.text.contact import EMAIL_MOST, PHONE_MOST
from portal.app import BODY_MOST, FIELDS_MOST, routes
from portal.edge import FILES_BODY_MOST
from portal.inert import PAGES_MOST, PIXELS_MOST

ROOT = Path(__file__).parents[2]
ASVS = ROOT / "docs" / "asvs.csv"
THREATS = ROOT / "docs" / "threat-model.md"
STATUSES = {"pass", "not applicable", "open"}
_LEVEL_1 = {
    1: "2.1 2.2 2.3 2.4 2.5 3.1 3.2 5.1",
    2: "1.1 2.1 2.2 3.1",
    3: "2.1 2.2 3.1 4.1 4.2 5.1 5.2 5.3",
    4: "1.1 4.1",
    5: "2.1 2.2 3.1 3.2",
    6: "1.1 2.1 2.2 2.3 2.4 2.5 2.6 2.7 2.8 3.1 3.2 4.1 4.2",
    7: "2.1 2.2 2.3 2.4 4.1 4.2",
    8: "1.1 2.1 2.2 3.1",
    9: "1.1 1.2 1.3 2.1",
    10: "4.1 4.2 4.3 4.4 4.5",
    11: "3.1 3.2 4.1",
    12: "1.1 2.1 2.2",
    13: "4.1",
    14: "2.1 3.1",
    15: "1.1 2.1 3.1",
}
LEVEL_1 = [f"V{chapter}.{number}" for chapter, numbers in _LEVEL_1.items() for number in numbers.split()]
"""ASVS 5.0.0, level 1."""
MOST = {
    "message, reply, addition, second look, question": TEXT_MOST,
    "answer": ANSWER_MOST,
    "authority": FORWARDED_MOST,
    "reason": REASON_MOST,
    "comment of a survey": COMMENT_MOST,
    "place": PLACE_MOST,
    "name": NAME_MOST,
    "e-mail": EMAIL_MOST,
    "phone": PHONE_MOST,
    "password": PASSWORD_MOST,
    "name of a passkey": PASSKEY_MOST,
}


class Row(Struct, frozen=True):
    """A requirement and how it stands."""

    id: str
    level: str
    about: str
    status: str
    why: str
    tests: str


def read() -> list[Row]:
    with ASVS.open(encoding="utf-8", newline="") as stream:
        lines = csv.reader(stream, strict=True)
        assert next(lines) == list(Row.__struct_fields__)
        return [Row(*line) for line in lines]


ROWS = read()


@cache
def names_in(file: Path) -> frozenset[str]:
    """The tests of a file, in classes too."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def table(heading: str, first: str) -> list[list[str]]:
    """The cells of a table of the threat model, found by its section and the head of its first column."""
    section = THREATS.read_text(encoding="utf-8").split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = section.split(f"\n| {first} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_row_of_level_1_is_judged_once() -> None:
    assert len(LEVEL_1) == len(set(LEVEL_1)) == 70
    assert [row.id for row in ROWS if row.level == "1"] == LEVEL_1
    ids = [row.id for row in ROWS]
    assert ids == sorted(set(ids), key=lambda number: [int(part) for part in number[1:].split(".")])
    assert {row.level for row in ROWS} <= {"1", "2"}


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_a_row_says_how_it_stands_and_what_shows_it(row: Row) -> None:
    assert row.status in STATUSES
    assert row.about.strip()
    if row.status == "pass":
        assert row.tests, "no row passes on belief"
    else:
        assert len(row.why) > 20, "what is missing, or why it does not apply"
    for named in row.tests.split():
        path, _, name = named.partition("::")
        assert path.startswith("tests/"), named
        assert (ROOT / path).is_file(), named
        assert name in names_in(ROOT / path), named


def test_every_route_stands_under_its_policy() -> None:
    written = [
        (policy.strip("`"), address)
        for policy, _, addresses in table("Entry points, and who may use them", "policy")
        for address in re.findall(r"`([^`]+)`", addresses)
    ]
    assert len(written) == len(set(written))
    assert set(written) == {(route.policy, route.path) for route in routes()}


def test_every_role_is_described() -> None:
    assert [cells[0].strip("`") for cells in table("Entry points, and who may use them", "role")] == list(
        ROLES
    )


def test_what_may_be_typed_is_what_the_code_takes() -> None:
    written = {cells[0]: int(cells[1].replace(",", "")) for cells in table("What may be typed", "field")}
    assert written == MOST
    text = " ".join(THREATS.read_text(encoding="utf-8").split())
    assert f"at most {BODY_MOST:,} bytes, a form at most {FIELDS_MOST} fields" in text
    assert f"{PASSWORD_LEAST} at least" in text
    assert f"at most {FILES_MOST}, each of at most {FILE_MOST:,} bytes" in text
    assert f"{FILES_BODY_MOST // 1_000_000} MB together" in text
    jpeg, png, heif, webp = (PIXELS_MOST[kind] // 1_000_000 for kind in ("JPEG", "PNG", "HEIF", "WEBP"))
    assert png == heif
    assert f"JPEG of at most {jpeg} million pixels, PNG and HEIC of {png}, WebP of {webp}" in text
    assert f"PDF of at most {PAGES_MOST:,} pages" in text

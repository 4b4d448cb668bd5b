"""Who may see what, for every route: the whole matrix, equal answers, a crawl for foreign marks, and rights that end.

`make check` asks what a desk does of every case on SQLite, and a part of it on PostgreSQL; `make proof` asks all of
both (KANALI_PROOF=1).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from feedback.items.tables import Reading
from feedback.ledger.tables import Note
from portal.database import Database
from portal.settings import Settings
from tests.proof.sight import (
    ACTORS,
    CASES,
    WITH_DESK,
    Line,
    World,
    is_about_cases,
    oracle,
    places,
    sign_of,
)
from tests.town import Town

IS_PROOF = bool(os.environ.get("KANALI_PROOF"))
LAST = ("POST", "/{language}/track/withdraw")
"""It needs no words and cannot be undone."""


@pytest.fixture
def world(database: Database, settings: Settings) -> World:
    return World(Town(database, settings))


def test_every_route_has_its_line_in_the_oracle_and_every_line_its_signs() -> None:
    lines = oracle()
    assert {(line.method, line.path) for line in lines} == places()
    assert len(lines) == len(places())
    for line in lines:
        assert set(line.cells) == set(ACTORS)
        for actor, cell in line.cells.items():
            number = len(CASES) if is_about_cases(line.path, actor) else 1
            assert re.fullmatch(rf"[+>\-Dx]{{{number}}}", cell), (line.method, line.path, actor)


def test_everybody_is_answered_at_every_route_as_the_oracle_says(
    world: World, record_property: Callable[[str, Any], None]
) -> None:
    wrong, asked = [], 0
    before = world.town.count(Note)
    for line in sorted(oracle(), key=lambda line: (line.method, line.path) == LAST):
        if (line.method, line.path) == LAST:
            read = world.town.count(Reading)
            assert world.town.count(Note) == before + read, "nothing was done, and each reading is noted"
        for actor, case, wanted in cells(
            line, is_whole=IS_PROOF, is_sample=world.town.database.dialect != "sqlite"
        ):
            found = sign_of(world.asks(actor, line.method, line.path, case))
            asked += 1
            if found != wanted:
                wrong.append(f"{line.method} {line.path}: {actor}, {case}: {found} for {wanted}")
    assert not wrong, "\n".join(wrong)
    assert asked > (3_000 if IS_PROOF else 300)
    record_property("figure", f"{asked:,} answers, 0 wrong")


def cells(line: Line, *, is_whole: bool, is_sample: bool) -> Iterator[tuple[str, str, str]]:
    """Person, case and what is to be answered. Short of a proof, who has no desk asks of two cases only."""
    for place, actor in enumerate(ACTORS):
        if not is_about_cases(line.path, actor):
            yield actor, "own", line.cells[actor]
            continue
        for number, case in enumerate(CASES):
            is_plain = actor in WITH_DESK or actor == "code" or case in ("hidden", "named")
            if is_whole or (is_plain and (not is_sample or (place + number) % 4 == 0)):
                yield actor, case, line.cells[actor][number]

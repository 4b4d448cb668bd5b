"""Whatever is asked, by whomever, of whatever route: an answer below 500, within five seconds.

`make check` asks 1,000 requests of each database, the same each time; `make proof` 25,000 others (KANALI_PROOF=1).
"""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest
from msgspec import structs

from feedback.custody.verify import verify
from portal.app import create_app, routes
from portal.database import Database
from portal.pages import Reply, Route, Visit
from tests.conftest import settings_for
from tests.proof.fuzz_answers import SECONDS_MOST, Tally
from tests.proof.fuzz_cases import TRICKS, doors, make_case, names_read, oddities
from tests.proof.fuzz_world import World
from tests.town import Town

IS_PROOF = bool(os.environ.get("KANALI_PROOF"))
EACH = int(os.environ.get("KANALI_FUZZ", 25_000 if IS_PROOF else 1_000))
"""Requests for each database; KANALI_FUZZ=300 for a look."""
MET = {200, 303, 409, 410, 422}
"""What a handler answers that has read what it was given."""


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    """Where more is sent in an hour than in any town: what comes past the limit would be held, and no deed be done."""
    settings = settings_for(database.url, tmp_path, {"KANALI_HOURLY_MESSAGES": "999999"})
    return World(Town(database, settings))


def test_whatever_is_asked_is_answered_well_and_soon(
    world: World, record_property: pytest.RecordProperty
) -> None:
    tally = Tally()

    @hypothesis.settings(
        max_examples=EACH,
        deadline=None,
        database=None,
        derandomize=not IS_PROOF,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(drawn=oddities())
    def ask(drawn: tuple[int, list[str], tuple[str, bytes]]) -> None:
        tally.add(world.play(make_case(tally.answers, drawn)))

    ask()
    assert tally.faults == [], f"{len(tally.faults)} of {tally.answers}\n{tally.told}"
    asked = {f"{method} {path}" for path, method in doors() if "{" in path or path in _paths()}
    met = {door for door, found in world.doors.items() if found & MET}
    classes = {f"{n}xx": sum(v for k, v in world.statuses.items() if k // 100 == n) for n in (2, 3, 4, 5)}
    told = ", ".join(f"{name} {count:,}" for name, count in classes.items())
    record_property(
        "figure",
        f"{tally.answers:,} requests, 0 server errors ({told}), slowest answer {world.slowest:.1f} s, "
        f"{len(asked & met)} of {len(asked)} doors gone through",
    )
    assert world.slowest <= SECONDS_MOST
    unmet = sorted(asked - met)
    assert len(unmet) <= (0.1 if EACH >= 10_000 else 0.4) * len(asked), unmet
    with world.town.read() as session:
        assert list(verify(session)) == []


def test_a_handler_that_takes_what_comes_is_found_out(sqlite_database: Database, tmp_path: Path) -> None:
    """The harness sees what it is there for: a number that is believed to be one, in a question and in a field."""

    def trusting(visit: Visit) -> Reply:
        return Reply(
            content=str(int(visit.form.text("text") or next(iter(visit.query.values()), "0"))).encode()
        )

    town = Town(sqlite_database, settings_for(sqlite_database.url, tmp_path))
    path = "/{language}/trusting"
    town.app = create_app(town.site, also=(Route(path, ("GET", "POST"), "public", trusting),))
    world = World(town)
    found = set()
    for turn in range(300):
        case = make_case(turn, (turn, [*TRICKS[turn % 20 :][:4]], ("Accept", b"*/*")))
        found |= {(case.method, fault) for fault in world.play(structs.replace(case, path=path)).faults}
    assert found >= {("GET", "status 500"), ("POST", "status 500")}


def test_the_names_of_fields_are_read_from_the_source() -> None:
    assert {"text", "key", "version", "email", "code", "outcome", "queue", "done", "lat"} <= set(names_read())


def _paths() -> set[str]:
    return {route.path for route in routes()}

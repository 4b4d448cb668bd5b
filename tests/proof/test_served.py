"""A real `kanali serve` with its worker, on both databases: killed, pressed a hundred times, written to by eight.

Killed: twenty people write, add, reply, ask, answer and rate; all its processes are killed at once at a random moment,
again and again; who got no answer sends the same once more; then the people's own memory is compared with database,
outbox and ledger. That a commit is on the disk before the thank-you is shown by the order of the system's calls, since
a killed process leaves behind what the kernel holds.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import Struct

from feedback.items import converse
from feedback.items.tables import Item
from feedback.satisfaction import invite
from feedback.satisfaction.tables import Invitation
from portal.database import Database
from tests.conftest import fresh, settings_for
from tests.proof.clients import PEOPLE, Desk, Respondent, World
from tests.proof.nursery import Nursery
from tests.proof.presses import crowd, press
from tests.proof.reckoning import Reckoning, check_files_of
from tests.proof.served import Line, Served
from tests.proof.sync_order import answers_before_sync, hurried
from tests.proof.writers import write_at_once
from tests.town import Town

FULL = bool(os.environ.get("KANALI_PROOF"))
KILLS = {"sqlite": 600, "postgresql": 200} if FULL else {"sqlite": 2, "postgresql": 1}
ANSWERED_MOST = 120 if FULL else 60
"""Answers after which the portal is killed at the latest."""
KEYS, PRESSES, READERS = (200, 100, 100) if FULL else (10, 30, 10)
PEOPLE_AT_ONCE = 50
WRITERS, ROUNDS = (8, 200) if FULL else (4, 15)
TRACED = 1000 if FULL else 20
GOES_HOME_WITHIN = 120

Record = Callable[[str, object], None]


class Standing(Struct, frozen=True):
    """A town whose portal is up."""

    town: Town
    portal: Served
    mails: Path
    """The folder that it writes mails to."""


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.end()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def standing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, nursery: Nursery
) -> Iterator[Standing]:
    folder = tmp_path_factory.mktemp("standing")
    with fresh(request, request.param, folder) as database:
        town = Town(database, settings_for(database.url, folder), start=datetime.now(UTC))
        more = {"KANALI_WORKERS": "2"} if database.dialect == "postgresql" else {}
        portal = Served(database.url, folder, more=more, nursery=nursery)
        portal.start()
        # The portal works in this folder: a relative path of the settings begins here.
        yield Standing(town, portal, folder / town.settings.mail_folder)
        portal.stop()
        assert "Traceback" not in portal.log.read_text(), portal.log.read_text()


def test_whatever_was_thanked_for_is_there(standing: Standing, record_property: Record) -> None:
    town, portal = standing.town, standing.portal
    kills, seed = KILLS[town.database.dialect], random.randrange(10_000)
    world = World(portal, _prepare(town), seed)
    before = {row.id for row in town.rows(Item)}
    began = time.monotonic()
    _live_through(world, kills)
    seconds = (time.monotonic() - began) / kills
    assert all(wish.is_kept for wish in world.wishes)
    portal.kill()  # While it is counted, no worker sends anything.
    assert check_files_of(town.database) == []
    assert Reckoning(town, world.wishes, before, standing.mails).findings() == [], f"seed {seed}"
    portal.start()
    repeated = sum(wish.repeats > 0 for wish in world.wishes)
    assert repeated > 0, "kills that cut nobody off prove nothing"
    kinds = Counter(wish.kind for wish in world.wishes)
    files = sum(len(wish.files) for wish in world.wishes)
    assert files > 0
    said = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
    record_property(
        "figure",
        f"{kills} kills, {len(world.wishes):,} things thanked for ({said}; {files:,} files), {repeated:,} cut off "
        f"and sent again: 0 lost, 0 doubled, 0 half-written; {seconds:.1f} s a kill",
    )


def test_fifty_at_the_same_moment_are_all_thanked(standing: Standing) -> None:
    lines = [Line(standing.portal.port) for _ in range(PEOPLE_AT_ONCE)]
    with ThreadPoolExecutor(PEOPLE_AT_ONCE) as pool:
        crowd(standing.town, lines, pool)


def test_pressing_twice_makes_one(standing: Standing, record_property: Record) -> None:
    town, portal = standing.town, standing.portal
    items = town.count(Item)
    lines = [Line(portal.port) for _ in range(PRESSES)]
    with ThreadPoolExecutor(PRESSES) as pool:
        for _ in range(KEYS):
            press(town, lines, pool, READERS)
    assert town.count(Item) == items + 2 * KEYS, (
        "one for each key, and one for each that was sent as another message"
    )
    record_property("figure", f"{KEYS} keys × {PRESSES} posts at once: {KEYS} items, one receipt each")


def test_no_update_is_lost(standing: Standing, record_property: Record) -> None:
    lost = write_at_once(standing.town, standing.portal, writers=WRITERS, rounds=ROUNDS)
    told = f"{WRITERS} writers × {ROUNDS} rounds: nothing overwritten, {lost:,} texts found as drafts of their writers"
    record_property("figure", told)


@pytest.mark.parametrize("standing", ["sqlite"], indirect=True)
def test_the_disk_has_it_before_the_thanks(standing: Standing, record_property: Record) -> None:
    """With PostgreSQL this is the server's own promise, under the setting that `test_durable.py` shows."""
    early, thanked = answers_before_sync(standing.portal, TRACED)
    assert (early, thanked) == (0, TRACED)
    record_property(
        "figure", f"{thanked:,} of {TRACED:,} thank-yous after the sync of what was written for them"
    )


def test_the_order_test_sees_a_database_that_spares_the_disk(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """NORMAL is slipped in for FULL below the portal, where it can't see it: every answer comes too early."""
    Town(sqlite_database, settings_for(sqlite_database.url, tmp_path), start=datetime.now(UTC))
    with hurried(sqlite_database.url, tmp_path) as portal:
        assert answers_before_sync(portal, 5) == (5, 5)


def _live_through(world: World, kills: int) -> None:
    """Kill the portal so many times while everybody is at it, then let them all go home. It is up again afterwards."""
    portal, chance = world.portal, random.Random(world.seed)
    people = [kind(world, number) for kind, count in PEOPLE.items() for number in range(count)]
    threads = [threading.Thread(target=person.run, daemon=True) for person in people]
    try:
        for thread in threads:
            thread.start()
        for _ in range(kills):
            world.up.set()
            world.wait_for_answers(chance.randint(1, ANSWERED_MOST))
            time.sleep(chance.uniform(0, 0.02))  # The moment of the kill, no wait for anything.
            portal.kill()
            world.up.clear()
            assert world.faults == [], f"seed {world.seed}"
            portal.start()
        world.over.set()
        world.up.set()
        for thread in threads:
            thread.join(GOES_HOME_WITHIN)
            assert not thread.is_alive(), "somebody waits for an answer for ever"
    finally:
        world.over.set()
        world.up.set()
    assert world.faults == [], f"seed {world.seed}"


def _prepare(town: Town) -> Desk:
    """Two members of staff who have signed in, and an answered case with its survey for each respondent."""
    staff = [town.signed_in(town.account("responder", ("dept-a",))) for _ in range(2)]
    surveys = []
    for _ in range(PEOPLE[Respondent]):
        report = town.citizen_reports("The road is mended, I hear.", service="roads")
        town.answers(report)
        with town.database.write() as session:
            invite.invite(session, cycle_id=report.item.cycle.id, now=town.now)
        invitation = town.rows(Invitation)[-1]
        with town.database.write() as session:
            surveys.append(
                converse.make_link(
                    session,
                    purpose="survey",
                    item_id=report.id,
                    target_id=invitation.id,
                    now=town.now,
                    ends_at=town.now + timedelta(days=1),
                )
            )
    first, second = (str(browser.client.cookies.get("kanali-staff")) for browser in staff)
    return Desk((first, second), surveys)

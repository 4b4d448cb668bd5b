"""A head of the log that was kept elsewhere shows what the database alone can't: 100 forgeries after which everything
in it fits together again, tails cut off behind the head among them, are all found with it.

Each is made in one lived-through town and undone again. `make proof` does 1,000 on each database (KANALI_PROOF=1).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from feedback.custody.heads import ALGORITHM, PublishedHead
from feedback.custody.verify import verify
from feedback.custody.verify_log import verify_log
from feedback.ledger import log
from tests.feedback.custody import lived
from tests.past import Past
from tests.proof import crimes, forgeries
from tests.proof.forgeries import FORGERIES, Forgery
from tests.proof.towns import live_two_months
from tests.running import kanali
from tests.town import Town

EACH = 200 if os.environ.get("KANALI_PROOF") else 20
"""Forgeries of each of the five kinds."""
SEALED_EVERY = 3
"""Notes between two heads: a job that seals every five minutes."""
ALONE = 5
"""How many of each kind are tried without the head as well."""
SHOWN = {"log_cut", "log_rewritten"}
TRIES = 100


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request: pytest.FixtureRequest, past: Past, tmp_path: Path) -> Iterator[Town]:
    with past.town(request.param, live_two_months, tmp_path) as town:
        yield town


def held_heads(session: Session, city: str) -> list[PublishedHead]:
    """Every head that was ever published, as anybody could have kept it."""
    return [
        PublishedHead(city=city, algorithm=ALGORITHM, tree_size=size, root_hash=row.root, sealed_at=row.at)
        for size, row in sorted(log.heads(session).items())
    ]


def seal_often(session: Session, town: Town) -> None:
    """The same log with the heads of a job that seals often."""
    connection = session.connection()
    leaves = forgeries.leaves_of(connection)
    sizes = [*range(SEALED_EVERY, len(leaves), SEALED_EVERY), len(leaves)]
    forgeries.reseal(
        connection, leaves, {size: town.now - timedelta(minutes=len(leaves) - size) for size in sizes}
    )


def test_every_forgery_is_found_with_a_head_that_was_kept(town: Town) -> None:
    """Of those that are tried without it as well, at least a third is so complete that the database alone is silent."""
    unseen: list[str] = []
    silent: list[bool] = []
    with crimes.intruder(town) as session:
        seal_often(session, town)
        kept = held_heads(session, town.city.identity.key)
        assert len(kept) > 15
        for head in kept:
            assert list(verify_log(session, head)) == []
        for forgery in FORGERIES:
            chance = Random(forgery.__name__)
            for number in range(EACH):
                with session.begin_nested() as changed:
                    first, told = _forge(session.connection(), forgery, chance)
                    held = chance.choice([head for head in kept if head.tree_size > first])
                    if not any(found.code in SHOWN for found in verify_log(session, held)):
                        unseen.append(f"{told}, with the head of {held.tree_size}")
                    if number < ALONE:
                        silent.append(next(verify(session), None) is None)
                    changed.rollback()
                session.expire_all()
        assert list(verify(session, kept[-1])) == [], "something was not undone"
    assert unseen == [], "\n".join(unseen)
    assert sum(silent) > len(silent) / 3, silent


def _forge(connection: sa.Connection, forgery: Forgery, chance: Random) -> tuple[int, str]:
    for _ in range(TRIES):
        with (
            suppress(crimes.Useless, sa.exc.IntegrityError, sa.exc.DataError),
            connection.begin_nested(),
        ):
            return forgery(connection, chance)
    raise AssertionError(f"{forgery.__name__}: nothing could be forged in {TRIES} draws")


def test_a_head_from_before_a_change_tells_nothing_of_it(town: Town) -> None:
    """What was sealed after the head that one holds may be gone: only newer heads know."""
    with crimes.intruder(town) as session:
        seal_often(session, town)
        kept = held_heads(session, town.city.identity.key)
        old, new = kept[3], kept[-1]
        leaves = forgeries.leaves_of(session.connection())
        forgeries.reseal(session.connection(), leaves[:-5], forgeries.times_of(session.connection()))
        assert list(verify(session, old)) == []
        assert [finding.code for finding in verify(session, new)] == ["head_unknown", "log_cut"]


def test_the_command_takes_a_head_and_says_what_is_wrong(town: Town, tmp_path: Path) -> None:
    def verified(file: Path) -> tuple[int, str, str]:
        done = kanali("verify", "--head", str(file), url=town.settings.database_url, folder=tmp_path)
        return done.returncode, done.stdout, done.stderr

    fetched, held = town.visitor().get("/data/log-head.json"), tmp_path / "held.json"
    held.write_bytes(fetched.response.content)
    town.citizen_reports("The bench is broken.", service="roads")
    lived.seal(town)
    assert verified(held) == (0, "", ""), "the log has grown"
    held.write_bytes(town.visitor().get("/data/log-head.json").response.content)
    with crimes.leaving(town) as connection:
        leaves = forgeries.leaves_of(connection)
        forgeries.reseal(connection, leaves[:-1], forgeries.times_of(connection))
    code, out, said = verified(held)
    assert (code, out) == (1, "")
    assert "its end was cut off" in said
    with town.read() as session:
        assert list(verify(session)) == [], "without the head nobody would know"

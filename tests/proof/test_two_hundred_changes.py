"""`kanali verify` finds what was changed directly in the database: 50 edits, 50 deletions (half of them ends of
chains), 50 insertions, 50 swaps, drawn by a seed that is told when one goes unseen.

Each change is made in one lived-through town and undone again, without the triggers that forbid it. `make proof`
does it with ten seeds (KANALI_PROOF=1).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from feedback.custody.verify import verify
from tests.past import Past
from tests.proof import crimes
from tests.proof.crimes import Crime
from tests.proof.towns import live_two_months
from tests.running import kanali
from tests.town import Town

SEEDS = range(1, 11) if os.environ.get("KANALI_PROOF") else range(1, 2)
EACH = 50
KINDS: tuple[tuple[Crime, int], ...] = (
    (crimes.edit, EACH),
    (crimes.delete_last_note, EACH // 2),
    (crimes.delete, EACH - EACH // 2),
    (crimes.insert, EACH),
    (crimes.swap, EACH),
)
TRIES = 100
"""How often at most another change is drawn in place of one that would change nothing."""


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request: pytest.FixtureRequest, past: Past, tmp_path: Path) -> Iterator[Town]:
    with past.town(request.param, live_two_months, tmp_path) as town:
        yield town


def test_two_hundred_changes_are_all_found(town: Town) -> None:
    unseen = []
    with crimes.intruder(town) as session:
        assert list(verify(session)) == []
        for seed in SEEDS:
            chance = Random(seed)
            for crime, times in KINDS:
                for _ in range(times):
                    told, found = _commit_and_undo(session, crime, chance)
                    if not found:
                        unseen.append(f"seed {seed}: {told}")
        assert list(verify(session)) == [], "something was not undone"
    assert unseen == [], "\n".join(unseen)


def test_the_command_says_where_and_exits_with_1(town: Town, tmp_path: Path) -> None:
    silent = kanali("verify", url=town.settings.database_url, folder=tmp_path)
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, "", "")
    with crimes.leaving(town) as connection:
        told = crimes.delete_last_note(connection, Random(7))
    loud = kanali("verify", url=town.settings.database_url, folder=tmp_path)
    assert (loud.returncode, loud.stdout) == (1, ""), told
    chain = told.removeprefix("delete the last note of ").split()[0]
    assert f"{chain} " in loud.stderr or f"{chain}:" in loud.stderr, f"{told}: {loud.stderr}"
    assert "behind the ledger's back" in loud.stderr


def _commit_and_undo(session: Session, crime: Crime, chance: Random) -> tuple[str, bool]:
    """One change, whether `verify` finds it, and everything as it was before."""
    with session.begin_nested() as changed:
        told = _commit(session.connection(), crime, chance)
        found = next(verify(session), None) is not None
        changed.rollback()
    session.expire_all()
    return told, found


def _commit(connection: sa.Connection, crime: Crime, chance: Random) -> str:
    """One change that changes something."""
    for _ in range(TRIES):
        with (
            suppress(crimes.Useless, sa.exc.IntegrityError, sa.exc.DataError),
            connection.begin_nested(),
        ):
            return crime(connection, chance)
    raise AssertionError(f"{crime.__name__}: nothing could be changed in {TRIES} draws")

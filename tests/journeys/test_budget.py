"""A submission costs at most two and a half times what bare inserts of the same rows cost, in the same minute.

CPU time from /proc, never wall time and never absolute milliseconds; the portal and the bare handler of `bench/`
take turns. The whole measurement, with its milliseconds, is `make bench`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import psycopg
import pytest
import sqlalchemy as sa
from msgspec import Struct

from bench import load, machine, serving, visits
from bench.rows import ORDER
from bench.seed import make_installation, seed_city
from bench.serving import Served
from feedback.columns import table_of
from feedback.custody.verify import verify
from feedback.items import find
from feedback.outbox.tables import Job
from portal.database import Database
from tests.conftest import leave_out

HERAKLION = Path(__file__).parent.parent.parent / "cities" / "heraklion"
ITEMS = 300
REQUESTS = 150
"""In each turn: some hundred milliseconds of CPU, read in steps of ten."""
TRIES = 5
RATIO_MOST = 2.5


class City(Struct, frozen=True):
    """A seeded installation."""

    url: str
    folder: Path
    database: Database
    open_items: int


@pytest.fixture
def city(empty_url: str, tmp_path: Path) -> Iterator[City]:
    make_installation(empty_url, tmp_path, HERAKLION)
    database = Database(empty_url)
    made = seed_city(database, visits.open_secret(empty_url, tmp_path), items=ITEMS, seed=1)
    yield City(empty_url, tmp_path, database, made.open_items)
    database.close()


def test_a_seeded_city_is_like_a_real_one(city: City) -> None:
    visitors = visits.Visitors(city.database, visits.open_secret(city.url, city.folder), Random(3))
    with city.database.read() as session:
        assert list(verify(session)) == []
        assert all(
            session.execute(sa.select(sa.func.count()).select_from(table_of(model))).scalar_one() > 0
            for model in ORDER
        )
        open_items = session.execute(
            sa.text("SELECT count(*) FROM cycle WHERE ended_at IS NULL")
        ).scalar_one()
        item_id, code = visitors.code()
        code_hash = visits.stored_hash(visits.open_secret(city.url, city.folder), code)
        assert find.find_by_code(session, code_hash=code_hash) == item_id
    assert city.open_items <= open_items <= 1.2 * city.open_items


def test_a_submission_costs_at_most_two_and_a_half_times_bare_inserts(city: City) -> None:
    if not Path("/proc/self/stat").exists():
        leave_out("the budget of a submission", "this system has no /proc to read CPU time from")
    visitors = visits.Visitors(city.database, visits.open_secret(city.url, city.folder), Random(4))
    with (
        serving.serving(city.url, city.folder, "--no-worker") as real,
        serving.serving_bare(city.url, city.folder) as bare,
    ):
        secret = visits.open_secret(city.url, city.folder)
        forms = visits.make_forms(visits.current(city.database), Random(5), REQUESTS)
        start = _rows(city.database)
        load.run(real.port, visits.submissions(real.port, secret, forms), connections=4, expected=303)
        between = _rows(city.database)
        load.run(bare.port, visits.bare_submissions(bare.port, secret, forms), connections=4, expected=303)
        end = _rows(city.database)
        assert {name: between[name] - start[name] for name in start} == {
            name: end[name] - between[name] for name in start
        }, "the bare handler must write as many rows as a submission does"
        ratios: list[float] = []
        while len(ratios) < TRIES and (not ratios or min(ratios) > RATIO_MOST):
            spent = {"submission": 0.0, "bare": 0.0}
            for case, served in (("submission", real), ("bare", bare)) * 2:
                spent[case] += _cpu_of(visitors, served, case, city.url)
            ratios.append(spent["submission"] / spent["bare"])
    assert min(ratios) <= RATIO_MOST, [f"{ratio:.2f}" for ratio in ratios]


def _cpu_of(visitors: visits.Visitors, served: Served, case: str, url: str) -> float:
    """Seconds of CPU that the requests cost the server and, where it can be read here, the database."""
    pids = [*served.pids, *_sessions(url)]
    requests = visitors.requests(case, served.port, REQUESTS)
    before = machine.cpu_seconds(pids)
    load.run(served.port, requests, connections=4, expected=303)
    return machine.cpu_seconds(pids) - before


def _sessions(url: str) -> list[int]:
    """The processes of PostgreSQL that hold this database's sessions, if they run on this machine."""
    if url.startswith("sqlite"):
        return []
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    return [pid for (pid,) in rows if "postgres" in machine.command_of(pid)]


def _rows(database: Database) -> dict[str, int]:
    tables = [table_of(model) for model in (*ORDER, Job)]
    with database.read() as session:
        return {
            table.name: session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in tables
        }

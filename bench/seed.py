"""Writes a city of any size straight into a database: no deeds, no pages, the same rows.

    .venv/bin/python bench/seed.py --items 100000 --city cities/heraklion --database sqlite:////tmp/large/kanali.db
    .venv/bin/python bench/seed.py --items 100000 --city cities/kaunas --database postgresql://kanali@127.0.0.1/large

Makes the installation (its secret lies in `--folder`, for SQLite beside the file), staff in every department, and
items of the last fourteen months in three languages: twelve departments by Zipf, 8 % open, with clocks, answers,
invitations, ratings, contacts, and chains of notes that `kanali verify` finds in order. Months that are over are
closed by the portal's own closing. The same seed and moment give the same city.
"""

from __future__ import annotations

import argparse
import heapq
import io
import math
import sys
import time
from collections.abc import Iterable
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.life import Life  # noqa: E402  the checkout must be on the path first
from bench.rows import ORDER  # noqa: E402
from bench.setting import People, Setting  # noqa: E402
from feedback.city import versions  # noqa: E402
from feedback.city.load import read_folder  # noqa: E402
from feedback.columns import Row, table_of  # noqa: E402
from feedback.items.tables import Counter, Item  # noqa: E402
from feedback.ledger import log  # noqa: E402
from feedback.ledger.notes import CITIZEN, SYSTEM  # noqa: E402
from feedback.ledger.tables import TreeHead  # noqa: E402
from feedback.people import accounts  # noqa: E402
from portal.closing import close_what_is_due, freeze_what_is_due  # noqa: E402
from portal.commands.init import init  # noqa: E402
from portal.database import Database  # noqa: E402
from portal.secret import Secret, read_secret  # noqa: E402
from portal.settings import read_settings  # noqa: E402

SPAN = timedelta(days=425)
"""How far back the first item lies: fourteen closed months, so that the window of twelve is full."""
OPEN_SHARE = 0.08
FRESH = 21
"""Days: how fast the share of open items falls with their age."""
TRIAGE_SHARE = 0.05
"""Of the open items: nobody has assigned them yet."""
WITHDRAWN_SHARE, VOID_SHARE = 0.015, 0.015
CHUNK = 2000
"""Items in one transaction."""
STAFF = ("lead", "responder", "responder", "responder")
"""The accounts of each department."""


class Seeded(Struct, frozen=True):
    """What was written."""

    items: int
    open_items: int
    notes: int
    months: int
    seconds: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--city", type=Path, default=ROOT / "cities" / "heraklion")
    parser.add_argument("--database", required=True, help="URL of a database that holds no installation")
    parser.add_argument("--folder", type=Path, help="where the secret is kept (PostgreSQL)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    settings = read_settings({"KANALI_DATABASE_URL": given.database})
    folder = given.folder or settings.secret_file.parent
    make_installation(given.database, folder, given.city)
    database = Database(given.database)
    try:
        secret = _secret(given.database, folder)
        made = seed_city(database, secret, items=given.items, seed=given.seed)
    finally:
        database.close()
    print(
        f"{made.items} items, {made.open_items} open, {made.notes} notes, "
        f"{made.months} months closed, in {made.seconds:.0f} s"
    )
    return 0


def make_installation(url: str, folder: Path, city: Path) -> None:
    """Schema, city, first administrator and secret, as `kanali init` makes them."""
    settings = read_settings({"KANALI_DATABASE_URL": url, "KANALI_SECRET_FILE": str(folder / "secret")})
    profile = read_folder(city)
    with redirect_stdout(io.StringIO()):
        init(
            settings,
            profile,
            admin_email="admin@bench.invalid",
            admin_name="Admin",
            language=profile.default_language,
            password="not used by anybody",
        )


def seed_city(
    database: Database, secret: Secret, *, items: int, seed: int, now: datetime | None = None
) -> Seeded:
    """Fill a new installation with so many items that end an hour ago, and close the months that are over."""
    began, now = time.perf_counter(), now or datetime.now(UTC)
    random = Random(seed)
    with database.read() as session:
        ruling = versions.current(session)
        if session.execute(sa.select(table_of(Item).c.id).limit(1)).first():
            raise SystemExit("This database holds items already: give an empty one.")
    people = _hire(database, ruling, now - SPAN)
    setting = Setting(ruling, people, secret, random, now)
    moments = sorted(_moments(random, ruling.city.zone, items, now))
    opened = _choose_open(random, moments, now)
    for start in range(0, len(moments), CHUNK):
        for place in range(start, min(start + CHUNK, len(moments))):
            _live(setting, moments[place], is_open=place in opened)
        with database.write() as session:
            _store(session, setting.rows.take())
        database.checkpoint()
    with database.write() as session:
        _finish(session, setting, now)
    months = close_what_is_due(database, now=now)
    freeze_what_is_due(database, now=now)
    _tidy(database)
    return Seeded(items, len(opened), setting.rows.peaks.size, len(months), time.perf_counter() - began)


def _live(setting: Setting, received_at: datetime, *, is_open: bool) -> None:
    """One item, received then, with everything that has happened to it until now."""
    share = setting.random.random()
    life = Life(setting, received_at, is_triage=is_open and share < TRIAGE_SHARE)
    life.submit()
    if is_open:
        life.stay_open(share)
    elif share < WITHDRAWN_SHARE:
        life.end("withdrawn", "withdrawal", "citizen", CITIZEN)
    elif share < WITHDRAWN_SHARE + VOID_SHARE:
        life.end("void", "void", "internal", life.somebody())
    else:
        life.answer()
        life.ask_and_close()
    life.store()


def _hire(database: Database, ruling: versions.Ruling, at: datetime) -> People:
    """A clerk, and people for each department."""
    city, made = ruling.city, {}
    with database.write() as session:

        def add(role: str, number: int, departments: list[str]) -> int:
            account = accounts.add(
                session,
                city=city,
                email=f"{role}{number}@bench.invalid",
                name=f"{role.capitalize()} {number}",
                role=role,
                departments=departments,
                language=city.default_language,
                password_hash="",
                by=SYSTEM,
                now=at,
            )
            assert account.id is not None
            return account.id

        clerk = add("clerk", 1, [])
        number = 0
        for key in city.departments:
            made[key] = [add(role, number := number + 1, [key]) for role in STAFF]
    return People({**made, "": [clerk]})


def _moments(random: Random, zone: Any, items: int, now: datetime) -> Iterable[datetime]:
    """When items come in: any day alike, between 6 o'clock and midnight of the city."""
    first = (now - SPAN).astimezone(zone).date()
    for _ in range(items):
        day = first + timedelta(days=random.randrange(SPAN.days))
        moment = datetime(day.year, day.month, day.day, random.randint(6, 23), tzinfo=zone)
        yield (moment + timedelta(seconds=random.randrange(3600))).astimezone(UTC)


def _choose_open(random: Random, moments: list[datetime], now: datetime) -> set[int]:
    """8 % of the items, the younger the likelier: weighted drawing without replacement."""
    keys = [math.log(random.random()) * math.exp(min((now - moment).days / FRESH, 600)) for moment in moments]
    return set(heapq.nlargest(round(len(moments) * OPEN_SHARE), range(len(moments)), key=keys.__getitem__))


def _store(session: Session, rows: dict[type[Row], list[dict[str, Any]]]) -> None:
    """Past SQLAlchemy's compiler, which takes longer than the database. What a row leaves out is empty."""
    connection = session.connection()
    for model, values in rows.items():
        table = table_of(model)
        names = [column.name for column in table.columns]
        listed = ", ".join(f'"{name}"' for name in names)
        if connection.dialect.name == "postgresql":
            with connection.connection.cursor().copy(f'COPY "{table.name}" ({listed}) FROM STDIN') as copy:
                for row in values:
                    copy.write_row([row.get(name) for name in names])
            continue
        writers = [column.type.dialect_impl(connection.dialect) for column in table.columns]
        columns = list(zip(names, [kind.bind_processor(connection.dialect) for kind in writers], strict=True))
        connection.exec_driver_sql(
            f'INSERT INTO "{table.name}" ({listed}) VALUES ({", ".join("?" * len(names))})',
            [
                tuple(write(row.get(name)) if write else row.get(name) for name, write in columns)
                for row in values
            ],
        )


def _finish(session: Session, setting: Setting, now: datetime) -> None:
    """Counters, the head of the log, and on PostgreSQL the sequences behind the keys."""
    connection = session.connection()
    years = [{"year": year, "last": last} for year, last in setting.last.items()]
    connection.execute(sa.insert(table_of(Counter)), years)
    head = {"size": setting.rows.peaks.size, "root": setting.rows.peaks.root().hex(), "at": now}
    connection.execute(sa.insert(table_of(TreeHead)), {**head, "peaks": log.written(setting.rows.peaks)})
    if connection.dialect.name == "postgresql":
        for model in ORDER:
            table = table_of(model)
            if "id" in table.columns:
                connection.execute(
                    sa.text(
                        f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "
                        f'(SELECT coalesce(max(id), 0) + 1 FROM "{table.name}"), false)'
                    )
                )


def _tidy(database: Database) -> None:
    """What the database's own housekeeping would have done by the next day."""
    if database.dialect == "sqlite":
        database.checkpoint()
        return
    engine = sa.create_engine(
        sa.make_url(database.url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


def _secret(url: str, folder: Path) -> Secret:
    return read_secret(
        read_settings({"KANALI_DATABASE_URL": url, "KANALI_SECRET_FILE": str(folder / "secret")})
    )


if __name__ == "__main__":
    sys.exit(main())

"""Rounds of requests with the CPU that they cost, read before and after; and what a start of `kanali serve` takes.

Nothing else may happen in the two reading's window: keys, cookies and forms are made before it, the log of SQLite is
carried over after it. Each round is set against a calibration of its own, since a shared machine changes its pace.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from random import Random

from msgspec import Struct

from bench import load, machine, serving, visits
from bench.load import Answer, Load
from bench.serving import PostgreSQL, Served
from portal.database import Database

WARM_UP = 40
PUBLIC, STAFF = 8, 4
"""Connections at once."""
PARTS = 5
"""Of a round, the machine's pace being looked at between them."""
PAGES = ("receipt", "code", "item", "inbox", "public")
ASKED_BEFORE_MEMORY = 1000


class Figures(Struct, frozen=True):
    """One case on one database: medians of the rounds. Milliseconds; CPU is of this machine, as it was measured."""

    case: str
    dialect: str
    items: int
    requests: int
    """In each round."""
    calibration: float
    app: float
    """CPU of the server's processes, a request."""
    database: float
    """CPU of the database's processes, a request; with SQLite it is part of `app`."""
    cpu: float
    cpu_least: float
    cpu_most: float
    scaled: float
    """`cpu` as the reference machine would take: the median of the rounds, each divided by its calibration."""
    times_bare: float
    """`cpu` against the bare handler's, round by round."""
    rate: float
    p50: float
    p99: float


class Started(Struct, frozen=True):
    """What a whole `kanali serve` takes, its worker included. Bytes are proportional shares (PSS)."""

    dialect: str
    items: int
    ready_seconds: float
    web_bytes: list[int]
    """Each web process after the requests."""
    all_bytes: int
    """All processes together."""


class _Round(Struct, frozen=True):
    calibration: float
    app: float
    database: float
    rate: float
    p50: float
    p99: float

    @property
    def cpu(self) -> float:
        return self.app + self.database


class Bench:
    """One seeded database with the portal and the bare handler served on it."""

    def __init__(
        self, url: str, folder: Path, dialect: str, items: int, postgresql: PostgreSQL | None
    ) -> None:
        self._url, self._folder, self._dialect, self._items = url, folder, dialect, items
        self._postgresql = postgresql
        self._secret = visits.open_secret(url, folder)

    def measure(self, rounds: int, submissions: int, pages: int) -> list[Figures]:
        """All cases, round by round, so that whatever else the machine does falls on all of them."""
        database = Database(self._url)
        visitors = visits.Visitors(database, self._secret, Random(7))
        found: dict[str, list[_Round]] = {}
        counts: dict[str, int] = {}
        # The worker would work off the mails of the submissions meanwhile; it is started for `measure_start`.
        with (
            serving.serving(self._url, self._folder, "--no-worker") as real,
            serving.serving_bare(self._url, self._folder) as bare,
        ):
            for number in range(rounds + 1):
                pairs = [("submission", real, submissions, 303), ("bare", bare, submissions, 303)]
                pairs += [
                    ("receipt", real, pages, 200),
                    ("code", real, pages, 303),
                    ("item", real, pages, 200),
                ]
                pairs += [("inbox", real, pages // 2, 200), ("public", real, pages // 2, 200)]
                for case, served, count, status in pairs:
                    count = count if number else WARM_UP
                    requests = visitors.requests(case, served.port, count)
                    counts[case] = count
                    done = self._round(served, case, requests, status)
                    if number:
                        found.setdefault(case, []).append(done)
                again = _conditional(real.port)
                if again and number:
                    requests = visits.conditional(real.port, again, pages)
                    found.setdefault("public, 304", []).append(self._round(real, "public", requests, 304))
                    counts["public, 304"] = pages
                database.checkpoint()
        database.close()
        return [self._figures(case, counts[case], done, found["bare"]) for case, done in found.items()]

    def _round(self, served: Served, case: str, requests: list[bytes], status: int) -> _Round:
        """One round in parts, with the pace of the machine looked at before each and at the end."""
        app, database, seconds, paces = 0.0, 0.0, 0.0, []
        answers: list[Answer] = []
        count, size = len(requests), -(-len(requests) // PARTS)
        for start in range(0, count, size):
            paces.append(machine.calibrate())
            app, database = app - served.cpu_seconds(), database - self._database_seconds()
            done = load.run(
                served.port,
                requests[start : start + size],
                connections=STAFF if case == "inbox" else PUBLIC,
                expected=status,
            )
            app, database = app + served.cpu_seconds(), database + self._database_seconds()
            seconds, answers = seconds + done.seconds, answers + done.answers
        whole = Load(seconds, answers)
        return _Round(
            calibration=statistics.fmean([*paces, machine.calibrate()]),
            app=app / count * 1000,
            database=database / count * 1000,
            rate=whole.rate,
            p50=whole.percentile(0.5) * 1000,
            p99=whole.percentile(0.99) * 1000,
        )

    def _database_seconds(self) -> float:
        return self._postgresql.cpu_seconds() if self._postgresql else 0.0

    def _figures(self, case: str, count: int, done: list[_Round], bare: list[_Round]) -> Figures:
        def median(name: str) -> float:
            return float(statistics.median(getattr(each, name) for each in done))

        return Figures(
            case=case,
            dialect=self._dialect,
            items=self._items,
            requests=count,
            calibration=median("calibration"),
            app=median("app"),
            database=median("database"),
            cpu=median("cpu"),
            cpu_least=min(each.cpu for each in done),
            cpu_most=max(each.cpu for each in done),
            scaled=statistics.median(each.cpu / each.calibration for each in done),
            times_bare=statistics.median(
                each.cpu / beside.cpu for each, beside in zip(done, bare, strict=True)
            ),
            rate=median("rate"),
            p50=median("p50"),
            p99=median("p99"),
        )


def measure_start(url: str, folder: Path, dialect: str, items: int) -> Started:
    """Start the whole portal, ask it a thousand times, and read its memory."""
    database = Database(url)
    visitors = visits.Visitors(database, visits.open_secret(url, folder), Random(8))
    with serving.serving(url, folder) as served:
        for case, status in (
            ("submission", 303),
            ("receipt", 200),
            ("item", 200),
            ("inbox", 200),
            ("public", 200),
        ):
            requests = visitors.requests(case, served.port, ASKED_BEFORE_MEMORY // len(PAGES))
            load.run(served.port, requests, connections=PUBLIC, expected=status)
        time.sleep(3)  # The worker has begun with the mails.
        started = Started(
            dialect=dialect,
            items=items,
            ready_seconds=served.ready_seconds,
            web_bytes=[machine.memory_bytes(pid) for pid in served.web_pids()],
            all_bytes=sum(machine.memory_bytes(pid) for pid in served.pids),
        )
    database.close()
    return started


def _conditional(port: int) -> dict[str, str]:
    """The headers that ask for the public page only if it has changed; none where it has no name for its state."""
    answer: Load = load.run(port, visits.public_page(port, 1), connections=1, expected=200)
    etag, modified = answer.answers[0].header("etag"), answer.answers[0].header("last-modified")
    if etag:
        return {"If-None-Match": etag}
    return {"If-Modified-Since": modified} if modified else {}

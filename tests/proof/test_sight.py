"""Who may see what, for every route: the whole matrix, equal answers, a crawl for foreign marks, and rights that end.

`make check` asks what a desk does of every case on SQLite, and a part of it on PostgreSQL, and crawls a small town;
`make proof` asks all of both, and crawls a large one (KANALI_PROOF=1).
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import Pool

from feedback.items import codes
from feedback.items.tables import Reading
from feedback.ledger.tables import Note
from portal import jobs
from portal.database import Database
from portal.settings import Settings
from tests.conftest import settings_for
from tests.post_office import read_mails
from tests.proof.canaries import MARK, Marks, crawl, marks_in
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
from tests.town import Report, Town

IS_PROOF = bool(os.environ.get("KANALI_PROOF"))
LAST = ("POST", "/{language}/track/withdraw")
"""It needs no words and cannot be undone."""


@pytest.fixture
def world(database: Database, settings: Settings) -> World:
    return World(Town(database, settings))


@pytest.fixture(params=["sqlite", "postgresql"] if IS_PROOF else ["sqlite"])
def crawled(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


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
    whole = sum(len(cell) for line in oracle() for cell in line.cells.values())
    assert asked == whole if IS_PROOF else asked > 300
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


def test_what_is_hidden_and_what_never_was_are_one_answer_of_the_same_statements(
    request: pytest.FixtureRequest, settings: Settings, record_property: Callable[[str, Any], None]
) -> None:
    """Status, headers and bytes, and on SQLite each statement; at full size the time as well."""
    with told_statements() as statements:
        world = World(Town(request.getfixturevalue("database"), settings))
        different = []
        for actor in ("clerk", "responder_own", "lead_own", "quality"):
            for line in oracle():
                if "{reference}" not in line.path:
                    continue
                pairs = [_pair(world, actor, line, statements) for _ in range(2)]
                # The touch of a session, once a minute, may fall into one of four.
                if all(one != other or one[0] != 404 for one, other in pairs):
                    different.append(f"{actor}: {line.method} {line.path}")
        assert not different, "\n".join(different)
        assert statements or world.town.database.dialect != "sqlite", "the statements are counted"
        if IS_PROOF:
            record_property("figure", in_time(world))


def _pair(world: World, actor: str, line: Line, statements: list[str]) -> list[tuple[Any, ...]]:
    """What is answered of the hidden case and of a number that was never given, and by which statements."""
    answers = []
    hidden = world.cases["hidden"].reference
    for case in ("hidden", "absent"):
        statements.clear()
        page = world.asks(actor, line.method, line.path, case)
        told = page.response.headers.items()
        headers = [(name, value) for name, value in told if name not in ("date", "x-request-id")]
        body = page.response.text.replace(hidden, world.absent)
        answers.append((page.status, headers, body, list(statements)))
    return answers


def in_time(world: World) -> str:
    """A thousand interleaved pairs of requests: the medians within five milliseconds."""
    took: dict[str, list[float]] = {"hidden": [], "absent": []}
    for pair in range(1_000):
        order = ("hidden", "absent") if pair % 2 else ("absent", "hidden")
        for case in order:
            start = time.perf_counter()
            world.asks("clerk", "GET", "/staff/item/{reference}", case)
            took[case].append(time.perf_counter() - start)
    apart = abs(median(took["hidden"]) - median(took["absent"])) * 1000
    assert apart < 5
    return f"the same bytes; medians {apart:.2f} ms apart in 1,000 pairs"


@contextmanager
def told_statements() -> Iterator[list[str]]:
    """Every statement that SQLite runs on connections that are opened meanwhile."""
    told: list[str] = []

    def listen(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.set_trace_callback(lambda text: told.append(re.sub(r"'[^']*'|\d+", "?", text)))

    event.listen(Pool, "connect", listen)
    try:
        yield told
    finally:
        event.remove(Pool, "connect", listen)


def test_nobody_meets_a_mark_of_a_case_that_is_not_theirs(
    crawled: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, Any], None],
) -> None:
    monkeypatch.chdir(
        tmp_path
    )  # Where mails go is named from here, unless a file of the database says where.
    number = 2_000 if IS_PROOF else 30
    settings = settings_for(crawled.url, tmp_path)
    town = Town(crawled, settings)
    marks = Marks(town, number)
    pages = 0
    everybody = (marks.own, marks.lead, marks.head, *marks.quiet, marks.clerk)
    for viewer in everybody if IS_PROOF else (marks.own, marks.head, marks.quiet[0], marks.clerk):
        browser, may = town.signed_in(viewer.account_id), marks.may_meet(viewer)
        hidden = [case.reference for case in marks.cases if case.number not in may]
        guessed = [f"/staff/item/{reference}" for reference in hidden[:: max(1, len(hidden) // 20)]]
        met: set[int] = set()
        for at, page in crawl(browser, ["/staff", "/staff/inbox", "/staff/nowhere", "/en/", *guessed]):
            pages += 1
            found = marks_in(page)
            assert found <= may, f"{viewer.role} at {at}: marks of {sorted(found - may)}"
            assert page.status < 500
            met |= found
        assert met == may, f"{viewer.role} has met what it may: the crawl goes everywhere"
    for case in (None, marks.cases[4]):  # A stranger; somebody with the code of a restricted case.
        browser = town.visitor()
        if case is not None:
            until = int(time.time()) + 600
            signed = codes.sign(town.secret.key, "item", f"{case.item_id}-{until}")
            browser.client.cookies.set("kanali-item", signed, path="/")
        for at, page in crawl(browser, ["/en/", "/en/track", "/data/log-head.json", "/staff/inbox"]):
            pages += 1
            assert marks_in(page) <= ({case.number} if case else set()), at
    for _ in range(3):
        jobs.run_due(town.site, now=town.now)
        town.later(minutes=1)
    owners = {case.address: case.number for case in marks.cases}
    mails = read_mails(settings.var / "mail")
    assert len(mails) >= number // 2
    for mail in mails:
        said = {int(found) for found in MARK.findall(mail.subject + mail.text + mail.html)}
        assert said <= {owners[mail.to]}, f"a mail to {mail.to}"
    record_property("figure", f"{number:,} cases, {pages:,} pages, {len(mails):,} mails, no foreign mark")


def test_rights_that_end_end_with_the_next_request(world: World) -> None:
    """A grant taken back, a department left, another role, an account disabled: nothing is shown any more."""
    town, named, own = world.town, world.cases["named"], world.cases["own"]

    def status(actor: str, report: Report) -> int:
        return world.browser(actor, "own").get(f"/staff/item/{report.reference}").status

    ends: tuple[tuple[str, Report, str, int], ...] = (
        (
            "responder_own",
            named,
            f"UPDATE item_grant SET ended_at = given_at WHERE item_id = {named.id}",
            404,
        ),
        ("responder_own", own, "UPDATE membership SET ended_at = '2026-11-02 08:00:00'", 404),
        ("clerk", own, "UPDATE account SET role = 'auditor'", 404),
        ("clerk", own, "UPDATE account SET disabled_at = made_at", 303),
    )
    for actor, report, statement, answered in ends:
        if answered == 404:
            assert status(actor, report) == 200, statement
        with town.database.write() as session:
            session.execute(sa.text(statement))
        assert status(actor, report) == answered, statement

"""The operations listener: health in detail and metrics, few series and nobody's data in them."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import RemoteDisconnected
from urllib.error import HTTPError

import pytest
import sqlalchemy as sa
from msgspec import structs

from feedback.outbox import post
from portal import condition, health, jobs, metrics, schedule
from portal.app import routes
from portal.condition import State
from portal.log import Lines
from portal.metrics import SERIES_MOST
from portal.operations import Operations
from tests.running import ROOT, free_port
from tests.town import Report, Town

MARK = "Canary7"


@pytest.fixture
def operations(town: Town) -> Iterator[Operations]:
    """The listener of the town's portal, on a port of its own."""
    settings = structs.replace(town.settings, operations=("127.0.0.1", free_port()))
    listening = Operations(settings, lambda: {"parent": [os.getpid()], "web": [1], "worker": []})
    listening.address = f"http://127.0.0.1:{settings.operations[1]}"  # type: ignore[attr-defined,index]
    yield listening
    listening.close()


def ask(operations: Operations, path: str) -> tuple[int, str]:
    """Status and words of an answer, over the wire."""
    try:
        with urllib.request.urlopen(operations.address + path, timeout=30) as answer:  # type: ignore[attr-defined]
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        return refused.code, refused.read().decode()


def series(text: str) -> dict[str, float]:
    """What metrics say: series → value."""
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def state(town: Town) -> State:
    return condition.look(town.database)


def plan(town: Town, *, ago: timedelta) -> None:
    """The periodic jobs stand there since a while, by the real clock."""
    with town.database.write() as session:
        schedule.plan(session, datetime.now(UTC) - ago)


def test_a_portal_that_is_well_is_alive_ready_and_tells_its_details(
    town: Town, operations: Operations
) -> None:
    plan(town, ago=timedelta(0))
    assert ask(operations, "/health/live") == (200, "alive\n")
    status, text = ask(operations, "/health")
    told = json.loads(text)
    not_well = {name for name, check in told["checks"].items() if check["verdict"] == "fault"}
    if not_well == {"durability"}:  # The server of the tests keeps nothing safe.
        told["checks"]["durability"]["says"].index("fsync is off")
        assert status == 503
    else:
        assert (status, not_well) == (200, set())
        assert ask(operations, "/health/ready") == (200, "ready\n")
    assert told["database"]["worker"] == "works"
    assert (told["database"]["waiting_mails"], told["database"]["last_closing"]) == (0, "")
    assert told["disk"]["free_bytes"] > 0
    assert told["processes"] == {"parent": 1, "web": 1, "worker": 0}


def test_a_portal_whose_ledger_is_open_is_not_ready(sqlite_town: Town) -> None:
    settings = structs.replace(sqlite_town.settings, operations=("127.0.0.1", free_port()))
    operations = Operations(settings, dict)
    try:
        assert operations.answer("/health/ready").status == 200
        with sqlite_town.database.write() as session:
            session.execute(sa.text("DROP TRIGGER note_no_update"))
        found = operations.answer("/health/ready")
        assert (found.status, found.body) == (503, b"not ready\n")
        assert b"note_no_update" in operations.answer("/health").body
    finally:
        operations.close()


def test_strangers_are_told_nothing_on_the_portals_own_address(town: Town) -> None:
    browser = town.visitor()
    assert (browser.get("/health/live").response.text, browser.get("/health/ready").response.text) == (
        "alive\n",
        "ready\n",
    )
    for path in ("/health", "/metrics", "/health/"):
        assert browser.client.get(path).status_code == 404


def test_what_does_not_exist_is_said_without_repeating_it(operations: Operations) -> None:
    status, text = ask(operations, f"/{MARK}?{MARK}")
    assert status == 404
    assert MARK not in text


def test_a_fault_of_the_listener_is_a_line_of_the_log(
    sqlite_town: Town, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> dict[str, list[int]]:
        raise RuntimeError(MARK)

    settings = structs.replace(sqlite_town.settings, operations=("127.0.0.1", free_port()))
    operations = Operations(settings, broken)
    try:
        with caplog.at_level(logging.ERROR, "kanali"), pytest.raises(RemoteDisconnected):
            urllib.request.urlopen(f"http://127.0.0.1:{settings.operations[1]}/health", timeout=30)
        (record,) = caplog.records
        line = json.loads(Lines().format(record))
    finally:
        operations.close()
    assert (line["event"], line["fault"]) == ("fault on the operations listener", "RuntimeError")
    assert capfd.readouterr().err == ""


def test_requests_are_counted_by_template_and_class(town: Town, operations: Operations) -> None:
    def counted() -> dict[str, float]:
        return series(ask(operations, "/metrics")[1])

    name = 'kanali_requests_total{route="/{language}/submit",status="2xx"}'
    before = counted()
    browser = town.visitor()
    for _ in range(3):
        browser.get("/submit", topic=MARK)
    browser.get(f"/{MARK}")
    after = counted()
    assert after[name] - before.get(name, 0) == 3
    slow = 'kanali_request_seconds_total{route="/{language}/submit"}'
    assert 0 < after[slow] - before.get(slow, 0) < 60
    answers = "kanali_answer_seconds_count"
    assert after[answers] - before.get(answers, 0) == 4
    unknown = 'kanali_requests_total{route="no route",status="4xx"}'
    assert after[unknown] - before.get(unknown, 0) == 1
    assert after['kanali_memory_bytes{process="parent"}'] > 1_000_000


def test_metrics_hold_nothing_of_a_visitor_and_few_series(town: Town, operations: Operations) -> None:
    town.citizen_reports(f"{MARK} lives here", name=MARK, email=f"{MARK}@example.org")
    browser = town.visitor()
    for number in range(40):
        browser.get(f"/track/{MARK}{number}")
        browser.get(f"/{MARK}{number}")
        browser.client.request(f"{MARK}{number}".upper(), "/en/")
        browser.get("/submit", **{f"{MARK}{number}": "1"})
    text = ask(operations, "/metrics")[1]
    assert MARK.lower() not in text.lower()
    assert len(series(text)) <= SERIES_MOST
    standing = [name for name in series(text) if not name.startswith("kanali_request")]
    assert len(standing) + (metrics.TEMPLATES_MOST + 2) * metrics.SERIES_EACH <= SERIES_MOST


def test_however_many_routes_there_are_the_series_stay_few() -> None:
    """In a process of its own, since what is counted stays counted."""
    program = (
        "from portal import metrics\n"
        "requests = metrics.Requests(f'/page/{n}' for n in range(200))\n"
        "for n in range(210):\n"
        "    for status in (200, 303, 404, 500):\n"
        "        requests.add(f'/page/{n}' if n < 200 else None, status, 0.1)\n"
        "print(metrics.told([]).decode())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = series(done.stdout)
    per_route = [name for name in found if name.startswith("kanali_request")]
    assert len(per_route) == (metrics.TEMPLATES_MOST + 2) * metrics.SERIES_EACH
    assert found['kanali_requests_total{route="other routes",status="5xx"}'] == 200 - metrics.TEMPLATES_MOST


def test_the_pages_of_today_are_each_counted_by_themselves(town: Town) -> None:
    assert len({route.path for route in routes()}) + 2 <= metrics.TEMPLATES_MOST


def test_mails_are_counted_by_what_became_of_them(
    town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("mail"))
    name = 'kanali_mails_total{outcome="sent"}'
    before = series(metrics.told([]).decode()).get(name, 0)
    town.citizen_reports(email="rea@example.org")
    jobs.run_due(town.site, now=town.now, lane="mail")
    assert series(metrics.told([]).decode())[name] - before == 1


def mail_waits(town: Town, report: Report, *, hours: int) -> None:
    """A mail about this case has been waiting for so long."""
    with town.database.write() as session:
        post.message(
            session,
            kind="answer",
            item_id=report.id,
            contact_id=1,
            language="en",
            now=datetime.now(UTC) - timedelta(hours=hours),
        )


def test_mails_that_wait_are_told_with_the_age_of_the_oldest(town: Town) -> None:
    report = town.citizen_reports()
    for hours in (30, 1):
        mail_waits(town, report, hours=hours)
    found = state(town)
    assert found.waiting_mails == 2
    assert 30 * 3600 <= found.oldest_mail_seconds < 31 * 3600
    assert found.due["send"].count == 2
    (outbox,) = [check for check in health.verdicts(found, "") if check.name == "outbox"]
    assert outbox.verdict == "fault"
    assert "2 mails are waiting, the oldest for 1 day, 6:00:0" in outbox.says


def test_a_worker_is_known_by_its_work(town: Town) -> None:
    assert state(town).worker == "never"
    plan(town, ago=timedelta(seconds=30))
    assert state(town).worker == "works", "a moment is nothing"
    with town.database.write() as session:
        session.execute(sa.text("DELETE FROM job"))
    plan(town, ago=timedelta(minutes=10))
    assert state(town).worker == "late"
    with town.database.write() as session:
        post.claim(session, now=datetime.now(UTC), real_now=datetime.now(UTC), limit=1)
    assert state(town).worker == "works", "it is at one of them"


def test_mail_that_waits_for_its_server_makes_no_worker_late(town: Town) -> None:
    plan(town, ago=timedelta(0))
    report = town.citizen_reports()
    mail_waits(town, report, hours=3)
    assert state(town).worker == "works"

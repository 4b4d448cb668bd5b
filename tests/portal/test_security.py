"""Security events: each door and fence tells what happened there, by a fixed name and the account, never more."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feedback.people import accounts
from portal import metrics, security
from portal.database import Database
from portal.log import Lines
from tests.conftest import settings_for
from tests.town import BASE, Town

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "eleven geese over the river"
MARK = "Canary7"
OF_EVERY_LINE = {"time", "level", "event", "what", "request", "method", "route", "actor"}


class Told:
    """The security events that were told since this was made."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [
            {"level": record.levelname.lower(), **vars(record)["fields"]}
            for record in self._caplog.records
            if record.getMessage() == "security"
        ]

    def take(self) -> list[tuple[Any, ...]]:
        """What was told, and its facts in order of their names; forgotten afterwards."""
        found = [
            (line["what"], *(line[name] for name in sorted(line) if name not in ("what", "level")))
            for line in self.lines
        ]
        self._caplog.clear()
        return found


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Iterator[Told]:
    with caplog.at_level("INFO", "kanali"):
        yield Told(caplog)


@pytest.fixture
def town(sqlite_database: Database, tmp_path: Path) -> Town:
    """Riverton where the database makes no difference."""
    return Town(sqlite_database, settings_for(sqlite_database.url, tmp_path))


def counted(event: str) -> float:
    found = re.search(
        rf'^kanali_security_events_total{{event="{event}"}} (\S+)$', metrics.told([]).decode(), re.M
    )
    return float(found[1]) if found else 0.0


def test_the_door_tells_who_came_in_and_who_did_not(town: Town, told: Told) -> None:
    hashed = accounts.hash_password(PASSWORD)
    account = town.account("clerk", email="a@example.org", password_hash=hashed)
    before = counted("sign_in_failed")
    browser = town.visitor()
    browser.post("/staff/sign-in", email="nobody@example.org", password=PASSWORD)
    browser.post("/staff/sign-in", email="a@example.org", password="wrong")
    assert told.take() == [("sign_in_failed", "password"), ("sign_in_failed", account, "password")]
    assert counted("sign_in_failed") - before == 2
    browser.post("/staff/sign-in", email="a@example.org", password=PASSWORD)
    browser.post("/staff/sign-out")
    assert [event[0] for event in told.take()] == ["signed_in", "signed_out"]
    browser.post("/staff/sign-out")
    assert told.take() == [], "there was no session to end"


def test_what_people_do_with_their_own_account_is_told(town: Town, told: Told) -> None:
    account = town.account("clerk", password_hash=accounts.hash_password(PASSWORD))
    browser = town.signed_in(account)
    change = "/staff/account/password"
    browser.post(change, **{"current": "wrong", "new-password": "twelve geese over the sea"})
    browser.post(change, **{"current": PASSWORD, "new-password": "twelve geese over the sea"})
    browser = town.signed_in(account)
    browser.post("/staff/account/sign-out-there", session="x")
    browser.post("/staff/account/sign-out-everywhere")
    events = [(line["what"], line["level"]) for line in told.lines]
    assert events == [
        ("password_refused", "warning"),
        ("password_changed", "info"),
        ("session_ended", "info"),
        ("sessions_ended", "info"),
    ]


def test_staff_who_ask_for_what_is_not_theirs_are_told_of(town: Town, told: Told) -> None:
    theirs = town.citizen_reports("Loud music at night", service="noise")
    lead = town.lead("dept-a")
    told.take()
    for reference in (theirs.reference, theirs.reference[:-6] + "999999"):
        item = f"/staff/item/{reference}"
        lead.get(item)
        lead.post(f"{item}/take")
        lead.post(f"{item}/answer", version="1", outcome="done", text="Filled.")
        found = told.take()
        assert [event[0] for event in found] == ["access_refused"] * 3, "not theirs or not there: the same"
    town.signed_in(town.account("admin")).get("/staff/inbox")
    assert told.take() == [("access_refused", "page_unknown")]
    town.visitor().get("/nowhere")
    town.visitor().get("/staff/inbox")
    assert told.take() == [], "a stranger's wrong address is no event"


def test_a_second_look_by_who_answered_is_told(town: Town, told: Told) -> None:
    report = town.citizen_reports(service="roads")
    account = town.answers(report, by=town.account("responder"))
    town.account("responder")
    report.opened().post("/track/second-look", text="It is dark again.")
    told.take()
    page = town.signed_in(account).post(
        f"/staff/item/{report.reference}/take", version=str(report.item.version)
    )
    assert page.status == 403
    assert told.take() == [("access_refused", "second_look_by_another")]


def test_fences_tell_what_they_kept_out(town: Town, told: Told) -> None:
    browser = town.visitor()
    browser.post("/submit", origin="https://elsewhere.example.org")
    browser.client.get("/en/", headers={"Host": "elsewhere.example.org"})
    browser.client.post("/en/submit", content=b"{}", headers={"Content-Type": "text/json", "Origin": BASE})
    browser.client.request("HEAD", "/en/")
    assert told.take() == [("origin_refused",), ("request_refused", 421), ("request_refused", 415)]


def test_a_limit_is_told_when_it_engages_and_the_codes_before_it_each(town: Town, told: Told) -> None:
    browser = town.visitor()
    for _ in range(24):
        browser.post("/track", code="0" * 28)
    found = told.take()
    assert found[:20] == [("code_unknown",)] * 20
    assert found[20:] == [("limit_engaged", "follow_up_code")], "once, not at every try after it"


def test_a_line_holds_the_account_and_nothing_of_a_person(town: Town) -> None:
    account = town.account("clerk", name=MARK, email=f"{MARK}@example.org")
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Lines())
    ours = logging.getLogger("kanali")
    before = ours.level
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    try:
        browser = town.signed_in(account)
        browser.get(f"/staff/item/RIV-2026-000001?{MARK}={MARK}")
        browser.post("/submit", origin=f"https://{MARK}.example.org", text=MARK)
        town.visitor().post("/staff/sign-in", email=f"{MARK}@example.org", password=MARK)
    finally:
        ours.removeHandler(handler)
        ours.setLevel(before)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    events = [line for line in lines if line["event"] == "security"]
    assert [line["what"] for line in events] == ["access_refused", "origin_refused", "sign_in_failed"]
    assert [line["actor"] for line in events] == [account, None, None]
    assert events[2]["account"] == account
    for line in events:
        assert line.keys() - {"why", "way", "account"} == OF_EVERY_LINE
        assert line["request"] in {other["request"] for other in lines if other["event"] == "request"}
    assert MARK.lower() not in written.getvalue().lower()


def test_every_event_is_told_somewhere_and_stands_in_operating() -> None:
    told: set[str] = set()
    for file in (ROOT / "portal").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in ("security.tell", "tell")
                and node.args
            ):
                told |= {part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)}
    assert told & security.EVENTS == security.EVENTS
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    table = page.split("| `what` | what happened | more |", 1)[1].split("\n\n", 1)[0]
    first = [line.split("|")[1] for line in table.splitlines()[2:]]
    assert set(re.findall(r"`(\w+)`", "".join(first))) == security.EVENTS

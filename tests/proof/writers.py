"""Several members of staff who write at one case at the same moment: one is first, the others keep their texts.

Each round all open the case, then all send: an answer, a question, a hand-over. Every text is said once. In the end
each text that was accepted stands in the case once, and none of the others does; each of those was on the page that
refused it, beside what had come in, and is found by its writer after leaving and signing in again.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from msgspec import Struct

from feedback.custody.verify import verify
from feedback.items import converse, triage
from feedback.items.tables import Answer, Entry
from feedback.ledger.notes import Actor
from tests.proof.clients import hidden_value
from tests.proof.served import Line, Served
from tests.town import Report, Town

DEPARTMENTS = ("dept-a", "dept-b", "dept-c")
FORMS = {"answer": "", "ask": "?tab=question", "hand-over": "/hand-over"}
"""Deed → where its form is, behind the item's address."""
TOGETHER_WITHIN = 60


class Tried(Struct, frozen=True):
    """What one of them sent in one round, and what came of it."""

    deed: str
    words: str
    status: int
    shown: str
    """The page that came back, where it was refused."""


def write_at_once(town: Town, portal: Served, *, writers: int, rounds: int) -> int:
    """Let them write; returns how many texts came too late, all of them found again."""
    report = town.citizen_reports("Everybody wants to answer this.", service="roads")
    accounts = [town.account("lead", DEPARTMENTS) for _ in range(writers)]
    chief = Actor("staff", town.account("lead", DEPARTMENTS))
    lines = [_signed_in(town, portal, account) for account in accounts]
    chance = random.Random(rounds)
    accepted: list[str] = []
    late: list[str] = []
    with ThreadPoolExecutor(writers) as pool:
        for number in range(rounds):
            _make_open(town, report, chief)
            tried = _round(report, lines, pool, number, chance)
            won = [one for one in tried if one.status == 303]
            assert len(won) == 1, [(one.deed, one.status) for one in tried]
            accepted.append(won[0].words)
            for account, one in zip(accounts, tried, strict=True):
                if one.status != 303:
                    assert one.status == 409, one.shown
                    assert one.words in one.shown, "their own text"
                    assert won[0].words in one.shown, "and the one that was quicker"
                    late.append(one.words)
                    _find_draft(_signed_in(town, portal, account), report, one)
    _check(town, accepted, late)
    return len(late)


def _round(
    report: Report, lines: list[Line], pool: ThreadPoolExecutor, number: int, chance: random.Random
) -> list[Tried]:
    gate = threading.Barrier(len(lines))
    now_at = report.item.cycle.department
    elsewhere = chance.choice([key for key in DEPARTMENTS if key != now_at])
    deeds = [chance.choice(list(FORMS)) for _ in lines]

    def writer(place: int) -> Tried:
        line, deed = lines[place], deeds[place]
        line.moves()
        address = f"/staff/item/{report.reference}"
        page = line.get(address + FORMS[deed]).body.decode()
        words = f"Round {number} writer {place} {deed}."
        fields = {name: hidden_value(page, name) for name in ("version", "last_entry")}
        fields |= {"text": words, "outcome": "explained", "reason": words, "department": elsewhere}
        gate.wait(TOGETHER_WITHIN)
        answer = line.post(f"{address}/{deed}", fields)
        return Tried(deed, words, answer.status, answer.body.decode())

    return list(pool.map(writer, range(len(lines))))


def _find_draft(line: Line, report: Report, lost: Tried) -> None:
    """Signed in anew, on the page of the case or in the form of the deed: the text, and that it was not sent."""
    address = f"/staff/item/{report.reference}"
    pages = [line.get(address + FORMS[lost.deed]), line.get(address)]
    assert any(lost.words in page.body.decode() for page in pages), lost.words


def _signed_in(town: Town, portal: Served, account: int) -> Line:
    line = Line(portal.port)
    line.signed_in(str(town.signed_in(account).client.cookies.get("kanali-staff")))
    return line


def _make_open(town: Town, report: Report, by: Actor) -> None:
    """Bring the case to where an answer, a question and a hand-over are possible."""
    for _ in range(2):
        item = report.item
        seen: dict[str, Any] = {
            "item_id": item.id,
            "seen_version": item.version,
            "by": by,
            "now": town.now,
        }
        with town.database.write() as session:
            if item.state == "answered":
                triage.reopen(session, **seen, ruling=town.ruling, reason="The next round.")
            elif item.state == "waiting":
                converse.resume(session, **seen)
            elif item.state == "received":
                triage.take(session, **seen)


def _check(town: Town, accepted: list[str], late: list[str]) -> None:
    """Every text that was accepted stands there once, no other does, and the ledger agrees."""
    said = Counter(row.text for row in (*town.rows(Entry), *town.rows(Answer)))
    assert [words for words in accepted if said[words] != 1] == []
    assert [words for words in late if words in said] == []
    with town.read() as session:
        assert list(verify(session)) == []

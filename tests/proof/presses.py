"""One form sent by many at the same moment, and then with other words."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

from sqlmodel import select

from feedback.items.tables import Item
from tests.proof.served import Line
from tests.town import Town

_numbers = itertools.count(1)
TOGETHER_WITHIN = 60


def press(town: Town, lines: list[Line], pool: ThreadPoolExecutor) -> None:
    """Everybody sends the same form with the same key: one item, one receipt. Other words under that key: refused,
    kept, and sent as another message under the new key of that page."""
    number = next(_numbers)
    key = lines[0].get("/en/submit").page.value("key")
    fields = {"key": key, "kind": "request", "service": "roads", "text": f"Pressed again and again, {number}"}
    gate = threading.Barrier(len(lines))

    def person(line: Line) -> tuple[int, str, str]:
        line.moves()
        gate.wait(TOGETHER_WITHIN)
        sent = line.post("/en/submit", fields)
        receipt = line.get(sent.location).page
        return sent.status, receipt.field("#reference"), receipt.field("#code")

    receipts = set(pool.map(person, lines))
    assert len(receipts) == 1, receipts
    status, reference, code = receipts.pop()
    assert status == 303
    assert code
    assert _references(town, fields["text"]) == [reference]
    _send_as_another(town, lines[0], fields, number)


def _send_as_another(town: Town, line: Line, fields: dict[str, str], number: int) -> None:
    other = f"Other words under the same key, {number}"
    line.moves()
    refused = line.post("/en/submit", {**fields, "text": other})
    assert refused.status == 409
    assert refused.page.value("text") == other
    new_key = refused.page.value("key")
    assert new_key not in ("", fields["key"])
    assert _references(town, other) == [], "nothing of the second post is stored"
    sent = line.post("/en/submit", {**fields, "text": other, "key": new_key})
    assert sent.status == 303
    assert len(_references(town, other)) == 1


def _references(town: Town, text: str) -> list[str]:
    with town.read() as session:
        return list(session.exec(select(Item.reference).where(Item.text == text)).all())

"""Many who send at the same moment: each their own form, or all the same one, and then with other words."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

from sqlmodel import select

from feedback.items.tables import Item
from feedback.outbox.tables import Message
from tests.proof.served import Line
from tests.town import Town

_numbers = itertools.count(1)
TOGETHER_WITHIN = 60


def crowd(town: Town, lines: list[Line], pool: ThreadPoolExecutor) -> None:
    """Everybody has a form open and sends it at the same moment: everybody is thanked, and every message is there with
    its number, its contact and its mail."""
    before = {row.id for row in town.rows(Item)}
    keys = [line.get("/en/submit").page.value("key") for line in lines]
    gate = threading.Barrier(len(lines))

    def person(place: int) -> int:
        line = lines[place]
        line.moves()
        fields = {
            "key": keys[place],
            "kind": "request",
            "service": "roads",
            "text": f"The lamp of {place} is dark.",
        }
        gate.wait(TOGETHER_WITHIN)
        return line.post("/en/submit", {**fields, "email": f"person{place}@example.org"}).status

    assert list(pool.map(person, range(len(lines)))) == [303] * len(lines)
    made = [row for row in town.rows(Item) if row.id not in before]
    assert sorted(row.text for row in made) == sorted(f"The lamp of {n} is dark." for n in range(len(lines)))
    numbers = sorted(int(row.reference[-6:]) for row in town.rows(Item))
    assert numbers == list(range(1, len(numbers) + 1))
    mailed = [row.item_id for row in town.rows(Message) if row.item_id not in before]
    assert sorted(mailed) == sorted(row.id for row in made)


def press(town: Town, lines: list[Line], pool: ThreadPoolExecutor, readers: int) -> None:
    """Everybody sends the same form with the same key: one item, one receipt, which so many of them read. Other words
    under that key: refused, kept, and sent as another message under the new key of that page."""
    number = next(_numbers)
    key = lines[0].get("/en/submit").page.value("key")
    fields = {"key": key, "kind": "request", "service": "roads", "text": f"Pressed again and again, {number}"}
    gate = threading.Barrier(len(lines))

    def person(line: Line) -> tuple[int, str]:
        line.moves()
        gate.wait(TOGETHER_WITHIN)
        sent = line.post("/en/submit", fields)
        return sent.status, sent.location

    def read(line: Line) -> tuple[str, str]:
        receipt = line.get("/en/receipt").page
        return receipt.field("#reference"), receipt.field("#code")

    assert set(pool.map(person, lines)) == {(303, "/en/receipt")}
    receipts = set(pool.map(read, lines[:readers]))
    assert len(receipts) == 1, receipts
    reference, code = receipts.pop()
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

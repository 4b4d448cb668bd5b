"""Fifty people press send at the same moment while the worker writes: everybody is thanked, nobody is lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from sqlmodel import select

from feedback.custody.verify import verify
from feedback.items.tables import Counter, Item
from feedback.outbox.tables import Message
from portal.database import Database
from tests.running import Portal, kanali, running

PEOPLE = 50
RIVERTON = Path(__file__).parent.parent / "cities" / "riverton"


@pytest.fixture
def url(empty_url: str, tmp_path: Path) -> str:
    made = kanali(
        "init",
        "--city",
        str(RIVERTON),
        "--admin-email",
        "admin@example.org",
        "--admin-name",
        "Ada",
        url=empty_url,
        folder=tmp_path,
    )
    assert made.returncode == 0, made.stderr
    return empty_url


def test_fifty_parallel_posts_make_fifty_items(url: str, tmp_path: Path) -> None:
    with running(url, tmp_path, more={"KANALI_TRUSTED_PROXIES": "127.0.0.0/8"}) as portal:
        answers = _all_at_once(portal)
        again = _post(portal, answers[0][1])
    assert [status for status, _, _ in answers] == [303] * PEOPLE
    assert again == 303, "the same key again gives the same answer"
    database = Database(url)
    try:
        with database.read() as session:
            references = session.exec(select(Item.reference)).all()
            last = session.execute(sa.select(sa.func.max(Counter.last))).scalar_one()
            messages = session.exec(select(Message.kind)).all()
            findings = list(verify(session))
    finally:
        database.close()
    assert sorted(int(reference[-6:]) for reference in references) == list(range(1, PEOPLE + 1))
    assert last == PEOPLE
    assert list(messages) == ["receipt"] * PEOPLE
    assert findings == []


def _all_at_once(portal: Portal) -> list[tuple[int, dict[str, str], float]]:
    """Every person has the form open; then all press send together."""
    gate = threading.Barrier(PEOPLE)

    def person(number: int) -> tuple[int, dict[str, str], float]:
        with httpx.Client(base_url=portal.address, timeout=60) as client:
            client.headers["X-Forwarded-For"] = f"10.0.0.{number}"
            form = BeautifulSoup(client.get("/en/submit").text, "html.parser")
            field = form.find("input", attrs={"name": "key"})
            assert field is not None
            data = {
                "key": str(field["value"]),
                "kind": "request",
                "text": f"The lamp number {number} is dark.",
                "service": "street-lighting",
                "email": f"person{number}@example.org",
            }
            gate.wait(30)
            answer = client.post("/en/submit", data=data, headers={"Origin": portal.address})
            return answer.status_code, data, answer.elapsed.total_seconds()

    with ThreadPoolExecutor(PEOPLE) as pool:
        return list(pool.map(person, range(PEOPLE)))


def _post(portal: Portal, data: dict[str, str]) -> int:
    answer = httpx.post(portal.address + "/en/submit", data=data, headers={"Origin": portal.address})
    return answer.status_code

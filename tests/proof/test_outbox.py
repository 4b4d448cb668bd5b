"""Mails and webhooks through servers that fail at every stage, while workers are killed: none lost, none twice.

At full size (`make proof`) 5,000 messages on each database; one worker on SQLite, three on PostgreSQL.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from feedback.custody.verify import verify
from feedback.items import submit
from feedback.items.sent import Sent
from feedback.ledger.notes import SYSTEM
from feedback.outbox.tables import Message
from feedback.webhooks import subscribe
from feedback.webhooks.tables import Delivery
from portal.database import Database
from tests import receiver as receivers
from tests.conftest import settings_for
from tests.proof import faulty_post
from tests.proof.faulty_post import Post
from tests.proof.outbox_worker import Orders, work
from tests.receiver import Receiver
from tests.town import Town

IS_PROOF = bool(os.environ.get("KANALI_PROOF"))
ITEMS, KILLS, MOST = (2500, 60, 2700) if IS_PROOF else (100, 3, 240)
"""Cases, each with a mail and a webhook; workers killed; seconds after which it is given up."""


def test_what_is_to_be_sent_arrives_once_whoever_fails_and_dies(
    database: Database, tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    settings = settings_for(database.url, tmp_path)
    town = Town(database, settings)
    workers = 3 if database.dialect == "postgresql" else 1
    ids = take_in(town, ITEMS)
    with Post(has_hanging=IS_PROOF) as post, Receiver(tmp_path) as receiver:
        receiver.script = script = Script()
        orders = Orders(
            environ={
                "KANALI_DATABASE_URL": database.url,
                "KANALI_SECRET_FILE": str(settings.secret_file),
                "KANALI_SMTP_URL": f"smtp://127.0.0.1:{post.port}",
            },
            receiver=receiver.address,
            certificate=str(receiver.certificate),
            started_at=time.time(),
            clock_at=town.now,
        )
        killed = run(town, orders, workers)
    mails, hooks = town.rows(Message), town.rows(Delivery)
    assert len(mails) == len(hooks) == ITEMS
    refused, lost = ids[faulty_post.REFUSED], ids[faulty_post.LOST]
    for mail in mails:
        name = f"<{mail.stable_id}@[127.0.0.1]>"
        if mail.item_id == refused:
            assert (mail.state, mail.reason) == ("failed", "smtp_550")
        elif mail.item_id == lost:
            assert mail.state in ("waiting", "failed") and name not in post.kept
        else:
            assert mail.state == "sent" and name in post.kept, "lost"
    assert len(post.kept) == ITEMS - 2, "something came that nobody sent"
    assert {len(contents) for contents in post.kept.values()} == {1}, "another mail under the same Message-ID"
    sent = {hook.stable_id for hook in hooks if hook.state == "sent"}
    assert sent == {hook.stable_id for hook in hooks} - {script.poison}
    assert sent == set(receiver.ids) | set(script.unsure) & sent
    bodies: dict[str, set[bytes]] = {}
    for taken in receiver.taken:
        bodies.setdefault(taken.id, set()).add(taken.body)
    assert {len(found) for found in bodies.values()} == {1}, "another webhook under the same id"
    with town.read() as session:
        assert list(verify(session)) == []
    again = sum(post.arrivals.values()) - len(post.arrivals)
    again += sum(1 for taken in receiver.taken if taken.answer == "200") - len(set(receiver.ids))
    record_property(
        "figure",
        f"{2 * ITEMS:,} messages, {workers} worker{'s' if workers > 1 else ''}, {killed} kills: 0 lost, "
        f"0 twice by key ({again} repeated under their own key)",
    )


class Script:
    """What the receiver does: each webhook its own way at first, one never taken, some connections cut."""

    def __init__(self) -> None:
        self.poison = ""
        self.unsure: set[str] = set()
        """Cut off after they were read: they arrived, and nobody said so."""

    def __call__(self, stable_id: str, attempt: int) -> str:
        if not stable_id:
            return {5: receivers.RESET_AT_ONCE, 11: receivers.RESET_AFTER_TLS}.get(attempt % 53, "")
        self.poison = self.poison or stable_id
        if stable_id == self.poison:
            return "500"
        way = int(hashlib.sha256(stable_id.encode()).hexdigest(), 16) % 40
        if attempt > (1 if way % 7 == 0 else 0):
            return "200"
        if way in (3, 4):
            self.unsure.add(stable_id)
            return receivers.RESET_AFTER_READING
        if way == 5 and IS_PROOF:
            return receivers.HANG if int(stable_id[-1], 16) < 2 else receivers.DRIP
        return {0: "500", 1: "503", 2: "429", 6: "302", 7: "404"}.get(way, "200")


def take_in(town: Town, number: int) -> list[int]:
    """So many cases, each with a contact of its own; their ids, by the number in the address."""
    where, events = subscribe.check(receivers.URL, ["item.received"])
    ids = []
    ruling = town.ruling
    with town.database.write() as session:
        subscribe.add(session, where=where, events=events, by=SYSTEM, now=town.now)
    for start in range(0, number, 100):
        with town.database.write() as session:
            for place in range(start, min(start + 100, number)):
                sent = Sent(
                    kind="request",
                    text="It is dark.",
                    service="street-lighting",
                    language="en",
                    email=f"citizen{place}@example.org",
                )
                prepared = submit.prepare(ruling=ruling, sent=sent, received_at=town.now)
                ids.append(submit.submit(session, prepared=prepared, key=town.key(), now=town.now).item_id)
    return ids


def run(town: Town, orders: Orders, number: int) -> int:
    """Let so many workers work until all is done that can be, and kill one of them now and then; how many kills."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.proof.outbox_worker"])

    def start() -> Any:
        process = context.Process(target=work, args=(orders,), daemon=True)
        process.start()
        return process

    workers, chance, killed = [start() for _ in range(number)], random.Random(16), 0
    ended, pause = time.monotonic() + MOST, threading.Event()
    try:
        while (done := done_share(town)) < 1:
            assert time.monotonic() < ended, f"{done:.1%} done in {MOST} s"
            if done * (KILLS + 1) > killed + 1:
                place = chance.randrange(number)
                workers[place].kill()
                workers[place].join()
                workers[place] = start()
                killed += 1
            for place, worker in enumerate(workers):
                assert worker.is_alive(), f"worker {place} ended by itself: {worker.exitcode}"
            pause.wait(0.1)
    finally:
        for worker in workers:
            worker.kill()
            worker.join()
    return killed


def done_share(town: Town) -> float:
    """How much of what can come to its end has: all but one mail that is always lost and one webhook."""
    mails = sum(1 for mail in town.rows(Message) if mail.state != "waiting")
    hooks = sum(1 for hook in town.rows(Delivery) if hook.state == "sent")
    return (mails + hooks) / (2 * ITEMS - 2)

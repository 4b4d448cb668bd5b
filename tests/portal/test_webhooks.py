"""Webhooks: what is told, to whom, how often; and that nothing makes the portal reach into the house."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from feedback.columns import table_of
from feedback.custody.verify import verify
from feedback.errors import NotAllowed, NotFound
from feedback.items import restrict, triage
from feedback.ledger.notes import SYSTEM, Actor
from feedback.outbox import post
from feedback.outbox.tables import Job
from feedback.people import accounts
from feedback.webhooks import address, deliver, sign, subscribe
from feedback.webhooks.events import EVENTS
from feedback.webhooks.tables import Delivery, Subscription
from portal import jobs
from portal.outbound.webhook import WebhookRefused, Webhooks
from tests import receiver as receivers
from tests.receiver import Receiver
from tests.town import Town, version_of

WORDS = "The lamp opposite Rea Novak's door does not burn."


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with Receiver(tmp_path) as running:
        yield running


def subscribes(town: Town, *events: str, url: str = receivers.URL) -> int:
    where, wanted = subscribe.check(url, events)
    with town.database.write() as session:
        made = subscribe.add(session, where=where, events=wanted, by=SYSTEM, now=town.now)
        assert made.id is not None
        return made.id


def work(town: Town, receiver: Receiver, **other: Any) -> int:
    return jobs.run_due(town.site, now=town.now, webhooks=receiver.webhooks(**other))


def told(receiver: Receiver) -> list[tuple[str, dict[str, Any]]]:
    found = [json.loads(taken.body) for taken in receiver.taken]
    return [(one["type"], one["data"]) for one in found]


def deliveries(town: Town) -> list[str]:
    return [found.state for found in town.rows(Delivery)]


def standing(town: Town) -> deliver.Standing:
    with town.read() as session:
        (found,) = deliver.standings(session)
    return found


# ── what is told ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_case_is_told_from_its_receipt_to_its_end_in_codes_and_days(town: Town, receiver: Receiver) -> None:
    town.citizen_reports("Before anybody was told.", service="street-lighting")
    work(town, receiver)
    subscribes(town)
    town.later(minutes=1)
    report = town.citizen_reports(
        WORDS, service="street-lighting", name="Rea Novak", email="rea@example.org", place="Mill Lane 3"
    )
    town.later(seconds=1)
    triage = town.citizen_reports("Good day to you all.")
    by = town.takes(report)
    town.asks(report, "Which door is it?", by=by)
    report.opened().post("/track/reply", text="The blue one.")
    town.later(seconds=1)
    town.hands_over(triage, "dept-b", reason="A neighbour of mine works there.")
    town.later(seconds=1)
    town.answers(report, "We changed the bulb for Ms Novak.", by=by)
    town.later(minutes=1)
    work(town, receiver)
    report.opened().post("/track/second-look", text="It is dark again.")
    town.later(seconds=1)
    triage.opened().post("/track/withdraw")
    town.later(minutes=1)
    work(town, receiver)
    events = [
        (event, data["reference"][-1], data["state"], data["department"]) for event, data in told(receiver)
    ]
    assert events == [
        ("item.received", "2", "received", "dept-a"),
        ("item.routed", "2", "received", "dept-a"),
        ("item.received", "3", "received", None),
        ("item.routed", "3", "received", "dept-b"),
        ("item.answered", "2", "answered", "dept-a"),
        ("item.received", "2", "received", "dept-a"),
        ("item.routed", "2", "received", "dept-a"),
        ("item.closed", "3", "withdrawn", "dept-b"),
    ]
    answered = told(receiver)[4][1]
    assert answered == {
        "reference": report.reference,
        "kind": "request",
        "nature": "service_request",
        "state": "answered",
        "round": 1,
        "origin": "first",
        "department": "dept-a",
        "service": "street-lighting",
        "received_on": "2026-11-02",
        "due": {"law": answered["due"]["law"], "promise": answered["due"]["promise"]},
        "answered_on": "2026-11-02",
        "outcome": "done",
    }
    assert answered["due"]["promise"] and told(receiver)[5][1]["round"] == 2
    sent = b" ".join(taken.body for taken in receiver.taken).decode()
    for word in (
        "lamp",
        "Novak",
        "rea@",
        "Mill",
        "door",
        "blue",
        "neighbour",
        "bulb",
        "dark",
        report.code[:8],
    ):
        assert word not in sent
    assert set(deliveries(town)) == {"sent"}
    with town.read() as session:
        assert list(verify(session)) == []


def test_a_receiver_can_check_who_sent_it(town: Town, receiver: Receiver) -> None:
    subscribes(town, "item.received")
    report = town.citizen_reports(WORDS, service="street-lighting")
    town.later(minutes=1)
    work(town, receiver)
    (taken,) = receiver.taken
    (subscription,) = town.rows(Subscription)
    secret = sign.shown(sign.secret_of(town.secret.key, subscription.salt))
    checked = Webhook(secret).verify(taken.body, dict(taken.headers))
    assert checked["data"]["reference"] == report.reference
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(taken.body.replace(b"received", b"answered"), dict(taken.headers))
    assert taken.line == "POST /kanali?town=riverton HTTP/1.1"
    assert taken.headers["host"] == f"{receivers.HOST}:{receivers.PORT}"
    with town.database.read() as session:
        stored = session.execute(sa.text("SELECT * FROM subscription")).one()
    assert secret[6:] not in str(stored) and sign.secret_of(
        town.secret.key, subscription.salt
    ).hex() not in str(stored)


def test_overdue_is_told_once_a_round_and_a_closed_month_by_its_name(town: Town, receiver: Receiver) -> None:
    subscribes(town, "item.overdue", "record.closed")
    report = town.citizen_reports(WORDS, service="street-lighting")
    answered = town.citizen_reports(WORDS, service="street-lighting")
    town.answers(answered)
    for day in ("2026-11-03 12:00", "2027-01-12 08:00", "2027-01-12 09:00"):
        town.at(day)
        work(town, receiver)
    town.hands_over(report, "dept-b")
    town.later(days=1)
    work(town, receiver)
    overdue = [data for event, data in told(receiver) if event == "item.overdue"]
    assert [(data["reference"], data["round"]) for data in overdue] == [(report.reference, 1)]
    assert overdue[0]["due"]["promise"] < "2027-01-12"
    assert [data for event, data in told(receiver) if event == "record.closed"] == [
        {"period": "2026-11"},
        {"period": "2026-12"},
    ]
    town.later(days=40)
    work(town, receiver)
    work(town, receiver)
    assert [event for event, _ in told(receiver)].count("item.overdue") == 1, (
        "what is purged meanwhile is not told again"
    )


def test_each_is_told_only_what_it_wants_and_only_once(town: Town, receiver: Receiver) -> None:
    subscribes(town, "item.answered")
    subscribes(town, "item.closed", url=f"https://{receivers.HOST}:{receivers.PORT}/other")
    report = town.citizen_reports(WORDS, service="street-lighting")
    town.answers(report)
    town.later(minutes=1)
    work(town, receiver)
    with town.database.write() as session:  # A worker that died before it noted how far it had come.
        session.execute(sa.update(table_of(Subscription)).values(followed=0))
    town.later(minutes=1)
    work(town, receiver)
    assert [(taken.line.split()[1], json.loads(taken.body)["type"]) for taken in receiver.taken] == [
        ("/kanali?town=riverton", "item.answered")
    ]


def test_what_is_restricted_is_not_told(town: Town, receiver: Receiver) -> None:
    subscribes(town, *[event for event in EVENTS if event != "record.closed"])
    born = town.citizen_reports(WORDS, kind="complaint", service="staff-conduct")
    later = town.citizen_reports(WORDS, service="street-lighting")
    town.later(minutes=1)
    jobs.run_due(town.site, now=town.now, lane="rest")
    assert {found.item_id for found in town.rows(Delivery)} == {later.id}
    clerk = town.account("clerk")
    town.account("lead", ("dept-c",))
    with town.database.write() as session:
        by = accounts.find_viewer(session, clerk)
        assert by is not None
        restrict.restrict(
            session,
            item_id=later.id,
            seen_version=version_of(session, later),
            restricted="health",
            department="dept-c",
            reason="It names an illness.",
            city=town.city,
            by=by,
            now=town.now,
        )
    for report in (born, later):
        town.answers(report, by=clerk)
    town.later(days=80)
    work(town, receiver)
    assert (receiver.connections, set(deliveries(town))) == (0, {"withheld"})


def test_what_is_held_is_told_when_it_is_released(town: Town, receiver: Receiver) -> None:
    subscribes(town, *[event for event in EVENTS if event != "record.closed"])
    report = town.citizen_reports(WORDS, service="street-lighting", website="https://example.org")
    town.later(days=80)
    work(town, receiver)
    assert told(receiver) == []
    clerk = Actor("staff", town.account("clerk"))
    with town.database.write() as session:
        triage.release(
            session,
            item_id=report.id,
            seen_version=version_of(session, report),
            by=clerk,
            now=town.now,
        )
    town.later(minutes=6)
    work(town, receiver)
    assert {event for event, _ in told(receiver)} == {"item.received", "item.routed", "item.overdue"}


def test_a_demonstration_tells_nobody(town: Town, receiver: Receiver) -> None:
    subscribes(town)
    town.citizen_reports(WORDS, service="street-lighting")
    town.later(minutes=1)
    jobs.run_due(town.site, now=town.now, lane="rest")
    town.site.demonstration = True
    town.citizen_reports(WORDS, service="street-lighting")
    town.later(minutes=1)
    work(town, receiver)
    assert (receiver.connections, set(deliveries(town))) == (0, {"withheld"})


# ── what does not arrive ────────────────────────────────────────────────────────────────────────────────────


def test_what_is_not_taken_is_sent_again_the_same_later_each_time(town: Town, receiver: Receiver) -> None:
    subscribes(town, "item.received")
    answers = ("500", "302", receivers.RESET_AFTER_READING, "200")
    receiver.script = lambda stable_id, attempt: answers[attempt] if stable_id else ""
    town.citizen_reports(WORDS, service="street-lighting")
    town.later(minutes=1)
    waits = []
    for _ in answers:
        work(town, receiver)
        waiting = [job for job in town.rows(Job) if job.kind == post.HOOK]
        if waiting:
            waits.append((waiting[0].error, round((waiting[0].run_at - town.now) / timedelta(minutes=1))))
            town.now = waiting[0].run_at
    assert waits == [("http_500", 1), ("http_302", 2), ("connection_lost", 5)]
    assert len({(taken.id, taken.body) for taken in receiver.taken}) == 1
    assert (len(receiver.taken), receiver.connections, deliveries(town)) == (4, 4, ["sent"]), (
        "no redirect is followed"
    )


def test_one_that_is_gone_is_disabled_and_what_waited_can_be_sent_again(
    town: Town, receiver: Receiver
) -> None:
    number = subscribes(town, "item.received")
    receiver.script = lambda stable_id, attempt: "410"
    for _ in range(3):
        town.citizen_reports(WORDS, service="street-lighting")
    town.later(minutes=1)
    work(town, receiver)
    assert (len(receiver.taken), deliveries(town)) == (1, ["failed"] * 3)
    found = standing(town)
    assert (found.disabled_for, found.undelivered, found.waiting) == ("gone", 3, 0)
    assert [job for job in town.rows(Job) if job.kind == post.HOOK] == []
    town.citizen_reports(WORDS, service="street-lighting")
    town.later(minutes=1)
    work(town, receiver)
    with pytest.raises(NotAllowed), town.database.write() as session:
        subscribe.tell_again(session, subscription_id=number, by=SYSTEM, now=town.now)
    receiver.script = lambda stable_id, attempt: "200"
    with town.database.write() as session:
        subscribe.enable(session, subscription_id=number, by=SYSTEM, now=town.now)
        assert subscribe.tell_again(session, subscription_id=number, by=SYSTEM, now=town.now) == 3
        assert subscribe.tell_again(session, subscription_id=number, by=SYSTEM, now=town.now) == 0
    town.later(minutes=1)
    work(town, receiver)
    assert (sorted(receiver.ids), set(deliveries(town))) == (
        sorted(found.stable_id for found in town.rows(Delivery)),
        {"sent"},
    )
    assert len(receiver.ids) == 3, "what happened while it was disabled is not told"
    with town.read() as session:
        assert list(verify(session)) == []


def test_what_is_never_taken_is_undelivered_after_two_days(town: Town, receiver: Receiver) -> None:
    subscribes(town, "item.received")
    receiver.script = lambda stable_id, attempt: "503"
    town.citizen_reports(WORDS, service="street-lighting")
    town.later(minutes=1)
    jobs.run_due(town.site, now=town.now, lane="rest")
    begun = town.now
    while deliveries(town) == ["waiting"] and town.now - begun < timedelta(days=3):
        jobs.run_due(town.site, now=town.now, lane="hook", webhooks=receiver.webhooks())
        town.later(hours=6)
    assert deliveries(town) == ["failed"]
    assert town.rows(Delivery)[0].reason == "http_503"
    assert timedelta(hours=42) < town.now - begun < timedelta(hours=60)


def test_what_was_removed_is_told_nothing_more(town: Town, receiver: Receiver) -> None:
    number = subscribes(town, "item.received")
    town.citizen_reports(WORDS, service="street-lighting")
    town.later(minutes=1)
    jobs.run_due(town.site, now=town.now, lane="rest")
    with town.database.write() as session:
        subscribe.remove(session, subscription_id=number, by=SYSTEM, now=town.now)
    town.citizen_reports(WORDS, service="street-lighting")
    town.later(minutes=1)
    work(town, receiver)
    assert (receiver.connections, deliveries(town)) == (0, ["withheld"])
    with pytest.raises(NotFound), town.database.write() as session:
        subscribe.remove(session, subscription_id=number, by=SYSTEM, now=town.now)
    subscribes(town)


def test_one_receiver_that_hangs_takes_no_worker_from_another(
    town: Town, receiver: Receiver, tmp_path: Path
) -> None:
    hanging = subscribes(town, "item.received")
    subscribes(town, "item.received", url="https://quick.example.org:8443/")
    receiver.script = lambda stable_id, attempt: receivers.HANG
    with Receiver(tmp_path) as quick:
        quick.tls.load_cert_chain(receiver.certificate, receiver.certificate.with_suffix(".key"))
        for _ in range(12):
            town.citizen_reports(WORDS, service="street-lighting")
        town.later(minutes=1)
        jobs.run_due(town.site, now=town.now, lane="rest")
        names = {receivers.HOST: [receiver.address], "quick.example.org": [quick.address]}
        trusting = receiver.webhooks(resolve=lambda host, port: names[host], whole=3.0)
        trusting._tls.check_hostname = False
        stop = threading.Event()
        worker = threading.Thread(target=jobs.work_on, args=(town.site, stop), kwargs={"webhooks": trusting})
        worker.start()
        try:
            wait_until(lambda: len(quick.ids) == 12)
        finally:
            stop.set()
            worker.join(30)
    assert len(receiver.taken) <= 2, "one at a time, and twice in a row it rests"
    states = {found.state for found in town.rows(Delivery) if found.subscription_id == hanging}
    assert states == {"waiting"}


# ── never into the house ────────────────────────────────────────────────────────────────────────────────────

WHERE = address.read(receivers.URL)
PUBLIC = "193.92.1.1"


@pytest.mark.parametrize(
    "found",
    [
        *(
            ["127.0.0.1"],
            ["::1"],
            ["10.0.0.1"],
            ["169.254.169.254"],
            ["::ffff:127.0.0.1"],
            ["64:ff9b::7f00:1"],
        ),
        *(
            ["0.0.0.0"],
            ["2002:7f00:1::"],
            [PUBLIC, "127.0.0.1"],
            ["::1", PUBLIC],
            ["fe80::1%lo"],
            ["224.0.0.1"],
        ),
    ],
)
def test_a_name_that_stands_for_something_of_the_house_is_not_connected_to(
    found: list[str], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[Any] = []
    monkeypatch.setattr(socket, "create_connection", lambda to, **_: reached.append(to))
    webhooks = Webhooks(resolve=lambda host, port: found)
    for attempt in (lambda: webhooks.check(WHERE), lambda: webhooks.send(WHERE, {}, b"{}")):
        with pytest.raises(WebhookRefused) as refusal:
            attempt()
        assert refusal.value.code == "not_public"
    assert (reached, receiver.connections) == ([], 0)


def test_a_name_that_is_public_at_first_and_then_ours_is_not_connected_to(receiver: Receiver) -> None:
    answers = iter([[PUBLIC], [receiver.address]])
    webhooks = Webhooks(resolve=lambda host, port: next(answers))
    webhooks.check(WHERE)
    with pytest.raises(WebhookRefused, match="not_public"):
        webhooks.send(WHERE, {}, b"{}")
    assert receiver.connections == 0


def test_a_name_is_asked_once_and_the_connection_goes_there(receiver: Receiver) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return [receiver.address] if len(asked) == 1 else ["127.0.0.1"]

    receiver.webhooks(resolve=resolve).send(WHERE, {"webhook-id": "msg_1"}, b"{}")
    assert (asked, receiver.ids) == ([receivers.HOST], ["msg_1"])


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (receivers.RESET_AT_ONCE, "tls_failed"),
        (receivers.RESET_AFTER_TLS, "connection_lost"),
        (receivers.RESET_AFTER_READING, "connection_lost"),
        (receivers.HANG, "too_slow"),
        (receivers.DRIP, "too_slow"),
        ("301", "http_301"),
        ("429", "http_429"),
    ],
)
def test_whatever_a_receiver_does_it_is_over_in_time(receiver: Receiver, answer: str, code: str) -> None:
    receiver.script = lambda stable_id, attempt: answer
    begun = datetime.now(UTC)
    with pytest.raises(WebhookRefused) as refusal:
        receiver.webhooks(whole=1.0 if code == "too_slow" else 8.0).send(
            WHERE, {"webhook-id": "msg_1"}, b"{}"
        )
    assert refusal.value.code == code and "SECRET" not in str(refusal.value)
    assert refusal.value.is_away is not code.startswith("http")
    assert datetime.now(UTC) - begun < timedelta(seconds=10)


def test_a_receiver_must_prove_its_name(receiver: Receiver) -> None:
    with pytest.raises(WebhookRefused, match="tls_failed"):
        receiver.webhooks(tls=None).send(WHERE, {"webhook-id": "msg_1"}, b"{}")
    other = address.read("https://other.example.org:8443/")
    with pytest.raises(WebhookRefused, match="tls_failed"):
        receiver.webhooks().send(other, {"webhook-id": "msg_1"}, b"{}")
    assert receiver.taken == []


def test_no_name_no_answer_and_a_slow_name_are_said(receiver: Receiver) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror("unknown")

    for resolve, code in (
        (unknown, "name_unknown"),
        (lambda host, port: [], "name_unknown"),
        (lambda host, port: ["127.88.88.88"], "unreachable"),
        (lambda host, port: [(receiver.stop.wait(3) and "") or "127.0.0.1"], "too_slow"),
    ):
        with pytest.raises(WebhookRefused) as refusal:
            receiver.webhooks(resolve=resolve, whole=0.5).send(WHERE, {"webhook-id": "msg_1"}, b"{}")
        assert refusal.value.code == code


def wait_until(is_so: Any) -> None:
    waiting = threading.Event()
    for _ in range(600):
        if is_so():
            return
        waiting.wait(0.05)
    raise AssertionError("it does not come about")

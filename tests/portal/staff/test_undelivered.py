"""Mails that did not arrive: seen by whoever sees the case, sent again by a button, and the deed is noted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from feedback.custody.verify import verify
from feedback.items.tables import Entry
from feedback.ledger.notes import SYSTEM
from feedback.ledger.tables import Note
from feedback.outbox.tables import Message
from feedback.webhooks import deliver, follow, subscribe
from portal import jobs
from portal.environment import Smtp
from tests.post_office import MailServer
from tests.town import Report, Town


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer(replies={"RCPT": ["550 nobody", "550 nobody", "250 ok"]}) as running:
        yield running


def lose_two_mails(town: Town, server: MailServer) -> tuple[Report, Report]:
    """A case of each of two departments, whose receipts the mail server has refused for good."""
    smtp = Smtp("127.0.0.1", server.port, is_tls=False)
    town.site.settings = msgspec.structs.replace(town.site.settings, smtp=smtp)
    ours = town.citizen_reports(service="street-lighting", email="rea@example.org")
    theirs = town.citizen_reports(service="street-lighting", email="max@example.org")
    town.hands_over(theirs, "dept-b")
    jobs.run_due(town.site, now=town.now)
    assert [found.state for found in town.rows(Message)] == ["failed", "failed"]
    return ours, theirs


def test_a_mail_that_did_not_arrive_stands_at_its_case_and_is_sent_again_once(
    town: Town, server: MailServer
) -> None:
    ours, theirs = lose_two_mails(town, server)
    lead = town.lead("dept-a")
    inbox = lead.get("/staff/inbox")
    assert "/staff/undelivered" in {str(link["href"]) for link in inbox.soup.select(".rail a")}
    listed = lead.get("/staff/undelivered")
    assert ours.reference in listed.text and theirs.reference not in listed.text
    assert "refused it for good (550)" in listed.text and "rea@" not in listed.response.text
    desk = lead.get(f"/staff/item/{ours.reference}")
    assert "An e-mail to the citizen did not arrive" in desk.text
    message, button = desk.value("message"), f"/staff/item/{ours.reference}/send-again"
    assert lead.post(f"/staff/item/{theirs.reference}/send-again", message=message).status == 404
    assert town.clerk().post(f"/staff/item/{theirs.reference}/send-again", message=message).status == 404
    assert lead.post(button, message="x").status == lead.post(button, message="999").status == 404
    before = town.count(Note)
    for _ in range(2):
        again = lead.post(button, message=message, follow=True)
        assert again.status == 200 and "on its way again" in again.text
    assert (
        lead.post(button, message=message, **{"from": "list"}).location
        == "/staff/undelivered?done=sent-again"
    )
    assert town.count(Note) == before + 1
    assert [entry.side for entry in town.rows(Entry) if entry.act == "sent_again"] == ["internal"]
    assert "An e-mail that had not arrived was sent again" in lead.get(f"/staff/item/{ours.reference}").text
    assert "sent again" not in ours.opened().get("/track").text
    jobs.run_due(town.site, now=town.now)
    assert [found.recipients for found in server.received] == [["rea@example.org"]]
    assert [(found.state, found.reason) for found in town.rows(Message)] == [
        ("sent", ""),
        ("failed", "smtp_550"),
    ]
    assert "Every e-mail has arrived" in lead.get("/staff/undelivered").text
    assert "/staff/undelivered" not in lead.get("/staff/inbox").response.text
    town.later(days=31)
    assert theirs.reference not in town.clerk().get("/staff/undelivered").text
    assert "did not arrive" in town.clerk().get(f"/staff/item/{theirs.reference}").text
    with town.read() as session:
        assert list(verify(session)) == []


def test_of_a_restricted_case_those_alone_are_told_who_are_named_for_it(
    town: Town, server: MailServer
) -> None:
    ours, theirs = lose_two_mails(town, server)
    clerk, head, sheet = town.clerk(), town.lead("dept-c"), f"/staff/item/{ours.reference}/restrict"
    before = clerk.get(sheet)
    seen = {"version": before.value("version"), "last_entry": before.value("last_entry")}
    why = {"restricted": "health", "department": "dept-c", "reason": "It tells of an illness."}
    assert clerk.post(sheet, **seen, **why).status == 303
    listed = clerk.get("/staff/undelivered")
    assert theirs.reference in listed.text and ours.reference not in listed.text
    assert ours.reference in head.get("/staff/undelivered").text


def test_an_administrator_sees_who_is_told_and_sends_again(town: Town) -> None:
    where, events = subscribe.check("https://works.example.org/kanali", ["item.received"])
    with town.database.write() as session:
        number = subscribe.add(session, where=where, events=events, by=SYSTEM, now=town.now).id or 0
        news = [follow.News("item.received", f"msg_{n}", None, "{}") for n in range(3)]
        follow.tell(session, number, news, now=town.now)
        for delivery_id in (1, 2):
            deliver.end(session, delivery_id=delivery_id, state="failed", now=town.now, reason="http_503")
    admin = town.signed_in(town.account("admin"))
    for other in (town.clerk(), town.lead("dept-a"), town.signed_in(town.account("auditor"))):
        assert other.get("/staff/webhooks").status == 404
        assert other.post("/staff/webhooks", subscription=str(number)).status == 404
    page = admin.get("/staff/webhooks")
    for words in (
        "https://works.example.org/kanali",
        "2 undelivered",
        "1 waiting",
        "The receiver answered 503.",
    ):
        assert words in page.text
    done = admin.post("/staff/webhooks", subscription=str(number), follow=True)
    assert "on its way again" in done.text and "3 waiting" in done.text
    assert admin.post("/staff/webhooks", subscription="77").status == 404
    with town.database.write() as session:
        later = town.now + timedelta(minutes=1)
        subscribe.disable(session, subscription_id=number, reason="gone", by=SYSTEM, now=later)
    refused = admin.post("/staff/webhooks", subscription=str(number))
    assert refused.status == 409 and f"kanali webhook enable {number}" in refused.text
    with town.database.write() as session:
        subscribe.remove(session, subscription_id=number, by=SYSTEM, now=town.now)
    assert "No other system is told" in admin.get("/staff/webhooks").text

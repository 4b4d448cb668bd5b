"""A town in which everything has happened once: every table under a digest holds rows, a month is closed."""

from __future__ import annotations

from feedback.city import versions
from feedback.columns import table_of
from feedback.items import converse, restrict, triage
from feedback.items.tables import Contact
from feedback.items.take_over import Foreign, take_over
from feedback.ledger import log
from feedback.ledger.notes import SYSTEM, Actor
from feedback.people import accounts, factors, identities
from feedback.satisfaction import invite, respond
from feedback.webhooks import subscribe
from portal.closing import close_month, freeze_what_is_due
from tests.attached import photo
from tests.town import Report, Town


def live(town: Town) -> list[Report]:
    """Let two weeks of November pass and close the month; gives the reports of the citizens."""
    town.at("2026-11-02 09:00")
    with town.database.write() as session:
        where, events = subscribe.check("https://works.example.org/kanali", [])
        made = subscribe.add(session, where=where, events=events, by=SYSTEM, now=town.now)
        subscribe.disable(session, subscription_id=made.id or 0, reason="gone", by=SYSTEM, now=town.now)
    first = town.account(name="Una Alder", email="una@example.org")
    second = town.account(name="Otto Birch")
    with town.database.write() as session:
        bound = identities.sign_in(
            session,
            issuer="https://login.example.org",
            subject="17",
            email="una@example.org",
            is_email_verified=True,
            now=town.now,
        )
        assert bound == first
        by = Actor("staff", first)
        factors.add_app(session, account_id=first, salt="5" * 32, step=1, by=by, now=town.now)
        factors.add_passkey(
            session,
            account_id=first,
            name="Telephone",
            credential_id="credential",
            public_key="key",
            sign_count=1,
            transports=["internal"],
            by=by,
            now=town.now,
        )
    clerk = Actor("staff", town.account("clerk", name="Carl Cedar"))
    reports = []
    for number in range(1, 9):
        town.later(minutes=20)
        reports.append(
            town.citizen_reports(
                f"The lamp at number {number} is dark.",
                service="street-lighting",
                name=f"Person {number}",
                email=f"person{number}@example.org",
                place=f"Mill Lane {number}",
                files=(photo(),) if number == 1 else (),
            )
        )
    confirm(town, reports[0])
    town.later(hours=5)
    town.takes(reports[0], by=first)
    town.asks(reports[1], by=first)
    town.hands_over(reports[2], "dept-b")
    town.lengthens(reports[2], "extended", 3)
    town.voids(reports[3])
    with town.database.write() as session:
        converse.withdraw(session, item_id=reports[4].id, now=town.now)
    town.later(days=2)
    with town.database.write() as session:
        converse.add_words(session, item_id=reports[1].id, text="The one by the bridge.", now=town.now)
    town.later(days=1)
    for report in reports[:3]:
        town.answers(report, by=first)
    town.answers(reports[5], "Forwarded.", outcome="not_ours", forwarded_to="The harbour", by=first)
    town.later(days=1)
    with town.database.write() as session:
        ruling = versions.current(session)
        converse.second_look(
            session, item_id=reports[0].id, ruling=ruling, text="It is dark again.", now=town.now
        )
    town.later(days=1)
    town.answers(reports[0], "Now it burns.", by=second)
    keep_apart(town)
    town.later(days=7)
    ask_how_it_went(town)
    for report in reports[:3]:
        rate(town, report, outcome=4, handling=2)
    with town.database.write() as session:
        foreign = Foreign(
            system="elsewhere",
            number="17",
            text="An old case",
            service="roads",
            language="en",
            received_at=town.now,
            counted=True,
        )
        assert take_over(session, ruling=ruling, foreign=foreign, now=town.now)
    town.at("2026-12-05 10:00")
    assert close_month(town.database, period="2026-11", now=town.now)
    town.at("2026-12-20 10:00")
    assert freeze_what_is_due(town.database, now=town.now) == 1
    with town.database.write() as session:
        triage.reopen(
            session,
            item_id=reports[1].id,
            seen_version=town.item(reports[1].reference).version,
            ruling=ruling,
            reason="The lamp is dark again.",
            by=clerk,
            now=town.now,
        )
    seal(town)
    return reports


def keep_apart(town: Town) -> Report:
    """A case about a member of staff: restricted as it comes in, somebody is named, it is read."""
    head = town.account("lead", ("dept-c",), name="Hanna Elm")
    helper = town.account("responder", ("dept-a",), name="Hugo Fir")
    report = town.citizen_reports("The clerk was rude.", kind="complaint", service="staff-conduct")
    with town.database.write() as session:
        viewer = accounts.find_viewer(session, head)
        assert viewer is not None
        restrict.grant(
            session,
            item_id=report.id,
            seen_version=1,
            account_id=helper,
            city=town.city,
            by=viewer,
            now=town.now,
        )
        restrict.record_reading(session, item_id=report.id, account_id=helper, now=town.now)
    with town.database.write() as session:
        grant_id = report.item.grants[-1].id
        restrict.revoke(
            session, item_id=report.id, seen_version=2, grant_id=grant_id, by=viewer, now=town.now
        )
    return report


def confirm(town: Town, report: Report) -> None:
    """The citizen confirms the address by the link of a mail."""
    with town.database.write() as session:
        contact_id = session.execute(
            table_of(Contact).select().where(table_of(Contact).c.item_id == report.id)
        ).one()
        token = converse.make_link(
            session,
            purpose="confirm",
            item_id=report.id,
            target_id=contact_id.id,
            now=town.now,
            ends_at=town.now + converse.CONFIRM_LIVES,
        )
    with town.database.write() as session:
        converse.confirm_address(session, token=token, now=town.now)


def ask_how_it_went(town: Town) -> int:
    """The job that invites; how many were invited."""
    with town.read() as session:
        due = invite.find_due(session, city=town.city, today=town.today)
    for cycle_id in due:
        with town.database.write() as session:
            invite.invite(session, cycle_id=cycle_id, now=town.now)
    return len(due)


def rate(town: Town, report: Report, *, outcome: int | None, handling: int | None) -> None:
    """The citizen rates the newest answer."""
    with town.read() as session:
        found = respond.find_open_for_item(session, item_id=report.id, now=town.now)
    assert found is not None
    with town.database.write() as session:
        respond.respond(
            session,
            invitation_id=found.invitation_id,
            outcome=outcome,
            handling=handling,
            comment="Thank you.",
            now=town.now,
        )


def seal(town: Town) -> int:
    """The sealing job; how many notes were sealed."""
    with town.read() as session:
        found = log.find_unsealed(session, limit=10_000)
    with town.database.write() as session:
        return log.seal(session, found=found, now=town.now)

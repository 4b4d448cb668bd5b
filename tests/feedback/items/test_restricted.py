"""Restricted items: who is named, by whom, and that for everybody else they do not exist."""

from __future__ import annotations

import pytest
from msgspec import structs

from feedback.custody.verify import verify
from feedback.errors import Invalid, NotAllowed, NotFound
from feedback.items import find, queues, restrict, triage
from feedback.items.tables import Grant, Reading
from feedback.items.views import ItemView
from feedback.ledger.notes import SYSTEM, Actor
from feedback.ledger.tables import Note
from feedback.people import accounts
from feedback.people.viewer import Viewer
from feedback.webhooks import deliver, follow, subscribe
from feedback.webhooks.tables import Delivery
from portal.database import Database
from portal.settings import Settings
from tests.feedback.custody.lived import seal
from tests.town import Report, Town


@pytest.fixture
def town(database: Database, settings: Settings) -> Town:
    return Town(database, settings)


def viewer(town: Town, role: str, *departments: str) -> Viewer:
    made = town.account(role, departments)
    with town.read() as session:
        found = accounts.find_viewer(session, made)
    assert found is not None
    return found


def sees(town: Town, who: Viewer, report: Report) -> bool:
    """Whether somebody finds it: by its number and in the lists alike."""
    with town.read() as session:
        try:
            find.get_for_staff(session, viewer=who, reference=report.reference)
            by_number = True
        except NotFound:
            by_number = False
        lists = [
            queues.queue(session, viewer=who, which=which).rows for which in ("open", "mine", "restricted")
        ]
        counts = queues.count_open(session, viewer=who)
    listed = any(row.reference == report.reference for rows in lists for row in rows)
    assert listed == by_number
    assert counts["restricted"] == len(lists[2])
    assert counts["open"] == len(lists[0])
    return by_number


def restricted(town: Town, report: Report, by: Viewer, **more: str) -> None:
    fields = {"restricted": "health", "department": "dept-c", "reason": "It tells of an illness.", **more}
    with town.database.write() as session:
        restrict.restrict(
            session,
            item_id=report.id,
            seen_version=report.item.version,
            city=town.city,
            by=by,
            now=town.now,
            **fields,
        )


def named(town: Town, report: Report, by: Viewer, who: int | None = None, department: str = "") -> None:
    with town.database.write() as session:
        restrict.grant(
            session,
            item_id=report.id,
            seen_version=report.item.version,
            account_id=who,
            department=department,
            city=town.city,
            by=by,
            now=town.now,
        )


def ended(town: Town, report: Report, by: Viewer, place: int) -> None:
    with town.database.write() as session:
        restrict.revoke(
            session,
            item_id=report.id,
            seen_version=report.item.version,
            grant_id=report.item.grants[place].id,
            by=by,
            now=town.now,
        )


def lifted(town: Town, report: Report, by: Viewer) -> None:
    with town.database.write() as session:
        restrict.lift(
            session,
            item_id=report.id,
            seen_version=report.item.version,
            reason="It is about a lamp.",
            by=by,
            now=town.now,
        )


def test_a_complaint_about_staff_is_seen_by_the_heads_of_the_department_that_keeps_it(town: Town) -> None:
    head, clerk = viewer(town, "lead", "dept-c"), viewer(town, "clerk")
    colleague, elsewhere = viewer(town, "responder", "dept-c"), viewer(town, "lead", "dept-a")
    report = town.citizen_reports("The clerk was rude.", kind="complaint", service="staff-conduct")
    assert report.item.restricted == "named_official"
    assert report.item.keepers == ("dept-c",)
    assert [sees(town, who, report) for who in (head, clerk, colleague, elsewhere)] == [
        True,
        False,
        False,
        False,
    ]
    praise = town.citizen_reports("The clerk was kind.", kind="praise", service="staff-conduct")
    assert praise.item.restricted is None
    assert sees(town, clerk, praise)


def test_whoever_restricts_a_case_sees_it_no_more_and_it_is_in_the_ledger(town: Town) -> None:
    head, clerk = viewer(town, "lead", "dept-c"), viewer(town, "clerk")
    report = town.citizen_reports("My neighbour is ill.", service="roads")
    worker = town.takes(report)
    restricted(town, report, clerk)
    assert not sees(town, clerk, report)
    assert sees(town, head, report)
    assert report.item.cycle.responder_id is None, f"account {worker} has it no more"
    with town.read() as session:
        assert [note.act for note in town.rows(Note) if note.kind == "item"][-1] == "restricted"
        seen = find.get_for_staff(session, viewer=head, reference=report.reference)
        assert (seen.entries[-1].side, seen.entries[-1].text) == ("internal", "It tells of an illness.")
        assert list(verify(session)) == []
    assert "illness" not in str(report.item.entries), "the citizen's page does not show the reason"
    lifted(town, report, head)
    assert sees(town, clerk, report)
    assert report.item.grants == ()
    with town.read() as session:
        assert list(verify(session)) == []


def test_a_grant_opens_a_case_and_taking_it_back_closes_it(town: Town) -> None:
    head, helper = viewer(town, "lead", "dept-c"), viewer(town, "responder", "dept-a")
    report = town.citizen_reports("The clerk was rude.", kind="complaint", service="staff-conduct")
    named(town, report, head, helper.account_id)
    named(town, report, head, helper.account_id)
    assert town.count(Grant) == 2, "naming somebody twice changes nothing"
    assert sees(town, helper, report)
    with town.database.write() as session:
        triage.take(
            session,
            item_id=report.id,
            seen_version=report.item.version,
            by=Actor("staff", helper.account_id),
            now=town.now,
        )
    assert sees(town, helper, report)
    ended(town, report, head, 1)
    assert not sees(town, helper, report)
    assert report.item.cycle.responder_id is None


def test_a_grant_ends_with_the_desk_and_a_head_is_named_by_office_only(town: Town) -> None:
    head, helper = viewer(town, "lead", "dept-c"), viewer(town, "clerk")
    report = town.citizen_reports("The clerk was rude.", kind="complaint", service="staff-conduct")
    named(town, report, head, helper.account_id)
    with town.read() as session:
        for changed in (
            structs.replace(helper, role="auditor"),
            structs.replace(head, role="responder"),
            structs.replace(head, departments=frozenset({"dept-b"})),
        ):
            with pytest.raises(NotFound):
                find.get_for_staff(session, viewer=changed, reference=report.reference)


def test_only_who_keeps_a_case_names_others(town: Town) -> None:
    head, other = viewer(town, "lead", "dept-c"), viewer(town, "lead", "dept-a")
    helper, official = viewer(town, "responder", "dept-a"), viewer(town, "responder", "dept-b")
    report = town.citizen_reports("The clerk was rude.", kind="complaint", service="staff-conduct")
    named(town, report, head, helper.account_id)
    for by in (helper, official, other):
        with pytest.raises(NotAllowed):
            named(town, report, by, official.account_id)
    for who in (town.account("auditor"), 999_999, None):
        with pytest.raises(Invalid):
            named(town, report, head, who)
    for department in ("dept-b", "dept-z"):
        with pytest.raises(Invalid):
            named(town, report, head, department=department)
    assert {grant.account_id for grant in report.item.grants} == {None, helper.account_id}


def test_who_keeps_a_case_can_pass_it_on_and_give_it_up_but_somebody_keeps_it(town: Town) -> None:
    """As when the case is about the head of the department that keeps it."""
    head, other = viewer(town, "lead", "dept-c"), viewer(town, "lead", "dept-a")
    report = town.citizen_reports("The clerk was rude.", kind="complaint", service="staff-conduct")
    with pytest.raises(NotAllowed):
        ended(town, report, head, 0)
    named(town, report, head, department="dept-a")
    ended(town, report, head, 0)
    assert not sees(town, head, report)
    assert sees(town, other, report)


def test_a_case_may_be_restricted_by_clerks_and_heads_and_for_a_department_of_the_profile(town: Town) -> None:
    clerk, responder = viewer(town, "clerk"), viewer(town, "responder", "dept-a")
    lead = viewer(town, "lead", "dept-a")
    report = town.citizen_reports("My neighbour is ill.", service="roads")
    with pytest.raises(Invalid) as refused:
        restricted(town, report, clerk, restricted="secret", department="dept-a", reason=" ")
    assert [fault.code for fault in refused.value.faults] == [
        "restricted_missing",
        "department_missing",
        "reason_missing",
    ]
    with pytest.raises(Invalid) as refused:
        restricted(town, report, lead)
    assert refused.value.faults[0].code == "department_headless", "nobody would see it"
    viewer(town, "lead", "dept-c")
    with pytest.raises(NotAllowed):
        restricted(town, report, responder)
    restricted(town, report, lead)
    with pytest.raises(NotAllowed):
        restricted(town, report, clerk)


def test_a_report_of_misconduct_is_made_public_within_the_house_by_who_keeps_it_alone(town: Town) -> None:
    head, helper = viewer(town, "lead", "dept-c"), viewer(town, "clerk")
    for ground, may in (("integrity", False), ("minors", True)):
        report = town.citizen_reports(f"Something with {ground}.", service="roads")
        restricted(town, report, helper, restricted=ground)
        named(town, report, head, helper.account_id)
        if may:
            lifted(town, report, helper)
        else:
            with pytest.raises(NotAllowed):
                lifted(town, report, helper)
            lifted(town, report, head)


def test_a_case_that_is_handed_over_to_a_restricted_service_is_restricted(town: Town) -> None:
    clerk, head = viewer(town, "clerk"), viewer(town, "lead", "dept-c")
    report = town.citizen_reports("Zzz.", kind="complaint")
    assert sees(town, clerk, report)
    with town.database.write() as session:
        triage.hand_over(
            session,
            item_id=report.id,
            seen_version=report.item.version,
            ruling=town.ruling,
            department="dept-c",
            service="staff-conduct",
            reason="It is about a colleague.",
            by=Actor("staff", clerk.account_id),
            now=town.now,
        )
    assert not sees(town, clerk, report)
    assert sees(town, head, report)


def test_a_second_look_is_as_restricted_as_the_first(town: Town) -> None:
    head, clerk = viewer(town, "lead", "dept-c"), viewer(town, "clerk")
    report = town.citizen_reports("The clerk was rude.", kind="complaint", service="staff-conduct")
    town.answers(report, by=head.account_id)
    with town.read() as session:
        for who, number in ((head, 1), (clerk, 0)):
            assert len(queues.queue(session, viewer=who, which="answered").rows) == number
    report.opened().post("/track/second-look", text="Rude again.")
    assert report.item.cycle.number == 2
    assert not sees(town, clerk, report)
    assert sees(town, head, report)


def test_each_reading_is_recorded_once_an_hour(town: Town) -> None:
    head = viewer(town, "lead", "dept-c")
    report = town.citizen_reports("The clerk was rude.", kind="complaint", service="staff-conduct")

    def read() -> ItemView:
        with town.database.write() as session:
            restrict.record_reading(session, item_id=report.id, account_id=head.account_id, now=town.now)
        return report.item

    read()
    town.later(minutes=59)
    read()
    assert town.count(Reading) == 1
    town.later(minutes=2)
    read()
    assert town.count(Reading) == 2
    assert [note.act for note in town.rows(Note)].count("read_restricted") == 2
    with town.read() as session:
        assert list(verify(session)) == []


def test_a_case_that_nobody_could_see_is_counted(town: Town) -> None:
    report = town.citizen_reports("The clerk was rude.", kind="complaint", service="staff-conduct")

    def unseen() -> int:
        with town.read() as session:
            return restrict.count_unseen(session)

    assert unseen() == 1
    head = viewer(town, "lead", "dept-c")
    assert unseen() == 0
    named(town, report, head, town.account("responder", email="una@example.org"))
    with town.database.write() as session:
        email = accounts.get(session, head.account_id).email
        accounts.disable(session, email=email, by=Actor("system"), now=town.now)
    assert unseen() == 0, "who is named can still see it"
    with town.database.write() as session:
        accounts.disable(session, email="una@example.org", by=Actor("system"), now=town.now)
    assert unseen() == 1


def test_other_systems_are_told_nothing_of_a_restricted_case(town: Town) -> None:
    """Nothing new, and what was put into the outbox before the case was restricted is withheld."""
    clerk, _head = viewer(town, "clerk"), viewer(town, "lead", "dept-c")
    with town.database.write() as session:
        where, events = subscribe.check("https://works.example.org/kanali", [])
        subscribe.add(session, where=where, events=events, by=SYSTEM, now=town.now)
    later = town.citizen_reports("My neighbour is ill.", service="roads")
    hidden = town.citizen_reports("The clerk was rude.", kind="complaint", service="staff-conduct")

    def told() -> set[int | None]:
        seal(town)
        with town.database.write() as session:
            (subscription,) = follow.following(session)
            _, news = follow.find_news(session, subscription)
            news += follow.find_overdue(session)
            follow.tell(session, subscription.id, news, now=town.now)
        return {one.item_id for one in news}

    assert told() == {later.id}
    restricted(town, later, clerk)
    assert told() == set()
    with town.read() as session:
        parcels = [deliver.find_waiting(session, row.id) for row in town.rows(Delivery)]
    assert parcels
    assert all(parcel is not None and parcel.is_withheld for parcel in parcels)
    assert hidden.id not in {row.item_id for row in town.rows(Delivery)}

"""The inbox: whose cases, in which order and groups, by which filters."""

from __future__ import annotations

import pytest

from feedback.items import queues, submit
from feedback.items.sent import Sent
from feedback.people import accounts
from tests.town import Page, Report, Town


def references(page: Page) -> list[str]:
    return [str(link["href"]).split("/")[-1].split("?")[0] for link in page.soup.select(".row__title")]


def groups(page: Page) -> dict[str, list[str]]:
    """Heading of each group → numbers of its cases."""
    found: dict[str, list[str]] = {}
    for body in page.soup.select("table.inbox tbody"):
        heading = body.select_one(".group th")
        name = " ".join(heading.get_text(" ").split()[:-1]) if heading else ""
        found[name] = [str(a["href"]).split("/")[-1].split("?")[0] for a in body.select(".row__title")]
    return found


def report(town: Town, **about: str) -> Report:
    return town.citizen_reports(**about)


def test_a_department_sees_its_own_cases_and_no_others(town: Town) -> None:
    lighting = report(town, service="street-lighting")
    noise = report(town, service="noise", text="Loud music at night")
    unclear = report(town, text="A tree has fallen over")
    assert references(town.responder("dept-a").get("/staff/inbox")) == [lighting.reference]
    assert references(town.lead("dept-b").get("/staff/inbox")) == [noise.reference]
    clerk = town.clerk()
    assert set(references(clerk.get("/staff/inbox"))) == {
        lighting.reference,
        noise.reference,
        unclear.reference,
    }
    assert references(clerk.get("/staff/inbox?queue=triage")) == [unclear.reference]
    # The queue of cases to assign is the clerks' own.
    assert references(town.responder("dept-a").get("/staff/inbox?queue=triage")) == [lighting.reference]


@pytest.mark.parametrize("role", ["quality", "admin", "auditor"])
def test_a_role_without_a_desk_is_told_that_there_is_no_such_page(town: Town, role: str) -> None:
    there = report(town, service="roads")
    browser = town.signed_in(town.account(role))
    unknown = browser.get("/staff/nothing-here")
    for path in ("/staff/inbox", f"/staff/item/{there.reference}", "/staff/item/RIV-2026-999999"):
        page = browser.get(path)
        assert (page.status, page.text) == (unknown.status, unknown.text) == (404, unknown.text)
    assert browser.post(f"/staff/item/{there.reference}/take", version="1").status == 404


def test_cases_stand_in_groups_by_their_due_day(town: Town) -> None:
    late = report(town, service="noise", text="Loud music at night")  # promise: 3 working days
    town.at("2026-11-04 10:00")
    today = report(town, service="noise", text="A bar is too loud", kind="criticism")
    week = report(town, service="street-lighting", kind="criticism")  # 5 working days
    later = report(town, service="roads", text="A pothole")
    paused = report(town, service="roads", text="A manhole is open", kind="idea")
    town.asks(paused)
    nothing = report(town, text="Well done", kind="praise")
    town.at("2026-11-09 09:00")
    page = town.clerk().get("/staff/inbox")
    assert groups(page) == {
        "Overdue": [late.reference],
        "Today": [today.reference],
        "This week": [week.reference],
        "Later": [later.reference],
        "Paused or without a due day": [paused.reference, nothing.reference],
    }
    assert page.field(".due--late") == "2 working days late"
    assert page.field(".due--today") == "Today"


def many(town: Town, count: int) -> list[str]:
    """So many cases at once, by the deed; their numbers."""
    sent = Sent(kind="request", text="A pothole", service="roads", language="en")
    prepared = submit.prepare(ruling=town.ruling, sent=sent, received_at=town.now)
    with town.database.write() as session:
        return [
            submit.submit(session, prepared=prepared, key=town.key(), now=town.now).reference
            for _ in range(count)
        ]


def test_the_views_are_counted_and_end_at_99(town: Town) -> None:
    account_id = town.account("clerk")
    mine = report(town, service="roads", text="A pothole")
    town.takes(mine, by=account_id)
    report(town, text="A tree has fallen over")
    page = town.signed_in(account_id).get("/staff/inbox")
    counts = [tag.get_text() for tag in page.soup.select(".rail__count")]
    assert counts == ["1", "2", "1", "0"]
    many(town, 98)
    page = town.signed_in(account_id).get("/staff/inbox")
    assert [tag.get_text() for tag in page.soup.select(".rail__count")] == ["1", "99+", "1", "0"]


def test_filters_narrow_and_an_unknown_one_is_left_out(town: Town) -> None:
    lamp = report(town, service="street-lighting")
    hole = report(town, service="roads", text="A pothole", kind="question")
    clerk = town.clerk()
    assert references(clerk.get("/staff/inbox?service=roads")) == [hole.reference]
    assert references(clerk.get("/staff/inbox?kind=request")) == [lamp.reference]
    both = {lamp.reference, hole.reference}
    assert set(references(clerk.get("/staff/inbox?department=dept-a"))) == both
    for nonsense in ("service=%20", "kind=x", "department=dept-z", "queue=nothing", "after=~", "after=x~1"):
        assert set(references(clerk.get(f"/staff/inbox?{nonsense}"))) == both
    empty = clerk.get("/staff/inbox?department=dept-b&service=roads")
    assert "No case fits what you chose." in empty.text
    assert empty.value("department") == "dept-b"


def test_a_foreign_department_cannot_be_chosen(town: Town) -> None:
    report(town, service="noise", text="Loud music at night")
    lamp = report(town, service="street-lighting")
    assert references(town.responder("dept-a").get("/staff/inbox?department=dept-b")) == [lamp.reference]


@pytest.mark.parametrize("cursor", ["0001-01-01T00:00:00+14:00~1", "9999-12-31T23:59:59-14:00~1", "x" * 3000])
def test_a_faulty_cursor_is_no_fault(town: Town, cursor: str) -> None:
    report(town, service="roads", text="A pothole")
    assert town.clerk().get("/staff/inbox", after=cursor).status == 200


def test_more_pages_show_every_case_once(town: Town) -> None:
    sent = many(town, 2 * queues.PAGE + 1)
    clerk = town.clerk()
    page = clerk.get("/staff/inbox")
    seen: list[str] = []
    while True:
        seen += references(page)
        more = page.soup.select_one(".list-foot a.govuk-button")
        if more is None:
            break
        page = clerk.get(str(more["href"]))
        assert "Back to the first page" in page.text
    assert seen == sent


def test_a_group_that_goes_on_on_another_page_has_no_number(town: Town) -> None:
    many(town, queues.PAGE + 1)
    clerk = town.clerk()
    page = clerk.get("/staff/inbox")
    assert page.field(".group th span") == ""
    page = clerk.get(str(page.soup.select(".list-foot a.govuk-button")[0]["href"]))
    assert page.field(".group th span") == ""
    report(town, service="noise", text="Loud music at night")
    assert clerk.get("/staff/inbox").field(".group th") == "This week 1"


@pytest.mark.parametrize("which", ["answered", "void"])
def test_finished_cases_come_newest_first_over_all_pages(town: Town, which: str) -> None:
    sent = [report(town, service="roads", text=f"Pothole number {number}") for number in range(3)]
    for one in sent:
        town.answers(one) if which == "answered" else town.voids(one)
    newest = [one.reference for one in reversed(sent)]
    with town.read() as session:
        viewer = accounts.find_viewer(session, town.account("clerk"))
        assert viewer is not None
        first = queues.queue(session, viewer=viewer, which=which, limit=2)  # type: ignore[arg-type]
        second = queues.queue(session, viewer=viewer, which=which, after=first.after)  # type: ignore[arg-type]
    assert [row.reference for row in (*first.rows, *second.rows)] == newest
    assert second.after == ""


def test_a_clerk_reads_who_answers_with_the_department_and_a_department_without(town: Town) -> None:
    report(town, service="roads", text="A pothole")
    assert town.clerk().get("/staff/inbox").field(".row__who").endswith("Department A")
    assert "Department A" not in town.responder("dept-a").get("/staff/inbox").field(".row__who")


def test_an_empty_inbox_says_what_would_stand_there(town: Town) -> None:
    page = town.responder("dept-a").get("/staff/inbox?queue=mine")
    assert "You have no open case." in page.text
    assert page.soup.select("table.inbox") == []


def test_finished_cases_are_found_in_their_own_views(town: Town) -> None:
    answered = report(town, service="roads", text="A pothole")
    town.answers(answered)
    spam = report(town, service="roads", text="Buy watches")
    town.voids(spam)
    clerk = town.clerk()
    assert references(clerk.get("/staff/inbox")) == []
    page = clerk.get("/staff/inbox?queue=answered")
    assert references(page) == [answered.reference]
    assert page.field(".due") == "Kept"
    assert references(clerk.get("/staff/inbox?queue=void")) == [spam.reference]


def test_a_case_that_nobody_took_is_unread(town: Town) -> None:
    new = report(town, service="roads", text="A pothole")
    responder = town.responder("dept-a")
    assert "Not taken yet:" in responder.get("/staff/inbox").field(".unread")
    town.takes(new)
    assert responder.get("/staff/inbox").field(".unread") == ""

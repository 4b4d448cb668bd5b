"""Links from mails: nothing happens by opening them, and each ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from feedback.items import converse
from feedback.items.tables import Contact
from feedback.ledger.tables import Note
from tests.town import Report, Town


def token(town: Town, report: Report, purpose: str) -> str:
    contact = report.item.contact
    assert contact is not None
    with town.database.write() as session:
        return converse.make_link(
            session,
            purpose=purpose,
            item_id=report.id,
            target_id=contact.id,
            now=town.now,
            ends_at=town.now + timedelta(hours=48),
        )


def test_the_button_confirms_the_address_and_opening_the_link_does_not(town: Town) -> None:
    report = town.citizen_reports(email="ann@example.org")
    path = f"/confirm/{token(town, report, 'confirm')}"
    browser = town.visitor()
    for _ in range(2):
        assert browser.get(path).status == 200
    assert town.rows(Contact)[0].confirmed_at is None
    page = browser.post(path)
    assert (page.status, page.heading) == (200, "Your address is confirmed")
    assert town.rows(Contact)[0].confirmed_at == town.now
    notes = town.count(Note)
    assert browser.post(path).status == 200  # Twice is the same as once, and leaves no second note.
    assert town.count(Note) == notes


def test_confirming_opens_no_case(town: Town) -> None:
    report = town.citizen_reports("Dark", email="ann@example.org")
    browser = town.visitor()
    browser.post(f"/confirm/{token(town, report, 'confirm')}")
    assert not browser.client.cookies
    assert browser.get("/track").field("#reference") == ""


def test_the_button_opens_the_case_and_opening_the_link_does_not(town: Town) -> None:
    report = town.citizen_reports("Dark", email="ann@example.org")
    path = f"/open/{token(town, report, 'open')}"
    browser = town.visitor()
    page = browser.get(path)
    assert page.status == 200 and "Dark" not in page.text
    assert not browser.client.cookies
    assert browser.post(path).location == "/en/track"
    assert browser.get("/track").field("#reference") == report.reference


@pytest.mark.parametrize("purpose", ["confirm", "open"])
def test_a_link_that_is_over_is_answered_410(town: Town, purpose: str) -> None:
    report = town.citizen_reports(email="ann@example.org")
    path = f"/{purpose}/{token(town, report, purpose)}"
    town.later(hours=49)
    browser = town.visitor()
    assert [browser.get(path).status, browser.post(path).status] == [410, 410]
    assert town.rows(Contact)[0].confirmed_at is None


@pytest.mark.parametrize("purpose", ["confirm", "open"])
@pytest.mark.parametrize("foreign", ["x", "%00", "a" * 3000, "ключ"])
def test_a_foreign_link_opens_nothing(town: Town, purpose: str, foreign: str) -> None:
    browser = town.visitor()
    status = 400 if "%" in foreign else 404
    assert browser.get(f"/{purpose}/{foreign}").status == status
    assert browser.post(f"/{purpose}/{foreign}").status == status


def test_a_link_serves_its_own_purpose_only(town: Town) -> None:
    report = town.citizen_reports(email="ann@example.org")
    made = token(town, report, "confirm")
    assert town.visitor().post(f"/open/{made}").status == 404

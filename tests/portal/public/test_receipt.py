"""The receipt: what stands on it, who may see it, and for how long."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedback.city.load import read_folder
from feedback.items import codes
from portal.database import Database
from portal.public.receipt import masked
from portal.settings import CITIES
from tests.conftest import settings_for
from tests.town import Town


def test_it_shows_number_code_dates_and_department(town: Town) -> None:
    report = town.citizen_reports("Dark since Monday.", service="street-lighting")
    page = report.browser.get("/receipt")
    assert page.field("#reference") == "RIV-2026-000001" == report.reference
    groups = [span.get_text() for span in page.soup.select("#code span")]
    assert [len(group) for group in groups] == [4] * 7
    assert codes.read_code("".join(groups)) == report.code
    # Monday 2 November: five working days of promise, twenty by law.
    assert page.field("#promise") == "Monday 9 November 2026"
    assert page.field("#law") == "Monday 30 November 2026"
    assert "Riverton Act, article 10" in page.text
    assert "You may turn to the Ombudsman" in page.text
    assert page.field("#department") == "Department A"
    assert "+370 000 00001" in page.text
    assert "because you chose the service “Street lighting”" in page.text
    assert "The Ombudsman of Riverton" in page.text


GREEK_FIELDS = {
    "protocol number": ("#reference", "HER-2026-000001"),
    "deadline": ("#law", "Tuesday 22 December 2026"),
    "compensation": (".slip", "you may claim compensation"),
    "code to the history of the case": ("#code", ""),
    "whether the file is complete": ("#file", "Complete, as far as we can see."),
    "procedural stage": ("#stage", "Received"),
    "estimated completion": ("#estimate", "Monday 9 November 2026"),
    "responsible unit": ("#department", "Street Lighting Department"),
    "its phone": (".slip", "281"),
    "its e-mail": (".slip", "@"),
}
"""What a receipt must say since 1 June 2026 (Law 2690/1999, article 4(5), as set by Law 5293/2026), and where it is."""
GREEK_HISTORY = ("#file", "#stage", "#estimate", "#unit")
"""What the history must show, at every stage."""


def test_the_receipt_has_every_field_of_greek_law(sqlite_database: Database, tmp_path: Path) -> None:
    city = read_folder(CITIES / "heraklion")
    town = Town(sqlite_database, settings_for(sqlite_database.url, tmp_path), city=city)
    report = town.citizen_reports("Dark since Monday.", service="street-lighting")
    page = report.browser.get("/receipt")
    for name, (selector, words) in GREEK_FIELDS.items():
        found = page.soup.select_one(selector)
        assert found is not None, name
        assert found.get_text().strip(), name
        assert words in " ".join(found.get_text(" ").split()), name
    lighting = city.services["street-lighting"].department or ""
    unit = city.departments[lighting]
    assert unit.phone in page.text
    assert unit.email in page.text
    history = report.opened().get("/track")
    assert all(history.field(selector) for selector in GREEK_HISTORY)
    assert unit.phone in history.text
    assert unit.email in history.text
    # As long as nobody has assigned it, the municipality is responsible.
    lost = town.citizen_reports("Good day")
    for shown in (lost.browser.get("/receipt"), lost.opened().get("/track")):
        assert city.identity.contact.phone in shown.text
        assert city.identity.contact.email in shown.text
    # What is missing is said, and that it has come.
    town.asks(report, "Which pole? Send the paper.", is_for_papers=True, by=town.account("clerk"))
    history = report.opened().get("/track")
    assert history.field("#file") == "Papers are missing. Our question says which."
    assert history.field("#estimate") == "It depends on your reply."
    assert "Papers are missing" in history.text
    town.later(days=2)
    report.opened().post("/track/reply", text="Pole 12.")
    history = report.opened().get("/track")
    assert history.field("#file") == "Complete since you sent what was missing."
    assert "24 December" in history.text  # Thursday, fifty days from the reply on Wednesday 4 November.


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        (
            {"kind": "complaint", "service": "street-lighting"},
            "examined outside the department that mends it",
        ),
        ({"text": "A pothole"}, "Going by your words, it is about “Roads”"),
        ({"text": "Good day"}, "A clerk reads them and assigns the department"),
    ],
)
def test_it_says_why_it_went_there(town: Town, about: dict[str, str], reason: str) -> None:
    assert reason in town.citizen_reports(**about).browser.get("/receipt").text


def test_without_a_legal_deadline_it_says_so(town: Town) -> None:
    page = town.citizen_reports("Plant trees along the road", kind="idea").browser.get("/receipt")
    assert page.field("#law") == ""
    assert "No law sets a day for this kind of message." in page.text


def test_the_mail_address_is_shown_masked_only(town: Town) -> None:
    page = town.citizen_reports(email="margaret@example.org").browser.get("/receipt")
    assert "ma…@example.org" in page.text
    assert "margaret@" not in page.response.text


@pytest.mark.parametrize(
    ("email", "shown"), [("ann@x.org", "a…@x.org"), ("anna@x.org", "an…@x.org"), ("a@x.org", "a…@x.org")]
)
def test_a_mask_never_shows_a_whole_name(email: str, shown: str) -> None:
    assert masked(email) == shown


def test_it_is_there_in_every_language(town: Town) -> None:
    report = town.citizen_reports()
    for language in town.city.identity.languages:
        page = report.browser.get(f"/{language}/receipt")
        assert page.field("#code").replace(" ", "") == report.code


def test_the_qr_is_an_own_picture_that_leads_to_the_case(town: Town) -> None:
    report = town.citizen_reports()
    picture = report.browser.get("/receipt/code.svg")
    assert picture.status == 200
    assert picture.response.headers["content-type"] == "image/svg+xml; charset=utf-8"
    assert "style=" not in picture.response.text and "<svg" in picture.response.text
    assert picture.response.headers["cache-control"] == "no-store"


def test_nobody_else_sees_it(town: Town) -> None:
    report = town.citizen_reports()
    stranger = town.visitor()
    page = stranger.get("/receipt")
    assert (page.status, page.field("#code"), page.field("#reference")) == (200, "", "")
    assert report.reference not in page.response.text
    assert stranger.get("/receipt/code.svg").status == 404
    assert stranger.post("/receipt/case").location == "/en/track"
    assert not stranger.client.cookies


def test_each_sees_their_own(town: Town) -> None:
    first, second = town.citizen_reports("Mine"), town.citizen_reports("Another's")
    assert first.reference != second.reference and first.code != second.code
    assert first.browser.get("/receipt").field("#reference") == first.reference
    assert first.browser.post("/receipt/case", follow=True).heading == "Mine"


@pytest.mark.parametrize("value", ["x", "0" * 32 + "~9999999999." + "0" * 32, "ключ", "." * 300])
def test_a_forged_cookie_shows_nothing(town: Town, value: str) -> None:
    town.citizen_reports()
    browser = town.visitor()
    response = browser.client.get(
        "/en/receipt", headers={"Cookie": b"kanali-receipt=" + value.encode("utf-8")}
    )
    assert response.status_code == (200 if value.isascii() else 400)
    assert 'id="code"' not in response.text


def test_the_case_opens_from_the_receipt_without_typing(town: Town) -> None:
    report = town.citizen_reports("Dark since Monday.")
    page = report.browser.post("/receipt/case", follow=True)
    assert page.status == 200
    assert page.heading == "Dark since Monday"

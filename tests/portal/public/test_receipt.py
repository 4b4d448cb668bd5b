"""The receipt: what stands on it, who may see it, and for how long."""

from __future__ import annotations

import pytest

from feedback.items import codes
from portal.public.receipt import masked
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

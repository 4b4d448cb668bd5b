"""Help, accessibility and personal data say what the software does: its cookies, its spans, whom to turn to."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.town import Town


def test_the_cookies_are_named_as_the_browser_shows_them(town: Town) -> None:
    privacy = town.visitor().get("/privacy").text
    assert "kanali-receipt After sending: shows you the receipt for 15 minutes." in privacy
    assert (
        "kanali-item After entering the code: keeps your case open in this browser for 30 minutes." in privacy
    )
    report = town.citizen_reports(service="street-lighting")
    report.browser.post("/track", code=report.code)
    assert {cookie.name for cookie in report.browser.client.cookies.jar} == {"kanali-receipt", "kanali-item"}
    town.site.settings = structs.replace(town.settings, public_url="https://example.org")
    assert "__Secure-kanali-receipt" in town.visitor("lt").get("/privacy").text
    assert "__Host-kanali-item" in town.visitor("el").get("/privacy").text


def test_what_is_kept_is_said_with_its_time(town: Town) -> None:
    privacy = town.visitor().get("/privacy").text
    assert "7 days after it was sent. If it could not be sent, 14 days after it was written." in privacy
    assert "To confirm your address: 48 hours. To open the case: 60 days. To the survey: 14 days." in privacy
    assert "The software does not remove them by itself yet." in privacy


@pytest.mark.parametrize("path", ["/help", "/accessibility"])
def test_bodies_outside_the_city_and_a_telephone_that_can_be_dialled_are_named(town: Town, path: str) -> None:
    page = town.visitor().get(path)
    assert town.city.identity.oversight[0].name["en"] in page.text
    dialled = town.city.identity.contact.phone.replace(" ", "")
    assert page.soup.find("a", href=f"tel:{dialled}") is not None


def test_the_accessibility_statement_says_what_was_not_checked(town: Town) -> None:
    text = town.visitor().get("/accessibility").text
    assert "People who use screen readers, magnifiers or speech have not tried these pages yet." in text
    assert "we do not claim that the pages conform" in text

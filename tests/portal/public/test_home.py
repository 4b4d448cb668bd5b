"""The home page and the pages of information: there in each language, and true to the profile."""

from __future__ import annotations

import re

import pytest

from feedback.city.part import KINDS
from tests.town import Town

PATHS = ("/", "/submit", "/receipt", "/track", "/help", "/accessibility", "/privacy")


def test_home_leads_to_the_form_with_each_kind(town: Town) -> None:
    page = town.visitor().get("/")
    links = [str(link["href"]) for link in page.soup.select(".kinds a")]
    assert links == [f"/en/submit?kind={kind}" for kind in KINDS]


def test_home_says_what_the_profile_promises(town: Town) -> None:
    page = town.visitor().get("/")
    assert "Within 3 to 10 working days" in page.text
    assert "The law gives 20 working days." in page.text
    assert "3 working days later" in page.text
    assert "Call 112." in page.text


def test_home_quotes_the_commitment_that_gave_the_channel_its_purpose(town: Town) -> None:
    page = town.visitor().get("/")
    assert page.field("blockquote").startswith("We keep a channel open for ideas and criticism")
    assert "Commitment 2 of the quality policy." in page.text


def test_home_shows_no_figures_before_a_month_is_closed(town: Town) -> None:
    assert not town.visitor().get("/").soup.select(".figures")


def test_the_code_can_be_entered_at_home(town: Town) -> None:
    report = town.citizen_reports()
    form = town.visitor().get("/").soup.select_one('form[action="/en/track"]')
    assert form is not None and form.select_one("input[name=code]")
    assert town.visitor().post("/track", code=report.code).status == 303


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_whole_in_each_language(town: Town, path: str) -> None:
    for language in town.city.identity.languages:
        page = town.visitor(language).get(path)
        assert page.status == 200
        assert page.soup.html and page.soup.html["lang"] == language
        assert len(page.soup.select("h1")) == 1
        assert page.title
        html = page.response.text
        assert not re.search(r"\sstyle=|<script(?! src=)|\son[a-z]+=", html)
        ids = [str(tag["id"]) for tag in page.soup.find_all(id=True)]
        assert len(ids) == len(set(ids))
        for label in page.soup.select("label[for]"):
            assert str(label["for"]) in ids


def test_help_names_phone_hours_departments_and_what_others_do(town: Town) -> None:
    text = town.visitor().get("/help").text
    assert "+370 000 00000" in text and "Monday to Friday 08:00–16:00" in text
    assert "Department C" in text
    assert "The water company of Riverton answers for this" in text
    assert "The Ombudsman of Riverton" in text


def test_what_does_not_exist_is_said_in_the_language_of_its_address(town: Town) -> None:
    for path in ("/en/nowhere", "/xx/submit", "/en/submit/more", "/en/confirm"):
        page = town.visitor().get(path)
        assert page.status == 404
        assert page.heading == "We have no such page"


def test_the_root_sends_on_by_the_language_of_the_browser(town: Town) -> None:
    client = town.visitor().client
    for wish, language in (("lt,en;q=0.5", "lt"), ("de", "en"), ("el-GR", "el"), ("", "en")):
        response = client.get("/", headers={"Accept-Language": wish})
        assert (response.status_code, response.headers["location"]) == (303, f"/{language}/")


def test_pages_may_be_posted_to_by_real_browsers(town: Town) -> None:
    # With no-referrer a browser sends "Origin: null" and every form of ours would be refused.
    response = town.visitor().get("/submit").response
    assert response.headers["referrer-policy"] == "same-origin"

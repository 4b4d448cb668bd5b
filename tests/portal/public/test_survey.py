"""The survey about one case, by mail and by the opened case."""

from __future__ import annotations

from datetime import timedelta

import pytest

from feedback.items import converse
from feedback.satisfaction.respond import COMMENT_MOST
from feedback.satisfaction.tables import Invitation, Response
from tests.town import Report, Town


def invite(town: Town, report: Report) -> str:
    """An invitation as the job makes it; the token of its mail."""
    with town.database.write() as session:
        made = Invitation(
            item_id=report.id,
            cycle_id=report.item.cycle.id,
            made_at=town.now,
            made_on=town.today,
            ends_at=town.now + timedelta(days=14),
            by_mail=True,
        )
        session.add(made)
        session.flush()
        assert made.id is not None
        return converse.make_link(
            session,
            purpose="survey",
            item_id=report.id,
            target_id=made.id,
            now=town.now,
            ends_at=made.ends_at,
        )


def answered(town: Town, **fields: str) -> Report:
    report = town.citizen_reports("Dark since Monday", **fields)
    town.answers(report)
    return report


def test_both_ratings_and_words_are_kept(town: Town) -> None:
    path = f"/survey/{invite(town, answered(town))}"
    page = town.visitor().get(path)
    assert "Were you satisfied with the outcome?" in page.text
    assert "confidential, not anonymous" in page.text
    assert [str(radio["value"]) for radio in page.soup.select("input[name=outcome]")] == list("123450")
    thanks = town.visitor().post(path, outcome="4", handling="0", comment="Quick")
    assert (thanks.status, thanks.heading) == (200, "Thank you for your answer")
    (response,) = town.rows(Response)
    assert (response.outcome, response.handling, response.comment) == (4, 0, "Quick")


def test_one_rating_is_enough(town: Town) -> None:
    path = f"/survey/{invite(town, answered(town))}"
    assert town.visitor().post(path, handling="5").status == 200
    (response,) = town.rows(Response)
    assert (response.outcome, response.handling) == (None, 5)


def test_answering_again_replaces_and_says_so(town: Town) -> None:
    path = f"/survey/{invite(town, answered(town))}"
    town.visitor().post(path, outcome="4", handling="4")
    page = town.visitor().get(path)
    assert "You have answered already." in page.text
    thanks = town.visitor().post(path, outcome="3", handling="3")
    assert "It replaces what you answered before" in thanks.text
    (response,) = town.rows(Response)
    assert (response.outcome, response.handling) == (3, 3)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "outcome"),
        ({"comment": "Only words"}, "outcome"),
        ({"outcome": "6"}, "outcome"),
        ({"outcome": "4", "handling": "99"}, "handling"),
        ({"outcome": "4", "comment": "a" * (COMMENT_MOST + 1)}, "comment"),
    ],
)
def test_a_faulty_answer_is_refused_with_what_was_given(
    town: Town, given: dict[str, str], field: str
) -> None:
    path = f"/survey/{invite(town, answered(town))}"
    page = town.visitor().post(path, **given)
    assert (page.status, list(page.errors)) == (422, [field])
    assert page.title.startswith("Error: ")
    assert page.value("comment") == given.get("comment", "")
    if given.get("outcome") == "4":
        assert page.value("outcome") == "4"
    assert town.count(Response) == 0


def test_whoever_is_unhappy_is_offered_a_second_look(town: Town) -> None:
    path = f"/survey/{invite(town, answered(town))}"
    assert "second look" in town.visitor().post(path, outcome="5", handling="2").text
    assert "second look" not in town.visitor().post(path, outcome="5", handling="3").text
    assert "second look" not in town.visitor().post(path, outcome="0", handling="5").text


def test_the_link_opens_neither_the_case_nor_what_was_said_before(town: Town) -> None:
    report = answered(town, email="ann@example.org")
    path = f"/survey/{invite(town, report)}"
    report.opened().post("/survey/mine", outcome="2", comment="My secret")
    browser = town.visitor()
    page = browser.get(path)
    assert "Dark since Monday" not in page.response.text and "My secret" not in page.response.text
    assert (page.value("outcome"), page.value("comment")) == ("", "")
    browser.post(path, outcome="1")
    assert not browser.client.cookies


def test_the_opened_case_leads_to_its_survey(town: Town) -> None:
    report = answered(town)
    invite(town, report)
    browser = report.opened()
    assert browser.get("/track").soup.select('a[href="/en/survey/mine"]')
    assert "Dark since Monday" in browser.get("/survey/mine").text
    assert browser.post("/survey/mine", outcome="5", handling="5").status == 200
    assert browser.get("/survey/mine").value("outcome") == "5"
    assert town.count(Response) == 1


def test_an_answer_written_while_the_visit_ended_waits_for_the_code(town: Town) -> None:
    report = answered(town)
    invite(town, report)
    typed = {"outcome": "2", "handling": "0", "comment": "Written for half an hour"}
    browser = town.visitor()
    page = browser.post("/survey/mine", **typed)
    assert page.status == 422
    assert list(page.errors) == ["code"]
    kept = {name: page.value(name) for name in typed}
    assert kept == typed
    form = page.soup.select_one("main form")
    assert form is not None and form["action"] == "/en/survey/mine"
    mistyped = browser.post("/survey/mine", code="7KQ4", **kept)
    assert (mistyped.status, mistyped.value("comment")) == (422, typed["comment"])
    assert town.count(Response) == 0
    filled = browser.post("/survey/mine", code=report.code, **kept)
    assert (filled.status, {name: filled.value(name) for name in typed}) == (200, typed)
    assert town.count(Response) == 0
    assert browser.post("/survey/mine", **typed).heading == "Thank you for your answer"
    assert town.rows(Response)[0].comment == typed["comment"]


def test_whoever_is_unhappy_is_told_what_a_second_look_needs(town: Town) -> None:
    report = answered(town)
    path = f"/survey/{invite(town, report)}"
    assert "You need the code from your receipt" in town.visitor().post(path, outcome="1").text
    thanks = report.opened().post("/survey/mine", outcome="1")
    assert "You need the code from your receipt" not in thanks.text
    assert thanks.soup.select('main a[href="/en/track"]')


def test_the_token_of_a_link_is_never_printed(town: Town) -> None:
    """What a sheet of paper says in its foot must open no survey and no case."""
    token = invite(town, answered(town))
    page = town.visitor().get(f"/survey/{token}")
    assert page.field(".foot .print-only").startswith("http://127.0.0.1:8000/en/ ")


def test_without_an_invitation_there_is_no_survey(town: Town) -> None:
    browser = answered(town).opened()
    assert not browser.get("/track").soup.select('a[href="/en/survey/mine"]')
    assert browser.get("/survey/mine").status == 410
    assert town.visitor().get("/survey/mine").location == "/en/track"


def test_after_fourteen_days_it_is_over(town: Town) -> None:
    report = answered(town)
    path = f"/survey/{invite(town, report)}"
    town.later(days=14)
    assert town.visitor().get(path).status == 410
    assert town.visitor().post(path, outcome="5").status == 410
    assert report.opened().get("/survey/mine").status == 410
    assert town.count(Response) == 0


def test_a_foreign_link_is_answered_404(town: Town) -> None:
    assert town.visitor().get("/survey/nobodys").status == 404
    assert town.visitor().post("/survey/nobodys", outcome="5").status == 404

"""Public pages are finished once and named: who holds the same page is told so, who asks for another gets it new."""

from __future__ import annotations

import pytest

from portal.public import kept
from tests.feedback.quality import made
from tests.town import Page, Town

NUMBERS: made.Numbers = {"received": (263,), "in_time_promise": (251, 198)}
PAGES = ("/service-quality", "/service-quality/dept-a", "/service-quality/definitions", "/policy", "/help")


def tag(page: Page) -> str:
    return str(page.response.headers["etag"])


def asks_again(town: Town, path: str, known: str, language: str = "en") -> Page:
    """A browser that holds a page asks whether it is still the same."""
    visitor = town.visitor(language)
    return Page(visitor.client.get(f"/{language}{path}", headers={"If-None-Match": known}))


@pytest.mark.parametrize("path", PAGES)
def test_the_same_page_has_the_same_name_and_another_language_another(town: Town, path: str) -> None:
    made.close(town, "2026-10", month=NUMBERS)
    first, second = town.visitor().get(path), town.visitor().get(path)
    assert tag(first) == tag(second)
    assert first.response.headers["cache-control"] == "no-cache"
    assert first.response.content == second.response.content
    assert tag(town.visitor("lt").get(path)) != tag(first)
    assert "set-cookie" not in first.response.headers


def test_a_closing_gives_the_page_another_name_and_the_new_figures(town: Town) -> None:
    made.close(town, "2026-09", month=NUMBERS)
    before = town.visitor().get("/service-quality")
    made.close(town, "2026-10", window_from="2026-09", month={"received": (777,)})
    after = asks_again(town, "/service-quality", tag(before))
    assert after.status == 200
    assert tag(after) != tag(before)
    assert "777" in after.text
    older = town.visitor().get("/service-quality", period="2026-09")
    assert "263" in older.text and "777" not in older.text


def test_each_figure_and_month_is_a_page_of_its_own(town: Town) -> None:
    made.close(town, "2026-09", month=NUMBERS)
    made.close(town, "2026-10", window_from="2026-09", month=NUMBERS)
    visitor = town.visitor()
    pages = [
        visitor.get("/service-quality"),
        visitor.get("/service-quality", period="2026-09"),
        visitor.get("/service-quality", measure="time_to_answer"),
        visitor.get("/service-quality", measure="time_to_answer", period="2026-09"),
    ]
    assert len({tag(page) for page in pages}) == 4


def test_what_a_stranger_adds_to_the_address_pushes_no_page_out(town: Town) -> None:
    made.close(town, "2026-10", month=NUMBERS)
    visitor = town.visitor()
    visitor.get("/service-quality")
    for number in range(3):
        assert visitor.get("/service-quality", x=str(number)).status == 200
    assert len(kept._pages[town.database]) == 1


def test_no_more_pages_are_kept_than_may_be(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "KEPT_MOST", 2)
    made.close(town, "2026-10", month=NUMBERS)
    for path in PAGES:
        assert town.visitor().get(path).status == 200
    assert [key[0] for key in kept._pages[town.database]] == ["/en/policy", "/en/help"]


def test_before_the_first_closing_nothing_is_kept(town: Town) -> None:
    first = town.visitor().get("/service-quality")
    town.later(days=33)
    second = town.visitor().get("/service-quality")
    assert "No month is closed yet" in second.text
    assert tag(first) != tag(second), "another month is now the first"


def test_a_refusal_is_not_kept(town: Town) -> None:
    made.close(town, "2026-10", month=NUMBERS)
    page = town.visitor().get("/service-quality", period="2026-11")
    assert page.status == 404
    assert "etag" not in page.response.headers
    assert page.response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_who_holds_the_page_is_told_that_it_is_unchanged(town: Town, path: str) -> None:
    made.close(town, "2026-10", month=NUMBERS)
    known = tag(town.visitor().get(path))
    for header in (known, f"W/{known}", f'"another", {known}', "*"):
        again = asks_again(town, path, header)
        assert (again.status, again.response.content, tag(again)) == (304, b"", known)
    assert asks_again(town, path, '"another"').status == 200
    assert asks_again(town, path, known, "el").status == 200

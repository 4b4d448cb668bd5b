"""Every route from its wrong side: another site, a stranger, a made-up address, a language or method that is not there.

That each is met, and met well, is the tour's business (`test_unmarked.py`). A new route is in here by itself.
"""

from __future__ import annotations

import re

import pytest

from feedback.ledger.tables import Note
from portal.app import routes
from tests.town import BASE, Browser, Town

MADE_UP = "made-up-0123456789"
OPEN_TO_STRANGERS = {
    "/staff/sign-in",
    "/staff/sign-in/code",
    "/staff/sign-in/passkey",
    "/staff/sign-in/passkey/options",
    "/staff/sign-out",
    "/staff/forgotten",
    "/staff/welcome/{token}",
    "/staff/provider",
    "/staff/provider/return",
}
"""Routes of staff that somebody who is not signed in may use."""
PLACES = [(method, route.path) for route in routes() for method in sorted(route.methods)]
POSTS = [path for method, path in PLACES if method == "POST"]
OF_STAFF = [
    (method, path) for method, path in PLACES if path.startswith("/staff") and path not in OPEN_TO_STRANGERS
]
OF_LANGUAGES = [(method, path) for method, path in PLACES if path.startswith("/{language}")]
WITH_A_NAME = [(method, path) for method, path in PLACES if "{" in path.replace("{language}", "")]


def address(path: str, language: str = "en") -> str:
    return re.sub(r"\{\w+\}", MADE_UP, path.replace("{language}", language))


def ask(browser: Browser, method: str, path: str, origin: str = BASE) -> tuple[int, str]:
    """Status and where it leads; a post carries an empty form."""
    headers = {"Origin": origin} if method == "POST" and origin else {}
    answer = browser.client.request(
        method, path, headers=headers, data={"seen": "1"} if method == "POST" else None
    )
    return answer.status_code, answer.headers.get("location", "")


@pytest.fixture
def stranger(sqlite_town: Town) -> Browser:
    browser = sqlite_town.visitor()
    browser.client.cookies.clear()
    return browser


def test_there_are_routes_of_every_sort() -> None:
    assert len(POSTS) >= 20
    assert len(OF_STAFF) >= 15
    assert len(OF_LANGUAGES) >= 30
    assert len(WITH_A_NAME) >= 15


@pytest.mark.parametrize("origin", ["", "https://elsewhere.example", "null"])
def test_no_form_is_taken_from_another_site(stranger: Browser, origin: str) -> None:
    taken = [path for path in POSTS if ask(stranger, "POST", address(path), origin)[0] != 403]
    assert taken == []


def test_a_stranger_is_sent_from_every_page_of_staff_to_the_door(stranger: Browser) -> None:
    answers = {(method, path): ask(stranger, method, address(path)) for method, path in OF_STAFF}
    assert {
        place: answer
        for place, answer in answers.items()
        if answer[0] not in (303, 307) or not answer[1].startswith("/staff/sign-in")
    } == {}


def test_a_made_up_name_is_like_one_that_does_not_exist(sqlite_town: Town) -> None:
    """Strangers and clerks alike; a page of staff shows a stranger the door instead."""
    clerk = sqlite_town.clerk()
    answers = {
        (method, path): ask(clerk, method, address(path)) for method, path in WITH_A_NAME if path != "/"
    }
    assert {place: answer for place, answer in answers.items() if answer[0] != 404} == {}


def test_another_departments_case_is_on_no_route(sqlite_town: Town) -> None:
    """Every page and deed of the desk, with fields that would do: the answer is that for a number never given."""
    theirs = sqlite_town.citizen_reports("Loud music at night", service="noise")
    absent = theirs.reference[:-6] + "999999"
    fields = {"version": str(theirs.item.version), "last_entry": "0", "outcome": "done", "text": "Filled."}
    fields |= {"reason": "Spam", "department": "dept-a", "service": "roads"}
    of_cases = [(method, path) for method, path in OF_STAFF if "{reference}" in path]
    assert len(of_cases) >= 10
    roles = (
        sqlite_town.account("lead", ("dept-a",)),
        sqlite_town.account("quality"),
        sqlite_town.account("admin"),
    )
    notes = sqlite_town.count(Note)
    for browser in map(sqlite_town.signed_in, roles):
        for method, path in of_cases:
            pages = []
            for reference in (theirs.reference, absent):
                at = path.replace("{reference}", reference)
                page = browser.post(at, **fields) if method == "POST" else browser.get(at)
                pages.append((page.status, page.response.text.replace(reference, "")))
            assert pages[0] == pages[1], (method, path)
            assert pages[0][0] in (404, 409), (method, path)
    assert sqlite_town.count(Note) == notes
    assert (theirs.item.state, theirs.item.cycle.department) == ("received", "dept-b")


def test_no_page_exists_in_a_language_that_the_city_does_not_have(stranger: Browser) -> None:
    answers = {(method, path): ask(stranger, method, address(path, "xx"))[0] for method, path in OF_LANGUAGES}
    assert {place: status for place, status in answers.items() if status != 404} == {}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_no_route_takes_another_method(stranger: Browser, method: str) -> None:
    answers = {path: ask(stranger, method, address(path))[0] for _, path in PLACES}
    assert {path: status for path, status in answers.items() if status not in (403, 404, 405)} == {}

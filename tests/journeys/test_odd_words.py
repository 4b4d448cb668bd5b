"""Odd words in a real browser: nothing that people write widens a page of 320 px or turns what stands beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from feedback.items.sent import PLACE_MOST
from tests.feedback.custody.lived import ask_how_it_went
from tests.journeys.served_town import PASSWORD, ServedTown, served
from tests.upkeep.odd_words import NAMES, WORDS

REACH = (Path(__file__).parent / "reach.js").read_text(encoding="utf-8")


@pytest.fixture
def town(sqlite_template: Path, tmp_path: Path) -> Iterator[ServedTown]:
    with served(sqlite_template, tmp_path) as town:
        yield town


def test_odd_words_widen_no_page(town: ServedTown, browser: Browser) -> None:
    """All odd words in one case, and each odd name and title in a case of its own in the list."""
    by = town.employs("responder", "dept-a", email="una@example.org", language="lt", name="Una")
    citizen = browser.new_page(viewport={"width": 320, "height": 640})
    desk = browser.new_page(viewport={"width": 320, "height": 640})
    words = "\n\n".join(WORDS.values())
    names = list(NAMES.values())
    for number, title in enumerate(WORDS.values()):
        town.citizen_reports(title, service="roads", name=names[number % len(names)], language="lt")
    report = town.citizen_reports(
        words,
        service="roads",
        place=WORDS["one word without an end"][:PLACE_MOST],
        name="Παπα" + "δημητρακοπουλο" * 8,
        email="very.long.address.of.somebody.who.likes.them.long@a-long-name-of-a-host.example.org",
        language="lt",
    )
    town.asks(report, words, by=by)
    town.later(days=1)
    assert report.opened("lt").post("/track/reply", text=words).status == 303
    town.answers(report, words, by=by)
    town.later(days=8)
    assert ask_how_it_went(town) == 1
    citizen.goto(f"{town.address}/lt/track")
    citizen.locator("[name=code]").fill(report.code)
    citizen.keyboard.press("Enter")
    citizen.locator(".timeline").wait_for()
    faults = measured(citizen)
    for path in ("survey/mine", "track/second-look", "track/add"):
        citizen.goto(f"{town.address}/lt/{path}")
        faults += measured(citizen)
    desk.goto(f"{town.address}/staff/sign-in")
    desk.locator("#email").fill("una@example.org")
    desk.locator("[name=password]").fill(PASSWORD)
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/staff/inbox*")
    for path in ("inbox?queue=open", "inbox?queue=answered", f"item/{report.reference}"):
        desk.goto(f"{town.address}/staff/{path}")
        assert desk.locator("main h1").count() == 1
        faults += measured(desk)
    assert not faults, "\n".join(faults)
    citizen.context.close()
    desk.context.close()


def measured(page: Page) -> list[str]:
    """What is too wide or cut off on this page."""
    page.evaluate(REACH)
    return [f"{page.url}: {fault}" for fault in page.evaluate("[...reach.wide(), ...reach.clipped()]")]

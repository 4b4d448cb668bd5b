"""The small sum of a busy connection in a real browser: done by itself, said once, and never in the way of writing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from feedback.items.tables import Item
from feedback.limits.rules import SUBMISSION
from tests.journeys.served_town import ServedTown, served

WORDS = "Ο φανοστάτης μπροστά στον αριθμό 12 είναι σβηστός."


@pytest.fixture(scope="module")
def town(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTown]:
    """A town in which everybody comes from one address, and five have been here already."""
    with served(sqlite_template, tmp_path_factory.mktemp("sum")) as town:
        town.is_one_place = True
        neighbour = town.visitor(address="127.0.0.1")
        for number in range(SUBMISSION.most):
            assert neighbour.sends(kind="idea", text=f"Idea {number}").status == 303
        yield town


def fill(town: ServedTown, context: BrowserContext) -> Page:
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"{town.address}/el/submit")
    page.locator("[name=kind]").first.check(force=True)
    page.locator("#text").fill(WORDS)
    return page


def send(page: Page) -> None:
    page.locator("main form button").last.click()


def test_the_browser_does_the_sum_and_sends_the_form(town: ServedTown, browser: Browser) -> None:
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page = fill(town, context)
        faults: list[str] = []
        page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
        send(page)
        page.wait_for_url("**/el/receipt")
        assert faults == []
    newest = town.rows(Item)[-1]
    assert (newest.text, newest.held) == (WORDS, None)


def test_whoever_writes_on_presses_the_button(town: ServedTown, browser: Browser) -> None:
    with browser.new_context() as context:
        page = fill(town, context)
        town.holds_scripts.set()
        with page.expect_navigation(wait_until="commit"):
            send(page)
        page.locator("#text").fill(f"{WORDS} Και του 14.")
        town.holds_scripts.clear()
        said = page.locator("[data-sum-said]")
        expect(said).to_contain_text("Στείλτε το μήνυμά σας με το κουμπί")
        assert page.locator("#text").input_value().endswith("Και του 14.")
        send(page)
        page.wait_for_url("**/el/receipt")
    assert town.rows(Item)[-1].held is None


def test_without_a_script_the_button_sends_it_to_a_clerk(town: ServedTown, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = fill(town, context)
        send(page)
        expect(page.locator("#sum")).to_contain_text("υπάλληλος")
        assert page.locator("#text").input_value() == WORDS
        page.locator("#sum button").click()
        page.wait_for_url("**/el/receipt")
    assert town.rows(Item)[-1].held == "unproven"

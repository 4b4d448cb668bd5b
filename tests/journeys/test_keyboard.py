"""The whole way by keyboard alone, at a desk and on the smallest phone: nothing needs a pointer, no focus is lost.

A citizen writes (first leaving everything out), follows the receipt to her case, replies, rates; a clerk signs in,
takes the case from the list, asks, answers. `keys.py` looks at every stop: it is drawn, in the window, uncovered, and
in the order of the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.feedback.custody.lived import ask_how_it_went
from tests.journeys.keys import Hands
from tests.journeys.served_town import PASSWORD, ServedTown, served

WINDOWS = {"el": {"width": 1280, "height": 720}, "lt": {"width": 320, "height": 640}}
WORDS = {
    "el": "Ο φανοστάτης μπροστά στον αριθμό 12 είναι σβηστός.",
    "lt": "Priešais 12 namą nedega šviestuvas.",
}
CLERK = "clerk@example.org"


@pytest.fixture
def town(sqlite_template: Path, tmp_path: Path) -> Iterator[ServedTown]:
    with served(sqlite_template, tmp_path) as town:
        yield town


@pytest.mark.parametrize("language", ["el", "lt"])
def test_the_whole_way_by_keyboard(town: ServedTown, browser: Browser, language: str) -> None:
    window = WINDOWS[language]
    town.employs("clerk", email=CLERK, language=language, name="Clio")
    citizen = browser.new_page(viewport=window, locale=language)
    clerk = browser.new_page(viewport=window, locale=language)
    code = writes(citizen, town, language)
    signs_in(clerk, town)
    takes_and_asks(clerk)
    replies(citizen)
    answers(clerk)
    town.later(days=8)
    assert ask_how_it_went(town) == 1
    rates(citizen, town, language, code)
    citizen.context.close()
    clerk.context.close()


def test_what_a_script_changes_is_said_once_and_moves_no_focus(town: ServedTown, browser: Browser) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{town.address}/en/submit")
    heard = listens(page)
    page.locator("#text").focus()
    page.keyboard.insert_text("x" * 3990)
    expect(page.locator("#text-left")).to_contain_text("10")
    page.wait_for_timeout(1500)
    page.keyboard.type("yz", delay=60)
    page.wait_for_timeout(1500)
    assert [said.count("10") + said.count("8") for said in heard()] == [1, 1], heard()
    assert page.evaluate("document.activeElement.id") == "text"
    page.locator("[name=kind]").first.check(force=True)
    page.locator("main form button").last.click()
    copy = page.locator("[data-copy]")
    expect(copy).to_be_visible()  # Until the script has run it is hidden, and what is hidden takes no focus.
    heard = listens(page)
    copy.focus()
    page.keyboard.press("Enter")
    expect(copy).to_have_text("Copied")
    assert [said.strip() for said in heard()] == ["Copied"]
    assert page.evaluate("document.activeElement.matches('[data-copy]')")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == " ".join(page.locator("#code").inner_text().split())
    context.close()


def listens(page: Page) -> Callable[[], list[str]]:
    """What a reader of the screen would say from now on: each change inside a live region."""
    page.evaluate("""() => {
      const live = "[role=status], [role=alert], [aria-live=polite], [aria-live=assertive]";
      window.said = [];
      new MutationObserver((changes) => {
        const regions = new Set();
        for (const { target, addedNodes } of changes) {
          const at = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
          const region = at?.closest(live) ?? [...addedNodes].find((node) => node.matches?.(live));
          if (region) regions.add(region);
        }
        for (const region of regions) window.said.push(region.textContent);
      }).observe(document.body, { childList: true, subtree: true, characterData: true });
    }""")
    return lambda: [text for text in page.evaluate("window.said") if text.strip()]


def writes(page: Page, town: ServedTown, language: str) -> str:
    """From the home page to the opened case; gives the code."""
    hands = Hands(page)
    page.goto(f"{town.address}/{language}/")
    hands.fits()
    hands.tab_to(".govuk-skip-link")
    hands.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    hands.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    hands.looks()
    hands.has("main a[href$='/submit']")
    hands.follows()
    hands.tab_to("main form button")
    hands.follows()
    hands.has("#error-summary")
    hands.tab_to("#error-summary a[href='#kind']")
    hands.press("Enter")
    hands.has("#kind")
    hands.press("ArrowDown")
    hands.looks()
    expect(page.locator("[name=kind][value=complaint]")).to_be_checked()
    hands.press("ArrowUp")
    expect(page.locator("[name=kind][value=request]")).to_be_checked()
    hands.tab_to("#text")
    hands.types(WORDS[language])
    hands.tab_to("#service")
    hands.press("ArrowDown")
    assert page.locator("#service").input_value() != ""
    hands.tab_to("#anonymous")
    hands.tab_to("#email")
    hands.types("rea@example.org")
    hands.back_to("#name")
    hands.types("Ρέα")
    hands.tab_to("main form button")
    hands.follows()
    assert page.url.endswith(f"/{language}/receipt")
    code = page.locator("#code").inner_text()
    hands.tab_to("[data-copy]")
    hands.tab_to("[data-print]")
    hands.tab_to("form[action$='/receipt/case'] button")
    hands.follows()
    expect(page.locator(".timeline")).to_contain_text(WORDS[language])
    return code


def signs_in(page: Page, town: ServedTown) -> None:
    hands = Hands(page)
    page.goto(f"{town.address}/staff/sign-in")
    hands.fits()
    hands.tab_to("main form button:not([type=button])")
    hands.follows()
    hands.has("#error-summary")
    hands.tab_to("#email")
    hands.types(CLERK)
    hands.tab_to("[name=password]")
    hands.types(PASSWORD)
    hands.press("Enter")
    expect(page).to_have_url(re.compile("/staff/inbox"))
    hands.fits()


def takes_and_asks(page: Page) -> None:
    hands = Hands(page)
    page.reload()
    hands.tab_to("a[href*='/staff/item/']")
    hands.follows()
    hands.tab_to("form[action*='/take'] button")
    hands.follows()
    expect(page.locator("[role=status]")).to_have_count(1)
    hands.tab_to("a[href*='tab=question']")
    hands.follows()
    hands.tab_to("#text")
    hands.types("Which side?")
    hands.tab_to("form[action*='/ask'] button")
    hands.follows()
    expect(page.locator("main")).to_contain_text("Which side?")


def replies(page: Page) -> None:
    hands = Hands(page)
    page.reload()
    hands.tab_to("#question textarea")
    hands.types("The left one.")
    hands.tab_to("#question button")
    hands.follows()
    expect(page.locator("[role=status]")).to_have_count(1)
    expect(page.locator(".timeline")).to_contain_text("The left one.")


def answers(page: Page) -> None:
    hands = Hands(page)
    page.goto(page.url.partition("?")[0])
    hands.tab_to("[name=outcome]")
    hands.press("Space")
    expect(page.locator("[name=outcome][value=done]")).to_be_checked()
    hands.tab_to("#text")
    hands.types("We changed the bulb.")
    hands.tab_to("form[action*='/answer'] button")
    hands.follows()
    expect(page.locator("main")).to_contain_text("We changed the bulb.")
    hands.tab_to("details.me > summary")
    hands.press("Enter")
    hands.tab_to("a[href='/staff/account']")
    hands.follows()


def rates(page: Page, town: ServedTown, language: str, code: str) -> None:
    """Close the case in this browser, open it again with the code, answer the two questions."""
    hands = Hands(page)
    page.goto(f"{town.address}/{language}/track")
    hands.fits()
    hands.tab_to("form[action$='/track/leave'] button")
    hands.follows()
    hands.tab_to("[name=code]")
    hands.types(code)
    hands.follows()
    hands.tab_to("a[href$='/survey/mine']")
    hands.follows()
    hands.tab_to("[name=outcome]")
    hands.press("Space")
    hands.press("ArrowRight")
    hands.looks()
    expect(page.locator("[name=outcome][value='2']")).to_be_checked()
    hands.tab_to("[name=handling]")
    hands.press("Space")
    hands.tab_to("[name=comment]")
    hands.types("Quick and kind.")
    hands.tab_to("main form button")
    hands.follows()
    expect(page.locator("[name=outcome]")).to_have_count(0)

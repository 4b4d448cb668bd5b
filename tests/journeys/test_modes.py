"""The same pages under other conditions: forced colours, no movement, paper, other widths, a slow script or none.

States and controls keep an edge and a word where colours are taken away; nothing moves for who wants no movement;
paper has no buttons; while the script is late the page is whole, and nothing jumps when it comes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.served_town import ServedTown, served
from tests.journeys.test_reach import DESK, opened, tell, told
from tests.upkeep.kept import Recording, unlike

WIDTHS = (640, 896)
"""A desk at 200 %; the width from which a page has two columns. 320 and 1280 are those of `test_reach.py`."""
EDGED = (
    ".tag, .panel, .notice, .ask, .slip__code, .entry__words, .item__words, .standing, .govuk-error-summary, "
    ".govuk-button:not(.button--quiet), .govuk-input, .govuk-select, .govuk-textarea, "
    ".govuk-radios__input, .govuk-checkboxes__input"
)
"""What stands out by its surface, and everything that is operated: without colours it keeps an edge."""

WITHOUT_COLOURS = """(edged) => {
  const shown = [...document.body.querySelectorAll(edged)].filter((element) => element.checkVisibility());
  const hasEdge = (element) => ["Top", "Right", "Bottom", "Left"].some((side) => {
    const style = getComputedStyle(element);
    return style[`border${side}Style`] !== "none" && parseFloat(style[`border${side}Width`]) > 0;
  });
  const said = (element) => element.outerHTML.replace(/\\s+/g, " ").slice(0, 120);
  const found = shown.filter((element) => !hasEdge(element)).map((element) => ["no edge", said(element), ""]);
  for (const element of document.querySelectorAll("[aria-current]")) {
    const style = getComputedStyle(element);
    const told = style.textDecorationLine.includes("underline") || hasEdge(element);
    if (element.checkVisibility() && !told) found.push(["the current one is not told", said(element), ""]);
  }
  for (const tag of document.querySelectorAll(".tag")) {
    if (!tag.textContent.trim()) found.push(["a state without a word", said(tag), ""]);
  }
  return found;
}"""

MOVING = """() => [...document.querySelectorAll("*")].flatMap((element) =>
  [null, "::before", "::after"].flatMap((part) => {
    const style = getComputedStyle(element, part);
    const moves = style.transitionDuration.split(",").some((time) => parseFloat(time) > 0)
      || style.animationName !== "none" || style.scrollBehavior === "smooth";
    return moves ? [["moves", element.outerHTML.slice(0, 120), part ?? ""]] : [];
  }))"""

OPERATED = """() => [...document.querySelectorAll(
    "nav, button, .govuk-button, input, select, textarea:not([readonly]), summary, .govuk-skip-link")]
  .filter((element) => element.checkVisibility())
  .map((element) => ["on paper", element.outerHTML.slice(0, 120), ""])"""

SHIFTS = """new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    window.shifts = [...(window.shifts ?? []),
      [entry.value, ...entry.sources.map(({ node }) => (node?.outerHTML ?? node?.data ?? "").slice(0, 100))]];
  }
}).observe({ type: "layout-shift", buffered: true });"""


@pytest.fixture
def town(sqlite_template: Path, tmp_path: Path) -> Iterator[ServedTown]:
    with served(sqlite_template, tmp_path) as town:
        yield town


def test_every_page_in_every_mode(browser: Browser, kept: Callable[[str], Recording]) -> None:
    recording = kept("el")
    pages = unlike(recording.pages, across_routes=True)
    faults: list[str] = []
    for kept_page, page in opened(browser, pages, recording, DESK, faults):
        page.emulate_media(forced_colors="active")
        faults += told(kept_page, page.evaluate(WITHOUT_COLOURS, EDGED))
        page.emulate_media(forced_colors="none", reduced_motion="reduce")
        faults += told(kept_page, page.evaluate(MOVING))
        page.emulate_media(reduced_motion="no-preference", media="print")
        faults += told(kept_page, page.evaluate(OPERATED))
        page.emulate_media(media="screen")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            faults += told(kept_page, page.evaluate("reach.wide()"))
        page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})
    tell(faults)


def test_a_slow_script_moves_nothing_and_blocks_nothing(town: ServedTown, browser: Browser) -> None:
    report = town.citizen_reports(service="roads", email="rea@example.org")
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_init_script(SHIFTS)
    page = context.new_page()
    page.goto(f"{town.address}/en/track")  # The fonts come once and are kept.
    page.locator("[name=code]").fill(report.code)
    page.keyboard.press("Enter")
    page.locator(".timeline").wait_for()
    for path in ("/en/", "/en/submit", "/en/track", "/en/service-quality", "/staff/sign-in"):
        with late_scripts(town, page):
            page.goto(f"{town.address}{path}", wait_until="commit")
            page.locator("main h1").wait_for()
        assert jumps(page) == [], path
    with late_scripts(town, page):
        page.goto(f"{town.address}/en/submit", wait_until="commit")
        page.locator("#text").fill("The lamp is dark.")
        page.locator("main form button").last.click()
        page.locator("#error-summary").wait_for()
        assert page.locator("#text").input_value() == "The lamp is dark."
        page.locator("input[type=radio][name=kind]").first.check(force=True)
    assert jumps(page) == [], "the form with its errors"
    with late_scripts(town, page):
        page.locator("main form button").last.click()
        page.locator("#code").wait_for()
        assert not page.locator("[data-copy]").is_visible()
    page.locator("[data-copy]").wait_for()
    assert jumps(page) == [], "the receipt, which gets two buttons"
    context.close()


def test_the_receipt_prints_on_one_sheet(town: ServedTown, browser: Browser) -> None:
    for language in ("el", "lt"):
        page = browser.new_page()
        page.goto(f"{town.address}/{language}/submit")
        page.locator("input[type=radio][name=kind]").first.check(force=True)
        page.locator("#text").fill("Ο φανοστάτης είναι σβηστός.")
        page.locator("#service").select_option("street-lighting")
        page.locator("#email").fill("rea@example.org")
        page.locator("main form button").last.click()
        page.locator("#code").wait_for()
        sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4", prefer_css_page_size=True))
        assert len(sheets) == 1, f"{language}: {len(sheets)} sheets"
        page.context.close()


@contextmanager
def late_scripts(town: ServedTown, page: Page) -> Iterator[None]:
    """Inside, no script comes, and the page is used without; afterwards they all do."""
    town.holds_scripts.set()
    try:
        yield
        page.wait_for_timeout(200)
        assert page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") == 0, "it waits"
    finally:
        town.holds_scripts.clear()
    page.wait_for_load_state("load")


def jumps(page: Page) -> list[object]:
    """What moved since the page was first drawn, without a person's doing."""
    page.wait_for_timeout(200)
    return [shift for shift in page.evaluate("window.shifts ?? []") if shift[0] > 0.0005]

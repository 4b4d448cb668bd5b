"""Every page in every state reaches everybody: axe finds nothing, nothing is too wide, too small or cut off.

The pages are those that the tour was shown (`tests/upkeep/kept.py`), in Greek and Lithuanian, whose words are long;
each is opened in Chromium with the real stylesheets, scripts and headers. Greek pages belong to a demonstration.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.showing import showing
from tests.upkeep.kept import Kept, Recording, unlike

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 320, "height": 640}
CITIZEN_TARGET = 44
STAFF_TARGET = 34
"""At a desk; on a phone staff have fingers like everybody."""

UNDECIDED = ("color-contrast", "th-has-data-cells")
"""What axe may leave open: text on a hatch, over a picture or of one letter, whose colours are tokens with known
contrasts (`kanali city check`, look.md); a table whose head stands over groups of rows."""

AXE = """async ([rules, undecided]) => {
  // The bar at the bottom of a phone lies over whatever is scrolled under it: that hides nothing for good.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(".dock { position: static !important }");
  document.adoptedStyleSheets = [sheet];
  const found = await axe.run(document, {
    runOnly: { type: "tag", values: rules }, resultTypes: ["violations", "incomplete"],
  });
  document.adoptedStyleSheets = [];
  const open = found.incomplete.filter(({ id }) => !undecided.includes(id));
  return [...found.violations, ...open].flatMap(
    ({ id, nodes }) => nodes.map((node) => [id, node.html.slice(0, 200), node.failureSummary ?? ""]),
  );
}"""


def test_every_page_at_a_desk(browser: Browser, kept: Callable[[str], Recording]) -> None:
    recording = kept("el")
    faults: list[str] = []
    for kept_page, page in opened(browser, unlike(recording.pages), recording, DESK, faults):
        faults += told(kept_page, page.evaluate(AXE, [RULES, UNDECIDED]))
        target = STAFF_TARGET if kept_page.is_staff else CITIZEN_TARGET
        faults += told(
            kept_page, page.evaluate("(least) => [...reach.wide(), ...reach.small(least)]", target)
        )
    tell(faults)


def test_every_page_on_the_smallest_phone(browser: Browser, kept: Callable[[str], Recording]) -> None:
    recording = kept("lt")
    pages = unlike(recording.pages)
    with_axe = {page.html for page in unlike(pages, across_routes=True)}
    faults: list[str] = []
    for kept_page, page in opened(browser, pages, recording, PHONE, faults):
        if kept_page.html in with_axe:
            faults += told(kept_page, page.evaluate(AXE, [RULES, UNDECIDED]))
        faults += told(kept_page, page.evaluate("(least) => reach.small(least)", CITIZEN_TARGET))
        faults += told(kept_page, page.evaluate("[...reach.wide(), ...reach.clipped()]"))
        page.evaluate("reach.space()")
        spaced = page.evaluate("[...reach.wide(), ...reach.clipped()]")
        faults += told(kept_page, [[f"{what}, text set apart", *rest] for what, *rest in spaced])
    tell(faults)


@pytest.mark.parametrize("language", ["el", "lt"])
def test_every_mail(browser: Browser, kept: Callable[[str], Recording], language: str) -> None:
    """A mail is shown inside the page of whoever reads it, so that it needs no landmarks."""
    recording = kept(language)
    as_mail = Recording(pages=[], mails=recording.mails, files={}, headers={})
    faults: list[str] = []
    for mail, page in opened(browser, recording.mails, as_mail, PHONE, faults):
        rules = [rule for rule in RULES if rule != "best-practice"]
        faults += told(mail, page.evaluate(AXE, [rules, UNDECIDED]))
        faults += told(mail, page.evaluate("[...reach.wide(), ...reach.clipped()]"))
    tell(faults)


# ── opening and telling ─────────────────────────────────────────────────────────────────────────────────────


def opened(
    browser: Browser, pages: list[Kept], recording: Recording, size: Any, faults: list[str]
) -> Iterator[tuple[Kept, Page]]:
    """Each page open in one browser window of this size. What the browser complains of is a fault."""
    context = browser.new_context(viewport=size)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        with showing(pages, recording) as address:
            for number, kept_page in enumerate(pages):
                said.clear()
                page.goto(f"{address}/kept/{number}")
                yield kept_page, page
                faults += told(kept_page, [["console", line, ""] for line in said])
    finally:
        context.close()


def told(page: Kept, found: list[list[Any]]) -> list[str]:
    """One line for each fault."""
    return [
        json.dumps([what, html, str(facts), page.name], ensure_ascii=False) for what, html, facts in found
    ]


def tell(faults: list[str]) -> None:
    """Fail where there are faults: each element once, with the pages on which it stands."""
    where: dict[tuple[str, str], list[str]] = {}
    facts: dict[tuple[str, str], str] = {}
    for line in faults:
        what, html, fact, name = json.loads(line)
        where.setdefault((what, html), []).append(name)
        facts[what, html] = fact
    lines = [
        f"{what}: {html}\n    {facts[what, html]}\n    {len(names)} pages, first {names[0]}"
        for (what, html), names in where.items()
    ]
    if lines:
        pytest.fail(f"{len(lines)} faults\n" + "\n".join(lines), pytrace=False)

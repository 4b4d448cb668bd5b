"""Somebody who has a keyboard and no pointer: goes by Tab, looks at each stop whether it can be seen.

    hands = Hands(page)
    hands.tab_to("#text"); hands.types("The lamp is dark."); hands.tab_to("main form button"); hands.press("Enter")

At each stop the focus must be drawn, lie in the window, lie under nothing, and come after the stop before it.
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

MOST_STOPS = 120

LOOK = """() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return null;
  const drawn = (element) => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  };
  const item = focused.closest(".govuk-radios__item, .govuk-checkboxes__item");
  const box = focused.getBoundingClientRect();
  // Of something larger than the window, its beginning must be seen.
  const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
  const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight, box.top + 60);
  const labels = [...(focused.labels ?? [])];
  const answers = (x, y) => {
    const met = document.elementFromPoint(x, y);
    return met && (focused.contains(met) || met.contains(focused) || labels.some((label) => label.contains(met)));
  };
  const x = (left + right) / 2, inset = Math.min(4, (bottom - top) / 4);
  const covered = ![[x, top + inset], [x, (top + bottom) / 2], [x, bottom - inset]].every(([x, y]) => answers(x, y));
  // What a positive tabindex would do to the order, the order of the document shows.
  const order = [...document.querySelectorAll("*")].indexOf(focused);
  return {
    what: focused.outerHTML.replace(/\\s+/g, " ").slice(0, 140),
    drawn: drawn(focused) || (item !== null && drawn(item)),
    // A row of links that a phone scrolls shows most of one that has the focus: browsers leave it at that.
    inside: box.top >= -1 && top + 10 <= innerHeight
      && (right - left >= box.width - 2 || (focused.closest(".rail") !== null && right - left > box.width / 2)),
    // A field of several lines shows the line that is written.
    whole: box.bottom <= innerHeight + 1 || focused.matches("textarea") || box.height > innerHeight / 2,
    covered,
    box: [box.left, box.top, box.right, box.bottom].map(Math.round).join(" "),
    order,
  };
}"""


class Hands:
    """The keyboard of one page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._before = -1
        page.on("framenavigated", lambda frame: self._starts_over())

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def follows(self, key: str = "Enter") -> None:
        """Press what opens another page, and wait for it."""
        with self.page.expect_navigation():
            self.press(key)
        self._starts_over()
        self.fits()

    def types(self, words: str) -> None:
        """Put words into the field that has the focus."""
        self.page.keyboard.insert_text(words)

    def tab_to(self, selector: str) -> dict[str, Any]:
        """Tab until the element that fits has the focus; every stop on the way is looked at."""
        stops = []
        for _ in range(MOST_STOPS):
            self.press("Tab")
            stop = self.looks()
            assert stop is not None, f"{selector} cannot be reached: the page ends after {stops}"
            assert stop["order"] > self._before, f"the focus goes back: {stops[-1:]} then {stop['what']}"
            self._before = stop["order"]
            stops.append(stop["what"])
            if self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return stop
        raise AssertionError(f"{selector} cannot be reached within {MOST_STOPS} stops: {stops}")

    def back_to(self, selector: str) -> None:
        """The way back: Shift and Tab until the element that fits has the focus."""
        for _ in range(MOST_STOPS):
            self.press("Shift+Tab")
            stop = self.looks()
            assert stop is not None, f"{selector} cannot be reached backwards"
            self._before = stop["order"]
            if self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"{selector} cannot be reached backwards")

    def looks(self) -> dict[str, Any] | None:
        """What has the focus, after looking whether it can be seen; None where the document has it."""
        stop: dict[str, Any] | None = self.page.evaluate(LOOK)
        if stop is not None:
            for fault in ("drawn", "inside", "whole"):
                assert stop[fault], f"focus is not {fault} at {self.page.url}: {stop}"
            assert not stop["covered"], f"focus is covered at {self.page.url}: {stop['what']}"
        return stop

    def has(self, selector: str) -> None:
        """The element that fits has the focus now."""
        stop = self.looks()
        fits = self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector)
        assert fits, f"{selector} has not the focus, but {stop and stop['what']}"
        assert stop is not None
        self._before = stop["order"]

    def fits(self) -> None:
        """The page needs no scrolling sideways."""
        wide, window = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= window, f"{self.page.url} is {wide} px wide in a window of {window}"

    def _starts_over(self) -> None:
        self._before = -1

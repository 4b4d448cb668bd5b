"""The whole way in Chromium: in three languages, with and without JavaScript, on a small demonstration.

A citizen writes, staff ask, the citizen replies, staff answer, the citizen confirms the address and rates, some want
a second look, the month is closed and the public page shows it. The portal is restarted with a later clock between
answer, survey and closing. The figures are counted apart, by plain SQL, and compared with the page.
"""

from __future__ import annotations

import email
import email.policy
import os
import re
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.running import ROOT, Portal, kanali, running

START = "2030-11-18T08:00:00Z"
"""A Monday in the future, so that the clock of the demonstration never has to go back."""
SURVEY = "2030-11-27T09:00:00Z"
CLOSING = "2030-12-05T09:00:00Z"
FINAL = "2030-12-20T09:00:00Z"
PERIOD = "2030-11"
SHOWN_FROM = 10
PASSWORD = "a long password for the journey"

WORDS = {
    "el": "Η λάμπα στην οδό Μίνωος είναι σβηστή εδώ και μια εβδομάδα.",
    "lt": "Mūsų gatvėje jau savaitę nedega žibintas prie namo.",
    "en": "The lamp in our street has been dark for a week.",
}


class Traveller(NamedTuple):
    """One way through the portal."""

    language: str
    has_script: bool

    @property
    def name(self) -> str:
        return f"{self.language}-{'script' if self.has_script else 'plain'}"

    @property
    def address(self) -> str:
        return f"{self.name}@journey.invalid"

    @property
    def is_content(self) -> bool:
        """Who has script is content; who has none asks for a second look."""
        return self.has_script


EVERY_WAY = [Traveller(language, script) for language in ("el", "lt", "en") for script in (True, False)]
TRAVELLERS = EVERY_WAY if os.environ.get("KANALI_PROOF") else [EVERY_WAY[0], EVERY_WAY[3], EVERY_WAY[4]]
"""For every change each language once, two with script and one without; for the proof all six."""


class Case(NamedTuple):
    reference: str
    code: str


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journey")


@pytest.fixture(scope="module")
def url(folder: Path) -> str:
    """A demonstration of 300 items, with two clerks of each language."""
    url = f"sqlite:///{folder}/kanali.db"
    city = str(ROOT / "cities" / "heraklion")
    made = run(url, folder, "init", "--city", city, "--admin-email", "a@journey.invalid", "--admin-name", "A")
    made += run(url, folder, "demo", "--items", "300")
    for language in ("el", "lt", "en"):
        for letter in "ab":
            run(
                url,
                folder,
                "user",
                "add",
                f"clerk-{letter}-{language}@journey.invalid",
                "--name",
                f"Clerk {letter.upper()}",
                "--role",
                "clerk",
                "--language",
                language,
                "--password-stdin",
                typed=PASSWORD,
            )
    return url


def test_the_whole_way(url: str, folder: Path, browser: Browser) -> None:
    cases: dict[str, Case] = {}
    with running(url, folder) as portal:
        for traveller in TRAVELLERS:
            with visiting(browser, portal, traveller) as page:
                cases[traveller.name] = writes(page, traveller)
                with at_desk(browser, portal, traveller, "a") as desk:
                    asks(desk, cases[traveller.name])
                replies(page, traveller)
                with at_desk(browser, portal, traveller, "a") as desk:
                    answers(desk, cases[traveller.name], f"A first answer for {traveller.name}.")
                sees(page, traveller, f"A first answer for {traveller.name}.")
                page.goto(link_of(folder, traveller, "/confirm/"))
                page.locator("main form button").click()
                expect(page.locator("main h1")).to_be_visible()
    with running(url, folder, more={"KANALI_NOW": SURVEY}) as portal:
        for traveller in TRAVELLERS:
            with visiting(browser, portal, traveller) as page:
                page.goto(moved(link_of(folder, traveller, "/survey/"), portal))
                rates(page, outcome=5 if traveller.is_content else 2, handling=4)
                if not traveller.is_content:
                    opens(page, traveller, cases[traveller.name])
                    wants_second_look(page, traveller)
                    with at_desk(browser, portal, traveller, "a") as desk:
                        is_barred(desk, cases[traveller.name])
                    with at_desk(browser, portal, traveller, "b") as desk:
                        answers(desk, cases[traveller.name], f"Another look for {traveller.name}.")
                    sees(page, traveller, f"Another look for {traveller.name}.")
    run(url, folder, "record", "close", PERIOD, now=CLOSING)
    assert "nothing has changed" in run(url, folder, "record", "close", PERIOD, now=CLOSING)
    counted = count(folder / "kanali.db")
    with running(url, folder, more={"KANALI_NOW": FINAL}) as portal:
        wait_until(lambda: is_final(folder / "kanali.db"))
        for traveller in TRAVELLERS:
            with visiting(browser, portal, traveller) as page:
                shows(page, traveller, counted)
    assert run(url, folder, "verify") == ""


# ── what people do ──────────────────────────────────────────────────────────────────────────────────────────


def writes(page: Page, traveller: Traveller) -> Case:
    """Fill in the form, first badly, then well; the receipt gives number and code."""
    page.locator(f"main a[href='/{traveller.language}/submit']").first.click()
    page.locator("main form button").last.click()
    expect(page.locator("#error-summary")).to_be_visible()
    page.locator("input[name=kind][value=request]").check(force=True)
    page.locator("#text").fill(WORDS[traveller.language])
    page.locator("#email").fill("no address")
    page.locator("main form button").last.click()
    expect(page.locator("#text")).to_have_value(WORDS[traveller.language])
    expect(page.locator("input[name=kind][value=request]")).to_be_checked()
    page.locator("#service").select_option("street-lighting")
    page.locator("#email").fill(traveller.address)
    page.locator("main form button").last.click()
    expect(page).to_have_url(re.compile(rf"/{traveller.language}/receipt$"))
    code = "".join(page.locator("#code").inner_text().split())
    reference = page.locator("#reference").inner_text().strip()
    assert re.fullmatch(r"HER-2030-[0-9]{6}", reference)
    opens(page, traveller, Case(reference, code))
    return Case(reference, code)


def opens(page: Page, traveller: Traveller, case: Case) -> None:
    """Open the case with its code, first mistyped."""
    page.goto(f"{origin(page)}/{traveller.language}/track")
    if page.locator("input[name=code]").count():
        page.locator("input[name=code]").fill(
            "2" + case.code[1:] if case.code[0] == "1" else "1" + case.code[1:]
        )
        page.locator("main form button").first.click()
        expect(page.locator("#error-summary")).to_be_visible()
        page.locator("input[name=code]").fill(case.code.lower())
        page.locator("main form button").first.click()
    expect(page.locator("main")).to_contain_text(case.reference)


def asks(desk: Page, case: Case) -> None:
    """Take the case and ask the citizen something."""
    desk.goto(f"{origin(desk)}/staff/item/{case.reference}")
    desk.locator("form[action*='/take'] button").click()
    expect(desk.locator(".notice[role=status]")).to_be_visible()
    desk.goto(f"{origin(desk)}/staff/item/{case.reference}?tab=question")
    desk.locator("#text").fill("On which side of the street?")
    desk.locator("form[action*='/ask'] button").click()
    expect(desk.locator("main")).to_contain_text("On which side of the street?")


def replies(page: Page, traveller: Traveller) -> None:
    page.goto(f"{origin(page)}/{traveller.language}/track")
    expect(page.locator("#question")).to_contain_text("On which side of the street?")
    page.locator("#question textarea").fill("On the left.")
    page.locator("#question button").click()
    expect(page.locator(".timeline")).to_contain_text("On the left.")


def answers(desk: Page, case: Case, words: str) -> None:
    desk.goto(f"{origin(desk)}/staff/item/{case.reference}?tab=answer")
    desk.locator("input[name=outcome][value=done]").check(force=True)
    desk.locator("#text").fill(words)
    desk.locator("form[action*='/answer'] button").click()
    expect(desk.locator("main")).to_contain_text(words)


def is_barred(desk: Page, case: Case) -> None:
    """Who answered before has no composer for the second look."""
    desk.goto(f"{origin(desk)}/staff/item/{case.reference}")
    expect(desk.locator("input[name=outcome]")).to_have_count(0)


def sees(page: Page, traveller: Traveller, words: str) -> None:
    page.goto(f"{origin(page)}/{traveller.language}/track")
    expect(page.locator(".timeline")).to_contain_text(words)


def rates(page: Page, *, outcome: int, handling: int) -> None:
    page.locator(f"input[name=outcome][value='{outcome}']").check(force=True)
    page.locator(f"input[name=handling][value='{handling}']").check(force=True)
    page.locator("main form button").last.click()
    expect(page.locator("input[name=outcome]")).to_have_count(0)


def wants_second_look(page: Page, traveller: Traveller) -> None:
    page.goto(f"{origin(page)}/{traveller.language}/track/second-look")
    page.locator("#text").fill("It is dark again.")
    page.locator("main form button").first.click()
    expect(page.locator(".timeline")).to_contain_text("It is dark again.")


def shows(page: Page, traveller: Traveller, counted: dict[str, tuple[int, ...]]) -> None:
    """The public page shows what was counted apart; the policy page stands."""
    page.goto(f"{origin(page)}/{traveller.language}/service-quality?period={PERIOD}")
    shares = 0
    for measure, wanted in counted.items():
        if wanted[-1] < SHOWN_FROM:
            continue  # Hidden, so that nobody can be recognised.
        if len(wanted) == 2:
            value = page.locator(f"#{measure} .figure__value")
            if value.count() and "%" in value.inner_text():
                shares += 1
            else:
                wanted = wanted[1:]
        shown = [int(number) for number in re.findall(r"\d+", page.locator(f"#{measure}").inner_text())]
        missing = set(wanted) - set(shown)
        assert not missing, f"{traveller.name} {measure}: {wanted} not among {shown}"
    assert shares >= 2, "the two clocks are shown as shares"
    page.goto(f"{origin(page)}/{traveller.language}/policy")
    expect(page.locator(".commitment").first).to_be_visible()


# ── counting apart ──────────────────────────────────────────────────────────────────────────────────────────


def count(file: Path) -> dict[str, tuple[int, ...]]:
    """The figures of the month by plain SQL, with no code of the portal."""
    here = "BETWEEN '2030-11-01' AND '2030-11-30'"
    counts = "item.counted = 1 AND item.state NOT IN ('void', 'merged')"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:

        def one(statement: str) -> tuple[int, ...]:
            return tuple(value or 0 for value in database.execute(statement).fetchone())

        cycles = f"FROM cycle JOIN item ON item.id = cycle.item_id WHERE {counts}"
        due = (
            "SELECT sum(cycle.answered_on <= clock.due_on), count(*) FROM clock "
            "JOIN cycle ON cycle.id = clock.cycle_id JOIN item ON item.id = cycle.item_id "
            f"WHERE {counts} AND clock.due_on {here} AND clock.stopped_by IN ('', 'answer') AND clock.which = "
        )
        rated = (
            "SELECT sum(response.{0} >= 4), sum(response.{0} >= 1) FROM response "
            "JOIN invitation ON invitation.id = response.invitation_id "
            f"JOIN item ON item.id = invitation.item_id WHERE {counts} AND invitation.made_on {here}"
        )
        return {
            "received": one(f"SELECT count(*) {cycles} AND cycle.number = 1 AND cycle.started_on {here}"),
            "answered": one(f"SELECT count(*) {cycles} AND cycle.answered_on {here}"),
            "second_looks": one(f"SELECT count(*) {cycles} AND cycle.number > 1 AND cycle.started_on {here}"),
            "in_time_law": one(due + "'law'"),
            "in_time_promise": one(due + "'promise'"),
            "satisfied_outcome": one(rated.format("outcome")),
            "satisfied_handling": one(rated.format("handling")),
        }


def is_final(file: Path) -> bool:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        found = database.execute("SELECT satisfaction FROM record WHERE period = ?", (PERIOD,)).fetchone()
    return bool(found and found[0] == "frozen")


# ── the machinery ───────────────────────────────────────────────────────────────────────────────────────────


def run(url: str, folder: Path, *arguments: str, typed: str = "", now: str = START) -> str:
    more = {"KANALI_NOW": now} if arguments[0] in ("init", "record") else {}
    done = kanali(*arguments, url=url, folder=folder, more=more, typed=typed)
    assert done.returncode == 0, f"kanali {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout + ("" if arguments[0] == "demo" else done.stderr)


class visiting:  # noqa: N801  a context manager that reads as a verb
    """A citizen's browser on the home page."""

    def __init__(self, browser: Browser, portal: Portal, traveller: Traveller) -> None:
        size = {"width": 390, "height": 844} if traveller.has_script else {"width": 1280, "height": 900}
        self._context: BrowserContext = browser.new_context(
            java_script_enabled=traveller.has_script,
            viewport={"width": size["width"], "height": size["height"]},
        )
        self._home = f"{portal.address}/{traveller.language}/"

    def __enter__(self) -> Page:
        page = self._context.new_page()
        page.goto(self._home)
        return page

    def __exit__(self, *_: object) -> None:
        self._context.close()


class at_desk:  # noqa: N801  a context manager that reads as a place
    """A clerk's browser, signed in."""

    def __init__(self, browser: Browser, portal: Portal, traveller: Traveller, letter: str) -> None:
        self._context = browser.new_context(java_script_enabled=traveller.has_script)
        self._address = portal.address
        self._email = f"clerk-{letter}-{traveller.language}@journey.invalid"

    def __enter__(self) -> Page:
        page = self._context.new_page()
        page.goto(f"{self._address}/staff/sign-in")
        page.locator("#email").fill(self._email)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")
        expect(page).to_have_url(re.compile("/staff/inbox"))
        return page

    def __exit__(self, *_: object) -> None:
        self._context.close()


def origin(page: Page) -> str:
    return "/".join(page.url.split("/")[:3])


def moved(link: str, portal: Portal) -> str:
    """A link of a mail for the port that the portal has now."""
    return portal.address + "/" + link.split("/", 3)[3]


def link_of(folder: Path, traveller: Traveller, part: str) -> str:
    """The link with `part` in the newest mail to this person; mails are written within seconds."""

    def find() -> str:
        for file in sorted((folder / "mail").glob("*.eml"), reverse=True):
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if traveller.address not in str(message["To"]):
                continue
            body = message.get_body(("plain",))
            assert body is not None
            found = re.search(rf"https?://\S+{part}\S+", body.get_content())
            if found:
                return found.group().rstrip(".,)>")
        return ""

    wait_until(lambda: bool(find()))
    return find()


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.2)

"""Takes the pictures of this folder: two demonstrations are served, and Chromium walks through them.

    .venv/bin/python docs/screens/take.py                 makes both demonstrations first (some minutes)
    .venv/bin/python docs/screens/take.py --from FOLDER   on copies of FOLDER/heraklion and FOLDER/kaunas

Every picture shows invented data under the bar that says so. A case goes the whole way for them: written, asked
about, answered. Needs Chromium (CHROMIUM names another than /usr/bin/chromium).
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from playwright.sync_api import Browser, Page, Route, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from tests.running import environment, running  # noqa: E402  # the folder of this file is no package

CITIES = ("heraklion", "kaunas")
ITEMS = 3000
DESKTOP, PHONE = (1280, 860), (390, 844)
TALLEST = 2200
"""Pixels of a picture; what is below on a long page is left out."""
LARGEST = 200_000
QUALITIES = (70, 55, 40)
"""The first that keeps a picture under `LARGEST` bytes."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
]

WROTE = (
    "Στη γωνία Μίνωος και Ικάρου η κολόνα είναι σβηστή εδώ και δύο εβδομάδες. Το βράδυ περνούν παιδιά από το "
    "φροντιστήριο και δεν βλέπουν πού πατούν."
)
ASKED = "Η κολόνα έχει έναν αριθμό σε μεταλλική πινακίδα. Μπορείτε να μας τον γράψετε;"
REPLIED = "Γράφει 4-117."
ANSWERED = (
    "Αλλάξαμε σήμερα το πρωί τον λαμπτήρα και το καλώδιο της κολόνας 4-117. "
    "Θα την ελέγξουμε ξανά σε έναν μήνα."
)
WROTE_BADLY = "Savanorių prospekte prie stotelės jau savaitę neveža šiukšlių, konteineriai perpildyti."


@click.command()
@click.option(
    "--from", "made", type=click.Path(path_type=Path, exists=True), help="Folder of two demonstrations."
)
def main(made: Path | None) -> None:
    """Take all pictures anew."""
    with tempfile.TemporaryDirectory(prefix="kanali-pictures-") as name:
        folder = Path(name)
        for city in CITIES:
            prepare(folder / city, city, made)
        with chromium() as browser:
            with serving(folder / "heraklion") as address:
                citizens(browser, address, accounts(folder / "heraklion"))
            with serving(folder / "kaunas") as address:
                staff(browser, address, accounts(folder / "kaunas"))
    taken = sorted(HERE.glob("*.webp"))
    for picture in taken:
        click.echo(f"{picture.stat().st_size // 1000:>5} kB  {picture.name}")
    large = [picture.name for picture in taken if picture.stat().st_size > LARGEST]
    if large:
        raise click.ClickException(f"larger than {LARGEST // 1000} kB: {', '.join(large)}")


# ── the walks ───────────────────────────────────────────────────────────────────────────────────────────────


def citizens(browser: Browser, address: str, staff_of: dict[str, tuple[str, str]]) -> None:
    """Home, receipt, a case, the published figures and the policy, in Greek and English."""
    with visiting(browser, address, "el") as page, at_desk(browser, address, staff_of["clerk"]) as desk:
        page.goto("/el/")
        both(page, "home-el")
        page.goto("/el/submit")
        page.locator("input[name=kind][value=request]").check(force=True)
        page.locator("#text").fill(WROTE)
        page.locator("#service").select_option("street-lighting")
        page.locator("#place").fill("Μίνωος και Ικάρου")
        page.locator("#email").fill("polites@example.org")
        page.locator("main form button").last.click()
        both(page, "receipt-el")
        reference = page.locator("#reference").inner_text().strip()
        code = page.locator("#code").inner_text()
        desk.goto(f"/staff/item/{reference}")
        desk.locator("form[action*='/take'] button").click()
        desk.goto(f"/staff/item/{reference}?tab=question")
        desk.locator("#text").fill(ASKED)
        desk.locator("form[action*='/ask'] button").click()
        page.goto("/el/track")
        page.locator("input[name=code]").fill(code)
        page.locator("main form button").first.click()
        page.locator("#question textarea").fill(REPLIED)
        page.locator("#question button").click()
        desk.goto(f"/staff/item/{reference}")
        desk.locator("input[name=outcome][value=done]").check(force=True)
        desk.locator("#text").fill(ANSWERED)
        desk.locator("form[action*='/answer'] button").click()
        page.goto("/el/track")
        both(page, "track-el")
    with visiting(browser, address, "en") as page:
        page.goto("/en/service-quality")
        both(page, "quality-en")
        page.goto("/en/policy")
        both(page, "policy-en")


def staff(browser: Browser, address: str, staff_of: dict[str, tuple[str, str]]) -> None:
    """The form with errors, the inbox and the desk, in Lithuanian."""
    with visiting(browser, address, "lt") as page:
        page.goto("/lt/submit")
        page.locator("#text").fill(WROTE_BADLY)
        page.locator("#email").fill("vardas.example.org")
        page.locator("main form button").last.click()
        both(page, "submit-lt")
    with at_desk(browser, address, staff_of["clerk"]) as desk:
        desk.goto("/staff/inbox")
        both(desk, "inbox-lt")
        # The list is in the order of due days: who stands last is not late. Somebody has taken it: it can be answered.
        desk.locator("main a.row__title:not(.unread)").last.click()
        desk.locator("form[action*='/answer']").wait_for()
        both(desk, "desk-lt")


# ── what the walks are made of ──────────────────────────────────────────────────────────────────────────────


def both(page: Page, name: str) -> None:
    """The page on a desk and on a phone."""
    for suffix, (width, height) in (("", DESKTOP), ("-phone", PHONE)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("document.fonts.ready")
        page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
        # As tall as the picture, so that what sticks to the foot of the window stands at the foot of the page.
        tall = min(int(page.evaluate("document.documentElement.scrollHeight")), TALLEST)
        page.set_viewport_size({"width": width, "height": tall})
        page.wait_for_timeout(500)  # What came into view is painted piece by piece.
        clip = {"x": 0, "y": 0, "width": width, "height": tall, "scale": 1}
        for quality in QUALITIES:
            taken = page.context.new_cdp_session(page).send(
                "Page.captureScreenshot", {"format": "webp", "quality": quality, "clip": clip}
            )
            picture = base64.b64decode(taken["data"])
            if len(picture) <= LARGEST:
                break
        (HERE / f"{name}{suffix}.webp").write_bytes(picture)
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})


@contextmanager
def visiting(browser: Browser, address: str, language: str) -> Iterator[Page]:
    """A browser of its own, as a citizen or a member of staff would have it."""
    context = browser.new_context(base_url=address, locale=language, reduced_motion="reduce")
    context.route("**/*.css*", _with_its_font)
    try:
        yield context.new_page()
    finally:
        context.close()


def _with_its_font(route: Route) -> None:
    """As whoever has been here before sees it: a first visit does not wait for the font."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace("font-display:optional", "font-display:block"))


@contextmanager
def at_desk(browser: Browser, address: str, account: tuple[str, str]) -> Iterator[Page]:
    """The same, signed in."""
    with visiting(browser, address, "en") as page:
        page.goto("/staff/sign-in")
        page.locator("#email").fill(account[0])
        page.locator("input[name=password]").fill(account[1])
        page.locator("main form button").last.click()
        page.wait_for_url("**/staff/inbox*")
        yield page


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The demonstration in this folder, served at an address."""
    with running(database(folder), folder) as portal:
        yield portal.address


def prepare(folder: Path, city: str, made: Path | None) -> None:
    """A demonstration in `folder`: a copy, or made anew."""
    if made is not None:
        shutil.copytree(made / city, folder)
        return
    folder.mkdir()
    profile = str(ROOT / "cities" / city)
    for command in (
        ("init", "--city", profile, "--admin-email", "admin@example.org", "--admin-name", "Admin"),
        ("demo", "--items", str(ITEMS)),
    ):
        click.echo(f"{city}: kanali {command[0]}")
        subprocess.run(
            [sys.executable, "-m", "portal", *command],
            cwd=folder,
            env={**environment(database(folder), folder), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
        )


def database(folder: Path) -> str:
    return f"sqlite:///{folder}/kanali.db"


def accounts(folder: Path) -> dict[str, tuple[str, str]]:
    """Role → mail address and password of a demonstration's staff."""
    text = (folder / "demonstration-accounts").read_text(encoding="utf-8")
    return {
        role: (email, password)
        for role, email, password in re.findall(r"^(\w+)\s+(\S+@\S+)\s+(\S+)", text, re.M)
    }


if __name__ == "__main__":
    main()

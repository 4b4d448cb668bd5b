"""What happens to people while they send: back, reload, twice, two tabs, no net. One message stays one case.

In a real browser, since what it does with a form on its way back is part of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from feedback.items.tables import Entry, Item
from tests.journeys.served_town import ServedTown, served

WORDS = "Ο φανοστάτης μπροστά στον αριθμό 12 είναι σβηστός."


@pytest.fixture(scope="module")
def town(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTown]:
    with served(sqlite_template, tmp_path_factory.mktemp("mishaps")) as town:
        yield town


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="el")
    context.set_default_timeout(10_000)
    yield context
    context.close()


def test_back_after_sending_and_sending_again(town: ServedTown, phone: BrowserContext) -> None:
    before = town.count(Item)
    page = form(town, phone)
    send(page)
    code = code_of(page)
    page.go_back()
    expect(page.locator("#text")).to_have_value(WORDS)
    send(page)
    assert code_of(page) == code
    assert town.count(Item) == before + 1
    page.go_back()
    page.locator("#text").fill("Και ο δρόμος έχει λακκούβα.")
    send(page)
    expect(page.locator("#error-summary")).to_be_visible()
    expect(page.locator("#text")).to_have_value("Και ο δρόμος έχει λακκούβα.")
    assert town.count(Item) == before + 1, "what differs is not sent unasked"
    send(page)
    assert code_of(page) != code
    assert town.count(Item) == before + 2


def test_the_receipt_again(town: ServedTown, phone: BrowserContext) -> None:
    before = town.count(Item)
    page = form(town, phone)
    send(page)
    code = code_of(page)
    page.reload()
    assert code_of(page) == code
    page.locator("nav.languages a[lang=lt]").click()
    page.wait_for_url("**/lt/receipt")
    assert code_of(page) == code
    page.goto(f"{town.address}/el/")
    page.go_back()
    assert code_of(page) == code
    assert town.count(Item) == before + 1


def test_two_presses_at_once(town: ServedTown, phone: BrowserContext) -> None:
    before = town.count(Item)
    page = form(town, phone)
    page.locator("main form button").last.dblclick(no_wait_after=True)
    expect(page.locator("#code")).to_be_visible()  # The second press breaks off the first one's way there.
    assert town.count(Item) == before + 1


def test_two_tabs(town: ServedTown, phone: BrowserContext) -> None:
    """One draft in two tabs is one case; two drafts are two, each with its own receipt in its own tab."""
    before = town.count(Item)
    first, second = form(town, phone), form(town, phone)
    key = first.locator("[name=key]").input_value()
    second.evaluate("(key) => { document.querySelector('[name=key]').value = key }", key)
    send(first)
    send(second)
    assert code_of(first) == code_of(second)
    assert town.count(Item) == before + 1
    third, fourth = form(town, phone), form(town, phone, "Χάλασε η παιδική χαρά.")
    send(third)
    third_code = code_of(third)
    send(fourth)
    assert code_of(fourth) != third_code
    assert town.count(Item) == before + 3


def test_no_net_while_sending(town: ServedTown, phone: BrowserContext) -> None:
    """Nothing arrived: the way back leads to the words, and they are sent."""
    before = town.count(Item)
    page = form(town, phone)
    phone.set_offline(True)
    fails_to_send(page)
    assert town.count(Item) == before
    phone.set_offline(False)
    page.go_back()
    expect(page.locator("#text")).to_have_value(WORDS)
    expect(page.locator("#email")).to_have_value("rea@example.org")
    send(page)
    assert code_of(page)
    assert town.count(Item) == before + 1


def test_the_net_ends_before_the_receipt_comes(town: ServedTown, phone: BrowserContext) -> None:
    """It arrived, and nobody could say so: sending again shows the receipt of the first time."""
    before = town.count(Item)
    page = form(town, phone)

    def arrives_only(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort("internetdisconnected")

    page.route("**/el/submit?*", arrives_only)
    fails_to_send(page)
    assert town.count(Item) == before + 1
    page.unroute("**/el/submit?*")
    page.go_back()
    expect(page.locator("#text")).to_have_value(WORDS)
    send(page)
    assert code_of(page)
    assert town.count(Item) == before + 1
    reference = page.locator("#reference").inner_text()
    assert town.item(reference).text == WORDS


def test_an_addition_that_is_sent_twice(town: ServedTown, phone: BrowserContext) -> None:
    page = form(town, phone)
    send(page)
    page.locator("form[action$='/receipt/case'] button").click()
    page.wait_for_url("**/el/track*")
    page.goto(f"{town.address}/el/track/add")
    before = town.count(Entry)
    page.locator("#text").fill("Και ο διπλανός.")
    page.locator("main form[action*='/track/add'] button").dblclick()
    expect(page.locator(".timeline")).to_contain_text("Και ο διπλανός.")
    page.go_back()
    page.locator("#text").fill("Και ο διπλανός.")
    page.locator("main form[action*='/track/add'] button").click()
    expect(page.locator(".timeline")).to_contain_text("Και ο διπλανός.")
    assert town.count(Entry) == before + 1


def test_a_reader_of_the_screen_meets_the_errors_first(town: ServedTown, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(f"{town.address}/el/submit")
    page.locator("#email").fill("δεν είναι διεύθυνση")
    send(page)
    page.locator("#error-summary").wait_for()
    assert page.title().startswith("Σφάλμα:")
    heard = read_aloud(page)
    roles = [(node["role"], node["name"]) for node in heard]
    focused = next(node for node in heard if node["focused"] and node["role"] != "RootWebArea")
    assert focused["role"] == "group"
    order = [
        place for place, (role, _) in enumerate(roles) if role in ("main", "group", "heading", "radiogroup")
    ]
    names = [roles[place] for place in order]
    assert names.index((focused["role"], focused["name"])) < next(
        place for place, (role, name) in enumerate(names) if role == "heading" and name != focused["name"]
    ), "the summary comes before the title of the page"
    messages = {
        link.get_attribute("href"): link.inner_text() for link in page.locator("#error-summary a").all()
    }
    assert set(messages) == {"#kind", "#text", "#email"}
    fields = {node["name"]: node for node in heard if node["role"] == "textbox"}
    for label, target in (("Γράψτε", "#text"), ("Διεύθυνση", "#email")):
        field = next(node for name, node in fields.items() if name.startswith(label))
        assert messages[target] in field["description"]
        assert field["invalid"] == "true"
    kinds = [
        node
        for node in heard
        if node["role"] in ("group", "radiogroup") and messages["#kind"] in node["description"]
    ]
    assert kinds, "the question says what is wrong with it"


# ── what people do ──────────────────────────────────────────────────────────────────────────────────────────


def form(town: ServedTown, phone: BrowserContext, words: str = WORDS) -> Page:
    """The form in a tab of its own, filled in."""
    page = phone.new_page()
    page.goto(f"{town.address}/el/submit")
    page.locator("[name=kind]").first.check(force=True)
    page.locator("#text").fill(words)
    page.locator("#email").fill("rea@example.org")
    return page


def send(page: Page) -> None:
    page.locator("main form button").last.click()


def fails_to_send(page: Page) -> None:
    """Press send without a net: the browser shows a page of its own."""
    send(page)
    page.wait_for_url("chrome-error://chromewebdata/")


def code_of(page: Page) -> str:
    """The code on the receipt that is open."""
    page.wait_for_url("**/receipt")
    return page.locator("#code").inner_text()


def read_aloud(page: Page) -> list[dict[str, Any]]:
    """The page as a reader of the screen has it, in its order."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    by_id = {node["nodeId"]: node for node in nodes}
    found: list[dict[str, Any]] = []

    def walk(node: dict[str, Any]) -> None:
        if not node["ignored"]:
            properties = {entry["name"]: entry["value"].get("value") for entry in node.get("properties", [])}
            found.append(
                {
                    "role": node["role"]["value"],
                    "name": node.get("name", {}).get("value", ""),
                    "description": node.get("description", {}).get("value", ""),
                    "invalid": properties.get("invalid", ""),
                    "focused": bool(properties.get("focused")),
                }
            )
        for child in node.get("childIds", []):
            if child in by_id:
                walk(by_id[child])

    walk(nodes[0])
    return found

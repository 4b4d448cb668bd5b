"""Whatever people write comes through: taken and shown everywhere as it is, or refused plainly with nothing lost."""

from __future__ import annotations

import unicodedata
from itertools import cycle

import pytest

from feedback.items.tables import Item
from portal import jobs, languages
from tests.post_office import Mail, read_mails
from tests.town import BASE, Browser, Page, Report, Town
from tests.upkeep.odd_words import NAMES, REFUSED, WORDS

GOOD = {
    "kind": "complaint",
    "text": "The lamp is dark.\n\nSince Monday.",
    "service": "roads",
    "place": "Mill Lane, behind the old well",
    "name": "Rea O’Neill",
    "email": "rea@example.org",
    "phone": "+370 600 00000",
}
"""A place needs no number of a house."""
LANGUAGES = ("en", "el", "lt")


def test_odd_words_are_shown_as_they_are(sqlite_town: Town) -> None:
    """Each in one of the languages, through every act of citizen and staff."""
    town = sqlite_town
    for (name, words), language in zip(WORDS.items(), cycle(LANGUAGES), strict=False):
        by = town.account(language=language)
        staff = town.signed_in(by)
        report = town.citizen_reports(words, service="roads", place=words[:150], language=language)
        town.asks(report, words, by=by)
        town.later(days=1)
        citizen = report.opened(language)
        assert citizen.post("/track/reply", text=words).status == 303, name
        answers(staff, report, words)
        assert citizen.post("/track/second-look", text=words).status == 303, name
        for page in (citizen.get("/track"), staff.get(f"/staff/item/{report.reference}")):
            assert shown(page, words) >= 4, (name, page.title)
            assert "<script>alert" not in page.response.text, name
        inbox = staff.get("/staff/inbox", queue="open")
        assert inbox.status == 200 and report.reference in inbox.text
        assert town.item(report.reference).text == unicodedata.normalize("NFC", words)


def test_odd_names_are_shown_as_they_are(sqlite_town: Town) -> None:
    clerk = sqlite_town.clerk()
    for name in NAMES.values():
        report = sqlite_town.citizen_reports(name=name)
        kept = name.replace("\u202e", "")  # A line of its own needs no sign that turns it.
        assert shown(clerk.get(f"/staff/item/{report.reference}"), kept), name


def test_odd_words_go_by_mail_as_they_are(sqlite_town: Town) -> None:
    town = sqlite_town
    staff = town.responder("dept-a")
    for number, (name, words) in enumerate(WORDS.items()):
        address = f"person{number}@example.org"
        report = town.citizen_reports("Dark", service="roads", email=address, name=words[:100])
        citizen = report.opened()
        link = next(mail for mail in mails(town) if report.reference in mail.subject).link("confirm")
        assert citizen.post(link).status == 200
        answers(staff, report, words)
        answer = mails(town)[-1]
        assert report.reference in answer.subject, name
        assert answer.holds(unicodedata.normalize("NFC", words)), name
        assert "<script>alert" not in answer.html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_kept(sqlite_town: Town, language: str, name: str) -> None:
    field, value = REFUSED[name]
    browser = sqlite_town.visitor(language)
    page = browser.sends(**{**GOOD, field: value})
    assert page.status == 422
    assert set(page.errors) == {field}
    assert page.soup.html and page.soup.html["lang"] == language
    catalogue = languages.catalogue(language)
    assert page.title.startswith(catalogue.gettext("Error:"))
    assert language == "en" or not page.errors[field].isascii(), "in the language of the page"
    for other, typed in {**GOOD, field: value}.items():
        assert page.value(other).replace("\r\n", "\n") == typed.replace("\r\n", "\n"), other
    assert sqlite_town.count(Item) == 0
    right = {**GOOD, "key": page.value("key")}
    assert browser.post("/submit", **right).status == 303, "mended and sent from the same page"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_megabyte_is_refused_in_words(sqlite_town: Town, language: str) -> None:
    """More than any page takes never reaches a form; the answer says what to do, in the person's language."""
    town = sqlite_town
    report = town.citizen_reports(service="roads", language=language)
    clerk, citizen = town.clerk(language=language), report.opened(language)
    doors = [
        (town.visitor(language), f"/{language}/submit"),
        (citizen, f"/{language}/track/add"),
        (citizen, f"/{language}/track"),
        (clerk, f"/staff/item/{report.reference}/answer"),
        (clerk, "/staff/sign-in"),
    ]
    for browser, path in doors:
        response = browser.client.post(
            path,
            data={"text": "x" * 1_000_000, "kind": "idea"},
            headers={"Origin": BASE, "Accept-Language": language},
        )
        page = Page(response)
        assert page.status == 413, path
        if not path.startswith(
            "/staff/item"
        ):  # The language of an account is known once its session was read.
            assert page.heading == languages.catalogue(language).gettext("That was too much at once"), path
    assert town.count(Item) == 1


def test_a_name_is_no_header_and_no_markup(sqlite_town: Town) -> None:
    """What is typed into a line can add no line, neither to a mail nor to an answer of the portal."""
    town = sqlite_town
    for value in ("Rea\r\nBcc: other@example.org", "Rea\nSet-Cookie: x=y", "Rea\u2028Bcc: other@example.org"):
        for field in ("name", "place", "email", "phone"):
            page = town.visitor().sends(**{**GOOD, field: value})
            assert page.status == 422 and field in page.errors, (field, value)
    report = town.citizen_reports(**{**GOOD, "name": "Rea %0d%0aBcc: other@example.org <b>"})
    town.answers(report)
    for mail in mails(town):
        assert mail.message["Bcc"] is None
        assert "<b>" not in mail.html


def answers(staff: Browser, report: Report, words: str) -> None:
    """Somebody of the staff answers on the desk."""
    at = f"/staff/item/{report.reference}"
    desk = staff.get(at)
    seen = {name: desk.value(name) for name in ("version", "last_entry")}
    assert staff.post(f"{at}/answer", **seen, text=words, outcome="done").status == 303


def shown(page: Page, words: str) -> int:
    """How often these words stand on the page, letter for letter, spaces aside."""
    wanted = " ".join(unicodedata.normalize("NFC", words).split())
    return " ".join(page.soup.get_text(" ").split()).count(wanted)


def mails(town: Town) -> list[Mail]:
    """All mails so far, the due ones sent."""
    jobs.run_due(town.site, now=town.now)
    return read_mails(town.settings.mail_folder)

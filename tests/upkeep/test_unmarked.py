"""Nothing that people read is left unmarked: every page and every mail in a language where marked words are ⟦…⟧.

A town lives through everything once (`public_pages.py`, `staff_pages.py`); what it shows outside the marks would
stay English in every language. A route or a template that this tour never meets fails here as well.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec import structs

from feedback.city.load import read_folder
from feedback.city.profile import City
from portal.app import routes
from portal.database import Database
from portal.settings import TEMPLATES
from tests.conftest import settings_for
from tests.town import RIVERTON
from tests.upkeep.messages import forms, messages, named
from tests.upkeep.pseudo import (
    Pseudo,
    marked,
    pseudo_city,
    spoken,
    unmarked_in_page,
    unmarked_in_text,
)
from tests.upkeep.stages import live
from tests.upkeep.tour import Tour

MAY_BE_UNMET = 0.05
"""Share of the messages that this tour need not meet: a count of one, a day on which two dates fall together …"""

MAILS = (
    "We have your message",
    "News about",
    "A question about",
    "When we answer you",
    "Our answer",
    "How did we do?",
    "Your account",
    "Choose a new password",
)


@pytest.fixture
def heard() -> Iterator[Pseudo]:
    """English is the pseudo-language while a test runs."""
    with spoken() as catalogue:
        yield catalogue


@contextmanager
def opened(template: Path, folder: Path, *, demonstration: bool = False) -> Iterator[Tour]:
    shutil.copyfile(template, folder / "kanali.db")
    (folder / "kanali.db").chmod(0o600)
    database = Database(f"sqlite:///{folder}/kanali.db")
    settings = settings_for(database.url, folder)
    try:
        yield Tour(database, settings, city=_city(), demonstration=demonstration)
    finally:
        database.close()


def _city() -> City:
    """Riverton with every wording marked, and those that it leaves out."""
    city = pseudo_city(read_folder(RIVERTON))
    sample = dict.fromkeys(city.identity.languages, marked("The city must confirm this."))
    note = dict.fromkeys(city.identity.languages, marked("The number stands twice."))
    first, *others = city.quality.commitment
    laws = tuple(structs.replace(law, verify=True) for law in city.deadlines.law)
    city = structs.replace(city, deadlines=structs.replace(city.deadlines, law=laws))
    quality = structs.replace(city.quality, commitment=(structs.replace(first, note=note), *others))
    return structs.replace(city, identity=structs.replace(city.identity, sample=sample), quality=quality)


def test_nothing_that_people_read_is_left_unmarked(
    heard: Pseudo, sqlite_template: Path, tmp_path: Path
) -> None:
    """One test for all that the tour shows, since it is long: what is wrong is told together."""
    with opened(sqlite_template, tmp_path) as town:
        live(town)
    faults = {name: found for name, found in _faults_of(town, heard).items() if found}
    told = [f"{name}:\n  " + "\n  ".join(sorted(found)) for name, found in faults.items()]
    assert not told, "\n".join(told)
    assert town.pages > 300


def _faults_of(tour: Tour, heard: Pseudo) -> dict[str, Collection[str]]:
    every_route = {f"{method} {route.path}" for route in routes() for method in route.methods}
    every_template = {
        path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*") if path.is_file()
    }
    every_message = {forms(message.id)[0]: named(message) for message in messages()}
    unmet = [name for message, name in every_message.items() if message not in heard.messages]
    subjects = [mail.subject for mail in tour.mails]
    return {
        "shown, but not marked": [
            f"{where}: {fault}" for where in tour.faults for fault in tour.faults[where]
        ],
        "routes that were never fetched": every_route - tour.statuses.keys(),
        "routes that never succeeded": [where for where, found in tour.statuses.items() if min(found) >= 400],
        # 503: somebody whom a page needs does not answer, and the page says so.
        "routes that broke": [
            where for where, found in tour.statuses.items() if max({0, *found} - {503}) >= 500
        ],
        "templates that were never rendered": every_template - tour.templates_rendered,
        "mails that were never read": [
            words for words in MAILS if not any(words in subject for subject in subjects)
        ],
        # A message that is put together while the program runs is in no catalogue.
        "said, but not to be found by the extraction": heard.messages - every_message.keys(),
        # What the tour does not meet it cannot judge: a new state of a page belongs into the tour.
        "too many messages that were never met": (
            unmet if len(unmet) > len(every_message) * MAY_BE_UNMET else []
        ),
    }


def test_a_demonstration_is_labelled_in_marked_words(
    heard: Pseudo, sqlite_template: Path, tmp_path: Path
) -> None:
    with opened(sqlite_template, tmp_path, demonstration=True) as town:
        assert town.visitor().get("/").soup.select_one(".demonstration")
        assert town.visitor().get("/staff/sign-in").soup.select_one(".demonstration")
        town.reports()
        (mail,) = town.reads_mails()
        assert "Demonstration: " in mail.subject
        assert town.faults == {}


@pytest.mark.parametrize(
    "html",
    [
        "<p>⟦Said⟧ and not said</p>",
        "<p>⟦Said <a href='/'>⟦here⟧</a>⟧ and there</p>",
        "<p>⟦Cut off</p><p>⟦Said⟧</p>",
        "<title>⟦Said⟧ – Kanali</title>",
        "<a aria-label='Back' href='/'>⟦Back⟧</a>",
        "<img alt='QR' src='/'>",
        "<textarea data-text='{left} left'></textarea>",
        "<td data-l='Share'>3</td>",
        "<button value='Send' type='submit'>⟦Send⟧</button>",
        "<select><option>English and more</option></select>",
        "<svg><text>target</text></svg>",
        "<p>3 November, late</p>",
    ],
)
def test_a_word_without_a_mark_is_seen(html: str) -> None:
    assert unmarked_in_page(html)


@pytest.mark.parametrize(
    "html",
    [
        "<p>⟦Said ⟦twice⟧ over⟧, 3 % · <strong>⟦so⟧</strong></p>",
        "<p>⟦Said <a href='/'>⟦here⟧</a> and there⟧</p>",
        "<p>RIV-2026-000017 · Tuesday 3 November 2026, 09:00 · Sept</p>",
        "<p><a href='mailto:town@example.org'>town@example.org</a> re…@example.org https://example.org/x</p>",
        "<p id='code'><span>7KQ4</span> <span>M2XD</span></p>",
        "<input name='text' value='typed' data-words-left='text-left'><!-- a remark -->",
    ],
)
def test_what_needs_no_mark_is_left_alone(html: str) -> None:
    assert unmarked_in_page(html) == []


def test_plain_text_is_read_as_a_whole() -> None:
    assert unmarked_in_text("⟦We have it.⟧\n\nNumber: 3") == ["Number: 3"]
    assert unmarked_in_text("⟦We have it.⟧\nhttp://127.0.0.1:8000/en/open/x") == []

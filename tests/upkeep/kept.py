"""Every page that the tour is shown, kept: once in each language, one page of each build.

    kept = keep_pages("el", template=…, folder=…)       what a town shows while it lives through everything once
    kept.pages[0].where, .html                          "GET /{language}/track 200", the whole page
    unlike(kept.pages)                                  without those that hold nothing new

Two pages of the same route, status and build (which elements stand in which, with which classes) are one: a list of
five rows and one of fifty are judged alike. A run keeps what it has recorded for all its processes.
"""

from __future__ import annotations

import fcntl
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from feedback.city.load import read_folder
from portal.database import Database
from tests.conftest import settings_for, shared_folder
from tests.town import RIVERTON
from tests.upkeep.stages import live
from tests.upkeep.tour import Tour

LANGUAGES = ("el", "lt", "en")
LABELLED = "el"
"""The language in which the tour goes through a demonstration, with its label on every page."""


class Kept(Struct, frozen=True):
    """A page as it was sent, or a mail."""

    where: str
    """Method, route and status; "mail" and the subject; "refusal" and its number."""
    html: str
    language: str

    @property
    def is_staff(self) -> bool:
        return '<body class="staff">' in self.html

    @property
    def route(self) -> str:
        """Where it was shown; refusals that differ in their words only are alike."""
        return re.sub(r"^refusal [0-9]+", "refusal", self.where)

    @property
    def is_refused_form(self) -> bool:
        """A form that came back with what is wrong with it."""
        return 'id="error-summary"' in self.html

    @property
    def name(self) -> str:
        return f"{self.language}: {self.where}"


class Recording(Struct):
    """What a tour in one language was shown."""

    pages: list[Kept]
    mails: list[Kept]
    files: dict[str, tuple[str, bytes]]
    """Path → media type and content of what a page loads from the portal: the city's colours, the QR of a receipt,
    the photos of a case."""
    headers: dict[str, str]
    """The headers under which pages are shown."""


class KeepingTour(Tour):
    """A tour that keeps the first page of each build."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.kept: dict[object, Kept] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.headers: dict[str, str] = {}

    def looks_at(self, where: str, html: str) -> None:
        self.pages += 1
        page = Kept(where, html, self.language)
        self.kept.setdefault((page.route, build_of(html)), page)

    def _look(self, response: Any) -> None:
        super()._look(response)
        kind = response.headers.get("content-type", "")
        if kind.startswith("text/html"):
            self.headers = {
                name: response.headers[name]
                for name in ("content-security-policy", "x-content-type-options", "referrer-policy")
                if name in response.headers
            }
        elif kind.startswith(("text/css", "image/")) and response.status_code == 200:
            response.read()
            self.files[response.request.url.path] = (kind, response.content)


@pytest.fixture(scope="session")
def kept(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Recording]:
    """`kept("el")`: what the tour in this language shows. Offered by the conftest of each folder that wants it."""
    folder = shared_folder(tmp_path_factory)
    return lambda language: keep_pages(language, template=sqlite_template, folder=folder)


def keep_pages(language: str, *, template: Path, folder: Path) -> Recording:
    """What the tour in this language shows. `folder` is shared by the processes of a run: the first of them walks."""
    file = folder / f"kept-{language}.json"
    with _alone(folder / f"kept-{language}.lock"):
        if not file.exists():
            file.write_bytes(msgspec.json.encode(_walk(language, template, folder / f"kept-{language}")))
        return msgspec.json.decode(file.read_bytes(), type=Recording)


def unlike(pages: Iterable[Kept], *, across_routes: bool = False) -> list[Kept]:
    """The pages that hold something which none before them on the same route held (on any page of their part)."""
    seen: dict[object, set[tuple[str, str]]] = {}
    found = []
    for page in pages:
        build = build_of(page.html)
        before = seen.setdefault(page.is_staff if across_routes else page.route, set())
        if not build <= before:
            found.append(page)
            before |= build
    return found


def build_of(html: str) -> frozenset[tuple[str, str]]:
    """The build of a page: each pair of an element and what stands in it, and the order of its headings."""
    reader = _Build()
    reader.feed(html)
    reader.close()
    return frozenset(reader.pairs)


def _walk(language: str, template: Path, folder: Path) -> Recording:
    shutil.rmtree(folder, ignore_errors=True)  # Of a walk that failed.
    folder.mkdir()
    shutil.copyfile(template, folder / "kanali.db")
    (folder / "kanali.db").chmod(0o600)
    database = Database(f"sqlite:///{folder}/kanali.db")
    try:
        tour = KeepingTour(
            database,
            settings_for(database.url, folder),
            city=read_folder(RIVERTON),
            demonstration=language == LABELLED,
            language=language,
        )
        live(tour)
        visitor = tour.visitor()
        for page in tour.kept.values():
            for sheet in _sheets(page.html):
                if sheet not in tour.files:
                    visitor.get(sheet)
        mails = {
            build_of(mail.html): Kept(f"mail {mail.subject}", mail.html, language) for mail in tour.mails
        }
        return Recording(list(tour.kept.values()), list(mails.values()), tour.files, tour.headers)
    finally:
        database.close()


def _sheets(html: str) -> set[str]:
    """The city's stylesheets that a page names."""
    return {part.partition('"')[0] for part in html.split('href="')[1:] if part.startswith("/city/")}


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


_VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
_TELLING = (
    "class",
    "role",
    "type",
    "aria-invalid",
    "aria-current",
    "open",
    "hidden",
    "autofocus",
    "disabled",
)


class _Build(HTMLParser):
    """Collects the pairs of a page. The inside of a picture counts as nothing: it is drawn from figures."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: set[tuple[str, str]] = set()
        self._open: list[tuple[str, str]] = [("", "")]
        self._heading = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        named = " ".join([tag, *(f"{name}={given[name]}" for name in _TELLING if name in given)])
        if not any(opened == "svg" for opened, _ in self._open):
            self.pairs.add((self._open[-1][1], named))
            if tag in ("h1", "h2", "h3", "h4"):
                self.pairs.add((self._heading, tag))
                self._heading = tag
        if tag not in _VOID:
            self._open.append((tag, named))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A closed element inside a picture."""

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, 0, -1):
            if self._open[place][0] == tag:
                del self._open[place:]
                return

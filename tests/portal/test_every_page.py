"""What holds for every page in every state, whoever sees it: its language, title, headings, labels, landmarks.

The pages are those that the tour was shown (`tests/upkeep/kept.py`), in Greek and Lithuanian.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from bs4 import BeautifulSoup, Tag

from feedback.city.load import read_folder
from portal import languages
from tests.town import RIVERTON
from tests.upkeep.kept import Kept, Recording, unlike

AUTOCOMPLETE = {
    "name": "name",
    "email": "email",
    "phone": "tel",
    "password": "current-password",
    "current": "current-password",
    "new-password": "new-password",
    "code": "off",
}
"""Fields that a browser may fill in for people, and those that it must not."""
SIGN_IN_EMAIL = "username"
POINTERS = ("aria-describedby", "aria-labelledby", "aria-controls", "aria-owns")
UNLABELLED = ("hidden", "submit", "button", "reset")


@pytest.fixture(scope="module", params=["el", "lt"])
def recording(request: pytest.FixtureRequest, kept: Callable[[str], Recording]) -> Recording:
    return kept(request.param)


def test_every_page_keeps_the_rules(recording: Recording) -> None:
    """One test for all pages and rules, since reading a page takes longest: what is wrong is told together."""
    faults: dict[str, list[str]] = {}
    titles: dict[str, set[str]] = {}
    # In one language every build of a page, in the other each piece of a build once.
    for page in unlike(recording.pages, across_routes=recording.pages[0].language != "el"):
        soup = BeautifulSoup(page.html, "html.parser")
        for rule in RULES:
            for fault in rule(page, soup):
                faults.setdefault(f"{rule.__name__[1:].replace('_', ' ')}: {fault}", []).append(page.name)
        if page.where.startswith("GET") and page.where.endswith(" 200"):
            titles.setdefault(_words(soup.title), set()).add(page.route.replace("{token}", "mine"))
    for title, routes in titles.items():
        if len(routes) > 1:
            faults[f"one title for several pages: {title}"] = sorted(routes)
    told = [f"{fault}\n    {len(where)} pages, first {where[0]}" for fault, where in faults.items()]
    assert not told, "\n".join(told)
    assert len(recording.pages) > 150


# ── the rules: each names what breaks it ────────────────────────────────────────────────────────────────────


def _language(page: Kept, soup: BeautifulSoup) -> Iterator[str]:
    if soup.html is None or soup.html.get("lang") != page.language:
        yield f"<html lang={soup.html and soup.html.get('lang')}>"


def _title(page: Kept, soup: BeautifulSoup) -> Iterator[str]:
    """What it is, then whose: "Error: Write to us – Town of Riverton"."""
    title, city = _words(soup.title), read_folder(RIVERTON).identity.name[page.language]
    if not title.endswith(f" – {city}"):
        yield f"does not end with the city: {title}"
    is_error = title.startswith(languages.catalogue(page.language).gettext("Error:"))
    if (page.is_refused_form and not is_error) or (page.where.endswith(" 200") and is_error):
        yield f"says an error where none is, or hides one: {title}"


def _headings(page: Kept, soup: BeautifulSoup) -> Iterator[str]:
    """One h1 with words; below it no level is left out. The summary of errors stands above it."""
    found = [(int(tag.name[1]), _words(tag)) for tag in soup.find_all(re.compile("^h[1-6]$"))]
    if [level for level, _ in found].count(1) != 1:
        yield f"{[level for level, _ in found].count(1)} h1"
    for (before, _), (level, words) in pairwise(found):
        if level > before + 1:
            yield f"h{before}, then h{level}: {words}"
    yield from (f"h{level} without words" for level, words in found if not words)


def _places(page: Kept, soup: BeautifulSoup) -> Iterator[str]:
    """The landmarks, each once or with a name of its own; the way past them comes first."""
    for name in ("main", "header"):
        if len(soup.select(f"body > {name}, body > div > {name}")) != 1:
            yield f"not one {name}"
    if not page.is_staff and len(soup.select("body > footer")) != 1:
        yield "not one footer"
    names = [str(nav.get("aria-label", "")) for nav in soup.select("nav")]
    if "" in names or len(set(names)) != len(names):
        yield f"nav without a name of its own: {names}"
    first = soup.select_one("a[href], button, input:not([type=hidden])")
    if first is None or first.get("href") != "#main" or not soup.select_one("main#main[tabindex='-1']"):
        yield f"the first link does not lead past the head: {first}"


def _window(page: Kept, soup: BeautifulSoup) -> Iterator[str]:
    """The page may be made larger by hand."""
    metas = [str(meta.get("content")) for meta in soup.select("meta[name=viewport]")]
    if metas != ["width=device-width, initial-scale=1"]:
        yield f"{metas}"


def _own_style_or_script(page: Kept, soup: BeautifulSoup) -> Iterator[str]:
    for tag in soup.find_all(True):
        own = [name for name in tag.attrs if name == "style" or name.startswith("on")]
        if own or tag.name == "style" or (tag.name == "script" and not tag.get("src")):
            yield str(tag)[:120]
        address = str(tag.get("href") or tag.get("src") or tag.get("action") or "")
        if re.match(r"(?i)\s*(javascript|data|vbscript):", address):
            yield str(tag)[:120]


def _labels(page: Kept, soup: BeautifulSoup) -> Iterator[str]:
    """Every field has its label, every choice a legend; nothing points to what is not there."""
    ids = [str(tag["id"]) for tag in soup.find_all(id=True)]
    yield from (f"id twice: {name}" for name in set(ids) if ids.count(name) > 1)
    for field in soup.select("input, select, textarea"):
        if field.get("type") in UNLABELLED or field.has_attr("hidden"):
            continue
        label = soup.select_one(f'label[for="{field.get("id")}"]')
        if label is None or not _words(label):
            yield f"no label: {field}"[:120]
        if field.get("type") == "radio":
            fieldset = field.find_parent("fieldset")
            legend = fieldset.find("legend") if isinstance(fieldset, Tag) else None
            if not isinstance(legend, Tag) or not _words(legend):
                yield f"no legend: {field}"[:120]
    for tag in soup.find_all(True):
        for name in POINTERS:
            for target in str(tag.get(name, "")).split():
                if target not in ids:
                    yield f"{name} leads nowhere: {target}"
        target = str(tag.get("for" if tag.name == "label" else "href", ""))
        if tag.name == "label" and target not in ids:
            yield f"label for nothing: {target}"
        if tag.name == "a" and target.startswith("#") and target[1:] not in ids:
            yield f"leads nowhere: {target}"


def _names_of_things(page: Kept, soup: BeautifulSoup) -> Iterator[str]:
    """Links, buttons and pictures say what they are."""
    for tag in soup.select("a[href], button, summary"):
        pictured = any(str(picture.get("alt", "")).strip() for picture in tag.select("img"))
        if not (_words(tag) or tag.get("aria-label") or pictured):
            yield str(tag)[:120]
    yield from (str(tag)[:120] for tag in soup.select("img") if not tag.has_attr("alt"))
    for picture in soup.select("svg"):
        told = picture.get("role") == "img" and (picture.get("aria-label") or picture.find("title"))
        hidden = picture.get("aria-hidden") == "true" or picture.find_parent(attrs={"aria-hidden": "true"})
        inside = picture.find_parent(attrs={"role": "img", "aria-label": True})
        if not (told or hidden or inside):
            yield str(picture)[:120]


def _without_script(page: Kept, soup: BeautifulSoup) -> Iterator[str]:
    """What does nothing without a script is hidden until one comes; what is sent has an address."""
    yield from (str(tag)[:120] for tag in soup.select("button[type=button]:not([hidden])"))
    yield from (str(tag)[:120] for tag in soup.select("form[method=post]:not([action^='/'])"))
    yield from (str(tag)[:120] for tag in soup.select("noscript, [onclick], a:not([href])"))


def _filling_in(page: Kept, soup: BeautifulSoup) -> Iterator[str]:
    """A browser may fill in who somebody is, and a phone shows the right keys."""
    for field in soup.select("input"):
        name, kind = str(field.get("name")), field.get("type")
        if kind in ("hidden", "radio", "checkbox") or name not in AUTOCOMPLETE:
            continue
        wanted = SIGN_IN_EMAIL if name == "email" and page.is_staff else AUTOCOMPLETE[name]
        if field.get("autocomplete") != wanted:
            yield f"{name}: autocomplete={field.get('autocomplete')}, wanted {wanted}"
        is_secret = AUTOCOMPLETE[name].endswith("password")
        right = "password" if is_secret else {"email": "email", "phone": "tel"}.get(name, "text")
        if kind != right:
            yield f"{name}: type={kind}, wanted {right}"


def _errors(page: Kept, soup: BeautifulSoup) -> Iterator[str]:
    """The summary leads to each field that is wrong, which says the same words; it takes the focus."""
    summary = soup.find(id="error-summary")
    marked = soup.select("[aria-invalid=true]")
    messages = soup.select(".govuk-error-message")
    if not isinstance(summary, Tag):
        yield from (f"marked wrong without a summary: {tag}"[:120] for tag in [*marked, *messages])
        return
    if not summary.has_attr("autofocus") or len(soup.select("[autofocus]")) != 1:
        yield "the summary does not take the focus"
    for link in summary.select("a"):
        field = soup.find(id=str(link["href"]).removeprefix("#"))
        if not isinstance(field, Tag):
            yield f"leads nowhere: {link}"
        if not isinstance(field, Tag) or not page.where.endswith(" 422"):
            continue  # "What you wrote is kept below" leads to the words, which are not wrong.
        told = field
        if field.get("type") == "radio":
            parent = field.find_parent("fieldset")
            told = parent if isinstance(parent, Tag) else field
        describing = [soup.find(id=name) for name in str(told.get("aria-describedby", "")).split()]
        said = [_words(tag) for tag in describing if isinstance(tag, Tag)]
        if not any(_words(link) in words for words in said):
            yield f"the field does not say what the summary says: {_words(link)}"
    for tag in marked:
        if not summary.select(f'a[href="#{tag.get("id")}"]'):
            yield f"marked wrong, but not in the summary: {tag}"[:120]


def _tables(page: Kept, soup: BeautifulSoup) -> Iterator[str]:
    for head in soup.select("table th"):
        if head.get("scope") not in ("col", "row", "rowgroup", "colgroup"):
            yield f"a head of nothing: {head}"[:120]
    for table in soup.select("table"):
        if not table.select("th"):
            yield f"a table without heads: {table}"[:120]


def _news(page: Kept, soup: BeautifulSoup) -> Iterator[str]:
    """What has changed is said once."""
    if len(soup.select("[role=status], [role=alert], [aria-live]")) > 1:
        yield f"{len(soup.select('[role=status], [role=alert], [aria-live]'))} announcements"


RULES: tuple[Callable[[Kept, BeautifulSoup], Iterator[str]], ...] = (
    _language,
    _title,
    _headings,
    _places,
    _window,
    _own_style_or_script,
    _labels,
    _names_of_things,
    _without_script,
    _filling_in,
    _errors,
    _tables,
    _news,
)


def _words(tag: Tag | None) -> str:
    return " ".join(tag.get_text(" ").split()) if tag is not None else ""

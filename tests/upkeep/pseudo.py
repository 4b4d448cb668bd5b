"""A language in which every marked word stands in ⟦…⟧, so that what nobody marked is seen at once.

    with spoken() as heard: …           "en" is this language inside; `heard.messages` is what was said
    pseudo_city(city)                   a city whose every wording stands in ⟦…⟧
    unmarked_in_page(html)              what a page shows outside ⟦…⟧
    unmarked_in_text(text)              the same for plain text

Numbers, signs and what `ALLOWED` names need no mark: nobody translates them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from gettext import NullTranslations
from html.parser import HTMLParser

import msgspec
from babel import Locale

from feedback.city.profile import City, decode, encode
from portal import languages

OPEN, CLOSE = "⟦", "⟧"

_BRITISH = Locale("en", "GB")
_CALENDAR = {
    name
    for widths in (_BRITISH.months, _BRITISH.days)
    for names in widths.values()
    for width in ("wide", "abbreviated")
    for name in names[width].values()
}
ALLOWED: dict[str, re.Pattern[str]] = {
    "mail addresses": re.compile(r"[\w.+…-]+@[\w.-]+"),
    "addresses of the web": re.compile(r"https?://\S+"),
    "paths (the foot of a printed page)": re.compile(r"(?<!\S)/(?:en|staff)(?:/\S*)?(?!\S)"),
    "references of items": re.compile(r"\bRIV-[0-9]{4}-[0-9]{6}\b"),
    "names of cookies": re.compile(r"(?<!\S)(?:__Host-|__Secure-)?kanali-(?:item|receipt)(?!\S)"),
    "a record's fingerprint": re.compile(r"\b[0-9a-f]{8}\b"),
    "days and months, written by Babel": re.compile(r"\b(?:" + "|".join(sorted(_CALENDAR)) + r")\b"),
    "languages in their own words, and their codes in the switch": re.compile(
        r"\b(?:" + "|".join([*languages.NAMES.values(), "EN", "ΕΛ", "LT"]) + r")\b"
    ),
}
ALLOWED_PLACES = frozenset({"#code", "#app-secret", ".recovery-code", ".me__letters", ".sender__letter"})
"""Elements that hold a code or a secret, or the first letters of a name."""

SAID_BY = frozenset(
    {
        "title",
        "aria-label",
        "aria-description",
        "aria-valuetext",
        "aria-roledescription",
        "alt",
        "placeholder",
    }
    | {"label", "summary"}
)
"""Attributes that are read to people; `data-…` counts too, save those of the machine."""
FOR_MACHINES = frozenset(
    {
        "data-words-left",
        "data-limit",
        "data-copy",
        "data-print",
        "data-show-password",
        "data-code-from-address",
        "data-sum",
        "data-word",
        "data-passkey",
        "data-options",
        "data-host",
    }
)
_INLINE = frozenset(
    {
        "a",
        "abbr",
        "b",
        "bdi",
        "br",
        "code",
        "em",
        "i",
        "kbd",
        "mark",
        "q",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "time",
    }
)
_VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})


class Pseudo(NullTranslations):
    """A catalogue in which every message is translated into itself, in ⟦…⟧."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: set[str] = set()
        """What was said, by the message's (first) id."""

    def gettext(self, message: str) -> str:
        self.messages.add(message)
        return f"{OPEN}{message}{CLOSE}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        self.messages.add(msgid1)
        return f"{OPEN}{msgid1 if n == 1 else msgid2}{CLOSE}"

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return self.ngettext(msgid1, msgid2, n)


@contextmanager
def spoken() -> Iterator[Pseudo]:
    """Put the pseudo-language in place of English; afterwards English is itself again."""
    heard, before = Pseudo(), languages.catalogue(languages.SOURCE)
    languages.use_catalogue(languages.SOURCE, heard)
    try:
        yield heard
    finally:
        languages.use_catalogue(languages.SOURCE, before)


def marked(text: str) -> str:
    """A text in ⟦…⟧, paragraph by paragraph."""
    return "\n\n".join(f"{OPEN}{part}{CLOSE}" for part in text.split("\n\n"))


def pseudo_city(city: City) -> City:
    """The city with every wording marked; its keywords stay, so that words still find their department."""
    document = msgspec.json.decode(encode(city))
    for text in document["policy"].values():
        text["opening"] = marked(text["opening"])
        text["texts"] = {key: marked(words) for key, words in text["texts"].items()}
    return decode(json.dumps(_with_marks(document, set(city.identity.languages))).encode())


def unmarked_in_page(html: str) -> list[str]:
    """Each piece of the page that people are shown or told, and that stands outside ⟦…⟧."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    found = [fault for block in reader.blocks for fault in unmarked_in_text(block)]
    for name, value in reader.said:
        found += [f"{name}: {fault}" for fault in unmarked_in_text(value)]
    return found


def unmarked_in_text(text: str) -> list[str]:
    """Each stretch with letters outside ⟦…⟧; a mark without its other half is a fault of its own."""
    stretches, depth = [""], 0
    for sign in text:
        if sign in (OPEN, CLOSE):
            depth += 1 if sign == OPEN else -1
            stretches.append("")
        elif depth <= 0:
            stretches[-1] += sign
    found = []
    for stretch in stretches:
        left = stretch
        for pattern in ALLOWED.values():
            left = pattern.sub("", left)
        if any(sign.isalpha() for sign in left):
            found.append(" ".join(stretch.split()))
    if depth:
        found.append(f"cut off: {' '.join(text.split())}")
    return found


class _Reader(HTMLParser):
    """Reads a page: its texts, each block (a paragraph, a cell, a heading …) for itself, since marks may not reach
    further, and the attributes that are said to people."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = [""]
        self.said: list[tuple[str, str]] = []
        self._skipped = 0
        """How deep inside an allowed place."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name, value in given.items():
            is_button = name == "value" and given.get("type") in ("submit", "button", "reset")
            is_said = name in SAID_BY or (name.startswith("data-") and name not in FOR_MACHINES)
            if is_said or is_button:
                self.said.append((name, value))
        if tag not in _INLINE:
            self.blocks.append("")
        places = {f"#{given.get('id', '')}", *(f".{name}" for name in given.get("class", "").split())}
        if tag not in _VOID and (self._skipped or places & ALLOWED_PLACES):
            self._skipped += 1

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE:
            self.blocks.append("")
        if self._skipped and tag not in _VOID:
            self._skipped -= 1

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.blocks[-1] += data


def _with_marks(part: object, codes: set[str]) -> object:
    if isinstance(part, dict):
        if part and set(part) <= codes and all(isinstance(value, str) for value in part.values()):
            return {code: marked(text) for code, text in part.items()}
        return {key: _with_marks(value, codes) for key, value in part.items()}
    if isinstance(part, list):
        return [_with_marks(value, codes) for value in part]
    return part

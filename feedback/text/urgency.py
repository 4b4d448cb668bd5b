"""Words that cannot wait: gas, live wires, fire, flood, collapse, injury, a child near harm, danger.

In Greek, Lithuanian, English and Greeklish, in all their forms, with or without accents; the words of all languages
count whatever the text's is. A rule that would rather warn once too often: whoever reads the case takes it back. What
is said not to be ("not dangerous") does not count, nor what only sounds like it ("gas station", «αντιπλημμυρικά»,
„pavojingos atliekos“).
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from feedback.text.fold import fold_in_place
from feedback.text.spans import apart
from feedback.text.urgency_words import CHILDREN, HARMS, URGENCIES, WORDS, Urgency


class Alarm(Struct, frozen=True, order=True):
    """Urgent words of a text: characters from `start` up to `end`."""

    start: int
    end: int
    kind: Urgency


def find(text: str) -> list[Alarm]:
    """The urgent words of a text, in order."""
    plain = fold_in_place(text)
    found = [
        Alarm(match.start(), match.end(), match.lastgroup)  # type: ignore[arg-type]  # One of its names.
        for match in _WORDS.finditer(plain)
        if not _DENIED.search(plain, max(0, match.start() - _DENIED_WITHIN), match.start())
    ]
    for sentence in _SENTENCE.finditer(plain):
        children = list(_CHILD.finditer(plain, *sentence.span()))
        harms = list(_HARM.finditer(plain, *sentence.span())) if children else []
        if harms:
            found += [Alarm(*match.span(), "child") for match in (*children, *harms)]
    return apart(sorted(found, key=lambda alarm: (alarm.start, -alarm.end)))


def urgency_of(text: str) -> Urgency | None:
    """Why a text cannot wait; None: it can."""
    return min((alarm.kind for alarm in find(text)), key=URGENCIES.index, default=None)


_SENTENCE: Final = re.compile(r"[^.!?;·\n]+")
_DENIED_WITHIN: Final = 24
_DENIED: Final = re.compile(
    r"(?<!\w)(?:(?:δεν|δε) (?:ειναι|υπαρχει|εχει|αποτελει|ηταν)|χωρισ|ουτε|den (?:einai|exei|yparxei)|xoris|"
    r"not|no|isn't|isnt|without|never|nera|nebuvo|nekelia|be|ne)"
    r"(?: (?:πια|πλεον|καθολου|τοσο|πολυ|καμια|κανενασ|ο|η|any|a|very|really|so|longer|immediate|"
    r"jau|labai|jokio|jokiu|toks))* $"
)

_WORDS: Final = re.compile(
    "(?<!\\w)(?:"
    + "|".join(f"(?P<{kind}>{'|'.join(WORDS[kind])})" for kind in URGENCIES if kind in WORDS)
    + ")(?!\\w)"
)
_CHILD: Final = re.compile(f"(?<!\\w)(?:{'|'.join(CHILDREN)})(?!\\w)")
_HARM: Final = re.compile(f"(?<!\\w)(?:{'|'.join(HARMS)})(?!\\w)")

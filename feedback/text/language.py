"""In which language a text is written: Greek, Lithuanian, English or another.

A rule, not a model: scripts, letters, common words and word shapes (`language_words.py`) are counted, and the language
of the page on which the text was written decides where they leave doubt. Greek in Latin letters (Greeklish) is
Greek. Which languages a city speaks does not matter here, and nothing is decided for the citizen: the
answer helps routing and the clerk.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from feedback.text.fold import fold
from feedback.text.language_words import LETTERS, SHAPES, WORDS

OURS: Final = ("el", "lt", "en")
"""The languages that the rules of routing may name beside "other"."""


def detect(text: str, prior: str) -> str:
    """The language of a text: "el", "lt", "en", the code of another where that is sure (ISO 639-1), else "other".

    `prior`, the language of the page, is the answer where the text is too short or too mixed to tell. Only
    the opening of a long text is read.
    """
    scores = _scores(unicodedata.normalize("NFC", text[:_READ_CHARACTERS]))
    best, score = max(scores.items(), key=lambda found: found[1], default=(prior, 0.0))
    if score < _LEAST or score - scores[prior] < _LEAD:
        return prior
    return best if best in OURS else _code(scores, best)


def as_ours(language: str) -> str:
    """What routing rules call a language: one of ours, or "other"."""
    return language if language in OURS else "other"


_READ_CHARACTERS = 300
_LEAST = 1.0
"""One common word, or one word in a script or with letters that tell."""
_LEAD = 0.75
"""By how much another language must lead the page's."""
_SURE = 2.0
_SURE_LEAD = 1.0
"""What a language that is none of ours needs, and by how much it must lead the next of its script, to be named."""
_LETTER_SCORE = 1.5
_SHAPE_SCORE = 0.5

_TOKEN = re.compile(r"[^\W_]+")
_GREEK = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]")
_SCRIPTS: Final[Mapping[str, tuple[str, ...]]] = {
    "CYRILLIC": ("ru", "uk", "bg", "be", "sr"),
    "ARABIC": ("ar", "fa", "ur"),
    "HEBREW": ("he",),
    "GEORGIAN": ("ka",),
    "ARMENIAN": ("hy",),
    "BENGALI": ("bn",),
    "GURMUKHI": ("pa",),
    "DEVANAGARI": ("hi",),
    "ETHIOPIC": ("am",),
    "THAI": ("th",),
    "HANGUL": ("ko",),
    "HIRAGANA": ("ja",),
    "KATAKANA": ("ja",),
    "CJK": ("zh",),
}
"""Scripts and the languages that are told apart in them; one alone is sure by its script."""


def _code(scores: Mapping[str, float], best: str) -> str:
    """The code of a language that is none of ours; "other" where two would do."""
    if best in _SCRIPTS:
        candidates = _SCRIPTS[best]
        if len(candidates) == 1:
            return candidates[0]
    elif best in WORDS:
        candidates = next((codes for codes in _SCRIPTS.values() if best in codes), _LATIN)
    else:
        return "other"
    ranked = sorted(candidates, key=lambda code: scores.get(code, 0.0), reverse=True)
    first, second = (scores.get(code, 0.0) for code in ranked[:2])
    return ranked[0] if first >= _SURE and first - second >= _SURE_LEAD else "other"


def _scores(text: str) -> defaultdict[str, float]:
    """How much speaks for each language and script; Greek script and Greeklish count for Greek, whichever is more."""
    scores: defaultdict[str, float] = defaultdict(float)
    unknown = []
    lower = text.lower()
    for token, bare in zip(
        _TOKEN.findall(lower), _TOKEN.findall(lower.translate(_BARE_LETTERS)), strict=True
    ):
        if not bare.isascii():
            if _GREEK.search(token):
                scores["el"] += 1
                continue
            scores[_script(token)] += 1
        for language in _languages_of_letters(token) if not token.isascii() else ():
            scores[language] += _LETTER_SCORE
        if languages := _LANGUAGES_OF_WORD.get(bare):
            for language in languages:
                scores[language] += 1
        elif bare.isascii():
            unknown.append(bare)
    shapes = " ".join(unknown)
    for language, shape in SHAPES.items():
        scores[language] += _SHAPE_SCORE * len(shape.findall(shapes))
    scores["el"] = max(scores["el"], scores.pop("greeklish", 0.0))
    return scores


def _script(token: str) -> str:
    """The script of a word that is neither Greek nor Latin."""
    return unicodedata.name(token[0], "unknown").partition(" ")[0]


def _languages_of_letters(token: str) -> frozenset[str]:
    """The languages that have every telling letter of a word; none where no such letter stands in it."""
    found = [_LANGUAGES_OF_LETTER[letter] for letter in _LANGUAGES_OF_LETTER.keys() & set(token)]
    return frozenset.intersection(*found) if found else frozenset()


_LANGUAGES_OF_LETTER = {
    letter: frozenset(language for language, letters in LETTERS.items() if letter in letters)
    for letter in "".join(LETTERS.values())
}

_BARE_LETTERS = str.maketrans(
    {
        letter: fold(letter)
        for letter in map(chr, range(0xC0, 0x250))
        if letter.isalpha() and len(fold(letter)) == 1
    }
    | {"ß": "s", "æ": "a", "ø": "o", "đ": "d", "ł": "l", "ı": "i"}
)
"""Latin letters without their accents, each for one, so that a text keeps its places."""

_LANGUAGES_OF_WORD: dict[str, list[str]] = {}
for _language, _words in WORDS.items():
    for _word in dict.fromkeys(_words.split()):
        _LANGUAGES_OF_WORD.setdefault(_word, []).append(_language)

_OTHER_SCRIPTS = {code for codes in _SCRIPTS.values() for code in codes}
_LATIN = tuple(code for code in WORDS if code not in {*OURS, "greeklish", *_OTHER_SCRIPTS})

"""Stems: what the forms of one word have in common («κάδος», «κάδους»; „duobė“, „duobės“; "lamp", "lamps").

Words → lower → stem → fold, the same for text and query. The stemmers are Snowball's. The Greek one takes
words with and without tonos alike; the Lithuanian one needs the diacritics, hence `keys`, which lets both
spellings meet.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from typing import Protocol

import snowballstemmer  # type: ignore[import-untyped]  # The package brings no types.

from feedback.text.fold import fold

STEMMED_LANGUAGES = {"el": "greek", "lt": "lithuanian", "en": "english"}
"""Language code → Snowball's name. Words of any other language are folded only."""


def stems(text: str, language: str) -> list[str]:
    """The folded stem of each word, in the order of the text."""
    stemmer = _find_stemmer(language)
    return [_stem(word, stemmer) for word in _words(text)]


def word_keys(text: str, language: str) -> list[tuple[str, ...]]:
    """For each word, in order, the one, two or three keys under which it may be met.

    The stem of the word as written and that of the folded word; for Lithuanian also that of the word with
    the ė, č or dž that its bare ending stands for („gatveje“ meets „gatvė“, „mokescio“ meets „mokestis“), for
    Greek that of a neuter's plural, which the stemmer cuts shorter («σκουπίδι» meets «σκουπίδια»).
    """
    stemmer = _find_stemmer(language)
    keys_of_words = []
    for word in _words(text):
        folded = fold(word)
        spellings = [word] if word == folded else [word, folded]
        if language == "lt" and (ending := _BARE_ENDING.search(folded)):
            spellings.append(folded[: ending.start()] + _MEANT[ending["bare"]] + folded[ending.end("bare") :])
        elif language == "el" and (ending := _NEUTER_ENDING.search(folded)):
            spellings.append(folded[: ending.start()] + "ια")
        keys_of_words.append(tuple(dict.fromkeys(_stem(spelling, stemmer) for spelling in spellings)))
    return keys_of_words


def keys(text: str, language: str) -> set[str]:
    """All keys of a text's words: two texts speak of one thing where their keys meet."""
    return {key for word in word_keys(text, language) for key in word}


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802


class _Stemmers(threading.local):
    """Each thread's own: a Snowball stemmer keeps the word that it works on."""

    def __init__(self) -> None:
        self.by_language: dict[str, _Stemmer] = {}


_stemmers = _Stemmers()
_WORD = re.compile(r"[^\W_]+")
_BARE_ENDING = re.compile(
    r"(?<=\w{2})(?P<bare>e(?=(?:je|ms|mis|se|s)$)|(?:c|dz)(?=i(?:ai|ais|ams|o|u|ui|us)$))"
)
"""Lithuanian endings as typed without diacritics: those of gatvė and duobė, and the č and dž into which the
t and d of mokestis and medis turn in some cases."""
_NEUTER_ENDING = re.compile(r"(?<=\w{3})ι(?:ο|ου)?$")
_MEANT = {"e": "ė", "c": "č", "dz": "dž"}


def _find_stemmer(language: str) -> _Stemmer | None:
    name = STEMMED_LANGUAGES.get(language)
    if name is None:
        return None
    stemmer = _stemmers.by_language.get(language)
    if stemmer is None:
        stemmer = _stemmers.by_language[language] = snowballstemmer.stemmer(name)
    return stemmer


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower())


def _stem(word: str, stemmer: _Stemmer | None) -> str:
    return fold(stemmer.stemWord(word)) if stemmer else fold(word)

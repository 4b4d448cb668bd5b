"""Words in three languages for what the bench writes and sends: the texts of the demonstration, filled in.

Every draw comes from the random generator that is handed in, so the same seed gives the same words.
"""

from __future__ import annotations

import tomllib
from functools import cache
from random import Random
from typing import Any

from portal.settings import DEMONSTRATION

LANGUAGES = ("el", "lt", "en")
_STREETS = {
    "el": ("οδό Ανέμων", "οδό Ελαιών", "λεωφόρο Λιμανιού", "οδό Πηγαδιού", "πλατεία Μύλων", "οδό Κήπων"),
    "lt": (
        "Vėjo gatvėje",
        "Liepų gatvėje",
        "Tilto gatvėje",
        "Malūno gatvėje",
        "Sodų gatvėje",
        "Upės gatvėje",
    ),
    "en": ("Wind Street", "Orchard Road", "Harbour Avenue", "Well Lane", "Mill Square", "Garden Street"),
}
_DAYS = {
    "el": ("τη Δευτέρα", "την Τρίτη", "την Πέμπτη"),
    "lt": ("pirmadienį", "antradienį", "ketvirtadienį"),
    "en": ("Monday", "Tuesday", "Thursday"),
}
_TIMES = {"el": ("στις 7:30", "στις 22:00"), "lt": ("7.30", "22.00"), "en": ("7:30", "22:00")}
_NAMES = {
    "el": ("Άννα Μύλου", "Νίκος Κήπος", "Ελένη Πηγαδάκη"),
    "lt": ("Rasa Vėjienė", "Jonas Tiltas", "Ieva Sodaitė"),
    "en": ("Ann Miller", "John Orchard", "Mary Wells"),
}


def message(random: Random, service: str | None, language: str) -> tuple[str, str]:
    """Kind and text of what a citizen sends about a service (None: about anything)."""
    texts = _items(language)
    chosen = random.choice(texts.get(service or "", texts[random.choice(sorted(texts))]))
    return chosen["kind"], fill(random, chosen["text"], language)


def answer(random: Random, outcome: str, language: str) -> tuple[str, str]:
    """Text of a department's answer with this outcome, and to whom it was forwarded (empty: nobody)."""
    chosen = random.choice(_answers(language)["answers"][outcome])
    return fill(random, chosen["text"], language), chosen.get("forwarded_to", "")


def said(random: Random, key: str, language: str) -> str:
    """Any other words: questions, replies, words_added, survey_words, void_reasons."""
    return fill(random, random.choice(_answers(language)[key])["text"], language)


def place(random: Random, language: str) -> str:
    """A street and a number."""
    return f"{random.choice(_STREETS[language])} {random.randint(1, 90)}"


def contact(random: Random, language: str, number: int) -> tuple[str, str]:
    """Name and mail address of somebody who does not exist."""
    return random.choice(_NAMES[language]), f"citizen{number}@bench.invalid"


def fill(random: Random, text: str, language: str) -> str:
    """A text with its places filled."""
    for name, found in (
        ("{street}", random.choice(_STREETS[language])),
        ("{number}", str(random.randint(1, 90))),
        ("{weeks}", str(random.randint(2, 9))),
        ("{day}", random.choice(_DAYS[language])),
        ("{time}", random.choice(_TIMES[language])),
    ):
        text = text.replace(name, found)
    return text


@cache
def _items(language: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = _read(f"items_{language}.toml")["items"]
    return found


@cache
def _answers(language: str) -> dict[str, Any]:
    return _read(f"answers_{language}.toml")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((DEMONSTRATION / name).read_text())

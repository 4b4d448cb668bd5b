"""Folding: what two spellings of one word have in common.

Lower case without accents or diacritics, so that «Σκουπίδια», „Šiukšlės“ and what people type without their
keyboard's accents meet. For search and comparison only: folded text is never shown.
"""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Letters and digits of a text in lower case, words parted by single spaces.

    Accents go (tonos, dialytika, Lithuanian ogonek, caron, dot and macron), final ς becomes σ,
    compatibility forms become plain ones (NFKC), everything else becomes a space. Folding again changes
    nothing.
    """
    if text.isascii() and text.isalnum():
        return text.lower()
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).lower())
    return " ".join(unicodedata.normalize("NFKC", plain.translate(_TABLE)).split())


def fold_in_place(text: str) -> str:
    """Lower case without accents, a character for each character: what is found in it stands there in the text.

    Spaces of every kind become plain ones but ends of lines, hyphens and dashes become "-", digits of other scripts
    plain ones, final ς becomes σ. A letter that has no single plain one stays as it is.
    """
    return text.translate(_IN_PLACE)


class _InPlace(dict[int, str]):
    """Code point → the one character that it becomes; the common ones are remembered."""

    def __missing__(self, code: int) -> str:
        kept = _keep_place(chr(code))
        if code < _REMEMBERED_BELOW:
            self[code] = kept
        return kept


def _keep_place(character: str) -> str:
    if character in "\n\r":
        return character
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category == "Zs" or character == "\t":
        return " "
    if category == "Pd":
        return "-"
    plain = unicodedata.normalize("NFKD", character).lower()[:1]
    if plain == "ς":
        return "σ"
    return plain if plain.isalpha() or plain.isdigit() else character


class _Table(dict[int, str]):
    """Code point → what stays of it; the common ones are remembered."""

    def __missing__(self, code: int) -> str:
        kept = _keep(chr(code))
        if code < _REMEMBERED_BELOW:
            self[code] = kept
        return kept


_REMEMBERED_BELOW = 0x3000


def _keep(character: str) -> str:
    if character == "ς":
        return "σ"
    if any(first <= ord(character) <= last for first, last in _ACCENTS):
        return ""
    # Vowel signs of other scripts are marks too, but without them the word is another one.
    return character if unicodedata.category(character)[0] in "LNM" else " "


_ACCENTS = ((0x0300, 0x036F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F))
"""The blocks of combining accents: tonos, dialytika, caron, ogonek and their kind."""

_TABLE = _Table()
_IN_PLACE = _InPlace()

"""Letters for codes that people type: 32 that are told apart on paper, and how what was typed is forgiven.

Case, spaces, hyphens and full stops do not matter; I L O U are read as 1 1 0 V; Greek letters that look like those of
a code are taken for them, since a phone with Greek keys writes these. What a code opens is not decided here.
"""

from __future__ import annotations

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

VALUES: Final = {character: value for value, character in enumerate(ALPHABET)} | {
    "I": 1,
    "L": 1,
    "O": 0,
    "U": 27,
}
_GREEK_KEYS = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX")


def read(typed: str) -> list[int] | None:
    """The values of the letters as typed, each 0 to 31; None where one is no letter of a code."""
    values = [
        VALUES.get(character)
        for character in typed.upper().translate(_GREEK_KEYS)
        if not character.isspace() and character not in "-‐‑–—."
    ]
    found = [value for value in values if value is not None]
    return found if len(found) == len(values) else None


def in_groups(code: str) -> str:
    """A code as people read it: groups of four."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))

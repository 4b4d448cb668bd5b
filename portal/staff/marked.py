"""What staff see marked in a citizen's words: personal data, and what is urgent; and both in a sentence.

The places are looked for whenever the words are shown and stored nowhere, so that they go with the words
([decision 19](docs/decisions/0019-what-is-read-in-a-text.md)).
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from feedback.items.urgent import BY_STAFF, CALM_KINDS
from feedback.items.views import ItemView
from feedback.text import personal_data, urgency
from portal.languages import gettext as _
from portal.staff.words import Mark

URGENT_WORDS_MOST = 5
"""Of the words that raised a case, so many are named above it; all are marked in the text."""


class Piece(Struct, frozen=True):
    """A part of somebody's words, with the mark that it bears."""

    text: str
    mark: str = ""
    """personal or urgent; empty: none"""
    what: str = ""
    """What is marked, in a word."""


def pieces_of(item: ItemView, text: str) -> list[Piece]:
    """Words of the item's citizen in pieces that together are the text."""
    marks: list[tuple[int, int, str, str]] = [
        (found.start, found.end, "personal", personal_word(found.kind)) for found in personal_data.find(text)
    ]
    if item.cycle.urgent is not None and item.kind not in CALM_KINDS:
        marks += [
            (alarm.start, alarm.end, "urgent", urgency_word(alarm.kind)) for alarm in urgency.find(text)
        ]
    pieces, place = [], 0
    for start, end, mark, what in sorted(marks):
        if start < place:  # A name can't be urgent.
            continue
        pieces += [Piece(text[place:start]), Piece(text[start:end], mark, what)]
        place = end
    return [piece for piece in (*pieces, Piece(text[place:])) if piece.text]


def said_by_citizen(item: ItemView) -> list[str]:
    """Everything that the item's citizen wrote, the first words first."""
    return [item.text, *(entry.text for entry in item.entries if entry.side == "citizen")]


def personal_words(texts: Iterable[str]) -> str:
    """Which personal data stand in these texts: "phone number, name"; empty where none do."""
    kinds = {found.kind for text in texts for found in personal_data.find(text)}
    return ", ".join(personal_word(kind) for kind in personal_data.KINDS if kind in kinds)


def personal_word(kind: str) -> str:
    """What a kind of personal data is called."""
    return {
        "email": _("e-mail address"),
        "phone": _("phone number"),
        "iban": _("bank account"),
        "afm": _("tax number (ΑΦΜ)"),
        "amka": _("social security number (ΑΜΚΑ)"),
        "personal_code": _("personal code (asmens kodas)"),
        "plate": _("number plate"),
        "name": _("name"),
    }[kind]


def urgency_word(urgent: str) -> str:
    """What the words of an urgent case speak of."""
    return {
        "gas": _("gas"),
        "current": _("electricity"),
        "fire": _("fire"),
        "collapse": _("collapse"),
        "flood": _("flooding"),
        "injury": _("injury"),
        "child": _("child in danger"),
        "danger": _("danger"),
    }[urgent]


def urgent_mark(urgent: str) -> Mark:
    """The mark of a case that comes before others."""
    if urgent == BY_STAFF:
        return Mark("urgent", _("Urgent"))
    return Mark("urgent", _("Urgent: %(what)s") % {"what": urgency_word(urgent)})


def urgent_reason(item: ItemView) -> str:
    """Why a case comes before others, with the words that say so; empty where it does not."""
    urgent = item.cycle.urgent
    if urgent is None:
        return ""
    if urgent == BY_STAFF:
        return _("A member of staff has marked the case as urgent.")
    words = dict.fromkeys(
        " ".join(text[alarm.start : alarm.end].split())
        for text in said_by_citizen(item)
        for alarm in urgency.find(text)
    )
    return _("The citizen’s words speak of it: %(words)s.") % {
        "words": ", ".join(_("“%(word)s”") % {"word": word} for word in list(words)[:URGENT_WORDS_MOST])
    }

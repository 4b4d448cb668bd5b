"""What kinds, states and outcomes of an item are called on pages and in mails, in the current language.

Wording only; which of them exist is the domain's (`city/profile.py`, `items/lifecycle.py`).
"""

from __future__ import annotations

import re

from portal import languages
from portal.languages import gettext as _

TITLE_MOST = 90
GREETING_MOST = 45
"""Characters of a first line that may be a greeting."""
"""Characters of a title that is made from an item's own words."""
_SENTENCE_END = re.compile(r"(?<=\w{4})[.!?;…](?= +\S)|[!?…](?= +\S)")
"""An end of a sentence; not the point of an abbreviation ("pr. 187", "al. 5")."""


def kind_word(kind: str) -> str:
    """What the citizen says it is."""
    return {
        "request": _("Request"),
        "complaint": _("Complaint"),
        "idea": _("Idea"),
        "criticism": _("Criticism"),
        "praise": _("Praise"),
        "question": _("Question"),
    }[kind]


def kind_about(kind: str) -> str:
    """What belongs to a kind, in one line."""
    return {
        "request": _("Something needs fixing or doing"),
        "complaint": _("We did not serve you or treat you as we should"),
        "idea": _("You propose something that could be done differently or better"),
        "criticism": _("You disagree with how we work and say why"),
        "praise": _("Somebody did their work well"),
        "question": _("You want to know something about our services"),
    }[kind]


def state_word(state: str) -> str:
    """Where an item stands, for its sender."""
    return {
        "received": _("Received"),
        "open": _("In work"),
        "waiting": _("Waiting for you"),
        "answered": _("Answered"),
        "closed": _("Closed"),
        "withdrawn": _("Withdrawn"),
        "merged": _("Joined with another case"),
        "void": _("Set aside"),
    }[state]


def outcome_word(outcome: str) -> str:
    """What came of an item."""
    return {
        "done": _("Done"),
        "planned": _("Planned"),
        "explained": _("Explained"),
        "declined": _("Declined"),
        "not_ours": _("Not ours"),
    }[outcome]


def file_word(kind: str, number: int) -> str:
    """A file of an item or of a form, by its kind and its place: the name that it had is not kept."""
    return {"photo": _("photo %(number)s"), "document": _("document %(number)s")}[kind] % {"number": number}


def size_words(size: int) -> str:
    """Bytes as people say them: "340 kB", "1.2 MB"."""
    if size < 1_000_000:
        return _("%(size)s kB") % {"size": languages.number(max(1, round(size / 1000)))}
    return _("%(size)s MB") % {"size": languages.number(round(size / 1_000_000, 1))}


def _is_greeting(line: str) -> bool:
    """A short first line that leads on, or ends after a word or two."""
    if len(line) > GREETING_MOST:
        return False
    return line.endswith((",", ":", "!")) or (line.endswith(".") and len(line.split()) <= 2)


def title_of(text: str, *, otherwise: str) -> str:
    """A title from somebody's words: their first sentence, at most 90 characters, never a broken word.

    A greeting on a line of its own is passed over. `otherwise` stands where there are no words (an imported item
    is shown by its service's name).
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and _is_greeting(lines[0]):
        lines = lines[1:]
    words = " ".join(" ".join(lines).split())
    if not words:
        return otherwise
    end = _SENTENCE_END.search(words)
    sentence = (words[: end.end()] if end else words).rstrip(".; ")
    if len(sentence) <= TITLE_MOST:
        return sentence
    cut = sentence[:TITLE_MOST].rsplit(" ", 1)[0].rstrip(" ,;:–-")
    return f"{cut} …"

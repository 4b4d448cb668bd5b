"""Personal data in what people write: where it stands, of which kind, and a text in which it is masked.

A rule, not a model, and nothing heavy: it runs where a page is drawn. Found are mail addresses, phone numbers, account
numbers, ΑΦΜ, ΑΜΚΑ, asmens kodas, number plates, and names after a title. What nobody finds so, such as a name without a
title or who is meant by a nickname, only people find: what is published is read by one first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from feedback.text.fold import fold_in_place
from feedback.text.names import find_names
from feedback.text.numbers import find_numbers
from feedback.text.plates import find_plates
from feedback.text.spans import apart

KINDS: Final = ("email", "phone", "iban", "afm", "amka", "personal_code", "plate", "name")
"""What can be found; where two claim one place, the one that stands first here has it."""

SIGN: Final = "[…]"
"""What stands for masked words: the usual sign for something left out."""


class Found(Struct, frozen=True, order=True):
    """A place of personal data: characters from `start` up to `end`."""

    start: int
    end: int
    kind: str


def find(text: str) -> list[Found]:
    """The personal data in a text, in order and without overlap."""
    plain = fold_in_place(text)
    found: list[Found] = []
    emails = [Found(start, end, "email") for start, end in _emails(plain)]
    quiet = _without(plain, [(email.start, email.end) for email in emails])
    quiet = _without(quiet, [match.span() for match in _NO_PERSON.finditer(quiet)])
    found += emails
    found += [Found(number.start, number.end, number.kind) for number in find_numbers(quiet)]
    found += [Found(start, end, "plate") for start, end in find_plates(_mirrored(text, quiet), quiet)]
    found += [Found(start, end, "name") for start, end in find_names(_mirrored(text, quiet), quiet)]
    return sorted(apart(sorted(found, key=lambda found: (KINDS.index(found.kind), found.start))))


def mask(text: str, sign: str = SIGN) -> str:
    """The text with a sign in each place of personal data: for whatever is published, and for learning from."""
    pieces, place = [], 0
    for found in find(text):
        pieces += [text[place : found.start], sign]
        place = found.end
    return "".join([*pieces, text[place:]])


_NO_PERSON: Final = re.compile(
    r"(?:https?://|www\.)(?!wa\.me|viber)[^\s<>]+"  # An address on the web.
    r"|(?<![\w-])[a-z]{2,4}-[0-9]{4}-[0-9]{6,9}(?![\w-])"  # The reference of a case.
)


def _without(plain: str, places: list[tuple[int, int]]) -> str:
    """The text with spaces in these places."""
    for start, end in places:
        plain = plain[:start] + " " * (end - start) + plain[end:]
    return plain


def _mirrored(text: str, quiet: str) -> str:
    """The text as it was written, with the same places emptied."""
    return "".join(" " if blank == " " else letter for letter, blank in zip(text, quiet, strict=True))


# ── mail addresses ──────────────────────────────────────────────────────────────────────────────────────────

_LOCAL_MOST: Final = 64
"""Characters before the "@" (RFC 5321, 4.5.3.1.1)."""
_LOCAL: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]+$")
_HOST: Final = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)*\.[^\W\d_]{2,}")
_ENDINGS: Final = "com|gr|lt|org|net|eu|info|edu|de|uk|fr|it|pl|ru|lv|io|me|biz|ua|bg|ro|al|cy|tr"
_SPACED_HOST: Final = re.compile(rf"[a-z0-9-]+(?: ?\. ?[a-z0-9-]+){{0,2}} ?\. ?(?:{_ENDINGS})(?![\w])")
_AT: Final = (
    r"(?:[(\[{<] ?(?:at|@|παπακι|papaki|eta) ?[)\]}>]| (?:παπακι|papaki|eta) "
    r"| at (?=(?:gmail|yahoo|hotmail|outlook)|[a-z0-9-]+ dot ))"
)
_DOT: Final = r"(?: ?\. ?| ?[(\[{] ?(?:dot|\.|τελεια|teleia|taskas) ?[)\]}] ?| (?:dot|τελεια|teleia|taskas) )"
_SPOKEN: Final = re.compile(rf"(?<![\w.])[\w.+-]{{2,64}} ?{_AT} ?[a-z0-9-]+(?:{_DOT}[a-z0-9-]+){{1,3}}")


def _emails(plain: str) -> Iterator[tuple[int, int]]:
    place = plain.find("@")
    while place >= 0:
        if found := _email_at(plain, place):
            yield found
            place = found[1]
        place = plain.find("@", place + 1)
    for match in _SPOKEN.finditer(plain):
        if "@" not in match[0] or "(" in match[0] or "[" in match[0]:
            yield match.span()


def _email_at(plain: str, at: int) -> tuple[int, int] | None:
    """The address around an "@", also with a space beside the sign or the full stop."""
    before, after = plain[at - 1 : at], plain[at + 1 : at + 2]
    local_end, host_start = at - (before == " "), at + 1 + (after == " ")
    local = _LOCAL.search(plain, max(0, local_end - _LOCAL_MOST), local_end)
    host = (_HOST if host_start == at + 1 else _SPACED_HOST).match(plain, host_start)
    spaced = _SPACED_HOST.match(plain, host_start)
    if spaced is not None and (host is None or spaced.end() > host.end()):
        host = spaced
    if local is None or host is None or (local_end < at and host.re is _HOST and not _ends_well(host[0])):
        return None
    start = local.start() + (len(local[0]) - len(local[0].lstrip("./'`=*")))
    return (start, host.end()) if start < local_end else None


def _ends_well(host: str) -> bool:
    return host.rpartition(".")[2] in _ENDINGS.split("|")

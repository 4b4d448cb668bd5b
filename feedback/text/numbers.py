"""Numbers that lead to a person: phone, IBAN, ΑΦΜ, ΑΜΚΑ, asmens kodas; among orders, prices, days and coordinates.

A number is taken by its shape, its check digits and the words before it (`cues.py`). Lines of numbers are read group
by group, so that "2810 123456 694 412 3456" are two. Does not know who has a number, or whether anybody does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from msgspec import Struct

from feedback.text import cues
from feedback.text.check_digits import (
    IBAN_LENGTHS,
    is_iban,
    is_personal_code,
    is_social_security_number,
    is_tax_number,
)
from feedback.text.cues import Cues


class Number(Struct, frozen=True):
    """Where a number stands, and what it is."""

    kind: str
    start: int
    end: int


def find_numbers(plain: str) -> Iterator[Number]:
    """The numbers in a text that is folded in place, in their order."""
    taken = 0
    for iban in _ibans(plain):
        yield from _in_runs(plain, taken, iban.start)
        yield iban
        taken = iban.end
    yield from _in_runs(plain, taken, len(plain))


# ── account numbers ─────────────────────────────────────────────────────────────────────────────────────────

_IBAN_START: Final = re.compile(r"(?<![a-z0-9])([a-z]{2}) ?[0-9]{2}")


def _ibans(plain: str) -> Iterator[Number]:
    after = 0
    for match in _IBAN_START.finditer(plain):
        length = IBAN_LENGTHS.get(match[1].upper())
        if length is None or match.start() < after:
            continue
        letters: list[str] = []
        place = match.start()
        while place < len(plain) and len(letters) < length:
            if plain[place].isascii() and plain[place].isalnum():
                letters.append(plain[place])
            elif plain[place] not in " -." or not plain[place - 1].isalnum():
                break
            place += 1
        goes_on = place < len(plain) and plain[place].isascii() and plain[place].isalnum()
        if not goes_on and is_iban("".join(letters)):
            yield Number("iban", match.start(), place)
            after = place


# ── digits ──────────────────────────────────────────────────────────────────────────────────────────────────

_RUN: Final = re.compile(r"[0-9]+(?:(?: ?[-./()~]{1,2} ?| )\+?[0-9]+)*")
"""Groups of digits with at most a space and a sign between them, on one line."""
_GROUP: Final = re.compile(r"[0-9]+")
_PREFIX: Final = re.compile(r"(?<![a-z])(?:el|gr)$")
"""Before a tax number as it stands on invoices within the Union."""
_GLUED: Final = re.compile(r"(?:τηλ|κιν|tel|mob|til|kin)$")
"""Before a phone number without the space."""
_UNIT: Final = re.compile(
    r" ?(?:€|\$|%|ευρω|ευρ\b|eur|e\b|kwh|kw\b|km|χλμ|m2|m²|μ²|τ\.?μ|kg|κιλ|λιτρ|lt?\b|[,.]\d)"
)
_GROUPS_MOST: Final = 10
_TABLE_FROM: Final = 60
"""Groups in one line from which it is a table, where each stands for itself."""
_THE_CALLING_CODES: Final = """
    1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 61 90 91 351 352 353 354 355 356 357 358 359 370 371
    372 373 374 375 376 377 378 380 381 382 383 385 386 387 389 420 421 423 961 962 963 964 970 972 992 994 995 998
"""
_CALLING_CODES: Final = tuple(_THE_CALLING_CODES.split())


class _Run(Struct, frozen=True):
    """Groups of digits that stand together, and what stands around them."""

    plain: str
    groups: list[tuple[int, int]]
    said: Cues
    is_greek: bool
    """Whether the text holds Greek letters, or speaks of what only Greece has."""

    def digits(self, first: int, last: int) -> str:
        return "".join(self.plain[start:end] for start, end in self.groups[first : last + 1])

    def lengths(self, first: int, last: int) -> tuple[int, ...]:
        return tuple(end - start for start, end in self.groups[first : last + 1])

    def between(self, first: int, last: int) -> str:
        """The signs between the groups, without spaces."""
        whole = self.plain[self.groups[first][0] : self.groups[last][1]]
        return re.sub(r"[0-9 ]", "", whole)

    def starts_whole(self, first: int) -> bool:
        """No letter and no decimal sign stands right before."""
        before = self.plain[max(0, self.groups[first][0] - 3) : self.groups[first][0]]
        if _PREFIX.search(before) or _GLUED.search(before):
            return True
        return not (
            before[-1:].isalpha() or before[-1:] == "_" or (before[-1:] == "," and before[-2:-1].isdigit())
        )

    def ends_whole(self, last: int) -> bool:
        """No letter, unit or decimals follow."""
        rest = self.plain[self.groups[last][1] : self.groups[last][1] + 8]
        return not (rest[:1].isalpha() or rest[:1] == "_" or _UNIT.match(rest))


def _in_runs(plain: str, first: int, last: int) -> Iterator[Number]:
    is_greek = any("α" <= letter <= "ω" for letter in plain)
    for match in _RUN.finditer(plain, first, last):
        groups = [group.span() for group in _GROUP.finditer(plain, *match.span())]
        if sum(end - start for start, end in groups) < _LEAST:
            continue
        run = _Run(plain, groups, cues.before(plain, match.start()), is_greek)
        place = 0
        while place < len(groups):
            kind, until = _longest(run, place)
            if kind:
                start, end = groups[place][0], groups[until][1]
                yield Number(kind, _with_sign(plain, start, end, kind), end)
                place = until
            place += 1


def _longest(run: _Run, first: int) -> tuple[str, int]:
    """The longest number that begins with a group: its kind and last group; an empty kind where none does."""
    if not run.starts_whole(first):
        return "", first
    most = _GROUPS_MOST if len(run.groups) <= _TABLE_FROM else 1
    sizes = list(accumulate(end - start for start, end in run.groups[first : first + most]))
    for place in range(len(sizes) - 1, -1, -1):
        if _LEAST <= sizes[place] <= _MOST and (kind := _kind(run, first, first + place)):
            return kind, first + place
    return "", first


_LEAST: Final = 6
"""Digits of the shortest number: a local one after "tel."."""
_MOST: Final = 17
"""Of the longest: fifteen after "00"."""


def _with_sign(plain: str, start: int, end: int, kind: str) -> int:
    """Where a number begins with its plus sign, bracket or country."""
    if kind == "phone":
        while start and (plain[start - 1] == "+" or (plain[start - 1] == "(" and ")" in plain[start:end])):
            start -= 1
    elif kind == "afm" and _PREFIX.search(plain[max(0, start - 3) : start]):
        start -= 2
    return start


def _kind(run: _Run, first: int, last: int) -> str:
    """What the groups from first to last are together; empty where they are nothing of ours."""
    if not run.ends_whole(last):
        return ""
    digits = run.digits(first, last)
    if len(digits) == 11 and (kind := _identity(run, digits, first, last)):
        return kind
    if len(digits) == 9 and _is_afm(run, digits, first, last):
        return "afm"
    return "phone" if _is_phone(run, digits, first, last) else ""


def _identity(run: _Run, digits: str, first: int, last: int) -> str:
    """ΑΜΚΑ or asmens kodas: by the check digits, and by the words where both would do."""
    if run.between(first, last).strip("-./"):
        return ""
    known = run.lengths(first, last) in _IDENTITY_GROUPS or run.said.said & {"amka", "personal_code"}
    if not known:
        return ""
    kinds = [
        kind
        for kind, holds in (
            ("amka", is_social_security_number(digits)),
            ("personal_code", is_personal_code(digits)),
        )
        if holds
    ]
    if len(kinds) == 2:
        said = [kind for kind in kinds if kind in run.said.said]
        return said[0] if said else kinds[0 if run.is_greek else 1]
    return kinds[0] if kinds else ""


_IDENTITY_GROUPS: Final = frozenset(
    {
        (11,),
        (6, 5),
        (2, 2, 2, 5),
        (6, 4, 1),
        (6, 3, 2),
        (7, 4),
        (1, 6, 4),
        (1, 6, 3, 1),
        (3, 4, 4),
        (1, 2, 2, 2, 4),
    }
)


def _is_afm(run: _Run, digits: str, first: int, last: int) -> bool:
    if not is_tax_number(digits):
        return False
    start = run.groups[first][0]
    if "afm" in run.said.said or _PREFIX.search(run.plain[max(0, start - 3) : start]):
        return True
    if first != last or not run.is_greek or run.said.is_thing:
        return False
    # A mobile number of Lithuania has nine digits too; nothing said, one in eleven passes for an ΑΦΜ.
    return not _is_lithuanian(digits) or "phone" not in run.said.said


# ── phone numbers ───────────────────────────────────────────────────────────────────────────────────────────

_DATE: Final = re.compile(
    r"(?:[0-3]?\d[-./ ][01]?\d[-./ ](?:19|20)\d\d|(?:19|20)\d\d[-./ ][01]?\d[-./ ][0-3]?\d)"
)


_SPAN: Final = re.compile(
    r"/ ?(?:19|20)\d\d$|^(?:19|20)\d\d ?[-/] ?(?:19|20)\d\d$|^\d{1,2}[.]\d\d ?- ?\d{1,2}[.]\d\d$"
)
"""Something of a year ("231234/2024"), years, and hours of a day."""


def _is_phone(run: _Run, digits: str, first: int, last: int) -> bool:
    start, end = run.groups[first][0], run.groups[last][1]
    whole, lengths = run.plain[start:end], run.lengths(first, last)
    if _DATE.match(whole) or _SPAN.search(whole) or _is_decimal(run, first, last):
        return False
    before = run.plain[max(0, start - 2) : start].rstrip(" (")
    if before.endswith("+") or (start > 0 and run.plain[start - 1] == "+"):
        return _is_abroad(digits)
    is_said = "phone" in run.said.said
    if digits.startswith("00") and len(digits) >= 11 and not run.said.is_thing and _is_abroad(digits[2:]):
        return True
    if run.said.is_thing and not is_said and "(" not in whole:
        return False
    if digits.startswith("30") and len(digits) == 12 and lengths[0] in (2, 5, 6, 12):
        digits, lengths = digits[2:], ((10,) if lengths[0] > 2 else lengths[1:])
    if len(digits) == 10 and _is_hellenic(digits):
        return lengths[0] >= 3 or is_said or (digits.startswith("69") and lengths[0] == 2)
    if digits.startswith("370") and len(digits) == 11:
        return digits[3] in "3456" and (lengths[0] in (3, 4, 6, 11) or is_said)
    if len(digits) == 9 and _is_lithuanian(digits):
        return is_said or (
            not run.is_greek and ((digits[1] == "6" and lengths[0] != 5) or lengths[0] in (1, 2))
        )
    if not is_said or run.said.is_thing:
        return False
    if first > 0 and run.groups[first][0] - run.groups[first - 1][1] < 2:
        return False
    return _LEAST <= len(digits) <= 12


def _is_hellenic(digits: str) -> bool:
    """Ten digits of a Greek number: landline 21 to 28, mobile 69."""
    return digits.startswith("69") or (digits[0] == "2" and digits[1] in "12345678")


def _is_lithuanian(digits: str) -> bool:
    """Nine digits of a number within Lithuania: 8, or 0 since 2024, before those of town or mobile."""
    return digits[0] in "80" and digits[1] in "3456"


def _is_abroad(digits: str) -> bool:
    """Digits after "+" or "00" (ITU-T E.164: fifteen at most), from a country that is near or whose people are here."""
    if digits.startswith("30"):
        return len(digits) == 12 and _is_hellenic(digits[2:])
    if digits.startswith("370"):
        return len(digits) == 11
    return 9 <= len(digits) <= 15 and any(map(digits.startswith, _CALLING_CODES))


def _is_decimal(run: _Run, first: int, last: int) -> bool:
    """Two groups with a full stop between: degrees, "25.144213", or money."""
    if last - first != 1 or run.between(first, last) != "." or len(run.groups) > 2:
        return False
    whole, fraction = (run.plain[start:end] for start, end in run.groups[first : last + 1])
    return len(whole) <= 3 and int(whole) <= 180 and len(fraction) >= 3

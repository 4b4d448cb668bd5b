"""Numbers that carry their own proof: IBAN, the Greek tax and social security numbers, the Lithuanian personal code.

Whether a run of digits can be such a number, by its check digits and the date in it; not whether anybody has it.
"""

from __future__ import annotations

from datetime import date
from typing import Final

IBAN_LENGTHS: Final = {
    "AD": 24,
    "AL": 28,
    "AT": 20,
    "BA": 20,
    "BE": 16,
    "BG": 22,
    "BY": 28,
    "CH": 21,
    "CY": 28,
    "CZ": 24,
    "DE": 22,
    "DK": 18,
    "EE": 20,
    "ES": 24,
    "FI": 18,
    "FR": 27,
    "GB": 22,
    "GE": 22,
    "GR": 27,
    "HR": 21,
    "HU": 28,
    "IE": 22,
    "IS": 26,
    "IT": 27,
    "LI": 21,
    "LT": 20,
    "LU": 20,
    "LV": 21,
    "MC": 27,
    "MD": 24,
    "ME": 22,
    "MK": 19,
    "MT": 31,
    "NL": 18,
    "NO": 15,
    "PL": 28,
    "PT": 25,
    "RO": 24,
    "RS": 22,
    "SE": 24,
    "SI": 19,
    "SK": 24,
    "SM": 27,
    "TR": 26,
    "UA": 29,
    "XK": 20,
}
"""Country → characters of its account numbers, for Europe (ISO 13616, SWIFT's registry)."""


def is_iban(number: str) -> bool:
    """An account number as it is written without spaces: its country's length, and 1 modulo 97 (ISO 7064)."""
    number = number.upper()
    if not number.isascii() or not number.isalnum() or IBAN_LENGTHS.get(number[:2]) != len(number):
        return False
    turned = number[4:] + number[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1


def is_tax_number(digits: str) -> bool:
    """A Greek ΑΦΜ: nine digits, the last one the weighted sum of the others modulo 11 and 10."""
    if len(digits) != 9 or not _are_digits(digits) or len(set(digits)) == 1:
        return False
    total = sum(int(digit) << (8 - place) for place, digit in enumerate(digits[:8]))
    return total % 11 % 10 == int(digits[8])


def is_social_security_number(digits: str) -> bool:
    """A Greek ΑΜΚΑ: a birthday (day, month, year of two digits), five digits; the last one by Luhn's rule."""
    if len(digits) != 11 or not _are_digits(digits):
        return False
    if not any(_is_day(century + digits[4:6], digits[2:4], digits[:2]) for century in ("19", "20")):
        return False
    doubled = [int(digit) * (1 + (place % 2 == 1)) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def is_personal_code(digits: str) -> bool:
    """A Lithuanian asmens kodas: sex and century, birthday, three digits, a check digit in two turns."""
    if len(digits) != 11 or not _are_digits(digits) or digits[0] not in "3456":
        return False
    century = "19" if digits[0] in "34" else "20"
    if not _is_day(century + digits[1:3], digits[3:5], digits[5:7]):
        return False
    for weights in ((1, 2, 3, 4, 5, 6, 7, 8, 9, 1), (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)):
        check = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 11
        if check < 10:
            break
    return check % 10 == int(digits[10])


def _are_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_day(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True

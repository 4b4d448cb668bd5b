"""Forms as they come in: plain fields, and refusals turned into messages beside their fields.

The rules of what a field may hold are the domain's (`Fault` with a code and facts); here each code gets its
words. A code without words is a fault of ours and fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec import Struct

from feedback.errors import Fault
from portal import languages
from portal.languages import gettext as _
from portal.languages import ngettext


class Form(Struct, frozen=True):
    """The fields of a post: the last value of each name, as text."""

    fields: Mapping[str, str]
    files: tuple[bytes, ...] = ()
    """What was chosen in a file field, in its order and without names."""

    def text(self, name: str) -> str:
        """The field as typed; empty where it was not sent."""
        return self.fields.get(name, "")

    def flag(self, name: str) -> bool:
        """A checkbox: sent at all and not empty."""
        return bool(self.fields.get(name))

    def number(self, name: str) -> int | None:
        """A whole number of at most nine digits, else None."""
        value = self.text(name).strip()
        return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else None

    def decimal(self, name: str) -> float | None:
        """A decimal number, else None."""
        try:
            value = float(self.text(name).strip())
        except ValueError:
            return None
        return value if value == value and abs(value) < 1e9 else None

    def day(self, name: str) -> date | None:
        """A day as `<input type=date>` sends it, else None."""
        try:
            return date.fromisoformat(self.text(name).strip())
        except ValueError:
            return None


class FieldError(Struct, frozen=True):
    """A message beside a field and in the summary above it."""

    field: str
    message: str
    is_wait: bool = False
    """Nothing is wrong with it: it came too soon, or while too much was going on."""


def errors_of(faults: list[Fault]) -> list[FieldError]:
    """Each fault in the current language, the first of each field."""
    found: dict[str, FieldError] = {}
    for fault in faults:
        found.setdefault(fault.field, FieldError(fault.field, message_of(fault)))
    return list(found.values())


def message_of(fault: Fault) -> str:
    """What is wrong and what to do, in the current language."""
    facts: dict[str, Any] = fault.facts
    if fault.code == "too_long":
        over = facts["length"] - facts["most"]
        return ngettext(
            "Please shorten this by %(over)s character: it has %(length)s, and the limit is %(most)s",
            "Please shorten this by %(over)s characters: it has %(length)s, and the limit is %(most)s",
            over,
        ) % {
            "over": languages.number(over),
            "length": languages.number(facts["length"]),
            "most": languages.number(facts["most"]),
        }
    if fault.code == "password_length":
        return _("Choose a password of %(least)s to %(most)s characters") % facts
    if fault.code.startswith("file"):
        return _about_files(fault.code, facts)
    return {
        "password_guessable": _(
            "This password is easy to guess. Take several words that do not belong together"
        ),
        "kind_missing": _("Choose what you want to tell us"),
        "kind_unknown": _("Choose one of the six kinds"),
        "text_missing": _("Write what you want to say"),
        "control_characters": _(
            "This contains invisible control characters. Please type it again or paste it as plain text"
        ),
        "service_unknown": _("Choose a service from the list, or “I am not sure”"),
        "position_unknown": _("The position on the map is not valid. Leave it out or give an address"),
        "email_at": _("The e-mail address lacks the @ sign, for example name@example.org"),
        "email_shape": _("This does not look like an e-mail address, for example name@example.org"),
        "email_alphabets": _(
            "This e-mail address mixes letters of two alphabets. Please type it again with one keyboard"
        ),
        "phone_shape": _("Write the phone number in digits; spaces and a + in front are fine"),
        "outcome_missing": _("Choose the outcome"),
        "answer_missing": _("Write the answer and the reason for it"),
        "planned_on_missing": _("Give the day by which it will be done, today or later"),
        "forwarded_to_missing": _("Name the authority that it was forwarded to"),
        "department_missing": _("Choose a department"),
        "department_headless": _(
            "Nobody heads this department yet, so nobody would see the case. Choose another"
        ),
        "restricted_missing": _("Choose why only few may see it"),
        "who_missing": _("Choose a person who works on cases, or a department"),
        "department_same": _("The case is already there. Choose another department or another service"),
        "reason_missing": _("Write the reason"),
        "nature_missing": _("Choose a nature"),
        "nature_same": _("The case has this nature already. Choose another one"),
        "more_missing": _("Choose what is to be recorded; the rule of law must allow it"),
        "days_beyond": _("Give a whole number from 1 to %(most)s") % {"most": facts.get("most", 0)},
        "language_unknown": _("Choose one of the languages"),
        "rating_missing": _("Answer at least one of the two questions"),
        "rating_unknown": _("Choose one of the five steps, or “I can’t say”"),
    }[fault.code]


def _about_files(code: str, facts: dict[str, Any]) -> str:
    """What is wrong with files; each of them is named by its place among those that were just chosen."""
    return {
        "files_too_many": _("Choose at most %(most)s files in all. Those that you chose last were not kept"),
        "files_busy": _(
            "Too many files are arriving at this moment. Please choose yours again and send once more in a minute"
        ),
        "files_again": _("Please choose your files again; they were not kept"),
        "files_gone": _("We kept your files for an hour, and that is over. Please choose them again"),
        "file_too_large": _("File %(number)s is larger than 10 MB. Choose a smaller one"),
        "file_kind": _(
            "We cannot take file %(number)s. We take photos (JPEG, PNG, WebP, HEIC) and PDF documents"
        ),
        "file_damaged": _("File %(number)s could not be opened; it may be damaged. Choose another one"),
        "file_pixels": _("File %(number)s is too large once it is opened. Please send a smaller copy of it"),
        "file_memory": _("File %(number)s is too large once it is opened. Please send a smaller copy of it"),
        "file_encrypted": _(
            "File %(number)s is protected, so we cannot open it. Please save it without a password"
        ),
        "file_pages": _("File %(number)s has more than 1,000 pages. Please send the part that matters"),
    }[code] % facts

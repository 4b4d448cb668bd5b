"""Addresses that mail can go to, numbers that can be dialled, words that are seen."""

from __future__ import annotations

import pytest

from feedback.items.sent import tidy_line, tidy_words
from feedback.text.contact import contact_faults

GOOD = (
    "rea@example.org",
    "rea.o'neill+bins@mail.example.co.uk",
    "ρέα@παράδειγμα.gr",
    "jonas.žukas@paštas.lt",
    "a@xn--hxajbheg2az3al.xn--qxam",
    "rea@1und1.example",
)
SHAPELESS = (
    "rea@example..org",
    ".rea@example.org",
    "rea.@example.org",
    "rea@-.org",
    "rea@-example.org",
    "rea@example",
    "rea@127.0.0.1",
    "rea @example.org",
    "rea@exa mple.org",
    "a\u202eb@example.org",
    "a\u200bb@example.org",
    "Rea <rea@example.org>",
    "rea@example.org,ann@example.org",
)
TWO_ALPHABETS = ("a@example.οrg", "ρea@example.org", "rea@exаmple.org")


def told(email: str, phone: str) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in contact_faults(email, phone)]


@pytest.mark.parametrize("email", GOOD)
def test_an_address_that_mail_can_go_to_is_taken(email: str) -> None:
    assert contact_faults(email, "") == []


@pytest.mark.parametrize(
    ("email", "code"),
    [("rea.example.org", "email_at")]
    + [(email, "email_shape") for email in SHAPELESS]
    + [(email, "email_alphabets") for email in TWO_ALPHABETS],
)
def test_one_that_it_cannot_is_refused(email: str, code: str) -> None:
    assert told(email, "") == [("email", code)]


@pytest.mark.parametrize("phone", ["+370 600 00000", "2813 409-000", "(0281) 34.09/12"])
def test_a_number_is_taken_as_people_write_it(phone: str) -> None:
    assert contact_faults("", phone) == []


@pytest.mark.parametrize("phone", ["call me", "600 000x12", "1234", "٣٤٥٦٧٨"])
def test_a_number_with_letters_is_refused(phone: str) -> None:
    assert told("", phone) == [("phone", "phone_shape")]


@pytest.mark.parametrize("given", ["\u200b", "\u2060\ufeff", "\u00ad \u3000", "\u0301\u0301"])
def test_words_of_which_nothing_is_seen_are_none(given: str) -> None:
    assert tidy_words(given, "text", 100, []) == ""


def test_marks_that_turn_the_direction_are_taken_off_a_line_and_stay_in_a_text() -> None:
    assert tidy_line("Rea\u202e Alder", "name", 100, []) == "Rea Alder"
    assert tidy_words("שלום \u2067abc\u2069", "text", 100, []) == "שלום \u2067abc\u2069"

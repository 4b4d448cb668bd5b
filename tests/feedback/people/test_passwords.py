"""Passwords of staff: how long, of what, kept how, and compared as they were typed."""

from __future__ import annotations

import unicodedata

import pytest

from feedback.columns import table_of
from feedback.errors import Invalid
from feedback.people import accounts
from feedback.people.tables import Account


def test_a_password_is_kept_as_argon2id_at_the_recommended_cost() -> None:
    """RFC 9106, the second recommended option: 64 MiB, three passes, four lanes; a salt of its own each time."""
    one, other = accounts.hash_password("eleven geese"), accounts.hash_password("eleven geese")
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert one != other
    assert "geese" not in one


def test_a_password_has_12_to_200_characters() -> None:
    for wrong in ("", "e" * 11, "e" * 201):
        with pytest.raises(Invalid) as refusal:
            accounts.hash_password(wrong)
        assert refusal.value.faults[0].code == "password_length"
    for right in ("lamp gander 7", "eleven geese over the river and one heron under a bridge, " * 3):
        assert accounts.password_fits(accounts.hash_password(right), right)


@pytest.mark.parametrize(
    "password", ["829461537082", "ένδεκα χήνες", "  a  goose  ,", "🦢🐟🌊🛶🌙🪨🌾🦆🏮🐌🍂🚲"]
)
def test_any_characters_make_a_password(password: str) -> None:
    assert accounts.password_fits(accounts.hash_password(password), password)


@pytest.mark.parametrize(
    "password",
    ["123456789012", "password1234", "qwertyuiopas", "aaaaaaaaaaaa", "abcdefghijkl", "rea@example.org"],
)
def test_a_password_that_is_easy_to_guess_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        accounts.hash_password(password, about=("rea@example.org", "Rea Redd"))
    assert refusal.value.faults[0].code == "password_guessable"


def test_a_password_is_compared_as_it_was_typed() -> None:
    password = " Ένδεκα χήνες πάνω από το ποτάμι"
    stored = accounts.hash_password(password)
    assert accounts.password_fits(stored, password)
    for other in (
        password.strip(),
        password + " ",
        password.lower(),
        password[:-1],
        unicodedata.normalize("NFD", password),
    ):
        assert not accounts.password_fits(stored, other), other


def test_an_account_holds_a_password_and_nothing_else_to_get_in_by() -> None:
    """No hint, no question, no second way."""
    assert {column.name for column in table_of(Account).columns} == {
        *("id", "email", "name", "role", "language"),
        *("password_hash", "password_changed_at", "disabled_at", "made_at"),
        *("version", "notes", "head"),
    }

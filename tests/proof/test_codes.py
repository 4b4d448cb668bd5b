"""Follow-up codes and keys of forms: every slip of one character is found, and nothing foreign is taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from feedback.errors import Expired
from feedback.items import codes
from feedback.items.codes import ALPHABET, CODE_LENGTH, CodeMistyped, KeyForeign
from tests.conftest import fewer

SECRET = b"a secret of the tests, 32 bytes."
NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)

randoms = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")
secrets = st.integers(0, 2**128 - 1).map(lambda number: number.to_bytes(16))
written = randoms.map(lambda random: codes.code_of(SECRET, random))
places = st.integers(0, CODE_LENGTH - 1)
others = st.integers(1, len(ALPHABET) - 1)
"""How many places further in the alphabet a wrong character stands."""
instants = st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
CONFUSED = {"1": "1IiLl", "0": "0Oo", "V": "VvUu"}
GAPS = (" ", "-", "–", "  ", "\u00a0", ". ")


def is_taken(typed: str) -> bool:
    try:
        codes.read_code(typed)
    except CodeMistyped:
        return False
    return True


@fewer(10)
@given(secrets, randoms)
def test_a_code_is_28_characters_of_the_alphabet_and_always_the_same(secret: bytes, random: str) -> None:
    code = codes.code_of(secret, random)
    assert len(code) == CODE_LENGTH
    assert set(code) <= set(ALPHABET)
    assert code == codes.code_of(secret, random)
    assert code != codes.code_of(secret + b"x", random)


@fewer(10)
@given(written, st.integers(0, 2**32))
def test_a_code_is_read_as_people_write_it(code: str, seed: int) -> None:
    chance = Random(seed)
    typed = "".join(chance.choice(CONFUSED.get(c, c + c.lower())) for c in codes.in_groups(code))
    assert codes.read_code(typed.replace(" ", chance.choice(GAPS))) == code


@given(written, places, others)
def test_one_wrong_character_is_found(code: str, place: int, further: int) -> None:
    wrong = ALPHABET[(ALPHABET.index(code[place]) + further) % len(ALPHABET)]
    assert not is_taken(code[:place] + wrong + code[place + 1 :])


@fewer(10)
@given(written, st.integers(0, CODE_LENGTH - 2))
def test_two_neighbours_that_changed_places_are_found(code: str, place: int) -> None:
    slip = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert slip == code or not is_taken(slip)


@fewer(10)
@given(written, places, others)
def test_one_character_more_or_less_is_found(code: str, place: int, further: int) -> None:
    assert not is_taken(code[:place] + code[place + 1 :])
    assert not is_taken(code[:place] + ALPHABET[further] + code[place:])


@pytest.mark.parametrize("number", range(5))
def test_no_single_slip_at_all_passes_in_these_codes(number: int) -> None:
    code = codes.code_of(SECRET, f"{number:032x}")
    slips = {
        code[:place] + character + code[place + 1 :] for place in range(CODE_LENGTH) for character in ALPHABET
    }
    slips |= {
        code[:place] + code[place + 1] + code[place] + code[place + 2 :] for place in range(CODE_LENGTH - 1)
    }
    assert len(slips) > 27 * 31
    assert [slip for slip in slips - {code} if is_taken(slip)] == []


@fewer(10)
@given(st.text(alphabet=st.sampled_from([*ALPHABET, *"ilouILOU-. ", "Ω", "٣"]), max_size=40))
def test_whatever_is_typed_is_a_code_in_its_one_form_or_refused(typed: str) -> None:
    if is_taken(typed):
        code = codes.read_code(typed)
        assert len(code) == CODE_LENGTH
        assert codes.read_code(codes.in_groups(code).lower()) == code


@fewer(10)
@given(secrets, randoms, st.integers(1, 255))
def test_what_is_stored_of_a_code_tells_neither_code_nor_secret(secret: bytes, one: str, other: int) -> None:
    two = f"{int(one, 16) ^ other:032x}"
    first, second = codes.code_of(secret, one), codes.code_of(secret, two)
    assert first != second
    stored = codes.code_hash(secret, first)
    assert stored != codes.code_hash(secret, second)
    assert stored != codes.code_hash(secret + b"x", first)
    assert first.lower() not in stored


# ── keys of forms ───────────────────────────────────────────────────────────────────────────────────────────


@fewer(10)
@given(secrets, instants, st.integers(-3600, 2 * 86_400))
def test_a_key_is_taken_for_a_day(secret: bytes, issued: datetime, seconds: int) -> None:
    key = codes.issue_key(secret, now=issued)
    later = issued + timedelta(seconds=seconds)
    if seconds <= 86_400:
        assert len(codes.check_key(secret, key, now=later)) == 32
    else:
        with pytest.raises(Expired):
            codes.check_key(secret, key, now=later)


@fewer(10)
@given(st.data())
def test_a_key_with_any_other_character_is_foreign(data: st.DataObject) -> None:
    key = codes.issue_key(SECRET, now=NOW)
    place = data.draw(st.integers(0, len(key) - 1))
    character = data.draw(st.characters())
    assume(character != key[place])
    with pytest.raises(KeyForeign):
        codes.check_key(SECRET, key[:place] + character + key[place + 1 :], now=NOW)


@fewer(10)
@given(st.text(max_size=120))
def test_a_key_that_was_never_issued_is_foreign(text: str) -> None:
    with pytest.raises(KeyForeign):
        codes.check_key(SECRET, text, now=NOW)


@fewer(10)
@given(secrets, st.text(max_size=40).filter(str.isascii), st.text(max_size=120))
def test_only_what_was_signed_for_its_purpose_is_read(secret: bytes, value: str, foreign: str) -> None:
    signed = codes.sign(secret, "receipt", value)
    assert codes.unsign(secret, "receipt", signed) == value
    assert codes.unsign(secret, "track", signed) is None
    assert codes.unsign(secret + b"x", "receipt", signed) is None
    assert codes.unsign(secret, "receipt", foreign) is None

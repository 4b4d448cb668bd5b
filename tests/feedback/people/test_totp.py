"""Codes of an authenticator app: the standard's own examples, the window, and that none is taken twice."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.people import totp

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
secrets = st.binary(min_size=32, max_size=32).map(
    lambda key: totp.secret_of(key, account_id=1, salt=totp.new_salt())
)
steps = st.integers(min_value=10, max_value=2**32)


def at(step: int, second: int = 0) -> datetime:
    return datetime.fromtimestamp(step * totp.STEP + second, UTC)


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
    ],
)
def test_the_examples_of_the_standard_fit(second: int, code: str) -> None:
    """RFC 6238, appendix B, the last six of eight digits."""
    now = datetime.fromtimestamp(second, UTC)
    assert totp.find_step(RFC_SECRET, code, now=now, after=-1) == second // 30
    assert totp.find_step(RFC_SECRET, f" {code[:3]} {code[3:]}\n", now=now, after=-1) == second // 30


@given(secrets, steps, st.integers(-3, 3), st.integers(0, 29))
def test_a_code_is_taken_one_step_before_and_after_its_own_and_once(
    shared: str, step: int, away: int, second: int
) -> None:
    now = at(step + away, second)
    code = pyotp.HOTP(shared).at(step)
    others = [pyotp.HOTP(shared).at(step + away + near) for near in (-1, 0, 1) if away + near != 0]
    if code in others:  # One in a million: the code of another step by chance.
        return
    found = totp.find_step(shared, code, now=now, after=-1)
    assert found == (step if abs(away) <= 1 else None)
    assert totp.find_step(shared, code, now=now, after=step) is None, "taken before"
    assert totp.find_step(shared, code, now=now, after=step - 1) == found


@given(secrets, steps, st.text("0123456789٣７x- \u00a0", max_size=8))
def test_nothing_else_is_a_code(shared: str, step: int, typed: str) -> None:
    plain = "".join(typed.split())
    near = {pyotp.HOTP(shared).at(step + away) for away in (-1, 0, 1)}
    assert (totp.find_step(shared, typed, now=at(step), after=-1) is not None) == (plain in near)


def test_a_secret_belongs_to_one_account_one_salt_and_one_installation() -> None:
    salt = totp.new_salt()
    made = {
        totp.secret_of(key, account_id=account, salt=salted)
        for key in (b"a" * 32, b"b" * 32)
        for account in (1, 11)
        for salted in (salt, totp.new_salt())
    }
    assert len(made) == 8 and {len(base64.b32decode(secret)) for secret in made} == {20}


def test_the_address_is_what_apps_read() -> None:
    address = totp.address(RFC_SECRET, account="maria@example.org", issuer="Municipality & Citizen")
    read = pyotp.parse_uri(address)
    assert (read.name, read.issuer, read.secret) == (
        "maria@example.org",
        "Municipality & Citizen",
        RFC_SECRET,
    )

"""Submission keys, follow-up codes and tokens: rules only, the secret comes as an argument.

A submission key is issued with a form (128 bit, signed, stateless) and accepted for 24 hours. From it the
follow-up code is derived, so that a repeated post shows the same code and nothing stored can open an item.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

from feedback.errors import DomainError, Expired
from feedback.text import crockford
from feedback.text.crockford import ALPHABET

KEY_LIVES = timedelta(hours=24)
CODE_LENGTH = 28
CHECK_PRIME = 1021
"""The whole code, read as a number to base 32, is divisible by it: no single error, no swap of neighbours passes."""


class CodeMistyped(DomainError):
    """The check characters do not fit: a typing error, found without asking the database."""

    code = "code_mistyped"


class KeyForeign(DomainError):
    """A submission key that this installation never issued."""

    code = "key_foreign"


def issue_key(secret: bytes, *, now: datetime) -> str:
    """A new submission key for a form."""
    core = f"{secrets.token_hex(16)}.{int(now.timestamp()):x}"
    return f"{core}.{_mac(secret, 'key', core)[:32]}"


def check_key(secret: bytes, key: str, *, now: datetime) -> str:
    """The random part of a key. Refuses KeyForeign (not ours) and Expired (older than 24 hours)."""
    core, _, mac = key.rpartition(".")
    random, _, issued = core.partition(".")
    if len(key) > 100 or not key.isascii() or not hmac.compare_digest(mac, _mac(secret, "key", core)[:32]):
        raise KeyForeign()
    if now - datetime.fromtimestamp(int(issued, 16), UTC) > KEY_LIVES:
        raise Expired("form_expired")
    return random


def issued_at(key: str) -> datetime:
    """When a key was issued, to the second; the caller has checked it."""
    return datetime.fromtimestamp(int(key.split(".")[1], 16), UTC)


def key_hash(random: str) -> str:
    """What is stored of a submission key."""
    return hashlib.sha256(random.encode()).hexdigest()


def code_of(secret: bytes, random: str) -> str:
    """The follow-up code that belongs to a submission key: 26 characters derived, 2 to check."""
    number = int.from_bytes(hmac.new(secret, b"code" + random.encode(), hashlib.sha256).digest()[:17]) >> 6
    number <<= 10
    number += -number % CHECK_PRIME
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(CODE_LENGTH)))


def read_code(typed: str) -> str:
    """A code as typed, in its one form. Refuses CodeMistyped. What is forgiven: `feedback/text/crockford.py`."""
    values = crockford.read(typed)
    if values is None or len(values) != CODE_LENGTH:
        raise CodeMistyped()
    number = 0
    for value in values:
        number = number << 5 | value
    if number % CHECK_PRIME:
        raise CodeMistyped()
    return "".join(ALPHABET[value] for value in values)


def in_groups(code: str) -> str:
    """The code as people read it: seven groups of four."""
    return crockford.in_groups(code)


def code_hash(secret: bytes, code: str) -> str:
    """What is stored of a code: nothing that opens an item without the secret."""
    return _mac(secret, "stored", code)


def new_token() -> str:
    """A 256-bit token for a link in a mail."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def sign(secret: bytes, purpose: str, value: str) -> str:
    """A value with its signature, for cookies and forms: `value.signature`."""
    return f"{value}.{_mac(secret, purpose, value)[:32]}"


def unsign(secret: bytes, purpose: str, signed: str) -> str | None:
    """The value of `sign`, or None where it is not ours."""
    value, _, mac = signed.rpartition(".")
    if not signed.isascii() or not hmac.compare_digest(mac, _mac(secret, purpose, value)[:32]):
        return None
    return value


def _mac(secret: bytes, purpose: str, value: str) -> str:
    return hmac.new(secret, f"{purpose}\n{value}".encode(), hashlib.sha256).hexdigest()

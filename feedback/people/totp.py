"""Codes of an authenticator app (TOTP, RFC 6238): six digits, a new one every 30 seconds, with HMAC-SHA-1.

That is what every app makes. The secret of an app is stored nowhere: it is derived from the installation's secret and
a salt, so that who reads the database can make no codes (docs/decisions/0010). Rules only; who may try how often is
not decided here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import Final

import pyotp

STEP: Final = 30
"""Seconds for which an app shows a code."""
WINDOW: Final = 1
"""Steps before and after the present one whose codes are taken too: clocks differ, and typing takes a while."""
_SECRET_BYTES: Final = 20


def new_salt() -> str:
    """What the secret of a new app is made of: 128 random bits."""
    return secrets.token_hex(16)


def secret_of(secret: bytes, *, account_id: int, salt: str) -> str:
    """The secret that app and portal share: 160 bits in base32, 32 letters."""
    made = hmac.digest(secret, f"totp\n{account_id}\n{salt}".encode(), hashlib.sha256)
    return base64.b32encode(made[:_SECRET_BYTES]).decode()


def find_step(shared: str, code: str, *, now: datetime, after: int) -> int | None:
    """The step that a code as typed belongs to; None where it is wrong, too old or too new, or not later than `after`.

    Spaces are forgiven. `after` is the step of the code that was taken last: none is taken twice.
    """
    plain = "".join(code.split())
    if not re.fullmatch(r"[0-9]{6}", plain, re.ASCII):
        return None
    maker, present = pyotp.HOTP(shared), step_of(now)
    found = None
    for step in range(
        present - WINDOW, present + WINDOW + 1
    ):  # All of them are tried: the time tells nothing.
        if hmac.compare_digest(maker.at(step), plain) and step > after and found is None:
            found = step
    return found


def step_of(now: datetime) -> int:
    """The number of the step that an instant lies in."""
    return int(now.timestamp()) // STEP


def address(shared: str, *, account: str, issuer: str) -> str:
    """What an app reads from the QR: `otpauth://totp/…`."""
    return pyotp.TOTP(shared).provisioning_uri(name=account, issuer_name=issuer)

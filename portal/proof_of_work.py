"""The small sum that a browser does past a limit (ALTCHA, version 2 of its protocol), without asking anybody else.

A challenge is signed and bound to the key of one form: with another form its solution is worth nothing, and with its
own it makes one item, since a key makes one. That spends it, in the database that all processes share. Nothing is
stored for it, nothing of the browser is looked at. The browser's part is `static/js/sum.js`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Final, Literal

import altcha

LEAST, MOST = 200_000, 400_000
"""Hashes until it is solved: about two seconds of a telephone, a third of a second of a desk computer."""
LIVES: Final = 20 * 60
"""Seconds in which it has to be solved."""
PAYLOAD_MOST: Final = 2000
"""Characters of a solution as it is sent; a right one has half of that."""

Found = Literal["none", "solved", "over", "wrong"]
"""Nothing was sent; it is right; it is right and came too late; anything else."""


def challenge(secret: bytes, bound_to: str) -> str:
    """A new challenge (JSON, in base64), for whoever holds the form of this key (`key_hash`)."""
    made = altcha.create_challenge(
        "SHA-256",
        1,
        counter=LEAST + secrets.randbelow(MOST - LEAST),
        expires_at=int(time.time()) + LIVES,
        data={"form": bound_to},
        hmac_secret=_key(secret),
    )
    return base64.b64encode(json.dumps(made.to_dict()).encode()).decode()


def check(secret: bytes, bound_to: str, payload: str) -> Found:
    """What a payload is worth with the form of this key."""
    if not payload:
        return "none"
    if len(payload) > PAYLOAD_MOST:
        return "wrong"
    try:
        sent = altcha.Payload.from_base64(payload)
        data = sent.challenge.parameters.data
        if not isinstance(data, dict) or data.get("form") != bound_to:
            return "wrong"
        result = altcha.verify_solution(sent, _key(secret))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError):
        return "wrong"  # Made by hand.
    return "over" if result.expired else "solved" if result.verified else "wrong"


def _key(secret: bytes) -> bytes:
    return hmac.digest(secret, b"proof of work", hashlib.sha256)

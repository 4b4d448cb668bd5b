"""Signing what is sent by webhook, after Standard Webhooks 1 (`v1`: HMAC-SHA-256). Rules only.

The secret of a subscription is derived from the installation's and a salt of its own: nothing that is stored in the
database, or in a backup of it, signs anything (docs/decisions/0016).
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode


def secret_of(installation: bytes, salt: str) -> bytes:
    """The secret of a subscription: 256 bits."""
    return hmac.new(installation, b"webhook" + salt.encode(), hashlib.sha256).digest()


def shown(secret: bytes) -> str:
    """The secret as the receiver's program wants it; shown once."""
    return "whsec_" + b64encode(secret).decode()


def signature(secret: bytes, *, stable_id: str, timestamp: int, content: bytes) -> str:
    """What stands in `webhook-signature`: over id, the time of sending in seconds, and the content."""
    signed = f"{stable_id}.{timestamp}.".encode() + content
    return "v1," + b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()

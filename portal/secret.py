"""The installation's secret: one key in a file of its own, apart from the database.

Follow-up codes, form keys and signed cookies are made with it. What each is made of is `feedback/items/codes.py`.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets

from msgspec import Struct

from portal.environment import OperatorError
from portal.settings import Settings


class Secret(Struct, frozen=True):
    """The installation's key. Losing it loses every follow-up code; its id is stored with what it made."""

    id: str
    key: bytes

    def __repr__(self) -> str:
        return f"Secret({self.id})"


def make_secret(settings: Settings) -> Secret:
    """The installation's secret, made (0600, 32 random bytes in hex) where there is none yet."""
    file = settings.secret_file
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_secret(settings)
    except OSError as error:
        raise OperatorError(
            f"The secret file {file} cannot be made ({error.strerror}): "
            "make its folder writable or set KANALI_SECRET_FILE."
        ) from error
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(32) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    return read_secret(settings)


def read_secret(settings: Settings, expected_id: str | None = None) -> Secret:
    """The secret of this installation; `expected_id` is what the database says that it was made with.

    Refuses (`OperatorError`): no file, not readable, not a secret, open to others, another installation's.
    """
    file = settings.secret_file
    try:
        text = file.read_text(encoding="ascii").strip()
        mode = file.stat().st_mode
    except FileNotFoundError as error:
        raise OperatorError(
            f"The secret file {file} is missing: put it back from your copy or set KANALI_SECRET_FILE; "
            "follow-up codes cannot be checked without it."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"The secret file {file} cannot be read: correct its owner and mode.") from error
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise OperatorError(
            f"The secret file {file} does not hold a secret (64 hexadecimal digits): put the right one back."
        )
    if mode & 0o027:
        raise OperatorError(f"The secret file {file} is open to others: run chmod 600 {file}.")
    key = bytes.fromhex(text)
    secret = Secret(id=hashlib.sha256(key).hexdigest()[:16], key=key)
    if expected_id is not None and secret.id != expected_id:
        raise OperatorError(
            f"The secret file {file} belongs to another installation (its id is {secret.id}, the database "
            f"was made with {expected_id}): put the right one back or set KANALI_SECRET_FILE."
        )
    return secret

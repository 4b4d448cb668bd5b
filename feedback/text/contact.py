"""How somebody can be reached: the rules for mail addresses and phone numbers.

An address must be one to which mail can go (RFC 5321, 5322 without comments and quoted parts; letters of any one
alphabet, RFC 6531). Whether somebody reads it there is what the confirmation by link is for.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress

from feedback.errors import Fault

EMAIL_MOST = 254
"""RFC 5321, 4.5.3.1.3, less the angle brackets."""
PHONE_MOST = 40

_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_LABEL = re.compile(r"[^\W_]([\w-]*[^\W_])?")
_PHONE = re.compile(r"\+?[0-9 ()/.\-]{5,}")


def contact_faults(email: str, phone: str) -> list[Fault]:
    """What is wrong with an address or a number that was given; empty ones are no fault."""
    faults = []
    if email and len(email) <= EMAIL_MOST and (code := _email_fault(email)):
        faults.append(Fault("email", code))
    if phone and len(phone) <= PHONE_MOST and not _PHONE.fullmatch(phone):
        faults.append(Fault("phone", "phone_shape"))
    return faults


def mailbox_of(email: str) -> str:
    """The mailbox behind an address, to count by: whoever writes it another way floods the same one.

    Case, the writing of letters and dots make no difference, and what follows a plus sign does not either; a host has
    its IDNA name. Two people whose names differ by a dot share a count, and nothing else: mail goes to the address.
    """
    local, _at, host = unicodedata.normalize("NFKC", email).casefold().rpartition("@")
    name = local.partition("+")[0].replace(".", "")
    with suppress(UnicodeError):  # A host that mail cannot reach either.
        host = host.encode("idna").decode("ascii")
    return f"{name or local}@{host}"


def _email_fault(email: str) -> str:
    """The code of what is wrong with an address, empty where nothing is."""
    local, at, host = email.rpartition("@")
    if not at:
        return "email_at"
    labels = host.split(".")
    is_whole = _LOCAL.fullmatch(local) and len(labels) > 1 and all(map(_LABEL.fullmatch, labels))
    if not is_whole or len(labels[-1]) < 2 or labels[-1].isdigit():
        return "email_shape"
    # The slip of whoever writes with two keyboards: a Greek letter looks like a Latin one and no mail arrives.
    if any(len(_alphabets(part)) > 1 for part in (local, *labels)):
        return "email_alphabets"
    return ""


def _alphabets(part: str) -> set[str]:
    """The alphabets of the letters in a part: LATIN, GREEK, CYRILLIC …"""
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in part if letter.isalpha()}

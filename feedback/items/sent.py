"""What somebody sends, and the rules that it must fit: every fault is named at once."""

from __future__ import annotations

import re
import unicodedata

from msgspec import Struct

from feedback.city.part import KINDS
from feedback.city.profile import City
from feedback.errors import Fault, Invalid
from feedback.text.contact import EMAIL_MOST, PHONE_MOST, contact_faults

TEXT_MOST = 4000
PLACE_MOST = 200
NAME_MOST = 120
REASON_MOST = 1000

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\ud800-\udfff]")

_TURNING = dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
"""Marks that turn the direction of what follows: a name needs none, and one that is left open turns its neighbours."""
_UNSEEN = frozenset({"Cf", "Cc", "Zs", "Zl", "Zp", "Mn"})
"""Unicode categories of which nothing is seen alone."""


class Sent(Struct, frozen=True, kw_only=True):
    """A submission as it came in; `check` gives it back tidied or refuses it."""

    kind: str
    text: str
    service: str = ""
    """A service's key, or empty: "I am not sure"."""
    place: str = ""
    lat: float | None = None
    lon: float | None = None
    name: str = ""
    email: str = ""
    phone: str = ""
    is_anonymous: bool = False
    language: str
    """Of the page it was written on: a prior for the text's language, and the language of mails."""
    channel: str = "web"
    files: tuple[str, ...] = ()
    """What tells the files that came with it from others: so a repeated post is known."""


def check(city: City, sent: Sent) -> Sent:
    """The submission tidied (line ends, outer spaces, NFC). Refuses (Invalid) with every fault at once."""
    faults: list[Fault] = []
    kind, service = sent.kind.strip(), sent.service.strip()
    if not kind:
        faults.append(Fault("kind", "kind_missing"))
    elif kind not in KINDS:
        faults.append(Fault("kind", "kind_unknown"))
    text = tidy_words(sent.text, "text", TEXT_MOST, faults)
    if not text:
        faults.append(Fault("text", "text_missing"))
    if service and service not in city.services:
        faults.append(Fault("service", "service_unknown"))
    place = tidy_line(sent.place, "place", PLACE_MOST, faults)
    if (sent.lat is None) != (sent.lon is None) or not (
        -90 <= (sent.lat or 0) <= 90 and -180 <= (sent.lon or 0) <= 180
    ):
        faults.append(Fault("place", "position_unknown"))
    name = email = phone = ""
    if not sent.is_anonymous:  # Anonymous means that nothing of the sender is kept, whatever was typed.
        name = tidy_line(sent.name, "name", NAME_MOST, faults)
        email = tidy_line(sent.email, "email", EMAIL_MOST, faults)
        phone = tidy_line(sent.phone, "phone", PHONE_MOST, faults)
        faults += contact_faults(email, phone)
    if faults:
        raise Invalid(faults)
    return Sent(
        kind=kind,
        text=text,
        service=service,
        place=place,
        lat=sent.lat,
        lon=sent.lon,
        name=name,
        email=email,
        phone=phone,
        is_anonymous=sent.is_anonymous,
        language=sent.language,
        channel=sent.channel,
        files=sent.files,
    )


def tidy_words(given: str, field: str, most: int, faults: list[Fault]) -> str:
    """Text of several lines, tidied; empty where nothing of it is seen. Its faults are added to `faults`."""
    text = given.replace("\r\n", "\n").replace("\r", "\n").strip()
    if _CONTROL.search(text):
        faults.append(Fault(field, "control_characters"))
        return text
    text = unicodedata.normalize("NFC", text)
    if all(unicodedata.category(letter) in _UNSEEN for letter in text):
        return ""
    if len(text) > most:
        faults.append(Fault(field, "too_long", most=most, length=len(text)))
    return text


def check_reason(given: str) -> str:
    """The reason of a deed that asks for nothing else, tidied. Refuses Invalid where there is none, or too much."""
    faults: list[Fault] = []
    reason = tidy_words(given, "reason", REASON_MOST, faults)
    if not reason:
        faults.append(Fault("reason", "reason_missing"))
    if faults:
        raise Invalid(faults)
    return reason


def tidy_line(given: str, field: str, most: int, faults: list[Fault]) -> str:
    """Text of one line, tidied; its faults are added to `faults`."""
    if "\n" in given.strip() or "\r" in given.strip():
        faults.append(Fault(field, "control_characters"))
        return given
    return tidy_words(given.translate(_TURNING), field, most, faults)

"""The ceremonies of a passkey (WebAuthn level 3): what a browser is asked, and whether what it gives is right.

A passkey is bound to one host name and makes sure of its person (a finger, a face, a number), so it signs in alone.
A challenge is random, signed, good for five minutes, for one purpose and once; nothing is stored before an answer was
right. What becomes of a passkey is `feedback/people/factors.py`.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import webauthn
from msgspec import Struct
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from feedback.errors import DomainError
from feedback.people import factors
from feedback.people.factors import PasskeyView
from portal.access import LOOPBACK
from portal.pages import Visit
from portal.settings import Settings

CHALLENGE_LIVES: Final = timedelta(minutes=5)
CREDENTIAL_MOST: Final = 20_000
"""Characters of what a browser gives: a key, two hashes and a signature are some hundreds."""
_FAULTS: Final = (
    WebAuthnException,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What the library raises for what is no credential, some of it from the decoders below it."""
_MILLISECONDS: Final = int(CHALLENGE_LIVES.total_seconds() * 1000)
_RANDOM, _TIME, _MAC = 16, 4, 16


class PasskeyRefused(DomainError):
    """What a browser gave is no passkey of this account and this portal, or came too late."""

    code = "passkey_refused"


class Registered(Struct, frozen=True):
    """A new credential that was found right."""

    credential_id: str
    public_key: str
    sign_count: int
    transports: list[str]


class Shown(Struct, frozen=True):
    """A passkey whose signature was found right, and the count that it gave."""

    passkey_id: int
    account_id: int
    sign_count: int
    challenge: bytes
    challenge_ends_at: datetime


def host_of(settings: Settings) -> str:
    """The name that passkeys are bound to (the RP ID); empty where the portal has an address of numbers only.

    On the loopback it is `localhost`, whatever name of this machine the public address has: a browser makes passkeys
    for names only, and over http for this one alone.
    """
    parts = urlsplit(settings.public_url)
    host = parts.hostname or ""
    if parts.netloc.rpartition(":")[0] in LOOPBACK or parts.netloc in LOOPBACK:
        return "localhost"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return ""


def address_of(settings: Settings) -> str:
    """The address (origin) at which passkeys work; empty where nowhere."""
    parts, host = urlsplit(settings.public_url), host_of(settings)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}" if host else ""


# ── making one ──────────────────────────────────────────────────────────────────────────────────────────────


def creation_options(visit: Visit, *, email: str, known: list[PasskeyView]) -> str:
    """What a browser needs to make a passkey for whoever is signed in, as JSON.

    Refuses PasskeyRefused where the portal has no name (`host_of`).
    """
    host = host_of(visit.site.settings)
    if not host:
        raise PasskeyRefused()
    account_id = visit.staff.account_id
    options = webauthn.generate_registration_options(
        rp_id=host,
        rp_name=host,
        user_id=_handle(visit, account_id),
        user_name=email,
        user_display_name=visit.staff.name,
        challenge=_challenge(visit, f"make {account_id}"),
        timeout=_MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(known),
    )
    return webauthn.options_to_json(options)


def check_new(visit: Visit, given: str) -> Registered:
    """The passkey that a browser has made for whoever is signed in. Refuses PasskeyRefused."""
    with _refusing(given):
        credential = parse_registration_credential_json(given)
        challenge = parse_client_data_json(credential.response.client_data_json).challenge
        _check_challenge(visit, f"make {visit.staff.account_id}", challenge)
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=host_of(visit.site.settings),
            expected_origin=address_of(visit.site.settings),
            require_user_verification=True,
        )
    known = {transport.value for transport in AuthenticatorTransport}
    told = [str(getattr(one, "value", one)) for one in credential.response.transports or []]
    return Registered(
        credential_id=bytes_to_base64url(verified.credential_id),
        public_key=bytes_to_base64url(verified.credential_public_key),
        sign_count=verified.sign_count,
        transports=[transport for transport in told if transport in known],
    )


# ── showing one ─────────────────────────────────────────────────────────────────────────────────────────────


def request_options(visit: Visit, *, known: list[PasskeyView] | None = None) -> str:
    """What a browser needs to show a passkey, as JSON: any of this portal, or one of those `known`."""
    host = host_of(visit.site.settings)
    if not host:
        raise PasskeyRefused()
    options = webauthn.generate_authentication_options(
        rp_id=host,
        challenge=_challenge(visit, "show"),
        timeout=_MILLISECONDS,
        allow_credentials=_described(known or []),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def check_shown(visit: Visit, given: str) -> Shown:
    """The passkey that a browser has shown. Refuses PasskeyRefused, for every reason alike."""
    with _refusing(given):
        credential = parse_authentication_credential_json(given)
        challenge = parse_client_data_json(credential.response.client_data_json).challenge
        ends_at = _check_challenge(visit, "show", challenge)
    with visit.site.database.read() as session:
        found = factors.find_passkey(session, bytes_to_base64url(credential.raw_id))
    handle = credential.response.user_handle
    if found is None or (handle and not hmac.compare_digest(handle, _handle(visit, found.account_id))):
        raise PasskeyRefused()
    with _refusing(given):
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=host_of(visit.site.settings),
            expected_origin=address_of(visit.site.settings),
            credential_public_key=base64url_to_bytes(found.public_key),
            credential_current_sign_count=0,  # Its growth is judged in the write that keeps it.
            require_user_verification=True,
        )
    return Shown(found.id, found.account_id, verified.new_sign_count, challenge, ends_at)


@contextmanager
def _refusing(given: str) -> Iterator[None]:
    """Whatever is wrong with what a browser gave is PasskeyRefused."""
    if not given or len(given) > CREDENTIAL_MOST:
        raise PasskeyRefused()
    try:
        yield
    except _FAULTS as fault:
        raise PasskeyRefused() from fault


def _described(known: list[PasskeyView]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(one.credential_id),
            transports=[AuthenticatorTransport(transport) for transport in one.transports],
        )
        for one in known
    ]


def _handle(visit: Visit, account_id: int) -> bytes:
    """What a passkey knows its account by: tells nobody who it is (WebAuthn 14.6.1)."""
    return hmac.digest(visit.site.secret.key, f"passkey\n{account_id}".encode(), hashlib.sha256)


def _challenge(visit: Visit, purpose: str) -> bytes:
    issued = int(datetime.now(UTC).timestamp())
    core = secrets.token_bytes(_RANDOM) + issued.to_bytes(_TIME)
    return core + _mac(visit, purpose, core)


def _check_challenge(visit: Visit, purpose: str, challenge: bytes) -> datetime:
    """When a challenge of ours ends. Refuses PasskeyRefused: another's, for something else, too old."""
    core, mac = challenge[: _RANDOM + _TIME], challenge[_RANDOM + _TIME :]
    if len(core) != _RANDOM + _TIME or not hmac.compare_digest(mac, _mac(visit, purpose, core)):
        raise PasskeyRefused()
    ends_at = datetime.fromtimestamp(int.from_bytes(core[_RANDOM:]), UTC) + CHALLENGE_LIVES
    if datetime.now(UTC) >= ends_at:
        raise PasskeyRefused()
    return ends_at


def _mac(visit: Visit, purpose: str, core: bytes) -> bytes:
    message = b"challenge\n" + purpose.encode() + b"\n" + core
    return hmac.digest(visit.site.secret.key, message, hashlib.sha256)[:_MAC]

"""What an identity provider says of somebody: an ID token, read and checked. Rules only, no network.

By OpenID Connect Core 3.1.3.7 and RFC 8725: the algorithm is chosen from our list and must fit the provider's key,
never the other way round; issuer, audience, times and nonce are ours to compare. What is refused is refused with a
code, never with a word of the token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import JWKRegistry
from msgspec import Struct

ALGORITHMS: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP", "Ed25519": "OKP"}
"""Signatures that are taken, each with the sort of key that makes it. Never `none`, and never a shared secret (HS…): a
provider's public key is known to everybody."""
SKEW: Final = 60
"""Seconds by which the clocks of provider and portal may differ."""
OLDEST: Final = 600
"""Seconds since a token was made: it was asked for a moment ago."""
SUBJECT_MOST: Final = 255
RSA_BITS_LEAST: Final = 2048


# Its newer name says which curve (RFC 9864); providers still write the old one, and not each sign-in is to say so.
warnings.filterwarnings("ignore", category=SecurityWarning, message="EdDSA is deprecated")


class TokenRefused(Exception):
    """A token that is not to be believed. `code` says why, for the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class KeyUnknown(TokenRefused):
    """None of the keys given has signed it: the provider may have another by now."""


class Claims(Struct, frozen=True):
    """What is believed of a token."""

    subject: str
    email: str
    """Empty where the token names none."""
    is_email_verified: bool


def read(
    token: str,
    keys: Iterable[Mapping[str, Any]],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
    now: float,
) -> Claims:
    """The claims of a token (`now` in seconds of the epoch). Refuses TokenRefused, and KeyUnknown."""
    header = _header(token)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenRefused("algorithm")
    payload = _verified(token, algorithm, _fitting(keys, header.get("kid"), algorithm))
    try:
        said = msgspec.json.decode(payload, type=dict[str, Any])
    except msgspec.MsgspecError as fault:
        raise TokenRefused("no_claims") from fault
    if said.get("iss") != issuer:
        raise TokenRefused("issuer")
    _check_audience(said, client_id)
    _check_times(said, now)
    if not hmac.compare_digest(str(said.get("nonce", "")).encode(), nonce.encode()):
        raise TokenRefused("nonce")
    _check_access_token(said, algorithm, access_token)
    subject = said.get("sub")
    if (
        not isinstance(subject, str)
        or not subject
        or len(subject) > SUBJECT_MOST
        or not (subject.isascii() and subject.isprintable())
    ):
        raise TokenRefused("subject")
    return Claims(subject, *email_of(said))


def email_of(said: Mapping[str, Any]) -> tuple[str, bool]:
    """The address that claims name, and whether the provider has made sure of it: true and nothing like it."""
    email = said.get("email")
    return (email, said.get("email_verified") is True) if isinstance(email, str) else ("", False)


def _header(token: str) -> dict[str, Any]:
    part = token.partition(".")[0]
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (ValueError, msgspec.MsgspecError) as fault:
        raise TokenRefused("no_token") from fault


def _fitting(keys: Iterable[Mapping[str, Any]], kid: object, algorithm: str) -> list[Mapping[str, Any]]:
    """The provider's keys that may have made this signature. A token that names no key fits each of its sort."""
    found = [
        key
        for key in keys
        if key.get("kty") == ALGORITHMS[algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    ]
    if not found:
        raise KeyUnknown("key")
    return found


def _verified(token: str, algorithm: str, keys: list[Mapping[str, Any]]) -> bytes:
    """The payload that one of the keys has signed."""
    for key in keys:
        try:
            imported = JWKRegistry.import_key(dict(key))
            if key.get("kty") == "RSA" and imported.public_key.key_size < RSA_BITS_LEAST:  # type: ignore[union-attr]
                continue
            return bytes(jws.deserialize_compact(token, imported, algorithms=[algorithm]).payload)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    raise KeyUnknown("signature")


def _check_audience(said: Mapping[str, Any], client_id: str) -> None:
    """It is for us; one that is for others as well must say that we asked for it."""
    given = said.get("aud")
    audience = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    if client_id not in audience:
        raise TokenRefused("audience")
    if said.get("azp", client_id) != client_id or (len(audience) > 1 and "azp" not in said):
        raise TokenRefused("authorized_party")


def _check_times(said: Mapping[str, Any], now: float) -> None:
    ends, made, begins = said.get("exp"), said.get("iat"), said.get("nbf", 0)
    if not all(isinstance(at, int | float) and not isinstance(at, bool) for at in (ends, made, begins)):
        raise TokenRefused("times")
    if now >= ends + SKEW:  # type: ignore[operator]  # numbers, as was just seen
        raise TokenRefused("expired")
    if made > now + SKEW or begins > now + SKEW:  # type: ignore[operator]
        raise TokenRefused("not_yet")
    if made < now - OLDEST:  # type: ignore[operator]
        raise TokenRefused("old")


def _check_access_token(said: Mapping[str, Any], algorithm: str, access_token: str) -> None:
    """Where the token names the access token that came along, it is that one (`at_hash`; SHA-256 for all …256)."""
    named = said.get("at_hash")
    if named is None or not algorithm.endswith("256"):
        return
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    if named != base64.urlsafe_b64encode(half).rstrip(b"=").decode():
        raise TokenRefused("access_token")

"""Signing in with the city's own provider of identities: OpenID Connect as its client, the network part.

The one place where a request waits for another host, so what it may cost is bounded: five seconds in all, however
slowly somebody answers, on a thread of its own, and no more than `AT_ONCE` requests wait for it at a time
(docs/decisions/0011). The provider is that of the settings; no address that a visitor named is ever asked for anything.
Authorization code with PKCE (RFC 7636, S256), state and nonce; what a token says is judged by `id_token.py`, who may
sign in by `feedback/people/identities.py`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec
from msgspec import Struct

from portal import id_token
from portal.environment import Oidc, is_good_provider
from portal.id_token import Claims, KeyUnknown, TokenRefused

LIMIT: Final = 5.0
"""Seconds for everything that one request asks of the provider."""
AT_ONCE: Final = 4
"""Requests of a process that may wait for the provider; the next is asked to come back."""
ANSWER_MOST: Final = 256 * 1024
"""Bytes of an answer that are read."""
KNOWN_FOR: Final = 3600
"""Seconds for which the provider's description and keys are kept."""
KEYS_AGAIN: Final = 30
"""Seconds between two looks for a key that is not known: nobody can make us ask for it all day."""

Got = TypeVar("Got")


class ProviderSilent(Exception):
    """It did not answer in time, or too many wait for it: the same again later may be right."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Description(Struct, frozen=True):
    """What the provider says of itself (OpenID Connect Discovery 1.0), as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Keys(Struct):
    keys: list[dict[str, Any]]


class _Tokens(Struct):
    id_token: str
    access_token: str = ""


RETURN: Final = "/staff/provider/return"
"""Where the provider sends people back, behind the public address."""


class Provider:
    """The provider of the settings, with what is known of it. Asks nothing until the first sign-in."""

    def __init__(self, config: Oidc, public_url: str, *, limit: float = LIMIT) -> None:
        self.config = config
        self._return_to = public_url + RETURN
        self._limit = limit
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._starting = threading.Lock()
        self._trusts: ssl.SSLContext | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._description: tuple[float, Description] | None = None
        self._keys: tuple[float, list[dict[str, Any]]] | None = None
        self._looked_again = float("-inf")

    def ask_for(self, *, state: str, nonce: str, verifier: str, language: str) -> str:
        """The address to which somebody is sent to sign in. Refuses ProviderSilent, and TokenRefused (nonsense)."""
        found = self._known() or self._wait_for(self._describe)
        digest = hashlib.sha256(verifier.encode()).digest()
        parameters = {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": self._return_to,
            "scope": "openid email",
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "ui_locales": language,
        }
        joint = "&" if urlsplit(found.authorization_endpoint).query else "?"
        return f"{found.authorization_endpoint}{joint}{urlencode(parameters)}"

    def redeem(self, code: str, *, answered_by: str | None, nonce: str, verifier: str) -> Claims:
        """Who somebody is that came back with this code.

        `answered_by` is the `iss` of the answer, None where it had none (RFC 9207: another provider's answer is not
        taken for ours). Refuses ProviderSilent and TokenRefused.
        """

        async def ask(client: httpx.AsyncClient) -> Claims:
            found = await self._describe(client)
            if answered_by is None and found.authorization_response_iss_parameter_supported:
                raise TokenRefused("answer_of_nobody")
            tokens = await self._exchange(client, found, code, verifier)
            claims = await self._read(client, found, tokens, nonce)
            if not claims.email and found.userinfo_endpoint and tokens.access_token:
                claims = await _told(client, found, tokens, claims)
            return claims

        if answered_by is not None and answered_by != self.config.issuer:
            raise TokenRefused("answer_of_another")
        return self._wait_for(ask)

    # ── what is asked ───────────────────────────────────────────────────────────────────────────────────────

    def _known(self) -> Description | None:
        """The description, as long as it is fresh."""
        kept = self._description
        return kept[1] if kept is not None and kept[0] >= time.monotonic() - KNOWN_FOR else None

    async def _describe(self, client: httpx.AsyncClient) -> Description:
        known = self._known()
        if known is not None:
            return known
        address = self.config.issuer.rstrip("/") + "/.well-known/openid-configuration"
        found = await _answer(client, "GET", address, Description)
        endpoints = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
        if found.issuer != self.config.issuer:
            raise TokenRefused("description_of_another")
        if not all(map(is_good_provider, (*endpoints, *filter(None, [found.userinfo_endpoint])))):
            raise TokenRefused("description_insecure")
        self._description = (time.monotonic(), found)
        return found

    async def _exchange(
        self, client: httpx.AsyncClient, found: Description, code: str, verifier: str
    ) -> _Tokens:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._return_to,
            "code_verifier": verifier,
        }
        known, secret = self.config.client_id, self.config.client_secret
        auth = None
        if "client_secret_basic" in found.token_endpoint_auth_methods_supported:
            auth = httpx.BasicAuth(quote(known, safe=""), quote(secret, safe=""))  # RFC 6749, 2.3.1
        else:
            fields |= {"client_id": known, "client_secret": secret}
        return await _answer(client, "POST", found.token_endpoint, _Tokens, data=fields, auth=auth)

    async def _read(
        self, client: httpx.AsyncClient, found: Description, tokens: _Tokens, nonce: str
    ) -> Claims:
        """The claims of the ID token; a key that is not known is looked for once more, since keys are changed."""

        def read(keys: list[dict[str, Any]]) -> Claims:
            return id_token.read(
                tokens.id_token,
                keys,
                issuer=self.config.issuer,
                client_id=self.config.client_id,
                nonce=nonce,
                access_token=tokens.access_token,
                now=time.time(),
            )

        now = time.monotonic()
        if self._keys is None or self._keys[0] < now - KNOWN_FOR:
            return read(await self._fetch_keys(client, found))
        try:
            return read(self._keys[1])
        except KeyUnknown:
            if now - self._looked_again < KEYS_AGAIN:
                raise
            self._looked_again = now
            return read(await self._fetch_keys(client, found))

    async def _fetch_keys(self, client: httpx.AsyncClient, found: Description) -> list[dict[str, Any]]:
        keys = (await _answer(client, "GET", found.jwks_uri, _Keys)).keys
        self._keys = (time.monotonic(), keys)
        return keys

    # ── how it is waited for ────────────────────────────────────────────────────────────────────────────────

    def _wait_for(self, ask: Callable[[httpx.AsyncClient], Awaitable[Got]]) -> Got:
        """What is asked, on the thread of the network, within the limit; this thread waits."""
        if not self._places.acquire(blocking=False):
            raise ProviderSilent("many_wait")
        try:
            waiting = asyncio.run_coroutine_threadsafe(self._within_limit(ask), self._network())
            # The limit is kept over there; a second more than that would be a fault of ours.
            return waiting.result(self._limit + 1)
        except TimeoutError as fault:
            raise ProviderSilent("too_slow") from fault
        except httpx.HTTPError as fault:
            raise ProviderSilent("unreachable") from fault
        finally:
            self._places.release()

    async def _within_limit(self, ask: Callable[[httpx.AsyncClient], Awaitable[Got]]) -> Got:
        # The trusted authorities are read once: that takes longer than a sign-in.
        self._trusts = self._trusts or httpx.create_ssl_context()
        async with (
            asyncio.timeout(self._limit),
            httpx.AsyncClient(timeout=self._limit, verify=self._trusts) as client,
        ):
            return await ask(client)

    def _network(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="provider", daemon=True).start()
            return self._loop

    def close(self) -> None:
        """End the thread of the network."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)


async def _answer(
    client: httpx.AsyncClient, method: str, address: str, kind: type[Got], *, bearer: str = "", **more: Any
) -> Got:
    """An answer as JSON. Redirects are not followed. Refuses TokenRefused: another status, too large, not its shape."""
    headers = {"Accept": "application/json", **({"Authorization": f"Bearer {bearer}"} if bearer else {})}
    async with client.stream(method, address, headers=headers, **more) as response:
        if response.status_code >= 500:
            raise ProviderSilent("broken")
        if response.status_code != 200:
            raise TokenRefused(f"status_{response.status_code}")
        content = b""
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > ANSWER_MOST:
                raise TokenRefused("too_large")
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError as fault:
        raise TokenRefused("nonsense") from fault


async def _told(client: httpx.AsyncClient, found: Description, tokens: _Tokens, claims: Claims) -> Claims:
    """The address from the provider's own record, where the token names none; refused if it is of somebody else."""
    said = await _answer(client, "GET", found.userinfo_endpoint, dict[str, Any], bearer=tokens.access_token)
    if said.get("sub") != claims.subject:
        raise TokenRefused("record_of_another")
    return Claims(claims.subject, *id_token.email_of(said))

"""The edge: the first to see a request, before the framework does.

What reaches a handler has the right host, an address and headers that are text, and a body that came in time and is
not too large; anything else is refused here with a 4xx. Headers that no handler reads end here, so that nothing of a
person's browser can be stored or logged further in; of the sender's address only a `Source` goes on, for limits.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from portal import security
from portal.access import LOOPBACK
from portal.settings import Settings
from portal.source import find_source

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

BODY_MOST: Final = 200_000
"""Bytes of a form: the longest answer in the widest letters, with room."""
BODY_SECONDS: Final = 30
"""How long a body may take to arrive."""
ADDRESS_MOST: Final = 4_000
"""Bytes of path and query."""
HEADERS_MOST: Final = 100
HEADER_BYTES_MOST: Final = 32_000

READ: Final = frozenset(
    {
        *(b"accept", b"accept-encoding", b"accept-language", b"content-length", b"content-type", b"cookie"),
        *(b"host", b"hx-request", b"if-none-match", b"origin", b"sec-fetch-site"),
    }
)
"""The headers that go on to the handlers. Whoever wants another puts it here and says why."""

FIELDS_MOST: Final = 60
METHODS: Final = frozenset({"GET", "POST"})
FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
NOTED: Final = frozenset({400, 408, 413, 414, 415, 421, 431})
"""Refusals that no browser on our pages meets; another method is what programs ask that watch or index."""
SOURCE: Final = "kanali.source"

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ufeff\ufffe\uffff]")


class Refusal(Exception):
    """A request that goes no further, by its status."""

    def __init__(self, status: int) -> None:
        self.status = status


class Edge:
    """The portal as the server calls it.

    `refuse` makes the page of a refusal; `broken` the one that needs nothing, where no page can be made.
    """

    def __init__(
        self,
        app: App,
        settings: Settings,
        *,
        refuse: Callable[[Scope, int], Awaitable[App]],
        broken: Callable[[Exception], App],
    ) -> None:
        self._app, self._refuse, self._broken = app, refuse, broken
        self._hosts = hosts_of(settings.public_url)
        self._proxies = settings.trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_begun = False

        async def watched(message: dict[str, Any]) -> None:
            nonlocal is_begun
            is_begun = True
            await send(message)

        try:
            await self._answer(scope, receive, watched)
        except Exception as error:  # noqa: BLE001  whatever it was: the person is told, and nobody else
            answer = self._broken(error)
            if not is_begun:
                await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] not in METHODS:
                raise Refusal(405)
            headers = checked_headers(scope["headers"])
            if not scope["path"].startswith("/health/"):  # Asked by machines that know the port only.
                self._check_host(headers)
            check_address(scope)
            body = await read_body(scope, headers, receive)
        except Refusal as refusal:
            if refusal.status in NOTED:
                security.tell("request_refused", status=refusal.status)
            page = await self._refuse(scope, refusal.status)
            await page(scope, receive, send)
            return
        source = find_source(scope, self._proxies)
        # In place: what the framework finds out (the route) is for the log around us too.
        scope["headers"] = [(name, value) for name, value in headers if name in READ]
        scope["client"] = None
        scope[SOURCE] = source
        await self._app(scope, _replay(body, receive), send)

    def _check_host(self, headers: list[tuple[bytes, bytes]]) -> None:
        sent = [value for name, value in headers if name == b"host"]
        if len(sent) != 1 or sent[0].decode().lower() not in self._hosts:
            raise Refusal(421)


def hosts_of(public_url: str) -> frozenset[str]:
    """What may stand in Host: the public address; the names of the loopback stand for one another."""
    parts = urlsplit(public_url.lower())
    port = {"http": 80, "https": 443}[parts.scheme]
    name = parts.netloc.removesuffix(f":{parts.port}") if parts.port else parts.netloc
    names = LOOPBACK if name in LOOPBACK else {name}
    hosts = {f"{one}:{parts.port or port}" for one in names}
    return frozenset(hosts | (names if (parts.port or port) == port else set()))


def checked_headers(headers: Any) -> list[tuple[bytes, bytes]]:
    """The headers with lower-case names. Refuses (431) too many or too much, (400) those of ours that are no ASCII."""
    found = [(bytes(name).lower(), bytes(value)) for name, value in headers]
    if len(found) > HEADERS_MOST or sum(len(name) + len(value) for name, value in found) > HEADER_BYTES_MOST:
        raise Refusal(431)
    for name, value in found:
        if name in READ and (not value.isascii() or any(byte < 32 and byte != 9 for byte in value)):
            raise Refusal(400)
    return found


def check_address(scope: Scope) -> None:
    """Refuses (414) an address that is too long, (400) one that is no text or hides control characters in it."""
    path = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
    query = scope.get("query_string", b"")
    if len(path) + len(query) > ADDRESS_MOST:
        raise Refusal(414)
    for part in (path, query):
        try:
            text = unquote_to_bytes(part).decode()
        except UnicodeDecodeError:
            raise Refusal(400) from None
        if _CONTROL.search(text):
            raise Refusal(400)


async def read_body(scope: Scope, headers: list[tuple[bytes, bytes]], receive: Receive) -> bytes:
    """The whole body. Refuses (413) a large one, (408) a slow one, (415) what is no form, (400) half a one."""
    told = {name: value.decode() for name, value in headers if name in (b"content-length", b"content-type")}
    length = told.get(b"content-length", "0")
    if not re.fullmatch(r"[0-9]{1,15}", length):
        raise Refusal(400)
    if int(length) > BODY_MOST:
        raise Refusal(413)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refusal(400)
                body += message.get("body", b"")
                if len(body) > BODY_MOST:
                    raise Refusal(413)
                if not message.get("more_body", False):
                    break
    except TimeoutError:
        raise Refusal(408) from None
    if body and scope["method"] == "POST":
        check_kind(told.get(b"content-type", ""))
        if body.count(b"&") >= FIELDS_MOST:
            raise Refusal(400)
    return bytes(body)


def check_kind(content_type: str) -> None:
    """Refuses (415) a body that is no form, or one in an alphabet other than UTF-8."""
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [part.partition("=")[2].strip('"') for part in parameters if part.startswith("charset=")]
    if kind not in FORMS or any(charset not in ("utf-8", "utf8", "us-ascii") for charset in charsets):
        raise Refusal(415)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body that was read, once; then whatever the server says."""
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> dict[str, Any]:
        return parts.pop() if parts else await receive()

    return again

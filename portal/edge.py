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

from msgspec import Struct

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
FILES_BODY_MOST: Final = 25_000_000
"""Bytes of a form with files, on the addresses that take them."""
BYTES_A_SECOND: Final = 80_000
"""The slowest that files may come: 25 MB in five minutes and a half."""
DRAINED_MOST: Final = 60_000_000
"""Bytes of too large a form that are read and dropped: a browser shows our answer only once it has sent all."""
LARGE_AT_ONCE: Final = 6
"""Forms with files that a process holds in memory at once; further ones wait for their place."""
PLACE_SECONDS: Final = 20
"""How long they wait before they are told to come again."""
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
PLAIN: Final = "application/x-www-form-urlencoded"
PARTS: Final = "multipart/form-data"
NOTED: Final = frozenset({400, 408, 413, 414, 415, 421, 431})
"""Refusals that no browser on our pages meets; another method is what programs ask that watch or index."""
SOURCE: Final = "kanali.source"
BODY: Final = "kanali.body"
"""Where the body of a form in parts goes on: the framework does not see it."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ufeff\ufffe\uffff]")


class Refusal(Exception):
    """A request that goes no further, by its status. `is_usual`: it may be a person with a large photo."""

    def __init__(self, status: int, *, is_usual: bool = False) -> None:
        self.status, self.is_usual = status, is_usual


class Edge:
    """The portal as the server calls it.

    `refuse` makes the page of a refusal; `broken` the one that needs nothing, where no page can be made;
    `takes_files` says whether a form with files may come to a path.
    """

    def __init__(
        self,
        app: App,
        settings: Settings,
        *,
        refuse: Callable[[Scope, int], Awaitable[App]],
        broken: Callable[[Exception], App],
        takes_files: Callable[[str], bool] = lambda path: False,
    ) -> None:
        self._app, self._refuse, self._broken = app, refuse, broken
        self._takes_files = takes_files
        self._places = asyncio.Semaphore(LARGE_AT_ONCE)
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
            expected = expect(scope, headers, takes_files=self._takes_files(scope["path"]))
            if expected.is_large:
                await self._take_place()
        except Refusal as refusal:
            await self._tell(refusal, scope, receive, send)
            return
        try:
            await self._let_in(scope, headers, expected, receive, send)
        finally:
            if expected.is_large:
                self._places.release()

    async def _let_in(
        self,
        scope: Scope,
        headers: list[tuple[bytes, bytes]],
        expected: Expected,
        receive: Receive,
        send: Send,
    ) -> None:
        try:
            body = await read_body(scope, expected, receive)
        except Refusal as refusal:
            await self._tell(refusal, scope, receive, send)
            return
        source = find_source(scope, self._proxies)
        # In place: what the framework finds out (the route) is for the log around us too.
        scope["headers"] = [(name, value) for name, value in headers if name in READ]
        scope["client"] = None
        scope[SOURCE] = source
        if expected.kind == PARTS:
            scope[BODY], body = body, b""
        await self._app(scope, _replay(body, receive), send)

    async def _tell(self, refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
        if refusal.status in NOTED and not refusal.is_usual:
            security.tell("request_refused", status=refusal.status)
        page = await self._refuse(scope, refusal.status)
        await page(scope, receive, send)

    async def _take_place(self) -> None:
        try:
            async with asyncio.timeout(PLACE_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise Refusal(503) from None

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


class Expected(Struct, frozen=True):
    """What is known of a body before it comes."""

    kind: str
    """Of form; empty where it says none."""
    length: int | None
    """As it says itself; None where it comes in chunks."""
    most: int
    seconds: float
    is_large: bool
    """It may be larger than any plain form, and wants a place of its own in memory."""


def expect(scope: Scope, headers: list[tuple[bytes, bytes]], *, takes_files: bool) -> Expected:
    """What may come. Refuses (413) what says that it is too large, (415) what is no form of ours, (400) bad lengths."""
    told = {name: value.decode() for name, value in headers if name in (b"content-length", b"content-type")}
    length = told.get(b"content-length", "")
    if length and not re.fullmatch(r"[0-9]{1,15}", length):
        raise Refusal(400)
    found = int(length) if length else None
    kind = ""
    if scope["method"] == "POST" and found != 0:
        kind = kind_of(told.get(b"content-type", ""), takes_files=takes_files)
    if kind != PARTS:
        if found is not None and found > BODY_MOST:
            raise Refusal(413)
        return Expected(kind, found, BODY_MOST, BODY_SECONDS, is_large=False)
    if found is not None and found > DRAINED_MOST:
        raise Refusal(413, is_usual=True)
    seconds = (
        BODY_SECONDS + min(FILES_BODY_MOST if found is None else found, FILES_BODY_MOST) / BYTES_A_SECOND
    )
    return Expected(kind, found, FILES_BODY_MOST, seconds, is_large=found is None or found > BODY_MOST)


async def read_body(scope: Scope, expected: Expected, receive: Receive) -> bytes:
    """The whole body. Refuses (413) a large one, (408) a slow one, (415) what is no form, (400) half a one."""
    body, count = bytearray(), 0
    try:
        async with asyncio.timeout(expected.seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refusal(400)
                part = message.get("body", b"")
                count += len(part)
                if count <= expected.most:
                    body += part
                elif expected.kind == PARTS and count <= DRAINED_MOST:
                    body.clear()
                else:
                    raise Refusal(413, is_usual=expected.is_large)
                if not message.get("more_body", False):
                    break
    except TimeoutError:
        raise Refusal(408, is_usual=expected.is_large) from None
    if count > expected.most:
        raise Refusal(413, is_usual=True)
    if body and scope["method"] == "POST" and not expected.kind:
        raise Refusal(415)
    if expected.kind == PLAIN and body.count(b"&") >= FIELDS_MOST:
        raise Refusal(400)
    return bytes(body)


def kind_of(content_type: str, *, takes_files: bool) -> str:
    """Which kind of form it is; empty where nothing is said.

    Refuses (415) what is none, one in an alphabet other than UTF-8, and parts where no files are taken.
    """
    kind, *parameters = (part.strip() for part in content_type.split(";"))
    kind = kind.lower()
    charsets = [
        part.partition("=")[2].strip('"')
        for part in map(str.lower, parameters)
        if part.startswith("charset=")
    ]
    if any(charset not in ("utf-8", "utf8", "us-ascii") for charset in charsets):
        raise Refusal(415)
    if kind in ("", PLAIN) or (kind == PARTS and takes_files):
        return kind
    raise Refusal(415)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body that was read, once; then whatever the server says."""
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> dict[str, Any]:
        return parts.pop() if parts else await receive()

    return again

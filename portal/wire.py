"""A reply as it goes over the wire: status, security headers, cookies, body.

Litestar's own response builds headers and cookies anew for each request through objects of its own; ours are a
dozen constant bytes. What a reply *is* belongs to `pages.py`; which address gives it, to `app.py`.
"""

from __future__ import annotations

from typing import Any, Final

from portal.access import HALF_COOKIE, ITEM_COOKIE, PROVIDER_COOKIE, RECEIPT_COOKIE, STAFF_COOKIE
from portal.pages import Cookie, Reply
from portal.settings import Settings

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: browsers then send "Origin: null" with our own forms too.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
USUAL: Final = {"Cache-Control": "no-store", "Vary": "HX-Request"}
"""Unless a reply says otherwise: what a person sees stays on no disk."""

COOKIES: Final = {
    STAFF_COOKIE: "/",
    HALF_COOKIE: "/",
    ITEM_COOKIE: "/",
    PROVIDER_COOKIE: "/",
    RECEIPT_COOKIE: "/receipt",
}
"""Each cookie and whether it stands for the whole portal: that decides its prefix."""

_BODILESS: Final = frozenset({204, 304})


class Finished:
    """An ASGI application that sends one finished reply."""

    __slots__ = ("_body", "_headers", "_status")

    def __init__(self, settings: Settings, reply: Reply) -> None:
        headers = {**HEADERS, **USUAL, **reply.headers}
        if settings.is_https:
            headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        if reply.status not in _BODILESS:
            headers["Content-Type"] = reply.media_type
            headers["Content-Length"] = str(len(reply.content))
        encoded = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
        ]
        encoded += [
            (b"set-cookie", _set_cookie(cookie, is_https=settings.is_https)) for cookie in reply.cookies
        ]
        self._status, self._headers = reply.status, encoded
        self._body = b"" if reply.status in _BODILESS else reply.content

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": self._status, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


def unchanged(reply: Reply, known: str) -> Reply:
    """304 without a body where the caller holds this very page already.

    `known` is its If-None-Match, compared weakly; `*` matches any page (RFC 9110, 13.1.2).
    """
    tag = reply.headers.get("ETag", "")
    tags = {part.strip().removeprefix("W/") for part in known.split(",")}
    if tag and reply.status == 200 and tags & {tag.removeprefix("W/"), "*"}:
        return Reply(status=304, headers=reply.headers)
    return reply


def cookie_prefix(path: str, *, is_https: bool) -> str:
    """`__Host-` wants the path `/`, so a cookie of a narrower path is `__Secure-`; plain over http on loopback.

    A cookie is read under its own prefix only, so that a neighbour of our domain can't put one in its place.
    """
    if not is_https:
        return "kanali-"
    return "__Host-kanali-" if path == "/" else "__Secure-kanali-"


def _set_cookie(cookie: Cookie, *, is_https: bool) -> bytes:
    name = cookie_prefix(cookie.path, is_https=is_https) + cookie.name
    assert cookie.value.isascii()
    assert not set(cookie.value) & set(';, "\\\r\n')
    parts = [f"{name}={cookie.value}", f"Max-Age={cookie.seconds}", f"Path={cookie.path}", "HttpOnly"]
    parts.append("SameSite=Strict" if cookie.is_strict else "SameSite=Lax")
    if is_https:
        parts.append("Secure")
    return "; ".join(parts).encode()

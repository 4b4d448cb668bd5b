"""What no form of ours would send: odd values, odd addresses, odd bodies; and the hands that send them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from feedback.items import codes
from feedback.items.tables import Item
from feedback.people import welcome
from portal.app import routes
from portal.edge import FIELDS_MOST
from tests.feedback.custody.lived import ask_how_it_went
from tests.town import BASE, WRITING, Browser, Page, Report, Town

FORM = "application/x-www-form-urlencoded"
NASTY = (
    b"a\x00b\x07",
    b"\xed\xa0\x80",  # half of a surrogate pair
    b"\xff\xfe",
    "\u2028\u202e".encode(),
    "\N{MUSICAL SYMBOL EIGHTH NOTE}".encode() * 1500,  # three times as long once it is normalised
)
NO_NUMBERS = (
    "٣".encode(),  # a digit to Python, not to a form
    b"1e999",
    b"9" * 400,
    b"9999-12-31",
)
NUMBERS = frozenset({"lat", "lon", "version", "last_entry", "planned_on", "outcome", "handling", "phone"})
"""Fields that hold a number or a day."""
ODD_PARTS = (
    "x%00y",
    "%ED%A0%80",
    "%FF%FE",
    "%0d%0aSet-Cookie:%20x=y",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%F0%9F%98%80",
    "%25s",
    "-1",
    "a" * 3000,
    "RIV-2026-%D9%A3%D9%A3%D9%A3%D9%A3%D9%A3%D9%A3",
)
BODIES: dict[str, tuple[str, bytes]] = {
    "nothing": (FORM, b""),
    "bytes that are no text": (FORM, b"\xff\xfe\x00=\x80"),
    "broken escapes": (FORM, b"text=%&kind=%zz&%=%u0041"),
    "a field many times": (FORM, b"&".join([b"text=a"] * 200)),
    "more fields than any form": (FORM, b"&".join(b"field%d=x" % n for n in range(FIELDS_MOST + 20))),
    "deep JSON": ("application/json", b'{"text":' * 500),
    "an unknown charset": (f"{FORM}; charset=klingon", b"text=a"),
    "multipart without a boundary": ("multipart/form-data", b"text=a"),
    "multipart that breaks off": (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: form-data",
    ),
    "multipart of odd parts": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="text"; filename="\x00"\r\n\r\n\xff\r\n--x--\r\n',
    ),
}


def post(browser: Browser, path: str, body: bytes, kind: str = FORM, *, origin: str = BASE) -> Page:
    """Post a body as it is; from somewhere else each time, since a sweep is more than one place may send."""
    browser.moves()
    headers = {"Origin": origin, **({"Content-Type": kind} if kind else {})}
    return Page(browser.client.post(path, content=body, headers=headers))


def send(browser: Browser, path: str, fields: dict[str, Any]) -> Page:
    """Post fields that may be bytes which are no text."""
    return post(browser, path, urlencode(fields).encode())


def values_for(name: str) -> tuple[bytes, ...]:
    """What to try in a field of this name."""
    return (*NASTY, *NO_NUMBERS) if name in NUMBERS else NASTY


def check(page: Page, where: object) -> None:
    """It was answered: taken, or refused by a whole page of ours."""
    assert page.status < 500, where
    assert "Traceback" not in page.response.text, where
    if page.status >= 400:
        assert '<html lang="en">' in page.response.text, where
        assert "<h1" in page.response.text, where
        assert page.response.headers["content-security-policy"], where


def arrives(town: Town, **fields: str) -> Report:
    """A citizen's message for the department of roads, in by one request: a sweep needs many."""
    key = codes.issue_key(town.secret.key, now=town.now - WRITING)
    browser = town.visitor()
    sent = {"kind": "request", "text": "A deep pothole", "service": "roads", "key": key, **fields}
    assert browser.post("/submit", **sent).status == 303
    code = codes.code_of(town.secret.key, codes.check_key(town.secret.key, key, now=town.now))
    return Report(town, browser, town.rows(Item)[-1].reference, code)


def answered(town: Town, by: int) -> Report:
    """A case with an answer and an open survey."""
    report = arrives(town, email="rea@example.org")
    town.answers(report, by=by)
    town.later(days=7)
    assert ask_how_it_went(town) == 1
    return report


def doors(town: Town) -> Iterator[tuple[Browser, str]]:
    """Every route that takes a post, as somebody for whom it is open; each with a case of its own."""
    by = town.account()
    for route in routes():
        if "POST" not in route.methods:
            continue
        report = arrives(town)
        path = route.path.replace("{language}", "en").replace("{reference}", report.reference)
        browser = report.opened()
        if "/survey/" in path:
            browser = answered(town, by).opened()
        elif path == "/staff/welcome/{token}":
            path = _welcome(town, by)
        elif path.startswith("/staff/") and "sign-in" not in path:
            browser = town.clerk()
        yield browser, path.replace("{token}", "mine")


def _welcome(town: Town, account_id: int) -> str:
    made = welcome.make(account_id=account_id, occasion="invitation", now=datetime.now(UTC))
    with town.database.write() as session:
        welcome.keep(session, made)
    return f"/staff/welcome/{made.token}"

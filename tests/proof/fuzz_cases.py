"""Requests that nobody would send, made from the live table of routes: a route that is added is in here by itself.

A case is drawn without knowing the town: a route and method (each in turn), who asks, a case in some state, and what
is to be odd about it; Hypothesis makes the odd values. `fuzz_world.py` makes a request of it. Names of fields and
questions are read from the source.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from hypothesis import strategies as st
from msgspec import Struct

from portal.app import routes
from portal.wire import COOKIES
from tests.upkeep.hostile import BODIES, NASTY, NO_NUMBERS, ODD_PARTS

PORTAL: Final = Path(__file__).parents[2] / "portal"
STAGES: Final = ("received", "open", "waiting", "answered", "closed", "withdrawn", "void")
ACTORS: Final = ("nobody", "citizen", "clerk", "lead", "responder", "quality", "admin", "auditor")
BESIDE: Final = (
    *("/", "/health/live", "/health/ready", "/city/1.css", "/city/x", "/static/favicon.svg"),
    *("/static/built/main.css", "/nowhere", "/en/nowhere", "/staff/nowhere", "/data/nowhere"),
)
"""Addresses that are no routes of the table."""

TRICKS: Final = (
    *(
        "' OR '1'='1",
        "'; DROP TABLE item; --",
        "{{7*7}}",
        "${7*7}",
        "%(x)s",
        "%n%s",
        "<script>alert(1)</script>",
    ),
    *(
        "javascript:alert(1)",
        "//evil.example/",
        "/\\evil.example",
        "../../etc/passwd",
        "C:\\x",
        "=1+1",
        "\r\nX: y",
    ),
    *(
        "x" * 4_001,
        "x" * 8_001,
        "٣",
        "1_000",
        "-1",
        "0",
        "1e999",
        "NaN",
        "2026-02-30",
        "9" * 30,
        "0x10",
        " ",
        "\t",
    ),
    *(
        "true",
        "null",
        "[]",
        "{}",
        "\ud800",
        "\x00",
        "\u202e",
        "\ufeff",
        "e\u0301" * 50,
        "🙂" * 30,
        "ß",
        "İ",
        "ﬁ",
    ),
    *("2026-11-05", "0001-01-01", "9999-12-31", "a@example.org", "a@b", "00000000000000000000000000000"),
    *("request", "roads", "dept-a", "dept-b", "done", "planned", "not_ours", "en", "el", "1", "5"),
)


class Case(Struct, frozen=True, kw_only=True):
    """What is asked, by whom, and what is odd about it. Numbers choose from what the town has at that moment."""

    path: str
    """A template of a route, or an address beside them."""
    method: str
    actor: str
    stage: str
    language: str
    chance: int
    parts: tuple[str | None, ...]
    """Of the address: None takes one that is known, else this."""
    query: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, int, str], ...]
    """Change a field, take it away, double it, or add one of this name."""
    body: str
    headers: tuple[tuple[str, bytes], ...]
    cookies: tuple[tuple[str, str], ...]


_NAME_READ = re.compile(r'\b(?:form\.(?:text|flag|number|decimal|day)|query\.get)\(\s*"([^"]+)"')


# ── drawing ─────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def names_read() -> tuple[str, ...]:
    """Every name of a field or a question that the source asks for."""
    source = "\n".join(file.read_text(encoding="utf-8") for file in PORTAL.rglob("*.py"))
    return tuple(sorted(set(_NAME_READ.findall(source))))


@cache
def doors() -> list[tuple[str, str]]:
    """Path and method of everything that can be asked for."""
    return [
        *((route.path, method) for route in routes() for method in route.methods),
        *((path, "GET") for path in BESIDE),
    ]


VALUES = st.one_of(
    st.sampled_from(TRICKS),
    st.text(max_size=40),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from([value.decode("utf-8", "surrogateescape") for value in (*NASTY, *NO_NUMBERS)]),
)
HEADERS = st.one_of(
    st.sampled_from(
        [
            ("HX-Request", b"true"),
            ("HX-Request", b"true"),
            ("HX-Request", b"false"),
            ("Accept", b"application/json"),
            ("Accept", b"*/*;q=x,,;"),
            ("Accept", b"\xff"),
            ("Accept-Language", b"lt;q=0.1, el;q=9, *;q=x"),
            ("Accept-Language", b"-,;;=" * 300),
            ("Accept-Encoding", b"gzip;q=0, br"),
            ("If-None-Match", b'"x", W/"y'),
            ("Content-Type", b"multipart/form-data"),
            ("Content-Type", b'multipart/form-data; boundary="'),
            ("Content-Type", b"text/html; charset=utf-7"),
            ("Content-Length", b"-5"),
            ("Content-Length", b"99999999999999999999"),
            ("Origin", b"null"),
            ("Origin", b"http://[::1"),
            ("Sec-Fetch-Site", b"cross-site"),
            ("Host", b"elsewhere.example"),
            ("Host", b""),
            ("X-Forwarded-For", b"1.2.3.4, \xff"),
            ("Range", b"bytes=0-"),
            ("Expect", b"100-continue"),
            ("Transfer-Encoding", b"chunked"),
        ]
    ),
    st.tuples(
        st.sampled_from(["Accept", "Accept-Language", "If-None-Match", "Content-Type", "Origin", "Cookie"]),
        st.binary(max_size=40),
    ),
)


@st.composite
def oddities(draw: st.DrawFn) -> tuple[int, list[str], tuple[str, bytes]]:
    """What Hypothesis gives to a case: a number that the rest follows from, odd values, an odd header."""
    return draw(st.integers(0, 2**64)), draw(st.lists(VALUES, min_size=4, max_size=4)), draw(HEADERS)


def make_case(turn: int, drawn: tuple[int, list[str], tuple[str, bytes]]) -> Case:
    """A request at the door whose turn it is. Most have one thing that is odd: with more, the first hides the rest."""
    number, values, header = drawn
    chance = Random(number)
    path, method = doors()[turn % len(doors())]
    kinds = (
        ("none", "parts", "query", "around", "all") if method == "GET" else ("fields",) * 5 + ("none", "body")
    )
    oddity = chance.choice((*kinds, "around", "all"))
    is_all = oddity == "all"
    parts: tuple[str | None, ...] = ()
    if "{" in path and (oddity == "parts" or is_all):
        parts = tuple(chance.choice((None, "shaped", values[0], *ODD_PARTS)) for _ in range(path.count("{")))
    acts = ("set", "set", "set", "drop", "twice", "add")
    odd = [(chance.choice(names_read()), value) for value in values]
    return Case(
        path=path,
        method=chance.choice((method, method, method, "GET", "POST", "PUT", "HEAD")) if is_all else method,
        actor=_actor(path, chance),
        stage=chance.choice(STAGES),
        language=chance.choice(("en", "en", "el", "lt", "xx"))
        if is_all
        else chance.choice(("en", "el", "lt")),
        chance=chance.randrange(2**16),
        parts=parts,
        query=tuple(odd[: chance.randrange(4)]) if oddity == "query" or is_all else (),
        fields=tuple(
            (chance.choice(acts), chance.randrange(50), value) for value in values[: chance.randint(1, 3)]
        )
        if oddity == "fields" or is_all
        else (),
        body=chance.choice((*BODIES, "large"))
        if oddity == "body" or is_all
        else chance.choice(("form", "form", "multipart", "files")),
        headers=(header,)
        if oddity == "around" or is_all
        else (("HX-Request", b"true"),) * chance.randrange(2),
        cookies=((chance.choice([*COOKIES, "x"]), values[1]),) if oddity == "around" else (),
    )


@cache
def policies() -> dict[str, str]:
    return {route.path: route.policy for route in routes()}


def _actor(path: str, chance: Random) -> str:
    """Mostly somebody for whom it is open."""
    if chance.random() < 0.2:
        return chance.choice(ACTORS)
    policy = policies().get(path, "public")
    if policy in ACTORS:
        return policy
    if path.startswith("/staff") and policy != "public":
        return chance.choice(("clerk", "clerk", "lead", "responder"))
    return chance.choice(("nobody", "citizen", "citizen"))


def plain(path: str, actor: str, stage: str) -> Case:
    """The page as it is meant."""
    return Case(
        path=path,
        method="GET",
        actor=actor,
        stage=stage,
        language="en",
        chance=0,
        parts=(),
        query=(),
        fields=(),
        body="form",
        headers=(),
        cookies=(),
    )

"""The edge: what is no proper request goes no further, and nothing of a person's browser goes further than it must."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal import edge
from portal.app import create_app
from portal.database import Database
from portal.edge import BODY_MOST, Edge, hosts_of
from portal.settings import Settings
from tests.conftest import settings_for
from tests.town import Town

OURS = (b"host", b"127.0.0.1:8000")
FORM = (b"content-type", b"application/x-www-form-urlencoded")


class Answer:
    def __init__(self, sent: list[dict[str, Any]]) -> None:
        self.status: int = sent[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        self.text = b"".join(part.get("body", b"") for part in sent[1:]).decode()


def ask(
    app: Any,
    path: bytes = b"/en/",
    *headers: tuple[bytes, bytes],
    method: str = "GET",
    body: Iterator[Any] | None = None,
    host: tuple[bytes, bytes] | None = OURS,
) -> Answer:
    """A request as the server hands it over. `body`: parts, seconds to wait, or None where the line breaks off."""
    raw, _, query = path.partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": raw.decode("utf-8", "replace"),
        "raw_path": raw,
        "query_string": query,
        "root_path": "",
        "headers": [*([host] if host else []), *headers],
        "client": ("203.0.113.7", 4000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
    parts = body if body is not None else iter([b""])
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        part = next(parts, None)
        while isinstance(part, float):
            await asyncio.sleep(part)
            part = next(parts, None)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": part != b""}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def go() -> None:
        await asyncio.wait_for(app(scope, receive, send), 20)

    asyncio.run(go())
    return Answer(sent)


def post(app: Any, *parts: Any, headers: tuple[tuple[bytes, bytes], ...] = (FORM,)) -> Answer:
    return ask(app, b"/en/submit", *headers, method="POST", body=iter(parts))


@pytest.fixture
def town(sqlite_database: Database, tmp_path: Path) -> Town:
    """Riverton where the database makes no difference."""
    return Town(sqlite_database, settings_for(sqlite_database.url, tmp_path))


def is_ours(answer: Answer, status: int, words: str) -> bool:
    """A whole page of ours in English, with the headers that every answer has."""
    return (
        answer.status == status
        and words in answer.text
        and '<html lang="en">' in answer.text
        and "default-src 'none'" in answer.headers["content-security-policy"]
        and answer.headers["x-content-type-options"] == "nosniff"
        and answer.headers["cache-control"] == "no-store"
    )


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "host",
    [
        None,
        (b"host", b"evil.example"),
        (b"host", b"127.0.0.1:8001"),
        (b"host", b"127.0.0.1:8000.evil.example"),
        (b"host", b"user@127.0.0.1:8000"),
        (b"host", b""),
    ],
)
def test_another_host_is_told_where_the_portal_is(town: Town, host: tuple[bytes, bytes] | None) -> None:
    answer = ask(town.app, host=host)
    assert is_ours(answer, 421, "This is not the address of this portal")
    main = answer.text.partition("<main")[2].partition("</main")[0]
    assert re.findall(r'href="([^"]*)"', main) == ["http://127.0.0.1:8000/"], "any other leads here again"
    assert "evil" not in answer.text


def test_two_hosts_are_none(town: Town) -> None:
    assert ask(town.app, b"/en/", (b"host", b"127.0.0.1:8000")).status == 421


@pytest.mark.parametrize("name", [b"127.0.0.1:8000", b"localhost:8000", b"[::1]:8000", b"LOCALHOST:8000"])
def test_the_names_of_the_loopback_stand_for_one_another(town: Town, name: bytes) -> None:
    assert ask(town.app, host=(b"host", name)).status == 200


def test_what_asks_for_health_knows_the_port_only(town: Town) -> None:
    assert ask(town.app, b"/health/live", host=(b"host", b"10.0.0.5:8000")).status == 200


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://Kanali.Example.org", {"kanali.example.org", "kanali.example.org:443"}),
        ("https://kanali.example.org:8443", {"kanali.example.org:8443"}),
        (
            "http://localhost",
            {f"{name}{port}" for name in ("127.0.0.1", "localhost", "[::1]") for port in ("", ":80")},
        ),
    ],
)
def test_the_port_that_goes_without_saying_may_be_said(url: str, hosts: set[str]) -> None:
    assert hosts_of(url) == hosts


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (b"/en/%ff", 400),
        (b"/en/%ed%a0%80", 400),
        (b"/en/x%00y", 400),
        (b"/en/%0d%0aSet-Cookie:x=y", 400),
        (b"/en/help?x=%00", 400),
        (b"/en/help?x=%c3", 400),
        (b"/en/" + b"a" * edge.ADDRESS_MOST, 414),
        (b"/en/help?" + b"a" * edge.ADDRESS_MOST, 414),
    ],
)
def test_an_address_that_is_no_text_is_refused(town: Town, path: bytes, status: int) -> None:
    answer = ask(town.app, path)
    assert is_ours(answer, status, "We could not read that")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"accept-language", b"\xff")], 400),
        ([(b"cookie", "kanali-item=ž".encode())], 400),
        ([(b"origin", b"http://127.0.0.1:8000\x01")], 400),
        ([(b"x-%d" % number, b"") for number in range(edge.HEADERS_MOST + 1)], 431),
        ([(b"cookie", b"a" * edge.HEADER_BYTES_MOST)], 431),
    ],
)
def test_headers_that_are_no_ascii_or_too_many_are_refused(
    town: Town, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    assert is_ours(ask(town.app, b"/en/", *headers), status, "We could not read that")


def test_a_body_that_says_it_is_too_large_is_not_even_read(town: Town) -> None:
    length = (b"content-length", str(BODY_MOST + 1).encode())

    def never() -> Iterator[bytes]:
        raise AssertionError("the body was asked for")
        yield b""

    answer = ask(town.app, b"/en/submit", FORM, length, method="POST", body=never())
    assert is_ours(answer, 413, "That was too much at once")


def test_a_body_that_says_nothing_of_its_length_is_read_so_far_only(town: Town) -> None:
    parts = iter([b"a" * 100_000] * 50)
    answer = ask(town.app, b"/en/submit", FORM, method="POST", body=parts)
    assert is_ours(answer, 413, "That was too much at once")
    assert len(list(parts)) == 47


@pytest.mark.parametrize("length", [b"-1", b"x", b"1e3", b"9" * 16, b"0x10"])
def test_a_length_that_is_no_number_is_refused(town: Town, length: bytes) -> None:
    answer = post(town.app, b"text=a", b"", headers=(FORM, (b"content-length", length)))
    assert is_ours(answer, 400, "We could not read that")


def test_a_body_that_drips_is_not_waited_for(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "BODY_SECONDS", 0.2)
    answer = post(town.app, *[b"a", 0.05] * 100, b"")
    assert is_ours(answer, 408, "That took too long to reach us")


def test_a_body_that_breaks_off_is_nothing(town: Town) -> None:
    assert post(town.app, b"text=a").status == 400


@pytest.mark.parametrize(
    "kind",
    [
        b"",
        b"application/json",
        b"text/plain",
        b"application/x-www-form-urlencoded; charset=klingon",
        b"multipart/form-data; boundary=x; charset=utf-7",
        b"application/x-www-form-urlencoded; charset=utf-16",
    ],
)
def test_a_body_that_is_no_form_is_refused(town: Town, kind: bytes) -> None:
    answer = post(town.app, b'{"a":' * 20_000, b"", headers=((b"content-type", kind),))
    assert is_ours(answer, 415, "We could not read that")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "CONNECT", "BREW"])
@pytest.mark.parametrize("path", [b"/en/submit", b"/staff/inbox", b"/en/nowhere"])
def test_no_other_method_is_known_anywhere(town: Town, method: str, path: bytes) -> None:
    answer = ask(town.app, path, method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_more_fields_than_any_form_has_are_not_counted_out(town: Town) -> None:
    answer = post(town.app, b"&".join([b"a=1"] * (edge.FIELDS_MOST + 1)), b"")
    assert is_ours(answer, 400, "We could not read that")


@pytest.mark.parametrize("path", [b"/el/%ff", b"/lt/%ff", b"/staff/%ff"])
def test_a_refusal_speaks_the_language_of_its_address(town: Town, path: bytes) -> None:
    answer = ask(town.app, path, (b"accept-language", b"lt"))
    assert answer.status == 400
    assert '<html lang="en">' not in answer.text


# ── machines, and the worst ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (b"/en/%ff", 400),
        (b"/en/?" + b"a" * edge.ADDRESS_MOST, 414),
        (b"/en/nowhere", 404),
        (b"/staff/inbox", 303),
    ],
)
def test_a_machine_gets_problem_details(town: Town, path: bytes, status: int) -> None:
    answer = ask(town.app, path, (b"accept", b"application/json"))
    assert answer.status == status
    if status != 303:
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.loads(answer.text).keys() == {"type", "title", "status", "detail"}
        assert json.loads(answer.text)["status"] == status


def test_a_browser_that_takes_json_too_gets_a_page(town: Town) -> None:
    answer = ask(town.app, b"/en/nowhere", (b"accept", b"text/html,application/json;q=0.9"))
    assert is_ours(answer, 404, "We have no such page")


def test_where_no_page_can_be_made_there_is_still_an_answer(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    town.site.in_force._found = None
    town.site.in_force._database = None  # type: ignore[assignment]  # as gone as it can be
    answer = ask(town.app, b"/en/track?code=SECRET")
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for words in ("Δοκιμάστε ξανά", "Bandykite dar kartą", "Please try again"):
        assert words in answer.text
    assert "SECRET" not in caplog.text


# ── what goes on ────────────────────────────────────────────────────────────────────────────────────────────


def test_of_a_browser_only_what_is_read_goes_on(settings: Settings) -> None:
    seen: dict[str, Any] = {}

    async def within(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)
        seen["body"] = await receive()
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def never(*_: Any) -> Any:
        raise AssertionError

    marks = [(b"User-Agent", b"mark-1"), (b"Referer", b"mark-2"), (b"X-Forwarded-For", b"198.51.100.9")]
    marks += [(b"X-Real-IP", b"mark-3"), (b"DNT", b"mark-4"), (b"Sec-CH-UA", b"mark-5")]
    app = Edge(within, settings, refuse=never, broken=lambda error: never)
    answer = ask(app, b"/en/submit?x=1", FORM, *marks, method="POST", body=iter([b"a=", b"1", b""]))
    assert answer.status == 204
    assert seen["headers"] == [OURS, FORM]
    assert seen["body"] == {"type": "http.request", "body": b"a=1", "more_body": False}
    assert "mark-" not in repr(seen)
    assert "203.0.113.7" not in repr(seen)
    assert "198.51.100.9" not in repr(seen)


# ── forms with files ────────────────────────────────────────────────────────────────────────────────────────

IN_PARTS = (b"content-type", b"multipart/form-data; boundary=x")


def test_parts_are_let_in_where_files_are_taken(town: Town) -> None:
    for path, status in ((b"/en/track", 415), (b"/staff/sign-in", 415), (b"/en/track/add", 403)):
        answer = ask(town.app, path, IN_PARTS, method="POST", body=iter([b"--x--\r\n", b""]))
        assert answer.status == status, path


def test_too_large_a_form_with_files_is_read_to_its_end_and_dropped(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser shows our answer only once it has sent everything; beyond a bound it is not waited for."""
    monkeypatch.setattr(edge, "FILES_BODY_MOST", 300_000)
    monkeypatch.setattr(edge, "DRAINED_MOST", 600_000)
    for count, left in ((5, 0), (30, 23)):
        parts = iter([*[b"a" * 100_000] * count, b""])
        answer = ask(town.app, b"/en/submit", IN_PARTS, method="POST", body=parts)
        assert is_ours(answer, 413, "That was too much at once")
        assert len(list(parts)) == left + (1 if left else 0)
    length = (b"content-length", b"600001")
    assert ask(town.app, b"/en/submit", IN_PARTS, length, method="POST", body=iter([])).status == 413


def test_a_large_form_waits_for_its_place(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "LARGE_AT_ONCE", 0)
    monkeypatch.setattr(edge, "PLACE_SECONDS", 0.05)
    app = create_app(town.site)
    large = (b"content-length", b"300000")
    answer = ask(app, b"/en/submit", IN_PARTS, large, method="POST", body=iter([b"--x--\r\n", b""]))
    assert is_ours(answer, 503, "Too many people are here at this moment")
    small = (b"content-length", b"7")
    assert (
        ask(app, b"/en/submit", IN_PARTS, small, method="POST", body=iter([b"--x--\r\n", b""])).status == 403
    )

"""Bytes that are no proper HTTP, over a real socket: refused or cut off in good time, and nobody else notices.

The server is granian as `kanali serve` runs it. What two programs could read in two ways (two lengths, a length and
chunks, bare line feeds) gets no page: a proxy before us could otherwise be made to see another request than we do.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest

from portal import edge
from tests.journeys.served_town import ServedTown, served

EACH = 4_000 if os.environ.get("KANALI_PROOF") else 150
"""Requests with random faults."""
PATIENCE = 8.0
"""Seconds, with those for which we wait ourselves."""
AT_ONCE = 16
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def town(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTown]:
    with served(sqlite_template, tmp_path_factory.mktemp("raw")) as town:
        yield town


def say(town: ServedTown, *parts: bytes | float, silence: float = 1.5) -> tuple[int, bytes]:
    """Send parts (a number is a pause in seconds); the first answer's status, 0 where there is none, and all of it.

    Where nothing comes for `silence` seconds, we hang up: the server waits for the rest of a request.
    """
    address = urlsplit(town.address)
    told = bytearray()
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=silence) as line:
        with suppress(OSError):  # It has hung up already.
            for part in parts:
                if isinstance(part, float):
                    time.sleep(part)
                else:
                    line.sendall(part.replace(b"HERE", address.netloc.encode()))
        with suppress(ConnectionError, TimeoutError):
            while part := line.recv(65_536):
                told += part
    found = re.match(rb"HTTP/1\.[01] (\d{3}) ", told)
    return int(found[1]) if found else 0, bytes(told)


def head(line: bytes = b"GET /en/help HTTP/1.1", *more: bytes) -> bytes:
    return b"\r\n".join((line, b"Host: HERE", *more, b"Connection: close", b"", b""))


def is_well(town: ServedTown) -> bool:
    return say(town, head())[0] == 200


REFUSED = {
    "two lengths": (
        b"POST /en/submit HTTP/1.1\r\nHost: HERE\r\n" + FORM,
        b"Content-Length: 5\r\nContent-Length: 11\r\n\r\ntext=abcdef",
    ),
    "a length and chunks": (
        b"POST /en/submit HTTP/1.1\r\nHost: HERE\r\n" + FORM,
        b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /en/ HTTP/1.1\r\n\r\n",
    ),
    "chunks that are not the last coding": (
        b"POST /en/submit HTTP/1.1\r\nHost: HERE\r\n" + FORM,
        b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    ),
    "a length that is none": (
        b"POST /en/submit HTTP/1.1\r\nHost: HERE\r\n" + FORM + b"Content-Length: +5\r\n\r\ntext=",
    ),
    "a chunk of no size": (
        b"POST /en/submit HTTP/1.1\r\nHost: HERE\r\n" + FORM,
        b"Transfer-Encoding: chunked\r\n\r\nZZ\r\ntext=\r\n0\r\n\r\n",
    ),
    "a space before the colon": (b"GET /en/ HTTP/1.1\r\nHost : HERE\r\n\r\n",),
    "a header that goes on": (b"GET /en/ HTTP/1.1\r\nHost: HERE\r\nX: a\r\n b\r\n\r\n",),
    "a carriage return inside": (b"GET /en/ HTTP/1.1\r\nHost: HERE\r\nX: a\rb\r\n\r\n",),
    "a NUL in a header": (b"GET /en/ HTTP/1.1\r\nHost: HERE\r\nX: a\x00b\r\n\r\n",),
    "no host": (b"GET /en/ HTTP/1.1\r\n\r\n",),
    "two hosts": (b"GET /en/ HTTP/1.1\r\nHost: HERE\r\nHost: HERE\r\n\r\n",),
    "another host": (b"GET /en/ HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n",),
    "a header of 64 KB": (b"GET /en/ HTTP/1.1\r\nHost: HERE\r\nCookie: " + b"a" * 65_536 + b"\r\n\r\n",),
    "a header of a megabyte": (b"GET /en/ HTTP/1.1\r\nHost: HERE\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",),
    "a thousand headers": (b"GET /en/ HTTP/1.1\r\nHost: HERE\r\n" + b"X: a\r\n" * 1_000 + b"\r\n",),
    "a long address": (b"GET /en/" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: HERE\r\n\r\n",),
    "an address that is no text": (b"GET /en/\xff\xfe HTTP/1.1\r\nHost: HERE\r\n\r\n",),
    "an address with a space": (b"GET /en/ x HTTP/1.1\r\nHost: HERE\r\n\r\n",),
    "a version that is none": (b"GET /en/ HTTP/9.9\r\nHost: HERE\r\n\r\n",),
    "no version": (b"GET /en/\r\n\r\n",),
    "a method that is none": (b"G@T /en/ HTTP/1.1\r\nHost: HERE\r\n\r\n",),
    "a tunnel": (b"CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example:443\r\n\r\n",),
    "an address of another host": (
        b"GET http://elsewhere.example/ HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n",
    ),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 200,),
    "nothing at all": (b"",),
    "half a line": (b"GET /en",),
    "a body that breaks off": (
        b"POST /en/submit HTTP/1.1\r\nHost: HERE\r\n" + FORM + b"Content-Length: 50\r\n\r\ntext=",
    ),
    "more than a form": (
        b"POST /en/submit HTTP/1.1\r\nHost: HERE\r\n" + FORM + b"Content-Length: 99999999\r\n\r\ntext=",
    ),
}
"""What → the parts that are sent. None of it gets a page; a refusal or silence."""


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_proper_request_gets_no_page_and_takes_no_time(town: ServedTown, what: str) -> None:
    start = time.monotonic()
    status, told = say(town, *REFUSED[what])
    assert status == 0 or 400 <= status < 500, told[:200]
    assert len(re.findall(rb"HTTP/1\.[01] \d{3} ", told)) <= 1, "no second request was read out of it"
    assert time.monotonic() - start < PATIENCE
    assert is_well(town)


def test_a_body_that_drips_is_cut_off_and_keeps_nobody_waiting(
    town: ServedTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "BODY_SECONDS", 0.5)
    begin = b"POST /en/submit HTTP/1.1\r\nHost: HERE\r\n" + FORM + b"Content-Length: 40\r\n\r\n"
    status, _ = say(town, begin, b"t", 0.4, b"e", 0.4, b"x")
    assert status == 408
    assert is_well(town)


def test_requests_one_after_the_other_are_each_answered(town: ServedTown) -> None:
    one = b"GET /en/help HTTP/1.1\r\nHost: HERE\r\n\r\n"
    _, told = say(town, one * 3 + head())
    assert re.findall(rb"HTTP/1\.1 (\d{3}) ", told) == [b"200"] * 4


def test_random_faults_in_the_bytes_of_good_requests_do_no_harm(
    town: ServedTown, record_property: pytest.RecordProperty
) -> None:
    chance = Random(2026)
    here = urlsplit(town.address).netloc.encode()
    good = [
        head(),
        head(b"GET /staff/sign-in HTTP/1.1", b"Cookie: kanali-staff=x", b"Accept-Language: el"),
        head(b"POST /en/track HTTP/1.1", b"Origin: http://HERE", FORM[:-2], b"Content-Length: 9")
        + b"code=0000",
        head(b"POST /en/submit HTTP/1.1", b"Origin: http://HERE", FORM[:-2], b"Transfer-Encoding: chunked")
        + b"5\r\ntext=\r\n3\r\nabc\r\n0\r\n\r\n",
    ]
    made = [_spoilt(chance.choice(good).replace(b"HERE", here), chance) for _ in range(EACH)]

    def ask(request: bytes) -> tuple[int, float]:
        start = time.monotonic()
        status, told = say(town, request)
        assert status < 500, (request, told[:300])
        return status, time.monotonic() - start

    with ThreadPoolExecutor(AT_ONCE) as asking:
        answers = list(asking.map(ask, made))
    statuses = Counter(status // 100 for status, _ in answers)
    slowest = max(seconds for _, seconds in answers)
    assert slowest < PATIENCE
    assert statuses[2] > EACH / 50, "some faults do not matter"
    assert statuses[4] > EACH / 4
    assert is_well(town)
    record_property(
        "figure",
        f"{EACH + len(REFUSED):,} requests of broken bytes, 0 server errors ({statuses[2]:,} answered with a page, "
        f"{statuses[4]:,} refused, {statuses[0]:,} cut off or never complete), slowest {slowest:.1f} s",
    )


def _spoilt(request: bytes, chance: Random) -> bytes:
    """One to four bytes or pieces changed, cut, doubled or put in."""
    made = bytearray(request)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(made) or 1)
        change = chance.choice(("flip", "cut", "double", "put"))
        if change == "flip":
            made[place : place + 1] = bytes([chance.randrange(256)])
        elif change == "cut":
            del made[place : place + chance.randint(1, 20)]
        elif change == "double":
            made[place:place] = made[place : place + chance.randint(1, 40)]
        else:
            made[place:place] = chance.choice(
                (b"\r\n", b"\n", b"\r", b"\x00", b"\xff", b" ", b":", b"\r\n\r\n")
            )
    return bytes(made)

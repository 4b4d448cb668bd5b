"""Where a request comes from: a proxy is believed only where it is ours, and only as far as it saw by itself."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.source import find_source

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))
SALT = b"salt" * 8


def scope(client: str | None, *forwarded: bytes) -> dict[str, Any]:
    return {
        "client": (client, 4000) if client else None,
        "headers": [(b"X-Forwarded-For", value) for value in forwarded],
    }


def name(client: str | None, *forwarded: bytes, proxies: Any = PROXIES) -> str:
    return find_source(scope(client, *forwarded), proxies).named(SALT)


@pytest.mark.parametrize(
    ("client", "forwarded", "same_as"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("203.0.113.7", (b"198.51.100.9",), "203.0.113.7"),
        ("10.0.0.1", (b"198.51.100.9",), "198.51.100.9"),
        ("10.0.0.1", (b"1.1.1.1, 198.51.100.9",), "198.51.100.9"),
        ("10.0.0.1", (b"1.1.1.1", b"198.51.100.9, 10.2.3.4"), "198.51.100.9"),
        ("10.0.0.1", (b"198.51.100.9, nonsense",), "10.0.0.1"),
        ("10.0.0.1", (b"nonsense, 10.2.3.4",), "10.2.3.4"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("fd00::1", (b"2001:db8:1:2:3::4",), "2001:db8:1:2::9"),
        ("::ffff:203.0.113.7", (), "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", (), "2001:db8:1:2:bbbb::2"),
        ("unix-socket", (b"198.51.100.9",), None),
        (None, (), None),
    ],
)
def test_the_last_hop_that_is_no_proxy_of_ours(
    client: str, forwarded: tuple[bytes, ...], same_as: str
) -> None:
    assert name(client, *forwarded) == name(same_as)


def test_two_networks_are_two_sources() -> None:
    addresses = ["203.0.113.7", "203.0.113.8", "2001:db8:1:2::1", "2001:db8:1:3::1", None]
    assert len({name(address) for address in addresses}) == len(addresses)


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_what_a_stranger_says_of_himself_never_counts(forwarded: list[bytes]) -> None:
    assert name("203.0.113.7", *forwarded) == name("203.0.113.7")


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_nothing_that_a_proxy_hands_on_breaks_it(forwarded: list[bytes]) -> None:
    assert len(name("10.0.0.1", *forwarded)) == 64


def test_it_shows_itself_to_nobody() -> None:
    source = find_source(scope("203.0.113.7"), ())
    assert "203" not in f"{source!r}{source}"
    assert source.named(SALT) != source.named(b"another day" * 3)

"""Where a webhook may go: eighty addresses that lead into the house, or might, and none that is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.errors import Invalid
from feedback.webhooks.address import is_public, read

GOOD = {
    "https://hooks.example.org/kanali": ("hooks.example.org", 443, "/kanali"),
    "https://hooks.example.org": ("hooks.example.org", 443, "/"),
    "HTTPS://Hooks.Example.ORG:8443/A?b=C%20d": ("hooks.example.org", 8443, "/A?b=C%20d"),
    "https://xn--hxajbheg2az3al.example.org:443/": ("xn--hxajbheg2az3al.example.org", 443, "/"),
    "https://a-1.b2.example.org/@me:80/;x=[1]": ("a-1.b2.example.org", 443, "/@me:80/;x=[1]"),
}
BAD = (
    # other schemes
    *(
        "http://hooks.example.org/",
        "file:///etc/passwd",
        "gopher://hooks.example.org/_x",
        "ftp://example.org/",
    ),
    *(
        "unix:///var/run/docker.sock",
        "https+unix://example.org/",
        "dict://example.org:11211/",
        "javascript:alert(1)",
    ),
    *(
        "//hooks.example.org/",
        "hooks.example.org",
        "https:hooks.example.org",
        "https:/hooks.example.org/",
        "",
    ),
    *(
        "https:\\\\hooks.example.org\\",
        "https:///hooks.example.org",
        "https://",
        "https:// hooks.example.org/",
    ),
    # numbers, however they are written
    *(
        "https://127.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://2130706433/",
        "https://017700000001/",
    ),
    *("https://0177.0.0.1/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0x7f.1/", "https://0/"),
    *(
        "https://0.0.0.0/",
        "https://00000000000000000/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/",
    ),
    *(
        "https://192.168.0.1/",
        "https://172.16.0.1/",
        "https://100.64.0.1/",
        "https://1.1.1.1/",
        "https://127.0.0.0x1/",
    ),
    *(
        "https://3232235777/",
        "https://0300.0250.0.1/",
        "https://127.0.0.1.:443/",
        "https://127.0.0.1.nip.io.:443/",
    ),
    # IPv6
    *("https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/"),
    *(
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1]/",
    ),
    *(
        "https://[fe80::1%25lo]/",
        "https://[fc00::1]/",
        "https://[ff02::1]/",
        "https://[2606:4700::1111]/",
        "https://::1/",
    ),
    # a name of the house, or one that is written otherwise
    *(
        "https://localhost/",
        "https://localhost.:443/",
        "https://hooks/",
        "https://hooks.example.org./",
        "https://.org/",
    ),
    *(
        "https://hooks..example.org/",
        "https://-a.example.org/",
        "https://a_b.example.org/",
        "https://*.example.org/",
    ),
    *(
        "https://１２７.0.0.1/",
        "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
        "https://παράδειγμα.example.org/",
        "https://127。0。0。1/",
    ),
    *("https://%31%32%37.0.0.1/", "https://loc%61lhost/", "https://example.org%2f@127.0.0.1/"),
    # somebody before the @, other ports, what ends the address for one reader and not for the other
    *(
        "https://user@hooks.example.org/",
        "https://a:b@hooks.example.org/",
        "https://hooks.example.org@127.0.0.1/",
    ),
    *("https://hooks.example.org:22/", "https://hooks.example.org:80/", "https://hooks.example.org:0/"),
    *(
        "https://hooks.example.org:65536/",
        "https://hooks.example.org:0443/",
        "https://hooks.example.org:٤٤٣/",
    ),
    *("https://hooks.example.org:/", "https://hooks.example.org:443:22/", "https://hooks.example.org:-443/"),
    *(
        "https://hooks.example.org#@127.0.0.1/",
        "https://hooks.example.org/#x",
        "https://hooks.example.org?x=1",
    ),
    *(
        "https://hooks.example.org\\@127.0.0.1/",
        "https://hooks.example.org/a\\b",
        "https://hooks.example.org/a b",
    ),
    *(
        "https://hooks.example.org/\r\nHost: 127.0.0.1",
        "https://hooks.example.org\t/",
        "https://hooks.example.org/\x00",
    ),
    *(
        "https://hooks.example.org/é",
        "https://127.0.0.1\u2044@hooks.example.org/",
        "https://" + "a." * 130 + "org/",
    ),
    "https://hooks.example.org/" + "a" * 500,
)

NOT_PUBLIC = (
    *(
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.31.9.9",
    ),
    *("192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.19.0.1", "198.51.100.7", "203.0.113.9"),
    *(
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
    ),
    *(
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
    ),
    *("2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%1"),
    *(
        "fec0::1",
        "ff02::1",
        "2606:4700::1111%1",
        "",
        "hooks.example.org",
        "127.1",
        "0x7f000001",
        "2130706433",
    ),
)


@pytest.mark.parametrize("url", GOOD)
def test_an_address_is_read_in_parts(url: str) -> None:
    found = read(url)
    assert (found.host, found.port, found.target) == GOOD[url]
    assert read(found.url) == found


@pytest.mark.parametrize("url", BAD)
def test_what_might_lead_into_the_house_is_no_address(url: str) -> None:
    with pytest.raises(Invalid):
        read(url)


def test_the_list_is_long_enough() -> None:
    assert len(set(BAD)) >= 80


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_for_everybody_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "193.92.1.1", "2606:4700:4700::1111", "2a02:2149::1"])
def test_what_everybody_can_reach_is_public(address: str) -> None:
    assert is_public(address)


@given(st.text(max_size=60).map(lambda text: f"https://{text}") | st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused(url: str) -> None:
    try:
        found = read(url)
    except Invalid:
        return
    assert found.host.isascii() and found.port in (443, 8443) and found.target.startswith("/")
    assert not found.host[-1].isdigit() or found.host.rpartition(".")[2][0].isalpha()

"""Where a webhook may go: addresses of the web that everybody could reach, and nothing of the house. Rules only.

Written down in one form, so that no two readers of an address understand it differently: https, a name of letters,
port 443 or 8443. Which addresses of the net a name stands for is asked by whoever connects, each time anew, and each
of them must be public. ASVS 5.0 V13.2.4, V15.3.2.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from msgspec import Struct

from feedback.errors import Fault, Invalid

URL_MOST = 500
PORTS: Final = (443, 8443)

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label begins with a letter: 127.1, 0x7f.1 and 2130706433 are numbers, however they are written.
_URL = re.compile(
    rf"https://(?P<host>(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?)(?::(?P<port>[1-9][0-9]{{0,4}}))?"
    r"(?P<target>/[A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]*)?"
)

_PUBLIC_6 = ip_network("2000::/3")
"""All that is handed out as global unicast. NAT64, mapped, unique-local and link-local addresses lie outside."""
_NOT_PUBLIC: Final = tuple(
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        # Teredo and other assignments of protocols, documentation, 6to4, which holds an IPv4 address.
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
"""IANA's special-purpose registries: `ipaddress` knows them as they were when Python was released."""


class Address(Struct, frozen=True):
    """An address of the web, in parts that nobody has to read again."""

    url: str
    host: str
    port: int
    target: str
    """Path and query as they go over the line."""


def read(url: str) -> Address:
    """An address as somebody gave it. Refuses (Invalid) what is not of the one form."""
    url = url.strip()
    if len(url) > URL_MOST:
        raise Invalid([Fault("url", "too_long", length=len(url), most=URL_MOST)])
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    tidy = f"{scheme.lower()}{separator}{authority.lower()}{slash}{path}"
    found = _URL.fullmatch(tidy)
    if found is None:
        raise Invalid([Fault("url", "webhook_url", value=url)])
    port = int(found["port"] or 443)
    if port not in PORTS:
        raise Invalid([Fault("url", "webhook_port", value=port, known=PORTS)])
    if len(found["host"]) > 253:
        raise Invalid([Fault("url", "webhook_url", value=url)])
    return Address(tidy, found["host"], port, found["target"] or "/")


def is_public(address: str) -> bool:
    """Whether an address of the net, as a name was resolved to it, is one that everybody could reach."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and (found not in _PUBLIC_6 or found.scope_id is not None):
        return False
    if any(found in network for network in _NOT_PUBLIC if network.version == found.version):
        return False
    return found.is_global and not found.is_multicast

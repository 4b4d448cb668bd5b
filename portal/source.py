"""Where a request comes from: an address that is used for limits and goes nowhere else.

Behind a proxy the connection's own address is the proxy's. What the proxy says in X-Forwarded-For is believed only
where the connection comes from one of `KANALI_TRUSTED_PROXIES`: the last hop in it that is no proxy of ours.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any, Final

from portal.environment import IPNetwork

UNKNOWN: Final = "unknown"
IPV6_PREFIX: Final = 64
"""Bits of an IPv6 address that are one household or office; the rest its devices choose themselves."""


class Source:
    """The sender of a request. Shows its address to nobody; gives a name for it that a salt makes."""

    __slots__ = ("_address",)

    def __init__(self, address: str) -> None:
        self._address = address

    def named(self, salt: bytes) -> str:
        """The same name for the same address while the salt lasts; without the salt nobody can go back."""
        return hmac.digest(salt, self._address.encode(), hashlib.sha256).hex()

    def __repr__(self) -> str:
        return "Source"


def find_source(scope: Mapping[str, Any], proxies: Sequence[IPNetwork]) -> Source:
    """The source of an ASGI request; one whose address is none shares the source "unknown" with all such."""
    client = scope.get("client")
    address = _address(client[0]) if client else None
    if address is not None and _is_within(address, proxies):
        said = b",".join(value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for")
        for hop in reversed(said.decode("latin-1").split(",")):
            found = _address(hop.strip())
            if found is None:
                break  # What stands left of it may have been written by anybody.
            address = found
            if not _is_within(found, proxies):
                break
    return Source(_network(address) if address is not None else UNKNOWN)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text.partition("%")[0].strip("[]"))
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


def _is_within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, networks: Sequence[IPNetwork]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _network(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((int(address), IPV6_PREFIX), strict=False))

"""One setting after the other, taken from the environment and checked, with every fault kept.

What the values are together, and what follows from one for another, is `settings.py`'s business.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
SecondFactor = Literal["required", "offered"]


class OperatorError(Exception):
    """What an operator has to mend: one line that says what is wrong and the cure. Exit code 1."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.line = line


class Smtp(Struct, frozen=True):
    """Where mail goes out. `smtps` speaks TLS from the first byte, `smtp` by STARTTLS where it is offered."""

    host: str
    port: int
    is_tls: bool
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Smtp({self.host}:{self.port})"


class Oidc(Struct, frozen=True, kw_only=True):
    """The city's own provider of identities (OpenID Connect), and how we are known there."""

    issuer: str
    """As the provider writes it, to the letter."""
    client_id: str
    client_secret: str
    label: str
    """What the button says."""
    asks_second_factor: bool
    """Whether a second factor that was set up here is asked for as well."""

    def __repr__(self) -> str:
        return f"Oidc({self.issuer})"


_KNOWN = (
    "KANALI_DATABASE_URL",
    "KANALI_OWNER_URL",
    "KANALI_PUBLIC_URL",
    "KANALI_SECRET_FILE",
    "KANALI_FILES_URL",
    "KANALI_SMTP_URL",
    "KANALI_HOST",
    "KANALI_PORT",
    "KANALI_WORKERS",
    "KANALI_OPS_ADDRESS",
    "KANALI_TRUSTED_PROXIES",
    "KANALI_HOURLY_MESSAGES",
    "KANALI_SECOND_FACTOR",
    "KANALI_OIDC_ISSUER",
    "KANALI_OIDC_CLIENT_ID",
    "KANALI_OIDC_CLIENT_SECRET_FILE",
    "KANALI_OIDC_LABEL",
    "KANALI_OIDC_SECOND_FACTOR",
    "KANALI_NOW",
)


class Reader:
    """Reads one setting after the other and keeps the faults, so that all of them are told at once."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._faults: list[str] = list(_unknown(values))

    def fault(self, name: str, words: str) -> None:
        self._faults.append(f"{name} {words}.")

    def finish(self) -> None:
        if self._faults:
            raise OperatorError("\n".join(self._faults))

    def number(self, name: str, default: int, least: int, most: int) -> int:
        text = self._values.get(name, "")
        if not text:
            return default
        if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII) or not least <= int(text) <= most:
            self.fault(name, f"is {text!r}: give a whole number from {least} to {most}")
            return default
        return int(text)

    def path(self, name: str, default: Path) -> Path:
        text = self._values.get(name, "")
        return Path(text) if text else default

    def folder(self, name: str, default: Path) -> Path:
        """A folder of this machine, as a path or as file:///path."""
        text = self._values.get(name, "")
        if not text:
            return default
        parts = _split(text)
        if "://" in text and (
            not parts or parts.scheme != "file" or parts.netloc or parts.query or parts.fragment
        ):
            self.fault(name, "is no folder of this machine: give /path/to/folder or file:///path/to/folder")
            return default
        return Path(unquote(parts.path)) if parts and parts.scheme == "file" else Path(text)

    def database(self, name: str, default: str) -> str:
        text = self._values.get(name, "")
        if not text:
            return default
        if text.startswith("sqlite:///") and len(text) > len("sqlite:///") and "?" not in text:
            return text
        parts = _split(text)
        if parts and parts.scheme == "postgresql" and _port_is_good(parts) and len(parts.path) > 1:
            return text
        # The value is not repeated: it may hold a password.
        self.fault(name, "is no database: give sqlite:///path/to/file or postgresql://user@host:port/name")
        return default

    def public_url(self, name: str, default: str) -> str:
        text = self._values.get(name, "").rstrip("/")
        if not text:
            return default
        parts = _split(text)
        if (
            not parts
            or parts.scheme not in ("http", "https")
            or not parts.hostname
            or not _port_is_good(parts)
            or parts.username is not None
            or parts.path
            or parts.query
            or parts.fragment
        ):
            self.fault(
                name, "must be http:// or https:// and a host, without a path: https://kanali.example.org"
            )
            return default
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            self.fault(
                name, "is http for a host other than this machine: use https, or 127.0.0.1 to try it out"
            )
            return default
        return text

    def smtp(self, name: str) -> Smtp | None:
        text = self._values.get(name, "")
        if not text:
            return None
        parts = _split(text)
        if (
            not parts
            or parts.scheme not in ("smtp", "smtps")
            or not parts.hostname
            or not _port_is_good(parts)
            or parts.path not in ("", "/")
            or parts.query
        ):
            self.fault(name, "is no mail server: give smtp://user:password@host:587 or smtps://host")
            return None
        is_tls = parts.scheme == "smtps"
        return Smtp(
            host=parts.hostname,
            port=parts.port or (465 if is_tls else 25),
            is_tls=is_tls,
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )

    def oidc(self) -> Oidc | None:
        """All of a provider's settings, or none; each fault of each."""
        if not any(self._values.get(name) for name in _KNOWN if "_OIDC_" in name):
            return None
        issuer = self._values.get("KANALI_OIDC_ISSUER", "")
        if not is_good_provider(issuer) or "?" in issuer or len(issuer) > 500:
            self.fault(
                "KANALI_OIDC_ISSUER",
                "must be the address of the provider, https (http on this machine only), without ? and #: "
                "https://id.example.org/realms/city",
            )
        client_id = self._values.get("KANALI_OIDC_CLIENT_ID", "")
        if not re.fullmatch(r"[\x21-\x7e]{1,255}", client_id):
            self.fault("KANALI_OIDC_CLIENT_ID", "must be the name under which the provider knows Kanali")
        label = self._values.get("KANALI_OIDC_LABEL", "") or (_split(issuer) or urlsplit("")).hostname or ""
        if not label.isprintable() or len(label) > 60:
            self.fault("KANALI_OIDC_LABEL", "must be one line of at most 60 characters")
        second = self._values.get("KANALI_OIDC_SECOND_FACTOR", "") or "skip"
        if second not in ("ask", "skip"):
            self.fault("KANALI_OIDC_SECOND_FACTOR", f"is {second!r}: give ask or skip")
        return Oidc(
            issuer=issuer,
            client_id=client_id,
            client_secret=self._secret_of_client("KANALI_OIDC_CLIENT_SECRET_FILE"),
            label=label,
            asks_second_factor=second == "ask",
        )

    def _secret_of_client(self, name: str) -> str:
        text = self._values.get(name, "")
        if not text:
            self.fault(
                name, "is missing: give the file that holds the secret which the provider gave to Kanali"
            )
            return ""
        try:
            mode = Path(text).stat().st_mode
            secret = Path(text).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            self.fault(name, f"names {text}, which cannot be read: correct its path, owner and mode")
            return ""
        if mode & 0o027:
            self.fault(name, f"names {text}, which is open to others: run chmod 600 {text}")
        if not re.fullmatch(r"[\x20-\x7e]{1,1000}", secret):
            self.fault(name, f"names {text}, which does not hold a secret in one line")
        return secret

    def host(self, name: str, default: str) -> str:
        text = self._values.get(name, "")
        if not text:
            return default
        if text == "localhost":
            return default
        try:
            return str(ipaddress.ip_address(text.strip("[]")))
        except ValueError:
            self.fault(name, f"is {text!r}: give the address to listen on, 127.0.0.1 or 0.0.0.0")
            return default

    def listener(self, name: str, default: tuple[str, int]) -> tuple[str, int] | None:
        text = self._values.get(name, "")
        if not text:
            return default
        if text == "off":
            return None
        host, _, port = text.replace("localhost", default[0]).rpartition(":")
        try:
            address = str(ipaddress.ip_address(host.strip("[]")))
        except ValueError:
            address = ""
        if not address or not re.fullmatch(r"[0-9]{1,5}", port, re.ASCII) or not 1 <= int(port) <= 65535:
            self.fault(name, f"is {text!r}: give an address and a port, 127.0.0.1:8001, or off")
            return default
        return address, int(port)

    def networks(self, name: str, default: tuple[IPNetwork, ...]) -> tuple[IPNetwork, ...]:
        found: list[IPNetwork] = []
        if not self._values.get(name):
            return default
        for part in filter(None, re.split(r"[,\s]+", self._values.get(name, ""))):
            try:
                found.append(ipaddress.ip_network(part))
            except ValueError:
                self.fault(
                    name, f"holds {part!r}: give addresses or networks, 10.0.0.0/8, with commas between"
                )
        return tuple(found)

    def second_factor(self, name: str) -> SecondFactor:
        text = self._values.get(name, "")
        if text == "offered":
            return "offered"
        if text not in ("", "required"):
            self.fault(name, f"is {text!r}: give required or offered")
        return "required"

    def instant(self, name: str) -> datetime | None:
        text = self._values.get(name, "")
        if not text:
            return None
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            value = None
        if value is None or value.tzinfo is None:
            self.fault(name, f"is {text!r}: give an instant with its zone, 2026-12-01T09:00:00Z")
            return None
        return value.astimezone(UTC)


def _unknown(values: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(values):
        if name not in _KNOWN:
            near = difflib.get_close_matches(name, _KNOWN, n=1)
            hint = f"did you mean {near[0]}?" if near else "take it out of the environment."
            yield f"{name} is no setting: {hint}"


def is_good_provider(address: str) -> bool:
    """Whether an address of a provider may be asked: https to a host, or http on this machine; nothing odd in it."""
    parts = _split(address)
    return bool(
        parts
        and re.fullmatch(r"[\x21-\x7e]{1,2000}", address)
        and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")))
        and re.fullmatch(r"[a-z0-9.:-]+", parts.hostname or "")
        and _port_is_good(parts)
        and parts.username is None
        and not parts.fragment
    )


def _split(text: str) -> SplitResult | None:
    try:
        return urlsplit(text)
    except ValueError:
        return None


def _port_is_good(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether a host, by name or number, is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

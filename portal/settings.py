"""What an operator decides, read from the environment once at start, and where the program's own files are.

Every fault is named at once, each with its cure; an unknown `KANALI_…` is one of them. What a *city* decides is
not here (`feedback/city/profile.py`), nor anything that is kept in the database.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from feedback.limits.rules import TOWN

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    """A folder of ours: inside the package in a wheel, beside it in a checkout."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


TEMPLATES = _folder("templates")
STATIC = _folder("static")
LOCALE = _folder("locale")
MIGRATIONS = _folder("migrations")
CITIES = _folder("cities")
DEMONSTRATION = _folder("demonstration")

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
THIS_MACHINE: Final[tuple[IPNetwork, ...]] = (
    ipaddress.ip_network("127.0.0.0/8"),
    ipaddress.ip_network("::1"),
)
"""Whose word is taken where the public address is https and nothing is set: the proxy that ends the TLS."""


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


class Settings(Struct, frozen=True, kw_only=True):
    """The whole environment, checked."""

    database_url: str
    """`sqlite:///var/kanali.db` (a path relative to the working directory) or `postgresql://…`."""
    owner_url: str
    """The role that owns the tables (init and migrate only); the same as `database_url` where not set."""
    public_url: str
    """Scheme and host as people type them, without a slash at the end."""
    secret_file: Path
    files_folder: Path
    """Where photos and documents of citizens lie."""
    smtp: Smtp | None
    """None: mails are written to `mail_folder`."""
    host: str
    port: int
    workers: int
    """Web processes: one on SQLite."""
    operations: tuple[str, int] | None
    """Where health in detail and metrics are told; None: nowhere."""
    oidc: Oidc | None
    """None: nobody signs in by another system."""
    trusted_proxies: tuple[IPNetwork, ...]
    """Whose X-Forwarded-For is believed."""
    hourly_messages: int
    """How many messages the whole town sends in an hour before the next are held for a clerk's look."""
    second_factor: SecondFactor
    """Whether staff must have a second factor or may; a demonstration never asks for one."""
    start_clock_at: datetime | None
    """`KANALI_NOW`; see `portal/installation.py`."""

    def __repr__(self) -> str:
        return f"Settings({self.database_name})"

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite:")

    @property
    def is_owner_apart(self) -> bool:
        """Whether the tables belong to another role than the one that serves."""
        return self.owner_url != self.database_url

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https:")

    @property
    def database_name(self) -> str:
        """The database as an operator may see it: the file, or host and name without user and password."""
        return _shown(self.database_url)

    @property
    def var(self) -> Path:
        """The folder of what the program writes: that of the SQLite file, `var` with PostgreSQL."""
        return _var(self.database_url)

    @property
    def mail_folder(self) -> Path:
        """Where mails are written when no SMTP is set, and always for a demonstration."""
        return self.var / "mail"

    @property
    def accounts_file(self) -> Path:
        """Where `kanali demo` keeps its random passwords (0600)."""
        return self.var / "demonstration-accounts"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Refuses (`OperatorError`) with every fault named, one a line."""
    source = os.environ if environ is None else environ
    reader = _Reader({name: value.strip() for name, value in source.items() if name.startswith("KANALI_")})
    port = reader.number("KANALI_PORT", 8000, 1, 65535)
    database_url = reader.database("KANALI_DATABASE_URL", "sqlite:///var/kanali.db")
    owner_url = reader.database("KANALI_OWNER_URL", database_url)
    workers = reader.number("KANALI_WORKERS", 1, 1, 64)
    if database_url.startswith("sqlite:") and workers > 1:
        reader.fault(
            "KANALI_WORKERS", f"is {workers}, but SQLite serves with one web process: use 1, or PostgreSQL"
        )
    if database_url.startswith("sqlite:") and owner_url != database_url:
        reader.fault("KANALI_OWNER_URL", "is for PostgreSQL only: leave it out with SQLite")
    public_url = reader.public_url("KANALI_PUBLIC_URL", f"http://127.0.0.1:{port}")
    is_https = public_url.startswith("https:")
    settings = Settings(
        database_url=database_url,
        owner_url=owner_url,
        public_url=public_url,
        secret_file=reader.path("KANALI_SECRET_FILE", _var(database_url) / "secret"),
        files_folder=reader.folder("KANALI_FILES_URL", _var(database_url) / "files"),
        smtp=reader.smtp("KANALI_SMTP_URL"),
        host=reader.host("KANALI_HOST", "127.0.0.1"),
        port=port,
        workers=workers,
        operations=reader.listener("KANALI_OPS_ADDRESS", ("127.0.0.1", 8001)),
        oidc=reader.oidc(),
        trusted_proxies=reader.networks("KANALI_TRUSTED_PROXIES", THIS_MACHINE if is_https else ()),
        hourly_messages=reader.number("KANALI_HOURLY_MESSAGES", TOWN.most, 1, 999_999),
        second_factor=reader.second_factor("KANALI_SECOND_FACTOR"),
        start_clock_at=reader.instant("KANALI_NOW"),
    )
    reader.finish()
    return settings


def sqlite_path(database_url: str) -> Path:
    """The file of a SQLite URL; relative paths are relative to the working directory."""
    return Path(unquote(database_url.removeprefix("sqlite:///")))


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


class _Reader:
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
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
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
        and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")))
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


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _var(database_url: str) -> Path:
    return sqlite_path(database_url).parent if database_url.startswith("sqlite:") else Path("var")


def _shown(database_url: str) -> str:
    if database_url.startswith("sqlite:"):
        return str(sqlite_path(database_url))
    parts = urlsplit(database_url)
    return f"{parts.path.lstrip('/')} on {parts.hostname or 'the local socket'}"

"""What an operator decides, read from the environment once at start, and where the program's own files are.

Every fault is named at once, each with its cure; an unknown `KANALI_…` is one of them. What a *city* decides is
not here (`feedback/city/profile.py`), nor anything that is kept in the database.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from feedback.limits.rules import TOWN
from portal.environment import IPNetwork, Oidc, Reader, SecondFactor, Smtp

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

THIS_MACHINE: Final[tuple[IPNetwork, ...]] = (
    ipaddress.ip_network("127.0.0.0/8"),
    ipaddress.ip_network("::1"),
)
"""Whose word is taken where the public address is https and nothing is set: the proxy that ends the TLS."""


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
    reader = Reader({name: value.strip() for name, value in source.items() if name.startswith("KANALI_")})
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


def _var(database_url: str) -> Path:
    return sqlite_path(database_url).parent if database_url.startswith("sqlite:") else Path("var")


def _shown(database_url: str) -> str:
    if database_url.startswith("sqlite:"):
        return str(sqlite_path(database_url))
    parts = urlsplit(database_url)
    return f"{parts.path.lstrip('/')} on {parts.hostname or 'the local socket'}"

"""The installation, its city, and every version of its profile."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from feedback.columns import BigKey, Row, instant, key, link


class Installation(Row, table=True):
    """One row: what this database is. `demonstration` is never unset."""

    __tablename__ = "installation"
    LOOSE = ("id", "city_id", "demonstration", "secret_id", "clock_ahead", "made_at")

    id: int = Field(default=1, primary_key=True)
    city_id: int | None = link("city.id", nullable=True)
    demonstration: bool = False
    secret_id: str = Field(max_length=32)
    clock_ahead: int = 0
    """Seconds that a demonstration's clock runs ahead of the real one; may only grow."""
    made_at: datetime = instant()


class CityRow(Row, table=True):
    """The city as a subject of the ledger; its chain orders the versions."""

    __tablename__ = "city"
    FACTS = ("key", "code", "current_id")
    LOOSE = ("id", "version", "notes", "head")

    id: int | None = key()
    key: str = Field(max_length=40, unique=True)
    code: str = Field(max_length=4)
    current_id: int | None = Field(default=None, sa_type=BigKey, nullable=True)
    version: int = 0
    notes: int = 0
    head: str = Field(default="", max_length=64)


class CityVersion(Row, table=True):
    """One version of the profile, as canonical JSON. Never deleted: items keep the one that ruled them."""

    __tablename__ = "city_version"
    FACTS = ("city_id", "number", "digest", "source", "stored_at")
    LOOSE = ("id", "document")

    id: int | None = key()
    city_id: int = link("city.id", index=True)
    number: int
    digest: str = Field(max_length=64)
    """SHA-256 of the document; `verify` recomputes it."""
    source: str = Field(max_length=10)
    """load (from a folder) or edit (in the browser)"""
    document: bytes = Field(sa_type=sa.LargeBinary)
    stored_at: datetime = instant()

"""What a cycle's clocks are kept in: the deadline itself, what made it longer, what it does not count."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from feedback.columns import Row, instant, key, link

LAPSED = "lapsed"
"""Reason of a pause that another row of law does not count; no page shows it."""


class Clock(Row, table=True):
    """A deadline of a cycle: the law's or the city's own promise, never mixed."""

    __tablename__ = "clock"
    __table_args__ = (sa.UniqueConstraint("cycle_id", "which"), sa.Index("ix_clock_due", "which", "due_on"))
    FACTS = (
        "cycle_id",
        "which",
        "rule_key",
        "rule_version",
        "started_at",
        "due_on",
        "due_at",
        "stopped_at",
        "stopped_by",
    )
    LOOSE = ("id", "longer")

    id: int | None = key()
    cycle_id: int = link("cycle.id")
    which: str = Field(max_length=8)
    """law or promise"""
    rule_key: str = Field(max_length=60)
    rule_version: int
    started_at: datetime = instant()
    due_on: date | None = None
    """None while the clock is paused."""
    due_at: datetime | None = instant(nullable=True)
    stopped_at: datetime | None = instant(nullable=True)
    stopped_by: str = Field(default="", max_length=12)
    """answer, withdrawal, void or rule"""
    longer: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """By how many of its row's unit the law's time was made longer; derived from the timeline."""


class Extension(Row, table=True):
    """By how much a line of the timeline extended the law's time."""

    __tablename__ = "extension"
    FACTS = ("item_id", "cycle_id", "entry_id", "days")
    LOOSE = ("id",)

    id: int | None = key()
    item_id: int = link("item.id", index=True)
    cycle_id: int = link("cycle.id")
    entry_id: int = link("entry.id", unique=True)
    days: int
    """Of the row's unit: working days, days or months."""


class Pause(Row, table=True):
    """Time that a clock does not count, with its reason."""

    __tablename__ = "pause"
    FACTS = ("clock_id", "since", "until", "reason")
    LOOSE = ("id",)

    id: int | None = key()
    clock_id: int = link("clock.id", index=True)
    since: datetime = instant()
    until: datetime | None = instant(nullable=True)
    reason: str = Field(max_length=40)

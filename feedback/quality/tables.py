"""The quality record: closed periods, the copy of what was counted, and the frozen figures."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from feedback.columns import BigKey, Row, instant, key, link, words


class Record(Row, table=True):
    """A closed month. Its chain of the ledger holds the digests of its copy and of its figures."""

    __tablename__ = "record"
    FACTS = (
        "period",
        "state",
        "window_from",
        "closed_at",
        "closed_by",
        "definitions",
        "city_version_id",
        "counted_digest",
        "figures_digest",
        "satisfaction",
        "satisfaction_from",
        "rated_digest",
        "satisfaction_digest",
    )
    LOOSE = ("id", "version", "notes", "head")

    id: int | None = key()
    period: str = Field(max_length=7, unique=True)
    """`2026-10`"""
    state: str = Field(max_length=8)
    """draft (being written, shown to nobody) or closed"""
    window_from: str = Field(max_length=7)
    """First month of the window of up to twelve that ends with this one."""
    closed_at: datetime = instant()
    closed_by: int | None = link("account.id", nullable=True)
    definitions: int
    """Version of the definitions in `measures.py`."""
    city_version_id: int = link("city_version.id")
    counted_digest: str = Field(max_length=64)
    figures_digest: str = Field(max_length=64)
    satisfaction: str = Field(max_length=12)
    """provisional or frozen"""
    satisfaction_from: date
    """The first day on which satisfaction can be frozen: the day after the last link of the period ends."""
    rated_digest: str = Field(default="", max_length=64)
    satisfaction_digest: str = Field(default="", max_length=64)
    version: int = 0
    notes: int = 0
    head: str = Field(default="", max_length=64)


class Counted(Row, table=True):
    """The copy of one cycle as it was counted: no words, no contact. A field is set only where it counts here."""

    __tablename__ = "counted"
    LOOSE = (
        "record_id",
        "cycle_id",
        "department",
        "service",
        "nature",
        "received_on",
        "law_due_on",
        "promise_due_on",
        "answered_on",
        "minutes",
        "second_look_on",
    )

    record_id: int = Field(sa_type=BigKey, foreign_key="record.id", primary_key=True)
    cycle_id: int = Field(sa_type=BigKey, foreign_key="cycle.id", primary_key=True)
    department: str = Field(default="", max_length=40)
    service: str = Field(default="", max_length=40)
    nature: str = Field(max_length=24)
    received_on: date | None = None
    law_due_on: date | None = None
    promise_due_on: date | None = None
    answered_on: date | None = None
    """The day of the first answer, whenever it was, so that "in time" can be judged; see `measures`."""
    minutes: int | None = None
    second_look_on: date | None = None


class Rated(Row, table=True):
    """The copy of one invitation of the period and its ratings; rewritten once, when satisfaction is frozen."""

    __tablename__ = "rated"
    LOOSE = ("record_id", "cycle_id", "department", "service", "nature", "invited_on", "outcome", "handling")

    record_id: int = Field(sa_type=BigKey, foreign_key="record.id", primary_key=True)
    cycle_id: int = Field(sa_type=BigKey, foreign_key="cycle.id", primary_key=True)
    department: str = Field(default="", max_length=40)
    service: str = Field(default="", max_length=40)
    nature: str = Field(max_length=24)
    invited_on: date
    outcome: int | None = None
    handling: int | None = None


class Figure(Row, table=True):
    """One frozen figure: integers only. A share is `numerator` of `n`; a duration is minutes of `n` cases."""

    __tablename__ = "figure"
    __table_args__ = (
        sa.UniqueConstraint("record_id", "measure", "span", "scope", "scope_key"),
        sa.Index("ix_figure_page", "span", "scope", "scope_key", "measure"),
    )
    LOOSE = (
        "id",
        "record_id",
        "measure",
        "span",
        "scope",
        "scope_key",
        "window_from",
        "window_to",
        "n",
        "numerator",
        "median",
        "p90",
        "aside",
        "invited",
        "responded",
    )

    id: int | None = key()
    record_id: int = link("record.id")
    measure: str = Field(max_length=24)
    span: str = Field(max_length=6)
    """month or year (the window of up to twelve months)"""
    scope: str = Field(max_length=10)
    """city, department or service"""
    scope_key: str = Field(default="", max_length=40)
    """empty for the city; `-` for "not assigned\""""
    window_from: str = Field(max_length=7)
    window_to: str = Field(max_length=7)
    n: int
    numerator: int | None = None
    median: int | None = None
    p90: int | None = None
    aside: int | None = None
    """Satisfaction: how many said "I can't say"."""
    invited: int | None = None
    """Satisfaction: invitations made in the window."""
    responded: int | None = None
    """Satisfaction: invitations with at least one rating."""


class Restatement(Row, table=True):
    """What a correction after the closing would have changed: counted, explained, never written over."""

    __tablename__ = "restatement"
    FACTS = ("record_id", "at", "by_id", "changed", "digest")
    WORDS = ("reason", "figures")
    LOOSE = ("id",)

    id: int | None = key()
    record_id: int = link("record.id", index=True)
    at: datetime = instant()
    by_id: int | None = link("account.id", nullable=True)
    changed: int
    """How many cycles count otherwise now."""
    reason: str = words()
    figures: str = words()
    """The figures as they would be, as canonical JSON."""
    digest: str = Field(max_length=64)

"""Who is told of what by webhook, and each single thing that is to be told."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from feedback.columns import BigKey, Row, instant, key, link, words


class Subscription(Row, table=True):
    """A system elsewhere that is told of events. Its notes stand in the chain of the city; it is never deleted."""

    __tablename__ = "subscription"
    FACTS = ("events", "made_at", "ended_at", "disabled_at", "disabled_for")
    WORDS = ("url",)
    LOOSE = ("id", "salt", "since", "followed", "looked_at", "failures", "rests_until")

    id: int | None = key()
    url: str = words()
    events: str = Field(max_length=200)
    """Their types, sorted, with spaces between."""
    salt: str = Field(max_length=32)
    """What its secret is derived with; the secret itself is stored nowhere."""
    made_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)
    """Removed: it is told nothing any more."""
    disabled_at: datetime | None = instant(nullable=True)
    disabled_for: str = Field(default="", max_length=20)
    """Why: `gone` (410)."""
    since: datetime = instant()
    """What happened before is not told: it was added, or enabled, then."""
    followed: int = Field(default=0, sa_type=BigKey)
    """How many leaves of the sealed log it has been told of."""
    looked_at: datetime = instant()
    """Up to when it has been told of cases that are overdue."""
    failures: int = 0
    """How often in a row it could not be reached."""
    rests_until: datetime | None = instant(nullable=True)


class Delivery(Row, table=True):
    """One event for one subscription: codes and days, sent under the same id until it is taken."""

    __tablename__ = "delivery"
    __table_args__ = (
        sa.UniqueConstraint("subscription_id", "stable_id"),
        sa.Index("ix_delivery_state", "state", "ended_at"),
    )
    LOOSE = (
        "id",
        "subscription_id",
        "event",
        "stable_id",
        "item_id",
        "content",
        "state",
        "reason",
        "made_at",
        "ended_at",
    )

    id: int | None = key()
    subscription_id: int = link("subscription.id")
    event: str = Field(max_length=20)
    stable_id: str = Field(max_length=40)
    """The `webhook-id`: what the receiver knows a repetition by."""
    item_id: int | None = Field(default=None, sa_type=BigKey, nullable=True)
    content: str = words()
    """What is sent, byte by byte."""
    state: str = Field(default="waiting", max_length=12)
    """waiting, sent, failed (undelivered), withheld (restricted meanwhile, or the subscription was removed)"""
    reason: str = Field(default="", max_length=60)
    made_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)

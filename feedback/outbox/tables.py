"""What is to be done after the commit: messages to people, and jobs with their leases."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from feedback.columns import BigKey, Row, instant, key, words


class Job(Row, table=True):
    """One thing to do at a time, once: its key is its identity, a lease says who is at it."""

    __tablename__ = "job"
    __table_args__ = (sa.UniqueConstraint("kind", "key"), sa.Index("ix_job_run_at", "run_at"))
    LOOSE = (
        "id",
        "kind",
        "key",
        "destination",
        "since",
        "run_at",
        "lease_until",
        "lease_token",
        "attempts",
        "error",
    )

    id: int | None = key()
    kind: str = Field(max_length=40)
    key: str = Field(max_length=80)
    destination: str = Field(default="", max_length=20)
    """Of jobs that wait for one another's destination: which one. Only one of them is in hand at a time."""
    since: datetime = instant()
    """When it was tried first; before that, when it was to be done."""
    run_at: datetime = instant()
    lease_until: datetime | None = instant(nullable=True)
    lease_token: str = Field(default="", max_length=32)
    attempts: int = 0
    error: str = Field(default="", max_length=500)


class Message(Row, table=True):
    """A mail to be written: a code and facts. Rendered at its first sending, kept as sent until delivered."""

    __tablename__ = "message"
    __table_args__ = (
        sa.Index(
            "ix_message_mailbox",
            "mailbox",
            "rendered_at",
            sqlite_where=sa.text("mailbox IS NOT NULL"),
            postgresql_where=sa.text("mailbox IS NOT NULL"),
        ),
        sa.Index(
            "ix_message_failed",
            "failed_at",
            "item_id",
            sqlite_where=sa.text("state = 'failed'"),
            postgresql_where=sa.text("state = 'failed'"),
        ),
    )
    LOOSE = (
        "id",
        "kind",
        "item_id",
        "contact_id",
        "account_id",
        "language",
        "facts",
        "state",
        "stable_id",
        "rendered",
        "rendered_at",
        "mailbox",
        "made_at",
        "sent_at",
        "failed_at",
        "reason",
    )

    id: int | None = key()
    kind: str = Field(max_length=40)
    item_id: int | None = Field(default=None, sa_type=BigKey, index=True, nullable=True)
    contact_id: int | None = Field(default=None, sa_type=BigKey, nullable=True)
    account_id: int | None = Field(default=None, sa_type=BigKey, nullable=True)
    """A mail about an item goes to its contact, one without an item to this account; to nobody where all are empty."""
    language: str = Field(max_length=8)
    facts: str = words()
    state: str = Field(default="waiting", max_length=12)
    """waiting, held (its item is), sent, failed (undelivered), too_many (not sent, so that no mailbox is flooded),
    lapsed (over before it could go), not_sent (demonstration), erased"""
    stable_id: str = Field(max_length=64, unique=True)
    rendered: bytes | None = Field(default=None, sa_type=sa.LargeBinary, nullable=True)
    rendered_at: datetime | None = instant(nullable=True)
    mailbox: str | None = Field(default=None, max_length=64, nullable=True)
    """A digest of the mailbox it goes to, where nobody has confirmed the address: what is counted by. Wiped with the
    words."""
    made_at: datetime = instant()
    sent_at: datetime | None = instant(nullable=True)
    failed_at: datetime | None = instant(nullable=True)
    reason: str = Field(default="", max_length=60)
    """Why it is undelivered: a code, never a server's words, which may repeat the address."""

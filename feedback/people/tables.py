"""Staff accounts, the departments they answer for, their sessions, and the links that give them a password."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from feedback.columns import BigKey, Row, instant, key, link


class Account(Row, table=True):
    """A member of staff."""

    __tablename__ = "account"
    FACTS = ("role", "language", "disabled_at", "made_at", "password_changed_at")
    WORDS = ("email", "name")
    LOOSE = ("id", "password_hash", "version", "notes", "head")

    id: int | None = key()
    email: str = Field(max_length=254, unique=True)
    """Lower case; the name one signs in with."""
    name: str = Field(max_length=120)
    role: str = Field(max_length=12)
    language: str = Field(max_length=8)
    password_hash: str = Field(default="", max_length=200)
    password_changed_at: datetime | None = instant(nullable=True)
    disabled_at: datetime | None = instant(nullable=True)
    made_at: datetime = instant()
    version: int = 0
    notes: int = 0
    head: str = Field(default="", max_length=64)


class Membership(Row, table=True):
    """An account answers for a department."""

    __tablename__ = "membership"
    FACTS = ("account_id", "department", "ended_at")
    LOOSE = ("id",)

    id: int | None = key()
    account_id: int = link("account.id", index=True)
    department: str = Field(max_length=40)
    ended_at: datetime | None = instant(nullable=True)


class StaffSession(Row, table=True):
    """A signed-in browser; the identifier is stored hashed."""

    __tablename__ = "staff_session"
    LOOSE = ("id_hash", "account_id", "made_at", "seen_at", "ends_at")

    id_hash: str = Field(primary_key=True, max_length=64)
    account_id: int = Field(sa_type=BigKey, foreign_key="account.id", index=True)
    made_at: datetime = instant()
    seen_at: datetime = instant()
    ends_at: datetime = instant()


class Welcome(Row, table=True):
    """A link by which an account gets its password: good once and for a short time; the token is stored hashed."""

    __tablename__ = "welcome"
    LOOSE = ("token_hash", "account_id", "made_at", "ends_at")

    token_hash: str = Field(primary_key=True, max_length=64)
    account_id: int = Field(sa_type=BigKey, foreign_key="account.id", index=True)
    made_at: datetime = instant()
    ends_at: datetime = instant()


class Identity(Row, table=True):
    """A person of the city's own provider of identities who opens an account."""

    __tablename__ = "identity"
    __table_args__ = tuple(
        sa.Index(
            f"uq_identity_{name}",
            *columns,
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        for name, columns in (("person", ("issuer", "subject")), ("account", ("account_id", "issuer")))
    )
    FACTS = ("account_id", "bound_at", "ended_at")
    WORDS = ("issuer", "subject")
    LOOSE = ("id",)

    id: int | None = key()
    account_id: int = link("account.id")
    issuer: str = Field(max_length=500)
    subject: str = Field(max_length=255)
    """What the provider calls the person, and never calls anybody else."""
    bound_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)


class SpentAnswer(Row, table=True):
    """An answer of the provider that was taken: it is not taken again."""

    __tablename__ = "spent_answer"
    LOOSE = ("digest", "ends_at")

    digest: str = Field(primary_key=True, max_length=64)
    ends_at: datetime = instant()

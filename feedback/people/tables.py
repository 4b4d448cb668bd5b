"""Staff accounts, the departments they answer for, their sessions, and the links that give them a password."""

from datetime import datetime

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

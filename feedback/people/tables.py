"""Staff accounts, their departments, their second factors, their sessions, and the links that give them a password."""

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


class Totp(Row, table=True):
    """An authenticator app that gives codes for an account."""

    __tablename__ = "totp"
    FACTS = ("account_id", "made_at", "removed_at")
    LOOSE = ("id", "salt", "last_step", "used_at")

    id: int | None = key()
    account_id: int = link("account.id", index=True)
    salt: str = Field(max_length=32)
    """What its secret is derived from, together with the installation's; empty once it is removed."""
    last_step: int = Field(sa_type=BigKey)
    """The step of the last code that was taken: no code is taken twice."""
    made_at: datetime = instant()
    used_at: datetime | None = instant(nullable=True)
    removed_at: datetime | None = instant(nullable=True)


class Passkey(Row, table=True):
    """A WebAuthn credential that signs in to an account by itself."""

    __tablename__ = "passkey"
    FACTS = ("account_id", "made_at", "copied_at", "removed_at")
    LOOSE = ("id", "name", "credential_id", "public_key", "sign_count", "transports", "used_at")

    id: int | None = key()
    account_id: int = link("account.id", index=True)
    name: str = Field(max_length=60)
    """What its owner calls it."""
    credential_id: str = Field(max_length=1400, unique=True)
    """Base64url, of at most 1,023 bytes."""
    public_key: str = Field(sa_type=sa.Text)
    """COSE, base64url."""
    sign_count: int = Field(sa_type=BigKey)
    transports: str = Field(max_length=120)
    """How a browser reaches it, with commas between."""
    made_at: datetime = instant()
    used_at: datetime | None = instant(nullable=True)
    copied_at: datetime | None = instant(nullable=True)
    """When its count went back, as that of a copy does; it opens nothing from then on."""
    removed_at: datetime | None = instant(nullable=True)


class RecoveryCode(Row, table=True):
    """A code for the day on which app and passkeys are lost; gone once it was used."""

    __tablename__ = "recovery_code"
    LOOSE = ("digest", "account_id", "made_at")

    digest: str = Field(primary_key=True, max_length=64)
    account_id: int = Field(sa_type=BigKey, foreign_key="account.id", index=True)
    made_at: datetime = instant()


class SpentChallenge(Row, table=True):
    """A challenge that a passkey or the city's own provider has answered: it is taken once."""

    __tablename__ = "spent_challenge"
    LOOSE = ("digest", "ends_at")

    digest: str = Field(primary_key=True, max_length=64)
    ends_at: datetime = instant()


class HalfSession(Row, table=True):
    """Somebody who has given the right password and not yet the second factor: it opens nothing."""

    __tablename__ = "half_session"
    LOOSE = ("id_hash", "account_id", "ends_at")

    id_hash: str = Field(primary_key=True, max_length=64)
    account_id: int = Field(sa_type=BigKey, foreign_key="account.id", index=True)
    ends_at: datetime = instant()


class StaffSession(Row, table=True):
    """A signed-in browser; the identifier is stored hashed."""

    __tablename__ = "staff_session"
    LOOSE = ("id_hash", "account_id", "made_at", "seen_at", "ends_at", "must_set_up", "confirmed_at")

    id_hash: str = Field(primary_key=True, max_length=64)
    account_id: int = Field(sa_type=BigKey, foreign_key="account.id", index=True)
    made_at: datetime = instant()
    seen_at: datetime = instant()
    ends_at: datetime = instant()
    must_set_up: bool = False
    """It opens nothing but the page on which a second factor is set up."""
    confirmed_at: datetime | None = instant(nullable=True)
    """When its owner last showed password and factor for a change of these."""


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

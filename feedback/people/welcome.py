"""Links by which a person chooses the password of an account: the invitation to a new one, and after a lost password.

A token has 256 bits, is known to its mail alone and stored hashed. It is good once and for a short time, and it ends
with every change of the password and with the account (`accounts.py`). Links live by the real clock, like sessions.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.columns import table_of
from feedback.errors import Expired
from feedback.ledger.notes import Actor
from feedback.outbox import post
from feedback.people import accounts, sessions
from feedback.people.tables import Account, Welcome

INVITATION_LIVES = timedelta(hours=72)
RESET_LIVES = timedelta(minutes=60)

Occasion = Literal["invitation", "reset", "reset_by_administrator"]
"""Why the link is made; the kind of its mail, too."""

_WELCOME = table_of(Welcome)


class NewWelcome(Struct, frozen=True):
    """A link with its token, which is known only while it is told to its person; it leads nowhere until it is kept."""

    token: str
    account_id: int
    made_at: datetime
    ends_at: datetime


def lives(occasion: Occasion) -> timedelta:
    """How long a link of this occasion is good."""
    return INVITATION_LIVES if occasion == "invitation" else RESET_LIVES


def make(*, account_id: int, occasion: Occasion, now: datetime) -> NewWelcome:
    """A link for a mail that is being composed, or for the terminal."""
    return NewWelcome(secrets.token_urlsafe(32), account_id, now, now + lives(occasion))


def keep(session: Session, made: NewWelcome) -> None:
    """Store a link; its token only hashed."""
    session.execute(
        sa.insert(_WELCOME).values(
            token_hash=_hash(made.token),
            account_id=made.account_id,
            made_at=made.made_at,
            ends_at=made.ends_at,
        )
    )


def invite(session: Session, *, account: Account, occasion: Occasion, now: datetime) -> None:
    """Have the link mailed; it is made when the mail is written."""
    post.message_to_account(session, kind=occasion, account_id=account.id, language=account.language, now=now)


def ask(session: Session, *, email: str, language: str, now: datetime) -> None:
    """Somebody has lost the password of this address.

    A message is put into the outbox either way, so that an unknown address and a disabled account take the same work;
    theirs is to nobody and comes to nothing.
    """
    account = accounts.find_by_email(session, email) if email.isascii() and email.isprintable() else None
    is_known = account is not None and account.disabled_at is None
    post.message_to_account(
        session,
        kind="reset",
        account_id=account.id if account is not None and is_known else None,
        language=account.language if account is not None and is_known else language,
        now=now,
    )


def find(session: Session, *, token: str, now: datetime) -> Account:
    """Whose password the link gives. Refuses Expired: unknown, used, cancelled and over are one answer."""
    account_id = session.execute(
        sa.select(_WELCOME.c.account_id).where(
            _WELCOME.c.token_hash == _hash(token), _WELCOME.c.ends_at > now
        )
    ).scalar()
    account = session.get(Account, account_id) if account_id is not None else None
    if account is None or account.disabled_at is not None:
        raise Expired("welcome_over")
    return account


def use(session: Session, *, token: str, password_hash: str, now: datetime, real_now: datetime) -> Account:
    """The password is chosen: every link and every session of the account ends. Refuses Expired, as `find` does.

    Of two that come at once one finds the link gone.
    """
    taken = session.execute(
        sa.delete(_WELCOME)
        .where(_WELCOME.c.token_hash == _hash(token), _WELCOME.c.ends_at > real_now)
        .returning(_WELCOME.c.account_id)
    ).scalar()
    if taken is None:
        raise Expired("welcome_over")
    account = accounts.get(session, taken)
    if account.disabled_at is not None:
        raise Expired("welcome_over")
    by = Actor("staff", taken)
    account = accounts.change_password(
        session, account_id=taken, password_hash=password_hash, by=by, now=now, act="password_chosen"
    )
    sessions.end_all(session, taken)
    return account


def purge(session: Session, *, now: datetime) -> None:
    """Remove links that are over."""
    session.execute(sa.delete(_WELCOME).where(_WELCOME.c.ends_at <= now))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""Accounts bound to people of the city's own provider of identities (OpenID Connect).

A person there is an issuer and a subject, which is never given to anybody else; an address may be. So the address, made
sure of by the provider, binds a person to an account that exists, once; from then on only the person counts. No account
is made this way, and who may not sign in gets one answer, whatever the reason.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from feedback.ledger.notes import Actor
from feedback.people import accounts
from feedback.people.tables import Account, Identity
from feedback.text.contact import EMAIL_MOST


def sign_in(
    session: Session, *, issuer: str, subject: str, email: str, is_email_verified: bool, now: datetime
) -> int | None:
    """The account that this person opens, bound to it at the first time; None where there is none to open."""
    bound = _standing(session, issuer=issuer, subject=subject)
    if bound is not None:
        known = accounts.get(session, bound.account_id)
        return known.id if known.disabled_at is None else None
    if not is_email_verified or not _is_plain(email):
        return None
    account = session.exec(
        # Of two that come at once the second waits, and finds the account bound.
        select(Account)
        .where(Account.email == email.lower(), col(Account.disabled_at).is_(None))
        .with_for_update()
    ).first()
    if account is None or account.id is None or _of_account(session, account.id, issuer=issuer) is not None:
        return None
    identity = Identity(account_id=account.id, issuer=issuer, subject=subject, bound_at=now)
    session.add(identity)
    session.flush()
    by = Actor("staff", account.id)
    accounts.note(session, account, "identity_bound", by, now, [identity])
    return account.id


def unbind(session: Session, *, email: str, by: Actor, now: datetime) -> Account:
    """Take every binding off an account, so that another person of the provider may be bound to it.

    `sessions.end_all` is the caller's next step. Twice is the same as once.
    """
    account = accounts.get_by_email(session, email)
    bound = session.exec(
        select(Identity).where(Identity.account_id == account.id, col(Identity.ended_at).is_(None))
    ).all()
    for identity in bound:
        identity.ended_at = now
    session.flush()
    if bound:
        accounts.note(session, account, "identity_unbound", by, now, bound)
    return account


def _standing(session: Session, *, issuer: str, subject: str) -> Identity | None:
    return session.exec(
        select(Identity).where(
            Identity.issuer == issuer, Identity.subject == subject, col(Identity.ended_at).is_(None)
        )
    ).first()


def _of_account(session: Session, account_id: int, *, issuer: str) -> Identity | None:
    return session.exec(
        select(Identity).where(
            Identity.account_id == account_id, Identity.issuer == issuer, col(Identity.ended_at).is_(None)
        )
    ).first()


def _is_plain(email: str) -> bool:
    """Whether lower case makes it no other address: a Kelvin sign becomes a k."""
    return bool(email) and len(email) <= EMAIL_MOST and email.isascii() and email.isprintable()

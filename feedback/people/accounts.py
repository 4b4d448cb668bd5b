"""Staff accounts: adding, disabling, passwords, language.

A password is argon2id (RFC 9106, second recommended option: 64 MiB, 3 passes, 4 lanes); hashing takes about a
quarter of a second and is therefore a function of its own, called outside the write transaction. No default
account exists.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import get_args

import argon2
import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session, col, select

from feedback.city.profile import City
from feedback.columns import Row, table_of
from feedback.errors import Conflict, Fault, Invalid, NotFound
from feedback.ledger import notes
from feedback.ledger.notes import Actor
from feedback.people.tables import Account, Membership, Welcome
from feedback.people.viewer import DESK_ROLES, Role, Viewer
from feedback.statements import Statement
from feedback.text.contact import EMAIL_MOST, contact_faults

PASSWORD_LEAST = 12
PASSWORD_MOST = 200
SCORE_LEAST = 3
"""Of 0 to 4: more than a hundred million guesses by somebody who knows how people make passwords."""
GUESSED_AT = 40
"""Characters that are looked at: what is long is not guessed, and looking takes the square of its length."""
_hasher = argon2.PasswordHasher()
_ACCOUNT, _MEMBERSHIP, _WELCOME = table_of(Account), table_of(Membership), table_of(Welcome)
_FIND_VIEWER = Statement(  # One row for each department.
    sa.select(_ACCOUNT.c.name, _ACCOUNT.c.role, _ACCOUNT.c.language, _MEMBERSHIP.c.department)
    .outerjoin(
        _MEMBERSHIP, sa.and_(_MEMBERSHIP.c.account_id == _ACCOUNT.c.id, _MEMBERSHIP.c.ended_at.is_(None))
    )
    .where(_ACCOUNT.c.id == sa.bindparam("account"), _ACCOUNT.c.disabled_at.is_(None))
)


def hash_password(password: str, *, about: Sequence[str] = ()) -> str:
    """The argon2id hash of a password.

    Refuses (Invalid) one that is too short, too long, or easy to guess: a common one, a row of keys, or made of what
    it is `about` (the person's address and name). No composition of letters and signs is asked for (ASVS 6.2.5).
    """
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        raise Invalid([Fault("password", "password_length", least=PASSWORD_LEAST, most=PASSWORD_MOST)])
    if _score(password, about) < SCORE_LEAST:
        raise Invalid([Fault("password", "password_guessable")])
    return _hasher.hash(password)


def _score(password: str, about: Sequence[str]) -> int:
    """How hard to guess, 0 to 4."""
    # Its lists of common passwords take memory: loaded where a password is chosen, not in every process.
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # it has no types

    return int(zxcvbn(password[:GUESSED_AT], user_inputs=list(about))["score"])


def password_fits(stored: str, password: str) -> bool:
    """Whether the password is the stored one. Takes the same time for an account that has none."""
    try:
        return _hasher.verify(stored or _nobody(), password)
    except argon2.exceptions.VerifyMismatchError:
        return False


@cache
def _nobody() -> str:
    """A hash that no password fits, made at the first need."""
    return _hasher.hash(secrets.token_urlsafe(32))


def add(
    session: Session,
    *,
    city: City,
    email: str,
    name: str,
    role: str,
    departments: list[str],
    language: str,
    password_hash: str,
    by: Actor,
    now: datetime,
) -> Account:
    """A new account; without a password (`password_hash` empty) nobody signs in to it before one is chosen.

    Refuses (Invalid) a faulty address, unknown role, department or language, a missing name.
    """
    email = email.strip().lower()
    faults: list[Fault] = []
    if not email or len(email) > EMAIL_MOST or contact_faults(email, ""):
        faults.append(Fault("email", "email_shape", value=email))
    if not name.strip() or len(name) > 120:
        faults.append(Fault("name", "name_missing"))
    faults += _rights_faults(city, role, departments)
    if language not in city.identity.languages:
        faults.append(
            Fault("language", "language_unknown", value=language, known=list(city.identity.languages))
        )
    if faults:
        raise Invalid(faults)
    if session.exec(select(Account.id).where(Account.email == email)).first() is not None:
        raise Conflict("account_exists", email=email)
    account = Account(
        email=email,
        name=name.strip(),
        role=role,
        language=language,
        password_hash=password_hash,
        password_changed_at=now,
        made_at=now,
    )
    session.add(account)
    session.flush()
    assert account.id is not None
    members = [
        Membership(account_id=account.id, department=department) for department in dict.fromkeys(departments)
    ]
    session.add_all(members)
    session.flush()
    note(session, account, "account_added", by, now, members)
    return account


def change_rights(
    session: Session, *, city: City, email: str, role: str, departments: list[str], by: Actor, now: datetime
) -> bool:
    """Give an account another role and other departments; false where it has just these already.

    `sessions.end_all` is the caller's next step: no session keeps what it was opened with. Refuses (Invalid) an unknown
    role or department, NotFound.
    """
    faults = _rights_faults(city, role, departments)
    if faults:
        raise Invalid(faults)
    account = get_by_email(session, email)
    assert account.id is not None
    standing = session.exec(
        select(Membership).where(Membership.account_id == account.id, col(Membership.ended_at).is_(None))
    ).all()
    ended = [one for one in standing if one.department not in departments]
    begun = [
        Membership(account_id=account.id, department=department)
        for department in dict.fromkeys(departments)
        if department not in {one.department for one in standing}
    ]
    if account.role == role and not ended and not begun:
        return False
    account.role = role
    for one in ended:
        one.ended_at = now
    session.add_all(begun)
    session.flush()
    note(session, account, "rights_changed", by, now, [*ended, *begun])
    return True


def _rights_faults(city: City, role: str, departments: list[str]) -> list[Fault]:
    faults: list[Fault] = []
    if role not in get_args(Role):
        faults.append(Fault("role", "role_unknown", value=role, known=list(get_args(Role))))
    faults += [
        Fault("department", "department_unknown", value=department, known=list(city.departments))
        for department in departments
        if department not in city.departments
    ]
    if role in ("responder", "lead") and not departments:
        faults.append(Fault("department", "department_missing", value=role))
    return faults


def disable(session: Session, *, email: str, by: Actor, now: datetime) -> Account:
    """End an account's access and its links. Twice is the same as once."""
    account = get_by_email(session, email)
    if account.disabled_at is None:
        account.disabled_at = now
        session.flush()
        _cancel_links(session, account)
        note(session, account, "account_disabled", by, now)
    return account


def set_password(session: Session, *, email: str, password_hash: str, by: Actor, now: datetime) -> Account:
    """Give an account another password, or none (empty) until its person chooses one; a disabled one may sign in again.

    Its links end; its sessions do by `sessions.end_all`, the caller's next step.
    """
    account = get_by_email(session, email)
    account.disabled_at = None
    _have_password(
        session, account, password_hash, "password_set" if password_hash else "password_ended", by, now
    )
    return account


def change_password(
    session: Session,
    *,
    account_id: int,
    password_hash: str,
    by: Actor,
    now: datetime,
    act: str = "password_changed",
) -> Account:
    """Somebody's own new password; `sessions.end_all` is the caller's next step. NotFound for a disabled account."""
    account = get(session, account_id)
    if account.disabled_at is not None:
        raise NotFound("account_unknown", account_id=account_id)
    _have_password(session, account, password_hash, act, by, now)
    return account


def set_language(
    session: Session, *, account_id: int, language: str, city: City, by: Actor, now: datetime
) -> Account:
    """The language of an account's pages. Refuses (Invalid) one that the city lacks; the same changes nothing."""
    if language not in city.identity.languages:
        raise Invalid(
            [Fault("language", "language_unknown", value=language, known=list(city.identity.languages))]
        )
    account = get(session, account_id)
    if account.language != language:
        account.language = language
        session.flush()
        note(session, account, "language_set", by, now)
    return account


def get(session: Session, account_id: int) -> Account:
    """The account of this number; refuses with NotFound."""
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound("account_unknown", account_id=account_id)
    return account


def get_by_email(session: Session, email: str) -> Account:
    """The account that signs in with this address; refuses with NotFound."""
    account = find_by_email(session, email)
    if account is None:
        raise NotFound("account_unknown", email=email)
    return account


def find_by_email(session: Session, email: str) -> Account | None:
    return session.exec(select(Account).where(Account.email == email.strip().lower())).first()


def find_viewer(session: Session, account_id: int) -> Viewer | None:
    """The account as a viewer; None where it does not exist or is disabled."""
    rows = _FIND_VIEWER.all(session, {"account": account_id})
    if not rows:
        return None
    account = rows[0]
    return Viewer(
        account_id=account_id,
        name=account.name,
        role=account.role,
        language=account.language,
        departments=frozenset(row.department for row in rows if row.department is not None),
    )


def list_active(session: Session) -> list[Viewer]:
    """Everybody who can sign in, by name: small, since it is a municipality's staff."""
    ids = session.exec(
        select(Account.id).where(col(Account.disabled_at).is_(None)).order_by(Account.name)
    ).all()
    return [
        viewer for viewer in (find_viewer(session, i) for i in ids if i is not None) if viewer is not None
    ]


class Colleague(Struct, frozen=True):
    """Somebody who works on cases, as a list of people shows it."""

    account_id: int
    name: str
    role: str


def list_colleagues(session: Session) -> list[Colleague]:
    """Everybody who can sign in and has a desk, by name."""
    found = session.execute(
        sa.select(_ACCOUNT.c.id, _ACCOUNT.c.name, _ACCOUNT.c.role)
        .where(_ACCOUNT.c.disabled_at.is_(None), _ACCOUNT.c.role.in_(sorted(DESK_ROLES)))
        .order_by(_ACCOUNT.c.name, _ACCOUNT.c.id)
    )
    return [Colleague(*row) for row in found]


def names(session: Session, ids: set[int]) -> dict[int, str]:
    """Account id → name, for pages that say who did something."""
    if not ids:
        return {}
    found = session.exec(select(Account.id, Account.name).where(col(Account.id).in_(ids))).all()
    return {key: name for key, name in found if key is not None}


def _have_password(
    session: Session, account: Account, password_hash: str, act: str, by: Actor, now: datetime
) -> None:
    account.password_hash = password_hash
    account.password_changed_at = now
    session.flush()
    _cancel_links(session, account)
    note(session, account, act, by, now)


def _cancel_links(session: Session, account: Account) -> None:
    """No link that was mailed before gives this account a password any more."""
    session.execute(sa.delete(_WELCOME).where(_WELCOME.c.account_id == account.id))


def note(
    session: Session,
    account: Account,
    act: str,
    by: Actor,
    now: datetime,
    rows: Sequence[Row] = (),
) -> None:
    """The note of a deed on an account, and on `rows` that belong to it."""
    notes.append(
        session,
        notes.chain_of("account", account),
        subject_table=_ACCOUNT,
        act=act,
        by=by,
        now=now,
        rows=[account, *rows],
    )
    session.expire(account)

"""The second factors of an account: authenticator app, passkeys and recovery codes; adding, using, removing them.

What was added and removed stands in the account's chain of the ledger, by kind and time only. Whether what somebody
showed is right is decided here for codes; the ceremony of a passkey is the portal's (`portal/staff/ceremony.py`). The
clock of a code is the real one, that of a note the installation's: a demonstration may be ahead.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session, col, select

from feedback.columns import table_of
from feedback.errors import Conflict, NotFound
from feedback.ledger.notes import Actor
from feedback.people import accounts, totp
from feedback.people.tables import Passkey, RecoveryCode, SpentChallenge, Totp
from feedback.statements import upsert
from feedback.text import crockford

CODES: Final = 10
"""Recovery codes that are made at once."""
CODE_LETTERS: Final = 24
"""Letters of a recovery code: 120 bits, so that a plain keyed digest keeps it (ASVS 6.5.2)."""
NAME_MOST: Final = 60
"""Letters of a passkey's name."""

_TOTP, _PASSKEY = table_of(Totp), table_of(Passkey)
_CODE = table_of(RecoveryCode)
_SPEND = upsert(table_of(SpentChallenge), lambda made: made.on_conflict_do_nothing())


class PasskeyView(Struct, frozen=True):
    """A passkey as its owner sees it."""

    id: int
    name: str
    made_at: datetime
    used_at: datetime | None
    copied_at: datetime | None
    """When its count went back, as that of a copy does; it opens nothing from then on."""
    credential_id: str
    transports: list[str]


class Factors(Struct, frozen=True):
    """What an account has beside its password."""

    app_since: datetime | None
    app_used_at: datetime | None
    passkeys: list[PasskeyView]
    codes_left: int

    @property
    def exist(self) -> bool:
        return self.app_since is not None or bool(self.passkeys)


class Credential(Struct, frozen=True):
    """A passkey as the ceremony needs it."""

    id: int
    account_id: int
    public_key: str


def list_of(session: Session, account_id: int) -> Factors:
    """The factors of an account that stand."""
    app = session.execute(
        sa.select(_TOTP.c.made_at, _TOTP.c.used_at).where(
            _TOTP.c.account_id == account_id, _TOTP.c.removed_at.is_(None)
        )
    ).first()
    keys = session.execute(
        sa.select(_PASSKEY)
        .where(_PASSKEY.c.account_id == account_id, _PASSKEY.c.removed_at.is_(None))
        .order_by(_PASSKEY.c.id)
    )
    left = session.execute(sa.select(sa.func.count()).where(_CODE.c.account_id == account_id)).scalar_one()
    return Factors(
        app_since=app.made_at if app else None,
        app_used_at=app.used_at if app else None,
        passkeys=[
            PasskeyView(
                row.id,
                row.name,
                row.made_at,
                row.used_at,
                row.copied_at,
                row.credential_id,
                [part for part in row.transports.split(",") if part],
            )
            for row in keys
        ],
        codes_left=int(left),
    )


def has_any(session: Session, account_id: int) -> bool:
    """Whether the password alone does not open this account. A passkey that was copied counts: it was asked for."""
    standing = [
        sa.exists().where(table.c.account_id == account_id, table.c.removed_at.is_(None))
        for table in (_TOTP, _PASSKEY)
    ]
    return bool(session.execute(sa.select(sa.or_(*standing))).scalar())


# ── the authenticator app ───────────────────────────────────────────────────────────────────────────────────


def add_app(session: Session, *, account_id: int, salt: str, step: int, by: Actor, now: datetime) -> None:
    """An app has shown its first code, that of `step`. Refuses Conflict where there is one already."""
    account = accounts.get(session, account_id)
    if _app(session, account_id) is not None:
        raise Conflict("factor_exists", account_id=account_id)
    app = Totp(account_id=account_id, salt=salt, last_step=step, made_at=now)
    session.add(app)
    session.flush()
    accounts.note(session, account, "second_factor_added", by, now, [app])


def take_app_code(
    session: Session, *, secret: bytes, account_id: int, code: str, now: datetime, real_now: datetime
) -> bool:
    """Whether a code is the app's, and was not taken before. Two that come at once: one is right."""
    app = _app(session, account_id)
    if app is None:
        return False
    shared = totp.secret_of(secret, account_id=account_id, salt=app.salt)
    step = totp.find_step(shared, code, now=real_now, after=app.last_step)
    if step is None:
        return False
    taken = session.execute(
        sa.update(_TOTP)
        .where(_TOTP.c.id == app.id, _TOTP.c.last_step < step, _TOTP.c.removed_at.is_(None))
        .values(last_step=step, used_at=now)
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def remove_app(session: Session, *, account_id: int, by: Actor, now: datetime) -> None:
    """The app gives no codes for this account any more. Without one it is the same."""
    app = _app(session, account_id)
    if app is None:
        return
    app.removed_at = now
    app.salt = ""
    _removed(session, account_id, [app], by, now)


# ── passkeys ────────────────────────────────────────────────────────────────────────────────────────────────


def add_passkey(
    session: Session,
    *,
    account_id: int,
    name: str,
    credential_id: str,
    public_key: str,
    sign_count: int,
    transports: list[str],
    by: Actor,
    now: datetime,
) -> None:
    """A passkey that the ceremony found right. Refuses Conflict where this credential is known already."""
    account = accounts.get(session, account_id)
    if session.exec(select(Passkey.id).where(Passkey.credential_id == credential_id)).first() is not None:
        raise Conflict("factor_exists", account_id=account_id)
    passkey = Passkey(
        account_id=account_id,
        name=shortened(name),
        credential_id=credential_id,
        public_key=public_key,
        sign_count=sign_count,
        transports=",".join(transports),
        made_at=now,
    )
    session.add(passkey)
    session.flush()
    accounts.note(session, account, "second_factor_added", by, now, [passkey])


def find_passkey(session: Session, credential_id: str) -> Credential | None:
    """The passkey of this credential; None where it is unknown or was removed."""
    row = session.execute(
        sa.select(_PASSKEY.c.id, _PASSKEY.c.account_id, _PASSKEY.c.public_key).where(
            _PASSKEY.c.credential_id == credential_id, _PASSKEY.c.removed_at.is_(None)
        )
    ).first()
    return Credential(row.id, row.account_id, row.public_key) if row else None


def use_passkey(session: Session, *, passkey_id: int, sign_count: int, by: Actor, now: datetime) -> bool:
    """Whether a passkey with this count may sign in; keeps the count.

    A count that does not grow is that of a copy (WebAuthn 7.2, step 22): the passkey opens nothing from then on, and
    the account's chain says so. Passkeys that do not count say 0 each time.
    """
    used = session.execute(
        sa.update(_PASSKEY)
        .where(
            _PASSKEY.c.id == passkey_id,
            _PASSKEY.c.removed_at.is_(None),
            _PASSKEY.c.copied_at.is_(None),
            sa.or_(
                _PASSKEY.c.sign_count < sign_count,
                sa.and_(_PASSKEY.c.sign_count == 0, sa.literal(sign_count) == 0),
            ),
        )
        .values(sign_count=sign_count, used_at=now)
    )
    if used.rowcount == 1:  # type: ignore[attr-defined]
        return True
    passkey = session.get(Passkey, passkey_id)
    if passkey is not None and passkey.removed_at is None and passkey.copied_at is None:
        passkey.copied_at = now
        session.flush()
        accounts.note(
            session, accounts.get(session, passkey.account_id), "passkey_copied", by, now, [passkey]
        )
    return False


def rename_passkey(session: Session, *, account_id: int, passkey_id: int, name: str) -> None:
    """Another name for a passkey; an empty one changes nothing. NotFound where it is not the account's."""
    passkey = _passkey(session, account_id, passkey_id)
    passkey.name = shortened(name) or passkey.name


def remove_passkey(session: Session, *, account_id: int, passkey_id: int, by: Actor, now: datetime) -> None:
    """A passkey opens nothing any more. NotFound where it is not the account's, or was removed."""
    passkey = _passkey(session, account_id, passkey_id)
    passkey.removed_at = now
    _removed(session, account_id, [passkey], by, now)


def spend_challenge(session: Session, challenge: bytes, *, ends_at: datetime) -> bool:
    """Whether a challenge is answered for the first time."""
    digest = hashlib.sha256(challenge).hexdigest()
    return _SPEND.run(session, {"digest": digest, "ends_at": ends_at}) == 1


def shortened(name: str) -> str:
    """A name as it is kept: one line of at most 60 letters, without control characters."""
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    return " ".join(plain.split())[:NAME_MOST].rstrip()


# ── recovery codes ──────────────────────────────────────────────────────────────────────────────────────────


def make_codes(session: Session, *, secret: bytes, account_id: int, by: Actor, now: datetime) -> list[str]:
    """Ten new recovery codes, returned once and stored as keyed digests; those before them are over."""
    account = accounts.get(session, account_id)
    made = [
        "".join(secrets.choice(crockford.ALPHABET) for _ in range(CODE_LETTERS)) for _number in range(CODES)
    ]
    session.execute(sa.delete(_CODE).where(_CODE.c.account_id == account_id))
    session.execute(
        sa.insert(_CODE),
        [
            {"digest": _digest(secret, account_id, code), "account_id": account_id, "made_at": now}
            for code in made
        ],
    )
    accounts.note(session, account, "recovery_codes_made", by, now)
    return made


def take_recovery_code(
    session: Session, *, secret: bytes, account_id: int, code: str, by: Actor, now: datetime
) -> bool:
    """Whether a code as typed is one of the account's recovery codes; it is over then."""
    values = crockford.read(code)
    if values is None or len(values) != CODE_LETTERS:
        return False
    plain = "".join(crockford.ALPHABET[value] for value in values)
    gone = session.execute(
        sa.delete(_CODE).where(
            _CODE.c.digest == _digest(secret, account_id, plain), _CODE.c.account_id == account_id
        )
    )
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        return False
    accounts.note(session, accounts.get(session, account_id), "recovery_code_used", by, now)
    return True


# ── all of them ─────────────────────────────────────────────────────────────────────────────────────────────


def remove_all(session: Session, *, account_id: int, by: Actor, now: datetime) -> int:
    """An account without second factor again; how many were removed. `sessions.end_all` is the caller's next step."""
    standing: list[Any] = []
    app = _app(session, account_id)
    if app is not None:
        app.salt = ""
        standing.append(app)
    standing += session.exec(
        select(Passkey).where(Passkey.account_id == account_id, col(Passkey.removed_at).is_(None))
    ).all()
    for factor in standing:
        factor.removed_at = now
    if standing:
        _removed(session, account_id, standing, by, now)
    return len(standing)


def _removed(session: Session, account_id: int, removed: list[Any], by: Actor, now: datetime) -> None:
    session.flush()
    # Recovery codes stand in for a factor: without one they stand for nothing.
    if not has_any(session, account_id):
        session.execute(sa.delete(_CODE).where(_CODE.c.account_id == account_id))
    accounts.note(session, accounts.get(session, account_id), "second_factor_removed", by, now, removed)


def _app(session: Session, account_id: int) -> Totp | None:
    return session.exec(
        select(Totp).where(Totp.account_id == account_id, col(Totp.removed_at).is_(None))
    ).first()


def _passkey(session: Session, account_id: int, passkey_id: int) -> Passkey:
    passkey = session.get(Passkey, passkey_id)
    if passkey is None or passkey.account_id != account_id or passkey.removed_at is not None:
        raise NotFound("factor_unknown", account_id=account_id)
    return passkey


def _digest(secret: bytes, account_id: int, code: str) -> str:
    return hmac.digest(secret, f"recovery\n{account_id}\n{code}".encode(), hashlib.sha256).hex()

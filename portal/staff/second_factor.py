"""The page of one's second factors: what there is, passkeys, recovery codes; the app is set up in `authenticator.py`.

Whoever changes something here shows password and factor once more, and has ten minutes then. Each change ends all
other sessions of the account and gives this browser a new identifier. Who has no factor where everybody must have one
comes here before anything else.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct
from sqlmodel import Session

from feedback.errors import Conflict, NotFound
from feedback.ledger.notes import Actor
from feedback.limits.rules import SIGN_IN_ACCOUNT, Limited
from feedback.people import accounts, factors, sessions
from feedback.people.factors import Factors
from feedback.text import crockford
from portal import security
from portal.access import STAFF_COOKIE, staff_cookie
from portal.forms import FieldError
from portal.languages import gettext as _
from portal.pages import Cookie, Reply, Visit, redirect, render, route
from portal.staff import ceremony, second_step, sign_in
from portal.staff.ceremony import PasskeyRefused

HERE: Final = "/staff/account/second-factor"


class SecondFactorPage(Struct, frozen=True, kw_only=True):
    """What an account has beside its password, and what can be done about it."""

    factors: Factors
    email: str
    is_asked: bool
    """Nothing else opens before there is one."""
    is_confirmed: bool
    """Password and factor were shown a moment ago: things may be changed."""
    host: str
    """Where passkeys work; empty: nowhere."""
    address: str
    """The same as an address to open."""
    status: str
    errors: list[FieldError]


class CodesPage(Struct, frozen=True, kw_only=True):
    """New recovery codes, shown this once."""

    codes: list[str]
    status: str


@route(HERE, policy="set-up")
def second_factor(visit: Visit) -> Reply:
    return _page(visit)


@route(f"{HERE}/confirm", "POST", policy="set-up")
def confirm(visit: Visit) -> Reply:
    """Password and factor once more, or a passkey; opens what changes factors, for ten minutes."""
    viewer = visit.staff
    if visit.form.text("credential"):
        try:
            second_step.show_passkey(visit, only=viewer.account_id)
        except PasskeyRefused:
            security.tell("factor_refused", way="passkey")
            return _page(visit, 422, [FieldError("", _passkey_refused())])
    else:
        refusal = _password_refused(visit)
        if refusal is not None:
            return refusal
        with visit.site.database.read() as session:
            is_asked = factors.has_any(session, viewer.account_id)
        if is_asked:
            errors, status, wait = second_step.code_errors(visit, viewer.account_id, event="factor_refused")
            if errors:
                return _waiting(_page(visit, status, errors), wait)
    with visit.site.database.write() as session:
        cookie = renewed(visit, session, confirmed_at=datetime.now(UTC), ends_others=False)
    return redirect(HERE, cookies=[cookie])


# ── passkeys ────────────────────────────────────────────────────────────────────────────────────────────────


@route(f"{HERE}/passkeys/options", "POST", policy="set-up")
def passkey_options(visit: Visit) -> Reply:
    """What the browser needs to make a passkey."""
    if visit.confirmed_at is None:
        raise NotFound("page_unknown")
    with visit.site.database.read() as session:
        email = accounts.get(session, visit.staff.account_id).email
        known = factors.list_of(session, visit.staff.account_id).passkeys
    made = ceremony.creation_options(visit, email=email, known=known)
    return Reply(content=made.encode(), media_type="application/json")


@route(f"{HERE}/passkeys", "POST", policy="set-up")
def add_passkey(visit: Visit) -> Reply:
    """Keep the passkey that the browser has made."""
    if visit.confirmed_at is None:
        return redirect(HERE)
    account_id = visit.staff.account_id
    try:
        made = ceremony.check_new(visit, visit.form.text("credential"))
        with visit.site.database.write() as session:
            before = factors.list_of(session, account_id)
            factors.add_passkey(
                session,
                account_id=account_id,
                name=factors.shortened(visit.form.text("passkey-name")) or _("Passkey"),
                credential_id=made.credential_id,
                public_key=made.public_key,
                sign_count=made.sign_count,
                transports=made.transports,
                by=by(visit),
                now=visit.now,
            )
            return added(visit, session, before, "passkey")
    except (PasskeyRefused, Conflict):
        return _page(visit, 422, [FieldError("", _passkey_refused())])


@route(f"{HERE}/passkeys/rename", "POST", policy="set-up")
def rename_passkey(visit: Visit) -> Reply:
    """Another name for a passkey."""
    if visit.confirmed_at is None:
        return redirect(HERE)
    with visit.site.database.write() as session:
        factors.rename_passkey(
            session,
            account_id=visit.staff.account_id,
            passkey_id=visit.form.number("passkey") or 0,
            name=visit.form.text("passkey-name"),
        )
    return redirect(f"{HERE}?done=renamed")


@route(f"{HERE}/passkeys/remove", "POST", policy="set-up")
def remove_passkey(visit: Visit) -> Reply:
    """A passkey opens nothing any more."""
    if visit.confirmed_at is None:
        return redirect(HERE)
    with visit.site.database.write() as session:
        factors.remove_passkey(
            session,
            account_id=visit.staff.account_id,
            passkey_id=visit.form.number("passkey") or 0,
            by=by(visit),
            now=visit.now,
        )
        cookie = renewed(visit, session)
    return redirect(f"{HERE}?done=removed", cookies=[cookie])


# ── recovery codes ──────────────────────────────────────────────────────────────────────────────────────────


@route(f"{HERE}/codes", "POST", policy="set-up")
def new_codes(visit: Visit) -> Reply:
    """Ten new recovery codes; the old ones are over."""
    if visit.confirmed_at is None:
        return redirect(HERE)
    with visit.site.database.write() as session:
        if not factors.has_any(session, visit.staff.account_id):
            return redirect(HERE)
        made = _make_codes(visit, session)
        cookie = renewed(visit, session)
    return _codes_page(visit, made, _("The old recovery codes are over."), cookie)


# ── what they share ─────────────────────────────────────────────────────────────────────────────────────────


def added(visit: Visit, session: Session, before: Factors, done: str) -> Reply:
    """What follows when a factor was added: with the first one come the recovery codes."""
    made = [] if before.exist else _make_codes(visit, session)
    cookie = renewed(visit, session)
    if not made:
        return redirect(f"{HERE}?done={done}", cookies=[cookie])
    return _codes_page(visit, made, _done_words(done), cookie)


def renewed(
    visit: Visit, session: Session, *, confirmed_at: datetime | None = None, ends_others: bool = True
) -> Cookie:
    """A new identifier for this browser. Others end; without a factor where one is asked for, so do most pages."""
    account_id = visit.staff.account_id
    if ends_others:
        sessions.end_all(session, account_id)
        security.tell("factors_changed")
    is_asked = visit.newcomer is not None or (ends_others and visit.site.asks_second_factor)
    identifier = sessions.start(
        session,
        account_id=account_id,
        now=datetime.now(UTC),
        replaces=visit.cookies.get(STAFF_COOKIE, ""),
        must_set_up=is_asked and not factors.has_any(session, account_id),
        confirmed_at=confirmed_at or visit.confirmed_at,
    )
    return staff_cookie(identifier)


def _make_codes(visit: Visit, session: Session) -> list[str]:
    return factors.make_codes(
        session,
        secret=visit.site.secret.key,
        account_id=visit.staff.account_id,
        by=by(visit),
        now=visit.now,
    )


def _codes_page(visit: Visit, made: list[str], status: str, cookie: Cookie) -> Reply:
    visit.newcomer = None  # There is a factor now: the bar shows what it opens.
    page = CodesPage(codes=[crockford.in_groups(one) for one in made], status=status)
    return render(visit, "staff/recovery_codes.html", cookies=[cookie], page=page)


def _password_refused(visit: Visit) -> Reply | None:
    """The page that says what is wrong with the password; None where it is right."""
    form = visit.form
    with visit.site.database.read() as session:
        known = accounts.get(session, visit.staff.account_id)
    try:
        taken = visit.site.limits.take(SIGN_IN_ACCOUNT, visit.source, known.email)
    except Limited as refusal:
        words = sign_in.too_many_words(refusal)
        return _waiting(_page(visit, 429, [FieldError("current", words, is_wait=True)]), refusal.wait)
    with sign_in.turn() as has_turn:
        if not has_turn:
            taken.give_back()
            busy = _("Please try again in a few seconds.")
            return _waiting(_page(visit, 429, [FieldError("current", busy, is_wait=True)]), 5)
        if not accounts.password_fits(known.password_hash, form.text("current")[: accounts.PASSWORD_MOST]):
            security.tell("password_refused")
            return _page(visit, 422, [FieldError("current", _("This is not your present password"))])
    taken.forget()
    return None


def _waiting(reply: Reply, seconds: int) -> Reply:
    if seconds:
        reply.headers["Retry-After"] = str(seconds)
    return reply


def by(visit: Visit) -> Actor:
    """Whoever is signed in, as the ledger names them."""
    return Actor("staff", visit.staff.account_id)


def _page(visit: Visit, status: int = 200, errors: list[FieldError] | None = None) -> Reply:
    with visit.site.database.read() as session:
        found = factors.list_of(session, visit.staff.account_id)
        email = accounts.get(session, visit.staff.account_id).email
    page = SecondFactorPage(
        factors=found,
        email=email,
        is_asked=visit.newcomer is not None,
        is_confirmed=visit.confirmed_at is not None,
        host=ceremony.host_of(visit.site.settings),
        address=ceremony.address_of(visit.site.settings),
        status=_done_words(visit.query.get("done", "")),
        errors=errors or [],
    )
    return render(visit, "staff/second_factor.html", status=status, page=page)


def _passkey_refused() -> str:
    return _("This passkey could not be used. Please try again, or take another way.")


def _done_words(done: str) -> str:
    return {
        "app": _("Your app is set up. Every other browser is signed out."),
        "passkey": _("The passkey is added. Every other browser is signed out."),
        "removed": _("It is removed. Every other browser is signed out."),
        "renamed": _("The passkey has another name."),
    }.get(done, "")

"""Signing in and out, and the door of the staff pages.

An unknown address, a wrong password and a disabled account get the same words after the same work. Passwords
are verified outside every transaction, at most two at once: each takes 64 MiB and a core.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from feedback.limits.rules import SIGN_IN_ACCOUNT, SIGN_IN_SOURCE, Limited
from feedback.people import accounts, sessions
from portal import access, security
from portal.access import STAFF_COOKIE, staff_cookie
from portal.error_pages import wait_words
from portal.forms import FieldError
from portal.languages import gettext as _
from portal.pages import Reply, Visit, redirect, render, route
from portal.staff import arrival, ceremony
from portal.staff.arrival import Kept

VERIFICATIONS = 2
"""Passwords verified at once in a process."""
WAITING = 4
"""Those that wait for their turn; who comes later is asked to come back, or all threads would wait here."""
WAIT_SECONDS = 0.8
"""How long a sign-in waits for its turn before it is asked to come back."""

_turns = threading.BoundedSemaphore(VERIFICATIONS)
_places = threading.BoundedSemaphore(VERIFICATIONS + WAITING)


class SignInPage(Struct, frozen=True, kw_only=True):
    """The sign-in form."""

    email: str
    errors: list[FieldError]
    too_many: bool
    """Others are signing in at this moment: nothing was checked."""
    signed_out: bool
    too_late: bool
    """The second step took longer than five minutes."""
    host: str
    """Where passkeys work; empty: nowhere."""
    has_password: bool
    """One was just chosen by a mailed link."""
    provider: str
    """What the button of the city's own provider says; empty where there is none."""
    kept: Kept | None
    phone: str
    mail: str


@route("/staff", policy="public")
def door(visit: Visit) -> Reply:
    """Send on: to the first page of the role, or to the sign-in."""
    access.find_staff(visit)
    if visit.newcomer is not None:
        return redirect("/staff/account/second-factor")
    return redirect(arrival.first_page(visit, visit.viewer) if visit.viewer else "/staff/sign-in")


@route("/staff/sign-in", "GET", "POST", policy="public")
def sign_in(visit: Visit) -> Reply:
    """The form; after the right password comes what `arrival.finish` says."""
    access.find_staff(visit)
    kept = arrival.find_kept(visit) if visit.method == "POST" else None
    if visit.viewer is not None:  # Signed in meanwhile, in another window: what was kept is not lost.
        return (
            arrival.send_again(visit, visit.viewer, kept)
            if kept
            else redirect(arrival.first_page(visit, visit.viewer))
        )
    if visit.method == "GET":
        return form(visit)
    if "email" not in visit.form.fields:
        return form(visit, 401, kept=kept)
    email, password = visit.form.text("email").strip(), visit.form.text("password")
    errors = []
    if not email:
        errors.append(FieldError("email", _("Enter your e-mail address")))
    if not password:
        errors.append(FieldError("password", _("Enter your password")))
    if errors:
        return form(visit, 422, email, errors, kept=kept)
    try:
        taken = [
            visit.site.limits.take(SIGN_IN_SOURCE, visit.source),
            visit.site.limits.take(SIGN_IN_ACCOUNT, visit.source, email.lower()),
        ]
    except Limited as refusal:
        reply = form(
            visit, 429, email, [FieldError("email", too_many_words(refusal), is_wait=True)], kept=kept
        )
        reply.headers["Retry-After"] = str(refusal.wait)
        return reply
    account_id = None
    with turn() as has_turn:
        if has_turn:
            account_id = _find_account(visit, email, password)
    if not has_turn:
        for one in taken:
            one.give_back()
        reply = form(visit, 429, email, too_many=True, kept=kept)
        reply.headers["Retry-After"] = "5"
        return reply
    if account_id is None:
        fault = FieldError("email", _("This e-mail address and password do not open an account"))
        return form(visit, 422, email, [fault], kept=kept)
    taken[0].give_back()
    taken[1].forget()
    return arrival.finish(visit, account_id, shown="password", kept=kept)


def too_many_words(refusal: Limited) -> str:
    return _("Too many wrong passwords were entered.") + " " + wait_words(refusal)


@route("/staff/sign-out", "POST", policy="public")
def sign_out(visit: Visit) -> Reply:
    """End the session of this browser; without one it is the same."""
    identifier = visit.cookies.get(STAFF_COOKIE, "")
    access.find_staff(visit)
    if identifier:
        with visit.site.database.write() as session:
            sessions.end(session, identifier)
    if visit.viewer is not None:
        security.tell("signed_out")
    return redirect("/staff/sign-in?done=signed-out", cookies=[staff_cookie("")])


@contextmanager
def turn() -> Iterator[bool]:
    """Whether a password may be verified now; false where too many others are being verified."""
    if not _places.acquire(blocking=False):
        yield False
        return
    try:
        has_turn = _turns.acquire(timeout=WAIT_SECONDS)
        try:
            yield has_turn
        finally:
            if has_turn:
                _turns.release()
    finally:
        _places.release()


def _find_account(visit: Visit, email: str, password: str) -> int | None:
    """The account that this address and password open. Every way to None takes one verification."""
    account = None
    if email.isprintable():  # A NUL is no text to PostgreSQL.
        with visit.site.database.read() as session:
            account = accounts.find_by_email(session, email)
    is_plausible = len(password) <= accounts.PASSWORD_MOST
    stored = account.password_hash if account and is_plausible else ""
    fits = accounts.password_fits(stored, password[: accounts.PASSWORD_MOST])
    if account is None or not stored or not fits or account.disabled_at is not None:
        security.tell("sign_in_failed", account=account.id if account else None, way="password")
        return None
    return account.id


def form(
    visit: Visit,
    status: int = 200,
    email: str = "",
    errors: list[FieldError] | None = None,
    *,
    too_many: bool = False,
    is_too_late: bool = False,
    kept: Kept | None = None,
) -> Reply:
    contact = visit.city.identity.contact
    page = SignInPage(
        email=email,
        errors=errors or [],
        too_many=too_many,
        signed_out=visit.query.get("done") == "signed-out",
        too_late=is_too_late,
        host=ceremony.host_of(visit.site.settings),
        has_password=visit.query.get("done") == "password",
        provider=visit.site.provider.config.label if visit.site.provider else "",
        kept=kept,
        phone=contact.phone,
        mail=contact.email,
    )
    return render(visit, "staff/sign_in.html", status=status, page=page)

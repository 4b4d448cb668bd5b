"""Signing in and out, and the door of the staff pages.

An unknown address, a wrong password and a disabled account get the same words after the same work. Passwords
are verified outside every transaction, at most two at once: each takes 64 MiB and a core.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from msgspec import Struct

from feedback.people import accounts, sessions
from feedback.people.viewer import Viewer
from portal import access
from portal.access import STAFF_COOKIE, staff_cookie
from portal.forms import FieldError
from portal.languages import gettext as _
from portal.pages import Reply, Visit, redirect, render, route

VERIFICATIONS = 2
"""Passwords verified at once in a process."""
WAIT_SECONDS = 0.8
"""How long a sign-in waits for its turn before it is asked to come back."""

_turns = threading.BoundedSemaphore(VERIFICATIONS)


class SignInPage(Struct, frozen=True, kw_only=True):
    """The sign-in form."""

    email: str
    errors: list[FieldError]
    too_many: bool
    """Others are signing in at this moment: nothing was checked."""
    signed_out: bool
    phone: str
    mail: str


@route("/staff", policy="public")
def door(visit: Visit) -> Reply:
    """Send on: to the first page of the role, or to the sign-in."""
    access.find_staff(visit)
    return redirect(first_page(visit.viewer) if visit.viewer else "/staff/sign-in")


@route("/staff/sign-in", "GET", "POST", policy="public")
def sign_in(visit: Visit) -> Reply:
    """The form; a post with the right password starts a session with a new identifier."""
    access.find_staff(visit)
    if visit.viewer is not None:
        return redirect(first_page(visit.viewer))
    if visit.method == "GET":
        return _form(visit)
    email, password = visit.form.text("email").strip(), visit.form.text("password")
    errors = []
    if not email:
        errors.append(FieldError("email", _("Write your e-mail address")))
    if not password:
        errors.append(FieldError("password", _("Write your password")))
    if errors:
        return _form(visit, 422, email, errors)
    if not _turns.acquire(timeout=WAIT_SECONDS):
        reply = _form(visit, 429, email, too_many=True)
        reply.headers["Retry-After"] = "5"
        return reply
    try:
        account_id = _find_account(visit, email, password)
    finally:
        _turns.release()
    if account_id is None:
        return _form(
            visit,
            422,
            email,
            [FieldError("email", _("This e-mail address and password do not open an account"))],
        )
    with visit.site.database.write() as session:
        identifier = sessions.start(
            session,
            account_id=account_id,
            now=datetime.now(UTC),
            replaces=visit.cookies.get(STAFF_COOKIE, ""),
        )
        viewer = accounts.find_viewer(session, account_id)
    return redirect(first_page(viewer) if viewer else "/staff/sign-in", cookies=[staff_cookie(identifier)])


@route("/staff/sign-out", "POST", policy="public")
def sign_out(visit: Visit) -> Reply:
    """End the session of this browser; without one it is the same."""
    identifier = visit.cookies.get(STAFF_COOKIE, "")
    if identifier:
        with visit.site.database.write() as session:
            sessions.end(session, identifier)
    return redirect("/staff/sign-in?done=signed-out", cookies=[staff_cookie("")])


def first_page(viewer: Viewer) -> str:
    """Where a role begins its work."""
    return "/staff/inbox" if viewer.has_desk else "/staff/account"


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
        return None
    return account.id


def _form(
    visit: Visit,
    status: int = 200,
    email: str = "",
    errors: list[FieldError] | None = None,
    *,
    too_many: bool = False,
) -> Reply:
    contact = visit.city.identity.contact
    page = SignInPage(
        email=email,
        errors=errors or [],
        too_many=too_many,
        signed_out=visit.query.get("done") == "signed-out",
        phone=contact.phone,
        mail=contact.email,
    )
    return render(visit, "staff/sign_in.html", status=status, page=page)

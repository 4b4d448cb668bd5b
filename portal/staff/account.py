"""The account page: who is signed in, for which departments, in which language, and what the role does."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from feedback.errors import Invalid
from feedback.ledger.notes import Actor
from feedback.limits.rules import SIGN_IN_ACCOUNT, Limited
from feedback.people import accounts, factors, sessions
from portal import languages, security
from portal.access import STAFF_COOKIE, staff_cookie
from portal.forms import FieldError, errors_of
from portal.languages import gettext as _
from portal.pages import Reply, Visit, redirect, render, role_label, route
from portal.staff import words
from portal.staff.sign_in import too_many_words, turn
from portal.staff.words import Option


class SignedIn(Struct, frozen=True):
    """A browser that is signed in to this account."""

    mark: str
    since: datetime
    seen: datetime
    is_this: bool


class AccountPage(Struct, frozen=True, kw_only=True):
    """What the account page shows."""

    name: str
    email: str
    role: str
    role_does: list[str]
    departments: list[str]
    """Names; empty where the role has none of its own."""
    all_departments: bool
    language: str
    languages: list[Option]
    has_second_factor: bool
    signed_in: list[SignedIn]
    status: str
    """What was just done; empty otherwise."""
    errors: list[FieldError]
    sample: str
    """For administrators: that the city's profile is a sample to be confirmed; empty otherwise."""


@route("/staff/account", policy="staff")
def account(visit: Visit) -> Reply:
    """The account of whoever is signed in."""
    return _page(visit)


@route("/staff/account/language", "POST", policy="staff")
def language(visit: Visit) -> Reply:
    """Another language for the staff pages of this account."""
    try:
        with visit.site.database.write() as session:
            accounts.set_language(
                session,
                account_id=visit.staff.account_id,
                language=visit.form.text("language"),
                city=visit.city,
                by=Actor("staff", visit.staff.account_id),
                now=visit.now,
            )
    except Invalid as refusal:
        return _page(visit, 422, errors_of(refusal.faults))
    return redirect("/staff/account?done=language")


@route("/staff/account/password", "POST", policy="staff")
def password(visit: Visit) -> Reply:
    """Another password of one's own: every session ends, and this browser gets a new one."""
    viewer, form = visit.staff, visit.form
    with visit.site.database.read() as session:
        known = accounts.get(session, viewer.account_id)
    try:
        taken = visit.site.limits.take(SIGN_IN_ACCOUNT, visit.source, known.email)
    except Limited as refusal:
        reply = _page(visit, 429, [FieldError("current", too_many_words(refusal), is_wait=True)])
        reply.headers["Retry-After"] = str(refusal.wait)
        return reply
    with turn() as has_turn:
        if not has_turn:
            taken.give_back()
            reply = _page(
                visit, 429, [FieldError("current", _("Please try again in a few seconds."), is_wait=True)]
            )
            reply.headers["Retry-After"] = "5"
            return reply
        if not accounts.password_fits(known.password_hash, form.text("current")[: accounts.PASSWORD_MOST]):
            security.tell("password_refused")
            return _page(visit, 422, [FieldError("current", _("This is not your present password"))])
        taken.forget()
        try:
            hashed = accounts.hash_password(form.text("new-password"), about=(known.email, known.name))
        except Invalid as refusal:
            faults = errors_of(refusal.faults)
            return _page(visit, 422, [FieldError("new-password", fault.message) for fault in faults])
    real_now = datetime.now(UTC)
    with visit.site.database.write() as session:
        by = Actor("staff", viewer.account_id)
        accounts.change_password(
            session, account_id=viewer.account_id, password_hash=hashed, by=by, now=visit.now
        )
        sessions.end_all(session, viewer.account_id)
        identifier = sessions.start(session, account_id=viewer.account_id, now=real_now)
    security.tell("password_changed")
    return redirect("/staff/account?done=password", cookies=[staff_cookie(identifier)])


@route("/staff/account/sign-out-everywhere", "POST", policy="staff")
def sign_out_everywhere(visit: Visit) -> Reply:
    """End every session of this account, this one too."""
    with visit.site.database.write() as session:
        sessions.end_all(session, visit.staff.account_id)
    security.tell("sessions_ended")
    return redirect("/staff/sign-in?done=signed-out", cookies=[staff_cookie("")])


@route("/staff/account/sign-out-there", "POST", policy="staff")
def sign_out_there(visit: Visit) -> Reply:
    """End one session of this account. One that has ended meanwhile is the same."""
    with visit.site.database.write() as session:
        sessions.end_marked(session, account_id=visit.staff.account_id, mark=visit.form.text("session"))
    security.tell("session_ended")
    return redirect("/staff/account?done=signed-out-there")


def _page(visit: Visit, status: int = 200, errors: list[FieldError] | None = None) -> Reply:
    viewer, city = visit.staff, visit.city
    # Sessions live by the real clock, pages show the installation's (a demonstration may be ahead).
    real_now = datetime.now(UTC)
    with visit.site.database.read() as session:
        email = accounts.get(session, viewer.account_id).email
        has_second_factor = factors.has_any(session, viewer.account_id)
        living = sessions.list_living(
            session,
            account_id=viewer.account_id,
            identifier=visit.cookies.get(STAFF_COOKIE, ""),
            now=real_now,
        )
    ahead = visit.now - real_now
    page = AccountPage(
        name=viewer.name,
        email=email,
        role=role_label(viewer.role),
        role_does=words.role_does(viewer.role),
        departments=[
            languages.in_language(department.name)
            for department in city.department
            if department.key in viewer.departments
        ],
        all_departments=viewer.sees_all_departments,
        language=viewer.language,
        languages=[Option(code, languages.NAMES.get(code, code)) for code in city.identity.languages],
        has_second_factor=has_second_factor,
        signed_in=[
            SignedIn(one.mark, one.made_at + ahead, one.seen_at + ahead, one.is_this) for one in living
        ],
        status=_done_words(visit.query.get("done", "")),
        errors=errors or [],
        sample=languages.in_language(city.identity.sample) if viewer.role == "admin" else "",
    )
    return render(visit, "staff/account.html", status=status, page=page)


def _done_words(code: str) -> str:
    return {
        "language": _("The language of your pages is changed."),
        "password": _("Your password is changed. Every other browser is signed out."),
        "signed-out-there": _("The other browser is signed out."),
    }.get(code, "")

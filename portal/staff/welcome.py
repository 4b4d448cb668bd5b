"""Choosing a password by a mailed link, and asking for such a link where the password is lost.

Whether an address has an account is told to nobody: the same words, after the same work. The link signs nobody in; it
gives the account a password, and the sign-in is the usual one.
"""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from feedback.errors import Expired, Fault, Invalid
from feedback.limits.rules import RESET_ACCOUNT, RESET_SOURCE, Limited
from feedback.people import accounts, welcome
from feedback.people.tables import Account
from feedback.text.contact import EMAIL_MOST, contact_faults
from portal import languages, security
from portal.error_pages import wait_words
from portal.forms import FieldError, errors_of
from portal.languages import gettext as _
from portal.pages import Reply, Visit, redirect, render, route
from portal.staff.sign_in import turn


class ForgottenPage(Struct, frozen=True, kw_only=True):
    """Where one asks for a link."""

    email: str
    errors: list[FieldError]
    is_sent: bool
    hours: int
    phone: str
    mail: str


class WelcomePage(Struct, frozen=True, kw_only=True):
    """Where one chooses a password, or reads that the link has ended."""

    token: str
    name: str
    """Empty where the link has ended."""
    email: str
    errors: list[FieldError]


@route("/staff/forgotten", "GET", "POST", policy="public")
def forgotten(visit: Visit) -> Reply:
    """Ask for a link; the answer says the same whether or not the address has an account."""
    if visit.method == "GET":
        return _forgotten(visit)
    email = visit.form.text("email").strip()
    if not email:
        return _forgotten(visit, 422, email, [FieldError("email", _("Enter your e-mail address"))])
    faults = contact_faults(email, "") if len(email) <= EMAIL_MOST else [Fault("email", "email_shape")]
    if faults:
        return _forgotten(visit, 422, email, errors_of(faults))
    try:
        visit.site.limits.take(RESET_SOURCE, visit.source)
        visit.site.limits.take(RESET_ACCOUNT, None, email.lower())
    except Limited as refusal:
        words = _("Too many links were asked for. Please look at the e-mails that you have got.")
        reply = _forgotten(
            visit, 429, email, [FieldError("email", f"{words} {wait_words(refusal)}", is_wait=True)]
        )
        reply.headers["Retry-After"] = str(refusal.wait)
        return reply
    with visit.site.database.write() as session:
        welcome.ask(session, email=email, language=visit.language, now=visit.now)
    return redirect("/staff/forgotten?done=sent")


@route("/staff/welcome/{token}", "GET", "POST", policy="public")
def choose_password(visit: Visit) -> Reply:
    """The form of a link; a post gives the account its password and ends its sessions and its other links."""
    token = visit.params["token"]
    try:
        with visit.site.database.read() as session:
            account = welcome.find(session, token=token, now=datetime.now(UTC))
        if account.language in visit.city.identity.languages:
            visit.language = account.language
        with languages.speaking(visit.language):
            if visit.method == "GET":
                return _page(visit, account)
            return _chosen(visit, account)
    except Expired:
        return _page(visit, None, 410)


def _chosen(visit: Visit, account: Account) -> Reply:
    with turn() as has_turn:
        if not has_turn:
            fault = FieldError("new-password", _("Please try again in a few seconds."), is_wait=True)
            reply = _page(visit, account, 429, [fault])
            reply.headers["Retry-After"] = "5"
            return reply
        try:
            hashed = accounts.hash_password(
                visit.form.text("new-password"), about=(account.email, account.name)
            )
        except Invalid as refusal:
            faults = [FieldError("new-password", fault.message) for fault in errors_of(refusal.faults)]
            return _page(visit, account, 422, faults)
    with visit.site.database.write() as session:
        welcome.use(
            session,
            token=visit.params["token"],
            password_hash=hashed,
            now=visit.now,
            real_now=datetime.now(UTC),
        )
    security.tell("password_changed", account=account.id, way="link")
    return redirect("/staff/sign-in?done=password")


def _page(
    visit: Visit, account: Account | None, status: int = 200, errors: list[FieldError] | None = None
) -> Reply:
    page = WelcomePage(
        token=visit.params["token"],
        name=account.name if account else "",
        email=account.email if account else "",
        errors=errors or [],
    )
    return render(visit, "staff/welcome.html", status=status, page=page)


def _forgotten(
    visit: Visit, status: int = 200, email: str = "", errors: list[FieldError] | None = None
) -> Reply:
    contact = visit.city.identity.contact
    page = ForgottenPage(
        email=email,
        errors=errors or [],
        is_sent=visit.query.get("done") == "sent" and visit.method == "GET",
        hours=int(welcome.RESET_LIVES.total_seconds()) // 3600,
        phone=contact.phone,
        mail=contact.email,
    )
    return render(visit, "staff/forgotten.html", status=status, page=page)

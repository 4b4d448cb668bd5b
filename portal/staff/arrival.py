"""What follows when somebody has shown who they are, whichever way: a session, and the first page of the role.

Every way in ends in `finish`: the password, a passkey, another system that vouches for its people. It alone decides
what is still asked; the ways in decide only whether what was shown is right.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from feedback.items import queues
from feedback.people import accounts, factors, sessions
from feedback.people.factors import Factors
from feedback.people.viewer import Viewer
from portal import languages, log, security
from portal.access import HALF_COOKIE, STAFF_COOKIE, half_cookie, staff_cookie
from portal.forms import FieldError
from portal.pages import Cookie, Reply, Visit, redirect, render
from portal.staff import ceremony

Shown = Literal["password", "everything"]
"""What somebody has shown: one thing that they know, or all that is asked of anybody (a passkey that has made sure of
its person, a password and a code, the word of an identity provider that we trust with this)."""

KEPT_FIELDS = (
    "version",
    "last_entry",
    "outcome",
    "text",
    "planned_on",
    "forwarded_to",
    "papers",
    "department",
    "service",
    "nature",
    "more",
    "days",
    "reason",
)
"""What the forms of the desk hold: carried through a sign-in where the session ended while somebody wrote."""
_KEPT_ADDRESS = re.compile(
    r"/staff/item/[A-Z]{2,4}-[0-9]{4}-[0-9]{6,9}/(answer|ask|hand-over|void|reopen|nature|deadline)", re.ASCII
)


class KeptField(Struct, frozen=True):
    name: str
    value: str


class Kept(Struct, frozen=True):
    """A form of the desk that came when nobody was signed in any more; sent again after the sign-in."""

    address: str
    fields: list[KeptField]

    @property
    def words(self) -> str:
        """What a person wrote in it."""
        return "\n\n".join(f.value for f in self.fields if f.name in ("text", "reason") and f.value.strip())


class CodePage(Struct, frozen=True, kw_only=True):
    """The second step of a sign-in."""

    has_app: bool
    has_passkeys: bool
    errors: list[FieldError]
    kept: Kept | None
    host: str
    """Where passkeys work; empty: nowhere."""
    phone: str
    mail: str


def finish(
    visit: Visit,
    account_id: int,
    *,
    shown: Shown,
    kept: Kept | None = None,
    cookies: tuple[Cookie, ...] = (),
) -> Reply:
    """End a sign-in: a session with a new identifier, and on to the words that wait or the first page of the role.

    After a password an account with a second factor gets half a session and is asked for that; one without, where
    everybody must have one, gets a session that opens the page that sets it up and nothing else. `kept` is a form that
    came when nobody was signed in any more; `cookies` are set along with the session's. An account that was disabled
    meanwhile gets none.
    """
    real_now = datetime.now(UTC)
    is_half = must_set_up = False
    with visit.site.database.write() as session:
        viewer = accounts.find_viewer(session, account_id)
        if viewer is None:
            return redirect("/staff/sign-in", cookies=[*cookies])
        if shown == "password":
            is_half = factors.has_any(session, account_id)
            must_set_up = not is_half and visit.site.asks_second_factor
        if is_half:
            identifier = sessions.start_half(session, account_id=account_id, now=real_now)
            found = factors.list_of(session, account_id)
        else:
            sessions.end_half(session, visit.cookies.get(HALF_COOKIE, ""))
            identifier = sessions.start(
                session,
                account_id=account_id,
                now=real_now,
                replaces=visit.cookies.get(STAFF_COOKIE, ""),
                must_set_up=must_set_up,
                confirmed_at=real_now if must_set_up else None,
            )
    if is_half:
        given = (half_cookie(identifier), *cookies)
        if kept is None:
            return redirect("/staff/sign-in/code", cookies=[*given])
        return code_page(visit, viewer, found, kept=kept, cookies=given)
    log.acting(account_id)
    security.tell("signed_in", shown=shown)
    over = (half_cookie(""),) if HALF_COOKIE in visit.cookies else ()
    given = (staff_cookie(identifier), *over, *cookies)
    if must_set_up:
        return redirect("/staff/account/second-factor", cookies=[*given])
    return send_again(visit, viewer, kept, given)


def code_page(
    visit: Visit,
    viewer: Viewer,
    found: Factors,
    *,
    status: int = 200,
    errors: list[FieldError] | None = None,
    kept: Kept | None = None,
    cookies: tuple[Cookie, ...] = (),
) -> Reply:
    """The page that asks for the second factor, in the language of whoever gave the right password."""
    contact = visit.city.identity.contact
    visit.language = viewer.language
    with languages.speaking(viewer.language):
        page = CodePage(
            has_app=found.app_since is not None,
            has_passkeys=any(key.copied_at is None for key in found.passkeys),
            errors=errors or [],
            kept=kept,
            host=ceremony.host_of(visit.site.settings),
            phone=contact.phone,
            mail=contact.email,
        )
        return render(visit, "staff/sign_in_code.html", status=status, cookies=[*cookies], page=page)


def send_again(visit: Visit, viewer: Viewer, kept: Kept | None, cookies: tuple[Cookie, ...] = ()) -> Reply:
    """The words that an ended session left behind, to be sent now; without any, the first page of the role."""
    if kept is None or not viewer.has_desk:
        return redirect(first_page(visit, viewer), cookies=[*cookies])
    visit.viewer, visit.language = viewer, viewer.language
    with languages.speaking(viewer.language):
        return render(visit, "staff/send_again.html", cookies=[*cookies], page=kept)


def first_page(visit: Visit, viewer: Viewer) -> str:
    """Where a person begins: at the cases that nobody else can assign, else at the open ones."""
    if not viewer.has_desk:
        return "/staff/account"
    if viewer.sees_all_departments:
        with visit.site.database.read() as session:
            if queues.count_open(session, viewer=viewer, most=1)["triage"]:
                return "/staff/inbox?queue=triage"
    return "/staff/inbox"


def find_kept(visit: Visit) -> Kept | None:
    """The form that was on its way when the session had ended: just come, or carried by the sign-in form."""
    address, prefix = visit.form.text("kept-address"), "kept-"
    if not address:
        address, prefix = visit.query.get("to", ""), ""
    if not _KEPT_ADDRESS.fullmatch(address):
        return None
    fields = [KeptField(name, visit.form.text(prefix + name)) for name in KEPT_FIELDS]
    kept = Kept(address, [field for field in fields if field.value])
    return kept if kept.words else None

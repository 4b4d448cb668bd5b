"""The second step of a sign-in, and the passkey, which needs no first one.

Who has given the right password holds half a session for five minutes; it opens this page and nothing else. A wrong
code, one that was used and one of another account get the same words, and five of them an account end the tries for a
quarter of an hour, wherever they come from.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal

from feedback.ledger.notes import Actor
from feedback.limits.rules import SECOND_FACTOR, SIGN_IN_SOURCE, Limited
from feedback.people import accounts, factors, sessions
from feedback.people.factors import Factors
from feedback.people.viewer import Viewer
from portal import access, languages, security
from portal.access import HALF_COOKIE
from portal.error_pages import wait_words
from portal.forms import FieldError
from portal.languages import gettext as _
from portal.pages import Reply, Visit, redirect, route
from portal.staff import arrival, ceremony, sign_in
from portal.staff.arrival import Kept
from portal.staff.ceremony import PasskeyRefused

CODE: Final = "factor-code"
"""The field of a code."""


@route("/staff/sign-in/code", "GET", "POST", policy="public")
def code(visit: Visit) -> Reply:
    """The page that asks for a code; the right one ends the sign-in."""
    kept = arrival.find_kept(visit) if visit.method == "POST" else None
    half = _half(visit)
    if half is None:
        return redirect("/staff/sign-in") if visit.method == "GET" else _too_late(visit, kept)
    viewer, found = half
    if visit.method == "GET":
        return arrival.code_page(visit, viewer, found)
    with languages.speaking(viewer.language):
        errors, status, wait = code_errors(visit, viewer.account_id, event="sign_in_failed")
    if errors:
        reply = arrival.code_page(visit, viewer, found, status=status, errors=errors, kept=kept)
        if wait:
            reply.headers["Retry-After"] = str(wait)
        return reply
    return arrival.finish(visit, viewer.account_id, shown="everything", kept=kept)


@route("/staff/sign-in/passkey/options", "POST", policy="public")
def options(visit: Visit) -> Reply:
    """What the browser needs to show a passkey: any, or one of whoever is at the second step or signed in."""
    known = None
    step = visit.form.text("step")
    if step == "code" and (half := _half(visit)) is not None:
        known = half[1].passkeys
    elif step == "confirm":
        access.find_staff(visit)
        who = visit.viewer or visit.newcomer
        if who is not None:
            with visit.site.database.read() as session:
                known = factors.list_of(session, who.account_id).passkeys
    return Reply(content=ceremony.request_options(visit, known=known).encode(), media_type="application/json")


@route("/staff/sign-in/passkey", "POST", policy="public")
def passkey(visit: Visit) -> Reply:
    """Sign in with a passkey: alone, or after the password."""
    kept = arrival.find_kept(visit)
    half = _half(visit) if visit.form.text("step") == "code" else None
    if half is None and visit.form.text("step") == "code":
        return _too_late(visit, kept)
    status, wait = 422, 0
    with languages.speaking(half[0].language if half else visit.language):
        message = _("This passkey could not be used. Please try again, or take another way.")
        try:
            taken = visit.site.limits.take(SIGN_IN_SOURCE, visit.source)
            account_id = show_passkey(visit, only=half[0].account_id if half else None)
            taken.give_back()
            return arrival.finish(visit, account_id, shown="everything", kept=kept)
        except PasskeyRefused:
            security.tell("sign_in_failed", way="passkey")
        except Limited as refusal:
            status, wait, message = 429, refusal.wait, too_many_words(refusal)
    errors = [FieldError("", message, is_wait=wait > 0)]
    if half:
        reply = arrival.code_page(visit, *half, status=status, errors=errors, kept=kept)
    else:
        reply = sign_in.form(visit, status, errors=errors, kept=kept)
    if wait:
        reply.headers["Retry-After"] = str(wait)
    return reply


def code_errors(
    visit: Visit, account_id: int, *, event: Literal["sign_in_failed", "factor_refused"]
) -> tuple[list[FieldError], int, int]:
    """What is wrong with the code that was sent, with the status of the answer and the seconds to wait; [] if right.

    A right one is used up by this; of a wrong one the log is told, as an `event`.
    """
    typed = visit.form.text(CODE)
    if not typed.strip():
        return [FieldError(CODE, _("Enter the code"))], 422, 0
    try:
        taken = visit.site.limits.take(SECOND_FACTOR, None, str(account_id))
    except Limited as refusal:
        return [FieldError(CODE, too_many_words(refusal), is_wait=True)], 429, refusal.wait
    secret, real_now = visit.site.secret.key, datetime.now(UTC)
    with visit.site.database.write() as session:
        fits = factors.take_app_code(
            session, secret=secret, account_id=account_id, code=typed, now=visit.now, real_now=real_now
        ) or factors.take_recovery_code(
            session,
            secret=secret,
            account_id=account_id,
            code=typed,
            by=Actor("staff", account_id),
            now=visit.now,
        )
    if not fits:
        security.tell(event, account=account_id, way="code")
        return [FieldError(CODE, _("This code is not right, or it was used before"))], 422, 0
    taken.forget()
    return [], 200, 0


def show_passkey(visit: Visit, *, only: int | None = None) -> int:
    """The account whose passkey was shown; `only` is the one that it must be. Refuses PasskeyRefused."""
    shown = ceremony.check_shown(visit, visit.form.text("credential"))
    if only is not None and shown.account_id != only:
        raise PasskeyRefused()
    with (
        visit.site.database.write() as session
    ):  # What a refusal leaves behind stays: a challenge, a copied passkey.
        is_right = factors.spend_challenge(
            session, shown.challenge, ends_at=shown.challenge_ends_at
        ) and factors.use_passkey(
            session,
            passkey_id=shown.passkey_id,
            sign_count=shown.sign_count,
            by=Actor("staff", shown.account_id),
            now=visit.now,
        )
        is_right = is_right and accounts.find_viewer(session, shown.account_id) is not None
    if not is_right:
        raise PasskeyRefused()
    return shown.account_id


def too_many_words(refusal: Limited) -> str:
    return _("Too many wrong codes were entered.") + " " + wait_words(refusal)


def _half(visit: Visit) -> tuple[Viewer, Factors] | None:
    """Who has given the right password in this browser, not more than five minutes ago, and their factors."""
    identifier = visit.cookies.get(HALF_COOKIE, "")
    if not identifier:
        return None
    with visit.site.database.read() as session:
        account_id = sessions.find_half(session, identifier, now=datetime.now(UTC))
        viewer = None if account_id is None else accounts.find_viewer(session, account_id)
        if viewer is None:
            return None
        return viewer, factors.list_of(session, viewer.account_id)


def _too_late(visit: Visit, kept: Kept | None) -> Reply:
    return sign_in.form(visit, 401, is_too_late=True, kept=kept)

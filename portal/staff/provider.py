"""Signing in with the city's own provider of identities, where one is configured: the way there and back.

The way there is a page of ours that leads on by itself (`Refresh`), not a redirect of the form: our content policy lets
forms go to ourselves only. State, nonce and verifier are made from one ticket, which stands signed in a cookie of this
browser for ten minutes: an answer that another browser asked for is refused, and one that was taken is not taken again.
Every refusal is a page that says no more than it must.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from feedback.errors import NotFound
from feedback.limits.rules import PROVIDER_SOURCE, Limited
from feedback.people import factors, identities
from portal import access, security
from portal.error_pages import wait_words
from portal.id_token import TokenRefused
from portal.languages import gettext as _
from portal.oidc import RETURN, Provider, ProviderSilent
from portal.pages import Reply, Visit, render, route
from portal.staff import arrival

CODE_MOST: Final = 2048
"""Characters of a code that are handed on."""


class ProviderPage(Struct, frozen=True, kw_only=True):
    """The way to the provider, or why the way back ended here."""

    label: str
    """The provider as people know it."""
    href: str
    """Where it goes on; empty on the way back."""
    title: str
    text: str
    phone: str
    mail: str


@route("/staff/provider", "POST", policy="public")
def go(visit: Visit) -> Reply:
    """Send somebody to the provider. Refuses NotFound where none is configured."""
    provider = _provider(visit)
    try:
        visit.site.limits.take(PROVIDER_SOURCE, visit.source)
    except Limited as refusal:
        reply = _page(visit, 429, _("Too many sign-ins were begun"), wait_words(refusal))
        reply.headers["Retry-After"] = str(refusal.wait)
        return reply
    ticket = secrets.token_urlsafe(32)
    try:
        href = provider.ask_for(
            state=_part(visit, "state", ticket),
            nonce=_part(visit, "nonce", ticket),
            verifier=_part(visit, "verifier", ticket),
            language=visit.language,
        )
    except (ProviderSilent, TokenRefused) as fault:
        return _without(visit, fault)
    reply = _page(visit, 200, _("On the way to the sign-in"), "", href=href)
    reply.cookies.append(access.provider_cookie(visit, ticket))
    reply.headers["Refresh"] = f"0; url={href}"
    return reply


@route(RETURN, policy="public")
def come_back(visit: Visit) -> Reply:
    """Take the provider's answer. Refuses NotFound where none is configured; everything else has a page."""
    reply = _taken(visit, _provider(visit))
    if not any(cookie.name == access.PROVIDER_COOKIE for cookie in reply.cookies):
        reply.cookies.append(access.no_provider_cookie())
    return reply


def _taken(visit: Visit, provider: Provider) -> Reply:
    given = visit.query
    ticket = access.provider_ticket(visit)
    if ticket is None or not _is(given.get("state", ""), _part(visit, "state", ticket)):
        return _over(visit)
    real_now = datetime.now(UTC)
    with visit.site.database.write() as session:
        ends_at = real_now + access.PROVIDER_LIVES
        if not factors.spend_challenge(session, ticket.encode(), ends_at=ends_at):
            return _over(visit)
    code, issuer = given.get("code", ""), given.get("iss")
    try:
        if issuer is not None and issuer != provider.config.issuer:
            raise TokenRefused("answer_of_another")
        if "error" in given:
            return _denied(visit, given["error"])
        if not code or len(code) > CODE_MOST:
            raise TokenRefused("no_code")
        found = provider.redeem(
            code,
            answered_by=issuer,
            nonce=_part(visit, "nonce", ticket),
            verifier=_part(visit, "verifier", ticket),
        )
    except (ProviderSilent, TokenRefused) as fault:
        return _without(visit, fault)
    with visit.site.database.write() as session:
        account_id = identities.sign_in(
            session,
            issuer=provider.config.issuer,
            subject=found.subject,
            email=found.email,
            is_email_verified=found.is_email_verified,
            now=visit.now,
        )
    if account_id is None:
        security.tell("sign_in_failed", way="provider", why="no_account")
        return _page(
            visit,
            403,
            _("No account opens with this sign-in"),
            _(
                "You are known to the provider, but no account here belongs to you. Ask the administrator for one."
            ),
        )
    shown: arrival.Shown = "password" if provider.config.asks_second_factor else "everything"
    return arrival.finish(visit, account_id, shown=shown, cookies=(access.no_provider_cookie(),))


def _provider(visit: Visit) -> Provider:
    if visit.site.provider is None:
        raise NotFound("page_unknown")
    return visit.site.provider


def _part(visit: Visit, purpose: str, ticket: str) -> str:
    """State, nonce or verifier of a ticket: 256 bits, and none tells another."""
    message = f"provider {purpose} {ticket}".encode()
    return hmac.digest(visit.site.secret.key, message, hashlib.sha256).hex()


def _is(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _over(visit: Visit) -> Reply:
    """Not asked for by this browser, taken already, or older than ten minutes."""
    security.tell("sign_in_failed", way="provider", why="over")
    return _page(
        visit,
        400,
        _("This sign-in has ended"),
        _("It took more than ten minutes, or it was begun in another browser. Please sign in again."),
    )


def _denied(visit: Visit, error: str) -> Reply:
    """The provider signed nobody in: the person did not want it, or it has a reason of its own."""
    security.tell("sign_in_failed", way="provider", why="denied" if error == "access_denied" else "error")
    return _page(
        visit,
        403,
        _("You were not signed in"),
        _("The provider did not sign you in. Please try again, or sign in with your password."),
    )


def _without(visit: Visit, fault: ProviderSilent | TokenRefused) -> Reply:
    """Its answer did not come, or is not to be believed; which, stands in the log."""
    security.tell("sign_in_failed", way="provider", why=fault.code)
    reply = _page(
        visit,
        503,
        _("This way of signing in does not work at this moment"),
        _("Please try again in a few minutes, or sign in with your password."),
    )
    reply.headers["Retry-After"] = "60"
    return reply


def _page(visit: Visit, status: int, title: str, text: str, *, href: str = "") -> Reply:
    contact = visit.city.identity.contact
    page = ProviderPage(
        label=_provider(visit).config.label,
        href=href,
        title=title,
        text=text,
        phone=contact.phone,
        mail=contact.email,
    )
    return render(visit, "staff/provider.html", status=status, page=page)

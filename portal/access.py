"""Who is at the other end: a signed-in account, a browser that opened an item, or anybody.

Keeps each route's policy, the session cookies and the origin of posts. Security events that must outlive a
refusal (the touch of a session) are written here, each in a short transaction of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from feedback.errors import DomainError, NotFound
from feedback.items import codes
from feedback.people import accounts, sessions
from portal import log
from portal.pages import Cookie, Route, Visit

STAFF_COOKIE = "staff"
HALF_COOKIE = "half"
ITEM_COOKIE = "item"
RECEIPT_COOKIE = "receipt"
PROVIDER_COOKIE = "provider"
ITEM_LIVES = timedelta(minutes=30)
RECEIPT_LIVES = timedelta(minutes=15)
PROVIDER_LIVES = timedelta(minutes=10)

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""Names of this machine in an address; each stands for the others."""


class SignInNeeded(DomainError):
    """Nobody is signed in, or no longer: the sign-in page, which leads back."""

    code = "sign_in_needed"


class SetUpNeeded(DomainError):
    """Somebody has signed in and has no second factor where one is asked of everybody: the page that sets it up."""

    code = "set_up_needed"


class CodeNeeded(DomainError):
    """This browser has no open item, or no longer: the page that asks for the code."""

    code = "code_needed"


class OriginForeign(DomainError):
    """A post that does not come from one of our own pages."""

    code = "origin_foreign"


def admit(visit: Visit, route: Route) -> None:
    """Find out who it is and keep the route's policy.

    Refuses SignInNeeded, SetUpNeeded, CodeNeeded, or NotFound: what a role may not open is answered like what does
    not exist.
    """
    if route.policy == "public":
        return
    if route.policy == "code":
        visit.item_id = opened_item(visit)
        if visit.item_id is None:
            raise CodeNeeded()
        return
    find_staff(visit)
    if route.policy == "set-up":
        visit.viewer = visit.viewer or visit.newcomer
    if visit.viewer is None:
        raise SetUpNeeded() if visit.newcomer else SignInNeeded()
    if route.policy == "desk" and not visit.viewer.has_desk:
        raise NotFound("page_unknown")
    if route.policy in ("quality", "admin", "auditor") and visit.viewer.role != route.policy:
        raise NotFound("page_unknown")


def find_staff(visit: Visit) -> None:
    """Put the signed-in account on the visit, if there is one; touch its session once a minute.

    One that must set up its second factor first is a newcomer and no viewer, so that nothing opens by oversight.
    """
    identifier = visit.cookies.get(STAFF_COOKIE, "")
    if not identifier:
        return
    real_now = datetime.now(UTC)
    with visit.site.database.read() as session:
        found = sessions.find(session, identifier, now=real_now)
        if found is None:
            return
        viewer = accounts.find_viewer(session, found.account_id)
    log.acting(found.account_id)
    if found.must_set_up:
        visit.newcomer = viewer
    else:
        visit.viewer = viewer
    visit.confirmed_at = found.confirmed_at
    if viewer is not None and real_now - found.seen_at >= sessions.TOUCH_EVERY:
        with visit.site.database.write() as session:
            sessions.touch(session, identifier, now=real_now)


def staff_cookie(identifier: str) -> Cookie:
    """The cookie of a session; empty ends it."""
    seconds = int(sessions.ABSOLUTE.total_seconds()) if identifier else 0
    return Cookie(name=STAFF_COOKIE, value=identifier, seconds=seconds)


def half_cookie(identifier: str) -> Cookie:
    """The cookie between password and second factor; empty ends it."""
    seconds = int(sessions.HALF.total_seconds()) if identifier else 0
    return Cookie(name=HALF_COOKIE, value=identifier, seconds=seconds, is_strict=True)


def item_cookie(visit: Visit, item_id: int) -> Cookie:
    """Opens one item to this browser for 30 minutes."""
    until = int((datetime.now(UTC) + ITEM_LIVES).timestamp())
    value = codes.sign(visit.site.secret.key, "item", f"{item_id}-{until}")
    return Cookie(name=ITEM_COOKIE, value=value, seconds=int(ITEM_LIVES.total_seconds()), is_strict=True)


def opened_item(visit: Visit) -> int | None:
    """The item that this browser has open, or None."""
    value = codes.unsign(visit.site.secret.key, "item", visit.cookies.get(ITEM_COOKIE, ""))
    if value is None:
        return None
    item_id, _, until = value.partition("-")
    return int(item_id) if int(until) > datetime.now(UTC).timestamp() else None


def receipt_cookies(visit: Visit, key: str) -> list[Cookie]:
    """The submission key for the receipt page of each language, for 15 minutes."""
    until = int((datetime.now(UTC) + RECEIPT_LIVES).timestamp())
    value = codes.sign(visit.site.secret.key, "receipt", f"{key}~{until}")
    return [
        Cookie(
            name=RECEIPT_COOKIE,
            value=value,
            path=f"/{language}/receipt",
            seconds=int(RECEIPT_LIVES.total_seconds()),
            is_strict=True,
        )
        for language in visit.city.identity.languages
    ]


def receipt_key(visit: Visit) -> str | None:
    """The submission key whose receipt this browser may see, or None when the 15 minutes are over."""
    value = codes.unsign(visit.site.secret.key, "receipt", visit.cookies.get(RECEIPT_COOKIE, ""))
    if value is None:
        return None
    key, _, until = value.rpartition("~")
    return key if int(until) > datetime.now(UTC).timestamp() else None


def provider_cookie(visit: Visit, ticket: str) -> Cookie:
    """Binds a sign-in by the city's provider to this browser; sent along when the provider sends it back (Lax)."""
    until = int((datetime.now(UTC) + PROVIDER_LIVES).timestamp())
    value = codes.sign(visit.site.secret.key, "provider", f"{ticket}~{until}")
    return Cookie(name=PROVIDER_COOKIE, value=value, seconds=int(PROVIDER_LIVES.total_seconds()))


def no_provider_cookie() -> Cookie:
    """The sign-in by the provider is over, whatever became of it."""
    return Cookie(name=PROVIDER_COOKIE, value="")


def provider_ticket(visit: Visit) -> str | None:
    """The ticket of the sign-in that this browser has begun, or None where there is none or its time is over."""
    value = codes.unsign(visit.site.secret.key, "provider", visit.cookies.get(PROVIDER_COOKIE, ""))
    if value is None:
        return None
    ticket, _, until = value.rpartition("~")
    return ticket if int(until) > datetime.now(UTC).timestamp() else None


def check_origin(visit: Visit, *, origin: str, fetch_site: str) -> None:
    """A post must come from a page of ours. Refuses OriginForeign.

    Browsers send Origin or Sec-Fetch-Site with every post; what sends neither is no browser and holds no cookie
    that another's page could abuse, but a post without either is refused all the same, so that the rule is one.
    """
    if fetch_site and fetch_site not in ("same-origin", "none"):
        raise OriginForeign()
    if origin:
        if not _is_ours(origin, visit.site.settings.public_url):
            raise OriginForeign()
    elif not fetch_site:
        raise OriginForeign()


def _is_ours(origin: str, public_url: str) -> bool:
    """Whether an Origin is our own address; the names of the loopback stand for one another."""
    try:
        ours, theirs = urlsplit(public_url), urlsplit(origin)
        same_port = theirs.port == ours.port
    except ValueError:
        return False
    is_loopback = _host(theirs.netloc) in LOOPBACK and _host(ours.netloc) in LOOPBACK
    same_host = theirs.netloc == ours.netloc or (is_loopback and same_port)
    return theirs.scheme == ours.scheme and same_host


def _host(netloc: str) -> str:
    return netloc.rpartition(":")[0] if netloc.rpartition(":")[2].isdigit() else netloc

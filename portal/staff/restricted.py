"""Restricted cases: setting and lifting the mark, and the page of who is named for one and who has read it.

A case that is restricted is found through `find.py` like any other; whoever is not named comes no further than to the
answer for a case that does not exist. What is decided is decided by `feedback/items/restrict.py`.
"""

from __future__ import annotations

from msgspec import Struct
from sqlmodel import Session

from feedback.city import versions
from feedback.city.profile import City
from feedback.errors import Conflict, Invalid, NotAllowed, NotFound
from feedback.items import find, restrict
from feedback.items.views import GrantView, ItemView, ReadingView
from feedback.people import accounts
from feedback.people.accounts import Colleague
from feedback.people.viewer import Viewer
from portal import item_words, languages, security
from portal.forms import FieldError, errors_of
from portal.languages import gettext as _
from portal.pages import Reply, Visit, redirect, render, role_label, route
from portal.staff import attempt, sheets, words
from portal.staff.words import Mark, Option

ACCOUNT, DEPARTMENT = "account:", "department:"
"""What a choice of the form begins with."""


class NamedRow(Struct, frozen=True):
    """Somebody who is named, and the form that ends it."""

    id: int
    name: str
    since: str
    """When, and by whom."""
    button: str
    """Empty where this person may not end it."""


class ReadingRow(Struct, frozen=True):
    name: str
    when: str


class NamedPage(Struct, frozen=True, kw_only=True):
    """Who may see a restricted case, and who has read it."""

    reference: str
    item_title: str
    item_href: str
    action: str
    """Where somebody is named; the address at which a grant is ended lies below it."""
    state: Mark
    restricted: Mark
    ground: str
    version: int
    named: list[NamedRow]
    choices: list[Option]
    """Whom this person may name; empty where naming is not theirs."""
    who: str
    readings: list[ReadingRow]
    errors: list[FieldError]
    refusal: str
    status: str


@route("/staff/item/{reference}/restrict", "GET", "POST", policy="desk")
def restrict_item(visit: Visit) -> Reply:
    """From now on only those named see it, with a reason."""
    form = visit.form

    def deed(session: Session, item_id: int, seen: int) -> None:
        restrict.restrict(
            session,
            item_id=item_id,
            seen_version=seen,
            restricted=form.text("restricted"),
            department=form.text("department"),
            reason=form.text("reason"),
            city=versions.current(session).city,
            by=visit.staff,
            now=visit.now,
        )

    return attempt.do_on_sheet(visit, sheets.RESTRICT, deed, "restricted")


@route("/staff/item/{reference}/lift", "GET", "POST", policy="desk")
def lift(visit: Visit) -> Reply:
    """It is seen like any other again, with a reason."""

    def deed(session: Session, item_id: int, seen: int) -> None:
        restrict.lift(
            session,
            item_id=item_id,
            seen_version=seen,
            reason=visit.form.text("reason"),
            by=visit.staff,
            now=visit.now,
        )

    return attempt.do_on_sheet(visit, sheets.LIFT, deed, "lifted")


@route("/staff/item/{reference}/named", "GET", "POST", policy="desk")
def named(visit: Visit) -> Reply:
    """Who is named for a restricted case; a post names somebody."""
    item = _restricted(visit)
    if visit.method == "GET":
        return _page(visit, item, status=_done_words(visit.query.get("done", "")))
    kind, _colon, key = visit.form.text("who").partition(":")
    account_id = int(key) if kind == "account" and key.isascii() and key.isdigit() and len(key) < 10 else None
    try:
        with visit.site.database.write() as session:
            restrict.grant(
                session,
                item_id=item.id,
                seen_version=_seen(visit),
                account_id=account_id,
                department=key if kind == "department" else "",
                city=versions.current(session).city,
                by=visit.staff,
                now=visit.now,
            )
    except Invalid as refusal:
        return _page(visit, item, errors=errors_of(refusal.faults), status_code=422)
    except (Conflict, NotAllowed) as refusal:
        return _refused(visit, refusal)
    return redirect(_address(visit, "named"))


@route("/staff/item/{reference}/named/end", "POST", policy="desk")
def end(visit: Visit) -> Reply:
    """Take back what names somebody, or give up what names oneself."""
    item = _restricted(visit)
    try:
        with visit.site.database.write() as session:
            restrict.revoke(
                session,
                item_id=item.id,
                seen_version=_seen(visit),
                grant_id=visit.form.number("grant") or 0,
                by=visit.staff,
                now=visit.now,
            )
    except (Conflict, NotAllowed) as refusal:
        return _refused(visit, refusal)
    except NotFound:  # Pressed twice.
        return redirect(_address(visit))
    try:
        attempt.item_of(visit)
    except NotFound:
        return redirect("/staff/inbox?done=unnamed")
    return redirect(_address(visit, "ended"))


def _restricted(visit: Visit) -> ItemView:
    """The item as this person may see it. Refuses NotFound where nobody needs to be named for it."""
    item = attempt.item_of(visit)
    if item.restricted is None:
        raise NotFound("item_unknown")
    return item


def _seen(visit: Visit) -> int:
    seen = visit.form.number("version")
    return -1 if seen is None else seen


def _address(visit: Visit, done: str = "") -> str:
    return f"/staff/item/{visit.params['reference']}/named" + (f"?done={done}" if done else "")


def _refused(visit: Visit, refusal: Conflict | NotAllowed) -> Reply:
    security.refused(refusal, is_staff=True)
    item = _restricted(visit)
    said = {
        "nobody_would_keep_it": _("Nothing was changed: somebody must keep the case. Name others first."),
        "restriction_refused": _(
            "Nothing was changed: only the heads who keep the case decide who is named."
        ),
    }.get(refusal.code, _("Nothing was changed: the case has moved on since you opened the page."))
    number = 409 if isinstance(refusal, Conflict) else 403
    return _page(visit, item, refusal=said, status_code=number)


def _page(
    visit: Visit,
    item: ItemView,
    *,
    status: str = "",
    errors: list[FieldError] | None = None,
    refusal: str = "",
    status_code: int = 200,
) -> Reply:
    viewer, city = visit.staff, visit.city
    keeps = restrict.keeps(item.grants, viewer)
    with visit.site.database.read() as session:
        readings = find.readings_of(session, item_id=item.id)
        colleagues = accounts.list_colleagues(session) if keeps else []
    page = NamedPage(
        reference=item.reference,
        item_title=item_words.title_of(item.text, otherwise=words.service_name(city, item.cycle.service)),
        item_href=attempt.address_of(visit),
        action=_address(visit),
        state=words.state_mark(item.state, item.cycle.department),
        restricted=words.restricted_mark(),
        ground=words.restricted_word(item.restricted or ""),
        version=item.version,
        named=[_named(grant, viewer, visit, keeps=keeps) for grant in item.grants],
        choices=_choices(item, colleagues, city) if keeps else [],
        who=visit.form.text("who"),
        readings=[_reading(reading, visit) for reading in readings],
        errors=errors or [],
        refusal=refusal,
        status=status,
    )
    return render(visit, "staff/named.html", status=status_code, page=page)


def _named(grant: GrantView, viewer: Viewer, visit: Visit, *, keeps: bool) -> NamedRow:
    since = languages.moment(grant.given_at, visit.city.zone, visit.now)
    by = grant.given_by_name or _("a rule of the city")
    is_own = grant.account_id == viewer.account_id
    return NamedRow(
        id=grant.id,
        name=words.named_word(visit.city, grant),
        since=_("named %(since)s by %(name)s") % {"since": since, "name": by},
        button=_("Give it up") if is_own else _("Take it back") if keeps else "",
    )


def _reading(reading: ReadingView, visit: Visit) -> ReadingRow:
    return ReadingRow(reading.account_name, languages.moment(reading.at, visit.city.zone, visit.now))


def _choices(item: ItemView, colleagues: list[Colleague], city: City) -> list[Option]:
    """Whom a keeper may name: people who work on cases, and the heads of other departments."""
    there = {grant.account_id for grant in item.grants}
    people = [
        Option(f"{ACCOUNT}{one.account_id}", f"{one.name} ({role_label(one.role)})")
        for one in colleagues
        if one.account_id not in there
    ]
    heads = [
        Option(f"{DEPARTMENT}{key}", _("Heads of: %(department)s") % {"department": name})
        for key, name in ((key, words.department_name(city, key)) for key in city.departments)
        if key not in item.keepers
    ]
    return [Option("", _("Choose a person or a department")), *people, *heads]


def _done_words(done: str) -> str:
    return {
        "named": _("Named: the case is seen from now on."),
        "ended": _("Taken back. For them the case does not exist any more."),
    }.get(done, "")

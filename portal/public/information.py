"""Help and contact, accessibility, personal data: short and true for what the portal does today.

The spans that these pages name are the constants by which the portal works; the rest is said in the templates. Who
changes what is kept, for how long, in which cookie, or what was checked for accessibility, changes them too.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from feedback.city.profile import ContactPoint, Department, Oversight, Service
from feedback.items.converse import CONFIRM_LIVES, OPEN_LIVES
from feedback.items.purge import LINK_REMEMBERED, SUBMISSION_LIVES
from feedback.outbox.deliver import FAILED_WORDS_LIVE, WORDS_LIVE
from feedback.satisfaction.invite import LINK_LIVES
from portal import access
from portal.pages import Reply, Visit, render, route
from portal.public.kept import keep
from portal.wire import COOKIES, cookie_prefix

ACCESSIBILITY_REVIEWED = date(2026, 11, 22)
"""When somebody last made sure that the accessibility statement is true."""


class InformationPage(Struct, frozen=True, kw_only=True):
    """What the city says of itself, and the spans of time that the texts name."""

    contact: ContactPoint
    oversight: tuple[Oversight, ...]
    departments: tuple[Department, ...]
    elsewhere: list[Service]
    """What others do, with where to turn."""
    second_look_days: int
    receipt_minutes: int
    receipt_cookie: str
    """The name that the browser shows."""
    visit_minutes: int
    visit_cookie: str
    confirm_hours: int
    open_days: int
    survey_days: int
    ended_link_days: int
    """So long an ended link is remembered."""
    form_days: int
    """So long it is remembered that a form was sent."""
    mail_days: int
    failed_mail_days: int
    accessibility_reviewed: date


@route("/{language}/help", policy="public")
def help_and_contact(visit: Visit) -> Reply:
    return _page(visit, "public/help.html")


@route("/{language}/accessibility", policy="public")
def accessibility(visit: Visit) -> Reply:
    return _page(visit, "public/accessibility.html")


@route("/{language}/privacy", policy="public")
def privacy(visit: Visit) -> Reply:
    return _page(visit, "public/privacy.html")


def _page(visit: Visit, template: str) -> Reply:
    return keep(visit, lambda: _information(visit, template))


def _information(visit: Visit, template: str) -> Reply:
    city = visit.city
    page = InformationPage(
        contact=city.identity.contact,
        oversight=city.identity.oversight,
        departments=city.department,
        elsewhere=[service for service in city.service if not service.is_offered],
        second_look_days=city.identity.second_look_days,
        receipt_minutes=int(access.RECEIPT_LIVES.total_seconds() // 60),
        visit_minutes=int(access.ITEM_LIVES.total_seconds() // 60),
        receipt_cookie=_cookie(visit, access.RECEIPT_COOKIE),
        visit_cookie=_cookie(visit, access.ITEM_COOKIE),
        confirm_hours=int(CONFIRM_LIVES.total_seconds() // 3600),
        open_days=OPEN_LIVES.days,
        survey_days=LINK_LIVES.days,
        ended_link_days=LINK_REMEMBERED.days,
        form_days=SUBMISSION_LIVES.days,
        mail_days=WORDS_LIVE.days,
        failed_mail_days=FAILED_WORDS_LIVE.days,
        accessibility_reviewed=ACCESSIBILITY_REVIEWED,
    )
    return render(visit, template, page=page)


def _cookie(visit: Visit, name: str) -> str:
    return cookie_prefix(COOKIES[name], is_https=visit.site.settings.is_https) + name

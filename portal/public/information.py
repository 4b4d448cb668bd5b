"""Help and contact, accessibility, personal data: short and true for what the portal does today."""

from __future__ import annotations

from msgspec import Struct

from feedback.city.profile import ContactPoint, Department, Oversight, Service
from feedback.items.converse import CONFIRM_LIVES
from portal import access
from portal.pages import Reply, Visit, render, route


class InformationPage(Struct, frozen=True, kw_only=True):
    """What the city says of itself, and the spans of time that the texts name."""

    contact: ContactPoint
    oversight: tuple[Oversight, ...]
    departments: tuple[Department, ...]
    elsewhere: list[Service]
    """What others do, with where to turn."""
    second_look_days: int
    receipt_minutes: int
    visit_minutes: int
    confirm_hours: int


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
    city = visit.city
    page = InformationPage(
        contact=city.identity.contact,
        oversight=city.identity.oversight,
        departments=city.department,
        elsewhere=[service for service in city.service if not service.is_offered],
        second_look_days=city.identity.second_look_days,
        receipt_minutes=int(access.RECEIPT_LIVES.total_seconds() // 60),
        visit_minutes=int(access.ITEM_LIVES.total_seconds() // 60),
        confirm_hours=int(CONFIRM_LIVES.total_seconds() // 3600),
    )
    return render(visit, template, page=page)

"""What happens next, before anything is sent: the receipt, the city's promise, the day that the law sets."""

from __future__ import annotations

from msgspec import Struct

from feedback.city.part import KINDS
from feedback.city.profile import City
from feedback.city.time_rules import LawRule
from feedback.deadlines import clock as statutory
from feedback.routing import match
from portal import languages
from portal.languages import gettext as _
from portal.languages import ngettext
from portal.pages import Visit


class Station(Struct, frozen=True):
    """One line of "what happens next": by when, and what."""

    when: str
    what: str


def stations_of(visit: Visit, *, kind: str, service: str) -> list[Station]:
    """What happens next: the receipt, our promise, the day set by law for this kind and service."""
    first = Station(
        _("At once"),
        _("You get a number and a code. With the code you can see at any time what is being done."),
    )
    return [first, _promise(visit.city, service), _law(visit, kind, service)]


def _promise(city: City, chosen: str) -> Station:
    service = city.services.get(chosen)
    if service is not None and service.promise_days is not None:
        days = service.promise_days
        when = ngettext("Within %(num)s working day", "Within %(num)s working days", days) % {"num": days}
        what = _("This is our promise for: %(service)s.") % {"service": languages.in_language(service.name)}
        return Station(when, what)
    return Station(promise_range(city), _("This is our promise. How many days it is depends on the service."))


def promise_range(city: City) -> str:
    """The shortest and the longest promise of the city, in words."""
    days = [service.promise_days for service in city.service if service.promise_days is not None]
    if min(days) == max(days):
        return ngettext("Within %(num)s working day", "Within %(num)s working days", days[0]) % {
            "num": days[0]
        }
    return ngettext(
        "Within %(least)s to %(most)s working day", "Within %(least)s to %(most)s working days", max(days)
    ) % {"least": min(days), "most": max(days)}


def law_today(visit: Visit, kind: str, service: str = "") -> LawRule | None:
    """The row of law for what would be sent today; None: no law sets a day for it."""
    city = visit.city
    nature = match.default_nature(city, kind, service if service in city.services else None)
    return statutory.find_rule(city, nature, visit.now.astimezone(city.zone).date())


def _law(visit: Visit, kind: str, service: str) -> Station:
    law = law_today(visit, kind if kind in KINDS else "request", service)
    if law is None:
        return Station(
            _("No legal deadline"), _("No law sets a day for this. Our promise holds all the same.")
        )
    match law.unit:
        case "working":
            when = ngettext(
                "%(num)s working day at the latest", "%(num)s working days at the latest", law.days
            )
        case "calendar":
            when = ngettext("%(num)s day at the latest", "%(num)s days at the latest", law.days)
        case "months":
            when = ngettext("%(num)s month at the latest", "%(num)s months at the latest", law.days)
    what = _("This is set by law: %(citation)s.") % {
        "citation": languages.in_language(law.citation).rstrip(".")
    }
    return Station(when % {"num": law.days}, what)

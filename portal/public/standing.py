"""How a case stands, in the words that a receipt and the page of a case owe to whoever sent it.

Since 1 June 2026 Greek law asks for them (ν. 2690/1999, article 4(5), as set by ν. 5293/2026, article 5): whether the
file was complete, the stage, the estimated completion, the unit that is responsible with its phone and e-mail. They
serve everybody, so every city shows them. Decides nothing.
"""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct

from feedback.city.profile import City
from feedback.items.keep_time import PAPERS
from feedback.items.lifecycle import RUNNING
from feedback.items.views import ItemView
from portal import languages
from portal.item_words import state_word
from portal.languages import gettext as _


class Standing(Struct, frozen=True, kw_only=True):
    """Stage, completeness, estimate and unit of a case."""

    stage: str
    file: str
    """Whether papers are missing."""
    estimate: str
    """The day by which we expect to answer; empty where nothing more is to come."""
    unit: str
    """The department; as long as there is none, the municipality."""
    phone: str
    email: str


def standing_of(item: ItemView, city: City, now: datetime) -> Standing:
    """How the case stands. `city` is the version of the profile that rules its round."""
    department = city.departments.get(item.cycle.department or "")
    contact = city.identity.contact
    return Standing(
        stage=state_word(item.state),
        file=_file(item),
        estimate=_estimate(item, now.astimezone(city.zone).date()),
        unit=languages.in_language(department.name if department else city.identity.name),
        phone=department.phone if department else contact.phone,
        email=department.email if department else contact.email,
    )


def _file(item: ItemView) -> str:
    asked = [pause for clock in item.cycle.clocks for pause in clock.pauses if pause.reason == PAPERS]
    if any(pause.until is None for pause in asked):
        return _("Papers are missing. Our question says which.")
    if asked:
        return _("Complete since you sent what was missing.")
    return _("Complete, as far as we can see. If anything is missing, we ask you for it.")


def _estimate(item: ItemView, today: date) -> str:
    """The promised day, or the one of the law where there is no other or it has passed."""
    if item.state not in RUNNING:
        return ""
    clocks = [item.cycle.clock(which) for which in ("promise", "law")]
    days = [clock.due_on for clock in clocks if clock is not None and clock.due_on is not None]
    ahead = next((day for day in days if day >= today), None)
    if ahead is not None:
        return languages.day_long(ahead)
    if any(clock is not None and clock.is_paused for clock in clocks):
        return _("It depends on your reply.")
    return _("The day has passed. We work on it.") if days else _("Not known yet.")

"""What the desk says of an item beside its words: the law behind its clock, its data, the citizen's ratings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from feedback.city.profile import City
from feedback.items.views import ItemView, ReadingView
from feedback.satisfaction.respond import CANT_SAY, Rating
from portal import languages
from portal.languages import gettext as _
from portal.languages import ngettext
from portal.staff import marked, words
from portal.staff.marked import Piece
from portal.staff.words import Mark


class Fact(Struct, frozen=True):
    """A name and its value; `mark` stands behind the value."""

    name: str
    value: str
    mark: str = ""


class RatingFact(Struct, frozen=True):
    """What the citizen said of one cycle."""

    title: str
    outcome: str
    handling: str
    comment: list[Piece]


class SightFact(Struct, frozen=True):
    """Who may see a restricted case: the mark, why, who is named, and who read it last."""

    mark: Mark
    ground: str
    named: list[str]
    read_last: str
    """Empty where nobody else has read it."""


def sight_of(
    item: ItemView, readings: Sequence[ReadingView], *, city: City, now: datetime
) -> SightFact | None:
    """Who may see the case; None where it is not restricted."""
    if item.restricted is None:
        return None
    last = next(iter(readings), None)
    when = languages.moment(last.at, city.zone, now) if last else ""
    return SightFact(
        words.restricted_mark(),
        words.restricted_word(item.restricted),
        [words.named_word(city, grant) for grant in item.grants],
        f"{last.account_name}, {when}" if last else "",
    )


def pause_note(item: ItemView) -> str:
    """How often the clocks stood, for the stripes on their bars."""
    pauses = max((len(clock.pauses) for clock in item.cycle.clocks), default=0)
    if not pauses:
        return ""
    return ngettext(
        "Stopped once, while a question to the citizen was open.",
        "Stopped %(num)s times, while questions to the citizen were open.",
        pauses,
    ) % {"num": pauses}


def facts_of(item: ItemView, city: City, now: datetime, kept_back: int = 0) -> list[Fact]:
    """Department, service, place, contact and what else is known. `kept_back`: e-mails that were one too many."""
    cycle, contact = item.cycle, item.contact
    found = [
        Fact(_("Department"), words.department_name(city, cycle.department)),
        Fact(_("Reason for the assignment"), words.route_words(city, cycle.route)),
        Fact(_("Service"), words.service_name(city, cycle.service)),
        Fact(_("Nature by law"), words.nature_word(cycle.nature)),
        Fact(_("Place"), item.place or _("Not given")),
    ]
    if item.lat is not None and item.lon is not None:
        found.append(Fact(_("Position"), f"{item.lat:.5f}, {item.lon:.5f}"))
    if contact is None:
        if item.channel == "import":
            kept = _("None: it came from another system")
        elif item.is_anonymous:
            kept = _("Anonymous: the citizen follows with the code only")
        else:
            kept = _("None given: the citizen follows with the code")
        found.append(Fact(_("Contact"), kept))
    else:
        if contact.email:
            mark = _("address confirmed") if contact.confirmed_at else _("address not confirmed yet")
            found.append(Fact(_("E-mail"), contact.email, mark))
        if kept_back:
            told = ngettext(
                "%(num)s was not sent: too many for this address or from one connection",
                "%(num)s were not sent: too many for this address or from one connection",
                kept_back,
            ) % {"num": languages.number(kept_back)}
            found.append(Fact(_("E-mails not sent"), told))
        if contact.phone:
            found.append(Fact(_("Phone"), contact.phone))
        found.append(Fact(_("Language of e-mails"), words.language_word(contact.language)))
    if personal := marked.personal_words(marked.said_by_citizen(item)):
        found.append(Fact(_("Personal data in the words"), personal, _("marked there")))
    found.append(Fact(_("Received"), languages.moment_long(item.received_at, city.zone)))
    if cycle.number > 1:
        since = languages.moment(cycle.started_at, city.zone, now)
        found.append(Fact(_("Round"), str(cycle.number), since))
    return found


def rating_of(item: ItemView, rating: Rating) -> RatingFact:
    """A rating in words; which round it belongs to is said where there were several."""
    number = next((cycle.number for cycle in item.cycles if cycle.id == rating.cycle_id), 1)
    title = _("Round %(number)s") % {"number": number} if len(item.cycles) > 1 else ""
    return RatingFact(
        title, _step(rating.outcome), _step(rating.handling), marked.pieces_of(item, rating.comment)
    )


def _step(step: int | None) -> str:
    if step is None:
        return _("not rated")
    return _("can’t say") if step == CANT_SAY else _("%(step)s of 5") % {"step": step}

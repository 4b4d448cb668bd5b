"""The home page: what the channel is for, how one uses it, what it promises, and how that was kept."""

from __future__ import annotations

from msgspec import Struct

from feedback.city.part import KINDS
from feedback.city.profile import City, Commitment
from portal import languages
from portal.item_words import kind_about, kind_word
from portal.languages import gettext as _
from portal.languages import ngettext
from portal.pages import Reply, Visit, render, route
from portal.public.figures import FigureView, home_figures
from portal.public.kept import keep
from portal.public.stations import law_today, promise_range


class KindRow(Struct, frozen=True):
    """One thing that people write: its icon's name, its word, a line about it."""

    key: str
    word: str
    about: str


class Stop(Struct, frozen=True):
    """One station of the strip "what happens next"."""

    when: str
    title: str
    text: str


class HomePage(Struct, frozen=True, kw_only=True):
    """The home page."""

    kinds: list[KindRow]
    stops: list[Stop]
    figures_title: str = ""
    figures: list[FigureView] = []
    """Empty where no month is closed yet: the section is left out then."""
    commitment: Commitment | None = None
    """The commitment that gave the channel its purpose."""
    commitment_text: str = ""
    emergency: str


@route("/{language}/", policy="public")
def home(visit: Visit) -> Reply:
    return keep(visit, lambda: _home(visit))


def _home(visit: Visit) -> Reply:
    city = visit.city
    commitment = next((row for row in city.quality.commitment if row.gave_purpose), None)
    with visit.site.database.read() as session:
        figures = home_figures(session, visit)
    page = HomePage(
        kinds=[KindRow(kind, kind_word(kind), kind_about(kind)) for kind in KINDS],
        stops=_stops(visit),
        figures_title=_figures_title(figures),
        figures=figures,
        commitment=commitment,
        commitment_text=_commitment_text(city, commitment),
        emergency=city.identity.contact.emergency,
    )
    return render(visit, "public/home.html", page=page)


def _figures_title(figures: list[FigureView]) -> str:
    if not figures:
        return ""
    return _("How we did in %(month)s") % {"month": languages.month(figures[0].period)}


def _commitment_text(city: City, commitment: Commitment | None) -> str:
    texts = city.policy[languages.current()].texts if languages.current() in city.policy else {}
    return " ".join(texts.get(commitment.id, "").split()) if commitment else ""


def _stops(visit: Visit) -> list[Stop]:
    return [
        Stop(
            _("At once"),
            _("You get a receipt"),
            _("With a number, a follow-up code and two dates: our promise and the deadline set by law."),
        ),
        Stop(
            _("At once, or when a clerk has read it"),
            _("It reaches the department that answers"),
            _("You see which one it is, with its phone number, and why it went there."),
        ),
        Stop(promise_range(visit.city), _("We answer with reasons"), _answer_text(visit)),
        Stop(
            _survey_when(visit.city.survey.delay_working_days),
            _("You rate us"),
            _("How many people were satisfied is published as it is, and decides what we change."),
        ),
    ]


def _answer_text(visit: Visit) -> str:
    """What an answer says, and what the law gives for a request."""
    words = _("Done, planned, explained, declined, or not ours.")
    law = law_today(visit, "request")
    if law is None:
        return words
    match law.unit:
        case "working":
            given = ngettext(
                "The law gives %(num)s working day.", "The law gives %(num)s working days.", law.days
            )
        case "calendar":
            given = ngettext("The law gives %(num)s day.", "The law gives %(num)s days.", law.days)
        case "months":
            given = ngettext("The law gives %(num)s month.", "The law gives %(num)s months.", law.days)
    return f"{words} {given % {'num': law.days}}"


def _survey_when(days: int) -> str:
    if days == 0:
        return _("On the day of the answer")
    return ngettext("%(num)s working day later", "%(num)s working days later", days) % {"num": days}

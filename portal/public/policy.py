"""The quality policy: each numbered commitment, word for word, with the figures that show something of it."""

from __future__ import annotations

from msgspec import Struct

from feedback.city.part import Measure
from feedback.city.profile import City, Commitment
from feedback.quality import disclose, measures
from feedback.quality.disclose import Sheet
from portal import languages
from portal.languages import gettext as _
from portal.pages import Reply, Visit, render, route
from portal.public.definitions import name_of
from portal.public.figure_words import silence_text, value_text, window_text
from portal.public.figures import FigureView, figure_of
from portal.public.kept import keep
from portal.rendering import paragraphs


class IndicatorView(Struct, frozen=True, kw_only=True):
    """A figure beside a commitment: the newest month, and the longer window in a line."""

    measure: Measure
    name: str
    about: str
    """What the longer window says, or why there is no number; the month stands on top of the page."""
    figure: FigureView | None
    """None while no month is closed."""


class CommitmentView(Struct, frozen=True, kw_only=True):
    """One commitment; its text in paragraphs."""

    id: str
    text: list[str]
    note: str
    indicators: list[IndicatorView]


class PolicyPage(Struct, frozen=True, kw_only=True):
    """The whole policy."""

    title: str
    source: str
    opening: list[str]
    commitments: list[CommitmentView]
    period: str
    """The newest closed month; empty while there is none."""
    shown: int
    """How many commitments have a figure."""


@route("/{language}/policy", policy="public")
def policy(visit: Visit) -> Reply:
    return keep(visit, lambda: _policy(visit))


def _policy(visit: Visit) -> Reply:
    city = visit.city
    with visit.site.database.read() as session:
        sheet = disclose.find_sheet(session, rules=city.publication)
    text = city.policy.get(languages.current()) or city.policy[city.default_language]
    commitments = [
        CommitmentView(
            id=row.id,
            text=paragraphs(text.texts.get(row.id, "")),
            note=languages.in_language(row.note) if row.note else "",
            indicators=_indicators(row, city, sheet),
        )
        for row in city.quality.commitment
    ]
    page = PolicyPage(
        title=languages.in_language(city.quality.policy_title),
        source=languages.in_language(city.quality.policy_source),
        opening=paragraphs(text.opening),
        commitments=commitments,
        period=sheet.period if sheet else "",
        shown=sum(bool(row.indicators) for row in commitments),
    )
    return render(visit, "public/policy.html", page=page)


def _indicators(commitment: Commitment, city: City, sheet: Sheet | None) -> list[IndicatorView]:
    if sheet is None:
        return [
            IndicatorView(
                measure=measure, name=name_of(measure), about=_("no month is closed yet"), figure=None
            )
            for measure in commitment.measures
        ]
    return [_indicator(measure, city, sheet) for measure in commitment.measures]


def _indicator(measure: Measure, city: City, sheet: Sheet) -> IndicatorView:
    cell = sheet.month[measure]
    is_final = sheet.is_satisfaction_final or measure not in measures.SATISFACTION
    figure = figure_of(cell, city=city, is_final=is_final)
    about = [] if figure.value else [silence_text(cell).rstrip(".")]
    if not is_final and figure.value:
        about.append(_("provisional"))
    wider = sheet.year.get(measure)
    if wider is not None and wider.window_from != wider.window_to:
        value = value_text(wider, city.find_target(measure)) or silence_text(wider).rstrip(".")
        about.append(_("%(months)s: %(value)s") % {"months": window_text(wider), "value": value})
    return IndicatorView(measure=measure, name=name_of(measure), about=" · ".join(about), figure=figure)

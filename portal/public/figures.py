"""Figures as pages show them: a cell of the record, the city's target, and the words around both.

Shared by service quality, policy and home. What may be shown was decided in `feedback/quality/suppression.py`;
here it only gets its words, and positions in permille for the drawings (see `course.Axis`).
"""

from __future__ import annotations

from msgspec import Struct, structs
from sqlmodel import Session

from feedback.city.part import Measure
from feedback.city.profile import City
from feedback.quality import disclose, measures
from feedback.quality.disclose import Sheet
from feedback.quality.suppression import COUNTS, Cell
from portal import languages
from portal.languages import gettext as _
from portal.languages import ngettext
from portal.pages import Visit
from portal.public.course import Axis, aim_of, chart_axis
from portal.public.definitions import Definition, define, name_of
from portal.public.figure_words import (
    chance_text,
    count_brief,
    count_text,
    few_text,
    hours_text,
    interval_text,
    silence_text,
    span_text,
    value_text,
    verdict_of,
    verdict_text,
    window_text,
)

_WHOLE = Axis(0, 1000, 100, True)
"""The track of a share: 0 to 100 %."""

HOME: tuple[Measure, ...] = ("in_time_law", "in_time_promise", "satisfied_outcome")


class FigureView(Struct, frozen=True, kw_only=True):
    """One figure in words; positions in permille. What may not be shown has no number anywhere."""

    measure: Measure
    period: str
    """Last month of what was counted."""
    name: str
    value: str
    """The number as words: "79 %", "31 h"; empty where there is none to show, and the lines say why."""
    share: int | None = None
    """Where the value stands on its track: a share between 0 and 100 %, the median of working time on its axis."""
    low: int | None = None
    high: int | None = None
    """Ends of the band: the interval of a share; the median and what nine in ten took."""
    target: int | None = None
    lines: list[str] = []
    """Beneath the number: of how many, the interval, the longer window; or what stands instead of a number."""
    verdict: str = ""
    """met or missed; empty without a target or without a number."""
    verdict_text: str = ""
    """ "Target 85 % missed" """
    chance_text: str = ""
    """Said where the target lies inside the interval."""
    few_text: str = ""
    """ "few cases" or "few ratings" """
    definition: Definition


class LineView(Struct, frozen=True, kw_only=True):
    """A department, a service or the whole city in a table of one figure."""

    name: str
    href: str = ""
    dates: str = ""
    """The months counted, where they are not those of the table."""
    is_whole: bool = False
    count: str = ""
    """ "69 of 80", or how many were answered"""
    value: str = ""
    range_text: str = ""
    """The interval of a share; of working time, within what nine in ten were answered."""
    words: str = ""
    """What stands instead of numbers."""
    share: int | None = None
    low: int | None = None
    high: int | None = None
    few_text: str = ""


def figure_of(
    cell: Cell, *, city: City, wider: Cell | None = None, is_final: bool = True, window: str = ""
) -> FigureView:
    """A figure with the city's target and, where given, the same over the longer window. `window` is what the page
    says it shows; a cell that counts other months says which."""
    target = city.find_target(cell.measure)
    axis = chart_axis([cell], cell.measure, target) if cell.median is not None else _WHOLE
    share, low, high = _places(cell, axis)
    verdict = verdict_of(cell, target)
    lines = _lines(cell, city, wider, is_final, axis)
    if window and window_text(cell) != window and cell.level not in ("hidden", "empty"):
        lines.append(window_text(cell))
    return FigureView(
        measure=cell.measure,
        period=cell.window_to,
        name=name_of(cell.measure),
        value=value_text(cell, target),
        share=share,
        low=low,
        high=high,
        target=axis.at(aim_of(target)) if target and share is not None else None,
        lines=lines,
        verdict=verdict,
        verdict_text=verdict_text(verdict, target, city) if target and verdict else "",
        chance_text=chance_text(cell, target),
        few_text="" if cell.measure in COUNTS else few_text(cell),
        definition=define(cell.measure, city),
    )


def line_of(
    cell: Cell,
    *,
    name: str,
    city: City,
    sheet: Sheet,
    axis: Axis | None = None,
    href: str = "",
    is_whole: bool = False,
) -> LineView:
    """A row of the table of departments or services; `axis` is that of its working time, the same for all."""
    is_told = cell.level in ("few", "shown")
    is_older = (cell.window_from, cell.window_to) != (sheet.window_from, sheet.period)
    share, low, high = _places(cell, axis or _WHOLE)
    return LineView(
        name=name,
        href=href,
        dates=window_text(cell) if is_older and cell.level not in ("hidden", "empty") else "",
        is_whole=is_whole,
        count=count_brief(cell),
        value=value_text(cell, city.find_target(cell.measure)) if is_told else "",
        range_text=hours_text(cell.p90) if cell.p90 is not None else interval_text(cell),
        words="" if is_told else silence_text(cell),
        share=share,
        low=low,
        high=high,
        few_text=few_text(cell),
    )


def home_figures(session: Session, visit: Visit) -> list[FigureView]:
    """The three figures of the newest closed month for the home page; none where no month is closed.

    A figure that may not be shown stays, with the words that say so. The verdict stands among its lines; how many
    were asked is left to the page of all figures.
    """
    sheet = disclose.find_sheet(session, rules=visit.city.publication)
    if sheet is None:
        return []
    found = []
    for measure in HOME:
        cell = sheet.month[measure]
        is_final = measure not in measures.SATISFACTION or sheet.is_satisfaction_final
        figure = figure_of(cell, city=visit.city, is_final=is_final)
        asked = _asked(cell)
        lines = [line for line in figure.lines if line not in asked]
        lines += [text for text in (figure.verdict_text, figure.few_text) if text]
        found.append(structs.replace(figure, lines=lines))
    return found


def _lines(cell: Cell, city: City, wider: Cell | None, is_final: bool, axis: Axis) -> list[str]:
    found: list[str] = []
    if cell.level in ("hidden", "count_only", "empty"):
        if cell.measure not in COUNTS or cell.level == "hidden":
            found.append(silence_text(cell))
        if cell.level == "count_only" and cell.measure not in COUNTS:
            found.append(_why(cell, city))
    elif cell.median is not None and cell.p90 is not None:
        found.append(_("Median of %(count)s: %(span)s") % _of(cell, cell.median, city))
        found.append(_("Nine in ten within %(hours)s: %(span)s") % _of(cell, cell.p90, city))
        words = {"end": axis.end_text}
        found.append(_("The bar goes from 0 to %(end)s: the median, and on to nine in ten.") % words)
    elif cell.share is not None:
        found.append(count_text(cell))
        found.append(_("Interval: %(interval)s") % {"interval": interval_text(cell)})
        found += _asked(cell)
    if not is_final:
        found.append(_("Provisional: people can still answer."))
    if wider is not None and wider.window_from != wider.window_to:
        found.append(_wider(wider, city))
    return found


def _of(cell: Cell, minutes: int, city: City) -> dict[str, str]:
    return {"count": count_text(cell), "hours": hours_text(minutes), "span": span_text(minutes, city)}


def _why(cell: Cell, city: City) -> str:
    """Why only the number stands there. Which of two reasons it is in a larger group is not said: it would tell."""
    least = city.publication.count_only_below
    if (cell.n or 0) < least:
        words = {"num": languages.number(least)}
        return (
            _(
                "We show more from %(num)s on; with fewer, the figure would say more about single "
                "people than about us."
            )
            % words
        )
    return _("If we showed more, somebody could be recognised, or a hidden number worked out.")


def _asked(cell: Cell) -> list[str]:
    """Satisfaction: how many were asked, how many rated, how many couldn't say."""
    if cell.invited is None or cell.responded is None or not cell.invited:
        return []
    words = {
        "responded": languages.number(cell.responded),
        "invited": languages.number(cell.invited),
        "rate": languages.percent(cell.responded / cell.invited),
    }
    found = [
        ngettext(
            "Answered: %(responded)s of %(invited)s person asked (%(rate)s)",
            "Answered: %(responded)s of %(invited)s people asked (%(rate)s)",
            cell.invited,
        )
        % words
    ]
    if cell.aside:
        found.append(
            ngettext("%(num)s said “I can’t say”", "%(num)s said “I can’t say”", cell.aside)
            % {"num": languages.number(cell.aside)}
        )
    return found


def _wider(cell: Cell, city: City) -> str:
    """The longer window in one line."""
    if not value_text(cell, None):
        told = silence_text(cell).rstrip(".")
    elif cell.median is not None and cell.p90 is not None:
        told = _("median %(median)s, nine in ten within %(ninth)s (%(count)s)") % {
            "median": hours_text(cell.median),
            "ninth": hours_text(cell.p90),
            "count": count_text(cell),
        }
    elif cell.share is not None:
        told = _("%(share)s (%(count)s)") % {
            "share": value_text(cell, city.find_target(cell.measure)),
            "count": count_text(cell),
        }
    else:
        told = value_text(cell, None)
    return _("%(months)s: %(value)s") % {"months": window_text(cell), "value": told}


def _places(cell: Cell, axis: Axis) -> tuple[int | None, int | None, int | None]:
    """Value and ends of the band on a track; None where nothing may be drawn."""
    if cell.median is not None and cell.p90 is not None:
        return axis.at(cell.median), axis.at(cell.median), axis.at(cell.p90)
    if cell.share is None or cell.interval is None:
        return None, None, None
    low, high = cell.interval
    return round(cell.share * 1000), round(low * 1000), round(high * 1000)

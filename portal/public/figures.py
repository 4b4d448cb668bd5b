"""Figures as pages show them: a cell of the record, the city's target, and the words around both.

Shared by service quality, policy and home. What may be shown was decided in `feedback/quality/suppression.py`;
here it only gets its words, and positions in permille for the drawings.
"""

from __future__ import annotations

from msgspec import Struct, structs
from sqlmodel import Session

from feedback.city.profile import City, Measure
from feedback.quality import disclose, measures
from feedback.quality.disclose import Sheet
from feedback.quality.suppression import COUNTS, Cell
from portal import languages
from portal.languages import gettext as _
from portal.languages import ngettext
from portal.pages import Visit
from portal.public.definitions import Definition, define, name_of
from portal.public.figure_words import (
    chance_text,
    count_brief,
    count_text,
    hours_text,
    interval_text,
    silence_text,
    span_text,
    value_text,
    verdict_of,
    verdict_text,
    window_text,
)

HOME: tuple[Measure, ...] = ("in_time_law", "in_time_promise", "satisfied_outcome")


class FigureView(Struct, frozen=True, kw_only=True):
    """One figure in words; positions in permille. What may not be shown has no number anywhere."""

    measure: Measure
    period: str
    """Last month of what was counted."""
    name: str
    value: str
    """The number as words: "79 %", "31 h", "7 cases"; "hidden" or "no data" where there is none."""
    share: int | None = None
    low: int | None = None
    high: int | None = None
    target: int | None = None
    lines: list[str] = []
    """Beneath the number: of how many, the interval, the longer window."""
    verdict: str = ""
    """met or missed; empty without a target or without a number."""
    verdict_text: str = ""
    """ "Target 85 % missed" """
    chance_text: str = ""
    """Said where the target lies inside the interval."""
    is_few: bool = False
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
    ninth: str = ""
    """Durations: within what nine in ten were answered."""
    interval: str = ""
    words: str = ""
    """What stands instead of numbers."""
    share: int | None = None
    low: int | None = None
    high: int | None = None
    is_few: bool = False


class MonthView(Struct, frozen=True, kw_only=True):
    """A month of the chart and of its table, as the macro `month_chart` reads it."""

    label: str
    long_label: str
    share: int | None
    low: int | None
    high: int | None
    value_text: str
    n_text: str
    interval_text: str
    met: bool | None
    ninth: str = ""


def figure_of(
    cell: Cell, *, city: City, wider: Cell | None = None, is_final: bool = True, window: str = ""
) -> FigureView:
    """A figure with the city's target and, where given, the same over the longer window. `window` is what the page
    says it shows; a cell that counts other months says which."""
    target = city.find_target(cell.measure)
    low, high = _interval(cell)
    verdict = verdict_of(cell, target)
    lines = _lines(cell, city, wider, is_final)
    if window and window_text(cell) != window and cell.level not in ("hidden", "empty"):
        lines.append(window_text(cell))
    return FigureView(
        measure=cell.measure,
        period=cell.window_to,
        name=name_of(cell.measure),
        value=value_text(cell, target),
        share=_permille(cell.share),
        low=low,
        high=high,
        target=target.permille if target and cell.share is not None else None,
        lines=lines,
        verdict=verdict,
        verdict_text=verdict_text(verdict, target, city) if target and verdict else "",
        chance_text=chance_text(cell, target),
        is_few=cell.level == "few" and cell.measure not in COUNTS,
        definition=define(cell.measure, city),
    )


def line_of(
    cell: Cell, *, name: str, city: City, sheet: Sheet, href: str = "", is_whole: bool = False
) -> LineView:
    """A row of the table of departments or services."""
    low, high = _interval(cell)
    is_told = cell.level in ("few", "shown")
    is_older = (cell.window_from, cell.window_to) != (sheet.window_from, sheet.period)
    return LineView(
        name=name,
        href=href,
        dates=window_text(cell) if is_older and cell.level not in ("hidden", "empty") else "",
        is_whole=is_whole,
        count=count_brief(cell),
        value=value_text(cell, city.find_target(cell.measure)) if is_told else "",
        ninth=hours_text(cell.p90) if cell.p90 is not None else "",
        interval=interval_text(cell),
        words="" if is_told else silence_text(cell),
        share=_permille(cell.share),
        low=low,
        high=high,
        is_few=cell.level == "few",
    )


def month_of(cell: Cell, *, city: City) -> MonthView:
    """A month of the chart."""
    low, high = _interval(cell)
    verdict = verdict_of(cell, city.find_target(cell.measure))
    is_told = cell.level in ("few", "shown")
    return MonthView(
        label=languages.month_short(cell.window_to),
        long_label=languages.month(cell.window_to),
        share=_permille(cell.share),
        low=low,
        high=high,
        value_text=value_text(cell, city.find_target(cell.measure)) if is_told else silence_text(cell),
        n_text=count_brief(cell),
        interval_text=interval_text(cell),
        met=verdict == "met" if verdict else None,
        ninth=hours_text(cell.p90) if cell.p90 is not None else "",
    )


def home_figures(session: Session, visit: Visit) -> list[FigureView]:
    """The three figures of the newest closed month for the home page; none where no month is closed.

    A figure that may not be shown stays, with the words that say so. The verdict stands among its lines.
    """
    sheet = disclose.find_sheet(session, rules=visit.city.publication)
    if sheet is None:
        return []
    found = []
    for measure in HOME:
        cell = sheet.month[measure]
        is_final = measure not in measures.SATISFACTION or sheet.is_satisfaction_final
        figure = figure_of(cell, city=visit.city, is_final=is_final)
        lines = [*figure.lines, figure.verdict_text] if figure.verdict_text else figure.lines
        found.append(structs.replace(figure, lines=lines))
    return found


def _lines(cell: Cell, city: City, wider: Cell | None, is_final: bool) -> list[str]:
    found: list[str] = []
    if cell.level in ("hidden", "count_only", "empty"):
        if cell.measure not in COUNTS or cell.level == "hidden":
            found.append(_why(cell))
    elif cell.median is not None and cell.p90 is not None:
        found.append(_("Half of them within %(span)s") % {"span": span_text(cell.median, city)})
        found.append(
            _("Nine in ten within %(hours)s: %(span)s")
            % {"hours": hours_text(cell.p90), "span": span_text(cell.p90, city)}
        )
        found.append(count_text(cell))
    elif cell.share is not None:
        found.append(count_text(cell))
        found.append(_("95 %% interval %(interval)s") % {"interval": interval_text(cell)})
        found += _asked(cell)
    if not is_final:
        found.append(_("Provisional: people can still answer."))
    if wider is not None and wider.window_from != wider.window_to:
        found.append(_wider(wider, city))
    return found


def _why(cell: Cell) -> str:
    if cell.level == "count_only":
        return _(
            "Only the number is shown: with so few cases a share would say more about them than about us."
        )
    return silence_text(cell)


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
            "%(responded)s of %(invited)s person asked answered (%(rate)s)",
            "%(responded)s of %(invited)s people asked answered (%(rate)s)",
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
    if cell.level in ("hidden", "count_only", "empty") and cell.measure not in COUNTS:
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


def _interval(cell: Cell) -> tuple[int | None, int | None]:
    if cell.interval is None:
        return None, None
    return round(cell.interval[0] * 1000), round(cell.interval[1] * 1000)


def _permille(share: float | None) -> int | None:
    return None if share is None else round(share * 1000)

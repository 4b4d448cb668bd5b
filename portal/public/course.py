"""A figure month by month: the chart and the table that says the same.

Positions are permille of the drawing, from its left or its lower edge. Shares are drawn between 0 (or a floor that the
caption names) and 100 %, working time between 0 and a round number of hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from feedback.city.part import Measure
from feedback.city.profile import City, Target
from feedback.quality.suppression import SHARES, Cell
from portal import languages
from portal.languages import gettext as _
from portal.public.definitions import name_of
from portal.public.figure_words import (
    count_brief,
    hours_text,
    interval_text,
    silence_text,
    target_text,
    value_text,
    verdict_of,
)

_UNITS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
"""Hours between two lines of an axis."""
_LINES_MOST = 6


class Tick(Struct, frozen=True):
    """A line across the chart with its number."""

    at: int
    label: str


class Axis(Struct, frozen=True):
    """From where to where a drawing goes: permille of a share, or minutes."""

    floor: int
    top: int
    step: int
    is_share: bool

    def at(self, value: int) -> int:
        """Where a value stands, in permille of the drawing."""
        return round((value - self.floor) * 1000 / (self.top - self.floor))

    @property
    def ticks(self) -> list[Tick]:
        values = range(self.floor, self.top + 1, self.step)
        return [Tick(self.at(value), self._label(value)) for value in values]

    @property
    def end_text(self) -> str:
        """Its upper end: "100 %", "120 h"."""
        return self._label(self.top)

    def _label(self, value: int) -> str:
        if not self.is_share:
            return _("%(num)s h") % {"num": languages.number(value // 60)}
        return languages.percent(value / 1000) if value == self.top else languages.number(value // 10)


class MonthView(Struct, frozen=True, kw_only=True):
    """A month of the chart and of its table. What may not be shown has no position and no number."""

    label: str
    """Short, below the axis."""
    long_label: str
    at: int | None
    low: int | None
    high: int | None
    """Ends of the stroke: the interval of a share; the median and what nine in ten took."""
    value_text: str
    """The number, or the words that stand instead."""
    n_text: str
    range_text: str
    """The interval, or what nine in ten took."""
    met: bool | None
    """None without a target or without a number."""


class CourseView(Struct, frozen=True, kw_only=True):
    """A figure month by month: as a chart, and as a table."""

    points: list[MonthView]
    ticks: list[Tick]
    target: int | None
    """Where the line of the target stands."""
    target_text: str
    sentence: str
    """What the chart shows, for those who don't see it."""
    has_points: bool
    """Whether any month may be shown: without one the sentence stands alone."""
    floor_text: str
    """Where the axis begins, if not at 0."""
    caption: str
    is_share: bool


def course_of(cells: Sequence[Cell], measure: Measure, *, city: City, is_final: bool) -> CourseView:
    """The chart and table of a figure over the months of a window, in their order."""
    target = city.find_target(measure)
    axis = chart_axis(cells, measure, target)
    points = [_month(cell, target, axis) for cell in cells]
    return CourseView(
        points=points,
        ticks=axis.ticks,
        target=axis.at(aim_of(target)) if target else None,
        target_text=target_text(target, city) if target else "",
        sentence=_sentence(measure, cells, points),
        has_points=any(point.at is not None for point in points),
        floor_text=languages.percent(axis.floor / 1000) if axis.floor else "",
        caption="" if is_final else _("The last month is provisional."),
        is_share=measure in SHARES,
    )


def chart_axis(cells: Iterable[Cell], measure: Measure, target: Target | None) -> Axis:
    """The axis on which all of them and the target can be seen."""
    if measure not in SHARES:
        return hours_axis([*(cell.p90 or 0 for cell in cells), aim_of(target)])
    ends = [round(cell.interval[0] * 1000) for cell in cells if cell.interval is not None]
    lowest = min([*ends, aim_of(target)] if target else [*ends, 1000])
    floor = min(max((lowest - 20) // 100 * 100, 0), 800)
    span = 1000 - floor
    return Axis(floor, 1000, 100 if span <= 500 else 200 if span % 200 == 0 else span // 3, True)


def hours_axis(minutes: Sequence[int]) -> Axis:
    """From 0 to a round number of hours beyond all of these."""
    most = max(max(minutes, default=0), 1)
    unit = next((hours * 60 for hours in _UNITS if most <= hours * 60 * _LINES_MOST), _UNITS[-1] * 60)
    return Axis(0, unit * -(-most // unit), unit, False)


def aim_of(target: Target | None) -> int:
    """A target on its axis: permille, or minutes; 0 without one."""
    if target is None:
        return 0
    return target.minutes or 0 if target.permille is None else target.permille


def _month(cell: Cell, target: Target | None, axis: Axis) -> MonthView:
    verdict = verdict_of(cell, target)
    is_told = cell.level in ("few", "shown")
    value = cell.median if cell.share is None else round(cell.share * 1000)
    ends: tuple[int | None, int | None] = (cell.median, cell.p90)
    if cell.interval is not None:
        ends = (round(cell.interval[0] * 1000), round(cell.interval[1] * 1000))
    at, low, high = (None if place is None or not is_told else axis.at(place) for place in (value, *ends))
    return MonthView(
        label=languages.month_short(cell.window_to),
        long_label=languages.month(cell.window_to),
        at=at,
        low=low,
        high=high,
        value_text=value_text(cell, target) if is_told else silence_text(cell),
        n_text=count_brief(cell),
        range_text=hours_text(cell.p90) if cell.p90 is not None else interval_text(cell),
        met=verdict == "met" if verdict else None,
    )


def _sentence(measure: Measure, cells: Sequence[Cell], points: Sequence[MonthView]) -> str:
    told = [point for point in points if point.at is not None]
    months = {
        "name": name_of(measure),
        "first": languages.month(cells[0].window_to),
        "last": languages.month(cells[-1].window_to),
    }
    if not told:
        return _("%(name)s by month, %(first)s to %(last)s: no month can be shown.") % months
    if len(told) == 1:
        only = {"month": told[0].long_label, "value": told[0].value_text}
        return _("%(name)s by month, %(first)s to %(last)s: only %(month)s can be shown (%(value)s).") % {
            **months,
            **only,
        }
    most, least = max(told, key=_at), min(told, key=_at)
    return _(
        "%(name)s by month, %(first)s to %(last)s: highest in %(best)s (%(most)s), lowest in %(worst)s "
        "(%(least)s), at the end %(now)s."
    ) % {
        **months,
        "best": most.long_label,
        "most": most.value_text,
        "worst": least.long_label,
        "least": least.value_text,
        "now": points[-1].value_text.rstrip("."),
    }


def _at(point: MonthView) -> int:
    return point.at or 0

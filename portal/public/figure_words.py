"""The words of a figure's numbers: shares, counts, working time, intervals, windows, targets and verdicts.

Each takes a cell as `feedback/quality/suppression.py` left it and says it in the current language; what is not to
be shown gets the sentence that says so.
"""

from __future__ import annotations

from feedback.city.profile import City, Target
from feedback.deadlines import promise
from feedback.quality import measures
from feedback.quality.suppression import COUNTS, SHARES, Cell
from portal import languages
from portal.languages import gettext as _
from portal.languages import ngettext
from portal.public.definitions import none_of


def verdict_of(cell: Cell, target: Target | None) -> str:
    """met, missed, or nothing; judged on the numbers, not on what rounding makes of them."""
    if target is None:
        return ""
    if target.permille is not None and cell.numerator is not None and cell.n:
        return "met" if cell.numerator * 1000 >= target.permille * cell.n else "missed"
    if target.minutes is not None and cell.median is not None:
        return "met" if cell.median <= target.minutes else "missed"
    return ""


def target_text(target: Target, city: City) -> str:
    """What the city wants to reach: "85 %", or a span of working time with its hours: "5 working days (40 h)"."""
    if target.permille is not None:
        return languages.percent(target.permille / 1000, 0 if target.permille % 10 == 0 else 1)
    minutes = target.minutes or 0
    return _("%(span)s (%(hours)s)") % {"span": span_text(minutes, city), "hours": _exactly(minutes)}


def few_text(cell: Cell) -> str:
    """The mark of a figure that rests on few cases or ratings; empty where it rests on enough."""
    if cell.level != "few":
        return ""
    return _("few ratings") if cell.measure in measures.SATISFACTION else _("few cases")


def value_text(cell: Cell, target: Target | None) -> str:
    """The number of a figure as words; empty where there is none to show (see `silence_text`)."""
    if cell.level == "hidden" or (cell.measure not in COUNTS and cell.level in ("empty", "count_only")):
        return ""
    if cell.measure in COUNTS:
        return languages.number(cell.n or 0)
    if cell.median is not None:
        return _median_text(cell.median, target)
    return _share_text(cell, target)


def count_text(cell: Cell) -> str:
    """Of how many: "198 of 251 cases"; only how many where the share may not be shown; empty where nothing may."""
    if cell.n is None or cell.level == "empty":
        return ""
    n = languages.number(cell.n)
    if cell.numerator is not None:
        parts = {"part": languages.number(cell.numerator), "n": n}
        if cell.measure in measures.SATISFACTION:
            return ngettext("%(part)s of %(n)s rating", "%(part)s of %(n)s ratings", cell.n) % parts
        return ngettext("%(part)s of %(n)s case due", "%(part)s of %(n)s cases due", cell.n) % parts
    if cell.measure == "time_to_answer":
        return ngettext("%(n)s answer", "%(n)s answers", cell.n) % {"n": n}
    if cell.measure in measures.SATISFACTION:
        return ngettext("%(n)s rating", "%(n)s ratings", cell.n) % {"n": n}
    if cell.measure in SHARES:
        return ngettext("%(n)s case due", "%(n)s cases due", cell.n) % {"n": n}
    return ngettext("%(n)s case", "%(n)s cases", cell.n) % {"n": n}


def count_brief(cell: Cell) -> str:
    """Of how many, without the noun, for the column of a table: "198 of 251", "39"."""
    if cell.n is None or cell.level == "empty":
        return ""
    n = languages.number(cell.n)
    if cell.numerator is None:
        return n
    return _("%(part)s of %(n)s") % {"part": languages.number(cell.numerator), "n": n}


def silence_text(cell: Cell) -> str:
    """The sentence that stands where a number may not, or can not, be shown."""
    if cell.level == "empty":
        return none_of(cell.measure)
    if cell.level == "hidden":
        return _("Hidden, so that nobody can be recognised.")
    if cell.level == "count_only":
        return _("%(count)s: only the number is shown.") % {"count": count_text(cell)}
    return ""


def interval_text(cell: Cell) -> str:
    """ "73.4 to 83.5 %"; empty where there is no share."""
    if cell.interval is None:
        return ""
    low, high = cell.interval
    without = languages.percent(low, 1).removesuffix(f"{languages.NBSP}%")
    return _("%(low)s to %(high)s") % {"low": without, "high": languages.percent(high, 1)}


def window_text(cell: Cell) -> str:
    """The months counted: "November 2025 to October 2026"."""
    if cell.window_from == cell.window_to:
        return languages.month(cell.window_to)
    return _("%(first)s to %(last)s") % {
        "first": languages.month(cell.window_from),
        "last": languages.month(cell.window_to),
    }


def hours_text(minutes: int) -> str:
    """Working time as one number: "31 h", under an hour "45 min"."""
    if minutes < 60:
        return _("%(num)s min") % {"num": languages.number(minutes)}
    return _("%(num)s h") % {"num": languages.number(round(minutes / 60))}


def _exactly(minutes: int) -> str:
    """Working time of a target, not rounded: a figure is judged by it. "40 h", "41 h 15 min"."""
    if minutes < 60 or minutes % 60 == 0:
        return hours_text(minutes)
    hours, rest = divmod(minutes, 60)
    return f"{hours_text(hours * 60)} {_('%(num)s min') % {'num': languages.number(rest)}}"


def span_text(minutes: int, city: City) -> str:
    """Working time in working days of the city's usual day: "3 working days and 7 hours"."""
    day = promise.minutes_of_days(1, city.calendar.office_hours)
    if minutes < 60:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes) % {"num": minutes}
    days, rest = divmod(minutes, day)
    hours = round(rest / 60)
    if hours * 60 >= day:
        days, hours = days + 1, 0
    parts = []
    if days:
        parts.append(
            ngettext("%(num)s working day", "%(num)s working days", days) % {"num": languages.number(days)}
        )
    if hours:
        parts.append(ngettext("%(num)s hour", "%(num)s hours", hours) % {"num": hours})
    return _("%(days)s and %(hours)s") % {"days": parts[0], "hours": parts[1]} if days and hours else parts[0]


def verdict_text(verdict: str, target: Target, city: City) -> str:
    """ "Target 85 % missed", "Target 40 h met" """
    words = {"target": target_text(target, city)}
    if target.minutes is not None:
        words = {"target": _exactly(target.minutes)}
    return _("Target %(target)s met") % words if verdict == "met" else _("Target %(target)s missed") % words


def chance_text(cell: Cell, target: Target | None) -> str:
    """Said where the target lies inside the interval."""
    if target is None or target.permille is None or cell.interval is None:
        return ""
    low, high = cell.interval
    if not low <= target.permille / 1000 <= high:
        return ""
    return _("The target lies inside the interval: the difference may be chance.")


def _median_text(minutes: int, target: Target | None) -> str:
    """Working time in whole hours, but exactly where rounding would meet a missed target or miss a met one."""
    if target is None or target.minutes is None:
        return hours_text(minutes)
    is_met = round(minutes / 60) * 60 <= target.minutes
    return hours_text(minutes) if is_met == (minutes <= target.minutes) else _exactly(minutes)


def _share_text(cell: Cell, target: Target | None) -> str:
    """A percentage with as many places as it takes not to say something else than the numbers do: a target missed
    by little, or a share that is nearly all or nearly none, is not rounded over."""
    assert cell.share is not None
    assert cell.numerator is not None
    assert cell.n is not None
    for places in range(3):
        rounded = round(cell.share, 2 + places)
        is_edge = rounded in (0.0, 1.0) and 0 < cell.numerator < cell.n
        verdict = verdict_of(cell, target)
        aim = (target.permille or 0) / 1000 if target else 0.0
        if not is_edge and (not verdict or (rounded >= aim) == (verdict == "met")):
            break
    return languages.percent(cell.share, places)

"""The two clocks of a row as bars of 60 by 10 pixels, and whether they are late: what a list shows of them.

The same picture as `templates/macros/clock.html` draws large, without its words: a list has fifty of them, so they
are drawn here, from numbers alone. Always stands beside a word. The axis is `clock_view.py`'s: from the first
clock's start to whatever is latest.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from feedback.items.views import ClockView

WIDTH, HEIGHT = 60, 4
"""Pixels of a bar; two of them stand under each other."""
_HEAD = f'<svg class="mini" aria-hidden="true" focusable="false" width="{WIDTH}" height="{2 * HEIGHT + 2}">'
_RECT = f'<rect class="bar__%s" x="%d" y="%d" width="%d" height="{HEIGHT}"/>'
_PAUSE = (
    '<line class="bar__pause" x1="%d" x2="%d" y1="%d" y2="%d"'
    f' stroke-width="{HEIGHT}" stroke-dasharray="2 2"/>'
)
_NONE = Markup()
_INSTANT = timedelta(microseconds=1)


def is_late(clock: ClockView, *, zone: ZoneInfo, now: datetime) -> bool:
    """Late: a running clock by its due instant, a stopped one by the local day on which it was answered."""
    if clock.due_on is None or clock.due_at is None:
        return False
    if clock.stopped_at is None:
        return now >= clock.due_at
    return clock.stopped_by == "answer" and local_day(clock.stopped_at, zone) > clock.due_on


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The day in the city on which an instant falls."""
    return at.astimezone(zone).date()


def bars(clocks: Sequence[ClockView], *, zone: ZoneInfo, now: datetime) -> Markup:
    """The bars as a picture for the eye; empty where no clock was ever set.

    A clock that stands still has no due day: its bar then ends with the axis.
    """
    shown = [clock for clock in clocks if clock.stopped_by != "rule"]
    if not shown:
        return _NONE
    begin, end = shown[0].started_at, shown[0].started_at
    for clock in shown:
        begin = min(begin, clock.started_at)
        end = max(end, clock.stopped_at or now, clock.due_at or end)
    scale = (end - begin) / WIDTH or _INSTANT
    text = _HEAD
    for clock in sorted(shown, key=_place) if len(shown) > 1 else shown:
        until, which = clock.stopped_at or now, clock.which
        top = 0 if which == "promise" else HEIGHT + 1
        due = WIDTH if clock.due_at is None else round((clock.due_at - begin) / scale)
        elapsed = round((until - begin) / scale)
        if elapsed < due:
            text += _RECT % ("rest", 0, top, due)
        text += _RECT % (which, 0, top, min(elapsed, due))
        if elapsed > due and is_late(clock, zone=zone, now=now):
            text += _RECT % ("late", due, top, elapsed - due)
        for pause in clock.pauses:
            since, ended = (
                round((pause.since - begin) / scale),
                round(((pause.until or until) - begin) / scale),
            )
            text += _PAUSE % (since, ended, top + HEIGHT // 2, top + HEIGHT // 2)
        text += _RECT % ("end", max(due - 3, 0), top, 3)
    return Markup(text + "</svg>")  # numbers and our own words only


def _place(clock: ClockView) -> bool:
    return clock.which != "promise"

"""The two clocks of an item as pages draw them: words, and positions on one time axis from 0 to 1000.

For citizens and staff alike (`templates/macros/clock.html`). Decides nothing: the due days stand in the rows.
Only where a clock stands still is the day computed that would be due if it went on now, so that a reader sees
how much time is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct

from feedback.city.profile import City
from feedback.deadlines import promise, reckoning
from feedback.deadlines.events import Wait
from feedback.deadlines.working_days import Days, days_of
from feedback.items.keep_time import PAPERS
from feedback.items.views import ClockView, PauseView
from portal import languages
from portal.languages import gettext as _
from portal.languages import ngettext

AXIS = 1000


class Track(Struct, frozen=True, kw_only=True):
    """One clock: its words, and where it stands on the axis (0 to 1000)."""

    label: str
    date_text: str
    """The due day, or "paused"."""
    state_text: str
    """How much is left, by how much it is late, or whether it was kept."""
    elapsed: int
    due: int
    overdue: bool
    """Late now, or answered late."""
    stopped: bool
    """It does not run: answered, withdrawn, or paused."""
    paused: bool
    stripes: tuple[tuple[int, int], ...]
    due_on: date | None
    """The due day; None while paused."""


class Tracks(Struct, frozen=True):
    """What `two_tracks` and `mini` draw; a clock that does not exist is None."""

    promise: Track | None
    law: Track | None


def clock_of(clocks: Sequence[ClockView], *, city: City, now: datetime) -> Tracks:
    """The clocks of one cycle. `city` is the version of the profile that rules the cycle.

    The axis begins with the first clock and ends with whatever is latest: a due instant, the answer, or now
    where a clock has run over.
    """
    shown = {clock.which: clock for clock in clocks if clock.stopped_by != "rule"}
    ends = {which: _due_instant(clock, city, now) for which, clock in shown.items()}
    instants = [at for at in ends.values() if at is not None]
    instants += [clock.stopped_at or now for clock in shown.values()]
    if not shown:
        return Tracks(None, None)
    begin = min(clock.started_at for clock in shown.values())
    axis = _Axis(begin, max(instants))
    found = {which: _track(clock, ends[which], axis, city=city, now=now) for which, clock in shown.items()}
    return Tracks(found.get("promise"), found.get("law"))


class _Axis(Struct, frozen=True):
    begin: datetime
    end: datetime

    def place(self, at: datetime) -> int:
        length = (self.end - self.begin).total_seconds()
        share = (at - self.begin).total_seconds() / length if length > 0 else 1.0
        return round(AXIS * min(max(share, 0.0), 1.0))


def _track(clock: ClockView, due_at: datetime | None, axis: _Axis, *, city: City, now: datetime) -> Track:
    until = clock.stopped_at or now
    today = now.astimezone(city.zone).date()
    date_text = languages.day_due(clock.due_on, today) if clock.due_on else ""
    if clock.is_paused:
        date_text = _("paused")
    return Track(
        label=_label(clock, city),
        date_text=date_text,
        state_text=_state_text(clock, due_at, city=city, now=now),
        elapsed=axis.place(until),
        due=AXIS if due_at is None else axis.place(due_at),
        overdue=is_overdue(clock, zone_day=until.astimezone(city.zone).date(), now=now),
        stopped=clock.stopped_at is not None or clock.is_paused,
        paused=clock.is_paused,
        stripes=tuple((axis.place(pause.since), axis.place(pause.until or until)) for pause in clock.pauses),
        due_on=clock.due_on,
    )


def is_overdue(clock: ClockView, *, zone_day: date, now: datetime) -> bool:
    """Late: a running clock by its due instant, a stopped one by the local day on which it stopped."""
    if clock.due_on is None or clock.due_at is None:
        return False
    if clock.stopped_at is None:
        return now >= clock.due_at
    return clock.stopped_by == "answer" and zone_day > clock.due_on


def _label(clock: ClockView, city: City) -> str:
    if clock.which == "law":
        rule = city.find_law(clock.rule_key, clock.rule_version)
        if rule is None:
            return _("Law")
        length = rule.days + clock.longer
        match rule.unit:
            case "working":
                text = ngettext("Law: %(num)s working day", "Law: %(num)s working days", length)
            case "calendar":
                text = ngettext("Law: %(num)s day", "Law: %(num)s days", length)
            case "months":
                text = ngettext("Law: %(num)s month", "Law: %(num)s months", length)
        return text % {"num": length}
    days = _promise_days(clock, city)
    if days is None:
        return _("Our promise")
    return ngettext("Our promise: %(num)s working day", "Our promise: %(num)s working days", days) % {
        "num": days
    }


def _state_text(clock: ClockView, due_at: datetime | None, *, city: City, now: datetime) -> str:
    days = days_of(city.calendar)
    today = now.astimezone(city.zone).date()
    if clock.is_paused:
        if due_at is None:
            return ""
        return _left_after_reply(days.count_working(today, promise.promise_due_on(due_at, city.zone)))
    if clock.stopped_at is not None:
        if clock.stopped_by != "answer":
            return _("stopped")
        if clock.due_on is None:
            return _("answered while it was paused")
        answered_on = clock.stopped_at.astimezone(city.zone).date()
        return _("kept") if answered_on <= clock.due_on else _missed(clock.due_on, answered_on, days)
    if clock.due_on is None or clock.due_at is None:
        return ""
    if now >= clock.due_at:
        return _late(clock.due_on, today, days)
    if today >= clock.due_on:
        return _("due today")
    if _counts_calendar_days(clock, city):
        left = (clock.due_on - today).days
        return ngettext("%(num)s day left", "%(num)s days left", left) % {"num": left}
    left = days.count_working(today, clock.due_on)
    return ngettext("%(num)s working day left", "%(num)s working days left", left) % {"num": left}


def _late(due_on: date, today: date, days: Days) -> str:
    late = days.count_working(due_on, today)
    if late == 0:
        return _("late since %(day)s") % {"day": languages.day_near(due_on, today)}
    return ngettext("late by %(num)s working day", "late by %(num)s working days", late) % {"num": late}


def _missed(due_on: date, answered_on: date, days: Days) -> str:
    late = days.count_working(due_on, answered_on)
    if late == 0:
        return _("missed")
    return ngettext("missed by %(num)s working day", "missed by %(num)s working days", late) % {"num": late}


def _left_after_reply(left: int) -> str:
    return ngettext(
        "%(num)s working day left after the reply", "%(num)s working days left after the reply", left
    ) % {"num": left}


def _due_instant(clock: ClockView, city: City, now: datetime) -> datetime | None:
    """When the clock is due; for one that stands still, when it would be if it went on at once."""
    if clock.due_at is not None:
        return clock.due_at
    until = clock.stopped_at or now
    pauses = [_closed(pause, until) for pause in clock.pauses]
    if clock.which == "law":
        rule = city.find_law(clock.rule_key, clock.rule_version)
        if rule is None:
            return None
        waits = [Wait(pause.since, pause.until or until, pause.reason == PAPERS) for pause in clock.pauses]
        return reckoning.due_again(city, rule, clock.started_at, waits, clock.longer, until)
    days = _promise_days(clock, city)
    if days is None:
        return None
    hours = city.calendar.office_hours
    return promise.promise_due(clock.started_at, days, hours, days_of(city.calendar), city.zone, pauses)


def _closed(pause: PauseView, until: datetime) -> tuple[datetime, datetime]:
    return pause.since, pause.until or until


def _promise_days(clock: ClockView, city: City) -> int | None:
    service = city.services.get(clock.rule_key.removeprefix("promise:"))
    return service.promise_days if service is not None else None


def _counts_calendar_days(clock: ClockView, city: City) -> bool:
    if clock.which != "law":
        return False
    rule = city.find_law(clock.rule_key, clock.rule_version)
    return rule is not None and rule.unit != "working"

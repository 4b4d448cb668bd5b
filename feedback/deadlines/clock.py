"""The rows of law: which one rules, the day on which its time ends, and the days that go before it.

Counts in whole local days. A pause is a pair of days here; what happened, in instants, is `reckoning.py`'s affair. The
city's own promise, in working minutes, is `promise.py`'s. Where the source leaves a day open, the earlier one is meant:
an answer that is in time here is in time by every reading that we know of (docs/deadlines.md).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from feedback.city.profile import City
from feedback.city.time_rules import LawRule
from feedback.deadlines.working_days import Days

_DAY = timedelta(days=1)


def find_rule(city: City, nature: str, received_on: date) -> LawRule | None:
    """The row of law for a nature, in force on the local day of receipt (both ends included).

    None where the city has no such row: then there is no legal deadline. Where several rows are in force
    (`check.py` calls that a fault), the one that came into force last rules.
    """
    in_force = (
        row
        for row in city.deadlines.law
        if nature in row.nature
        and row.valid_from <= received_on
        and (row.valid_to is None or received_on <= row.valid_to)
    )
    return max(in_force, key=lambda row: (row.valid_from, row.version), default=None)


def end_on(
    rule: LawRule, started_on: date, days: Days, pauses: Sequence[tuple[date, date]] = (), longer: int = 0
) -> date:
    """The last day of the time itself, before it moves off a day on which the city is closed.

    `started_on` is day 0 and not counted; a month ends on the same number of its last month, or on that month's last
    day. `longer`: by how many of the rule's unit the time was made longer. Each pause is the local day on which it
    began and the local day on which it ended; the whole days between them do not count, the two days themselves do,
    since the clock ran for a part of them. Pauses matter only where the rule pauses; they may overlap.
    """
    end = _plain_end(rule, started_on, days, longer)
    for paused in _whole_days(pauses) if rule.pauses else ():
        if paused <= started_on:
            continue
        # A pause that covers the rolled due day moves it on as well: that day was never had.
        if paused > (days.next_working(end) if rule.roll else end):
            break
        if rule.unit != "working":
            end = max(end, paused) + _DAY
        elif days.is_working(paused):
            end = days.add_working(end, 1)
    return end


def due_on(
    rule: LawRule, started_on: date, days: Days, pauses: Sequence[tuple[date, date]] = (), longer: int = 0
) -> date:
    """The last local day on which an answer is in time: the end, or the next working day where the rule rolls."""
    end = end_on(rule, started_on, days, pauses, longer)
    return days.next_working(end) if rule.roll else end


def due_at(due_on: date, zone: ZoneInfo) -> datetime:
    """The instant (UTC) from which an answer is late: the first of the local day after `due_on`."""
    return datetime.combine(due_on + _DAY, time.min, zone).astimezone(UTC)


def forward_by(rule: LawRule, received_on: date, days: Days) -> date | None:
    """The last working day for passing a case on to the authority that it is for; None where the row says nothing."""
    if rule.forward_days is None:
        return None
    return _within(rule.forward_days, rule.forward_unit, received_on, days)


def tell_by(rule: LawRule, forwarded_on: date, days: Days) -> date | None:
    """The last working day for telling the person that it was passed on; None where the row says nothing."""
    if rule.tell_days is None:
        return None
    return _within(rule.tell_days, rule.tell_unit, forwarded_on, days)


def announce_by(rule: LawRule, end: date, started_on: date, days: Days) -> date | None:
    """The last working day for announcing a delay; None where the row asks for no notice.

    Counted back from the end as it stands before it moves off a closed day. None too where the whole time has no
    working day.
    """
    if rule.delay_notice_days is None:
        return None
    last = end - rule.delay_notice_days * _DAY
    found = days.last_working(last, started_on) or days.next_working(max(last, started_on))
    return found if found <= (days.next_working(end) if rule.roll else end) else None


def extension_told_by(rule: LawRule, decided_on: date, days: Days) -> date | None:
    """The last working day for telling the person of an extension; None where the row says nothing of it."""
    if rule.extend_notice_days is None:
        return None
    return days.add_working(decided_on, rule.extend_notice_days)


def _plain_end(rule: LawRule, started_on: date, days: Days, longer: int) -> date:
    match rule.unit:
        case "working":
            return days.add_working(started_on, rule.days + longer)
        case "calendar":
            return started_on + (rule.days + longer) * _DAY
        case "months":
            return _months_after(started_on, rule.days + longer)


def _months_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _within(n: int, unit: Literal["calendar", "working"], since: date, days: Days) -> date:
    """The last working day within so many days; the next one where the city is closed on all of them."""
    if unit == "working":
        return days.add_working(since, n)
    last = since + n * _DAY
    return days.last_working(last, since) or days.next_working(last)


def _whole_days(pauses: Sequence[tuple[date, date]]) -> Iterator[date]:
    """The days that lie wholly within a pause, in order, each once."""
    last = date.min
    for began_on, ended_on in sorted(pauses):
        day = max(began_on, last) + _DAY
        while day < ended_on:
            yield day
            last, day = day, day + _DAY

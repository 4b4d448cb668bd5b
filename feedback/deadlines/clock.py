"""The statutory clock: which row of law rules an item, and on which day its answer is due.

Counts in whole local days. Whether a clock stands still, and since when, the cycle's rows know; here a
pause is a pair of days. The city's own promise, in working minutes, is `promise.py`'s affair.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from feedback.city.profile import City, LawRule
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


def due_on(rule: LawRule, started_on: date, days: Days, pauses: Sequence[tuple[date, date]] = ()) -> date:
    """The last local day on which an answer is in time.

    `started_on` is day 0 and not counted. Each pause is the local day on which it began and the local day
    on which it ended; the whole days between them do not count, the two days themselves do, since the clock
    ran for a part of them. Pauses matter only where the rule pauses; they may overlap. Where the rule
    rolls, a due day on which the city is closed moves to its next working day.
    """
    due = days.add_working(started_on, rule.days) if rule.unit == "working" else started_on + rule.days * _DAY
    for paused in _whole_days(pauses) if rule.pauses else ():
        if paused <= started_on:
            continue
        # A pause that covers the rolled due day moves it on as well: that day was never had.
        if paused > (days.next_working(due) if rule.roll else due):
            break
        if rule.unit == "calendar":
            due = max(due, paused) + _DAY
        elif days.is_working(paused):
            due = days.add_working(due, 1)
    return days.next_working(due) if rule.roll else due


def due_at(due_on: date, zone: ZoneInfo) -> datetime:
    """The instant (UTC) from which an answer is late: the first of the local day after `due_on`."""
    return datetime.combine(due_on + _DAY, time.min, zone).astimezone(UTC)


def _whole_days(pauses: Sequence[tuple[date, date]]) -> Iterator[date]:
    """The days that lie wholly within a pause, in order, each once."""
    last = date.min
    for began_on, ended_on in sorted(pauses):
        day = max(began_on, last) + _DAY
        while day < ended_on:
            yield day
            last, day = day, day + _DAY

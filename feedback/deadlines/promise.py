"""The service promise: the city's own target, counted in working minutes of its office hours.

Real time in the city's zone: where the clocks change within office hours, that day is an hour shorter or
longer. Minutes are whole: an instant belongs to the minute in which it lies, so stretches that join add up
exactly. The law's deadline, in whole days, is `clock.py`'s affair.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from feedback.city.time_rules import Hours, OfficeHours
from feedback.deadlines.working_days import Days

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


def promise_due(
    start: datetime,
    promise_days: int,
    hours: OfficeHours,
    days: Days,
    zone: ZoneInfo,
    pauses: Sequence[tuple[datetime, datetime]] = (),
) -> datetime:
    """When an answer is due (UTC) that was promised within so many working days.

    Without pauses it is due on the nth working day at the same working time of the day, or at that day's
    closing where it closes earlier (`minutes_promised`). `pauses` are closed intervals of instants, in any
    order, possibly overlapping: working time inside them does not count, unless they begin when the time is
    over.
    """
    promised = minutes_promised(start, promise_days, hours, days, zone)
    due = add_working_minutes(start, promised, hours, days, zone)
    for began, ended in _joined(pauses, start):
        if began >= due:
            break
        due = add_working_minutes(due, working_minutes(began, ended, hours, days, zone), hours, days, zone)
    return due


def minutes_promised(start: datetime, n_days: int, hours: OfficeHours, days: Days, zone: ZoneInfo) -> int:
    """A promise in working days as the office minutes that lie between `start` and its due instant.

    Each promised day is one working day of the calendar, however long its office hours are: short Fridays
    make no tenth day an eleventh. An item that comes when the office is closed counts from the next opening,
    and is due at the closing time of the nth working day.
    """
    first = local_day(start, zone)
    worked = 0
    if not days.is_working(first):
        first = days.next_working(first)
    elif working_minutes(start, _midnight(first + _DAY, zone), hours, days, zone) == 0:
        first = days.add_working(first, 1)
    else:
        worked = working_minutes(_midnight(first, zone), start, hours, days, zone)
    last = days.add_working(first, n_days)
    before = working_minutes(start, _midnight(last, zone), hours, days, zone)
    of_last = working_minutes(_midnight(last, zone), _midnight(last + _DAY, zone), hours, days, zone)
    return before + min(worked, of_last)


def minutes_of_days(n_days: int, hours: OfficeHours) -> int:
    """Working days as working minutes where no calendar day is meant: n times the city's typical working day.

    For durations of figures in words, not for due instants. Typical is the length that most weekdays with
    office hours have (of several equally frequent ones the longest).
    Raises ValueError where no weekday has office hours.
    """
    lengths = Counter(
        sum(end - start for start, end in map(_minutes, day)) for day in hours.by_weekday if day
    )
    if not lengths:
        raise ValueError("the calendar has no weekday with office hours")
    return n_days * max(lengths, key=lambda length: (lengths[length], length))


def working_minutes(start: datetime, end: datetime, hours: OfficeHours, days: Days, zone: ZoneInfo) -> int:
    """Office minutes in [start, end), 0 where `end` is not later. A span of years costs what an hour does."""
    first, last = _minute(start), _minute(end)
    if last <= first:
        return 0
    early, late = start.astimezone(zone).year, end.astimezone(zone).year
    whole_years = sum(_year(hours, days, zone, year).total for year in range(early, late))
    return (
        whole_years
        + _year(hours, days, zone, late).before(last)
        - _year(hours, days, zone, early).before(first)
    )


def add_working_minutes(
    start: datetime, minutes: int, hours: OfficeHours, days: Days, zone: ZoneInfo
) -> datetime:
    """The earliest instant (UTC) at which so many office minutes have passed since `start`.

    Where they end with a day's last minute, that is closing time, not the next opening. For 0 it is `start`.
    """
    if minutes < 0:
        raise ValueError("working minutes are counted forward")
    if minutes == 0:
        return start.astimezone(UTC)
    year = start.astimezone(zone).year
    left = minutes + _year(hours, days, zone, year).before(_minute(start))
    while left > (total := _year(hours, days, zone, year).total):
        left, year = left - total, year + 1
    return _EPOCH + _year(hours, days, zone, year).reached(left) * _MINUTE


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The city's day on which an instant lies; midnight belongs to the day that it begins."""
    return _aware(instant).astimezone(zone).date()


def promise_due_on(due_at: datetime, zone: ZoneInfo) -> date:
    """The local day of a promise's due instant.

    An instant at closing time belongs to the day that closes, also where the office closes at 24:00.
    """
    return local_day(due_at - _MINUTE, zone)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Year(NamedTuple):
    """A year's stretches of office time (minutes since the epoch) and the office minutes before each."""

    opens: tuple[int, ...]
    closes: tuple[int, ...]
    passed: tuple[int, ...]
    total: int

    def before(self, minute: int) -> int:
        """Office minutes of this year before that minute."""
        at = bisect_right(self.opens, minute) - 1
        if at < 0:
            return 0
        return self.passed[at] + min(minute, self.closes[at]) - self.opens[at]

    def reached(self, minutes: int) -> int:
        """The minute at which so many (1 to total) office minutes of this year are over."""
        at = bisect_left(self.passed, minutes) - 1
        return self.opens[at] + minutes - self.passed[at]


@lru_cache(maxsize=64)
def _year(hours: OfficeHours, days: Days, zone: ZoneInfo, year: int) -> _Year:
    by_weekday = tuple(tuple(sorted(map(_minutes, day))) for day in hours.by_weekday)
    opens: list[int] = []
    closes: list[int] = []
    passed: list[int] = []
    total = 0
    for day in days.working_in(year):
        until = days.half_day_end if days.is_half(day) else 1440
        for start, end in by_weekday[days.weekday_of(day)]:
            opening, closing = _local_minute(day, start, zone), _local_minute(day, min(end, until), zone)
            if closes:
                opening = max(opening, closes[-1])
            if closing > opening:
                opens.append(opening)
                closes.append(closing)
                passed.append(total)
                total += closing - opening
    return _Year(tuple(opens), tuple(closes), tuple(passed), total)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)


def _local_minute(day: date, minutes: int, zone: ZoneInfo) -> int:
    """Minutes since the epoch at a wall-clock time, given as minutes since local midnight (24:00 is 1440)."""
    return _minute((datetime.combine(day, time.min) + minutes * _MINUTE).replace(tzinfo=zone))


def _minutes(hours: Hours) -> tuple[int, int]:
    """From and to as minutes since local midnight."""
    (start_hour, start), (end_hour, end) = hours.start.split(":"), hours.end.split(":")
    return int(start_hour) * 60 + int(start), int(end_hour) * 60 + int(end)


def _minute(instant: datetime) -> int:
    """The minute since the epoch in which an instant lies."""
    return int(_aware(instant).timestamp() // 60)


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return instant


def _joined(pauses: Sequence[tuple[datetime, datetime]], start: datetime) -> list[tuple[datetime, datetime]]:
    """The pauses in order, from `start` on, those that overlap or touch made one."""
    joined: list[tuple[datetime, datetime]] = []
    for began, ended in sorted(pauses):
        began = max(began, start)
        if joined and began <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ended))
        elif ended > began:
            joined.append((began, ended))
    return joined

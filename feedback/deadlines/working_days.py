"""Which days are working days in a city: its weekdays, the public holidays of its country, its own closed
days.

Decides for dates, and on which weekday's hours a day is worked. What lies within a day is `promise.py`'s affair, the
rules of law are `clock.py`'s.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

import holidays

from feedback.city.time_rules import Calendar


@dataclass(frozen=True, slots=True)
class Days:
    """A city's working days, made by `days_of`. Hashable, small, and the same for the same calendar."""

    country: str | None
    """Whose public holidays count (ISO 3166), or none."""
    weekdays: tuple[bool, ...]
    """Monday first: whether the city has office hours on that weekday."""
    opened: frozenset[date]
    """Public holidays on which the city works all the same."""
    closed: frozenset[date]
    closed_every: frozenset[tuple[int, int]]
    """Month and day of the days on which the city is closed each year."""
    moved: tuple[tuple[date, date], ...] = ()
    """Working days moved by decree: the day that is closed, and the day that is worked in its stead."""
    is_half_closed: bool = False
    """Whether the half holidays of the country are no working days."""
    half_day_end: int = 1440
    """Until which minute of the day the offices are open on a half holiday that is worked."""

    def is_working(self, day: date) -> bool:
        """Whether the city works on that day.

        True on a weekday with office hours that is no public holiday (or one listed as worked) and not
        closed by the city itself, and on a day to which a working day was moved. What the city closes stays closed,
        also where it is listed as worked.
        """
        return not self.why_closed(day)

    def why_closed(self, day: date) -> Literal["", "weekend", "holiday", "city", "moved"]:
        """Why the city does not work on that day; empty where it does."""
        if day in self.closed or (day.month, day.day) in self.closed_every:
            return "city"
        if self.moved:
            if any(day == worked for _, worked in self.moved):
                return ""
            if any(day == closed for closed, _ in self.moved):
                return "moved"
        if not self.weekdays[day.weekday()]:
            return "weekend"
        if day in self.opened:
            return ""
        if day in _holidays(self.country, day.year, "public"):
            return "holiday"
        return "holiday" if self.is_half_closed and self.is_half(day) else ""

    def is_half(self, day: date) -> bool:
        """Whether it is a half holiday of the country."""
        return day in _holidays(self.country, day.year, "half_day")

    def weekday_of(self, day: date) -> int:
        """The weekday (Monday is 0) whose office hours hold on that day."""
        stands_for = next((closed for closed, worked in self.moved if worked == day), day)
        return stands_for.weekday()

    def add_working(self, day: date, n: int) -> date:
        """The nth working day after `day`, which is day 0 and not counted; for 0 `day` itself."""
        if n < 0:
            raise ValueError("working days are counted forward")
        year, left = day.year, n
        position = bisect_right(_working_days(self, year), day)
        while left > 0:
            days = _working_days(self, year)
            if position + left <= len(days):
                return days[position + left - 1]
            left -= len(days) - position
            position, year = 0, year + 1
        return day

    def next_working(self, day: date) -> date:
        """The day itself if it is a working day, else the first one after it."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def last_working(self, day: date, after: date) -> date | None:
        """The day itself if it is a working day, else the last one before it; None where none is later than `after`."""
        while day > after:
            if self.is_working(day):
                return day
            day -= timedelta(days=1)
        return None

    def count_working(self, after: date, upto: date) -> int:
        """How many working days lie in (after, upto]; none where `upto` is not later."""
        if upto <= after:
            return 0
        whole_years = sum(len(_working_days(self, year)) for year in range(after.year, upto.year))
        return (
            whole_years
            + bisect_right(_working_days(self, upto.year), upto)
            - bisect_right(_working_days(self, after.year), after)
        )

    def working_in(self, year: int) -> tuple[date, ...]:
        """All working days of a year, in order."""
        return _working_days(self, year)


def days_of(calendar: Calendar) -> Days:
    """The working days of a calendar.

    Raises ValueError where no weekday has office hours: `check.py` reports that as a fault of the profile,
    and no due day could ever be found.
    """
    weekdays = tuple(bool(hours) for hours in calendar.office_hours.by_weekday)
    if not any(weekdays):
        raise ValueError("the calendar has no weekday with office hours")
    return Days(
        country=calendar.holidays,
        weekdays=weekdays,
        opened=frozenset(calendar.working),
        closed=frozenset(closed.on for closed in calendar.closed if closed.on is not None),
        closed_every=frozenset(_month_and_day(closed.every) for closed in calendar.closed if closed.every),
        moved=tuple((moved.closed, moved.worked) for moved in calendar.moved),
        is_half_closed=calendar.half_days == "closed",
        half_day_end=int(calendar.half_day_end[:2]) * 60 + int(calendar.half_day_end[3:]),
    )


def _month_and_day(every: str) -> tuple[int, int]:
    month, day = every.split("-")
    return int(month), int(day)


@lru_cache(maxsize=256)
def _holidays(country: str | None, year: int, category: Literal["public", "half_day"]) -> frozenset[date]:
    """The public holidays of a country with their days in lieu, or its half ones (none where it has no such thing)."""
    if country is None or category not in holidays.country_holidays(country).supported_categories:
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=year, categories=(category,)))


@lru_cache(maxsize=256)
def _working_days(days: Days, year: int) -> tuple[date, ...]:
    first, following = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
    return tuple(day for day in map(date.fromordinal, range(first, following)) if days.is_working(day))

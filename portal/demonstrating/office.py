"""When a city's staff are at work: the instants of a demonstration at which a department does something."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random

from feedback.city.profile import City
from feedback.deadlines import promise
from feedback.deadlines.working_days import days_of

_MINUTE = timedelta(minutes=1)


class Office:
    """The office hours of a city, in working minutes."""

    def __init__(self, city: City) -> None:
        self.zone = city.zone
        self.days = days_of(city.calendar)
        self._hours = city.calendar.office_hours
        self.day_minutes = promise.minutes_of_days(1, self._hours)
        """Working minutes of a usual day."""

    def add(self, start: datetime, minutes: float) -> datetime:
        """The instant at which so many office minutes have passed; at least one, so that it lies in office hours."""
        return promise.add_working_minutes(start, max(1, round(minutes)), self._hours, self.days, self.zone)

    def minutes(self, start: datetime, end: datetime) -> int:
        return promise.working_minutes(start, end, self._hours, self.days, self.zone)

    def first_open(self, instant: datetime) -> datetime:
        """The instant itself while the office is open, else the next opening."""
        return max(instant, self.add(instant, 1) - _MINUTE)

    def is_open(self, instant: datetime) -> bool:
        return self.minutes(instant, instant + _MINUTE) > 0

    def some_time_on(self, day: date, chance: Random) -> datetime:
        """Some office minute of a day, or of the next working day after it."""
        return self.add(self.at(self.days.next_working(day)), chance.uniform(5, self.day_minutes * 0.9))

    def some_time_upto(self, day: date, chance: Random) -> datetime:
        """Some office minute of a day, or of the last working day before it."""
        while not self.days.is_working(day):
            day -= timedelta(days=1)
        return self.some_time_on(day, chance)

    def awake(self, instant: datetime) -> datetime:
        """That instant, or the morning after where it lies in the night: what citizens do in their own time."""
        return instant + timedelta(hours=8) if instant.astimezone(self.zone).hour < 7 else instant

    def day_of(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()

    def at(self, day: date, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
        """A wall-clock time of a day, as an instant."""
        return datetime.combine(day, time(hour, minute, second), self.zone).astimezone(UTC)

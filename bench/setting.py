"""What the lives of a seeded city are drawn from: its profile, its people, the moment, and the random generator."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, time
from random import Random

from msgspec import Struct

from bench import words
from bench.rows import Rows
from feedback.city.profile import City
from feedback.city.versions import Ruling
from feedback.deadlines.working_days import days_of
from portal.secret import Secret

DEPARTMENTS_MOST = 12


class People(Struct, frozen=True):
    """Who works there: accounts by department, and the clerk who assigns."""

    by_department: dict[str, list[int]]


class Setting:
    """Where and when items live; their rows are collected in `rows`."""

    def __init__(self, ruling: Ruling, people: People, secret: Secret, random: Random, now: datetime) -> None:
        self.ruling, self.city, self.people, self.secret = ruling, ruling.city, people, secret
        self.random, self.now = random, now
        self.today = now.astimezone(ruling.city.zone).date()
        self.rows = Rows()
        self.last: dict[int, int] = {}
        """Year → how many items it has: the counters."""
        languages = [code for code in self.city.identity.languages if code in words.LANGUAGES]
        self._languages = languages, [1 / (rank + 1) ** 2 for rank in range(len(languages))]
        self._places = _zipf(self.city)

    def draw_place(self) -> tuple[str, str]:
        """Department and service: departments by Zipf, each service of one alike."""
        places, weights = self._places
        department, services = self.random.choices(places, weights)[0]
        return department, self.random.choice(services)

    def draw_language(self) -> str:
        return self.random.choices(*self._languages)[0]

    def draw_office_hour(self, moment: datetime) -> datetime:
        """Some time between 8 and 15 o'clock on the same or the next working day."""
        day = days_of(self.city.calendar).next_working(moment.astimezone(self.city.zone).date())
        local = time(self.random.randint(8, 14), self.random.randint(0, 59))
        return datetime.combine(day, local, self.city.zone).astimezone(UTC)


def _zipf(city: City) -> tuple[list[tuple[str, list[str]]], list[float]]:
    """Up to twelve departments that answer for a service, the n-th getting 1/n of what the first gets."""
    services: defaultdict[str, list[str]] = defaultdict(list)
    for service in city.service:
        if service.is_offered and service.department is not None:
            services[service.department].append(service.key)
    places = [(key, services[key]) for key in city.departments if key in services][:DEPARTMENTS_MOST]
    return places, [1 / rank for rank in range(1, len(places) + 1)]

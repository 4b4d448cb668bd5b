"""Counts every frozen figure of a quality record again, slowly and on its own.

    python tests/proof/recount.py sqlite:///var/kanali.db
    python tests/proof/recount.py postgresql://user:password@host/name

It uses nothing of Kanali: plain SQL, and its own counting in Python, written from the definitions
(docs/architecture.md, the public page "How each figure is counted"). It reads what the ledger's notes say of items,
cycles, clocks, pauses, invitations and ratings, as it stood when a month was closed; from their instants it works out
local days, working time, due days of the law and of the promise by itself, with its own table of holidays; it counts
each month and each window, and compares every integer with the frozen rows. It says what differs and ends with 1.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import ceil, sqrt
from typing import Any
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
WINDOW = 12
RENEWED_FROM = 10
ALIKE_BELOW = 20
NUMBERS = ("n", "numerator", "median", "p90", "aside", "invited", "responded")
RATINGS = ("satisfied_outcome", "satisfied_handling")

Facts = dict[str, Any]
Cell = dict[str, "int | None"]
Place = tuple[str, str, str, str]
"""Measure, span, scope, key."""


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────


def query(url: str, sql: str) -> list[dict[str, Any]]:
    """The rows of one SELECT, by name; the database is only read."""
    if url.startswith("sqlite:///"):
        connection = sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro", uri=True)
        try:
            found = connection.execute(sql)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        finally:
            connection.close()
    import psycopg  # Only where it is needed: SQLite's driver comes with Python.

    with psycopg.connect(url) as other:
        other.read_only = True
        cursor = other.execute(sql)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def instant(value: str | datetime) -> datetime:
    """An instant from a note or from a column, in UTC."""
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


class History:
    """What the notes said of each row, one after the other, so that any moment can be asked for."""

    def __init__(self, notes: list[dict[str, Any]]) -> None:
        self._said: dict[str, list[tuple[datetime, Facts]]] = defaultdict(list)
        for note in notes:
            at = instant(note["at"])
            for place, facts in json.loads(note["facts"]).items():
                self._said[place].append((at, facts))

    def rows(self, table: str, at: datetime) -> dict[int, Facts]:
        """The rows of a table as they stood at an instant."""
        found = {}
        for place, said in self._said.items():
            name, _, key = place.partition(":")
            if name == table:
                number = bisect_right([when for when, _ in said], at)
                if number:
                    found[int(key)] = said[number - 1][1]
        return found


# ── the calendar ────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache
def western_easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Butcher's rule)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * e + 2 * (c // 4) - h - c % 4) % 7
    month, day = divmod(h + week - 7 * ((a + 11 * h + 22 * week) // 451) + 114, 31)
    return date(year, month, day + 1)


@lru_cache
def eastern_easter(year: int) -> date:
    """Easter Sunday of the Julian calendar as a Gregorian date (Meeus), valid from 1900 to 2099."""
    d = (19 * (year % 19) + 15) % 30
    e = (2 * (year % 4) + 4 * (year % 7) - d + 34) % 7
    month, day = divmod(d + e + 114, 31)
    return date(year, month, day + 1) + 13 * DAY


@lru_cache
def public_holidays(country: str | None, year: int) -> frozenset[date]:
    """Whole public holidays of Greece (with Labour Day where it moves) and of Lithuania."""
    if country == "GR":
        easter = eastern_easter(year)
        fixed = [(1, 1), (1, 6), (3, 25), (5, 1), (8, 15), (10, 28), (12, 25), (12, 26)]
        found = {date(year, month, day) for month, day in fixed}
        found |= {easter + days * DAY for days in (-48, -2, 0, 1, 49, 50)}
        labour = date(year, 5, 1)
        moved = labour
        if easter - 7 * DAY < labour < easter - 2 * DAY:  # In Holy Week it is kept after Easter instead.
            found.remove(labour)
            moved = easter + 2 * DAY
        while moved.weekday() > 4 or moved in found - {labour}:
            moved += DAY
        found.add(moved)
        return frozenset(found)
    if country == "LT":
        easter = western_easter(year)
        fixed = [(1, 1), (2, 16), (3, 11), (5, 1), (6, 24), (7, 6), (8, 15), (11, 1), (11, 2)]
        fixed += [(12, 24), (12, 25), (12, 26)]
        return frozenset({date(year, month, day) for month, day in fixed} | {easter, easter + DAY})
    if country is None:
        return frozenset()
    raise SystemExit(f"the holidays of {country} are not written down here")


class Office:
    """When a city works, from its stored profile."""

    def __init__(self, profile: Facts) -> None:
        self.zone = ZoneInfo(profile["identity"]["zone"])
        calendar = profile["calendar"]
        self._country = calendar["holidays"]
        self._worked = {date.fromisoformat(day) for day in calendar["working"]}
        self._closed = {date.fromisoformat(row["on"]) for row in calendar["closed"] if row.get("on")}
        self._every = {row["every"] for row in calendar["closed"] if row.get("every")}
        names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        self._hours = [
            sorted(
                (_minutes(part["start"]), _minutes(part["end"])) for part in calendar["office_hours"][name]
            )
            for name in names
        ]
        self._days: dict[date, list[tuple[int, int]]] = {}

    def local_day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def is_working(self, day: date) -> bool:
        if not self._hours[day.weekday()] or day in self._closed or f"{day:%m-%d}" in self._every:
            return False
        return day in self._worked or day not in public_holidays(self._country, day.year)

    def stretches(self, day: date) -> list[tuple[int, int]]:
        """The office time of a day as minutes since 1970; none where the city does not work."""
        if day not in self._days:
            midnight = datetime.combine(day, time.min)
            self._days[day] = [
                tuple(  # type: ignore[misc]
                    int((midnight + timedelta(minutes=part)).replace(tzinfo=self.zone).timestamp()) // 60
                    for part in stretch
                )
                for stretch in (self._hours[day.weekday()] if self.is_working(day) else [])
            ]
        return self._days[day]

    def minutes(self, start: datetime, end: datetime) -> int:
        """Office minutes between two instants."""
        first, last, found = _minute(start), _minute(end), 0
        day = self.local_day(start)
        while day <= self.local_day(end):
            for opening, closing in self.stretches(day):
                found += max(0, min(closing, last) - max(opening, first))
            day += DAY
        return found

    def promised(self, start: datetime, days: int, pauses: list[tuple[datetime, datetime]]) -> date:
        """The local day on which a promise in working days is over, pauses left out.

        The nth working day at the same working time of the day, or its closing where that comes first; what comes
        while the office is closed counts from the next opening, and the day of that opening is the first.
        """
        began, day = _minute(start), self.local_day(start)
        today = self.stretches(day)
        worked = sum(max(0, min(closing, began) - opening) for opening, closing in today if opening < began)
        is_open_later = any(closing > began for _, closing in today)
        wanted = sum(closing - max(opening, began) for opening, closing in today if closing > began)
        left = days - (worked == 0 and is_open_later)
        last = day
        while left:
            last += DAY
            if length := sum(closing - opening for opening, closing in self.stretches(last)):
                left -= 1
                wanted += length
        if worked and is_open_later:  # The last day counts only as far as the first one was over.
            wanted += min(worked, length) - length
        still = sorted((_minute(since), _minute(until)) for since, until in pauses)
        while True:
            for opening, closing in self.stretches(day):
                for since, until in _without(max(opening, began), closing, still):
                    wanted -= until - since
                    if wanted <= 0:
                        return day
            day += DAY

    def due_by_law(self, rule: Facts, start: datetime, pauses: list[tuple[datetime, datetime]]) -> date:
        """Day by day from the day after the start; whole days of a pause do not count where the rule pauses."""
        stood = [(self.local_day(since), self.local_day(until)) for since, until in pauses if rule["pauses"]]

        def is_had(day: date) -> bool:
            return not any(since < day < until for since, until in stood)

        day, left = self.local_day(start), rule["days"]
        if rule["unit"] == "months":
            month, number, left = day.month - 1 + left, day.day, 0
            first = date(day.year + month // 12, month % 12 + 1, 1)
            day = max(first + n * DAY for n in range(number) if (first + n * DAY).month == first.month)
        while left:
            day += DAY
            left -= is_had(day) and (rule["unit"] == "calendar" or self.is_working(day))
        while rule["roll"] and not (self.is_working(day) and is_had(day)):
            day += DAY
        return day


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def _without(opening: int, closing: int, still: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """A stretch without what the pauses take from it."""
    parts = [(opening, closing)] if opening < closing else []
    for since, until in still:
        parts = [
            part
            for start, end in parts
            for part in ((start, min(end, since)), (max(start, until), end))
            if part[0] < part[1]
        ]
    return parts


# ── what a month counts ─────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Case:
    """One round of a case as a month counts it."""

    cycle: int
    department: str
    service: str
    is_received: bool = False
    is_second_look: bool = False
    minutes: int | None = None
    """Working minutes to the answer, where it was given in this month."""
    law: bool | None = None
    """Whether it was in time, where the day fell in this month."""
    promise: bool | None = None


@dataclass
class Rating:
    cycle: int
    department: str
    service: str
    outcome: int | None = None
    handling: int | None = None


@dataclass
class Month:
    """A closed month with what it counts."""

    period: str
    window_from: str
    closed_at: datetime
    frozen_at: datetime | None
    least: int
    """Cases from which the city shows a share."""
    cases: list[Case] = field(default_factory=list)
    first_ratings: list[Rating] = field(default_factory=list)
    """As the month was closed."""
    last_ratings: list[Rating] = field(default_factory=list)
    """As its satisfaction was frozen."""

    def ratings(self, at: datetime) -> list[Rating]:
        return (
            self.last_ratings if self.frozen_at is not None and self.frozen_at <= at else self.first_ratings
        )


class Book:
    """Everything read, and the profiles by version."""

    def __init__(self, url: str) -> None:
        self.history = History(
            query(url, "SELECT at, facts FROM note WHERE kind = 'item' ORDER BY at, subject, seq")
        )
        self.profiles: dict[int, Facts] = {
            row["id"]: json.loads(bytes(row["document"]))
            for row in query(url, "SELECT id, document FROM city_version")
        }
        self.offices = {key: Office(profile) for key, profile in self.profiles.items()}
        self.figures = query(
            url,
            "SELECT r.period, f.measure, f.span, f.scope, f.scope_key, f.window_from, f.window_to, f.n, f.numerator, "
            "f.median, f.p90, f.aside, f.invited, f.responded FROM figure f JOIN record r ON r.id = f.record_id",
        )
        frozen = {
            row["subject"]: instant(row["at"])
            for row in query(url, "SELECT subject, at FROM note WHERE act = 'satisfaction_frozen'")
        }
        self.months = [
            Month(
                row["period"],
                "",
                instant(row["closed_at"]),
                frozen.get(row["id"]),
                self.profiles[row["city_version_id"]]["publication"]["count_only_below"],
            )
            for row in query(
                url,
                "SELECT id, period, closed_at, city_version_id FROM record WHERE state = 'closed' ORDER BY period",
            )
        ]

    def count(self) -> None:
        """Fill each month with what it counts."""
        for month in self.months:
            month.window_from = self._window_of(month.period)
            month.cases = self._cases(month)
            month.first_ratings = self._ratings(month, month.closed_at)
            if month.frozen_at is not None:
                places = {rating.cycle: rating for rating in month.first_ratings}
                for rating in self._ratings(month, month.frozen_at):
                    closed = places.get(rating.cycle, rating)
                    rating.department, rating.service = closed.department, closed.service
                    month.last_ratings.append(rating)

    def _window_of(self, period: str) -> str:
        """The first of up to twelve months in a row that are closed."""
        known, first = {month.period for month in self.months if month.period <= period}, period
        for _ in range(WINDOW - 1):
            before = (date.fromisoformat(f"{first}-01") - DAY).isoformat()[:7]
            if before not in known:
                break
            first = before
        return first

    def _cases(self, month: Month) -> list[Case]:
        at = month.closed_at
        items, clocks = self.history.rows("item", at), self.history.rows("clock", at)
        pauses: dict[int, list[Facts]] = defaultdict(list)
        for pause in self.history.rows("pause", at).values():
            pauses[pause["clock_id"]].append(pause)
        of_cycle: dict[int, dict[str, tuple[int, Facts]]] = defaultdict(dict)
        for key, clock in clocks.items():
            of_cycle[clock["cycle_id"]][clock["which"]] = (key, clock)
        found = []
        for key, cycle in sorted(self.history.rows("cycle", at).items()):
            item = items[cycle["item_id"]]
            if item["state"] in ("void", "merged") or not item["counted"]:
                continue
            office = self.offices[cycle["city_version_id"]]
            case = Case(key, cycle["department"] or "", cycle["service"] or "")
            started = instant(cycle["started_at"])
            begun_here = _is_in(office.local_day(started), month.period)
            case.is_received = begun_here and cycle["origin"] == "first"
            case.is_second_look = begun_here and cycle["origin"] != "first"
            answered = instant(cycle["answered_at"]) if cycle["answered_at"] else None
            answered_on = office.local_day(answered) if answered else None
            promise_key = of_cycle[key]["promise"][0] if "promise" in of_cycle[key] else 0
            if answered is not None and answered_on is not None and _is_in(answered_on, month.period):
                stood = _closed(pauses[promise_key], answered)
                case.minutes = office.minutes(started, answered) - sum(
                    office.minutes(since, until) for since, until in stood
                )
            # A case that its sender withdrew before the answer counts as received and in nothing else.
            is_withdrawn = item["state"] == "withdrawn" and item["cycle_id"] == key and answered is None
            for which, (clock_key, clock) in of_cycle[key].items():
                due_on = self._due_on(cycle, clock, pauses[clock_key])
                if due_on is not None and _is_in(due_on, month.period) and not is_withdrawn:
                    setattr(case, which, answered_on is not None and answered_on <= due_on)
            if case != Case(key, case.department, case.service):
                found.append(case)
        return found

    def _due_on(self, cycle: Facts, clock: Facts, pauses: list[Facts]) -> date | None:
        """The due day by our own arithmetic; None while the clock is paused or no rule fits any more."""
        if clock["due_on"] is None:
            return None
        office, profile = self.offices[cycle["city_version_id"]], self.profiles[cycle["city_version_id"]]
        started, stood = instant(clock["started_at"]), _closed(pauses, None)
        if clock["which"] == "law":
            rule = next(
                row
                for row in profile["deadlines"]["law"]
                if (row["key"], row["version"]) == (clock["rule_key"], clock["rule_version"])
            )
            return office.due_by_law(rule, started, stood)
        service = clock["rule_key"].removeprefix("promise:")
        days = next(row["promise_days"] for row in profile["service"] if row["key"] == service)
        return office.promised(started, days, stood)

    def _ratings(self, month: Month, at: datetime) -> list[Rating]:
        items, cycles = self.history.rows("item", at), self.history.rows("cycle", at)
        given = {row["invitation_id"]: row for row in self.history.rows("response", at).values()}
        found = []
        for key, invitation in sorted(self.history.rows("invitation", at).items()):
            cycle, item = cycles[invitation["cycle_id"]], items[invitation["item_id"]]
            office = self.offices[cycle["city_version_id"]]
            if not _is_in(office.local_day(instant(invitation["made_at"])), month.period):
                continue
            if item["state"] in ("void", "merged") or not item["counted"]:
                continue
            rating = Rating(invitation["cycle_id"], cycle["department"] or "", cycle["service"] or "")
            if key in given:
                rating.outcome, rating.handling = given[key]["outcome"], given[key]["handling"]
            found.append(rating)
        return found


def _is_in(day: date, period: str) -> bool:
    return day.isoformat()[:7] == period


def _closed(pauses: list[Facts], until: datetime | None) -> list[tuple[datetime, datetime]]:
    """Pauses with both ends; an open one ends at `until`."""
    found = []
    for pause in pauses:
        end = instant(pause["until"]) if pause["until"] else until
        if end is not None:
            found.append((instant(pause["since"]), end))
    return found


# ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────


def figures_of(cases: list[Case], ratings: list[Rating]) -> dict[str, Cell]:
    """Each measure with its integers."""
    minutes = sorted(case.minutes for case in cases if case.minutes is not None)
    law = [case.law for case in cases if case.law is not None]
    promise = [case.promise for case in cases if case.promise is not None]
    found: dict[str, Cell] = {
        "received": {"n": sum(case.is_received for case in cases)},
        "answered": {"n": len(minutes)},
        "second_looks": {"n": sum(case.is_second_look for case in cases)},
        "in_time_law": {"n": len(law), "numerator": sum(law)},
        "in_time_promise": {"n": len(promise), "numerator": sum(promise)},
        "time_to_answer": {"n": len(minutes), "median": rank(minutes, 50), "p90": rank(minutes, 90)},
    }
    answered = sum(rating.outcome is not None or rating.handling is not None for rating in ratings)
    for measure, name in zip(RATINGS, ("outcome", "handling"), strict=True):
        steps = Counter(getattr(rating, name) for rating in ratings)
        found[measure] = {
            "n": sum(steps[step] for step in range(1, 6)),
            "numerator": steps[4] + steps[5],
            "aside": steps[0],
            "invited": len(ratings),
            "responded": answered,
        }
    return found


def rank(ordered: list[int], percent: int) -> int | None:
    """The smallest value that at least so many of a hundred do not exceed."""
    return ordered[ceil(percent * len(ordered) / 100) - 1] if ordered else None


def wilson(good: int, of: int) -> tuple[float, float]:
    """The ends of the 95 % interval of a share: the two shares p for which (good/of - p)² = z² p (1-p) / of."""
    if of == 0:
        return 0.0, 1.0
    z2, share = 1.959964**2, good / of
    # (1 + z²/n) p² - (2 s + z²/n) p + s² = 0
    a, b, c = 1 + z2 / of, -(2 * share + z2 / of), share * share
    root = sqrt(max(0.0, b * b - 4 * a * c))
    return max(0.0, (-b - root) / (2 * a)), min(1.0, (-b + root) / (2 * a))


class Recount:
    """All figures that should be frozen, counted again in the order in which they were."""

    def __init__(self, months: list[Month]) -> None:
        self.months = months
        self.expected: dict[str, dict[Place, Cell]] = {}

    def run(self) -> None:
        freezings = [(month.frozen_at, 1, month) for month in self.months if month.frozen_at is not None]
        closings = [(month.closed_at, 0, month) for month in self.months]
        for at, is_freezing, month in sorted(
            [*closings, *freezings], key=lambda event: (event[0], event[1], event[2].period)
        ):
            before = self.expected.get(month.period, {})
            kept = {
                place: cell for place, cell in before.items() if not (is_freezing and place[0] in RATINGS)
            }
            self.expected[month.period] = kept
            fresh = self._all(month, at)
            if is_freezing:
                fresh = {place: cell for place, cell in fresh.items() if place[0] in RATINGS}
            kept.update(self._renewed(fresh, month))

    def _all(self, month: Month, at: datetime) -> dict[Place, Cell]:
        inside = [other for other in self.months if month.window_from <= other.period <= month.period]
        own = figures_of(month.cases, month.ratings(at))
        found = {(measure, "month", "city", ""): cell for measure, cell in own.items()}
        cases = [case for other in inside for case in other.cases]
        ratings = [rating for other in inside for rating in other.ratings(at)]
        for measure, cell in figures_of(cases, ratings).items():
            found[measure, "year", "city", ""] = cell
        for scope in ("department", "service"):
            for key in {getattr(row, scope) for row in [*cases, *ratings]}:
                parts = figures_of(
                    [case for case in cases if getattr(case, scope) == key],
                    [rating for rating in ratings if getattr(rating, scope) == key],
                )
                for measure, cell in parts.items():
                    if cell["n"]:
                        found[measure, "year", scope, key or "-"] = cell
        return found

    def _renewed(self, fresh: dict[Place, Cell], month: Month) -> dict[Place, Cell]:
        """While a window grows, a row of a department or service is renewed only where what was added could stand as a
        figure of its own; what is held back must be several rows that together could stand as one."""
        older: dict[Place, Cell] = {}
        for other in self.months:
            if other.window_from == month.window_from and other.period < month.period:
                cells = self.expected.get(other.period, {})
                older |= {
                    place: cell for place, cell in cells.items() if place[1] == "year" and place[2] != "city"
                }
        grown: dict[tuple[str, str], list[tuple[bool, int, str, int]]] = defaultdict(list)
        held: set[Place] = set()
        for place, cell in fresh.items():
            measure, span, scope, key = place
            if span != "year" or scope == "city" or place not in older:
                continue
            added = (cell["n"] or 0) - (older[place]["n"] or 0)
            good = (cell.get("numerator") or 0) - (older[place].get("numerator") or 0)
            if added:
                grown[measure, scope].append((stands(measure, added, good, month.least), added, key, good))
            else:
                held.add(place)
        for (measure, scope), rows in grown.items():
            rows.sort()
            back = 0
            while back < len(rows):
                together = stands(
                    measure,
                    sum(row[1] for row in rows[:back]),
                    sum(row[3] for row in rows[:back]),
                    month.least,
                )
                if rows[back][0] and (back == 0 or (back > 1 and together)):
                    break
                back += 1
            held |= {(measure, "year", scope, key) for _, _, key, _ in rows[:back]}
        return {place: cell for place, cell in fresh.items() if place not in held}


def stands(measure: str, n: int, good: int, least: int) -> bool:
    """Whether so many cases could be shown with their share: ten or as many as the city wants, and of fewer than twenty
    ratings not only good or only bad ones."""
    return n >= max(RENEWED_FROM, least) and not (measure in RATINGS and n < ALIKE_BELOW and good in (0, n))


@dataclass
class Result:
    """What a recount found."""

    figures: int
    integers: int
    months: int
    cases: int
    differences: list[str]


def recount(url: str) -> Result:
    """Count all figures of a database again and compare them."""
    book = Book(url)
    book.count()
    counting = Recount(book.months)
    counting.run()
    wanted = {
        (period, *place): cell for period, cells in counting.expected.items() for place, cell in cells.items()
    }
    windows = {month.period: month.window_from for month in book.months}
    frozen = {
        (row["period"], row["measure"], row["span"], row["scope"], row["scope_key"]): row
        for row in book.figures
    }
    differences = []
    integers = 0
    for key in sorted(wanted.keys() | frozen.keys()):
        place = "/".join(key)
        if key not in frozen:
            differences.append(f"{place}: counted {wanted[key]}, but no row is frozen")
        elif key not in wanted:
            differences.append(f"{place}: a row is frozen that should not be there")
        else:
            row = frozen[key]
            first = key[0] if key[2] == "month" else windows[key[0]]
            if (row["window_from"], row["window_to"]) != (first, key[0]):
                differences.append(f"{place}: frozen for {row['window_from']} to {row['window_to']}")
            for name in NUMBERS:
                integers += row[name] is not None
                if row[name] != wanted[key].get(name):
                    differences.append(f"{place}: {name} is {row[name]}, counted {wanted[key].get(name)}")
    cases = sum(len(month.cases) for month in book.months)
    return Result(len(frozen), integers, len(book.months), cases, differences)


def main() -> int:
    if len(sys.argv) != 2:
        sys.stderr.write("usage: recount.py DATABASE_URL\n")
        return 2
    result = recount(sys.argv[1])
    sys.stdout.writelines(f"{line}\n" for line in result.differences)
    sys.stdout.write(
        f"{result.figures} figures with {result.integers} integers of {result.months} months, from {result.cases} "
        f"counted rounds: {len(result.differences)} differ\n"
    )
    return 1 if result.differences else 0


if __name__ == "__main__":
    sys.exit(main())

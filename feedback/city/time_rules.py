"""The parts of a city's profile that rule its clocks: `deadlines.toml` and `calendar.toml`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from feedback.city.part import Key, Kind, Nature, Part, TimeOfDay, Words


class NatureDefault(Part, frozen=True, kw_only=True):
    """Which legal nature an item has at first: the first row that fits its kind and service."""

    kind: Kind
    nature: Nature
    service: tuple[Key, ...] = ()


class LawRule(Part, frozen=True, kw_only=True):
    """One dated row of law: how long an answer may take for some natures."""

    key: Key
    version: Annotated[int, Meta(ge=1)]
    nature: Annotated[tuple[Nature, ...], Meta(min_length=1)]
    jurisdiction: Literal["GR", "LT", "EU"] | None = None
    """Whose law it is; none: the city's own."""
    start: Literal["received", "complete"] = "received"
    """What the time is counted from: the receipt, or the day on which the complete file was with whom it is for."""
    days: Annotated[int, Meta(ge=1, le=366)]
    """How many of `unit`; day 0 is not counted."""
    unit: Literal["calendar", "working", "months"]
    roll: bool
    """A due day on which the city is closed moves to its next working day."""
    pauses: bool
    """Whether the clock stands while the city waits for the citizen."""
    forward_days: Annotated[int, Meta(ge=1)] | None = None
    """By when a case of another authority is passed on, from the receipt."""
    forward_unit: Literal["calendar", "working"] = "calendar"
    tell_days: Annotated[int, Meta(ge=1)] | None = None
    """By when the person is told of it, from the passing on."""
    tell_unit: Literal["calendar", "working"] = "calendar"
    several_days: Annotated[int, Meta(ge=0, le=366)] = 0
    """So many more where several departments or authorities decide together."""
    extend_days: Annotated[int, Meta(ge=1, le=366)] | None = None
    """By how many the time may be extended at most, in all; none: it may not."""
    extend_notice_days: Annotated[int, Meta(ge=1)] | None = None
    """Working days after the decision to extend within which the person is told of it."""
    delay_notice_days: Annotated[int, Meta(ge=1)] | None = None
    """How many calendar days before the end a delay is announced at the latest."""
    valid_from: date
    valid_to: date | None = None
    """The last day on which an item can be received under this row; none while in force."""
    name: Words
    citation: Words
    remedy: Words = {}
    """What the law lets a person do when the day has passed (Greek receipts must say it)."""
    verify: bool = False
    """Marked where the row still wants a lawyer's eye; staff see the mark."""


class Deadlines(Part, frozen=True, kw_only=True):
    """`deadlines.toml`."""

    default_nature: Annotated[tuple[NatureDefault, ...], Meta(min_length=1)]
    law: tuple[LawRule, ...] = ()


class ClosedDay(Part, frozen=True, kw_only=True):
    """A day on which the municipality is closed beyond the public holidays: one date, or the same day each year."""

    name: Words
    on: date | None = None
    every: Annotated[str, Meta(pattern=r"^([01][0-9]-[0-3][0-9])?$")] = ""
    """Month and day, `11-11`; empty for a single date."""


class MovedDay(Part, frozen=True, kw_only=True):
    """A working day that was moved by decree: closed on the one, worked on the other with the hours of the first."""

    name: Words
    closed: date
    worked: date


class Hours(Part, frozen=True, kw_only=True):
    """From and to, local time of the city."""

    start: TimeOfDay
    end: TimeOfDay


class OfficeHours(Part, frozen=True, kw_only=True):
    """Office hours by weekday; a day without hours is not a working day."""

    monday: tuple[Hours, ...] = ()
    tuesday: tuple[Hours, ...] = ()
    wednesday: tuple[Hours, ...] = ()
    thursday: tuple[Hours, ...] = ()
    friday: tuple[Hours, ...] = ()
    saturday: tuple[Hours, ...] = ()
    sunday: tuple[Hours, ...] = ()

    @property
    def by_weekday(self) -> tuple[tuple[Hours, ...], ...]:
        """Seven entries, Monday first, as `date.weekday()` counts."""
        return (
            self.monday,
            self.tuesday,
            self.wednesday,
            self.thursday,
            self.friday,
            self.saturday,
            self.sunday,
        )


class Calendar(Part, frozen=True, kw_only=True):
    """`calendar.toml`: which days and hours count."""

    holidays: Literal["GR", "LT"] | None = None
    """Public holidays of the country, from the `holidays` package; without it only `closed` counts."""
    working: tuple[date, ...] = ()
    """Single public holidays on which this city works all the same."""
    half_days: Literal["worked", "closed"] = "worked"
    """What the half holidays of the country are (Greece: 24 and 31 December)."""
    half_day_end: TimeOfDay = "24:00"
    """When the offices close on a half holiday that is worked, for the promise; the law counts whole days."""
    closed: tuple[ClosedDay, ...] = ()
    moved: tuple[MovedDay, ...] = ()
    office_hours: OfficeHours

"""Working days: weekdays, public holidays of Greece and Lithuania, the city's own days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.city.time_rules import Calendar, ClosedDay, Hours, MovedDay, OfficeHours
from feedback.deadlines.promise import working_minutes
from feedback.deadlines.working_days import Days, days_of

WEEK = OfficeHours(
    monday=(Hours(start="08:00", end="16:00"),),
    tuesday=(Hours(start="08:00", end="16:00"),),
    wednesday=(Hours(start="08:00", end="16:00"),),
    thursday=(Hours(start="08:00", end="16:00"),),
    friday=(Hours(start="08:00", end="16:00"),),
)
GREEK = days_of(Calendar(holidays="GR", office_hours=WEEK))
LITHUANIAN = days_of(Calendar(holidays="LT", office_hours=WEEK))
PLAIN = days_of(Calendar(holidays=None, office_hours=WEEK))

dates = st.dates(min_value=date(2020, 1, 1), max_value=date(2035, 12, 31))
cities = st.sampled_from([GREEK, LITHUANIAN, PLAIN])


@pytest.mark.parametrize(
    ("days", "closed"),
    [
        (GREEK, date(2026, 2, 23)),  # Monday: Clean Monday
        (GREEK, date(2026, 4, 10)),  # Friday: Orthodox Good Friday
        (GREEK, date(2026, 4, 13)),  # Monday: Orthodox Easter Monday
        (GREEK, date(2026, 6, 1)),  # Monday: Monday of the Holy Spirit
        (GREEK, date(2027, 3, 15)),  # Monday: Clean Monday
        (GREEK, date(2027, 4, 30)),  # Friday: Orthodox Good Friday
        (GREEK, date(2027, 5, 4)),  # Tuesday: Labour Day, observed
        (GREEK, date(2026, 10, 28)),  # Wednesday: Ochi Day
        (LITHUANIAN, date(2026, 4, 6)),  # Monday: Western Easter Monday
        (LITHUANIAN, date(2027, 3, 29)),  # Monday: Western Easter Monday
        (LITHUANIAN, date(2026, 2, 16)),  # Monday: restoration of the state
        (LITHUANIAN, date(2026, 12, 24)),  # Thursday: Christmas Eve
        (LITHUANIAN, date(2026, 11, 2)),  # Monday: All Souls' Day
        (PLAIN, date(2026, 11, 21)),  # Saturday
    ],
)
def test_a_holiday_or_a_day_without_hours_is_not_worked(days: Days, closed: date) -> None:
    assert not days.is_working(closed)


@pytest.mark.parametrize(
    ("days", "worked"),
    [
        (GREEK, date(2026, 12, 24)),  # Thursday: a half day in Greece is a working day
        (GREEK, date(2026, 12, 31)),  # Thursday
        (GREEK, date(2026, 4, 6)),  # Monday: Western Easter Monday
        (LITHUANIAN, date(2026, 4, 13)),  # Monday: Orthodox Easter Monday
        (LITHUANIAN, date(2026, 4, 10)),  # Friday: Orthodox Good Friday
        (PLAIN, date(2026, 12, 25)),  # Friday: without a country no holidays
    ],
)
def test_what_is_no_holiday_of_the_country_is_worked(days: Days, worked: date) -> None:
    assert days.is_working(worked)


def test_the_city_closes_on_its_own_days_and_works_on_others() -> None:
    names = {"en": "Closed"}
    days = days_of(
        Calendar(
            holidays="GR",
            working=(date(2027, 5, 4), date(2026, 11, 11), date(2026, 12, 26)),
            closed=(ClosedDay(name=names, every="11-11"), ClosedDay(name=names, on=date(2026, 11, 20))),
            office_hours=WEEK,
        )
    )
    assert days.is_working(date(2027, 5, 4))  # Tuesday: a holiday on which the city works
    assert not days.is_working(date(2026, 12, 26))  # Saturday: a worked holiday without office hours
    assert not days.is_working(date(2026, 11, 11))  # Wednesday: what the city closes stays closed
    assert not days.is_working(date(2027, 11, 11))  # Thursday: the same each year
    assert not days.is_working(date(2026, 11, 20))  # Friday: once
    assert days.is_working(date(2025, 11, 20))  # Thursday


# The Sundays of Easter, Western and Orthodox. In 2025, 2028, 2031 and 2034 they are one day.
@pytest.mark.parametrize(
    ("western", "orthodox"),
    [
        (date(2024, 3, 31), date(2024, 5, 5)),
        (date(2025, 4, 20), date(2025, 4, 20)),
        (date(2026, 4, 5), date(2026, 4, 12)),
        (date(2027, 3, 28), date(2027, 5, 2)),
        (date(2028, 4, 16), date(2028, 4, 16)),
        (date(2029, 4, 1), date(2029, 4, 8)),
        (date(2030, 4, 21), date(2030, 4, 28)),
        (date(2031, 4, 13), date(2031, 4, 13)),
        (date(2032, 3, 28), date(2032, 5, 2)),
        (date(2033, 4, 17), date(2033, 4, 24)),
        (date(2034, 4, 9), date(2034, 4, 9)),
        (date(2035, 3, 25), date(2035, 4, 29)),
    ],
)
def test_easter_is_the_one_of_the_church_of_the_country(western: date, orthodox: date) -> None:
    for after in (-48, -2, 1, 50):  # Clean Monday, Good Friday, Easter Monday, Monday of the Holy Spirit
        day = orthodox + timedelta(days=after)
        assert GREEK.why_closed(day) == "holiday", day
        if western != orthodox:
            assert LITHUANIAN.is_working(day) or day.month in (3, 5, 6), (
                day
            )  # 11 March and 1 May may meet it.
    assert LITHUANIAN.why_closed(western + timedelta(days=1)) == "holiday"
    assert LITHUANIAN.is_working(western - timedelta(days=2))  # Good Friday is worked in Lithuania.
    if western + timedelta(days=1) not in (orthodox + timedelta(days=after) for after in (1, -48, -2)):
        free = {date(western.year, 3, 25), date(western.year, 5, 1)}
        assert GREEK.is_working(western + timedelta(days=1)) or western + timedelta(days=1) in free


def test_half_holidays_are_worked_closed_or_short() -> None:
    eve = date(2026, 12, 24)  # Thursday
    assert GREEK.is_half(eve)
    assert GREEK.is_working(eve)
    assert not LITHUANIAN.is_half(eve)  # A whole holiday there.
    closed = days_of(Calendar(holidays="GR", half_days="closed", office_hours=WEEK))
    assert closed.why_closed(eve) == "holiday"
    short = Calendar(holidays="GR", half_day_end="12:00", office_hours=WEEK)
    athens = ZoneInfo("Europe/Athens")
    start = datetime(2026, 12, 24, tzinfo=athens)
    minutes = [
        working_minutes(day, day + timedelta(days=1), WEEK, days_of(short), athens)
        for day in (start, start - timedelta(days=1))
    ]
    assert minutes == [240, 480]


def test_a_working_day_moved_by_decree_keeps_its_hours() -> None:
    names = {"en": "Moved"}
    friday, saturday = date(2026, 5, 22), date(2026, 5, 30)
    short = OfficeHours(monday=WEEK.monday, friday=(Hours(start="08:00", end="12:00"),))
    calendar = Calendar(
        holidays="LT", moved=(MovedDay(name=names, closed=friday, worked=saturday),), office_hours=short
    )
    days = days_of(calendar)
    assert days.why_closed(friday) == "moved"
    assert days.is_working(saturday)
    assert days.why_closed(saturday + timedelta(days=7)) == "weekend"
    assert days.add_working(date(2026, 5, 18), 2) == date(
        2026, 5, 29
    )  # Monday → Monday → Friday, the 22nd is free
    vilnius = ZoneInfo("Europe/Vilnius")
    start = datetime(2026, 5, 30, tzinfo=vilnius)
    assert working_minutes(start, start + timedelta(days=1), short, days, vilnius) == 240
    closed = days_of(msgspec.structs.replace(calendar, closed=(ClosedDay(name=names, on=saturday),)))
    assert closed.why_closed(saturday) == "city"


@pytest.mark.parametrize(
    ("days", "start", "n", "end"),
    [
        (LITHUANIAN, date(2026, 12, 10), 20, date(2027, 1, 12)),  # Thursday → Tuesday
        (LITHUANIAN, date(2026, 3, 30), 20, date(2026, 4, 28)),  # Monday → Tuesday
        (LITHUANIAN, date(2026, 12, 22), 5, date(2026, 12, 31)),  # Tuesday → Thursday
        (PLAIN, date(2026, 11, 20), 1, date(2026, 11, 23)),  # Friday → Monday
        (PLAIN, date(2026, 11, 21), 1, date(2026, 11, 23)),  # Saturday → Monday
        (PLAIN, date(2026, 11, 21), 0, date(2026, 11, 21)),  # Saturday: day 0 itself
        (PLAIN, date(2026, 12, 31), 261, date(2027, 12, 31)),  # Thursday → Friday: exactly a year's last one
        (PLAIN, date(2026, 11, 20), 366, date(2028, 4, 17)),  # Friday → Monday, over two ends of year
    ],
)
def test_working_days_are_counted_from_the_day_after(days: Days, start: date, n: int, end: date) -> None:
    assert days.add_working(start, n) == end


def test_counting_backward_is_refused() -> None:
    with pytest.raises(ValueError, match="forward"):
        PLAIN.add_working(date(2026, 11, 20), -1)


def test_the_next_working_day_is_the_day_itself_or_the_first_one_after() -> None:
    assert GREEK.next_working(date(2026, 4, 9)) == date(2026, 4, 9)  # Thursday
    assert GREEK.next_working(date(2026, 4, 10)) == date(2026, 4, 14)  # Good Friday → Tuesday
    assert GREEK.next_working(date(2026, 12, 25)) == date(2026, 12, 28)  # Friday → Monday


def test_a_week_without_office_hours_is_refused() -> None:
    with pytest.raises(ValueError, match="no weekday"):
        days_of(Calendar(holidays="LT", office_hours=OfficeHours()))


def test_the_same_calendar_gives_the_same_days() -> None:
    again = days_of(Calendar(holidays="GR", office_hours=WEEK))
    assert again == GREEK
    assert hash(again) == hash(GREEK)
    assert GREEK != LITHUANIAN


@settings(deadline=None)
@given(days=cities, day=dates, n=st.integers(0, 400))
def test_adding_and_counting_are_inverse(days: Days, day: date, n: int) -> None:
    end = days.add_working(day, n)
    assert days.count_working(day, end) == n
    assert n == 0 or (days.is_working(end) and end > day)


@settings(deadline=None)
@given(days=cities, day=dates, n=st.integers(0, 400), later=st.integers(0, 30), more=st.integers(1, 30))
def test_adding_is_monotone_in_start_and_number(days: Days, day: date, n: int, later: int, more: int) -> None:
    assert days.add_working(day, n) <= days.add_working(day + timedelta(days=later), n)
    assert days.add_working(day, n) < days.add_working(day, n + more)


@settings(deadline=None)
@given(days=cities, day=dates, length=st.integers(-5, 800))
def test_counting_agrees_with_looking_at_each_day(days: Days, day: date, length: int) -> None:
    upto = day + timedelta(days=length)
    one_by_one = sum(days.is_working(day + timedelta(days=n)) for n in range(1, length + 1))
    assert days.count_working(day, upto) == one_by_one

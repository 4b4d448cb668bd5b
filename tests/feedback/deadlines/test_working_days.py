"""Working days: weekdays, public holidays of Greece and Lithuania, the city's own days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.city.profile import Calendar, ClosedDay, Hours, OfficeHours
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

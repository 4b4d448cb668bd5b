"""The service promise: working minutes, days on which the clocks change, pauses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from feedback.city.time_rules import Calendar, Hours, OfficeHours
from feedback.deadlines.promise import (
    add_working_minutes,
    local_day,
    minutes_of_days,
    minutes_promised,
    promise_due,
    promise_due_on,
    working_minutes,
)
from feedback.deadlines.working_days import Days, days_of

VILNIUS = ZoneInfo("Europe/Vilnius")
EIGHT_TO_FOUR = (Hours(start="08:00", end="16:00"),)
WEEK = OfficeHours(
    monday=EIGHT_TO_FOUR,
    tuesday=EIGHT_TO_FOUR,
    wednesday=EIGHT_TO_FOUR,
    thursday=EIGHT_TO_FOUR,
    friday=EIGHT_TO_FOUR,
)
DAYS = days_of(Calendar(holidays="LT", office_hours=WEEK))

WITH_LUNCH = (Hours(start="08:00", end="12:00"), Hours(start="12:45", end="17:00"))
SHORT_FRIDAY = OfficeHours(
    monday=WITH_LUNCH,
    tuesday=WITH_LUNCH,
    wednesday=WITH_LUNCH,
    thursday=WITH_LUNCH,
    friday=(Hours(start="08:00", end="12:00"), Hours(start="12:45", end="15:45")),
)
SHORT_FRIDAY_DAYS = days_of(Calendar(holidays="LT", office_hours=SHORT_FRIDAY))

ALL_DAY = (Hours(start="00:00", end="24:00"),)
ROUND_THE_CLOCK = OfficeHours(
    monday=ALL_DAY,
    tuesday=ALL_DAY,
    wednesday=ALL_DAY,
    thursday=ALL_DAY,
    friday=ALL_DAY,
    saturday=ALL_DAY,
    sunday=ALL_DAY,
)
EVERY_DAY = days_of(Calendar(holidays=None, office_hours=ROUND_THE_CLOCK))


def at(text: str) -> datetime:
    """A wall-clock time in Vilnius."""
    return datetime.fromisoformat(text).replace(tzinfo=VILNIUS)


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-11-20 09:00", "2026-11-20 10:30", 90),  # Friday
        ("2026-11-20 07:00", "2026-11-20 20:00", 480),  # Friday, before and after office hours
        ("2026-11-20 15:00", "2026-11-23 09:00", 120),  # Friday → Monday
        ("2026-11-21 09:00", "2026-11-22 15:00", 0),  # Saturday → Sunday
        ("2026-12-23 15:00", "2026-12-28 09:00", 120),  # Wednesday → Monday, over Christmas
        ("2026-11-20 16:00", "2026-11-23 08:00", 0),  # Friday's closing → Monday's opening
        ("2026-11-20 10:00", "2026-11-20 09:00", 0),  # Friday, the wrong way round
        ("2026-11-20 09:00:59", "2026-11-20 09:01:00", 1),  # Friday: minutes are whole
        ("2026-11-20 09:00:01", "2026-11-20 09:00:59", 0),  # Friday
        ("2026-12-31 15:30", "2027-01-04 08:30", 60),  # Thursday → Monday, over New Year
        ("2024-12-31 00:00", "2027-01-01 00:00", (1 + 252 + 251) * 480),  # Tuesday → Friday, over two years
    ],
)
def test_only_office_minutes_count(start: str, end: str, minutes: int) -> None:
    assert working_minutes(at(start), at(end), WEEK, DAYS, VILNIUS) == minutes


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-11-19 11:30", "2026-11-19 13:00", 45),  # Thursday, over lunch
        ("2026-11-19 12:10", "2026-11-19 12:40", 0),  # Thursday, within lunch
        ("2026-11-19 16:00", "2026-11-20 16:30", 60 + 420),  # Thursday → Friday, which is short
    ],
)
def test_a_break_is_no_office_time(start: str, end: str, minutes: int) -> None:
    assert working_minutes(at(start), at(end), SHORT_FRIDAY, SHORT_FRIDAY_DAYS, VILNIUS) == minutes


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-11-20 09:00", 90, "2026-11-20 10:30"),  # Friday
        ("2026-11-20 15:00", 60, "2026-11-20 16:00"),  # Friday: to closing time, not to Monday's opening
        ("2026-11-20 15:00", 61, "2026-11-23 08:01"),  # Friday → Monday
        ("2026-11-20 06:00", 480, "2026-11-20 16:00"),  # Friday, before office hours
        ("2026-11-20 16:00", 480, "2026-11-23 16:00"),  # Friday's closing → Monday's
        ("2026-11-21 13:00", 1, "2026-11-23 08:01"),  # Saturday → Monday
        ("2026-11-21 13:00", 0, "2026-11-21 13:00"),  # Saturday: nothing is added
        ("2026-12-31 15:00", 60 + 480 * 261 + 1, "2028-01-03 08:01"),  # Thursday → Monday, over a year
    ],
)
def test_minutes_are_added_within_office_hours(start: str, minutes: int, end: str) -> None:
    days = days_of(Calendar(holidays=None, office_hours=WEEK))
    reached = add_working_minutes(at(start), minutes, WEEK, days, VILNIUS)
    assert reached == at(end)
    assert reached.tzinfo is UTC


def test_taking_minutes_away_is_refused() -> None:
    with pytest.raises(ValueError, match="forward"):
        add_working_minutes(at("2026-11-20 09:00"), -1, WEEK, DAYS, VILNIUS)


def test_an_instant_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 11, 20, 9, 0)
    with pytest.raises(ValueError, match="zone"):
        working_minutes(naive, at("2026-11-20 10:00"), WEEK, DAYS, VILNIUS)
    with pytest.raises(ValueError, match="zone"):
        local_day(naive, VILNIUS)


@pytest.mark.parametrize(
    ("hours", "minutes"),
    [
        (WEEK, 480),
        (SHORT_FRIDAY, 495),  # Four days of 8:15 and one of 7:00.
        (OfficeHours(monday=EIGHT_TO_FOUR, tuesday=(Hours(start="08:00", end="14:00"),)), 480),  # The longer.
        (ROUND_THE_CLOCK, 1440),
    ],
)
def test_a_day_of_a_duration_is_the_typical_working_day(hours: OfficeHours, minutes: int) -> None:
    assert minutes_of_days(1, hours) == minutes
    assert minutes_of_days(7, hours) == 7 * minutes


def test_a_duration_without_office_hours_is_refused() -> None:
    with pytest.raises(ValueError, match="no weekday"):
        minutes_of_days(1, OfficeHours())


@pytest.mark.parametrize(
    ("start", "promise_days", "due"),
    [
        ("2026-11-16 08:00", 1, "2026-11-16 16:00"),  # Monday at opening → the same closing time
        ("2026-11-16 05:00", 1, "2026-11-16 16:00"),  # Monday before office hours
        ("2026-11-16 10:15", 1, "2026-11-17 10:15"),  # Monday → Tuesday
        ("2026-11-16 21:00", 1, "2026-11-17 16:00"),  # Monday after office hours → Tuesday's closing
        ("2026-11-21 12:00", 1, "2026-11-23 16:00"),  # Saturday → Monday
        ("2026-11-20 10:00", 5, "2026-11-27 10:00"),  # Friday → Friday
        ("2026-12-22 10:00", 6, "2027-01-04 10:00"),  # Tuesday → Monday, over Christmas and New Year
    ],
)
def test_a_promise_ends_at_the_same_working_distance(start: str, promise_days: int, due: str) -> None:
    assert promise_due(at(start), promise_days, WEEK, DAYS, VILNIUS) == at(due)


@pytest.mark.parametrize(
    ("start", "promise_days", "due"),
    [
        # Monday to Thursday 8:00 to 17:00, Friday to 15:45, a break from 12:00 to 12:45.
        ("2026-11-22 04:31", 10, "2026-12-04 15:45"),  # Sunday → the tenth working day, a Friday, at closing
        ("2026-11-23 08:00", 5, "2026-11-27 15:45"),  # Monday at opening → Friday's closing
        ("2026-11-23 09:30", 20, "2026-12-21 09:30"),  # Monday → Monday, over four short Fridays
        ("2026-11-26 16:40", 1, "2026-11-27 15:45"),  # Thursday, when Friday is closed at that time
        ("2026-11-27 15:50", 1, "2026-11-30 17:00"),  # Friday after closing → Monday's closing
        ("2026-11-27 10:00", 1, "2026-11-30 10:00"),  # Friday → Monday
        ("2026-11-26 12:20", 1, "2026-11-27 12:00"),  # Thursday in the break: half a day is worked on both
    ],
)
def test_a_short_day_is_a_promised_day_like_any_other(start: str, promise_days: int, due: str) -> None:
    reached = promise_due(at(start), promise_days, SHORT_FRIDAY, SHORT_FRIDAY_DAYS, VILNIUS)
    assert reached == at(due)


@pytest.mark.parametrize(
    ("pauses", "due"),
    [
        # Two days from Monday 16 November 2026, 10:00, are over on Wednesday at 10:00.
        ([], "2026-11-18 10:00"),
        ([("2026-11-16 12:00", "2026-11-16 14:00")], "2026-11-18 12:00"),  # Two hours of Monday.
        ([("2026-11-16 12:00", "2026-11-17 12:00")], "2026-11-19 10:00"),  # A working day.
        ([("2026-11-16 18:00", "2026-11-17 06:00")], "2026-11-18 10:00"),  # A night is no working time.
        (
            [("2026-11-10 12:00", "2026-11-16 11:00")],
            "2026-11-18 11:00",
        ),  # What lies before the start does not count.
        ([("2026-11-18 10:00", "2026-11-19 10:00")], "2026-11-18 10:00"),  # The time was over.
        ([("2026-11-18 09:59", "2026-11-19 09:59")], "2026-11-19 10:00"),  # A minute was left.
        (
            [("2026-11-17 09:00", "2026-11-17 11:00"), ("2026-11-16 12:00", "2026-11-17 10:00")],
            "2026-11-19 09:00",  # Overlapping: seven hours in all.
        ),
        (
            [("2026-11-16 12:00", "2026-11-16 14:00"), ("2026-11-18 11:00", "2026-11-18 12:00")],
            "2026-11-18 13:00",  # The first makes room for the second.
        ),
    ],
)
def test_paused_working_time_does_not_count(pauses: list[tuple[str, str]], due: str) -> None:
    intervals = [(at(began), at(ended)) for began, ended in pauses]
    assert promise_due(at("2026-11-16 10:00"), 2, WEEK, DAYS, VILNIUS, intervals) == at(due)


# In Vilnius Sunday 29 March 2026 has no 03:00 to 04:00, and Sunday 25 October 2026 has it twice.
@pytest.mark.parametrize(
    ("day", "hours_of_day"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-03-28", 24)]
)
def test_a_day_on_which_the_clocks_change_has_its_real_length(day: str, hours_of_day: int) -> None:
    start = at(f"{day} 00:00")
    end = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=VILNIUS)
    assert working_minutes(start, end, ROUND_THE_CLOCK, EVERY_DAY, VILNIUS) == hours_of_day * 60


def test_office_hours_keep_to_the_wall_clock_when_it_changes() -> None:
    due = promise_due(at("2026-03-27 10:00"), 1, WEEK, DAYS, VILNIUS)  # Friday → Monday, over the change
    assert due == datetime(2026, 3, 30, 7, 0, tzinfo=UTC)  # 10:00 is 07:00 UTC in summer, 08:00 before


def test_the_hour_that_comes_twice_counts_twice() -> None:
    night = (Hours(start="02:00", end="05:00"),)
    hours = OfficeHours(saturday=night, sunday=night)
    days = days_of(Calendar(holidays=None, office_hours=hours))
    day_before = at("2026-10-24 00:00")  # Saturday
    assert working_minutes(day_before, at("2026-10-25 00:00"), hours, days, VILNIUS) == 180
    assert working_minutes(at("2026-10-25 00:00"), at("2026-10-26 00:00"), hours, days, VILNIUS) == 240
    reached = add_working_minutes(at("2026-10-25 00:00"), 120, hours, days, VILNIUS)
    assert reached == at("2026-10-25 03:00").replace(fold=1).astimezone(UTC)  # 03:00 for the second time


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 11, 20, 21, 59, tzinfo=UTC), date(2026, 11, 20)),  # Friday, a minute to midnight
        (datetime(2026, 11, 20, 22, 0, tzinfo=UTC), date(2026, 11, 21)),  # Saturday
        (datetime(2026, 7, 10, 21, 0, tzinfo=UTC), date(2026, 7, 11)),  # Saturday, in summer
    ],
)
def test_the_local_day_of_an_instant_is_the_citys(instant: datetime, day: date) -> None:
    assert local_day(instant, VILNIUS) == day


def test_closing_time_belongs_to_the_day_that_closes() -> None:
    due = promise_due(at("2026-11-20 08:00"), 1, WEEK, DAYS, VILNIUS)  # Friday, 16:00
    assert promise_due_on(due, VILNIUS) == date(2026, 11, 20)
    due = promise_due(at("2026-11-20 00:00"), 1, ROUND_THE_CLOCK, EVERY_DAY, VILNIUS)  # Friday, 24:00
    assert due == at("2026-11-21 00:00")
    assert promise_due_on(due, VILNIUS) == date(2026, 11, 20)


cities = st.sampled_from([(WEEK, DAYS), (SHORT_FRIDAY, SHORT_FRIDAY_DAYS), (ROUND_THE_CLOCK, EVERY_DAY)])
instants = st.datetimes(
    min_value=datetime(2024, 1, 1), max_value=datetime(2030, 12, 31), timezones=st.just(UTC)
)
spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=500))
pauses = st.lists(
    st.tuples(
        st.timedeltas(min_value=-timedelta(days=3), max_value=timedelta(days=40)),
        st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=10)),
    ),
    max_size=4,
)
City = tuple[OfficeHours, Days]


def intervals_of(
    start: datetime, waits: list[tuple[timedelta, timedelta]]
) -> list[tuple[datetime, datetime]]:
    return [(start + after, start + after + length) for after, length in waits]


@settings(deadline=None)
@given(city=cities, start=instants, first=spans, second=spans)
def test_stretches_that_join_add_up(city: City, start: datetime, first: timedelta, second: timedelta) -> None:
    hours, days = city
    middle, end = start + first, start + first + second
    assert working_minutes(start, middle, hours, days, VILNIUS) + working_minutes(
        middle, end, hours, days, VILNIUS
    ) == working_minutes(start, end, hours, days, VILNIUS)


@settings(deadline=None)
@given(city=cities, start=instants, minutes=st.integers(0, 250_000))
def test_adding_and_counting_minutes_are_inverse(city: City, start: datetime, minutes: int) -> None:
    hours, days = city
    end = add_working_minutes(start, minutes, hours, days, VILNIUS)
    assert working_minutes(start, end, hours, days, VILNIUS) == minutes
    assert end >= start


@settings(deadline=None)
@given(
    city=cities,
    start=instants,
    minutes=st.integers(1, 250_000) | st.integers(1, 60).map(lambda days: days * 480),
)
def test_added_minutes_end_as_early_as_possible(city: City, start: datetime, minutes: int) -> None:
    hours, days = city
    end = add_working_minutes(start, minutes, hours, days, VILNIUS)
    assert working_minutes(start, end - timedelta(minutes=1), hours, days, VILNIUS) == minutes - 1


@settings(deadline=None, max_examples=40)
@given(city=cities, start=instants, length=st.integers(0, 2 * 1440))
def test_counting_agrees_with_looking_at_each_minute(city: City, start: datetime, length: int) -> None:
    hours, days = city
    start = start.replace(second=0, microsecond=0)
    worked = 0
    for n in range(length):
        local = (start + timedelta(minutes=n)).astimezone(VILNIUS)
        clock = f"{local:%H:%M}"
        stretches = hours.by_weekday[local.weekday()] if days.is_working(local.date()) else ()
        worked += any(stretch.start <= clock < stretch.end for stretch in stretches)
    assert working_minutes(start, start + timedelta(minutes=length), hours, days, VILNIUS) == worked


@settings(deadline=None)
@given(city=cities, start=instants, later=spans, promise_days=st.integers(1, 60), more=st.integers(1, 20))
def test_a_promise_is_monotone_in_start_and_days(
    city: City, start: datetime, later: timedelta, promise_days: int, more: int
) -> None:
    hours, days = city
    due = promise_due(start, promise_days, hours, days, VILNIUS)
    assert start < due < promise_due(start, promise_days + more, hours, days, VILNIUS)
    assert due <= promise_due(start + later, promise_days, hours, days, VILNIUS)


@settings(deadline=None)
@given(city=cities, start=instants, promise_days=st.integers(1, 30), waits=pauses, extra=pauses)
def test_waiting_never_shortens_a_promise(
    city: City,
    start: datetime,
    promise_days: int,
    waits: list[tuple[timedelta, timedelta]],
    extra: list[tuple[timedelta, timedelta]],
) -> None:
    hours, days = city
    fewer, all_of_them = intervals_of(start, waits), intervals_of(start, waits + extra)
    assert promise_due(start, promise_days, hours, days, VILNIUS, fewer) <= promise_due(
        start, promise_days, hours, days, VILNIUS, all_of_them
    )


@settings(deadline=None)
@given(city=cities, start=instants, promise_days=st.integers(1, 30), waits=pauses)
def test_what_is_not_waiting_before_the_due_instant_is_the_promise(
    city: City, start: datetime, promise_days: int, waits: list[tuple[timedelta, timedelta]]
) -> None:
    """Counted the other way round: minute by minute of the office, less those inside a pause."""
    hours, days = city
    start = start.replace(second=0, microsecond=0)
    whole = [
        (timedelta(minutes=after // timedelta(minutes=1)), timedelta(minutes=length // timedelta(minutes=1)))
        for after, length in waits
    ]
    intervals = intervals_of(start, whole)
    due = promise_due(start, promise_days, hours, days, VILNIUS, intervals)
    assume(due - start < timedelta(days=90))
    edges = sorted({start, due, *(edge for interval in intervals for edge in interval if start < edge < due)})
    counted = sum(
        working_minutes(left, right, hours, days, VILNIUS)
        for left, right in pairwise(edges)
        if not any(began <= left and right <= ended for began, ended in intervals)
    )
    assert counted == minutes_promised(start, promise_days, hours, days, VILNIUS)


@settings(deadline=None)
@given(city=cities, start=instants, promise_days=st.integers(1, 60))
def test_a_promise_is_due_on_its_last_working_day(city: City, start: datetime, promise_days: int) -> None:
    """As a person counts on a calendar: the day after is day one, or today before the office has opened."""
    hours, days = city
    due_on = promise_due_on(promise_due(start, promise_days, hours, days, VILNIUS), VILNIUS)
    today = local_day(start, VILNIUS)
    assert days.count_working(today, due_on) in (promise_days - 1, promise_days)
    worked_today = working_minutes(
        datetime.combine(today, datetime.min.time(), VILNIUS), start, hours, days, VILNIUS
    )
    if worked_today or not days.is_working(today):
        assert days.count_working(today, due_on) == promise_days

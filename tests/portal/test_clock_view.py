"""The two clocks as pages draw them: words and positions in each situation of a cycle."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.city.load import read_folder
from feedback.items import keep_time
from feedback.items.views import ClockView, PauseView
from portal.clock_view import AXIS, Track, Tracks, clock_of

CITY = read_folder(Path(__file__).parents[1] / "cities" / "riverton")
START = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
"""Monday 09:00 in Riverton, a holiday: promise (5 working days) Monday 9 November 16:00, law Monday 30 November."""


def clocks(
    *,
    stopped_at: datetime | None = None,
    stopped_by: str = "answer",
    pauses: tuple[PauseView, ...] = (),
    nature: str = "service_request",
) -> tuple[ClockView, ...]:
    made = keep_time.first_clocks(
        CITY, nature=nature, service="street-lighting", started_at=START, version_number=1
    )
    is_open = stopped_at is None and any(pause.until is None for pause in pauses)
    return tuple(
        ClockView(
            which=row["which"],
            rule_key=row["rule_key"],
            rule_version=row["rule_version"],
            started_at=START,
            due_on=None if is_open and row["which"] == "promise" else row["due_on"],
            due_at=None if is_open and row["which"] == "promise" else row["due_at"],
            stopped_at=stopped_at,
            stopped_by=stopped_by if stopped_at else "",
            pauses=pauses if row["which"] == "promise" else (),
        )
        for row in made
    )


def promise(tracks: Tracks) -> Track:
    assert tracks.promise is not None
    return tracks.promise


def law(tracks: Tracks) -> Track:
    assert tracks.law is not None
    return tracks.law


def at(day: int, hour: int = 8) -> datetime:
    return (
        datetime(2026, 11, day, hour, tzinfo=UTC)
        if day <= 30
        else datetime(2026, 12, day - 30, hour, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("now", "of_promise", "of_law"),
    [
        (at(2), "5 working days left", "20 working days left"),
        (at(6), "1 working day left", "16 working days left"),
        (at(9, 13), "due today", "15 working days left"),  # 15:00 in Riverton: an hour to go.
        (at(9, 14), "late since 9 November", "15 working days left"),  # 16:00: the promised minutes are over.
        (at(10), "late by 1 working day", "14 working days left"),
        (at(30, 20), "late by 15 working days", "due today"),  # 22:00 in Riverton, still the day.
        (at(30, 22), "late by 16 working days", "late by 1 working day"),  # Past midnight there: 1 December.
        (at(33), "late by 18 working days", "late by 3 working days"),
    ],
)
def test_a_running_clock_says_what_is_left_or_how_late_it_is(
    now: datetime, of_promise: str, of_law: str
) -> None:
    tracks = clock_of(clocks(), city=CITY, now=now)
    assert (promise(tracks).state_text, law(tracks).state_text) == (of_promise, of_law)
    assert promise(tracks).overdue is of_promise.startswith("late")
    assert law(tracks).overdue is of_law.startswith("late")


def test_the_labels_name_clock_and_length() -> None:
    tracks = clock_of(clocks(), city=CITY, now=at(2))
    assert (promise(tracks).label, law(tracks).label) == (
        "Our promise: 5 working days",
        "Law: 20 working days",
    )
    assert (promise(tracks).date_text, law(tracks).date_text) == ("Monday 9 November", "Monday 30 November")


def test_the_axis_ends_at_the_law_and_elapsed_stands_at_now() -> None:
    tracks = clock_of(clocks(), city=CITY, now=at(9, 14))
    assert law(tracks).due == AXIS
    assert promise(tracks).due == promise(tracks).elapsed == law(tracks).elapsed
    assert 200 < promise(tracks).due < 300


def test_the_axis_ends_at_now_when_all_is_over() -> None:
    tracks = clock_of(clocks(), city=CITY, now=at(40))
    assert law(tracks).elapsed == AXIS
    assert law(tracks).due < AXIS


@pytest.mark.parametrize(
    ("answered_at", "of_promise", "of_law"),
    [
        (at(5), "kept", "kept"),
        (at(9, 20), "kept", "kept"),  # After the hour but on the day: in time is judged by the day.
        (at(11), "missed by 2 working days", "kept"),
        (at(32), "missed by 17 working days", "missed by 2 working days"),
    ],
)
def test_an_answer_keeps_or_misses_each_clock_by_its_day(
    answered_at: datetime, of_promise: str, of_law: str
) -> None:
    tracks = clock_of(clocks(stopped_at=answered_at), city=CITY, now=at(45))
    assert (promise(tracks).state_text, law(tracks).state_text) == (of_promise, of_law)
    assert promise(tracks).overdue is of_promise.startswith("missed")
    assert promise(tracks).stopped and law(tracks).stopped


def test_a_withdrawn_case_is_neither_kept_nor_missed() -> None:
    tracks = clock_of(clocks(stopped_at=at(20), stopped_by="withdrawal"), city=CITY, now=at(45))
    assert {promise(tracks).state_text, law(tracks).state_text} == {"stopped"}
    assert not promise(tracks).overdue


def test_a_paused_clock_says_what_is_left_after_the_reply() -> None:
    paused = (PauseView(at(4, 14), None, keep_time.WAITING),)  # After two of five working days.
    tracks = clock_of(clocks(pauses=paused), city=CITY, now=at(12, 6))
    assert promise(tracks).date_text == "paused"
    # A reply on Thursday morning would make it due on Monday: Friday and Monday are left.
    assert promise(tracks).state_text == "2 working days left after the reply"
    assert promise(tracks).paused and promise(tracks).stopped and not promise(tracks).overdue
    ((begin, end),) = promise(tracks).stripes
    assert 0 < begin < end == promise(tracks).elapsed < promise(tracks).due
    assert not law(tracks).paused


def test_a_pause_that_is_over_stays_striped() -> None:
    paused = (PauseView(at(4), at(6), keep_time.WAITING),)
    tracks = clock_of(clocks(pauses=paused), city=CITY, now=at(7))
    ((begin, end),) = promise(tracks).stripes
    assert 0 < begin < end < promise(tracks).elapsed


def test_a_clock_that_a_rule_took_away_is_not_drawn() -> None:
    made = tuple(
        ClockView(c.which, c.rule_key, c.rule_version, START, None, None, START, "rule", ())
        if c.which == "promise"
        else c
        for c in clocks()
    )
    tracks = clock_of(made, city=CITY, now=at(3))
    assert tracks.promise is None and tracks.law is not None
    assert clock_of((), city=CITY, now=at(3)) == Tracks(None, None)


def test_a_rule_that_the_profile_has_no_more_is_still_drawn() -> None:
    made = tuple(
        ClockView(c.which, "gone:x", 9, START, c.due_on, c.due_at, None, "", c.pauses) for c in clocks()
    )
    tracks = clock_of(made, city=CITY, now=at(3))
    assert (promise(tracks).label, law(tracks).label) == ("Our promise", "Law")
    assert law(tracks).due_on == date(2026, 11, 30)


@given(
    now=st.integers(0, 200 * 24 * 60),
    stop=st.none() | st.integers(0, 200 * 24 * 60),
    since=st.none() | st.integers(0, 100 * 24 * 60),
)
def test_positions_always_lie_on_the_axis(now: int, stop: int | None, since: int | None) -> None:
    moment = START + timedelta(minutes=now)
    stopped_at = None if stop is None else START + timedelta(minutes=min(stop, now))
    pauses = ()
    if since is not None:
        begin = START + timedelta(minutes=min(since, now, now if stop is None else min(stop, now)))
        pauses = (PauseView(begin, stopped_at, keep_time.WAITING),)
    tracks = clock_of(clocks(stopped_at=stopped_at, pauses=pauses), city=CITY, now=moment)
    for track in (promise(tracks), law(tracks)):
        places = [track.elapsed, track.due, *(place for stripe in track.stripes for place in stripe)]
        assert all(0 <= place <= AXIS for place in places)
        assert all(begin <= end for begin, end in track.stripes)
        assert track.state_text

"""The two clocks of a row as bars: where they end, what is late, how a pause is drawn."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import pytest

from feedback.items.views import ClockView, PauseView
from portal.staff import mini

ZONE = ZoneInfo("Europe/Vilnius")


def day(number: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, number, hour, tzinfo=UTC)


def clock(
    which: Literal["law", "promise"],
    due: int | None,
    *,
    stopped: datetime | None = None,
    stopped_by: str = "",
    pauses: tuple[PauseView, ...] = (),
) -> ClockView:
    return ClockView(
        which=which,
        rule_key="rule",
        rule_version=1,
        started_at=day(2),
        due_on=None if due is None else date(2026, 11, due),
        due_at=None if due is None else day(due),
        stopped_at=stopped,
        stopped_by=stopped_by,
        pauses=pauses,
    )


def drawn(*clocks: ClockView, now: datetime) -> list[tuple[str, int, int, int]]:
    """Kind, left edge, top and width of every bar."""
    found = re.findall(r'bar__(\w+)" x="(\d+)" y="(\d)" width="(\d+)"', mini.bars(clocks, zone=ZONE, now=now))
    return [(name, int(x), int(y), int(width)) for name, x, y, width in found]


def test_both_clocks_share_an_axis_that_ends_with_the_law() -> None:
    assert drawn(clock("law", 22), clock("promise", 12), now=day(7)) == [
        ("rest", 0, 0, 30),
        ("promise", 0, 0, 15),
        ("end", 27, 0, 3),
        ("rest", 0, 5, 60),
        ("law", 0, 5, 15),
        ("end", 57, 5, 3),
    ]


def test_what_is_late_reaches_beyond_its_end() -> None:
    assert drawn(clock("promise", 12), now=day(22)) == [
        ("promise", 0, 0, 30),
        ("late", 30, 0, 30),
        ("end", 27, 0, 3),
    ]


def test_an_answer_later_on_its_due_day_is_not_late() -> None:
    answered = clock("law", 12, stopped=day(12, 18), stopped_by="answer")
    assert "late" not in [bar[0] for bar in drawn(answered, now=day(20))]
    assert not mini.is_late(answered, zone=ZONE, now=day(20))
    late = clock("law", 12, stopped=day(13), stopped_by="answer")
    assert mini.is_late(late, zone=ZONE, now=day(20))


def test_a_pause_is_striped_and_a_clock_that_stands_still_ends_with_the_axis() -> None:
    text = mini.bars(
        [clock("promise", None, pauses=(PauseView(day(7), None, "question"),))], zone=ZONE, now=day(12)
    )
    assert 'class="bar__pause" x1="30" x2="60"' in text
    assert 'class="bar__end" x="57"' in text


@pytest.mark.parametrize("clocks", [(), (clock("law", 12, stopped=day(3), stopped_by="rule"),)])
def test_without_a_clock_there_is_no_picture(clocks: tuple[ClockView, ...]) -> None:
    assert mini.bars(clocks, zone=ZONE, now=day(5)) == ""

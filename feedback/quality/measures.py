"""The figures: each published number comes from one function here. Rules only, integers only.

The sentence that defines each for readers stands beside it on every page (`portal/public/definitions.py` holds
its words; the key is the measure). Changing what a figure counts means a new DEFINITIONS version: frozen figures
keep the version that they were computed by. Sources: ISO 9001 9.1.2–9.1.3, ISO 10004, CAF 2020 6.1 and 6.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from math import sqrt

from msgspec import Struct

from feedback.city.part import Measure

DEFINITIONS = 1
SATISFACTION: tuple[Measure, ...] = ("satisfied_outcome", "satisfied_handling")
SATISFIED_FROM = 4
Z95 = 1.959964
NOT_ASSIGNED = "-"


class CountedRow(Struct, frozen=True):
    """One cycle as a closed month counts it; a day is set only where it counts in that month, save `answered_on`,
    which is set wherever in-time must be judged."""

    cycle_id: int
    department: str
    service: str
    nature: str
    received_on: date | None
    law_due_on: date | None
    promise_due_on: date | None
    answered_on: date | None
    minutes: int | None
    """Set only where the answer was given in that month."""
    second_look_on: date | None


class RatedRow(Struct, frozen=True):
    """One invitation made in a closed month, with its ratings: 1–5, 0 = can't say, None = not answered."""

    cycle_id: int
    department: str
    service: str
    nature: str
    invited_on: date
    outcome: int | None
    handling: int | None


class Value(Struct, frozen=True, kw_only=True):
    """A figure's integers."""

    measure: Measure
    n: int
    numerator: int | None = None
    median: int | None = None
    p90: int | None = None
    aside: int | None = None
    invited: int | None = None
    responded: int | None = None


def handling(rows: Sequence[CountedRow]) -> list[Value]:
    """The figures of how items were handled, from the copies of one month or of a window of months.

    - received: first cycles by day of receipt; withdrawn ones count here only.
    - second_looks: second looks asked for and cases reopened by staff, apart from received.
    - answered: cycles by day of their first answer.
    - in_time_*: of the cycles whose due day lies in the window, those answered on or before it; unanswered: late.
    - time_to_answer: working minutes of the cycles answered; median and 90th percentile by nearest rank.
    """
    minutes = sorted(row.minutes for row in rows if row.minutes is not None)
    law = [row for row in rows if row.law_due_on is not None]
    promise = [row for row in rows if row.promise_due_on is not None]
    return [
        Value(measure="received", n=sum(row.received_on is not None for row in rows)),
        Value(measure="answered", n=len(minutes)),
        Value(measure="second_looks", n=sum(row.second_look_on is not None for row in rows)),
        Value(
            measure="in_time_law",
            n=len(law),
            numerator=sum(_in_time(row.answered_on, row.law_due_on) for row in law),
        ),
        Value(
            measure="in_time_promise",
            n=len(promise),
            numerator=sum(_in_time(row.answered_on, row.promise_due_on) for row in promise),
        ),
        Value(
            measure="time_to_answer",
            n=len(minutes),
            median=nearest_rank(minutes, 50),
            p90=nearest_rank(minutes, 90),
        ),
    ]


def satisfaction(rows: Sequence[RatedRow]) -> list[Value]:
    """Outcome and handling apart: n = ratings 1–5, numerator = 4 and 5, "can't say" apart, never in n."""
    responded = sum(row.outcome is not None or row.handling is not None for row in rows)
    found = []
    for measure, given in (
        (SATISFACTION[0], [row.outcome for row in rows]),
        (SATISFACTION[1], [row.handling for row in rows]),
    ):
        ratings = [step for step in given if step]
        found.append(
            Value(
                measure=measure,
                n=len(ratings),
                numerator=sum(step >= SATISFIED_FROM for step in ratings),
                aside=sum(step == 0 for step in given if step is not None),
                invited=len(rows),
                responded=responded,
            )
        )
    return found


def nearest_rank(values: Sequence[int], percentile: int) -> int | None:
    """The percentile of sorted values by nearest rank: always one of them; None of nothing."""
    if not values:
        return None
    return values[-(-percentile * len(values) // 100) - 1]


def wilson(numerator: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), as shares between 0 and 1; of nothing it is everything."""
    if n == 0:
        return 0.0, 1.0
    share, square = numerator / n, Z95 * Z95
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z95 * sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)


# ── periods ─────────────────────────────────────────────────────────────────────────────────────────────────


def month_of(day: date) -> str:
    """`2026-10`"""
    return day.isoformat()[:7]


def is_period(text: str) -> bool:
    """Whether this is a month as we write it: `2026-10`."""
    return bool(re.fullmatch(r"[12][0-9]{3}-(0[1-9]|1[0-2])", text, re.ASCII))


def days_of_month(period: str) -> tuple[date, date]:
    """First and last day of a month."""
    first = date.fromisoformat(f"{period}-01")
    return first, months_later(period, 1)[1] - timedelta(days=1)


def months_later(period: str, by: int) -> tuple[str, date]:
    """The month so many months later (or earlier), and its first day."""
    months = int(period[:4]) * 12 + int(period[5:7]) - 1 + by
    first = date(months // 12, months % 12 + 1, 1)
    return month_of(first), first


def _in_time(answered_on: date | None, due_on: date | None) -> bool:
    return answered_on is not None and due_on is not None and answered_on <= due_on

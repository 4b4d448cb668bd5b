"""What becomes of an item in the year of a demonstration: drawn by the habits, done by `lives.py`. Rules only."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import log
from random import Random
from typing import Literal

from msgspec import Struct

from portal.demonstrating.habits import Habits, ServiceHabits
from portal.demonstrating.office import Office
from portal.demonstrating.texts import pick

ASKED = ("request", "complaint")
"""Kinds about which a department has something to ask, and of which some are never answered."""

Fate = Literal["in_time", "late", "very_late", "never"]


class Course(Struct, frozen=True):
    """How a cycle is worked on."""

    fate: Fate
    used: float
    """Of the promise, until the answer; means nothing for `very_late` and `never`."""
    is_taken: bool
    """Whether somebody takes it in hand before answering."""
    asks: bool
    is_withdrawn: bool


class Ratings(Struct, frozen=True):
    """What a citizen says of an answer: 1 to 5, 0 = "I can't say"."""

    outcome: int
    handling: int


def draw_course(habits: Habits, service: ServiceHabits, chance: Random, *, kind: str) -> Course:
    """How long the answer takes, and what happens before it."""
    timing, shares = habits.timing, habits.shares
    fate: Fate = "in_time"
    used = chance.random() ** (log(service.speed) / log(0.5))
    if kind in ASKED and chance.random() < service.never:
        fate = "never"
    elif chance.random() < service.late:
        fate = "very_late" if chance.random() < service.very_late else "late"
        used = 1 + timing.late_from + chance.expovariate(1 / timing.late_mean)
    return Course(
        fate=fate,
        used=used,
        is_taken=chance.random() < shares.taken_by_hand,
        asks=kind in ASKED and chance.random() < service.question,
        is_withdrawn=chance.random() < shares.withdrawn,
    )


def draw_target(
    course: Course,
    habits: Habits,
    office: Office,
    chance: Random,
    *,
    started_at: datetime,
    promised: int,
    law: date | None,
) -> datetime | None:
    """When the answer is to come; None: never. `promised`: working minutes; `law`: the last day that it leaves."""
    if course.fate == "never":
        return None
    target = office.add(started_at, course.used * promised)
    if law is None or course.fate == "in_time":
        return target
    if course.fate == "very_late":
        days = chance.randint(1, habits.timing.very_late_days)
        return office.some_time_on(law + timedelta(days=days), chance)
    if office.day_of(target) > law:
        within = office.some_time_upto(law - timedelta(days=chance.randint(0, 3)), chance)
        return max(within, office.add(started_at, promised))
    return target


def draw_outcome(
    habits: Habits, service: ServiceHabits, chance: Random, *, kind: str, is_second_look: bool
) -> str:
    """What comes of it; a second look often brings what was asked for."""
    weights = habits.kind_outcomes.get(kind, service.outcomes)
    if is_second_look and kind not in habits.kind_outcomes:
        improves = chance.random() < habits.satisfaction.second_look_improves
        wanted = ("done", "planned") if improves else ("explained", "declined")
        weights = {outcome: weights[outcome] for outcome in wanted}
    return pick(chance, weights)


def draw_ratings(
    habits: Habits, service: ServiceHabits, chance: Random, *, kind: str, outcome: str, is_late: bool
) -> Ratings:
    """Both ratings; who is content with the one is mostly content with the other."""
    rules = habits.satisfaction
    shifts = [
        shift
        for applies, shift in (
            (is_late, rules.late),
            (outcome == "declined", rules.declined),
            (outcome == "not_ours", rules.not_ours),
            (kind == "praise", rules.praise),
        )
        if applies
    ]
    mood = chance.random()
    same = mood if chance.random() < 0.6 else chance.random()
    return Ratings(
        outcome=_rating(
            service.satisfaction.outcome,
            mood,
            sum(shift.outcome for shift in shifts),
            chance.random() < rules.cant_say.outcome,
        ),
        handling=_rating(
            service.satisfaction.handling,
            same,
            sum(shift.handling for shift in shifts),
            chance.random() < rules.cant_say.handling,
        ),
    )


def draw_days(chance: Random, least_and_most: tuple[float, float]) -> float:
    """A number of days, the short ones more often."""
    least, most = least_and_most
    return least + (most - least) * chance.random() ** 2


def _rating(weights: tuple[float, ...], mood: float, shift: float, is_unsaid: bool) -> int:
    if is_unsaid:
        return 0
    left = mood * sum(weights)
    step = 0
    while step < len(weights) - 1 and left >= weights[step]:
        left -= weights[step]
        step += 1
    return min(5, max(1, step + 1 - round(shift)))

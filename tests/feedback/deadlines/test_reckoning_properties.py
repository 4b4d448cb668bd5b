"""What holds of the law's clock whatever happens to a case, and whichever row rules it.

A case is a row of law (of both cities, or invented), a start between 2024 and 2035, and what happened after it. Each is
made once, and everything is asked of it.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from itertools import accumulate

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from feedback.city.load import read_folder
from feedback.city.profile import City
from feedback.city.time_rules import LawRule
from feedback.deadlines.events import Event, Kind, Round, Wait, advance, begin, replay
from feedback.deadlines.reckoning import Reckoning, reckon, reckon_round
from feedback.deadlines.working_days import days_of
from portal.settings import CITIES
from tests.conftest import often

CITY = {name: read_folder(CITIES / name) for name in ("heraklion", "kaunas")}
KINDS: tuple[Kind, ...] = (
    *("waiting", "resumed", "waiting", "resumed", "incomplete", "complete", "handed_over", "several"),
    *("extended", "announced", "arrived", "reclassified", "answered", "void", "unvoid", "second_look"),
)
NATURES = ("service_request", "complaint_act", "document_request", "data_subject_request", "idea")
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Case(Struct, frozen=True):
    """A city, what its rows of law were changed to, and the events of a case; further choices come from the seed."""

    seed: int
    name: str
    fields: dict[str, object]
    events: list[Event]

    @property
    def city(self) -> City:
        return ruled(CITY[self.name], **self.fields)

    @property
    def now(self) -> datetime:
        return self.events[-1].at + MINUTE


def ruled(city: City, **fields: object) -> City:
    """The city with its rows changed so."""
    rows = tuple(replace(row, **fields) for row in city.deadlines.law)
    return replace(city, deadlines=replace(city.deadlines, law=rows))


def case_of(seed: int) -> Case:
    """A case made from one number: what is drawn by itself costs more than all that is asked of it."""
    chance = random.Random(seed)
    name, fields = chance.choice(sorted(CITY)), {}
    if chance.random() < 0.6:
        unit = chance.choice(["calendar", "working", "working", "months"])
        fields = {
            "days": chance.randint(1, 3 if unit == "months" else 60),
            "unit": unit,
            "roll": chance.random() < 0.7,
            "pauses": unit != "months" and chance.random() < 0.7,
            "start": chance.choice(["received", "complete"]),
            "several_days": chance.choice([0, 10]),
            "extend_days": chance.choice([None, 2, 20]),
            "delay_notice_days": chance.choice([None, 5]),
        }
    start = FIRST + chance.randint(0, 12 * 366 * 1440) * MINUTE
    kinds = [chance.choice(KINDS) for _ in range(chance.randint(0, 7))]
    steps = accumulate(chance.choice([1, 300, 1440, 5000, 20_000]) + chance.randint(0, 2000) for _ in kinds)
    events = [Event("received", start, nature=chance.choice(NATURES))]
    for kind, step in zip(kinds, steps, strict=True):
        later = Event(kind, start + step * MINUTE, chance.choice(NATURES), chance.randint(1, 25))
        events.append(later)
    return Case(seed, name, fields, events)


@often()
@given(st.integers(0, 2**64).map(case_of))
def test_what_holds_of_every_clock(case: Case) -> None:
    chance = random.Random(case.seed)
    more, gap, length = chance.randint(1, 20), chance.randint(0, 40_000), chance.randint(1, 60_000)
    city, now = case.city, case.now
    known = replay(case.events)
    found = reckon_round(city, known, now)

    # In whatever order the events are told, and however far each was worked out when it came.
    told = list(case.events)
    chance.shuffle(told)
    assert reckon(city, told, now) == found
    assert reckon_round(city, stepwise(case.events), now) == found
    if found.rule is None:
        assert found.due_if_resumed is None
        return

    # Never before the start; late from the first instant of the day after the last one.
    started_on, due = found.started_on, due_of(found)
    assert due > started_on >= known.began_at.astimezone(city.zone).date()
    assert found.due_on in (None, due)
    assert (found.due_on is None) == bool(found.standing)
    if found.due_at is not None:
        local = found.due_at.astimezone(city.zone)
        assert local.date() == due + timedelta(days=1)
        assert (local - MINUTE).date() == due
        until = known.ended_at or now
        assert (found.overdue_since is not None) == (until >= found.due_at)
    days = days_of(city.calendar)
    assert not found.rule.roll or days.is_working(due)
    for first in (found.forward_by, found.announce_by):
        assert first is None or days.is_working(first)
    assert found.announce_by is None or found.announce_by <= due
    assert found.longer <= (found.rule.extend_days or 0) + found.rule.several_days

    # A later start is never due earlier, nor is a longer time; another nature leaves the start.
    later = replace(known, began_at=known.began_at + gap * MINUTE)
    if (
        reckon_round(city, later, now).rule == found.rule
        and not known.extensions
        and known.several_at is None
    ):
        assert due_of(reckon_round(city, later, now)) >= due
    longer = ruled(city, days=found.rule.days + more)
    assert due_of(reckon_round(longer, known, now)) >= due
    other = reckon_round(city, replace(known, nature="complaint_act"), now)
    assert other.rule is None or other.rule.start != found.rule.start or other.started_on == started_on

    # Waiting never makes it earlier, and cutting a wait in two changes nothing.
    since = known.began_at + gap * MINUTE
    waited = replace(known, waits=(*known.waits, Wait(since, since + length * MINUTE, False)))
    assert due_of(reckon_round(city, waited, now + (gap + length) * MINUTE)) >= due
    assert reckon_round(city, replace(known, waits=tuple(cut(known.waits, chance))), now) == found


def stepwise(events: list[Event]) -> Round:
    """What is known after event upon event, written down and read again in between: nothing else is carried on."""

    def step(known: Round, event: Event) -> Round:
        return msgspec.json.decode(msgspec.json.encode(advance(known, event)), type=Round)

    return reduce(step, events[1:], begin(events[0]))


def due_of(found: Reckoning) -> date:
    assert found.due_if_resumed is not None
    return found.due_if_resumed


def cut(waits: tuple[Wait, ...], chance: random.Random) -> list[Wait]:
    """Each wait that has ended, in two that touch."""
    found: list[Wait] = []
    for wait in waits:
        if wait.until is None:
            found.append(wait)
            continue
        middle = wait.since + (wait.until - wait.since) * chance.random()
        found += [replace(wait, until=middle), replace(wait, since=middle)]
    return found


def test_a_rule_that_is_as_law_is_written() -> None:
    """The strategy meets every row of both cities: none is left out by its shape."""
    for city in CITY.values():
        for row in city.deadlines.law:
            received = datetime.combine(max(row.valid_from, date(2024, 1, 1)), datetime.min.time(), city.zone)
            found = reckon(city, [Event("received", received, nature=row.nature[0])], received)
            assert isinstance(found.rule, LawRule)
            assert found.rule.verify

"""The law's clock of a case, worked out: from what happened and the rows of the city to the due day and its reasons.

Pure: the same events, rows and moment give the same result, and nothing is kept. The deeds store the due day that is
found here (`items/keep_time.py`), the pages show it with its steps; a replay of all events gives what the deeds gave
one by one. Days are the city's local days; an instant belongs to the day in which it lies there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from feedback.city.profile import City
from feedback.city.time_rules import LawRule
from feedback.deadlines import clock
from feedback.deadlines.events import Event, Round, Wait, replay
from feedback.deadlines.working_days import Days, days_of

StepCode = Literal[
    "counted_from",
    "changed",
    "time",
    "several",
    "extended",
    "stood",
    "ran_on",
    "stands",
    "rolled",
    "late",
    "ended",
]


class Step(Struct, frozen=True):
    """One sentence of how the day came about: a code and its facts.

    counted_from (event, on): day 0. changed (on): another nature rules since then, the start stays. time (days, unit,
    end): the row's own time. several, extended (on, days, unit, end): made longer, and the end then. stood (since,
    until): these days were left out. ran_on (since, until): we waited, and the row lets the time run. stands (since,
    reason): it stands still now. rolled (end, why, due): the city is closed on the end. late (since). ended (by, on).
    """

    code: StepCode
    facts: dict[str, Any]


class Reckoning(Struct, frozen=True, kw_only=True):
    """The law's clock at a moment. Days are local; None where the row gives no such day."""

    rule: LawRule | None
    """None: no law rules this nature, and every day here is None."""
    number: int
    """Of the round."""
    started_on: date
    """Day 0."""
    due_on: date | None = None
    """None while the clock stands still."""
    due_at: datetime | None = None
    """The first instant at which an answer is late."""
    due_if_resumed: date | None = None
    """The due day if a clock that stands still went on now; else the due day."""
    standing: Literal["", "citizen", "papers"] = ""
    """What it waits for."""
    remaining: int | None = None
    """Working days left after today; 0 on the due day. None where it is late or over."""
    forward_by: date | None = None
    """The last day for passing it on to another authority, as long as it was not."""
    tell_by: date | None = None
    """The last day for telling the citizen that it was passed on, as long as nobody did."""
    announce_by: date | None = None
    """The last day for announcing a delay, as long as nobody did."""
    extension_left: int = 0
    """By how many of the row's unit it may still be extended; 0 when it is late or over."""
    extension_told_by: date | None = None
    """The last day for telling the citizen of the newest extension."""
    several_days: int = 0
    """What it would gain if several departments or authorities decided together; 0 where it has that already."""
    longer: int = 0
    """By how many of the row's unit the time was made longer."""
    stood: tuple[Wait, ...] = ()
    """The waits that the row leaves out, an open one among them."""
    overdue_since: date | None = None
    """The first day of lateness, of an answer that came late too."""
    steps: tuple[Step, ...] = ()


def reckon(city: City, events: Iterable[Event], now: datetime) -> Reckoning:
    """The law's clock after these events. `city` is the version of the profile that rules the round."""
    return reckon_round(city, replay(events), now)


def reckon_round(city: City, known: Round, now: datetime) -> Reckoning:
    """The same from what is known of the round."""
    zone, days = city.zone, days_of(city.calendar)
    began_on = _day(known.began_at, zone)
    rule = clock.find_rule(city, known.nature, began_on)
    if rule is None:
        return Reckoning(rule=None, number=known.number, started_on=began_on)
    return _Sum(rule, known, days, zone, now).result()


def due_again(
    city: City, rule: LawRule, started_at: datetime, waits: Sequence[Wait], longer: int, now: datetime
) -> datetime:
    """From when an answer would be late if a clock that stands still went on now, for whoever knows no more of it.

    `longer`: by how many of the rule's unit its time was made longer.
    """
    known = Round(number=1, origin="received", began_at=started_at, nature="", waits=tuple(waits))
    return _Sum(rule, known, days_of(city.calendar), city.zone, now).due_at(now, longer)


class _Sum:
    """One working out. Kept apart so that its pieces can speak of the same rule, days and round."""

    def __init__(self, rule: LawRule, known: Round, days: Days, zone: ZoneInfo, now: datetime) -> None:
        self.rule, self.known, self.days, self.zone = rule, known, days, zone
        self.until = known.ended_at or now
        self.papers, self.asked = self._parted()
        self.counted_from, self.started_on = self._start()
        self.waits = self.asked if rule.pauses else []
        self.additions = list(self._additions())
        self.longer = sum(days for _, _, days in self.additions)

    def result(self) -> Reckoning:
        rule, known, zone = self.rule, self.known, self.zone
        standing = self._standing()
        end = self._end(self.until, self.longer)
        due = self.days.next_working(end) if rule.roll else end
        due_at = clock.due_at(due, zone)
        is_late = not standing and self.until >= due_at
        is_over = known.ended_at is not None
        today = _day(self.until, zone)
        forwarded_on = None if known.forwarded_at is None else _day(known.forwarded_at, zone)
        is_running = not is_late and not is_over
        extended = [at for code, at, _ in self.additions if code == "extended"]
        gone = sum(days for code, _, days in self.additions if code == "extended")
        return Reckoning(
            rule=rule,
            number=known.number,
            started_on=self.started_on,
            due_on=None if standing else due,
            due_at=None if standing else due_at,
            due_if_resumed=due,
            standing=standing,
            remaining=self.days.count_working(today, due) if is_running else None,
            forward_by=None if is_over else clock.forward_by(rule, _day(known.began_at, zone), self.days),
            tell_by=None
            if forwarded_on is None or known.told_at is not None
            else clock.tell_by(rule, forwarded_on, self.days),
            announce_by=None
            if is_over or standing or known.announced_at is not None
            else clock.announce_by(rule, end, self.started_on, self.days),
            extension_left=(rule.extend_days or 0) - gone if is_running and not standing else 0,
            extension_told_by=clock.extension_told_by(rule, _day(extended[-1], zone), self.days)
            if extended
            else None,
            several_days=rule.several_days
            if is_running and not any(code == "several" for code, _, _ in self.additions)
            else 0,
            longer=self.longer,
            stood=tuple(self._stood()),
            overdue_since=due + timedelta(days=1) if is_late else None,
            steps=tuple(self._steps(standing, end, due, is_late=is_late)),
        )

    def _start(self) -> tuple[str, date]:
        """What day 0 is, and which. Papers that were missing, or another authority that had it first, move it."""
        found = [self._lodged()]
        if self.papers is not None:
            found.append((self.papers.until or self.until, "complete"))
        at, event = max(found, key=lambda one: one[0])
        return event, _day(at, self.zone)

    def _lodged(self) -> tuple[datetime, str]:
        """The instant of the receipt, or of the arrival where the row counts from the complete file."""
        known = self.known
        if self.rule.start == "complete" and known.arrived_at is not None:
            return max((known.began_at, known.origin), (known.arrived_at, "arrived"), key=lambda one: one[0])
        return known.began_at, known.origin

    def _parted(self) -> tuple[Wait | None, list[Wait]]:
        """The wait for missing papers that moves the start, and the others; those that touch or overlap made one.

        Only the first wait for papers moves it, and only if it began before the answer was late: what is asked for
        later is a question like any other.
        """
        waits = self.known.waits
        papers = [wait for wait in waits if wait.is_for_papers] if self.rule.start == "complete" else []
        if papers and papers[0].since >= self._plain_due_at():
            papers = []
        together = _joined(papers)
        plain = [wait for wait in waits if wait not in papers]
        asked = _joined(Wait(wait.since, wait.until, False) for wait in (*plain, *together[1:]))
        return (together[0] if together else None), asked

    def _plain_due_at(self) -> datetime:
        """From when an answer would be late if nothing had been asked or added."""
        started_on = _day(self._lodged()[0], self.zone)
        return clock.due_at(clock.due_on(self.rule, started_on, self.days), self.zone)

    def _standing(self) -> Literal["", "citizen", "papers"]:
        if self.known.ended_at is not None:
            return ""
        if self.papers is not None and self.papers.until is None:
            return "papers"
        last = self.waits[-1] if self.waits else None
        if last is None or last.until is not None:
            return ""
        # It was late already: a question does not make it less so.
        return "" if last.since >= self.due_at(last.since, self.longer) else "citizen"

    def _stood(self) -> Iterator[Wait]:
        """The waits as they came, of those that count: what began when it was late does not."""
        if self.papers is not None:
            yield self.papers
        for wait in self.waits:
            if wait.since < self.due_at(wait.since, self.longer):
                yield wait

    def _additions(self) -> Iterator[tuple[Literal["several", "extended"], datetime, int]]:
        """What made the time longer, in order: within the row's cap, and only before it was over."""
        rule, known, longer, left = self.rule, self.known, 0, self.rule.extend_days or 0
        wanted: list[tuple[datetime, Literal["several", "extended"], int]] = [
            (at, "extended", days) for at, days in known.extensions
        ]
        if known.several_at is not None:
            wanted.append((known.several_at, "several", rule.several_days))
        for at, code, days in sorted(wanted):
            granted = min(days, left) if code == "extended" else days
            if granted < 1 or at >= self.due_at(at, longer):
                continue
            longer += granted
            left -= granted if code == "extended" else 0
            yield code, at, granted

    def _end(self, at: datetime, longer: int) -> date:
        """The end as it stood at that instant, before it rolls."""
        pairs = [
            (_day(wait.since, self.zone), _day(min(wait.until or at, at), self.zone))
            for wait in self.waits
            if wait.since <= at
        ]
        return clock.end_on(self.rule, self.started_on, self.days, pairs, longer)

    def due_at(self, at: datetime, longer: int) -> datetime:
        """From when an answer is late, as it stood at that instant."""
        end = self._end(at, longer)
        return clock.due_at(self.days.next_working(end) if self.rule.roll else end, self.zone)

    def _steps(self, standing: str, end: date, due: date, *, is_late: bool) -> Iterator[Step]:
        rule, known, zone = self.rule, self.known, self.zone
        yield Step("counted_from", {"event": self.counted_from, "on": self.started_on})
        if known.reclassified_at is not None:
            yield Step("changed", {"on": _day(known.reclassified_at, zone)})
        if standing != "papers":
            first = clock.end_on(rule, self.started_on, self.days)
            yield Step("time", {"days": rule.days, "unit": rule.unit, "end": first})
        longer = 0
        for code, at, granted in self.additions:
            longer += granted
            then = clock.end_on(rule, self.started_on, self.days, (), longer)
            yield Step(code, {"on": _day(at, zone), "days": granted, "unit": rule.unit, "end": then})
        for wait in self.asked:
            since, until = _day(wait.since, zone), None if wait.until is None else _day(wait.until, zone)
            if not rule.pauses:
                yield Step("ran_on", {"since": since, "until": until})
            elif until is not None and (until - since).days > 1 and since < due:
                yield Step("stood", {"since": since, "until": until})
        if standing:
            still = self.papers if standing == "papers" else self.waits[-1]
            assert still is not None
            yield Step("stands", {"since": _day(still.since, zone), "reason": standing})
        elif end != due:
            yield Step("rolled", {"end": end, "why": self.days.why_closed(end), "due": due})
        if is_late:
            yield Step("late", {"since": due + timedelta(days=1)})
        if known.ended_at is not None:
            yield Step("ended", {"by": known.ended_by, "on": _day(known.ended_at, zone)})


def _joined(waits: Iterable[Wait]) -> list[Wait]:
    """The waits in order; where one was cut in two, no day was had between."""
    found: list[Wait] = []
    for wait in sorted(waits, key=lambda one: one.since):
        last = found[-1] if found else None
        if last is None or (last.until is not None and last.until < wait.since):
            found.append(wait)
            continue
        is_open = last.until is None or wait.until is None
        until = None if is_open else max(last.until or wait.since, wait.until or wait.since)
        found[-1] = Wait(last.since, until, last.is_for_papers)
    return found


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()

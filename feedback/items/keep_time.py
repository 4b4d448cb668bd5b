"""Keeping the time of a cycle: starting, pausing, resuming and stopping its two clocks.

The arithmetic is in `deadlines/`; here it meets the rows. The law's clock is worked out anew from the lines of the
timeline after each deed (`_follow`), so a deed writes its line first. The promise keeps its own pauses. A clock keeps
the key and version of its rule, each pause is an interval with a reason, and nothing is recomputed but by a deed that
says so in its note.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from feedback.city.profile import City
from feedback.columns import Row
from feedback.deadlines import promise
from feedback.deadlines.events import Event, Round, begin
from feedback.deadlines.reckoning import Reckoning, reckon_round
from feedback.deadlines.working_days import days_of
from feedback.items import happenings
from feedback.items.tables import NOTHING_DUE, Cycle, Entry
from feedback.items.time_tables import LAPSED, Clock, Extension, Pause

WAITING = "waiting_for_citizen"
PAPERS = "papers_missing"
"""The file is not complete: where the row counts from the complete file, the time has not begun."""


def first_clocks(
    city: City, *, nature: str, service: str | None, started_at: datetime, version_number: int
) -> list[dict[str, Any]]:
    """The clock rows that a cycle starts with, as values: by law where a row fits its nature, by promise where
    its service has one."""
    found: list[dict[str, Any]] = []
    law = reckon_round(city, begin(Event("received", started_at, nature=nature)), started_at)
    if law.rule is not None and law.due_at is not None:
        rule = law.rule
        found.append(_clock("law", rule.key, rule.version, started_at, law.due_on, law.due_at))
    offered = city.services.get(service) if service else None
    if offered is not None and offered.promise_days is not None:
        hours, days = city.calendar.office_hours, days_of(city.calendar)
        due_at = promise.promise_due(started_at, offered.promise_days, hours, days, city.zone)
        due_on = promise.promise_due_on(due_at, city.zone)
        found.append(_clock("promise", f"promise:{offered.key}", version_number, started_at, due_on, due_at))
    return found


def next_due(clocks: list[Clock] | list[dict[str, Any]]) -> datetime:
    """The nearest due instant of clocks that run; NOTHING_DUE where none does."""
    instants = [
        clock["due_at"] if isinstance(clock, dict) else clock.due_at
        for clock in clocks
        if (clock["stopped_at"] if isinstance(clock, dict) else clock.stopped_at) is None
    ]
    return min((instant for instant in instants if instant is not None), default=NOTHING_DUE)


def pause(session: Session, *, city: City, cycle: Cycle, now: datetime) -> list[Row]:
    """After a line that asks the citizen: pause the promise, and the law where its row says so; never what is late.
    Returns rows for the note."""
    changed = _follow(session, city, cycle, now)
    clock = _promise(session, cycle)
    if clock is not None and clock.stopped_at is None and clock.due_at is not None and now < clock.due_at:
        interval = Pause(clock_id=clock.id or 0, since=now, until=None, reason=WAITING)
        clock.due_on = clock.due_at = None
        session.add(interval)
        changed += [clock, interval]
    return _settled(session, cycle, changed)


def resume(session: Session, *, city: City, cycle: Cycle, now: datetime) -> list[Row]:
    """After a line that ends the waiting: end the open pauses and set the due days anew. Returns rows for the note."""
    changed = _follow(session, city, cycle, now)
    clock = _promise(session, cycle)
    if clock is not None and clock.stopped_at is None:
        changed += _end_pause(session, city, clock, now)
    return _settled(session, cycle, changed)


def lengthen(session: Session, *, city: City, cycle: Cycle, now: datetime) -> list[Row]:
    """After a line that makes the law's time longer. Returns rows for the note."""
    return _settled(session, cycle, _follow(session, city, cycle, now))


def stop(session: Session, *, city: City, cycle: Cycle, by: str, now: datetime) -> list[Row]:
    """Stop all clocks of a cycle; open pauses end with them. An answer during a pause sets the due day first, so
    that it is judged like any other."""
    changed: list[Row] = _follow(session, city, cycle, now) if by == "answer" else []
    for clock in clocks_of(session, cycle.id or 0):
        if clock.stopped_at is not None:
            continue
        if by == "answer" and clock.which == "promise":
            changed += _end_pause(session, city, clock, now)
        else:
            opened = [interval for interval in _pauses(session, clock) if interval.until is None]
            for interval in opened:
                interval.until = now
            changed += opened
        clock.stopped_at, clock.stopped_by = now, by
        changed.append(clock)
    changed = _settled(session, cycle, changed)
    cycle.next_due_at = NOTHING_DUE
    return changed


def restart(session: Session, *, city: City, cycle: Cycle, now: datetime) -> list[Row]:
    """Let stopped clocks run on as if they had never stopped (a void mark that was undone)."""
    changed: list[Row] = []
    for clock in clocks_of(session, cycle.id or 0):
        if clock.stopped_by == "void":
            clock.stopped_at, clock.stopped_by = None, ""
            if clock.which == "promise":
                _set_promise(city, clock, _pauses(session, clock))
            changed.append(clock)
    changed += _follow(session, city, cycle, now)
    return _settled(session, cycle, changed)


def change_rules(
    session: Session, *, city: City, cycle: Cycle, version_number: int, now: datetime
) -> list[Row]:
    """After another service or nature: the rules change, the start never does. A clock that begins to count only now
    gets the pauses that it would have had."""
    changed = _follow(session, city, cycle, now)
    wanted = city.services.get(cycle.service or "")
    clock = _promise(session, cycle)
    if wanted is None or wanted.promise_days is None:
        if clock is not None:  # The new service makes no promise.
            changed += _set_aside(cycle, clock)
        return _settled(session, cycle, changed)
    key = f"promise:{wanted.key}"
    if clock is None:
        values = _clock("promise", key, version_number, cycle.started_at, None, cycle.started_at)
        clock = Clock(cycle_id=cycle.id or 0, **values)
        session.add(clock)
        session.flush()
        changed += _pause_again(session, cycle, clock, now)
    elif (clock.rule_key, clock.rule_version, clock.stopped_at) == (key, version_number, None):
        return _settled(session, cycle, changed)
    elif clock.stopped_by == "rule":
        changed += _pause_again(session, cycle, clock, now)
    clock.rule_key, clock.rule_version = key, version_number
    clock.stopped_at, clock.stopped_by = None, ""
    _set_promise(city, clock, _pauses(session, clock))
    return _settled(session, cycle, [*changed, clock])


def reckoning_of(session: Session, *, city: City, cycle: Cycle, now: datetime) -> Reckoning:
    """The law's clock of a cycle as its lines stand now."""
    return reckon_round(city, _round_of(session, cycle), now)


def clocks_of(session: Session, cycle_id: int) -> list[Clock]:
    """All clocks of a cycle."""
    return list(session.exec(select(Clock).where(Clock.cycle_id == cycle_id)))


def minutes_used(session: Session, *, city: City, cycle: Cycle, until: datetime) -> int:
    """Working minutes from the cycle's start to `until`, less the pauses of the promise."""
    hours, days = city.calendar.office_hours, days_of(city.calendar)
    used = promise.working_minutes(cycle.started_at, until, hours, days, city.zone)
    clock = _promise(session, cycle)
    for interval in _pauses(session, clock) if clock is not None else []:
        used -= promise.working_minutes(interval.since, interval.until or until, hours, days, city.zone)
    return used


def _follow(session: Session, city: City, cycle: Cycle, now: datetime) -> list[Row]:
    """Work the law's clock out from the lines, and let its row and its pauses say so. Returns the rows that changed."""
    known = _round_of(session, cycle)
    found = reckon_round(city, known, now)
    clock = _clock_of(session, cycle, "law")
    if found.rule is None:  # No law rules the (new) nature.
        return [] if clock is None else _set_aside(cycle, clock)
    is_new = clock is None
    if clock is None:
        values = _clock("law", found.rule.key, found.rule.version, cycle.started_at, None, cycle.started_at)
        clock = Clock(cycle_id=cycle.id or 0, **values)
        session.add(clock)
        session.flush()
    elif clock.stopped_by == "rule":
        clock.stopped_at, clock.stopped_by = None, ""
    clock.rule_key, clock.rule_version = found.rule.key, found.rule.version
    clock.due_on, clock.due_at, clock.longer = found.due_on, found.due_at, found.longer
    pauses = list(_follow_pauses(session, clock, found))
    return [clock, *pauses] if is_new or session.is_modified(clock) else [*pauses]


def _follow_pauses(session: Session, clock: Clock, found: Reckoning) -> Iterator[Row]:
    """The pauses as the engine counts them: added, ended, or marked where the rule no longer counts them."""
    standing = {interval.since: interval for interval in _pauses(session, clock)}
    for wait in found.stood:
        reason = PAPERS if wait.is_for_papers else WAITING
        interval = standing.pop(wait.since, None)
        if interval is None:
            interval = Pause(clock_id=clock.id or 0, since=wait.since, until=wait.until, reason=reason)
            session.add(interval)
        elif (interval.until, interval.reason) == (wait.until, reason):
            continue
        interval.until, interval.reason = wait.until, reason
        yield interval
    for interval in standing.values():
        if interval.reason != LAPSED:
            interval.until, interval.reason = interval.until or interval.since, LAPSED
            yield interval


def _round_of(session: Session, cycle: Cycle) -> Round:
    session.flush()  # The line of the deed that is being done is among them.
    lines = session.exec(
        select(Entry, Extension.days)
        .outerjoin(Extension, col(Extension.entry_id) == col(Entry.id))
        .where(Entry.cycle_id == cycle.id, col(Entry.act).in_(happenings.KINDS))
        .order_by(col(Entry.at), col(Entry.id))
    ).all()
    return happenings.round_of(cycle, [(line, days or 0) for line, days in lines])


def _set_aside(cycle: Cycle, clock: Clock) -> list[Row]:
    """A clock that no rule of the cycle wants: as if it had never run."""
    if clock.stopped_by == "rule":
        return []
    clock.stopped_at, clock.stopped_by = cycle.started_at, "rule"
    clock.due_on = clock.due_at = None
    return [clock]


def _pause_again(session: Session, cycle: Cycle, clock: Clock, now: datetime) -> list[Row]:
    """The pauses that a promise would have had if it had run from the start: from each question to its end."""
    known = {interval.since for interval in _pauses(session, clock)}
    added = [
        Pause(clock_id=clock.id or 0, since=wait.since, until=wait.until or now, reason=WAITING)
        for wait in _round_of(session, cycle).waits
        if wait.since not in known
    ]
    session.add_all(added)
    session.flush()
    return list(added)


def _end_pause(session: Session, city: City, clock: Clock, now: datetime) -> list[Row]:
    """End a promise's open pause and set its due day; nothing where none is open."""
    pauses = _pauses(session, clock)
    opened = [interval for interval in pauses if interval.until is None]
    if not opened:
        return []
    for interval in opened:
        interval.until = now
    _set_promise(city, clock, pauses)
    return [clock, *opened]


def _set_promise(city: City, clock: Clock, pauses: list[Pause]) -> None:
    """The promise's due instant, from its start and its pauses; none while a pause is open."""
    if any(interval.until is None for interval in pauses):
        clock.due_on = clock.due_at = None
        return
    service = city.services[clock.rule_key.removeprefix("promise:")]
    assert service.promise_days is not None
    instants = [(interval.since, interval.until) for interval in pauses if interval.until is not None]
    hours, days = city.calendar.office_hours, days_of(city.calendar)
    clock.due_at = promise.promise_due(
        clock.started_at, service.promise_days, hours, days, city.zone, instants
    )
    clock.due_on = promise.promise_due_on(clock.due_at, city.zone)


def _settled(session: Session, cycle: Cycle, changed: list[Row]) -> list[Row]:
    """The changed rows, each once, written; the cycle's place in the queue with them."""
    session.flush()
    running = [clock for clock in clocks_of(session, cycle.id or 0) if clock.stopped_at is None]
    cycle.next_due_at = next_due(running)
    return list({id(row): row for row in changed}.values())


def _promise(session: Session, cycle: Cycle) -> Clock | None:
    return _clock_of(session, cycle, "promise")


def _clock_of(session: Session, cycle: Cycle, which: str) -> Clock | None:
    return session.exec(select(Clock).where(Clock.cycle_id == cycle.id, Clock.which == which)).first()


def _pauses(session: Session, clock: Clock) -> list[Pause]:
    return list(session.exec(select(Pause).where(Pause.clock_id == clock.id).order_by(col(Pause.since))))


def _clock(
    which: str, rule_key: str, rule_version: int, started_at: datetime, due_on: Any, due_at: datetime
) -> dict[str, Any]:
    return {
        "which": which,
        "rule_key": rule_key,
        "rule_version": rule_version,
        "started_at": started_at,
        "due_on": due_on,
        "due_at": due_at,
        "stopped_at": None,
        "stopped_by": "",
        "longer": 0,
    }

"""Keeping the time of a cycle: starting, pausing, resuming and stopping its two clocks.

The arithmetic is in `deadlines/`; here it meets the rows. A clock keeps the key and version of its rule, each
pause is an interval with a reason, and nothing is recomputed but by a deed that says so in its note.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from feedback.city.profile import City
from feedback.columns import Row
from feedback.deadlines import clock as statutory
from feedback.deadlines import promise
from feedback.deadlines.working_days import days_of
from feedback.items.tables import NOTHING_DUE, Clock, Cycle, Entry, Pause

WAITING = "waiting_for_citizen"


def first_clocks(
    city: City, *, nature: str, service: str | None, started_at: datetime, version_number: int
) -> list[dict[str, Any]]:
    """The clock rows that a cycle starts with, as values: by law where a row fits its nature, by promise where
    its service has one."""
    days = days_of(city.calendar)
    started_on = started_at.astimezone(city.zone).date()
    found: list[dict[str, Any]] = []
    law = statutory.find_rule(city, nature, started_on)
    if law is not None:
        due_on = statutory.due_on(law, started_on, days)
        found.append(
            _clock("law", law.key, law.version, started_at, due_on, statutory.due_at(due_on, city.zone))
        )
    offered = city.services.get(service) if service else None
    if offered is not None and offered.promise_days is not None:
        hours = city.calendar.office_hours
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


def pause(session: Session, *, city: City, cycle: Cycle, reason: str, now: datetime) -> list[Row]:
    """Pause what the rules let pause: the promise always, the law where its row says so; never what is late already.
    Returns rows for the note."""
    changed: list[Row] = []
    clocks = _running(session, cycle)
    for clock in clocks:
        if clock.which == "law":
            rule = city.find_law(clock.rule_key, clock.rule_version)
            if rule is None or not rule.pauses:
                continue
        if clock.due_at is not None and now >= clock.due_at:
            continue  # It is late already: a question does not make it less so.
        assert clock.id is not None
        interval = Pause(clock_id=clock.id, since=now, until=None, reason=reason)
        clock.due_on = clock.due_at = None
        session.add(interval)
        changed += [clock, interval]
    session.flush()
    cycle.next_due_at = next_due(clocks)
    return changed


def resume(session: Session, *, city: City, cycle: Cycle, now: datetime) -> list[Row]:
    """End the open pauses and set the due days anew. Returns rows for the note."""
    changed: list[Row] = []
    clocks = _running(session, cycle)
    for clock in clocks:
        pauses = _pauses(session, clock)
        opened = [interval for interval in pauses if interval.until is None]
        if not opened:
            continue
        for interval in opened:
            interval.until = now
        _set_due(city, clock, pauses)
        changed += [clock, *opened]
    session.flush()
    cycle.next_due_at = next_due(clocks)
    return changed


def stop(session: Session, *, city: City, cycle: Cycle, by: str, now: datetime) -> list[Row]:
    """Stop all clocks of a cycle; open pauses end with them. An answer during a pause sets the due day first, so
    that it is judged like any other."""
    changed: list[Row] = []
    for clock in _running(session, cycle):
        pauses = _pauses(session, clock)
        opened = [interval for interval in pauses if interval.until is None]
        for interval in opened:
            interval.until = now
        if opened and by == "answer":
            _set_due(city, clock, pauses)
        clock.stopped_at = now
        clock.stopped_by = by
        changed += [clock, *opened]
    session.flush()
    cycle.next_due_at = NOTHING_DUE
    return changed


def restart(session: Session, *, city: City, cycle: Cycle) -> list[Row]:
    """Let stopped clocks run on as if they had never stopped (a void mark that was undone)."""
    changed: list[Row] = []
    clocks = session.exec(select(Clock).where(Clock.cycle_id == cycle.id)).all()
    for clock in clocks:
        if clock.stopped_by != "void":
            continue
        clock.stopped_at, clock.stopped_by = None, ""
        _set_due(city, clock, _pauses(session, clock))
        changed.append(clock)
    session.flush()
    cycle.next_due_at = next_due(_running(session, cycle))
    return changed


def change_rules(
    session: Session, *, city: City, cycle: Cycle, version_number: int, now: datetime
) -> list[Row]:
    """After another service or nature: the rules change, the start never does. A clock that begins to count only now
    gets the pauses that it would have had."""
    assert cycle.id is not None
    wanted = first_clocks(
        city,
        nature=cycle.nature,
        service=cycle.service,
        started_at=cycle.started_at,
        version_number=version_number,
    )
    standing = {
        clock.which: clock for clock in session.exec(select(Clock).where(Clock.cycle_id == cycle.id)).all()
    }
    changed: list[Row] = []
    for values in wanted:
        clock = standing.pop(values["which"], None)
        if clock is None:
            clock = Clock(cycle_id=cycle.id, **values)
            session.add(clock)
            session.flush()
            changed += _pause_again(session, city, cycle, clock, now)
        elif _same_rule(clock, values):
            continue
        else:
            clock.rule_key, clock.rule_version = values["rule_key"], values["rule_version"]
            if clock.stopped_by == "rule":
                changed += _pause_again(session, city, cycle, clock, now)
            clock.stopped_at, clock.stopped_by = None, ""
            _set_due(city, clock, _pauses(session, clock))
        changed.append(clock)
    for clock in standing.values():  # The new service makes no promise, or no law rules the new nature
        clock.stopped_at, clock.stopped_by = cycle.started_at, "rule"
        clock.due_on = clock.due_at = None
        changed.append(clock)
    session.flush()
    cycle.next_due_at = next_due(_running(session, cycle))
    return changed


def clocks_of(session: Session, cycle_id: int) -> list[Clock]:
    """All clocks of a cycle."""
    return list(session.exec(select(Clock).where(Clock.cycle_id == cycle_id)))


def minutes_used(session: Session, *, city: City, cycle: Cycle, until: datetime) -> int:
    """Working minutes from the cycle's start to `until`, less the pauses of the promise."""
    hours, days = city.calendar.office_hours, days_of(city.calendar)
    used = promise.working_minutes(cycle.started_at, until, hours, days, city.zone)
    clock = session.exec(select(Clock).where(Clock.cycle_id == cycle.id, Clock.which == "promise")).first()
    for interval in _pauses(session, clock) if clock is not None else []:
        used -= promise.working_minutes(interval.since, interval.until or until, hours, days, city.zone)
    return used


def _pause_again(session: Session, city: City, cycle: Cycle, clock: Clock, now: datetime) -> list[Row]:
    """The pauses that a clock would have had if it had run from the start: from each question to its end."""
    assert clock.id is not None
    if clock.which == "law":
        rule = city.find_law(clock.rule_key, clock.rule_version)
        if rule is None or not rule.pauses:
            return []
    known = {interval.since for interval in _pauses(session, clock)}
    added: list[Row] = []
    asked_at: datetime | None = None
    lines = session.exec(
        select(Entry).where(Entry.cycle_id == cycle.id).order_by(col(Entry.at), col(Entry.id))
    ).all()
    for act, at in [*((line.act, line.at) for line in lines), ("now", now)]:
        if act == "question":
            asked_at = at
        elif asked_at is not None and act in ("reply", "resumed", "handed_over", "now"):
            if asked_at not in known:
                interval = Pause(clock_id=clock.id, since=asked_at, until=at, reason=WAITING)
                session.add(interval)
                added.append(interval)
            asked_at = None
    session.flush()
    if added:
        _set_due(city, clock, _pauses(session, clock))
    return added


def _same_rule(clock: Clock, values: dict[str, Any]) -> bool:
    rule = (clock.rule_key, clock.rule_version)
    return rule == (values["rule_key"], values["rule_version"]) and clock.stopped_at is None


def _set_due(city: City, clock: Clock, pauses: list[Pause]) -> None:
    """The due day by the clock's rule, from its start and its pauses; none while a pause is open."""
    if any(interval.until is None for interval in pauses):
        clock.due_on = clock.due_at = None
        return
    days, zone = days_of(city.calendar), city.zone
    if clock.which == "law":
        rule = city.find_law(clock.rule_key, clock.rule_version)
        assert rule is not None, "a clock names a row of law that its version of the profile does not hold"
        whole = [
            (interval.since.astimezone(zone).date(), interval.until.astimezone(zone).date())
            for interval in pauses
            if interval.until is not None
        ]
        clock.due_on = statutory.due_on(rule, clock.started_at.astimezone(zone).date(), days, whole)
        clock.due_at = statutory.due_at(clock.due_on, zone)
        return
    service = city.services[clock.rule_key.removeprefix("promise:")]
    assert service.promise_days is not None
    instants = [(interval.since, interval.until) for interval in pauses if interval.until is not None]
    clock.due_at = promise.promise_due(
        clock.started_at, service.promise_days, city.calendar.office_hours, days, zone, instants
    )
    clock.due_on = promise.promise_due_on(clock.due_at, zone)


def _running(session: Session, cycle: Cycle) -> list[Clock]:
    return list(
        session.exec(select(Clock).where(Clock.cycle_id == cycle.id, col(Clock.stopped_at).is_(None)))
    )


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
    }

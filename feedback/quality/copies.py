"""What a month counts, as rows without words or person, and the figures that follow from them.

`record.py` freezes what is found here, `custody/verify.py` finds it again and compares. Nothing is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from msgspec import structs
from sqlmodel import Session, select

from feedback.columns import table_of
from feedback.items import population
from feedback.ledger.notes import canonical
from feedback.quality import measures
from feedback.quality.measures import NOT_ASSIGNED, CountedRow, RatedRow, Value
from feedback.quality.tables import Counted, Rated, Record
from feedback.satisfaction.tables import Invitation, Response

_INVITATION, _RESPONSE = table_of(Invitation), table_of(Response)


def count(session: Session, period: str) -> list[CountedRow]:
    """The copy of what a month counts, from the live rows."""
    first, last = measures.days_of_month(period)
    return [
        row for facts in population.of_period(session, first, last) if (row := counted_row(facts, period))
    ]


def counted_row(facts: population.CycleFacts, period: str) -> CountedRow | None:
    """A cycle as this month counts it; None where nothing of it counts here."""
    first, last = measures.days_of_month(period)

    def here(day: date | None) -> date | None:
        return day if day is not None and first <= day <= last else None

    started_here = here(facts.started_on)
    law, promise, answered = here(facts.law_due_on), here(facts.promise_due_on), here(facts.answered_on)
    if not (started_here or law or promise or answered):
        return None
    return CountedRow(
        cycle_id=facts.cycle_id,
        department=facts.department,
        service=facts.service,
        nature=facts.nature,
        received_on=started_here if facts.origin == "first" else None,
        law_due_on=law,
        promise_due_on=promise,
        answered_on=facts.answered_on
        if facts.answered_on is not None and facts.answered_on <= last
        else None,
        minutes=facts.minutes if answered else None,
        second_look_on=started_here if facts.origin != "first" else None,
    )


def rate(session: Session, period: str) -> list[RatedRow]:
    """The invitations made in a month with their ratings, from the live rows."""
    first, last = measures.days_of_month(period)
    invited = session.execute(
        sa.select(_INVITATION.c.cycle_id, _INVITATION.c.made_on, _RESPONSE.c.outcome, _RESPONSE.c.handling)
        .outerjoin(_RESPONSE, _RESPONSE.c.invitation_id == _INVITATION.c.id)
        .where(_INVITATION.c.made_on.between(first, last))
        .order_by(_INVITATION.c.cycle_id)
    ).all()
    facts = {row.cycle_id: row for row in population.of_cycles(session, [row[0] for row in invited])}
    return [
        RatedRow(
            cycle_id=cycle_id,
            department=facts[cycle_id].department,
            service=facts[cycle_id].service,
            nature=facts[cycle_id].nature,
            invited_on=made_on,
            outcome=outcome,
            handling=handling,
        )
        for cycle_id, made_on, outcome, handling in invited
        if cycle_id in facts
    ]


def compute(
    *,
    period: str,
    window_from: str,
    month: tuple[Sequence[CountedRow], Sequence[RatedRow]],
    window: tuple[Sequence[CountedRow], Sequence[RatedRow]],
) -> list[dict[str, Any]]:
    """All figures of a record from its copies: the month for the city, the window for city, departments, services."""
    figures = [
        _figure(value, "month", "city", "", period, period)
        for value in [*measures.handling(month[0]), *measures.satisfaction(month[1])]
    ]
    figures += [
        _figure(value, "year", "city", "", window_from, period)
        for value in [*measures.handling(window[0]), *measures.satisfaction(window[1])]
    ]
    for scope in ("department", "service"):
        keys = sorted({getattr(row, scope) for rows in window for row in rows})
        for key in keys:
            values = [
                *measures.handling([row for row in window[0] if getattr(row, scope) == key]),
                *measures.satisfaction([row for row in window[1] if getattr(row, scope) == key]),
            ]
            figures += [
                _figure(value, "year", scope, key or NOT_ASSIGNED, window_from, period)
                for value in values
                if value.n
            ]
    return figures


def earlier_counted(session: Session, window_from: str, period: str) -> list[CountedRow]:
    """The copies of the window's months before this one."""
    return rows_of(session, Counted, CountedRow, _earlier(session, window_from, period))


def earlier_rated(session: Session, window_from: str, period: str) -> list[RatedRow]:
    return rows_of(session, Rated, RatedRow, _earlier(session, window_from, period))


def rows_of(session: Session, model: type[Any], struct: type[Any], record_ids: Sequence[int]) -> list[Any]:
    """The copied rows of some records, by record and cycle."""
    table = table_of(model)
    names = struct.__struct_fields__
    rows = session.execute(
        sa.select(*(table.c[name] for name in names))
        .where(table.c.record_id.in_(record_ids))
        .order_by(table.c.record_id, table.c.cycle_id)
    )
    return [struct(*row) for row in rows]


def digest_rows(rows: Sequence[Any]) -> str:
    """The digest of a copy: SHA-256 of its rows in order of cycle."""
    ordered = sorted(rows, key=lambda row: row.cycle_id)
    return hashlib.sha256(canonical([structs.astuple(row) for row in ordered]).encode()).hexdigest()


def digest_figures(figures: Sequence[dict[str, Any]], *, of_satisfaction: bool) -> str:
    """The digest of the frozen figures: those of satisfaction, or the others."""
    chosen = [row for row in figures if (row["measure"] in measures.SATISFACTION) == of_satisfaction]
    ordered = sorted(chosen, key=lambda row: (row["measure"], row["span"], row["scope"], row["scope_key"]))
    return hashlib.sha256(canonical(ordered).encode()).hexdigest()


def _figure(
    value: Value, span: str, scope: str, scope_key: str, window_from: str, window_to: str
) -> dict[str, Any]:
    return {
        **structs.asdict(value),
        "span": span,
        "scope": scope,
        "scope_key": scope_key,
        "window_from": window_from,
        "window_to": window_to,
    }


def _earlier(session: Session, window_from: str, period: str) -> list[int]:
    found = session.exec(
        select(Record.id).where(
            Record.state == "closed", Record.period >= window_from, Record.period < period
        )
    ).all()
    return [key for key in found if key is not None]

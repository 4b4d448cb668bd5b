"""Finding items for a person: the one way to see an item.

Staff see through a `Viewer`, a citizen through the code or a mailed link. What a viewer may not see is answered
exactly as what does not exist (NotFound). Reads are Core selects into Structs, keyset-paginated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from feedback.columns import table_of
from feedback.errors import NotFound
from feedback.items.tables import Answer, Clock, Contact, Cycle, Entry, Item, Pause
from feedback.items.views import (
    AnswerView,
    ClockView,
    ContactView,
    CycleView,
    EntryView,
    ItemView,
    PauseView,
    Queue,
    QueuePage,
    QueueRow,
)
from feedback.people.tables import Account
from feedback.people.viewer import Viewer
from feedback.statements import Statement

_ITEM, _CYCLE, _CONTACT, _CLOCK = table_of(Item), table_of(Cycle), table_of(Contact), table_of(Clock)
_PAUSE, _ANSWER, _ENTRY, _ACCOUNT = table_of(Pause), table_of(Answer), table_of(Entry), table_of(Account)

PAGE = 50

_ENTRIES = (
    sa.select(
        _ENTRY,
        sa.func.coalesce(_ACCOUNT.c.name, "").label("account_name"),
        _ANSWER.c.outcome,
        _ANSWER.c.text.label("answer_text"),
        _ANSWER.c.planned_on,
        _ANSWER.c.forwarded_to,
    )
    .outerjoin(_ACCOUNT, _ACCOUNT.c.id == _ENTRY.c.account_id)
    .outerjoin(_ANSWER, _ANSWER.c.id == _ENTRY.c.answer_id)
    .where(_ENTRY.c.item_id == sa.bindparam("item"))
    .order_by(_ENTRY.c.at, _ENTRY.c.id)
)
_EVERY_ENTRY, _OPEN_ENTRIES = Statement(_ENTRIES), Statement(_ENTRIES.where(_ENTRY.c.side != "internal"))
_FIND_ITEM = Statement(sa.select(_ITEM).where(_ITEM.c.id == sa.bindparam("item")))
_FIND_BY_CODE = Statement(sa.select(_ITEM.c.id).where(_ITEM.c.code_hash == sa.bindparam("hashed")))
_FIND_CONTACT = Statement(sa.select(_CONTACT).where(_CONTACT.c.item_id == sa.bindparam("item")))
_CYCLES = Statement(
    sa.select(_CYCLE).where(_CYCLE.c.item_id == sa.bindparam("item")).order_by(_CYCLE.c.number)
)
_CLOCKS = Statement(
    sa.select(_CLOCK)
    .join(_CYCLE, _CYCLE.c.id == _CLOCK.c.cycle_id)
    .where(_CYCLE.c.item_id == sa.bindparam("item"))
)
_PAUSES = Statement(
    sa.select(_PAUSE)
    .join(_CLOCK, _CLOCK.c.id == _PAUSE.c.clock_id)
    .join(_CYCLE, _CYCLE.c.id == _CLOCK.c.cycle_id)
    .where(_CYCLE.c.item_id == sa.bindparam("item"))
    .order_by(_PAUSE.c.since)
)


def queue(
    session: Session,
    *,
    viewer: Viewer,
    which: Queue,
    department: str | None = None,
    service: str | None = None,
    kind: str | None = None,
    after: str = "",
    limit: int = PAGE,
) -> QueuePage:
    """The items of a queue that the viewer may see, the nearest due first. A foreign cursor starts anew."""
    if not viewer.has_desk:
        raise NotFound("no_desk")
    ended = which in ("answered", "closed", "void")
    where: list[Any] = [_CYCLE.c.ended_at.is_not(None) if ended else _CYCLE.c.ended_at.is_(None)]
    where.append(_visible(viewer))
    if which == "mine":
        where.append(_CYCLE.c.responder_id == viewer.account_id)
    elif which == "triage":
        where.append(_CYCLE.c.department.is_(None))
    elif which != "open":
        where.append(_ITEM.c.state == which)
    if department is not None:
        where.append(_CYCLE.c.department == department)
    if service is not None:
        where.append(_CYCLE.c.service == service)
    if kind is not None:
        where.append(_ITEM.c.kind == kind)
    order: tuple[Any, Any]
    if ended:  # The latest first: what was finished is looked up, not worked down.
        order = (_CYCLE.c.ended_at.desc(), _CYCLE.c.id.desc())
        place = _cursor(after)
        if place:
            where.append(
                sa.tuple_(_CYCLE.c.ended_at, _CYCLE.c.id) < sa.tuple_(*_bound(place, _CYCLE.c.ended_at))
            )
    else:
        order = (_CYCLE.c.next_due_at, _CYCLE.c.id)
        place = _cursor(after)
        if place:
            where.append(
                sa.tuple_(_CYCLE.c.next_due_at, _CYCLE.c.id) > sa.tuple_(*_bound(place, _CYCLE.c.next_due_at))
            )
    found = session.execute(
        sa.select(
            _ITEM.c.id,
            _ITEM.c.reference,
            _ITEM.c.kind,
            sa.func.substr(_ITEM.c.text, 1, 160).label("opening"),
            _ITEM.c.place,
            _ITEM.c.language,
            _ITEM.c.state,
            _ITEM.c.received_at,
            _CYCLE.c.id.label("cycle_id"),
            _CYCLE.c.number,
            _CYCLE.c.department,
            _CYCLE.c.service,
            _CYCLE.c.responder_id,
            sa.func.coalesce(_ACCOUNT.c.name, "").label("responder_name"),
            _CYCLE.c.next_due_at,
            _CYCLE.c.ended_at,
        )
        .join(_CYCLE, _CYCLE.c.id == _ITEM.c.cycle_id)
        .outerjoin(_ACCOUNT, _ACCOUNT.c.id == _CYCLE.c.responder_id)
        .where(*where)
        .order_by(*order)
        .limit(limit + 1)
    ).all()
    shown = found[:limit]
    clocks = _clocks(session, [row.cycle_id for row in shown])
    rows = tuple(
        QueueRow(
            item_id=row.id,
            clocks=tuple(clocks.get(row.cycle_id, ())),
            **{name: getattr(row, name) for name in _QUEUE_COLUMNS},
        )
        for row in shown
    )
    if len(found) <= limit:
        return QueuePage(rows, "")
    last = shown[-1]
    instant = last.ended_at if ended else last.next_due_at
    return QueuePage(rows, f"{instant.isoformat()}~{last.cycle_id}")


_QUEUE_COLUMNS = (
    "reference",
    "kind",
    "opening",
    "place",
    "language",
    "state",
    "received_at",
    "cycle_id",
    "number",
    "department",
    "service",
    "responder_id",
    "responder_name",
    "next_due_at",
)


def count_open(session: Session, *, viewer: Viewer, most: int = 100) -> dict[str, int]:
    """How many open items each queue holds for this viewer, counted up to `most` (shown as "99+")."""
    counts = {}
    for name, condition in (
        ("open", sa.true()),
        ("mine", _CYCLE.c.responder_id == viewer.account_id),
        ("triage", _CYCLE.c.department.is_(None)),
    ):
        rows = (
            sa.select(_CYCLE.c.id)
            .where(_CYCLE.c.ended_at.is_(None), _visible(viewer), condition)
            .limit(most)
            .subquery()
        )
        counts[name] = session.execute(sa.select(sa.func.count()).select_from(rows)).scalar_one()
    return counts


def get_for_staff(session: Session, *, viewer: Viewer, reference: str) -> ItemView:
    """An item as the desk shows it. NotFound where it does not exist or is not this viewer's to see."""
    row = session.execute(
        sa.select(_ITEM, _CYCLE.c.department.label("at_department"))
        .join(_CYCLE, _CYCLE.c.id == _ITEM.c.cycle_id)
        .where(_ITEM.c.reference == reference, _visible(viewer))
    ).first()
    if row is None:
        raise NotFound("item_unknown")
    return _view(session, row, internal=True)


def get_for_citizen(session: Session, *, item_id: int) -> ItemView:
    """An item as its sender sees it; the caller has checked the code or the link."""
    row = _FIND_ITEM.first(session, {"item": item_id})
    if row is None:
        raise NotFound("item_unknown")
    return _view(session, row, internal=False)


def find_by_code(session: Session, *, code_hash: str) -> int | None:
    """The item that a follow-up code opens, by the code's stored hash."""
    found: int | None = _FIND_BY_CODE.scalar(session, {"hashed": code_hash})
    return found


def _visible(viewer: Viewer) -> Any:
    """The condition on `cycle` that keeps what the viewer may see."""
    if not viewer.has_desk:
        return sa.false()
    if viewer.sees_all_departments:
        return sa.true()
    return _CYCLE.c.department.in_(sorted(viewer.departments))


def _view(session: Session, row: Any, *, internal: bool) -> ItemView:
    of_item = {"item": row.id}
    cycles = _CYCLES.all(session, of_item)
    clocks = _clocks_of(_CLOCKS.all(session, of_item), _PAUSES.all(session, of_item))
    contact = _FIND_CONTACT.first(session, of_item)
    return ItemView(
        **{name: getattr(row, name) for name in _ITEM_COLUMNS},
        cycles=tuple(
            CycleView(
                clocks=tuple(clocks.get(cycle.id, ())),
                **{name: getattr(cycle, name) for name in _CYCLE_COLUMNS},
            )
            for cycle in cycles
        ),
        entries=_entries(session, row.id, internal=internal),
        contact=None
        if contact is None
        else ContactView(
            contact.id, contact.name, contact.email, contact.phone, contact.language, contact.confirmed_at
        ),
    )


_ITEM_COLUMNS = tuple(
    name for name in ItemView.__struct_fields__ if name not in ("cycles", "entries", "contact")
)
_CYCLE_COLUMNS = tuple(name for name in CycleView.__struct_fields__ if name != "clocks")


def _entries(session: Session, item_id: int, *, internal: bool) -> tuple[EntryView, ...]:
    lines = (_EVERY_ENTRY if internal else _OPEN_ENTRIES).all(session, {"item": item_id})
    return tuple(
        EntryView(
            id=row.id,
            cycle_id=row.cycle_id,
            act=row.act,
            side=row.side,
            at=row.at,
            account_id=row.account_id,
            account_name=row.account_name,
            department=row.department,
            text=row.text,
            answer=None
            if row.answer_id is None
            else AnswerView(row.answer_id, row.outcome, row.answer_text, row.planned_on, row.forwarded_to),
        )
        for row in lines
    )


def _clocks(session: Session, cycle_ids: list[int]) -> dict[int, list[ClockView]]:
    """The clocks of the cycles on one page of a list."""
    if not cycle_ids:
        return {}
    clocks = session.execute(sa.select(_CLOCK).where(_CLOCK.c.cycle_id.in_(cycle_ids))).all()
    pauses = session.execute(
        sa.select(_PAUSE)
        .join(_CLOCK, _CLOCK.c.id == _PAUSE.c.clock_id)
        .where(_CLOCK.c.cycle_id.in_(cycle_ids))
        .order_by(_PAUSE.c.since)
    ).all()
    return _clocks_of(clocks, pauses)


def _clocks_of(clocks: Sequence[Any], pauses: Sequence[Any]) -> dict[int, list[ClockView]]:
    """Cycle → its clocks, from rows of both tables."""
    paused: dict[int, list[PauseView]] = {}
    for row in pauses:
        paused.setdefault(row.clock_id, []).append(PauseView(row.since, row.until, row.reason))
    found: dict[int, list[ClockView]] = {}
    for row in clocks:
        found.setdefault(row.cycle_id, []).append(
            ClockView(
                which=row.which,
                rule_key=row.rule_key,
                rule_version=row.rule_version,
                started_at=row.started_at,
                due_on=row.due_on,
                due_at=row.due_at,
                stopped_at=row.stopped_at,
                stopped_by=row.stopped_by,
                pauses=tuple(paused.get(row.id, ())),
            )
        )
    return found


def _cursor(after: str) -> tuple[datetime, int] | None:
    """Where the page before ended: `instant~cycle`, or None where it is no cursor of ours."""
    instant, _, key = after.partition("~")
    if not key.isascii() or not key.isdigit() or len(key) > 18:
        return None
    try:
        at = datetime.fromisoformat(instant)
        return (at.astimezone(UTC), int(key)) if at.tzinfo is not None else None
    except (ValueError, OverflowError):  # The first and the last day of time have no UTC in every zone.
        return None


def _bound(place: tuple[datetime, int], column: Any) -> tuple[Any, Any]:
    at, key = place
    return sa.bindparam(None, at, type_=column.type), sa.bindparam(None, key, type_=_CYCLE.c.id.type)

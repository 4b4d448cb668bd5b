"""Finding items for a person: the one way to see an item.

Staff see through a `Viewer`, a citizen through the code or a mailed link. What a viewer may not see is answered
exactly as what does not exist (NotFound). Lists of items are in `queues.py`. Reads are Core selects into Structs.
"""

from __future__ import annotations

from collections.abc import Sequence
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
)
from feedback.people.tables import Account
from feedback.people.viewer import Viewer
from feedback.statements import Statement

_ITEM, _CYCLE, _CONTACT, _CLOCK = table_of(Item), table_of(Cycle), table_of(Contact), table_of(Clock)
_PAUSE, _ANSWER, _ENTRY, _ACCOUNT = table_of(Pause), table_of(Answer), table_of(Entry), table_of(Account)

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


def get_for_staff(session: Session, *, viewer: Viewer, reference: str) -> ItemView:
    """An item as the desk shows it. NotFound where it does not exist or is not this viewer's to see."""
    row = session.execute(
        sa.select(_ITEM, _CYCLE.c.department.label("at_department"))
        .join(_CYCLE, _CYCLE.c.id == _ITEM.c.cycle_id)
        .where(_ITEM.c.reference == reference, visible(viewer))
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


def visible(viewer: Viewer) -> Any:
    """The condition on `cycle` that keeps what the viewer may see."""
    if not viewer.has_desk:
        return sa.false()
    if viewer.sees_all_departments:
        return sa.true()
    return _CYCLE.c.department.in_(sorted(viewer.departments))


def _view(session: Session, row: Any, *, internal: bool) -> ItemView:
    of_item = {"item": row.id}
    cycles = _CYCLES.all(session, of_item)
    clocks = clocks_of(_CLOCKS.all(session, of_item), _PAUSES.all(session, of_item))
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


def clocks_of(clocks: Sequence[Any], pauses: Sequence[Any]) -> dict[int, list[ClockView]]:
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

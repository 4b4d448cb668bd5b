"""Finding items for a person: the one way to see an item.

Staff see through a `Viewer`, and how far that goes says `visible_to` alone: every read for people has its condition in
its statement. A citizen sees through the code or a mailed link. What a viewer may not see is answered exactly as what
does not exist (NotFound), by the same statement. Lists of items are in `queues.py`; reads are selects into Structs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.columns import table_of
from feedback.errors import NotFound
from feedback.items.tables import Answer, Attachment, Contact, Cycle, Entry, Grant, Item, Reading
from feedback.items.time_tables import LAPSED, Clock, Extension, Pause
from feedback.items.views import (
    AnswerView,
    AttachmentView,
    ClockView,
    ContactView,
    CycleView,
    EntryView,
    GrantView,
    ItemView,
    PauseView,
    ReadingView,
)
from feedback.people.tables import Account
from feedback.people.viewer import Viewer
from feedback.statements import Statement

_ITEM, _CYCLE, _CONTACT, _CLOCK = table_of(Item), table_of(Cycle), table_of(Contact), table_of(Clock)
_PAUSE, _ANSWER, _ENTRY, _ACCOUNT = table_of(Pause), table_of(Answer), table_of(Entry), table_of(Account)
_ATTACHMENT, _GRANT, _READING = table_of(Attachment), table_of(Grant), table_of(Reading)
_EXTENSION = table_of(Extension)

_ITEM_COLUMNS = tuple(
    name
    for name in ItemView.__struct_fields__
    if name not in ("cycles", "entries", "contact", "attachments", "grants")
)
_CYCLE_COLUMNS = tuple(name for name in CycleView.__struct_fields__ if name != "clocks")
"""What views show of the tables: rows hold more, and every column of a row costs."""

_ENTRIES = (
    sa.select(
        _ENTRY,
        sa.func.coalesce(_ACCOUNT.c.name, "").label("account_name"),
        _ANSWER.c.outcome,
        _ANSWER.c.text.label("answer_text"),
        _ANSWER.c.planned_on,
        _ANSWER.c.forwarded_to,
        sa.func.coalesce(_EXTENSION.c.days, 0).label("days"),
    )
    .outerjoin(_ACCOUNT, _ACCOUNT.c.id == _ENTRY.c.account_id)
    .outerjoin(_ANSWER, _ANSWER.c.id == _ENTRY.c.answer_id)
    .outerjoin(_EXTENSION, _EXTENSION.c.entry_id == _ENTRY.c.id)
    .where(_ENTRY.c.item_id == sa.bindparam("item"))
    .order_by(_ENTRY.c.at, _ENTRY.c.id)
)
_EVERY_ENTRY, _OPEN_ENTRIES = Statement(_ENTRIES), Statement(_ENTRIES.where(_ENTRY.c.side != "internal"))
_ITEMS = sa.select(
    *(_ITEM.c[name] for name in _ITEM_COLUMNS),
    _CONTACT.c.id.label("contact_id"),
    _CONTACT.c.name.label("contact_name"),
    _CONTACT.c.email.label("contact_email"),
    _CONTACT.c.phone.label("contact_phone"),
    _CONTACT.c.language.label("contact_language"),
    _CONTACT.c.confirmed_at.label("contact_confirmed_at"),
).outerjoin(_CONTACT, _CONTACT.c.item_id == _ITEM.c.id)
_FIND_ITEM = Statement(_ITEMS.where(_ITEM.c.id == sa.bindparam("item")))
_FIND_ITEM_BY_CODE = Statement(_ITEMS.where(_ITEM.c.code_hash == sa.bindparam("hashed")))
_FIND_BY_CODE = Statement(sa.select(_ITEM.c.id).where(_ITEM.c.code_hash == sa.bindparam("hashed")))
_ATTACHMENTS = Statement(
    sa.select(*(_ATTACHMENT.c[name] for name in AttachmentView.__struct_fields__))
    .where(_ATTACHMENT.c.item_id == sa.bindparam("item"))
    .order_by(_ATTACHMENT.c.id)
)
CLOCK_COLUMNS = (
    _CLOCK.c.cycle_id,
    _CLOCK.c.id.label("clock_id"),
    _CLOCK.c.which,
    _CLOCK.c.rule_key,
    _CLOCK.c.rule_version,
    _CLOCK.c.started_at.label("clock_started_at"),
    _CLOCK.c.due_on,
    _CLOCK.c.due_at,
    _CLOCK.c.stopped_at,
    _CLOCK.c.stopped_by,
    _CLOCK.c.longer,
    _PAUSE.c.since,
    _PAUSE.c.until,
    _PAUSE.c.reason,
)
"""What `clocks_of` reads of clocks with their pauses."""
_CYCLES = Statement(
    sa.select(*(_CYCLE.c[name] for name in _CYCLE_COLUMNS), *CLOCK_COLUMNS)
    .outerjoin(_CLOCK, _CLOCK.c.cycle_id == _CYCLE.c.id)
    .outerjoin(_PAUSE, _PAUSE.c.clock_id == _CLOCK.c.id)
    .where(_CYCLE.c.item_id == sa.bindparam("item"))
    .order_by(_CYCLE.c.number)
)


_GIVER = _ACCOUNT.alias("giver")
_GRANTS = Statement(
    sa.select(
        _GRANT.c.id,
        _GRANT.c.account_id,
        sa.func.coalesce(_ACCOUNT.c.name, "").label("account_name"),
        _GRANT.c.department,
        _GRANT.c.given_at,
        sa.func.coalesce(_GIVER.c.name, "").label("given_by_name"),
    )
    .outerjoin(_ACCOUNT, _ACCOUNT.c.id == _GRANT.c.account_id)
    .outerjoin(_GIVER, _GIVER.c.id == _GRANT.c.given_by)
    .where(_GRANT.c.item_id == sa.bindparam("item"), _GRANT.c.ended_at.is_(None))
    .order_by(_GRANT.c.id)
)
_READINGS = Statement(
    sa.select(_ACCOUNT.c.name.label("account_name"), _READING.c.at)
    .join(_ACCOUNT, _ACCOUNT.c.id == _READING.c.account_id)
    .where(_READING.c.item_id == sa.bindparam("item"))
    .order_by(_READING.c.at.desc(), _READING.c.id.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)


_HELD = _ITEM.alias("held")
_HELD_IDS = sa.select(_HELD.c.id).where(_HELD.c.held.is_not(None))
IS_HELD, NOT_HELD = _CYCLE.c.item_id.in_(_HELD_IDS), _CYCLE.c.item_id.not_in(_HELD_IDS)
"""On `cycle`: whether its item waits for a clerk's look. Few do, and an index holds them."""


class Sight(Struct, frozen=True):
    """How far somebody sees, as far as the text of the condition depends on it: it is compiled once for all alike."""

    has_desk: bool
    departments: int | None
    """To how many departments it is narrowed; None: not narrowed."""
    led: int
    """How many of them this person heads."""

    @property
    def condition(self) -> Any:
        """On `cycle`: what is neither restricted nor held in these departments, and what this person is named for.

        What is held is looked at by clerks; what is restricted besides, by those who are named for it.
        """
        if not self.has_desk:
            return sa.false()
        named = _GRANT.c.account_id == sa.bindparam("me", type_=_GRANT.c.account_id.type)
        if self.led:
            named = sa.or_(named, one_of(_GRANT.c.department, "led", self.led))
        is_named = sa.exists().where(_GRANT.c.item_id == _CYCLE.c.item_id, _GRANT.c.ended_at.is_(None), named)
        is_open: Any = _CYCLE.c.restricted.is_(None)
        if self.departments is None:
            return sa.or_(is_open, is_named)
        is_own = one_of(_CYCLE.c.department, "department", self.departments)
        return sa.or_(sa.and_(is_open, is_own, NOT_HELD), sa.and_(_CYCLE.c.restricted.is_not(None), is_named))


def visible_to(viewer: Viewer) -> tuple[Sight, dict[str, Any]]:
    """Which items a person of staff may see: the condition, and the values of its parameters.

    Clerks: every item that is not restricted; responders and leads: those of their departments; a restricted one
    nobody but who is named for it and still has a desk. Everybody else: none.
    """
    own = None if viewer.sees_all_departments else sorted(viewer.departments)
    led = sorted(viewer.led)
    values: dict[str, Any] = {"me": viewer.account_id}
    values |= {f"department_{place}": key for place, key in enumerate(own or ())}
    values |= {f"led_{place}": key for place, key in enumerate(led)}
    return Sight(viewer.has_desk, None if own is None else len(own), len(led)), values


def one_of(column: Any, name: str, number: int) -> Any:
    """That a column holds one of so many values, whose parameters are numbered."""
    if number == 0:
        return sa.false()
    if number == 1:
        return column == sa.bindparam(f"{name}_0")
    return column.in_([sa.bindparam(f"{name}_{place}") for place in range(number)])


@lru_cache(256)
def _find_seen(sight: Sight) -> Statement:
    return Statement(
        _ITEMS.join(_CYCLE, _CYCLE.c.id == _ITEM.c.cycle_id).where(
            _ITEM.c.reference == sa.bindparam("reference"), sight.condition
        )
    )


def get_for_staff(session: Session, *, viewer: Viewer, reference: str) -> ItemView:
    """An item as the desk shows it. NotFound where it does not exist or is not this viewer's to see."""
    sight, values = visible_to(viewer)
    row = _find_seen(sight).first(session, {**values, "reference": reference})
    if row is None:
        raise NotFound("item_unknown")
    return _view(session, row, _entries(session, row.id, internal=True), _attachments(session, row.id))


def get_for_citizen(session: Session, *, item_id: int) -> ItemView:
    """An item as its sender sees it; the caller has checked the code or the link."""
    row = _FIND_ITEM.first(session, {"item": item_id})
    if row is None:
        raise NotFound("item_unknown")
    return _view(session, row, _entries(session, row.id, internal=False), _attachments(session, row.id))


def get_received(session: Session, *, code_hash: str) -> ItemView | None:
    """What a receipt shows of the item that a follow-up code opens: all but its timeline, which is left empty."""
    row = _FIND_ITEM_BY_CODE.first(session, {"hashed": code_hash})
    return None if row is None else _view(session, row, ())


def find_by_code(session: Session, *, code_hash: str) -> int | None:
    """The item that a follow-up code opens, by the code's stored hash."""
    found: int | None = _FIND_BY_CODE.scalar(session, {"hashed": code_hash})
    return found


def readings_of(session: Session, *, item_id: int, most: int = 20) -> tuple[ReadingView, ...]:
    """Who has read a restricted item, the last first; the caller has found that the viewer may see it."""
    rows = _READINGS.all(session, {"item": item_id, "most": most})
    return tuple(ReadingView(row.account_name, row.at) for row in rows)


def _view(
    session: Session,
    row: Any,
    entries: tuple[EntryView, ...],
    attachments: tuple[AttachmentView, ...] = (),
) -> ItemView:
    rows = _CYCLES.all(session, {"item": row.id})
    clocks = clocks_of(rows)
    cycles = {cycle.id: cycle for cycle in rows}  # One row for each pause of each clock of each cycle.
    return ItemView(
        **{name: getattr(row, name) for name in _ITEM_COLUMNS},
        cycles=tuple(
            CycleView(
                clocks=tuple(clocks.get(cycle.id, ())),
                **{name: getattr(cycle, name) for name in _CYCLE_COLUMNS},
            )
            for cycle in cycles.values()
        ),
        entries=entries,
        grants=_grants(session, row.id) if rows[-1].restricted is not None else (),
        contact=None
        if row.contact_id is None
        else ContactView(
            row.contact_id,
            row.contact_name,
            row.contact_email,
            row.contact_phone,
            row.contact_language,
            row.contact_confirmed_at,
        ),
        attachments=attachments,
    )


def _grants(session: Session, item_id: int) -> tuple[GrantView, ...]:
    return tuple(GrantView(*row) for row in _GRANTS.all(session, {"item": item_id}))


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
            days=row.days,
        )
        for row in lines
    )


def _attachments(session: Session, item_id: int) -> tuple[AttachmentView, ...]:
    return tuple(AttachmentView(*row) for row in _ATTACHMENTS.all(session, {"item": item_id}))


def clocks_of(rows: Sequence[Any]) -> dict[int, list[ClockView]]:
    """Cycle → its clocks in the order in which they were started, from rows with `CLOCK_COLUMNS`."""
    first: dict[int, Any] = {}
    paused: dict[int, list[PauseView]] = {}
    for row in rows:
        if row.clock_id is None:  # A cycle without a clock.
            continue
        first.setdefault(row.clock_id, row)
        if row.since is not None and row.reason != LAPSED:
            paused.setdefault(row.clock_id, []).append(PauseView(row.since, row.until, row.reason))
    found: dict[int, list[ClockView]] = {}
    for clock_id in sorted(first):
        row = first[clock_id]
        found.setdefault(row.cycle_id, []).append(
            ClockView(
                which=row.which,
                rule_key=row.rule_key,
                rule_version=row.rule_version,
                started_at=row.clock_started_at,
                due_on=row.due_on,
                due_at=row.due_at,
                stopped_at=row.stopped_at,
                stopped_by=row.stopped_by,
                pauses=tuple(sorted(paused.get(clock_id, ()), key=lambda pause: pause.since)),
                longer=row.longer,
            )
        )
    return found

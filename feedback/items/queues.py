"""Lists of items for a person: the queue of what is open, and what is finished.

Which items a viewer may see is said by `find.visible_to`, in every statement here. Each list is read in the order of an
index and ends with its page, so that a page costs the same in a city of ten thousand items and of a million; counts end
early too. A list with a filter becomes one statement for each combination of filters, compiled once
(`feedback/statements.py`). Restricted items stand where the others do, and all of them in a list of their own. What is
urgent stands at the head of every list in the order of due days.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.columns import table_of
from feedback.errors import NotFound
from feedback.items.find import CLOCK_COLUMNS, IS_HELD, NOT_HELD, Sight, clocks_of, one_of, visible_to
from feedback.items.tables import Cycle, Item
from feedback.items.time_tables import Clock, Pause
from feedback.items.views import ClockView, Queue, QueuePage, QueueRow
from feedback.people.tables import Account
from feedback.people.viewer import Viewer
from feedback.statements import Statement

_ITEM, _CYCLE, _CLOCK, _PAUSE = table_of(Item), table_of(Cycle), table_of(Clock), table_of(Pause)
_ACCOUNT = table_of(Account)

PAGE = 50
"""Rows of one page, and the most that can be asked for."""
ENDED: frozenset[Queue] = frozenset(("answered", "closed", "void"))
"""Lists of what nothing is asked of any more: the newest round first."""
BY_ROUND: frozenset[Queue] = ENDED | {"held"}
"""Lists in the order of rounds, not of due days; what is held comes in the order in which it came in."""
_URGENT = _CYCLE.alias("urgent")
_IS_URGENT = _CYCLE.c.id.in_(
    sa.select(_URGENT.c.id).where(_URGENT.c.ended_at.is_(None), _URGENT.c.urgent.is_not(None))
)
"""Few are, and an index holds them: they are found first, whatever else a list asks for."""
_IN_QUEUE = sa.or_(NOT_HELD, _CYCLE.c.restricted.is_not(None))
"""What is held stands in a list of its own; what is restricted besides, before those who are named for it."""
OPENING = 160
"""Characters of the text that a row holds."""


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
    """The items of a queue that the viewer may see, the nearest due first; of what is finished, the newest first.

    Before all others come those that are urgent, the nearest due first among them too.

    What is held stands in the list "held" only, and that is the clerks'. A foreign cursor starts anew. Refuses
    NotFound for a role without a desk, and for "held" to all but clerks.
    """
    if not viewer.has_desk or (which == "held" and not viewer.sees_all_departments):
        raise NotFound("no_desk")
    place = _cursor(after, which)
    sight, values = visible_to(viewer)
    limit = min(limit, PAGE)
    values |= {"department": department, "service": service, "kind": kind}
    narrowed = (department is not None, service is not None, kind is not None)
    found: list[Any] = []
    # One after the other, each in the order of an index: together they would have to be sorted.
    for part in _PARTS_BY_ROUND if which in BY_ROUND else _PARTS:
        if len(found) > limit or (place is not None and place.part == "others" and part == "urgent"):
            continue
        begins = place is not None and place.part == part
        shape = _Shape(which, sight, *narrowed, is_later=begins, part=part)
        where = {"at": place.at, "key": place.key} if place is not None and begins else {}
        found += _rows(shape).all(session, {**values, **where, "most": limit + 1 - len(found)})
    shown = found[:limit]
    clocks = _clocks(session, [row.cycle_id for row in shown])
    rows = tuple(
        QueueRow(
            reference=row.reference,
            kind=row.kind,
            # Its words are read on its own page only, where each reading is recorded.
            opening="" if row.restricted else row.opening,
            place="" if row.restricted else row.place,
            language=row.language,
            state=row.state,
            is_held=row.held is not None,
            cycle_id=row.cycle_id,
            number=row.number,
            department=row.department,
            service=row.service,
            is_restricted=row.restricted is not None,
            urgent=row.urgent,
            responder_id=row.responder_id,
            responder_name=row.responder_name,
            clocks=tuple(clocks.get(row.cycle_id, ())),
        )
        for row in shown
    )
    if len(found) <= limit:
        return QueuePage(rows, "")
    last = shown[-1]
    if which in BY_ROUND:
        return QueuePage(rows, f"~{last.cycle_id}")
    return QueuePage(rows, _cursor_of(last.next_due_at, last.cycle_id, is_urgent=last.urgent is not None))


def beginning_with(session: Session, *, cycle_id: int, which: Queue) -> str:
    """The cursor of the page that begins with this round, for the list beside an open item."""
    if which in BY_ROUND:
        return f"~{cycle_id - 1 if which == 'held' else cycle_id + 1}"
    found = _FIND_DUE.first(session, {"cycle": cycle_id})
    assert found is not None
    return _cursor_of(found.next_due_at, cycle_id - 1, is_urgent=found.urgent is not None)


def count_open(session: Session, *, viewer: Viewer, most: int = 100) -> dict[str, int]:
    """How many open items each queue holds for this viewer, counted up to `most` (shown as "99+")."""
    sight, values = visible_to(viewer)
    counts = _counts(sight).first(session, {**values, "most": most})
    assert counts is not None
    found = {
        "open": counts.open,
        "mine": counts.mine,
        "triage": counts.triage,
        "restricted": counts.restricted,
    }
    return found | ({"held": counts.held} if viewer.sees_all_departments else {})


Part = Literal["urgent", "others", "all"]
_PARTS: tuple[Part, ...] = ("urgent", "others")
"""Of a list in the order of due days, in the order in which they are read."""
_PARTS_BY_ROUND: tuple[Part, ...] = ("all",)


class _Shape(Struct, frozen=True):
    """What the text of a list's statement depends on."""

    which: Queue
    sight: Sight
    by_department: bool
    by_service: bool
    by_kind: bool
    is_later: bool
    """It begins behind a place."""
    part: Part


@lru_cache(512)
def _rows(shape: _Shape) -> Statement:
    is_held = shape.which == "held"
    by_round = shape.which in BY_ROUND
    where: list[Any] = [] if by_round else [_CYCLE.c.ended_at.is_(None)]
    where.append(shape.sight.condition)
    if shape.part == "urgent":
        where.append(_IS_URGENT)
    elif shape.part == "others":
        where.append(_CYCLE.c.urgent.is_(None))
    if shape.by_department:
        where.append(_CYCLE.c.department == sa.bindparam("department"))
    elif shape.which in ("open", "waiting"):
        where += _narrowed(shape.sight)
    if shape.which in ("open", "triage"):
        where.append(_IN_QUEUE)
    if shape.which == "restricted":
        where.append(_CYCLE.c.restricted.is_not(None))
    elif shape.which == "mine":
        where.append(_CYCLE.c.responder_id == sa.bindparam("me"))
    elif shape.which == "triage":
        where.append(_CYCLE.c.department.is_(None))
    elif shape.which == "waiting":
        # What is open and neither new nor in work: read in the order of due days, not collected by its state.
        where += [_ITEM.c.state != "received", _ITEM.c.state != "open"]
    elif is_held:
        where.append(_ITEM.c.held.is_not(None))
    elif shape.which != "open":
        where.append(_ITEM.c.state == shape.which)
    if shape.by_service:
        where.append(_CYCLE.c.service == sa.bindparam("service"))
    if shape.by_kind:
        where.append(_ITEM.c.kind == sa.bindparam("kind"))
    key = sa.bindparam("key", type_=_CYCLE.c.id.type)
    if by_round:
        # By the item's own copy of the key, which stands in the index of its state, and of what is held.
        order: list[Any] = [_ITEM.c.cycle_id.asc() if is_held else _ITEM.c.cycle_id.desc()]
        if shape.is_later:
            where.append(_ITEM.c.cycle_id > key if is_held else _ITEM.c.cycle_id < key)
    else:
        order = [_CYCLE.c.next_due_at, _CYCLE.c.id]
        if shape.is_later:
            at = sa.bindparam("at", type_=_CYCLE.c.next_due_at.type)
            where.append(sa.tuple_(_CYCLE.c.next_due_at, _CYCLE.c.id) > sa.tuple_(at, key))
    # One equality joins them: with two, PostgreSQL expects next to nothing and sorts everything.
    if by_round:
        rows = _ITEM.join(_CYCLE, _CYCLE.c.id == _ITEM.c.cycle_id)
    else:  # A round that is not ended is its item's newest.
        rows = _CYCLE.join(_ITEM, _ITEM.c.id == _CYCLE.c.item_id)
    return Statement(
        sa.select(
            _ITEM.c.reference,
            _ITEM.c.kind,
            sa.func.substr(_ITEM.c.text, 1, OPENING).label("opening"),
            _ITEM.c.place,
            _ITEM.c.language,
            _ITEM.c.state,
            _ITEM.c.held,
            _CYCLE.c.id.label("cycle_id"),
            _CYCLE.c.number,
            _CYCLE.c.department,
            _CYCLE.c.service,
            _CYCLE.c.restricted,
            _CYCLE.c.urgent,
            _CYCLE.c.responder_id,
            sa.func.coalesce(_ACCOUNT.c.name, "").label("responder_name"),
            _CYCLE.c.next_due_at,
        )
        .select_from(rows.outerjoin(_ACCOUNT, _ACCOUNT.c.id == _CYCLE.c.responder_id))
        .where(*where)
        .order_by(*order)
        .limit(sa.bindparam("most", type_=sa.Integer))
    )


@lru_cache(64)
def _counts(sight: Sight) -> Statement:
    def upto(name: str, *condition: Any) -> Any:
        rows = (
            sa.select(_CYCLE.c.id)
            .where(_CYCLE.c.ended_at.is_(None), sight.condition, *condition)
            .limit(sa.bindparam("most", type_=sa.Integer))
            .subquery()
        )
        return sa.select(sa.func.count()).select_from(rows).scalar_subquery().label(name)

    return Statement(
        sa.select(
            upto("open", _IN_QUEUE, *_narrowed(sight)),
            upto("mine", _CYCLE.c.responder_id == sa.bindparam("me")),
            upto("triage", _IN_QUEUE, _CYCLE.c.department.is_(None)),
            upto("held", IS_HELD),
            upto("restricted", _CYCLE.c.restricted.is_not(None)),
        )
    )


def _narrowed(sight: Sight) -> list[Any]:
    """A list of the departments' own: by the index of departments, without what stands elsewhere."""
    return [] if sight.departments is None else [one_of(_CYCLE.c.department, "department", sight.departments)]


_PLACES = [f"cycle_{place}" for place in range(PAGE)]
_OF_PAGE = _CLOCK.c.cycle_id.in_([sa.bindparam(place) for place in _PLACES])
_CLOCKS = Statement(
    sa.select(*CLOCK_COLUMNS)
    .select_from(_CLOCK.outerjoin(_PAUSE, _PAUSE.c.clock_id == _CLOCK.c.id))
    .where(_OF_PAGE)
)
_FIND_DUE = Statement(
    sa.select(_CYCLE.c.next_due_at, _CYCLE.c.urgent).where(_CYCLE.c.id == sa.bindparam("cycle"))
)


def _clocks(session: Session, cycle_ids: list[int]) -> dict[int, list[ClockView]]:
    """The clocks of the rounds on one page; a short page asks for its last round several times over."""
    if not cycle_ids:
        return {}
    asked = dict(zip(_PLACES, cycle_ids + cycle_ids[-1:] * (PAGE - len(cycle_ids)), strict=True))
    return clocks_of(_CLOCKS.all(session, asked))


class _Place(Struct, frozen=True):
    """Where a page ended: the part of the list, the due instant (None in finished lists), the round."""

    part: Part
    at: datetime | None
    key: int


def _cursor_of(at: datetime, key: int, *, is_urgent: bool) -> str:
    """`instant~round`, with "!" before it where what is urgent goes on."""
    return f"{'!' if is_urgent else ''}{at.isoformat()}~{key}"


def _cursor(after: str, which: Queue) -> _Place | None:
    """Where the page before ended: `instant~round`, without instant in finished lists; None: no cursor of ours."""
    instant, _, key = after.partition("~")
    if not key.isascii() or not key.isdigit() or len(key) > 18:
        return None
    if which in BY_ROUND:
        return _Place("all", None, int(key))
    try:
        at = datetime.fromisoformat(instant.removeprefix("!"))
        if at.tzinfo is None:
            return None
        return _Place("urgent" if instant.startswith("!") else "others", at.astimezone(UTC), int(key))
    except (ValueError, OverflowError):  # The first and the last day of time have no UTC in every zone.
        return None

"""Lists of items for a person: the queue of what is open, and what is finished.

Which items a viewer may see is said by `find.visible_to`, in every statement here. Each list is read in the order of an
index and ends with its page, so that a page costs the same in a city of ten thousand items and of a million; counts end
early too. A list with a filter becomes one statement for each combination of filters, compiled once
(`feedback/statements.py`). Restricted items stand where the others do, and all of them in a list of their own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.columns import table_of
from feedback.errors import NotFound
from feedback.items.find import CLOCK_COLUMNS, IS_HELD, NOT_HELD, Sight, clocks_of, one_of, visible_to
from feedback.items.tables import Clock, Cycle, Item, Pause
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

    What is held stands in the list "held" only, and that is the clerks'. A foreign cursor starts anew. Refuses
    NotFound for a role without a desk, and for "held" to all but clerks.
    """
    if not viewer.has_desk or (which == "held" and not viewer.sees_all_departments):
        raise NotFound("no_desk")
    place = _cursor(after, which)
    sight, values = visible_to(viewer)
    limit = min(limit, PAGE)
    values |= {"most": limit + 1, "department": department, "service": service, "kind": kind}
    if place:
        values |= {"at": place[0], "key": place[1]}
    shape = _Shape(
        which,
        sight,
        department is not None,
        service is not None,
        kind is not None,
        place is not None,
    )
    found = _rows(shape).all(session, values)
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
            responder_id=row.responder_id,
            responder_name=row.responder_name,
            clocks=tuple(clocks.get(row.cycle_id, ())),
        )
        for row in shown
    )
    if len(found) <= limit:
        return QueuePage(rows, "")
    last = shown[-1]
    return QueuePage(rows, f"{'' if which in BY_ROUND else last.next_due_at.isoformat()}~{last.cycle_id}")


def beginning_with(session: Session, *, cycle_id: int, which: Queue) -> str:
    """The cursor of the page that begins with this round, for the list beside an open item."""
    due_at = _FIND_DUE.scalar(session, {"cycle": cycle_id})
    if which in BY_ROUND:
        return f"~{cycle_id - 1 if which == 'held' else cycle_id + 1}"
    return f"{due_at.isoformat()}~{cycle_id - 1}"


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


class _Shape(Struct, frozen=True):
    """What the text of a list's statement depends on."""

    which: Queue
    sight: Sight
    by_department: bool
    by_service: bool
    by_kind: bool
    is_later: bool
    """Not the first page."""


@lru_cache(512)
def _rows(shape: _Shape) -> Statement:
    is_held = shape.which == "held"
    by_round = shape.which in BY_ROUND
    where: list[Any] = [] if by_round else [_CYCLE.c.ended_at.is_(None)]
    where.append(shape.sight.condition)
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
_FIND_DUE = Statement(sa.select(_CYCLE.c.next_due_at).where(_CYCLE.c.id == sa.bindparam("cycle")))


def _clocks(session: Session, cycle_ids: list[int]) -> dict[int, list[ClockView]]:
    """The clocks of the rounds on one page; a short page asks for its last round several times over."""
    if not cycle_ids:
        return {}
    asked = dict(zip(_PLACES, cycle_ids + cycle_ids[-1:] * (PAGE - len(cycle_ids)), strict=True))
    return clocks_of(_CLOCKS.all(session, asked))


def _cursor(after: str, which: Queue) -> tuple[datetime | None, int] | None:
    """Where the page before ended: `instant~round`, without instant in finished lists; None: no cursor of ours."""
    instant, _, key = after.partition("~")
    if not key.isascii() or not key.isdigit() or len(key) > 18:
        return None
    if which in BY_ROUND:
        return None, int(key)
    try:
        at = datetime.fromisoformat(instant)
        return (at.astimezone(UTC), int(key)) if at.tzinfo is not None else None
    except (ValueError, OverflowError):  # The first and the last day of time have no UTC in every zone.
        return None

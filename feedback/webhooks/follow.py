"""Finding what is to be told, and putting it into the outbox: once for each subscription.

The sealed log is followed leaf by leaf, so that a deed costs nothing for being told of, and nothing that was committed
is ever passed over. Overdue is what no deed makes: rounds whose due time has passed since one looked last. What was
found twice, by two workers or after a fault, has the same id and is put once. What is restricted is not told, what is
held not before its release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from msgspec import Struct, json, structs
from sqlmodel import Session

from feedback.columns import table_of
from feedback.items.tables import Cycle, Item
from feedback.items.time_tables import Clock
from feedback.ledger.tables import Leaf, Note
from feedback.outbox import post
from feedback.statements import upsert
from feedback.webhooks import events
from feedback.webhooks.events import Due, Event, RecordData
from feedback.webhooks.tables import Delivery, Subscription

CHUNK = 100
"""Leaves, or cases, that are told in one write."""
LOOKS_BACK_MOST = timedelta(hours=1)

_LEAF, _NOTE = table_of(Leaf), table_of(Note)
_ITEM, _CYCLE, _CLOCK = table_of(Item), table_of(Cycle), table_of(Clock)
_SUBSCRIPTION, _DELIVERY = table_of(Subscription), table_of(Delivery)
_INSERT_DELIVERY = upsert(
    _DELIVERY,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["subscription_id", "stable_id"]).returning(
        _DELIVERY.c.id
    ),
)


class Following(Struct, frozen=True):
    """A subscription that is told, and how far it has been told."""

    id: int
    events: frozenset[str]
    since: datetime
    followed: int
    looked_at: datetime


class News(Struct, frozen=True):
    """An event that a subscription is to be told of."""

    event: Event
    stable_id: str
    item_id: int | None
    content: str


def following(session: Session) -> list[Following]:
    """The subscriptions that are told: neither removed nor disabled."""
    rows = session.execute(
        sa.select(
            _SUBSCRIPTION.c.id,
            _SUBSCRIPTION.c.events,
            _SUBSCRIPTION.c.since,
            _SUBSCRIPTION.c.followed,
            _SUBSCRIPTION.c.looked_at,
        )
        .where(_SUBSCRIPTION.c.ended_at.is_(None), _SUBSCRIPTION.c.disabled_at.is_(None))
        .order_by(_SUBSCRIPTION.c.id)
    )
    return [
        Following(row.id, frozenset(row.events.split()), row.since, row.followed, row.looked_at)
        for row in rows
    ]


def find_news(session: Session, subscription: Following) -> tuple[int, list[News]]:
    """How far the next leaves of the log lead, and what of them this subscription wants to know."""
    rows = session.execute(
        sa.select(_LEAF.c.n, _NOTE)
        .join(
            _NOTE,
            sa.and_(
                _NOTE.c.kind == _LEAF.c.kind,
                _NOTE.c.subject == _LEAF.c.subject,
                _NOTE.c.seq == _LEAF.c.seq,
            ),
        )
        .where(_LEAF.c.n >= subscription.followed, _LEAF.c.n < subscription.followed + CHUNK)
        .order_by(_LEAF.c.n)
    ).all()
    if not rows:
        return subscription.followed, []
    wanted: list[tuple[Any, Any, list[Event]]] = []
    for row in rows:
        if row.at < subscription.since:
            continue
        facts = json.decode(row.facts)
        told = [event for event in events.of_note(row.kind, row.act, facts) if event in subscription.events]
        if told:
            wanted.append((row, facts, told))
    of_items = {row.subject for row, _, _ in wanted if row.kind == "item"}
    tellable, dues = _unrestricted(session, of_items), _dues(session, of_items)
    found: list[News] = []
    for row, facts, told in wanted:
        for event in told:
            stable_id = events.stable_id(event, row.hash)
            if row.kind == "record":
                period = next(iter(facts.values()))["period"]
                said = events.content(event, row.at, RecordData(period))
                found.append(News(event, stable_id, None, said))
            elif row.subject in tellable and events.cycle_of(facts).get("restricted") is None:
                cycle_id = events.item_of(facts)["cycle_id"]
                data = events.item_data(facts, dues.get(cycle_id, Due()))
                found.append(News(event, stable_id, row.subject, events.content(event, row.at, data)))
    if "item.overdue" in subscription.events:
        touched = {row.subject for row in rows if row.kind == "item"}
        found += find_overdue(session, _CYCLE.c.next_due_at <= subscription.looked_at, among=touched)
    return rows[-1].n + 1, found


def find_passed(session: Session, subscription: Following, *, now: datetime) -> list[News]:
    """The rounds whose due time has passed since this subscription was told last."""
    if "item.overdue" not in subscription.events:
        return []
    return find_overdue(session, _CYCLE.c.next_due_at > subscription.looked_at, _CYCLE.c.next_due_at <= now)


def find_overdue(session: Session, *due: Any, among: Iterable[int] | None = None) -> list[News]:
    """Open rounds that are due as the conditions say, each under an id of its own: it is told once."""
    statement = (
        sa.select(
            _ITEM, *(_CYCLE.c[name].label(f"of_cycle_{name}") for name in ("id", *Cycle.FACTS, "next_due_at"))
        )
        .join(_CYCLE, _CYCLE.c.id == _ITEM.c.cycle_id)
        .where(_CYCLE.c.ended_at.is_(None), _ITEM.c.held.is_(None), *due)
        .order_by(_CYCLE.c.next_due_at, _CYCLE.c.id)
    )
    if among is not None:
        statement = statement.where(_ITEM.c.id.in_(sorted(among)))
    rows = session.execute(statement).all()
    ids = {row.id for row in rows}
    tellable, dues = _unrestricted(session, ids), _dues(session, ids)
    found = []
    for row in rows:
        if row.id not in tellable:
            continue
        facts: dict[str, Mapping[str, Any]] = {
            f"item:{row.id}": {name: getattr(row, name) for name in Item.FACTS},
            f"cycle:{row.cycle_id}": {name: getattr(row, f"of_cycle_{name}") for name in Cycle.FACTS},
        }
        data = events.item_data(facts, dues.get(row.cycle_id, Due()))
        said = events.content("item.overdue", row.of_cycle_next_due_at, data)
        stable_id = events.stable_id("item.overdue", f"{row.reference} {data.round}")
        found.append(News("item.overdue", stable_id, row.id, said))
    return found


def tell(session: Session, subscription_id: int, news: Sequence[News], *, now: datetime) -> None:
    """Put these into the outbox for a subscription. What is there already is not put twice."""
    for one in news:
        delivery_id = _INSERT_DELIVERY.scalar(
            session,
            {
                "subscription_id": subscription_id,
                "event": one.event,
                "stable_id": one.stable_id,
                "item_id": one.item_id,
                "content": one.content,
                "state": "waiting",
                "reason": "",
                "made_at": now,
                "ended_at": None,
            },
        )
        if delivery_id is not None:
            key = str(delivery_id)
            post.job(session, kind=post.HOOK, key=key, run_at=now, destination=str(subscription_id))


def is_behind(subscription: Following, now: datetime) -> bool:
    """Whether it is time to note that nothing has become overdue: the next look need not begin so long ago."""
    return now - subscription.looked_at > LOOKS_BACK_MOST


def keep(
    session: Session, subscription: Following, *, followed: int, looked_at: datetime
) -> Following | None:
    """How far this subscription has been told; None where another worker, or its end, was quicker."""
    moved = session.execute(
        sa.update(_SUBSCRIPTION)
        .where(
            _SUBSCRIPTION.c.id == subscription.id,
            _SUBSCRIPTION.c.followed == subscription.followed,
            _SUBSCRIPTION.c.looked_at == subscription.looked_at,
            _SUBSCRIPTION.c.ended_at.is_(None),
            _SUBSCRIPTION.c.disabled_at.is_(None),
        )
        .values(followed=followed, looked_at=looked_at)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        return None
    return structs.replace(subscription, followed=followed, looked_at=looked_at)


def _unrestricted(session: Session, item_ids: set[int]) -> set[int]:
    """Of these cases those that may be told of: that are not restricted now."""
    rows = session.execute(
        sa.select(_ITEM.c.id)
        .join(_CYCLE, _CYCLE.c.id == _ITEM.c.cycle_id)
        .where(_ITEM.c.id.in_(sorted(item_ids)), _CYCLE.c.restricted.is_(None))
    )
    return set(rows.scalars())


def _dues(session: Session, item_ids: set[int]) -> dict[int, Due]:
    """Round → its due days as they stand now."""
    found: dict[int, dict[str, Any]] = {}
    rows = session.execute(
        sa.select(_CLOCK.c.cycle_id, _CLOCK.c.which, _CLOCK.c.due_on)
        .join(_CYCLE, _CYCLE.c.id == _CLOCK.c.cycle_id)
        .where(_CYCLE.c.item_id.in_(sorted(item_ids)))
    )
    for row in rows:
        found.setdefault(row.cycle_id, {})[row.which] = row.due_on
    return {cycle_id: Due(days.get("law"), days.get("promise")) for cycle_id, days in found.items()}

"""What becomes of a delivery: sent, tried again, undelivered; and of a receiver that can't be reached: it rests.

A receiver that answers, with whatever number, is there: only the one delivery is tried again. One that can't be reached
twice in a row rests, longer each time, so that what waits for it takes no worker from the others.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.columns import table_of
from feedback.items.tables import Cycle
from feedback.webhooks.tables import Delivery, Subscription

End = Literal["sent", "failed", "withheld"]

KEPT_FOR = timedelta(days=30)
"""After its end; that a round was told to be overdue is kept, so that it is told once."""
RESTS_FROM = timedelta(seconds=30)
RESTS_MOST = timedelta(minutes=15)
REASON_MOST = 60

_SUBSCRIPTION, _DELIVERY, _CYCLE = table_of(Subscription), table_of(Delivery), table_of(Cycle)


class Parcel(Struct, frozen=True):
    """A delivery as it goes out."""

    subscription_id: int
    url: str
    salt: str
    stable_id: str
    content: str
    is_withheld: bool
    """It may not go out any more."""


class Standing(Struct, frozen=True, kw_only=True):
    """A subscription, and how it does."""

    id: int
    url: str
    events: tuple[str, ...]
    made_at: datetime
    disabled_at: datetime | None
    disabled_for: str
    failures: int
    waiting: int
    undelivered: int
    sent: int
    """Of the last 30 days."""
    reason: str
    """Why the newest undelivered one is; empty where there is none."""


def find_waiting(session: Session, delivery_id: int) -> Parcel | None:
    """A delivery that is still to be sent; None where it came to its end."""
    row = session.execute(
        sa.select(
            _DELIVERY.c.subscription_id,
            _SUBSCRIPTION.c.url,
            _SUBSCRIPTION.c.salt,
            _DELIVERY.c.stable_id,
            _DELIVERY.c.content,
            _SUBSCRIPTION.c.ended_at,
            sa.exists()
            .where(_CYCLE.c.item_id == _DELIVERY.c.item_id, _CYCLE.c.restricted.is_not(None))
            .label("is_restricted"),
        )
        .join(_SUBSCRIPTION, _SUBSCRIPTION.c.id == _DELIVERY.c.subscription_id)
        .where(_DELIVERY.c.id == delivery_id, _DELIVERY.c.state == "waiting")
    ).first()
    if row is None:
        return None
    is_withheld = row.ended_at is not None or bool(row.is_restricted)
    return Parcel(row.subscription_id, row.url, row.salt, row.stable_id, row.content, is_withheld)


def end(session: Session, *, delivery_id: int, state: End, now: datetime, reason: str = "") -> None:
    """The delivery has come to its end. Twice is as once."""
    session.execute(
        sa.update(_DELIVERY)
        .where(_DELIVERY.c.id == delivery_id, _DELIVERY.c.state == "waiting")
        .values(state=state, reason=reason[:REASON_MOST], ended_at=now)
    )


def resting(session: Session, *, now: datetime) -> list[str]:
    """The destinations that nothing is sent to at the moment."""
    rows = session.execute(
        sa.select(_SUBSCRIPTION.c.id).where(
            sa.or_(_SUBSCRIPTION.c.rests_until > now, _SUBSCRIPTION.c.disabled_at.is_not(None))
        )
    )
    return [str(row.id) for row in rows]


def was_away(session: Session, *, subscription_id: int, now: datetime) -> None:
    """It could not be reached: from the second time on it rests."""
    failures: int | None = session.execute(
        sa.update(_SUBSCRIPTION)
        .where(_SUBSCRIPTION.c.id == subscription_id)
        .values(failures=_SUBSCRIPTION.c.failures + 1)
        .returning(_SUBSCRIPTION.c.failures)
    ).scalar()
    if failures is not None and failures > 1:
        rest = min(RESTS_FROM * 2 ** min(failures - 2, 10), RESTS_MOST)
        session.execute(
            sa.update(_SUBSCRIPTION)
            .where(_SUBSCRIPTION.c.id == subscription_id)
            .values(rests_until=now + rest)
        )


def was_there(session: Session, *, subscription_id: int) -> None:
    """It has answered."""
    session.execute(
        sa.update(_SUBSCRIPTION)
        .where(_SUBSCRIPTION.c.id == subscription_id, _SUBSCRIPTION.c.failures > 0)
        .values(failures=0, rests_until=None)
    )


def standings(session: Session) -> list[Standing]:
    """Every subscription that was not removed."""
    counts: dict[int, dict[str, int]] = {}
    for row in session.execute(
        sa.select(_DELIVERY.c.subscription_id, _DELIVERY.c.state, sa.func.count().label("of")).group_by(
            _DELIVERY.c.subscription_id, _DELIVERY.c.state
        )
    ):
        counts.setdefault(row.subscription_id, {})[row.state] = row.of
    rows = session.execute(
        sa.select(_SUBSCRIPTION).where(_SUBSCRIPTION.c.ended_at.is_(None)).order_by(_SUBSCRIPTION.c.id)
    ).all()
    return [
        Standing(
            id=row.id,
            url=row.url,
            events=tuple(row.events.split()),
            made_at=row.made_at,
            disabled_at=row.disabled_at,
            disabled_for=row.disabled_for,
            failures=row.failures,
            waiting=counts.get(row.id, {}).get("waiting", 0),
            undelivered=counts.get(row.id, {}).get("failed", 0),
            sent=counts.get(row.id, {}).get("sent", 0),
            reason=_last_reason(session, row.id) if "failed" in counts.get(row.id, {}) else "",
        )
        for row in rows
    ]


def salt_of(session: Session, subscription_id: int) -> str:
    """What the secret of a subscription is derived with."""
    found: str = session.execute(
        sa.select(_SUBSCRIPTION.c.salt).where(_SUBSCRIPTION.c.id == subscription_id)
    ).scalar_one()
    return found


def find_old(session: Session, *, now: datetime, limit: int) -> list[int]:
    """Up to `limit` deliveries that came to their end long ago."""
    found = session.execute(
        sa.select(_DELIVERY.c.id)
        .where(
            _DELIVERY.c.state != "waiting",
            _DELIVERY.c.ended_at <= now - KEPT_FOR,
            _DELIVERY.c.event != "item.overdue",
        )
        .limit(limit)
    )
    return list(found.scalars())


def remove(session: Session, delivery_ids: list[int]) -> None:
    """Forget these deliveries."""
    session.execute(sa.delete(_DELIVERY).where(_DELIVERY.c.id.in_(delivery_ids)))


def _last_reason(session: Session, subscription_id: int) -> str:
    found: str | None = session.execute(
        sa.select(_DELIVERY.c.reason)
        .where(_DELIVERY.c.subscription_id == subscription_id, _DELIVERY.c.state == "failed")
        .order_by(_DELIVERY.c.ended_at.desc())
        .limit(1)
    ).scalar()
    return found or ""

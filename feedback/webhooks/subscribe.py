"""Deeds on subscriptions: made, removed, disabled where the receiver is gone, enabled, told again what did not arrive.

Each leaves its note in the chain of the city. Whether an address may be told is asked by the caller, who has the net;
its form is checked here.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from feedback.city.tables import CityRow
from feedback.columns import table_of
from feedback.errors import Fault, Invalid, NotAllowed, NotFound
from feedback.ledger import log, notes
from feedback.ledger.notes import Actor
from feedback.outbox import post
from feedback.outbox.tables import Job
from feedback.webhooks import address
from feedback.webhooks.address import Address
from feedback.webhooks.events import EVENTS
from feedback.webhooks.tables import Delivery, Subscription

SUBSCRIPTIONS_MOST = 20

_DELIVERY, _JOB = table_of(Delivery), table_of(Job)


def check(url: str, events: Sequence[str]) -> tuple[Address, list[str]]:
    """Address and events of a new subscription; no event means all. Refuses (Invalid) with every fault at once."""
    faults: list[Fault] = []
    unknown = sorted(set(events) - set(EVENTS))
    if unknown:
        faults.append(Fault("events", "webhook_event", value=unknown[0], known=EVENTS))
    try:
        found = address.read(url)
    except Invalid as refusal:
        raise Invalid([*refusal.faults, *faults]) from refusal
    if faults:
        raise Invalid(faults)
    return found, sorted(set(events) or EVENTS)


def add(session: Session, *, where: Address, events: Sequence[str], by: Actor, now: datetime) -> Subscription:
    """Tell a checked address of checked events, from now on. Refuses one that is told already, and the 21st."""
    told = session.exec(select(Subscription).where(col(Subscription.ended_at).is_(None))).all()
    if any(one.url == where.url for one in told):
        raise NotAllowed("webhook_exists")
    if len(told) >= SUBSCRIPTIONS_MOST:
        raise NotAllowed("webhook_many", most=SUBSCRIPTIONS_MOST)
    made = Subscription(
        url=where.url,
        events=" ".join(events),
        salt=secrets.token_hex(16),
        made_at=now,
        since=now,
        followed=log.last_peaks(session).size,
        looked_at=now,
    )
    session.add(made)
    _note(session, made, "webhook_added", by, now)
    return made


def remove(session: Session, *, subscription_id: int, by: Actor, now: datetime) -> None:
    """Tell it nothing any more, what waits included."""
    found = get(session, subscription_id)
    found.ended_at = now
    _end_waiting(session, subscription_id, state="withheld", reason="removed", now=now)
    _note(session, found, "webhook_removed", by, now)


def disable(session: Session, *, subscription_id: int, reason: str, by: Actor, now: datetime) -> None:
    """The receiver says that it is gone for good: what waits is undelivered. Twice is as once."""
    found = get(session, subscription_id)
    if found.disabled_at is not None:
        return
    found.disabled_at, found.disabled_for = now, reason
    _end_waiting(session, subscription_id, state="failed", reason="disabled", now=now)
    _note(session, found, "webhook_disabled", by, now)


def enable(session: Session, *, subscription_id: int, by: Actor, now: datetime) -> None:
    """Tell it again, from now on; what happened meanwhile it is not told. Where it is enabled nothing changes."""
    found = get(session, subscription_id)
    if found.disabled_at is None:
        return
    found.disabled_at, found.disabled_for = None, ""
    found.since, found.followed, found.looked_at = now, log.last_peaks(session).size, now
    found.failures, found.rests_until = 0, None
    _note(session, found, "webhook_enabled", by, now)


def tell_again(session: Session, *, subscription_id: int, by: Actor, now: datetime) -> int:
    """Put everything that is undelivered on its way again; how many. Refuses NotAllowed while it is disabled."""
    found = get(session, subscription_id)
    if found.disabled_at is not None:
        raise NotAllowed("webhook_disabled")
    ids = session.execute(
        sa.update(_DELIVERY)
        .where(_DELIVERY.c.subscription_id == subscription_id, _DELIVERY.c.state == "failed")
        .values(state="waiting", reason="", ended_at=None)
        .returning(_DELIVERY.c.id)
    ).scalars()
    count = 0
    for delivery_id in sorted(ids):
        count += 1
        key = str(delivery_id)
        post.job(session, kind=post.HOOK, key=key, run_at=now, destination=str(subscription_id))
    if count:
        found.failures, found.rests_until = 0, None
        _note(session, found, "webhook_told_again", by, now)
    return count


def get(session: Session, subscription_id: int) -> Subscription:
    """A subscription that was not removed. Refuses NotFound."""
    found = session.get(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    if found is None or found.ended_at is not None:
        raise NotFound("webhook_unknown", number=subscription_id)
    return found


def _end_waiting(session: Session, subscription_id: int, *, state: str, reason: str, now: datetime) -> None:
    # Jobs before deliveries, as a worker ends them: so that neither waits for the other.
    session.execute(
        sa.delete(_JOB).where(_JOB.c.kind == post.HOOK, _JOB.c.destination == str(subscription_id))
    )
    session.execute(
        sa.update(_DELIVERY)
        .where(_DELIVERY.c.subscription_id == subscription_id, _DELIVERY.c.state == "waiting")
        .values(state=state, reason=reason, ended_at=now)
    )


def _note(session: Session, subscription: Subscription, act: str, by: Actor, now: datetime) -> None:
    """The note of a deed. It joins the chain of the city, whose end is read here."""
    session.flush()
    city = session.exec(select(CityRow)).one()
    notes.append(
        session,
        notes.chain_of("city", city),
        subject_table=table_of(CityRow),
        act=act,
        by=by,
        now=now,
        rows=[subscription],
    )
    session.expire(city)

"""Sending what is to be told by webhook, and finding it: the portal's half of `feedback/webhooks`.

A demonstration tells nobody. What is sent is signed anew at each try, since the signature holds the time of sending;
id and content stay the same.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from sqlmodel import Session

from feedback.ledger.notes import SYSTEM
from feedback.outbox import post
from feedback.webhooks import address, deliver, follow, sign, subscribe
from feedback.webhooks.deliver import Parcel
from portal import metrics, schedule
from portal.chores import Work, seal
from portal.outbound.webhook import WebhookRefused, Webhooks

_log = logging.getLogger("kanali")


def send(work: Work, webhooks: Webhooks) -> None:
    """Send one delivery and mark it sent; what is refused is put back or given up."""
    delivery_id = int(work.claimed.key)
    with work.site.database.read() as session:
        parcel = deliver.find_waiting(session, delivery_id)
    if parcel is None or parcel.is_withheld or work.site.demonstration:
        with work.site.database.write() as session:
            if post.done(session, work.claimed):
                deliver.end(session, delivery_id=delivery_id, state="withheld", now=work.now)
        return
    try:
        webhooks.send(
            address.read(parcel.url),
            headers(work.site.secret.key, parcel, datetime.now(UTC)),
            parcel.content.encode(),
        )
    except WebhookRefused as refusal:
        _refused(work, parcel, refusal)
        return
    with work.site.database.write() as session:
        deliver.was_there(session, subscription_id=parcel.subscription_id)
        if post.done(session, work.claimed):
            deliver.end(session, delivery_id=delivery_id, state="sent", now=work.now)
            metrics.webhook("sent")


def headers(installation: bytes, parcel: Parcel, at: datetime) -> dict[str, str]:
    """What goes before the content: id, time of sending, signature."""
    timestamp = int(at.timestamp())
    signature = sign.signature(
        sign.secret_of(installation, parcel.salt),
        stable_id=parcel.stable_id,
        timestamp=timestamp,
        content=parcel.content.encode(),
    )
    return {
        "webhook-id": parcel.stable_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }


def tell(work: Work) -> None:
    """Put what is new into the outbox of each subscription, a hundred leaves in a write."""
    if work.site.demonstration:
        return
    database = work.site.database
    with database.read() as session:
        told = follow.following(session)
    if told:
        seal(work)  # What has happened this minute is told with it.
    for subscription in told:
        while True:
            work.check_stop()
            with database.read() as session:
                followed, news = follow.find_news(session, subscription)
                is_last = followed == subscription.followed
                if is_last:
                    news += follow.find_passed(session, subscription, now=work.now)
            for start in range(0, len(news), follow.CHUNK):
                with database.write() as session:
                    follow.tell(session, subscription.id, news[start : start + follow.CHUNK], now=work.now)
            looked_at = work.now if is_last else subscription.looked_at
            if is_last and not news and not follow.is_behind(subscription, work.now):
                break
            with database.write() as session:
                kept = follow.keep(session, subscription, followed=followed, looked_at=looked_at)
            if is_last or kept is None:
                break
            subscription = kept


def failed(work: Work, code: str) -> None:
    """Try again, longer each time; given up after two days."""
    run_at = schedule.next_try(work.now, work.claimed.attempts)
    with work.site.database.write() as session:
        if schedule.is_over(work.claimed.since, run_at):
            _give_up(session, work, code)
        else:
            post.put_back(session, work.claimed, run_at=run_at, error=code)
            metrics.webhook("put back")


def _refused(work: Work, parcel: Parcel, refusal: WebhookRefused) -> None:
    """What a refusal says of the receiver, and what becomes of the delivery: one that is gone gets no second try."""
    subscription_id = parcel.subscription_id
    with work.site.database.write() as session:
        if refusal.is_away:
            deliver.was_away(session, subscription_id=subscription_id, now=work.now)
        else:
            deliver.was_there(session, subscription_id=subscription_id)
    if not refusal.is_gone:
        failed(work, refusal.code)
        return
    with work.site.database.write() as session:
        if _give_up(session, work, refusal.code):
            subscribe.disable(
                session, subscription_id=subscription_id, reason="gone", by=SYSTEM, now=work.now
            )
            _log.warning("subscription %s is disabled: its receiver is gone", subscription_id)


def _give_up(session: Session, work: Work, code: str) -> bool:
    if not post.done(session, work.claimed):
        return False
    deliver.end(session, delivery_id=int(work.claimed.key), state="failed", now=work.now, reason=code)
    metrics.webhook("given up")
    _log.warning("a webhook is given up (%s)", code)
    return True

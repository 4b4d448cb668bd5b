"""The mails of a demonstration: those of its year are marked "not sent", the last few are written like any other."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from feedback.columns import table_of
from feedback.outbox import post
from feedback.outbox.tables import Job, Message

LAST = 10

_MESSAGE, _JOB = table_of(Message), table_of(Job)


def hold_back(session: Session, before: datetime) -> None:
    """Mark what was to be sent before that instant as not sent, and take its jobs away."""
    session.execute(
        sa.update(_MESSAGE)
        .where(_MESSAGE.c.state == "waiting", _MESSAGE.c.made_at < before)
        .values(state="not_sent")
    )
    session.execute(sa.delete(_JOB).where(_JOB.c.kind == post.SEND, _JOB.c.run_at < before))


def let_go(session: Session, now: datetime) -> None:
    """Have the last mails of the year written by the worker, so that there are some to look at."""
    newest = sa.select(_MESSAGE.c.id).where(_MESSAGE.c.state == "not_sent").order_by(_MESSAGE.c.id.desc())
    for message_id in session.execute(newest.limit(LAST)).scalars().all():
        session.execute(sa.update(_MESSAGE).where(_MESSAGE.c.id == message_id).values(state="waiting"))
        post.job(session, kind=post.SEND, key=str(message_id), run_at=now)

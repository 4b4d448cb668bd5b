"""Removing what has served: keys of forms that were sent, links of mails that ended long ago, drafts left lying.

What a city keeps of items themselves and for how long is another matter.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.columns import table_of
from feedback.items.tables import Draft, Link, Submission

SUBMISSION_LIVES = timedelta(days=7)
LINK_REMEMBERED = timedelta(days=30)
"""After its end: so long a link says that it has ended, later that it is unknown."""
DRAFT_LIVES = timedelta(days=30)
"""So long what a member of staff could not send waits for them."""

_DRAFT, _LINK, _SUBMISSION = table_of(Draft), table_of(Link), table_of(Submission)


class Old(Struct, frozen=True):
    """What may go: hashes of keys and of tokens, numbers of drafts."""

    submissions: list[str]
    links: list[str]
    drafts: list[int]

    def __bool__(self) -> bool:
        return bool(self.submissions or self.links or self.drafts)


def find_old(session: Session, *, now: datetime, limit: int) -> Old:
    """Up to `limit` rows of each kind whose time is over."""
    submissions = sa.select(_SUBMISSION.c.key_hash).where(_SUBMISSION.c.at <= now - SUBMISSION_LIVES)
    links = sa.select(_LINK.c.token_hash).where(_LINK.c.ends_at <= now - LINK_REMEMBERED)
    drafts = sa.select(_DRAFT.c.id).where(_DRAFT.c.at <= now - DRAFT_LIVES)
    return Old(
        list(session.execute(submissions.limit(limit)).scalars()),
        list(session.execute(links.limit(limit)).scalars()),
        list(session.execute(drafts.limit(limit)).scalars()),
    )


def remove(session: Session, old: Old) -> None:
    """Remove them; what is gone already is no fault."""
    session.execute(sa.delete(_SUBMISSION).where(_SUBMISSION.c.key_hash.in_(old.submissions)))
    session.execute(sa.delete(_LINK).where(_LINK.c.token_hash.in_(old.links)))
    session.execute(sa.delete(_DRAFT).where(_DRAFT.c.id.in_(old.drafts)))

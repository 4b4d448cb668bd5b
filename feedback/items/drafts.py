"""Drafts: what a member of staff wrote for an item and could not send because the item had changed meanwhile.

One for each person, item and deed; the newest takes the place of the one before, which stood in the same form. Nobody
but its writer sees it. It goes when the deed is done, when its writer discards it, and with time (`purge.py`). Drafts
leave no note. Whether the person may see the item is decided by whoever has read the item for them.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct, json
from sqlmodel import Session

from feedback.columns import table_of
from feedback.items.tables import Draft
from feedback.statements import Statement, upsert

DEEDS = ("answer", "question", "hand-over", "void", "reopen", "restrict", "lift", "nature", "deadline")

_DRAFT = table_of(Draft)
_OWN = (_DRAFT.c.account_id == sa.bindparam("account"), _DRAFT.c.item_id == sa.bindparam("item"))
_FIND = Statement(
    sa.select(_DRAFT.c.deed, _DRAFT.c.text, _DRAFT.c.choices, _DRAFT.c.at)
    .where(*_OWN)
    .order_by(_DRAFT.c.at.desc(), _DRAFT.c.id.desc())
)
_KEEP = upsert(
    _DRAFT,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["account_id", "item_id", "deed"],
        set_={name: insert.excluded[name] for name in ("text", "choices", "at")},
    ),
)


class DraftView(Struct, frozen=True):
    """A draft as its writer sees it."""

    deed: str
    text: str
    choices: dict[str, str]
    """Field of the form → what was chosen in it."""
    at: datetime


def keep(
    session: Session,
    *,
    account_id: int,
    item_id: int,
    deed: str,
    text: str,
    choices: dict[str, str],
    now: datetime,
) -> None:
    """Keep what was written, in place of what this person wrote for the same deed before.

    All of it but NUL, which PostgreSQL has no place for: a draft is not the moment to refuse words.
    """
    assert deed in DEEDS
    written = json.encode({name: value for name, value in choices.items() if value}).decode()
    _KEEP.run(
        session,
        {
            "account_id": account_id,
            "item_id": item_id,
            "deed": deed,
            "text": text.replace("\0", ""),
            "choices": written,
            "at": now,
        },
    )


def drafts_of(session: Session, *, account_id: int, item_id: int) -> list[DraftView]:
    """What this person has not sent for this item, the newest first."""
    rows = _FIND.all(session, {"account": account_id, "item": item_id})
    return [DraftView(r.deed, r.text, json.decode(r.choices, type=dict[str, str]), r.at) for r in rows]


def discard(session: Session, *, account_id: int, item_id: int, deed: str) -> None:
    """Remove a draft; where there is none, or no such deed, nothing changes."""
    if deed in DEEDS:
        session.execute(
            sa.delete(_DRAFT).where(
                _DRAFT.c.account_id == account_id, _DRAFT.c.item_id == item_id, _DRAFT.c.deed == deed
            )
        )

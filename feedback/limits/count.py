"""Counting tries: one statement each, so that processes side by side count exactly."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa
from sqlmodel import Session

from feedback.columns import table_of
from feedback.limits.tables import LimitCount, LimitSalt
from feedback.statements import Statement, upsert

KEPT: Final = 24 * 60 * 60
"""Seconds after which a count is removed; no rule's window is longer."""

_COUNT, _SALT = table_of(LimitCount), table_of(LimitSalt)
_NOW, _OVER = sa.bindparam("now", type_=sa.BigInteger), sa.bindparam("over", type_=sa.BigInteger)


def _counted_on(made: object) -> object:
    is_over = _COUNT.c.began_at <= _OVER
    return made.on_conflict_do_update(  # type: ignore[attr-defined]  # an INSERT of either database
        index_elements=["key"],
        set_={
            "count": sa.case((is_over, 1), else_=_COUNT.c.count + 1),
            "began_at": sa.case((is_over, _NOW), else_=_COUNT.c.began_at),
        },
    ).returning(_COUNT.c.count, _COUNT.c.began_at)


_HIT = upsert(_COUNT, _counted_on)
_GIVE_BACK = Statement(
    sa.update(_COUNT)
    .where(_COUNT.c.key == sa.bindparam("of_key"), _COUNT.c.count > 0)
    .values(count=_COUNT.c.count - 1)
)
_FORGET = Statement(sa.delete(_COUNT).where(_COUNT.c.key == sa.bindparam("of_key")))
_FIND_SALT = Statement(sa.select(_SALT.c.salt).where(_SALT.c.day == sa.bindparam("of_day")))
_ADD_SALT = upsert(_SALT, lambda made: made.on_conflict_do_nothing())
_REMOVE_SALTS = Statement(sa.delete(_SALT).where(_SALT.c.day != sa.bindparam("of_day")))
_REMOVE_COUNTS = Statement(sa.delete(_COUNT).where(_COUNT.c.began_at <= _OVER))


def hit(session: Session, *, key: str, seconds: int, now: int) -> tuple[int, int]:
    """Count a try; gives how many there are in this window, and when it began (seconds of the epoch)."""
    values = {"key": key, "began_at": now, "count": 1, "now": now, "over": now - seconds}
    row = _HIT.first(session, values)
    assert row is not None
    return row.count, row.began_at


def give_back(session: Session, *, key: str) -> None:
    """This try shall not count."""
    _GIVE_BACK.run(session, {"of_key": key})


def forget(session: Session, *, key: str) -> None:
    """None of the tries shall count any more."""
    _FORGET.run(session, {"of_key": key})


def salt_of(session: Session, *, now: int) -> bytes:
    """The salt of this day (UTC), made by whoever comes first; that of another day is removed with old counts."""
    day = datetime.fromtimestamp(now, UTC).date()
    found = _FIND_SALT.scalar(session, {"of_day": day})
    if found is None:
        _ADD_SALT.run(session, {"day": day, "salt": secrets.token_hex(32)})
        _REMOVE_SALTS.run(session, {"of_day": day})
        _REMOVE_COUNTS.run(session, {"over": now - KEPT})
        found = _FIND_SALT.scalar(session, {"of_day": day})
    return bytes.fromhex(found)

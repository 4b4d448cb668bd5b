"""Counting tries: one statement each, so that processes side by side count exactly."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Session

from feedback.columns import table_of
from feedback.limits.tables import LimitCount, LimitSalt
from feedback.statements import Statement, upsert

MOST_AT_ONCE: Final = 3
"""Keys that one statement counts."""

_COUNT, _SALT = table_of(LimitCount), table_of(LimitSalt)
_NOW = sa.bindparam("now", type_=sa.BigInteger)


def _hits(number: int) -> Statement:
    """Counts so many keys at once. A window that is over begins anew."""
    rows = [
        {
            "key": sa.bindparam(f"key_{place}", type_=_COUNT.c.key.type),
            "ends_at": sa.bindparam(f"ends_at_{place}", type_=_COUNT.c.ends_at.type),
            "count": sa.literal_column("1"),
        }
        for place in range(number)
    ]

    def counted_on(made: Any) -> Any:
        is_over = _COUNT.c.ends_at <= _NOW
        return (
            made.values(rows)
            .on_conflict_do_update(
                index_elements=["key"],
                set_={
                    "count": sa.case((is_over, 1), else_=_COUNT.c.count + 1),
                    "ends_at": sa.case((is_over, made.excluded.ends_at), else_=_COUNT.c.ends_at),
                },
            )
            .returning(_COUNT.c.key, _COUNT.c.count, _COUNT.c.ends_at)
        )

    return upsert(_COUNT, counted_on)


_HITS: Final = {number: _hits(number) for number in range(1, MOST_AT_ONCE + 1)}
_GIVE_BACK = Statement(
    sa.update(_COUNT)
    .where(_COUNT.c.key == sa.bindparam("of_key"), _COUNT.c.count > 0)
    .values(count=_COUNT.c.count - 1)
)
_FORGET = Statement(sa.delete(_COUNT).where(_COUNT.c.key == sa.bindparam("of_key")))
_FIND_SALT = Statement(sa.select(_SALT.c.salt).where(_SALT.c.day == sa.bindparam("of_day")))
_ADD_SALT = upsert(_SALT, lambda made: made.on_conflict_do_nothing())
_REMOVE_SALTS = Statement(sa.delete(_SALT).where(_SALT.c.day != sa.bindparam("of_day")))
_REMOVE_COUNTS = Statement(sa.delete(_COUNT).where(_COUNT.c.ends_at <= _NOW))


def hit(session: Session, *, windows: Sequence[tuple[str, int]], now: int) -> list[tuple[int, int]]:
    """Count a try under each of some keys, given with the seconds of their windows, in one statement.

    Gives for each how many tries there are in its window, and when that ends (seconds of the epoch). Who counts
    under several keys names them always in the same order, so that no two wait for one another.
    """
    values: dict[str, Any] = {"now": now}
    for place, (key, seconds) in enumerate(windows):
        values |= {f"key_{place}": key, f"ends_at_{place}": now + seconds}
    found = {row.key: (row.count, row.ends_at) for row in _HITS[len(windows)].all(session, values)}
    return [found[key] for key, _seconds in windows]


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
        _REMOVE_COUNTS.run(session, {"now": now})
        found = _FIND_SALT.scalar(session, {"of_day": day})
    return bytes.fromhex(found)

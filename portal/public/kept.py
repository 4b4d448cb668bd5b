"""Pages that everybody sees alike: finished once, kept in this process, and named by a digest (ETag).

Such a page depends on its address, the language, the city's profile, the closed months of the quality record and the
day. Those are its key, so that a page that has become another is never found again, and nothing needs to be thrown
away when a month is closed. The digest is of the finished page itself: whoever holds the same page is told so
(RFC 9110 13.1.2), whichever process made it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from feedback.columns import table_of
from feedback.quality.tables import Record
from portal import languages
from portal.database import Database
from portal.pages import Reply, Visit

KEPT_MOST = 64
"""Pages a process keeps; the one that was asked for longest ago goes first. Some 70 kB each at the most."""

_RECORD = table_of(Record)
_pages: WeakKeyDictionary[Database, OrderedDict[tuple[Any, ...], Reply]] = WeakKeyDictionary()
_turn = threading.Lock()


def keep(visit: Visit, make: Callable[[], Reply], *, asks: Collection[str] = ()) -> Reply:
    """The page of this visit, made by `make` where this process does not hold it yet.

    `asks` names the fields of the query that the page reads; with any other the page is made anew and not kept, so
    that nobody can push the real ones out. Nothing is kept before the first month is closed, since what an
    unfinished record shows depends on live rows. Refusals pass through and are never kept.
    """
    closed = _closed(visit.site.database)
    if not closed[0] or visit.query.keys() - set(asks):
        return _named(make())
    key = (
        visit.path,
        tuple(sorted(visit.query.items())),
        languages.current(),
        languages.catalogue(languages.current()),
        visit.ruling.version_id if visit.ruling else 0,
        visit.now.astimezone(visit.city.zone).date(),
        visit.site.demonstration,
        closed,
    )
    with _turn:
        pages = _pages.setdefault(visit.site.database, OrderedDict())
        found = pages.get(key)
        if found is not None:
            pages.move_to_end(key)
            return found
    made = _named(make())
    if made.status == 200:
        with _turn:
            pages[key] = made
            while len(pages) > KEPT_MOST:
                pages.popitem(last=False)
    return made


def _closed(database: Database) -> tuple[int, int, int]:
    """What tells one state of the quality record from another: closed months, and how often any was changed."""
    with database.read() as session:
        months, changes, newest = session.execute(
            sa.select(
                sa.func.count(),
                sa.func.coalesce(sa.func.sum(_RECORD.c.version), 0),
                sa.func.coalesce(sa.func.max(_RECORD.c.id), 0),
            ).where(_RECORD.c.state == "closed")
        ).one()
    return int(months), int(changes), int(newest)


def _named(reply: Reply) -> Reply:
    """The reply with its ETag; a browser may keep it and must ask each time whether it still holds."""
    if reply.status == 200:
        reply.headers["ETag"] = f'"{hashlib.sha256(reply.content).hexdigest()[:32]}"'
        reply.headers["Cache-Control"] = "no-cache"
    return reply

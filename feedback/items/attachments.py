"""Photos and documents of an item: what may be sent at once, and their rows.

The files themselves are opened, made inert and laid into their folder by the portal, before the deed: here only their
facts are written, in the deed's own transaction and under its note. A file without a row is nobody's and goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.columns import Values, table_of
from feedback.errors import Fault
from feedback.items.tables import Attachment
from feedback.statements import Statement

FILES_MOST: Final = 5
"""With one message."""
FILE_MOST: Final = 10_000_000
"""Bytes of one, as it is sent."""

_ATTACHMENT = table_of(Attachment)
_INSERT = Statement(sa.insert(_ATTACHMENT).returning(_ATTACHMENT.c.id))
_LAST = Statement(
    sa.select(sa.func.max(_ATTACHMENT.c.number).label("last")).where(
        _ATTACHMENT.c.item_id == sa.bindparam("item"), _ATTACHMENT.c.kind == sa.bindparam("of_kind")
    )
)
_NAMED = sa.select(_ATTACHMENT.c.name)
_OF_ENTRY = Statement(
    sa.select(_ATTACHMENT.c.sha256)
    .where(_ATTACHMENT.c.item_id == sa.bindparam("item"), _ATTACHMENT.c.entry_id == sa.bindparam("entry"))
    .order_by(_ATTACHMENT.c.id)
)


class Filed(Struct, frozen=True, kw_only=True):
    """A file that lies in its folder: made inert, under a random name, on the disk."""

    name: str
    kind: str
    media_type: str
    size: int
    width: int
    height: int
    sha256: str
    small_sha256: str


def check(sizes: Sequence[int], *, already: int = 0) -> list[Fault]:
    """What is wrong with files of these sizes, when so many were taken with an earlier try."""
    faults = []
    if len(sizes) + already > FILES_MOST:
        faults.append(Fault("files", "files_too_many", most=FILES_MOST))
    faults += [
        Fault("files", "file_too_large", number=number, most=FILE_MOST)
        for number, size in enumerate(sizes, 1)
        if size > FILE_MOST
    ]
    return faults


def write(
    session: Session, *, item_id: int, entry_id: int | None, files: Sequence[Filed], now: datetime
) -> Iterator[tuple[type[Attachment], int, Values]]:
    """Write the rows of files, each numbered within its kind, and give them back for the note."""
    last: dict[str, int] = {}
    for file in files:
        if file.kind not in last:
            last[file.kind] = _LAST.scalar(session, {"item": item_id, "of_kind": file.kind}) or 0
        last[file.kind] += 1
        values = {
            "item_id": item_id,
            "entry_id": entry_id,
            "kind": file.kind,
            "number": last[file.kind],
            "media_type": file.media_type,
            "size": file.size,
            "width": file.width,
            "height": file.height,
            "made_at": now,
            "name": file.name,
            "sha256": file.sha256,
            "small_sha256": file.small_sha256,
        }
        yield Attachment, _INSERT.scalar(session, values), values


def find_named(session: Session, names: Sequence[str]) -> set[str]:
    """Those of these names that a row holds: the others are nobody's."""
    return set(session.execute(_NAMED.where(_ATTACHMENT.c.name.in_(names))).scalars())


def digests_of(session: Session, *, item_id: int, entry_id: int) -> list[str]:
    """The digests of the files that came with an entry, in their order."""
    return [row.sha256 for row in _OF_ENTRY.all(session, {"item": item_id, "entry": entry_id})]

"""The Merkle log over all notes: RFC 6962 hashing, appended by one sealing job that numbers the leaves itself.

Note keys are no order of commit on PostgreSQL, hence numbers of the log's own. A head (size and root) that is
kept elsewhere proves later that nothing below it was changed, left out
or put in. A leaf's data is its note's hash, as written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct, json
from sqlmodel import Session

from feedback.columns import table_of
from feedback.ledger.tables import Leaf, Note, TreeHead

_NOTE, _LEAF, _HEAD = table_of(Note), table_of(Leaf), table_of(TreeHead)
_ADVISORY = 7_301_962
"""The advisory lock of the sealing job on PostgreSQL; on SQLite there is one writer anyway."""


class Peaks(Struct):
    """The log as far as it goes: its size, and the roots of its perfect subtrees, largest first."""

    size: int
    roots: list[bytes]

    def append(self, data: bytes) -> None:
        """Add a leaf: equal subtrees join, as a binary counter carries."""
        node = leaf_hash(data)
        carry = self.size
        while carry & 1:
            node = node_hash(self.roots.pop(), node)
            carry >>= 1
        self.roots.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves; of none it is SHA-256 of nothing."""
        if not self.roots:
            return hashlib.sha256(b"").digest()
        node = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            node = node_hash(left, node)
        return node


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over these leaves."""
    peaks = Peaks(0, [])
    for data in leaves:
        peaks.append(data)
    return peaks.root()


def find_unsealed(session: Session, *, limit: int = 500) -> list[tuple[str, int, int, str]]:
    """Notes that are in no leaf yet: kind, subject, number, hash; the oldest first."""
    rows = session.execute(
        sa.select(_NOTE.c.kind, _NOTE.c.subject, _NOTE.c.seq, _NOTE.c.hash)
        .outerjoin(
            _LEAF,
            sa.and_(
                _LEAF.c.kind == _NOTE.c.kind,
                _LEAF.c.subject == _NOTE.c.subject,
                _LEAF.c.seq == _NOTE.c.seq,
            ),
        )
        .where(_LEAF.c.n.is_(None))
        .order_by(_NOTE.c.at, _NOTE.c.kind, _NOTE.c.subject, _NOTE.c.seq)
        .limit(limit)
    )
    return [(row.kind, row.subject, row.seq, row.hash) for row in rows]


def seal(session: Session, *, found: list[tuple[str, int, int, str]], now: datetime) -> int:
    """Give these notes their leaves and write the new head; how many were new. Alone by lock; twice is harmless."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY)))
    known = {
        (row.kind, row.subject, row.seq)
        for row in session.execute(
            sa.select(_LEAF.c.kind, _LEAF.c.subject, _LEAF.c.seq).where(
                sa.tuple_(_LEAF.c.kind, _LEAF.c.subject, _LEAF.c.seq).in_([note[:3] for note in found])
            )
        )
    }
    peaks = last_peaks(session)
    leaves = []
    for kind, subject, seq, hashed in found:
        if (kind, subject, seq) not in known:
            leaves.append({"n": peaks.size, "kind": kind, "subject": subject, "seq": seq, "hash": hashed})
            peaks.append(hashed.encode())
    if leaves:
        session.execute(sa.insert(_LEAF), leaves)
        session.execute(
            sa.insert(_HEAD).values(
                size=peaks.size,
                root=peaks.root().hex(),
                peaks=written(peaks),
                at=now,
            )
        )
    return len(leaves)


def last_peaks(session: Session) -> Peaks:
    """The log as it stands, from its newest head."""
    head = session.execute(
        sa.select(_HEAD.c.size, _HEAD.c.peaks).order_by(_HEAD.c.size.desc()).limit(1)
    ).first()
    if head is None:
        return Peaks(0, [])
    return Peaks(head.size, [bytes.fromhex(root) for root in json.decode(head.peaks, type=list[str])])


def find_head(session: Session) -> Any | None:
    """The newest head: size, root, at; None where nothing was sealed yet."""
    return session.execute(
        sa.select(_HEAD.c.size, _HEAD.c.root, _HEAD.c.at).order_by(_HEAD.c.size.desc()).limit(1)
    ).first()


def written(peaks: Peaks) -> str:
    """The roots of the perfect subtrees as a head keeps them."""
    return json.encode([root.hex() for root in peaks.roots]).decode()


def stream_leaves(session: Session) -> Iterator[Any]:
    """Every leaf in order, with the hash that its note has now (None where the note is gone)."""
    statement = (
        sa.select(_LEAF, _NOTE.c.hash.label("live"))
        .outerjoin(
            _NOTE,
            sa.and_(
                _NOTE.c.kind == _LEAF.c.kind,
                _NOTE.c.subject == _LEAF.c.subject,
                _NOTE.c.seq == _LEAF.c.seq,
            ),
        )
        .order_by(_LEAF.c.n)
    )
    yield from session.execute(statement.execution_options(yield_per=2000))


def heads(session: Session) -> dict[int, Any]:
    """Size → head row."""
    return {row.size: row for row in session.execute(sa.select(_HEAD))}

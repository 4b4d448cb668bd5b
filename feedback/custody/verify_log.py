"""Proving the Merkle log: its leaves against the notes, its heads against the leaves."""

from __future__ import annotations

from collections.abc import Iterator

from sqlmodel import Session

from feedback.custody.findings import Finding
from feedback.ledger import log


def verify_log(session: Session) -> Iterator[Finding]:
    """A leaf without its note, with another hash, a gap in the numbers, or a head that doesn't follow."""
    heads = log.heads(session)
    peaks = log.Peaks(0, [])
    for leaf in log.stream_leaves(session):
        place = f"leaf:{leaf.n} {leaf.kind}:{leaf.subject} note {leaf.seq}"
        if leaf.n != peaks.size:
            yield Finding("leaf_missing", f"leaf:{peaks.size}")
            return
        if leaf.live is None:
            yield Finding("sealed_note_missing", place)
        elif leaf.live != leaf.hash:
            yield Finding("sealed_note_changed", place)
        peaks.append(leaf.hash.encode())
        head = heads.pop(peaks.size, None)
        if head is not None and (head.root != peaks.root().hex() or head.peaks != log.written(peaks)):
            yield Finding("tree_changed", f"tree_head:{head.size}")
    for size in sorted(heads):
        yield Finding("leaf_missing", f"tree_head:{size}")

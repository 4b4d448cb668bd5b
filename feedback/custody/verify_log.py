"""Proving the Merkle log: its leaves against the notes, its heads against the leaves, all of it against a head that
somebody has kept.

Without such a head a log that was rewritten as a whole, or whose end was cut off with all that belonged to it, looks
like any other; with it the first so many leaves must give the very root that was published.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlmodel import Session

from feedback.custody.findings import Finding
from feedback.custody.heads import PublishedHead
from feedback.ledger import log


def verify_log(session: Session, held: PublishedHead | None = None) -> Iterator[Finding]:
    """A leaf without its note, with another hash, a gap in the numbers, a head that doesn't follow or is gone;
    with `held` also a log that is no continuation of that head."""
    heads = log.heads(session)
    newest = max(heads, default=0)
    peaks = log.Peaks(0, [])
    if held is not None:
        yield from _known(held, heads)
        yield from _continued(held, peaks)
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
        if held is not None:
            yield from _continued(held, peaks)
    if peaks.size > newest:
        yield Finding("head_missing", f"tree_head:{peaks.size}")
    for size in sorted(heads):
        yield Finding("leaf_missing", f"tree_head:{size}")
    if held is not None and held.tree_size > peaks.size:
        yield Finding("log_cut", f"tree_head:{held.tree_size}", f"{peaks.size} leaves")


def _known(held: PublishedHead, heads: dict[int, Any]) -> Iterator[Finding]:
    """Each published head stands in the log's own table, with its time."""
    row = heads.get(held.tree_size)
    if held.tree_size and (row is None or row.at != held.sealed_at):
        yield Finding("head_unknown", f"tree_head:{held.tree_size}")


def _continued(held: PublishedHead, peaks: log.Peaks) -> Iterator[Finding]:
    """Where the log is as long as it was then, it has the root that it had then."""
    if peaks.size == held.tree_size and peaks.root().hex() != held.root_hash:
        yield Finding("log_rewritten", f"tree_head:{held.tree_size}")

"""What `verify` says: one finding for each thing that does not hold, with its place."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Code = Literal[
    "note_missing",
    "note_changed",
    "chain_broken",
    "head_differs",
    "facts_changed",
    "words_changed",
    "words_missing",
    "row_changed",
    "row_missing",
    "row_unknown",
    "subject_missing",
    "number_missing",
    "number_unknown",
    "profile_changed",
    "copy_changed",
    "copy_unexplained",
    "figure_changed",
    "rating_unexplained",
    "file_missing",
    "file_changed",
    "leaf_missing",
    "sealed_note_missing",
    "sealed_note_changed",
    "tree_changed",
    "head_missing",
    "head_unknown",
    "log_cut",
    "log_rewritten",
]


class Finding(Struct, frozen=True):
    """`place` names table and row (and note), `detail` the column or number: never anybody's words."""

    code: Code
    place: str
    detail: str = ""

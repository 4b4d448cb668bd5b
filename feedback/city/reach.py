"""Which of several ordered rules can never be reached, because earlier ones catch everything first.

Pure sets: a rule is a box with one set of allowed values a side. It knows neither routing nor deadlines.
"""

from __future__ import annotations

from collections.abc import Sequence

Box = tuple[frozenset[str], ...]


def find_unreachable(boxes: Sequence[Box]) -> dict[int, list[int]]:
    """Position of each unreachable box → positions of the earlier ones that take what it would catch.

    Exact: also where several earlier boxes together leave nothing, though none alone does.
    """
    unreachable: dict[int, list[int]] = {}
    for position, box in enumerate(boxes):
        left = [box]
        for earlier in boxes[:position]:
            left = [piece for remaining in left for piece in _subtract(remaining, earlier)]
        if not left:
            unreachable[position] = [
                place for place, earlier in enumerate(boxes[:position]) if _meet(box, earlier)
            ]
    return unreachable


def _meet(one: Box, other: Box) -> bool:
    return all(mine & theirs for mine, theirs in zip(one, other, strict=True))


def _subtract(box: Box, taken: Box) -> list[Box]:
    """What is left of `box` without `taken`, as boxes that share nothing."""
    if not _meet(box, taken):
        return [box]
    pieces: list[Box] = []
    rest = list(box)
    for side, (mine, theirs) in enumerate(zip(box, taken, strict=True)):
        outside = mine - theirs
        if outside:
            pieces.append((*rest[:side], outside, *rest[side + 1 :]))
        rest[side] = mine & theirs
    return pieces

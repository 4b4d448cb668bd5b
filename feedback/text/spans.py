"""Places found in a text, none of them within another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar


class _Span(Protocol):
    """Characters of a text from `start` up to `end`."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


Found = TypeVar("Found", bound=_Span)


def apart(found: Iterable[Found]) -> list[Found]:
    """Those that overlap none before them: where two do, the first given counts."""
    kept: list[Found] = []
    for one in found:
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return kept

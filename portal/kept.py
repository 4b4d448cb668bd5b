"""Pieces of pages that many requests share, drawn once and kept in this process.

A piece is kept under all that it shows: what has changed is asked for under another key, so nothing here is ever out
of date and nothing needs to be thrown away. Whole pages that browsers may keep are `public/kept.py`'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Made = TypeVar("Made")


class Kept:
    """At most `most` pieces; the one that was drawn longest ago goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: dict[Hashable, Any] = {}

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """The piece of this key, made where it is not there yet."""
        found: Made | None = self._pieces.get(key)
        if found is None:
            found = self._pieces[key] = make()
            while len(self._pieces) > self._most:
                self._pieces.pop(next(iter(self._pieces), None), None)
        return found

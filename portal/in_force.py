"""The city's profile in force as this process knows it: looked up once a second, not once a request.

A version that `kanali city load` stores rules new items a second later at most; each item keeps the version that it
came in under, so nothing that is decided depends on the moment.
"""

from __future__ import annotations

import time
from typing import Final

from feedback.city import versions
from feedback.city.versions import Ruling
from portal.database import Database

KEPT: Final = 1.0
"""Seconds for which what was found is taken to be so."""


class InForce:
    """Knows the ruling profile of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found: tuple[float, Ruling] | None = None

    def ruling(self) -> Ruling:
        """The profile in force. Refuses with NotFound on a database without a city."""
        found, now = self._found, time.monotonic()
        if found is not None and now - found[0] < KEPT:
            return found[1]
        with self._database.read() as session:
            ruling = versions.current(session)
        self._found = (now, ruling)
        return ruling

"""What is to happen in a demonstration and when: the earliest first, and nothing that has become idle meanwhile."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random

from sqlmodel import Session

from portal.demonstrating.world import Life

Act = Callable[[Session, Life, datetime], None]


class Agenda:
    """Acts on lives, each at its time."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._waiting: list[tuple[datetime, int, Life, int | None, Act]] = []
        self._planned = 0

    def plan(self, at: datetime, life: Life, act: Act) -> None:
        """Will happen whatever becomes of the item meanwhile; the act looks whether it still can."""
        self._put(at, life, None, act)

    def plan_step(self, at: datetime, life: Life, act: Act) -> None:
        """Will happen unless the item has gone another way."""
        self._put(at, life, life.step, act)

    def due(self, until: datetime) -> Iterator[tuple[Act, Life, datetime]]:
        """What happens before that instant, what is planned meanwhile included."""
        while self._waiting and self._waiting[0][0] < until:
            at, _, life, step, act = heapq.heappop(self._waiting)
            if step is None or step == life.step:
                yield act, life, at

    def _put(self, at: datetime, life: Life, step: int | None, act: Act) -> None:
        self._planned += 1
        at += timedelta(seconds=self._chance.randrange(60))
        heapq.heappush(self._waiting, (at, self._planned, life, step, act))

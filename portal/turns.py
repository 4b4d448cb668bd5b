"""Handlers run in threads and take turns: one at a time holds the turn, and who is slow goes on without it.

Python runs one thread at a time, and each statement of a database lets another thread in: with eight pages made at
once a page cost a quarter more CPU and 150 changes of thread instead of 8 (measured on the receipt page). So a handler
waits for its turn on the event loop, where waiting costs nothing. A handler that has not finished within
`TURN_LASTS` waits for something (a lock, a disk, a mail server) or computes for long; the next one then starts
beside it, until all `THREADS` are busy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from portal.engines import THREADS

Made = TypeVar("Made")

TURN_LASTS: Final = 0.025
"""Seconds. An ordinary page takes 2 to 15 milliseconds, a submission with its commit on a slow disk 30."""

_executor = ThreadPoolExecutor(THREADS, thread_name_prefix="handler")
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def in_turn(work: Callable[[], Made]) -> Made:
    """What the work returns or raises, run in a thread of its own once it is its turn, in the context of who asks."""
    loop = asyncio.get_running_loop()
    turns = _turns.get(loop)
    if turns is None:
        turns = _turns[loop] = asyncio.Semaphore(1)
    await turns.acquire()
    turn = _Turn(loop, turns)
    try:
        return await loop.run_in_executor(_executor, copy_context().run, work)
    finally:
        turn.end()


class _Turn:
    """Ends once: with the work, or when its time is over."""

    def __init__(self, loop: asyncio.AbstractEventLoop, turns: asyncio.Semaphore) -> None:
        self._turns: asyncio.Semaphore | None = turns
        self._timer = loop.call_later(TURN_LASTS, self.end)

    def end(self) -> None:
        turns, self._turns = self._turns, None
        if turns is not None:
            self._timer.cancel()
            turns.release()

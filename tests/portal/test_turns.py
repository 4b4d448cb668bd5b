"""Handlers take turns: one at a time, in the order in which they came, and nobody waits for a slow one."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial

import pytest

from portal import turns
from portal.turns import in_turn


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn ends with its work only, also on a machine that is slow for a moment."""
    monkeypatch.setattr(turns, "TURN_LASTS", 3600)


@pytest.mark.usefixtures("patient")
def test_one_handler_runs_at_a_time_in_the_order_of_coming() -> None:
    running, most, order = 0, 0, []

    def work(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.001)  # Lets another thread in, as a statement does.
        order.append(number)
        running -= 1
        return number

    async def all_of_them() -> list[int]:
        everybody = asyncio.gather(*(in_turn(partial(work, number)) for number in range(12)))
        return await asyncio.wait_for(everybody, 30)

    assert asyncio.run(all_of_them()) == order == list(range(12))
    assert most == 1


def test_who_waits_for_something_holds_nobody_up() -> None:
    is_over = threading.Event()

    async def beside_slow_ones() -> str:
        slow = [asyncio.ensure_future(in_turn(lambda: is_over.wait(60))) for _ in range(5)]
        try:
            return await asyncio.wait_for(in_turn(lambda: "quick"), 30)
        finally:
            is_over.set()
            assert await asyncio.gather(*slow) == [True] * 5

    assert asyncio.run(beside_slow_ones()) == "quick"


@pytest.mark.usefixtures("patient")
def test_a_fault_gives_its_turn_back() -> None:
    def broken() -> None:
        raise LookupError("ours")

    async def after_a_fault() -> str:
        with pytest.raises(LookupError, match="ours"):
            await in_turn(broken)
        return await asyncio.wait_for(in_turn(lambda: "next"), 30)

    assert asyncio.run(after_a_fault()) == "next"

"""The wheel: deadlines are kept to a tick, moving one later costs nothing, moving one earlier is heard."""

from __future__ import annotations

import asyncio

from proxy.data_path.wheel import NEVER, TICK, Wheel
from tests.support.wire import until


class Item:
    def __init__(self, wheel: Wheel) -> None:
        self.wheel = wheel
        self.deadline = NEVER
        self.due = NEVER
        self.expirations: list[float] = []

    def expired(self, now: float) -> None:
        self.expirations.append(now)


async def test_a_deadline_expires_once_and_never_early() -> None:
    wheel = Wheel(asyncio.get_running_loop())
    item = Item(wheel)
    limit = wheel.now + 0.12
    wheel.watch(item, limit)
    await until(lambda: item.expirations, "the expiry")
    assert item.expirations[0] >= limit
    later = Item(wheel)
    wheel.watch(later, wheel.now + 2 * TICK)
    await until(lambda: later.expirations, "the other's expiry")
    assert len(item.expirations) == 1
    wheel.close()


async def test_a_deadline_can_be_moved_both_ways_and_taken_away() -> None:
    wheel = Wheel(asyncio.get_running_loop())
    sooner, later, gone = Item(wheel), Item(wheel), Item(wheel)
    wheel.watch(sooner, wheel.now + 1000)
    wheel.watch(sooner, wheel.now + TICK)
    wheel.watch(later, wheel.now + TICK)
    later.deadline = wheel.now + 4 * TICK
    wheel.watch(gone, wheel.now + TICK)
    wheel.watch(gone, NEVER)
    await until(lambda: later.expirations, "the later one")
    assert sooner.expirations
    assert sooner.expirations[0] < later.expirations[0]
    assert not gone.expirations
    wheel.close()


async def test_a_far_deadline_is_looked_at_early_and_put_on() -> None:
    wheel = Wheel(asyncio.get_running_loop())
    item = Item(wheel)
    wheel.watch(item, wheel.now + 3600)
    assert item.due - wheel.now < 6
    wheel.close()

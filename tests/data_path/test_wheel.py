"""The wheel: deadlines are kept to a tick, moving one later costs nothing, moving one earlier is heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

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


async def test_those_that_expire_together_are_told_a_few_at_a_time() -> None:
    loop = asyncio.get_running_loop()
    wheel = Wheel(loop)
    items = [Item(wheel) for _ in range(40)]
    told: list[int] = []
    for item in items:
        wheel.watch(item, wheel.now + TICK)

    def look() -> None:
        told.append(sum(len(item.expirations) for item in items))
        if told[-1] < len(items):
            loop.call_soon(look)  # in every turn of the loop: a look that comes late would see several at once

    look()
    await until(lambda: told[-1] == len(items), "all of them")
    assert max(later - sooner for sooner, later in pairwise(told)) < 10
    assert all(len(item.expirations) == 1 for item in items)
    wheel.close()


class First(Item):
    """Does something when its own time is over."""

    def __init__(self, wheel: Wheel, then: Callable[[], None]) -> None:
        super().__init__(wheel)
        self.then = then

    def expired(self, now: float) -> None:
        super().expired(now)
        self.then()


async def test_a_deadline_moved_while_its_turn_has_not_come_is_kept() -> None:
    """By the attribute alone, as connections do it."""
    wheel = Wheel(asyncio.get_running_loop())
    others = [Item(wheel) for _ in range(40)]
    moved, gone = others[-1], others[-2]

    def then() -> None:
        moved.deadline, gone.deadline = wheel.now + 3 * TICK, NEVER

    for item in (First(wheel, then), *others):
        wheel.watch(item, wheel.now + TICK)
    await until(lambda: moved.expirations, "the one that was moved")
    assert moved.expirations[0] > others[-3].expirations[0]
    assert not gone.expirations
    wheel.close()


async def test_nothing_is_told_once_the_wheel_is_closed() -> None:
    wheel = Wheel(asyncio.get_running_loop())
    first, others = First(wheel, wheel.close), [Item(wheel) for _ in range(40)]
    for item in (first, *others):
        wheel.watch(item, wheel.now + TICK)
    await until(lambda: first.expirations, "the first")
    await asyncio.sleep(0.01)
    assert not others[-1].expirations

"""Work goes on in pieces and in order, with rests while it keeps up."""

from __future__ import annotations

import asyncio

from proxy.runtime.giving_way import LATE, Way
from proxy.runtime.pace import Pace
from proxy.runtime.slices import SLICE
from tests.support.running import PATIENCE


class Worked:
    """Notes what was worked on; each item takes `cost` seconds of a clock of its own."""

    def __init__(self, cost: float) -> None:
        self.now = 100.0
        self.cost = cost
        self.items: list[int] = []
        self.eighth = asyncio.Event()
        self.way = Way()
        self.pace = Pace(self.work, self.way, lambda: self.now)

    def work(self, item: int) -> None:
        self.items.append(item)
        self.now += self.cost
        if len(self.items) == 8:
            self.eighth.set()

    def put(self, *items: int) -> None:
        for item in items:
            self.pace.put(item)
        self.pace.go()


async def test_a_piece_at_once_and_the_rest_later_in_order() -> None:
    worked = Worked(SLICE * 0.4)
    worked.put(*range(8))
    assert worked.items == [0, 1, 2]
    assert worked.pace.waiting() == [3, 4, 5, 6, 7]
    await asyncio.sleep(0)
    assert worked.items == [0, 1, 2]  # a rest, not merely a turn of the loop
    async with asyncio.timeout(PATIENCE):
        await worked.eighth.wait()
    assert worked.items == list(range(8))
    assert worked.pace.waiting() == []


async def test_what_comes_meanwhile_waits_its_turn() -> None:
    worked = Worked(SLICE)
    worked.put(1, 2)
    worked.put(3)
    assert worked.items == [1]
    worked.pace.finish()
    assert worked.items == [1, 2, 3]


async def test_what_has_waited_too_long_is_worked_off_without_rests() -> None:
    worked = Worked(SLICE)
    for item in (1, 2, 3):
        worked.pace.put(item)
    worked.now += 2 * LATE
    worked.pace.go()
    assert worked.items == [1]
    await asyncio.sleep(0)
    assert worked.items == [1, 2]  # a piece in each turn of the loop
    await asyncio.sleep(0)
    assert worked.items == [1, 2, 3]

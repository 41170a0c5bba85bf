"""Work in small pieces, with rests.

Control and the workers may share a core. A control that compared the hundred pairs of a frame at a stretch would be
seen by clients, at p99. So it gives way after each (`giving_way`), works for half a millisecond, then rests. It does so
only while it keeps up: what has waited too long is worked off without a rest, a piece in each turn of the loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from proxy.runtime.giving_way import Way
from proxy.runtime.slices import REST, SLICE

T = TypeVar("T")


class Pace(Generic[T]):
    """Calls `work` once for each item, in order: some at once, the others in later turns of the running loop."""

    def __init__(self, work: Callable[[T], None], way: Way, clock: Callable[[], float] = time.monotonic) -> None:
        self._work = work
        self._way = way
        self._clock = clock
        self._line: deque[tuple[float, T]] = deque()
        self._next: asyncio.Handle | None = None

    def put(self, item: T) -> None:
        self._line.append((self._clock(), item))

    def go(self) -> None:
        """Work on what was put, unless that goes on already."""
        if self._next is None:
            self._piece()

    def waiting(self) -> list[T]:
        return [item for _, item in self._line]

    def finish(self) -> None:
        """All that waits, at once."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        while self._line:
            self._work(self._line.popleft()[1])

    def _piece(self) -> None:
        self._next = None
        line = self._line
        end = self._clock() + SLICE
        while line:
            self._work(line.popleft()[1])
            now = self._clock()
            if now >= end:
                break
            self._way()
        self._way.pair_age = now - line[0][0] if line else 0.0
        if line:
            loop = asyncio.get_running_loop()
            late = self._way.is_late
            self._next = loop.call_soon(self._piece) if late else loop.call_later(REST, self._piece)

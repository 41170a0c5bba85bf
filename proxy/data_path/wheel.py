"""Time-outs without a timer per request.

A timer per request costs more than the request (heap push, heap pop, a callback object). Time-outs here only have to
be honest to within a tick of 50 ms, so each connection carries one `deadline` and sits in at most one bucket of one
wheel. Moving the deadline later costs one attribute: the bucket finds out when its turn comes and puts the connection
on. Nothing is looked at later than five seconds ahead, so that a closed connection is not held in memory by its
time-out.

What expires together is told one by one, with the sockets served in between: copies to a service that hangs were
sent together, so they expire together, and each ends a connection and opens another.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import Protocol

TICK = 0.05
_HORIZON = 5.0
NEVER = math.inf


class Timed(Protocol):
    """Something with a deadline in the wheel's time; `due` is when the wheel will look at it next."""

    deadline: float
    due: float

    def expired(self, now: float) -> None: ...


class Wheel:
    """`now` is CLOCK_MONOTONIC seconds as of the last tick: good enough to set deadlines by, and free to read."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._buckets: dict[int, list[Timed]] = {}
        self.now = loop.time()
        self._last = int(self.now / TICK)
        self._handle: asyncio.TimerHandle | None = loop.call_later(TICK, self._tick)

    def watch(self, item: Timed, deadline: float) -> None:
        """Set the deadline; NEVER takes it away."""
        item.deadline = deadline
        if deadline < item.due:
            self._place(item, deadline)

    def _place(self, item: Timed, deadline: float) -> None:
        slot = max(int(min(deadline, self.now + _HORIZON) / TICK) + 1, self._last + 1)
        item.due = slot * TICK
        self._buckets.setdefault(slot, []).append(item)

    def _tick(self) -> None:
        self.now = self._loop.time()
        self._handle = self._loop.call_later(TICK, self._tick)
        current = int(self.now / TICK)
        over: deque[Timed] = deque()
        for slot in range(self._last + 1, current + 1):
            self._last = slot
            for item in self._buckets.pop(slot, ()):
                if item.due != slot * TICK:
                    continue  # it was put into an earlier bucket meanwhile
                item.due = NEVER
                if item.deadline <= self.now:
                    over.append(item)
                elif item.deadline < NEVER:
                    self._place(item, item.deadline)
        self._tell(over)

    def _tell(self, over: deque[Timed]) -> None:
        """Tell the first, the others in later turns; a deadline may have been moved meanwhile."""
        if self._handle is None or not over:
            return
        item = over.popleft()
        if item.deadline <= self.now:
            item.expired(self.now)
        elif item.due == NEVER and item.deadline < NEVER:
            self._place(item, item.deadline)
        if over:
            self._loop.call_soon(self._tell, over)

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._buckets.clear()

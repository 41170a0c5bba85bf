"""Mismatches of which too little is known to tell, and that wait for what is asked about others.

Each field of a route is asked about a few dozen times, so in the first seconds of a route with a clock in every answer
most mismatches can be neither asked about nor explained. They are not thrown away: what the asked ones teach decides
them too, some seconds later. Who waits holds the evidence of its route back, and waits neither long nor in any number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from proxy.model.comparison import Comparison, NotCompared
from proxy.model.evidence import EvidenceKey
from proxy.model.observation import Pair
from proxy.runtime.slices import REST, SLICE

PATIENCE = 8.0  # seconds: the line of questions about a new field, their delay and their answers
EVERY = 0.5  # seconds between two looks
MOST = 2000  # pairs
MOST_BYTES = 64 * 1024 * 1024

Cancel = Callable[[], None]


class _Waiting(NamedTuple):
    key: EvidenceKey
    pair: Pair
    said: Comparison
    read: Callable[[], Comparison]
    done: Callable[[Comparison], None]
    until: float


class Undecided:
    """`later` calls after so many seconds; `clock` is monotonic seconds."""

    def __init__(self, later: Callable[[float, Callable[[], None]], Cancel], clock: Callable[[], float]) -> None:
        self._later = later
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._round: deque[_Waiting] = deque()  # those that the look under way has not come to
        self._news: set[EvidenceKey] = set()  # what had been learned when it began
        self._bytes = 0
        self._learned: set[EvidenceKey] = set()
        self._next: Cancel | None = None
        self._closed = False

    def wait(
        self,
        key: EvidenceKey,
        pair: Pair,
        said: Comparison,
        read: Callable[[], Comparison],
        done: Callable[[Comparison], None],
    ) -> None:
        """Calls `done` once: with what `read` says as soon as it is no longer `learning`, else with `said`."""
        if self._closed or len(self._waiting) + len(self._round) >= MOST or self._bytes + pair.size > MOST_BYTES:
            done(said)
            return
        self._bytes += pair.size
        self._waiting.append(_Waiting(key, pair, said, read, done, self._clock() + PATIENCE))
        if self._next is None:
            self._next = self._later(EVERY, self._look)

    def learned(self, key: EvidenceKey) -> None:
        """Something was learned that may decide pairs of this key."""
        self._learned.add(key)

    def oldest(self) -> dict[str, float]:
        """By route, the arrival of the oldest pair that waits."""
        oldest: dict[str, float] = {}
        for one in (*self._round, *self._waiting):
            route, arrival = one.pair.route, one.pair.arrival
            oldest[route] = min(arrival, oldest.get(route, arrival))
        return oldest

    def close(self) -> None:
        """Ends all waiting; who comes later is not kept."""
        self._closed = True
        if self._next is not None:
            self._next()
        left = (*self._round, *self._waiting)
        self._round.clear()
        self._waiting = []
        for one in left:
            one.done(one.said)

    def _look(self) -> None:
        self._round.extend(self._waiting)
        self._waiting = []
        self._news, self._learned = self._learned, set()
        self._look_on()

    def _look_on(self) -> None:
        """A slice of a look: hundreds may wait, and to read one again costs as much as to compare it."""
        self._next = None
        now = self._clock()
        while self._round:
            one = self._round.popleft()
            said = one.read() if one.key in self._news else one.said
            if said.reason is NotCompared.LEARNING and now < one.until:
                self._waiting.append(one)
            else:
                self._bytes -= one.pair.size
                one.done(said)
            if self._clock() >= now + SLICE:
                break
        if self._round:
            self._next = self._later(REST, self._look_on)
        elif self._waiting:
            self._next = self._later(EVERY, self._look)

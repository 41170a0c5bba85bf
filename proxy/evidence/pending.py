"""Comparisons that ended and wait for an older request of their route.

They may be thousands, for seconds (a copy that hangs, a mismatch that is asked again), and a process may be killed
meanwhile. So those that wait longer than a moment are kept in the store, each once: what is written is what began or
ended to wait since the last time, never all that waits.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping

from proxy.model.evidence import Settled


class Pending:
    """By route, in the order of arrival. A kept one has a number."""

    def __init__(self) -> None:
        self._routes: dict[str, list[Settled]] = {}
        self._numbers: dict[int, int] = {}  # of those that are kept, by identity
        self._last = 0
        self._ended: list[int] = []
        self._kept_until = float("-inf")
        self._late: list[Settled] = []  # came after the time of their arrival was kept

    def __len__(self) -> int:
        return sum(map(len, self._routes.values()))

    def add(self, settled: Settled, number: int | None = None) -> None:
        """`number` when it is kept already, by an earlier process."""
        waiting = self._routes.get(settled.key.route)
        if waiting is None:
            waiting = self._routes[settled.key.route] = []
        waiting.append(settled)
        if number is not None:
            self._numbers[id(settled)] = number
            self._last = max(self._last, number)
        elif settled.arrival < self._kept_until:
            self._late.append(settled)

    def take(self, watermark: Mapping[str, float] | float) -> Iterator[list[Settled]]:
        """Those that arrived by the watermark, a route at a time. A route that is not named waits."""
        for route, waiting in self._routes.items():
            waiting.sort(key=_arrival)  # nearly sorted already
            limit = watermark.get(route) if isinstance(watermark, Mapping) else watermark
            if limit is None or not waiting:
                continue
            ready, self._routes[route] = _parted(waiting, limit)
            if self._numbers:
                numbers = (self._numbers.pop(id(one), None) for one in ready)
                self._ended += [number for number in numbers if number is not None]
            if self._late:
                gone = set(map(id, ready))
                self._late = [one for one in self._late if id(one) not in gone]
            if ready:
                yield ready

    def keep(self, before: float) -> tuple[list[tuple[int, Settled]], list[int]]:
        """Those that arrived before `before` and are not kept yet, with their numbers from now on; and the numbers of
        kept ones that wait no more. To be called after `take`."""
        begun, self._late = self._late, []
        for waiting in self._routes.values():
            first = bisect_left(waiting, self._kept_until, key=_arrival)
            begun += [
                one
                for one in waiting[first : bisect_left(waiting, before, key=_arrival)]
                if id(one) not in self._numbers
            ]
        self._kept_until = max(before, self._kept_until)
        numbered = [(number, one) for number, one in enumerate(begun, self._last + 1)]
        self._last += len(numbered)
        self._numbers.update((id(one), number) for number, one in numbered)
        ended, self._ended = self._ended, []
        return numbered, ended

    def keep_anew(self) -> None:
        """The store lost them: all that wait are to be kept again."""
        self._numbers.clear()
        self._ended.clear()
        self._late.clear()
        self._kept_until = float("-inf")


def _parted(waiting: list[Settled], limit: float) -> tuple[list[Settled], list[Settled]]:
    if waiting[-1].arrival <= limit:
        return waiting, []
    end = bisect_right(waiting, limit, key=_arrival)
    return waiting[:end], waiting[end:]


def _arrival(settled: Settled) -> float:
    return settled.arrival

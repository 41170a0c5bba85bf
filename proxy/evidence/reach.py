"""How far legacy's numbers reach at one field, and what lies far beyond them: zero beside durations of 5 to 90 ms.

That legacy never had a number so low proves little. Of n + 1 numbers drawn alike the last is the lowest with a chance
of 1 / (n + 1), however they are spread: over a stream that sums up to one such number each time n has grown threefold.
So far is only what lies beyond the range by more than a *room*, a quarter of the range, by difference or by factor. For
numbers that are spread evenly down to nothing, or have a long tail, that is still not rare. But there legacy's own
range grows by rooms, too. So as many rooms as it ever grew by at once, at this end, are not far: after k such steps the
next one is the longest with a chance of 1 / (k + 1), where steps are alike (they are for tails that fall by a power or
exponentially, and for what is spread evenly down to zero). All numbers of legacy's first answers count, so that n is as
large as can be: of right answers of the extracted side, one in (n + 1)(k + 1) is far at either end.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log

SEVERAL = 50  # numbers before any is far
LONG = 100  # numbers in which an end has not moved are long enough: what climbs moves it with nearly each


class Reach:
    """`least` and `most` of `count` numbers; of either end, at which of them it moved last and by how many rooms at
    most."""

    __slots__ = ("count", "least", "most", "moved", "steps")

    def __init__(self) -> None:
        self.count = 0
        self.least = self.most = 0.0
        self.moved = [0, 0]
        self.steps = [0.0, 0.0]

    def see(self, amount: float) -> None:
        """Takes in one number of legacy."""
        self.count += 1
        if self.count == 1:
            self.least = self.most = amount
        if self.least <= amount <= self.most:
            return
        end = amount > self.most
        if self.count > SEVERAL and (rooms := self._rooms(amount)) < inf:
            self.steps[end] = max(self.steps[end], rooms)
        self.moved[end] = self.count
        self.least, self.most = min(amount, self.least), max(amount, self.most)

    def is_far(self, amount: float) -> bool:
        """Whether a number lies well outside of all of legacy's. Not while that end moves: where numbers climb it does
        so all the time."""
        if self.least <= amount <= self.most or self.count < SEVERAL:
            return False
        end = amount > self.most
        is_calm = self.count - self.moved[end] >= min(self.count / 8, LONG)
        return is_calm and self._rooms(amount) > max(1.0, self.steps[end])

    def _rooms(self, amount: float) -> float:
        """How many rooms beyond the range; by difference or by factor, of what is always positive: below it by either,
        above it by both."""
        room, is_above = (self.most - self.least) / 4, amount > self.most
        if not room:
            return inf
        rooms = (amount - self.most if is_above else self.least - amount) / room
        if self.least <= 0:
            return rooms
        if amount <= 0:
            return inf
        ratio = 4 * log(amount / self.most if is_above else self.least / amount) / log(self.most / self.least)
        return min(rooms, ratio) if is_above else max(rooms, ratio)

    def plain(self) -> list[float]:
        """As JSON values."""
        return [self.least, self.most, self.count, *self.moved, *self.steps] if self.count else []

    @classmethod
    def restored(cls, plain: Sequence[float], count: int) -> Reach:
        """From `plain`; what was stored before steps were has the two ends alone, of `count` values."""
        reach = cls()
        if plain:
            reach.least, reach.most = plain[:2]
            reach.count = int(plain[2]) if len(plain) > 2 else count
            reach.moved = [int(at) for at in plain[3:5]] or [0, 0]
            reach.steps = [float(step) for step in plain[5:7]] or [0.0, 0.0]
        return reach

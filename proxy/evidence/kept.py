"""Whether each side keeps one value for many requests and then says another, as caches do.

Both sides are asked again after the same delay, since then neither answer is the fresher one. That says nothing where
each side answers from a cache of its own: until it expires each stands by another answer, request after request, which
is what a mistake looks like that changes with the data. The coins are those of one cache, a few a minute, however many
requests show them. Nothing in the answers tells the two apart, short of watching for hours; so the field is flagged,
and what is said of it names this reason, for whoever has to decide. Counted is in pairs asked again, one after another.
"""

from __future__ import annotations

LONG = 10  # pairs in a row with one value, on average
SEVERAL = 2  # times that each side has changed it


class Kept:
    """Of one field."""

    __slots__ = ("_changes", "_last", "_pairs")

    def __init__(self) -> None:
        self._pairs = 0
        self._last: tuple[str, str] | None = None
        self._changes = [0, 0]

    def see(self, both: tuple[str, str]) -> None:
        """Takes in the first answers of one pair that differs, legacy's and the extracted side's."""
        if self._last is not None:
            self._pairs += 1
            for side in (0, 1):
                self._changes[side] += both[side] != self._last[side]
        self._last = both

    @property
    def is_by_both(self) -> bool:
        """Whether both sides are seen to keep a value and to change it."""
        return min(self._changes) >= SEVERAL and max(self._changes) * LONG <= self._pairs

"""What a list is sorted by, though its elements come in several orders.

Search results of equal score come in any order, and still the best come first. A difference of kind `order` shows the
direction of each member along the list, on both sides (`comparison.orders`). A member that fell, or rose, in all of
legacy's lists where it was not alike in all, and in SURE of them at least, is what legacy sorts by; an extracted list
in which it does otherwise is off. Of a member that went both ways once nothing is said any more, and the chance that
one that never did in n lists does so in the next is about 1/n.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SURE = 20  # lists of legacy
MOST = 24  # members

_UP, _DOWN, _BOTH = "↑", "↓", "~"


class SortedBy:
    """By member ("" for plain values): how many lists fell or rose by it; 0 when not all did alike."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, int]] = {}

    def see(self, shown: str) -> None:
        """Takes in one list of legacy."""
        for member, direction in _directions(shown).items():
            known, times = self._known.get(member, (direction, 0))
            if known == direction != _BOTH:
                self._known[member] = direction, times + 1
            else:
                self._known[member] = _BOTH, 0
        while len(self._known) > MOST:
            self._known.popitem()

    def off(self, shown: str) -> str:
        """What this list of the extracted side is not sorted by; "" for nothing."""
        for member, direction in _directions(shown).items():
            known, times = self._known.get(member, (direction, 0))
            if times >= SURE and direction != known:
                return f"no longer sorted by {member or 'its values'}"
        return ""

    def plain(self) -> dict[str, list[Any]]:
        """As JSON values."""
        return {member: list(known) for member, known in self._known.items()}

    @classmethod
    def restored(cls, plain: Mapping[str, list[Any]]) -> SortedBy:
        """From `plain`."""
        orders = cls()
        orders._known = {member: (str(direction), int(times)) for member, (direction, times) in plain.items()}
        return orders


def _directions(shown: str) -> dict[str, str]:
    """The directions that a printable order ends with; members that are alike in all elements are left out."""
    _, mark, orders = shown.rpartition("; ")
    if not mark:
        return {}
    found = (one.rpartition(" ") for one in orders.split(", "))
    return {member: direction for member, _, direction in found if direction in (_UP, _DOWN, _BOTH)}

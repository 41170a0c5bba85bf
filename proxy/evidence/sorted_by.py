"""What a list is sorted by, though its elements come in several orders.

Search results of equal score come in any order, and still the best come first. A difference of kind `order` shows the
direction of each member along the list, on both sides (`comparison.orders`). A member that fell, or rose, in all of
legacy's lists where it was not alike in all, and in SURE of them at least, is what legacy sorts by; an extracted list
in which it does otherwise is off. Of a member that went both ways once nothing is said any more, and the chance that
one that never did in n lists does so in the next is about 1/n.

Lists that differ in their elements, too, have no difference of that kind. Of those the values that differ are known,
with their places, and a part of a sorted list is sorted (`directions`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from proxy.evidence.form import form_of

SURE = 20  # lists of legacy
MOST = 24  # members

_UP, _DOWN, _BOTH, _ALIKE = "↑", "↓", "~", "="
_ELEMENT = re.compile(r"(.*)\[(\d{1,9})\]([^\[\]]*)", re.DOTALL)


class SortedBy:
    """By member ("" for plain values): how many lists fell or rose by it; 0 when not all did alike."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, int]] = {}

    def see(self, shown: str) -> None:
        """Takes in one list of legacy."""
        for member, direction in _directions(shown).items():
            self._take(member, direction)
        while len(self._known) > MOST:
            self._known.popitem()

    def see_values(self, directions: Iterable[tuple[str, str]]) -> None:
        """Takes in the `directions` of lists in two answers of legacy."""
        for one, other in directions:
            if one != _ALIKE or other != _ALIKE:
                self._take("", one if other in (one, _ALIKE) else other if one == _ALIKE else _BOTH)

    def off_values(self, directions: Iterable[tuple[str, str]]) -> bool:
        """Whether the extracted side's of two lists (the second) is not sorted as legacy's are, this one of legacy's
        included."""
        known, times = self._known.get("", ("", 0))
        return times >= SURE and any(one == known and other not in (known, _ALIKE) for one, other in directions)

    def _take(self, member: str, direction: str) -> None:
        known, times = self._known.get(member, (direction, 0))
        is_one = known == direction != _BOTH
        self._known[member] = (direction, times + 1) if is_one else (_BOTH, 0)

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


def directions(places: Mapping[str, tuple[str, str]]) -> list[tuple[str, str]]:
    """Of each list in which values differ at two places or more, the direction on both sides: up, down, both, alike."""
    lists: dict[tuple[str, str], list[tuple[int, str, str]]] = {}
    for place, (one, other) in places.items():
        if found := _ELEMENT.fullmatch(place):
            lists.setdefault((found[1], found[3]), []).append((int(found[2]), one, other))
    several = [[values[1:] for values in sorted(known)] for known in lists.values() if len(known) > 1]
    return [(_direction([one for one, _ in values]), _direction([two for _, two in values])) for values in several]


def _direction(values: list[str]) -> str:
    amounts = [form_of(value).amount for value in values]
    steps: list[tuple[Any, Any]] = list(pairwise(values if None in amounts else amounts))
    falls, rises = any(one > two for one, two in steps), any(one < two for one, two in steps)
    return _BOTH if falls and rises else _DOWN if falls else _UP if rises else _ALIKE


def _directions(shown: str) -> dict[str, str]:
    """The directions that a printable order ends with; members that are alike in all elements are left out."""
    _, mark, orders = shown.rpartition("; ")
    if not mark:
        return {}
    found = (one.rpartition(" ") for one in orders.split(", "))
    return {member: direction for member, _, direction in found if direction in (_UP, _DOWN, _BOTH)}

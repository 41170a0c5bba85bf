"""Which elements of two lists belong together, when their places do not say it.

One element too few at the beginning of a page shifts all that follow. So lists are laid along their longest common
subsequence, by Hunt and Szymanski: its time is bounded by the number of pairs of equal elements, which is known before
and small unless elements repeat a lot. Between two elements that are on both sides, the rest is paired in order, so
that the differences that remain are fewest; what is left over is missing or extra.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

MOST_EQUAL = 50_000  # pairs of equal elements that are looked at
MOST_TRIALS = 512  # pairs of unequal elements that are tried for the best pairing

_Link = tuple[int, int, "_Link | None"]


class Gap(NamedTuple):
    """A stretch of both lists between two elements that they have in common; either may be empty."""

    left: range
    right: range


def common(left: Sequence[int], right: Sequence[int]) -> list[tuple[int, int]] | None:
    """The places of a longest common subsequence, in order; None when that takes too long. Of several, the same one is
    found whichever list is the longer."""
    if len(left) > len(right):
        turned = common(right, left)
        return None if turned is None else [(at, other) for other, at in turned]
    head, end = 0, min(len(left), len(right))
    while head < end and left[head] == right[head]:
        head += 1
    tail = 0
    while tail < end - head and left[-1 - tail] == right[-1 - tail]:
        tail += 1
    middle = _between(left, right, head, len(left) - tail, len(right) - tail)
    if middle is None:
        return None
    ends = range(-tail, 0)
    return [*((at, at) for at in range(head)), *middle, *((len(left) + at, len(right) + at) for at in ends)]


def _between(
    left: Sequence[int], right: Sequence[int], start: int, stop: int, other_stop: int
) -> list[tuple[int, int]] | None:
    places: dict[int, list[int]] = {}
    for at in range(other_stop - 1, start - 1, -1):
        places.setdefault(right[at], []).append(at)
    if sum(len(places.get(left[at], ())) for at in range(start, stop)) > MOST_EQUAL:
        return None
    ends: list[int] = []  # the first place at which a common subsequence of this length can end
    links: list[_Link] = []
    for at in range(start, stop):
        for other in places.get(left[at], ()):
            length = bisect_left(ends, other)
            link: _Link = (at, other, links[length - 1] if length else None)
            if length == len(ends):
                ends.append(other)
                links.append(link)
            else:
                ends[length] = other
                links[length] = link
    found: list[tuple[int, int]] = []
    last = links[-1] if links else None
    while last is not None:
        found.append(last[:2])
        last = last[2]
    return found[::-1]


def gaps(anchors: list[tuple[int, int]], left: int, right: int) -> Iterator[Gap]:
    """What lies between the anchors of two lists of these lengths."""
    at = other = 0
    for one, two in [*anchors, (left, right)]:
        if at < one or other < two:
            yield Gap(range(at, one), range(other, two))
        at, other = one + 1, two + 1


def paired(gap: Gap, cost: Callable[[int, int], int]) -> list[tuple[int, int]]:
    """As many pairs as the shorter stretch has elements, in order: those of the least cost, place by place when there
    are too many to try."""
    short, long = sorted(gap, key=len)
    turned = short is gap.right
    spare = len(long) - len(short)
    if not short or not spare or len(short) * (spare + 1) > MOST_TRIALS:
        return list(zip(gap.left, gap.right, strict=False))
    best = [0] * (spare + 1)  # the least cost so far, when so many of the longer are left out
    choices: list[list[int]] = []
    for number, one in enumerate(short):
        chosen = least = 0
        choice: list[int] = []
        for skipped in range(spare + 1):
            if best[skipped] < best[least]:
                least = skipped
            chosen = least
            choice.append(chosen)
        other = [long[number + skipped] for skipped in range(spare + 1)]
        costs = [cost(two, one) if turned else cost(one, two) for two in other]
        best = [best[choice[skipped]] + costs[skipped] for skipped in range(spare + 1)]
        choices.append(choice)
    skipped = best.index(min(best))
    pairs: list[tuple[int, int]] = []
    for number in range(len(short) - 1, -1, -1):
        pair = short[number], long[number + skipped]
        pairs.append(pair[::-1] if turned else pair)
        skipped = choices[number][skipped]
    return pairs[::-1]


def coded(left: Sequence[Hashable], right: Sequence[Hashable]) -> tuple[list[int], list[int]]:
    """A small number for each form, the same for equal ones: forms are deep, and hashed once only."""
    codes: dict[Hashable, int] = {}
    return [codes.setdefault(one, len(codes)) for one in left], [codes.setdefault(one, len(codes)) for one in right]


def shared(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """How many elements the two have in common, wherever they stand."""
    return sum((Counter(left) & Counter(right)).values())

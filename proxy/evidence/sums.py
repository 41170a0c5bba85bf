"""Linear relations that all rows of numbers keep: vectors w with w.row = 0 for each of them, over a prime field.

Kept are not the rows but what is left: at first one vector for each column (nothing was seen, anything may hold); each
row that breaks some takes one of them away and mends the others with it. So what holds is there at once, what is free
costs nothing any more, and of n columns that have nothing to do with each other none is left after n rows. Each vector
has a column to itself: relations that have no column in common are never mixed.

A vector says something when its columns, had one of them nothing to do with the rest, would have broken it. A change
that is drawn might as well have gone the other way: with its sign turned it breaks the vector, and chance had one half.
So SURE rows in which a column moved, since the vector is what it is, are 2**-SURE. Columns that only ever rise are not
drawn: whoever asks has to know. A vector that was mended begins to count anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import gcd, lcm

from proxy.evidence.bond import SURE

PRIME = 2**61 - 1
LARGEST = 10_000  # of the whole numbers that a vector is made of, at most


class Vector:
    """`terms` by column, residues; `moved`: how often each group of columns would have broken it, had it nothing to do
    with the others, since the vector is what it is; `kept`: by how many rows. `is_told`: whoever asks has looked at
    it."""

    __slots__ = ("is_told", "kept", "moved", "terms")

    def __init__(self, terms: dict[int, int], groups: Sequence[int]) -> None:
        self.begin(terms, groups)

    def begin(self, terms: dict[int, int], groups: Sequence[int]) -> None:
        self.terms = terms
        self.moved = dict.fromkeys([groups[column] for column in terms], 0)
        self.is_told = False
        self.kept = 0

    def keep(self, row: Mapping[int, int], groups: Sequence[int], prime: int) -> None:
        self.kept += 1
        parts: dict[int, int] = {}
        for column, change in row.items():
            if column in self.terms:
                group = groups[column]
                parts[group] = (parts.get(group, 0) + self.terms[column] * change) % prime
        for group, part in parts.items():
            self.moved[group] += part != 0

    @property
    def is_known(self) -> bool:
        return min(self.moved.values()) >= SURE


class Kernel:
    """All vectors that no row has broken. Columns of one group belong together: a digit, and what it counts for."""

    def __init__(self, prime: int = PRIME, groups: Sequence[int] = ()) -> None:
        self.prime = prime
        self.groups: list[int] = []
        self.vectors: list[Vector] = []
        for group in groups:
            self.add_column(group)

    def add_column(self, group: int | None = None) -> int:
        """One more, that was 0 in all rows so far; a group of its own unless one is named."""
        column = len(self.groups)
        self.groups.append(column if group is None else group)
        self.vectors.append(Vector({column: 1}, self.groups))
        return column

    def take(self, row: Mapping[int, int], counts: bool = True) -> None:
        """Takes in one row, by column; columns that are not there are 0. `counts`: it was drawn apart from others."""
        prime = self.prime
        dots = [
            sum([change * vector.terms[at] for at, change in row.items() if at in vector.terms]) % prime
            for vector in self.vectors
        ]
        broken = [at for at, dot in enumerate(dots) if dot]
        if broken:
            youngest = min(broken, key=lambda at: min(self.vectors[at].moved.values()))
            gone, scale = self.vectors[youngest].terms, pow(dots[youngest], -1, prime)
            for at in broken:
                if at != youngest:
                    terms = _mended(self.vectors[at].terms, gone, dots[at] * scale % prime, prime)
                    self.vectors[at].begin(terms, self.groups)
            del self.vectors[youngest], dots[youngest]
        if counts:
            for vector, dot in zip(self.vectors, dots, strict=True):
                if not dot:
                    vector.keep(row, self.groups, prime)

    def known(self) -> list[Vector]:
        return [vector for vector in self.vectors if len(vector.moved) > 1 and vector.is_known]


def _mended(terms: dict[int, int], gone: dict[int, int], scale: int, prime: int) -> dict[int, int]:
    found = dict(terms)
    for at, term in gone.items():
        if rest := (found.get(at, 0) - scale * term) % prime:
            found[at] = rest
        else:
            del found[at]
    return found


def in_whole_numbers(terms: Mapping[int, int], prime: int = PRIME) -> dict[int, int] | None:
    """A vector as small whole numbers without a common divisor, the first above 0; None where it is none."""
    read = {at: _fraction(term, prime) for at, term in sorted(terms.items())}
    if not all(denominator for _, denominator in read.values()):
        return None
    common = lcm(*[denominator for _, denominator in read.values()])
    whole = {at: numerator * (common // denominator) for at, (numerator, denominator) in read.items()}
    divisor = gcd(*whole.values()) * (1 if next(iter(whole.values())) > 0 else -1)
    whole = {at: term // divisor for at, term in whole.items()}
    return whole if max(map(abs, whole.values())) <= LARGEST else None


def _fraction(residue: int, prime: int) -> tuple[int, int]:
    """Numerator and denominator of the only small fraction that it can be, (0, 0) where there is none (Wang 1981)."""
    before, now, passed, times = prime, residue, 0, 1
    while now > LARGEST:
        quotient = before // now
        before, now, passed, times = now, before - quotient * now, times, passed - quotient * times
    if abs(times) > LARGEST:
        return 0, 0
    return (now, times) if times > 0 else (-now, -times)

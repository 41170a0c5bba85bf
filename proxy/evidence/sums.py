"""Linear relations that all rows of numbers keep: vectors w with w.row = 0 for each of them, over a prime field.

Kept are not the rows but what is left: at first one vector for each column (nothing was seen, anything may hold); each
row that breaks some takes one of them away and mends the others with it. So what holds is there at once, what is free
costs nothing any more, and of n columns that have nothing to do with each other none is left after n rows. Each vector
has a column to itself: relations that have no column in common are never mixed.

A vector says something when its columns, had one of them nothing to do with the rest, would have broken it. A change
that is drawn might as well have gone the other way: with its sign turned it breaks the vector, and chance had one half.
So SURE rows in which a column moved, since the vector is what it is, are 2**-SURE; columns that only ever rise are not
drawn. Vectors that were formed and mended on the way are no trouble: each begins to count anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd, lcm

from proxy.evidence.bond import BOTH_WAYS, SURE

PRIME = 2**61 - 1
LARGEST = 10_000  # of the whole numbers that a vector is made of, at most


class Vector:
    """`terms` by column, residues; `rose` and `fell`: in how many rows each column did since it was formed. `is_told`:
    whoever asks has looked at it."""

    __slots__ = ("fell", "is_told", "rose", "terms")

    def __init__(self, terms: dict[int, int]) -> None:
        self.begin(terms)

    def begin(self, terms: dict[int, int]) -> None:
        self.terms = terms
        self.is_told = False
        self.rose = dict.fromkeys(terms, 0)
        self.fell = dict.fromkeys(terms, 0)

    def keep(self, row: Mapping[int, int]) -> None:
        for column, change in row.items():
            if column in self.terms:
                (self.rose if change > 0 else self.fell)[column] += 1

    @property
    def moved(self) -> int:
        """Rows in which the column that did so least moved."""
        return min(self.rose[column] + self.fell[column] for column in self.terms)

    @property
    def is_known(self) -> bool:
        return self.moved >= SURE and min(*self.rose.values(), *self.fell.values()) >= BOTH_WAYS


class Kernel:
    """All vectors that no row has broken."""

    def __init__(self, prime: int = PRIME) -> None:
        self.prime = prime
        self.vectors: list[Vector] = []
        self.columns = 0

    def add_column(self) -> int:
        """One more, that was 0 in all rows so far."""
        column = self.columns
        self.columns += 1
        self.vectors.append(Vector({column: 1}))
        return column

    def take(self, row: Mapping[int, int], counts: bool = True) -> None:
        """Takes in one row, by column; columns that are not there are 0. `counts`: it was drawn apart from others."""
        prime = self.prime
        dots = [
            sum([change * vector.terms.get(at, 0) for at, change in row.items()]) % prime for vector in self.vectors
        ]
        broken = [at for at, dot in enumerate(dots) if dot]
        if broken:
            youngest = min(broken, key=lambda at: self.vectors[at].moved)
            gone, scale = self.vectors[youngest].terms, pow(dots[youngest], -1, prime)
            for at in broken:
                if at != youngest:
                    self.vectors[at].begin(_mended(self.vectors[at].terms, gone, dots[at] * scale % prime, prime))
            del self.vectors[youngest], dots[youngest]
        if counts:
            for vector, dot in zip(self.vectors, dots, strict=True):
                if not dot:
                    vector.keep(row)

    def known(self) -> list[Vector]:
        return [vector for vector in self.vectors if len(vector.terms) > 1 and vector.is_known]


def _mended(terms: dict[int, int], gone: dict[int, int], scale: int, prime: int) -> dict[int, int]:
    found = {at: (terms.get(at, 0) - scale * gone.get(at, 0)) % prime for at in {*terms, *gone}}
    return {at: term for at, term in found.items() if term}


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

"""Sums modulo 2 that all rows of bits keep: what `sums` is for numbers, where the sign of a change says nothing.

A vector says something when its positions, had one of them nothing to do with the rest, would have broken it. So what
a position did is exchanged between rows, in blocks of BLOCK (what changes with time stays in its block): had it been
drawn apart, each order of it was as likely as the true one, and of them all only those with its bits at the same rows
keep the vector. Where it moved in n rows of a block, that is one order in "BLOCK over n".

What proves a vector are all rows, not those since it is what it is. Before a bit moves for the first time, a vector
with it and one without say the same, so that nothing is lost when the vector is mended; in general, one that was picked
out of 2**n that the rows tell apart, n being the vectors that are gone, has to be n bits surer. All of it is counted
anew from what each column did, which for bits is a few microseconds.

A position that hardly ever moves would hold up all others. What they keep while it stays is proven without it, and is
known with it left out: of rows in which it moves nothing is said then, nor where a bit does that did not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, log2

from proxy.evidence.bond import SURE

BLOCK = 16  # rows, in which a position is exchanged with itself
WEAK = 2  # a position that proves less than one part in so many of what is needed may be left out
HOPEFUL = ((150, 8), (400, 2))  # rows, by which a vector has one part in so many of what is needed, or is given up
LEAST = 3  # positions, beside those left out
EARLY = 50  # rows, by which any two positions have moved together
OFTEN = 3  # rows in which a column moved, before anything is said of those in which it moves
_ALL = (1 << BLOCK) - 1
_ORDERS = tuple([tuple([log2(comb(rows, moved)) for moved in range(rows + 1)]) for rows in range(BLOCK + 1)])


class Parity:
    """A vector. `columns` and all rows are whole numbers, a bit for each column. `is_wide`: they are of more than one
    position. `proof`: of the position that proves least, when it was looked at last, in bits. `silent`: columns, of
    rows in which one of them moves a known vector says nothing."""

    __slots__ = ("columns", "is_wide", "proof", "silent")

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.is_wide = False
        self.proof = 0.0
        self.silent = 0


class Parities:
    """All vectors that no row has broken. `groups`: the position that each column is of."""

    def __init__(self, groups: Sequence[int]) -> None:
        self.vectors = [Parity(1 << column) for column in range(len(groups))]
        self.rows = self.gone = 0
        masks: dict[int, int] = {}
        for column, group in enumerate(groups):
            masks[group] = masks.get(group, 0) | 1 << column
        self._position = [masks[group] for group in groups]  # of each column, all that are of its position
        self._moved = [0] * len(groups)  # of each column, the rows in which it moved

    @property
    def is_alive(self) -> bool:
        is_early = self.rows < EARLY and bool(self.vectors)
        return is_early or any(vector.is_wide for vector in self.vectors)

    def take(self, row: int) -> list[Parity]:
        """Takes in one row; which vectors are known now. Each is looked at once in BLOCK rows."""
        broken = [vector for vector in self.vectors if (vector.columns & row).bit_count() & 1]
        if broken:
            youngest = min(broken, key=lambda vector: (vector.is_wide, vector.proof))
            self.gone += 1
            self.vectors.remove(youngest)
            broken.remove(youngest)
            for vector in broken:
                vector.columns ^= youngest.columns
                vector.is_wide = bool(vector.columns & ~self._position[_lowest(vector.columns)])
        for column in columns_of(row):
            self._moved[column] |= 1 << self.rows
        self.rows += 1
        return [vector for vector in self.vectors[self.rows % BLOCK :: BLOCK] if vector.is_wide and self._look(vector)]

    def _look(self, vector: Parity) -> bool:
        """Whether it is known. Then, and where there is no hope, it is not looked at any more."""
        needed = SURE + self.gone
        is_known = self._prove(vector, needed)
        if is_known or any(self.rows >= rows and vector.proof * parts < needed for rows, parts in HOPEFUL):
            self.vectors.remove(vector)
        return is_known

    def _prove(self, vector: Parity, needed: int) -> bool:
        parts = self._parts(vector.columns)
        proofs = self._proofs(parts, (1 << self.rows) - 1)
        vector.proof = min(proofs)
        weak = [part for part, proof in zip(parts, proofs, strict=True) if proof * WEAK < needed]
        if any(needed <= proof * WEAK < needed * WEAK for proof in proofs):
            return False
        vector.silent = sum([whole for whole, _ in weak])
        if weak and not self._prove_without(vector.silent, [part for part in parts if part not in weak], needed):
            return False
        vector.silent |= sum([1 << at for at, rows in enumerate(self._moved) if rows.bit_count() < OFTEN])
        return True

    def _prove_without(self, silent: int, parts: list[tuple[int, int]], needed: int) -> bool:
        if len(parts) < LEAST:
            return False
        moved = 0
        for column in columns_of(silent):
            moved |= self._moved[column]
        return min(self._proofs(parts, ((1 << self.rows) - 1) & ~moved)) >= needed

    def _parts(self, columns: int) -> list[tuple[int, int]]:
        """Of its positions: all columns of each, and the rows in which those of the vector moved an odd number."""
        found = []
        while columns:
            whole = self._position[_lowest(columns)]
            moved = 0
            for column in columns_of(columns & whole):
                moved ^= self._moved[column]
            found.append((whole, moved))
            columns &= ~whole
        return found

    def _proofs(self, parts: list[tuple[int, int]], counted: int) -> list[float]:
        """What each of these positions proves by the rows that count, in bits."""
        blocks = [(at, _ORDERS[(counted >> at & _ALL).bit_count()]) for at in range(0, self.rows, BLOCK)]
        both = [moved & counted for _, moved in parts]
        return [sum([orders[(moved >> at & _ALL).bit_count()] for at, orders in blocks]) for moved in both]


def columns_of(row: int) -> list[int]:
    """The columns that are in it, as numbers."""
    found = []
    while row:
        found.append(_lowest(row))
        row &= row - 1
    return found


def _lowest(columns: int) -> int:
    return (columns & -columns).bit_length() - 1

"""Texts of which only the order of lines changes: rows of a sheet as no ORDER BY gives them.

A text has one difference, the line in which two answers part, and in any order that may be any line: a row whose sign
was lost looks like a row that moved. But rows that only move are the same ones on both sides. Where legacy's two
answers to one request had the same lines SURE times, in whatever order, and never others, an answer with others is
off; of noise that legacy may still have now and then only when the extracted side says others twice. So such a pair
is asked about out of turn. Texts of more lines than are told say nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from proxy.model.comparison import Line

SURE = 50  # times that legacy's lines were the same in another order
TOLD = 12  # lines: there may be more that differ


class Shuffled:
    """Of one text. `kept`: how often legacy only changed the order; -1 once it did otherwise."""

    __slots__ = ("kept",)

    def __init__(self, kept: int = 0) -> None:
        self.kept = kept

    def see(self, lines: Sequence[Line]) -> None:
        """Takes in the lines in which two answers of legacy to one request differ."""
        if self.kept >= 0:
            self.kept = self.kept + 1 if lines and not has_others(lines) else -1

    def off(self, lines: Sequence[Line]) -> bool:
        """Whether the extracted side has other lines, where legacy's are always the same ones."""
        return self.kept >= SURE and len(lines) < TOLD and has_others(lines)


def has_others(lines: Sequence[Line]) -> bool:
    """Whether the lines that differ are not the same ones in another order."""
    return Counter([one.legacy for one in lines]) != Counter([one.extracted for one in lines])

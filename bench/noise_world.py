"""Two sides that answer at random, for simulating what noise learning sees: no sockets, no JSON, only comparisons.

An answer maps paths to printable values. A side is a function that gives an answer to a request at a moment; the
request carries what both sides know alike.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeVar

from proxy.comparison import without
from proxy.evidence.noise import ROUNDS, Noise, Stood
from proxy.model.comparison import Comparison, Difference, Kind, Result, Risk
from proxy.model.noise import Reask

Answer = dict[str, str]
Said = TypeVar("Said")
Side = Callable[[int, float, Random], Answer]  # number of the request, seconds, dice

MATCH = Comparison(Result.MATCH, None, "", None, (200, 200), (), 0)


def compared(one: Answer, other: Answer) -> Comparison:
    """As the toolkit compares, of flat answers."""
    statuses = int(one.get("status", "200")), int(other.get("status", "200"))
    if one == other:
        return MATCH._replace(status_pair=statuses)
    found: list[Difference] = []
    if one.get("status") != other.get("status"):
        ours, theirs = one.get("status", "200"), other.get("status", "200")
        found.append(Difference("status", Kind.STATUS, Risk.HIGH, ours, theirs, "status"))
    else:
        for place in dict.fromkeys((*one, *other)):
            ours, theirs = one.get(place, ""), other.get(place, "")
            if ours != theirs:
                kind = Kind.VALUE if ours and theirs else Kind.MISSING if ours else Kind.EXTRA
                risk = {Kind.VALUE: Risk.MEDIUM, Kind.MISSING: Risk.HIGH}.get(kind, Risk.LOW)
                found.append(Difference(_path(place), kind, risk, ours, theirs, place))
    fields = frozenset((each.path, each.kind) for each in found)
    return Comparison(Result.MISMATCH, None, "sig", Risk.HIGH, statuses, tuple(found), len(found), fields)


def reasked(
    compare: Callable[[Said, Said], Comparison], one: Said, other: Said, again: Said, other_again: Said
) -> tuple[Comparison, Reask]:
    """The comparison of both first answers (legacy's, the extracted side's), and what asking both again showed."""
    reask = Reask(
        compare(one, again),
        compare(one, other_again),
        compare(other, other_again),
        compare(again, other_again),
        compare(other, again),
    )
    return compare(one, other), reask


def _path(place: str) -> str:
    head, bracket, rest = place.partition("[")
    return head + "[*]" + rest.partition("]")[2] if bracket else place


class World:
    """One route: each request goes to both sides; a mismatch, and `sample` of all, is asked again."""

    def __init__(
        self, legacy: Side, extracted: Side, *, seed: int, sample: float = 0.01, on_mismatch: bool = True
    ) -> None:
        self.noise = Noise()
        self.reasks = 0
        self.requests = 0
        self._legacy, self._extracted = legacy, extracted
        self._dice = Random(seed)
        self._sample, self._on_mismatch = sample, on_mismatch

    def request(self) -> Comparison:
        """One request at ten a second; the comparison as noise leaves it."""
        dice = self._dice
        number, at = self.requests, self.requests / 10
        self.requests += 1
        one = self._legacy(number, at, dice)
        other = self._extracted(number, at + dice.expovariate(5), dice)
        first = compared(one, other)
        self.noise.glance(first)
        is_mismatch = first.result is Result.MISMATCH
        reask = None
        if (is_mismatch and self._on_mismatch) or dice.random() < self._sample:
            self.reasks += 1
            again, other_again = self._again(number, at + 1 + dice.random() / 2)
            _, reask = reasked(compared, one, other, again, other_again)
            self.noise.learn(first, reask)
        if not is_mismatch:
            return first
        standing: Stood = {}
        if reask is not None:
            so_far, rounds = self.noise.standing(first, reask), 0
            while any(so_far.values()) and rounds < ROUNDS:
                rounds += 1
                self.reasks += 1
                _, further = reasked(compared, one, other, *self._again(number, at + 1.2 + rounds + dice.random() / 2))
                so_far = standing = self.noise.insist(so_far, first, further)
        return without(first, self.noise.read(first, reask, may_ask=True, standing=standing).explained)

    def _again(self, number: int, at: float) -> tuple[Answer, Answer]:
        later = at + self._dice.random() / 50
        if self._dice.random() < 0.5:
            one = self._legacy(number, at, self._dice)
            return one, self._extracted(number, later, self._dice)
        other = self._extracted(number, at, self._dice)
        return self._legacy(number, later, self._dice), other

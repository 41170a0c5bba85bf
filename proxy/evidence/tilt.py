"""Which of legacy's values the extracted side says oftener, and whether it says them again: bets on a set of values.

A mistake in one answer of twenty, in a field that legacy draws anew each time, makes some of legacy's own values more
frequent: the lowest rung, a miss at any of three edges, the shortest times. No value is impossible, and of 500 requests
that are asked again 25 meet it. What else there is are first answers, ten times as many. They are no coins: the
extracted side is asked a little later, so that a state that goes forward looks like a mistake. But they may say what to
ask about and what to bet on, which costs nothing in fairness:

- *Suspected* are the values by which the extracted side's first answers exceed legacy's by most standard deviations, as
  long as legacy says all of them together in SELDOM of its answers; of numbers with many values one range, in steps
  of a RANKS-th of legacy's answers.
- A pair in which the extracted side says one of them and legacy does not is asked about out of turn, under a name of
  its own (`$.id suspected`). Where such questions come to nothing (LOST) they end.
- Where E1 is one of them, E2 is one again and L2 is not: heads. The other way round: tails. While nothing is wrong E2
  and L2 could change places, whatever is suspected, so the coin is fair. What is bet goes as in `saying`, but for a
  mistake that comes back to the suspected values in HOLDS of its answers only. Heads are asked once more.

Values are kept in memory only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Mapping
from math import log, log1p, sqrt

from proxy.evidence.asked import Asked
from proxy.evidence.form import form_of
from proxy.evidence.saying import FEW, KINDS, KNOWN, SELDOM, SHARES
from proxy.evidence.sign_test import log_sum
from proxy.model.comparison import Field, Kind

FIRST = 200  # values of legacy, before it is settled how they are counted
RANKS = 32  # of numbers
LOOK = 90  # first answers, before anything is suspected
NAMES = 64  # of values counted, at most
GREW = 1.05  # times as many values, before what is suspected is looked up anew
MORE = 1.0  # standard deviations by which one of a few values is said oftener
FURTHER = 2.5  # the same of a range of numbers, of which there are many
HOLDS = 0.9  # of a wrong service's answers that are suspected, those that are so again
LOST = 1.5  # of the logarithm of the evidence, before nothing more is asked out of turn

Places = Mapping[str, tuple[str, str]]
Name = str | int  # a value, or the rank of a number


class Tilt:
    """Of one field. `level` is the logarithm of the evidence it begins with."""

    __slots__ = (
        "_again", "_base", "_bets", "_edges", "_extracted", "_first", "_legacy", "_looked", "_total", "_usual",
        "suspected",
    )  # fmt: skip

    def __init__(self, level: float = 0.0) -> None:
        self._base = level
        self._bets = [level] * len(SHARES)
        self._first: list[str] | None = []  # None once it is settled how values are counted
        self._edges: list[float] = []  # between ranks
        self._legacy: Counter[Name] = Counter()  # in first answers that differ
        self._extracted: Counter[Name] = Counter()
        self._again: Counter[Name] = Counter()  # what legacy says when asked again
        self._total = 0  # first answers of each side; -1 where nothing is counted
        self._looked = LOOK  # at so many
        self._usual = 1.0  # the share of legacy's answers that is suspected
        self.suspected: frozenset[Name] = frozenset()

    @property
    def level(self) -> float:
        """Logarithm of the evidence."""
        return log_sum(self._bets) - log(len(SHARES))

    def see(self, kind: Kind, places: Places) -> None:
        """Takes in the first answers of a pair that differs here."""
        if self._total < 0 or kind not in KINDS:
            return
        if self._first is not None:
            self._begin(self._first, [_shown(kind, one) for one, _ in places.values()])
            return
        name = self._name
        for one, two in places.values():
            self._legacy[name(kind, one)] += 1
            self._extracted[name(kind, two)] += 1
            self._total += 1
        if self._total >= self._looked * GREW:
            self._looked = self._total
            self._look()

    def _begin(self, first: list[str], values: list[str]) -> None:
        first += values
        has_few = len(set(first)) <= FEW
        if not has_few and not all(map(_is_amount, values)):
            self._total, self._first = -1, None
        elif len(first) >= FIRST:
            if not has_few:
                amounts = sorted([form_of(one).amount or 0.0 for one in first if _is_amount(one)])
                self._edges = sorted({amounts[len(amounts) * at // RANKS] for at in range(1, RANKS)})
            self._first = None

    def _name(self, kind: Kind, shown: str) -> Name:
        if not self._edges:
            return _shown(kind, shown)
        amount = form_of(shown).amount
        return -1 if amount is None else bisect_right(self._edges, amount)

    def _look(self) -> None:
        if len(self._legacy) + len(self._extracted) > NAMES + 2 * RANKS:
            self._total = -1
        chosen: Collection[Name] = self._range() if self._edges else self._values()
        known, total = (self._legacy, self._total) if self._edges else (self._again, self._again.total())
        self._usual = (sum([known[name] for name in chosen]) + 1) / (total + 2)
        self.suspected = frozenset(chosen)

    def _values(self) -> list[Name]:
        if self._again.total() < KNOWN:
            return []
        left = SELDOM * self._again.total()
        by_excess = sorted([(-_excess(self._legacy[name], said), name) for name, said in self._extracted.items()])
        chosen: list[Name] = []
        for excess, name in by_excess:
            if -excess >= MORE and self._again[name] <= left:
                chosen.append(name)
                left -= self._again[name]
        return chosen

    def _range(self) -> range:
        highest, chosen, most = FURTHER, range(0), SELDOM * self._total
        counts = [(self._legacy[rank], self._extracted[rank]) for rank in range(len(self._edges) + 1)]
        for start in range(len(counts)):
            legacy = extracted = 0
            for end in range(start, len(counts)):
                legacy, extracted = legacy + counts[end][0], extracted + counts[end][1]
                if legacy > most:
                    break
                if extracted > legacy and (excess := _excess(legacy, extracted)) > highest:
                    highest, chosen = excess, range(start, end + 1)
        return chosen

    def is_suspected(self, kind: Kind, places: Places) -> bool:
        """Whether first answers are worth a question: the extracted side says what is suspected, legacy does not."""
        if not self.suspected or self.level < self._base - LOST:
            return False
        known = self.suspected
        return any(
            self._name(kind, two) in known and self._name(kind, one) not in known for one, two in places.values()
        )

    def bet(self, field: Field, asked: Asked, passed: int) -> tuple[int, bool]:
        """Takes in one question, the `passed`-th further one about this request. Which way the coin fell, and whether
        to ask once more."""
        if self._total <= 0 or field[1] not in KINDS or not asked.by_place(field):
            return 0, False
        balance, said = self._coin(field, asked)
        if balance:
            usual, often = self._usual, HOLDS * (1 - self._usual)
            seldom = (1 - HOLDS) * usual
            for at, share in enumerate(SHARES):
                likely = share / (share + min(1.0, usual / HOLDS) ** (1 + passed))
                chance = 2 * (1 - likely) * usual * (1 - usual)
                stake = likely * (often - seldom) / (likely * (often + seldom) + chance)
                self._bets[at] += log1p(stake if balance > 0 else -stake)
        if not passed and not self._edges:
            self._again.update(said)
        return balance, balance > 0

    def _coin(self, field: Field, asked: Asked) -> tuple[int, list[Name]]:
        """In how many places more E2 than L2 is suspected, where E1 is; and what L2 says."""
        kind, itself, crossed = field[1], asked.itself.places(field), asked.crossed.places(field)
        balance, said = 0, []
        for place, (_, extracted) in asked.first.places(field).items():
            where = frozenset((place,))
            if asked.itself.lacks(field, where, True) or asked.crossed.lacks(field, where, True):
                continue
            legacy = self._name(kind, crossed[place][1] if place in crossed else extracted)
            said.append(legacy)
            if self._name(kind, extracted) in self.suspected:
                again = self._name(kind, itself[place][1] if place in itself else extracted)
                balance += (again in self.suspected) - (legacy in self.suspected)
        return balance, said


def _excess(legacy: int, extracted: int) -> float:
    """By how many standard deviations the extracted side says something oftener."""
    return (extracted - legacy) / sqrt(extracted + legacy) if extracted else 0.0


def _shown(kind: Kind, shown: str) -> str:
    """What is there or not is one of two values, whatever it is."""
    return "there" if shown and kind is Kind.MISSING else shown


def _is_amount(shown: str) -> bool:
    form = form_of(shown)
    return form.amount is not None and not form.slack

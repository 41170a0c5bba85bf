"""Bets on each of a few values: whether the extracted side, having said one, says it again more than legacy does.

Everybody is offline for one request in twenty, every write goes to partition 0: each is a value that legacy says, too,
and one value among others, so that coins on all values together drown what one of them shows. Hence each has an
evidence of its own, and the evidence of the field is their average.

Where E1 is `value` and L1 is not, E2 says `value` again and L2 does not: heads. The other way round: tails. While
nothing is wrong E2 and L2 could change places, whatever the value. If `share` of the requests meet a mistake and legacy
says the value in `usual` of its answers, then after n answers of the extracted side that all said it the request is a
wrong one with probability likely = share / (share + usual^n), and the stake that grows fastest is
likely / (likely + 2 (1 - likely) usual). A value that legacy seldom says is asked about once more, and again while the
extracted side says it: by the third answer nearly all requests left are wrong ones, if any are.

`usual` is counted in L2 of earlier questions: never in the answers that a coin is about.
"""

from __future__ import annotations

from collections import Counter
from math import log, log1p

from proxy.evidence.asked import Asked
from proxy.evidence.sign_test import log_sum
from proxy.model.comparison import Field, Kind

SHARES = (0.3, 0.05, 0.01, 0.002)  # of requests that meet a mistake
FEW = 8  # values of a field with a choice of them
KNOWN = 50  # answers of legacy before it is known what is usual
SELDOM = 1 / 4  # of legacy's answers, what is worth another question
KINDS = frozenset({Kind.VALUE, Kind.HEADER, Kind.MISSING})

Coins = dict[str, int]  # by value, in how many places more E2 says it again than L2 does


class Saying:
    """Of one field. `level` is the logarithm of the evidence it begins with."""

    __slots__ = ("_base", "_bets", "_usual")

    def __init__(self, level: float = 0.0) -> None:
        self._base = level
        self._bets: dict[str, list[float]] = {}
        self._usual: Counter[str] = Counter()

    @property
    def level(self) -> float:
        """Logarithm of the evidence: the average over FEW values, whether they have been said or not."""
        rest = FEW - len(self._bets)
        if rest == FEW:
            return self._base
        terms = [bet - log(len(SHARES)) for bets in self._bets.values() for bet in bets]
        return log_sum([*terms, *[self._base] * rest]) - log(FEW)

    def bet(self, field: Field, asked: Asked, passed: int) -> tuple[int, bool]:
        """Takes in one question, the `passed`-th further one about this request. Which way the coins fell that it was
        bet on, and whether to ask once more."""
        if len(self._usual) > FEW or field[1] not in KINDS:
            return 0, False
        coins, said = _coins(field, asked)
        if self._usual.total() < KNOWN:
            coins = {}
        worth = [self._throw(value, balance > 0, passed) for value, balance in coins.items() if balance]
        if not passed:
            self._usual.update(said)
        return sum(coins.values()), any(worth)

    def _throw(self, value: str, heads: bool, passed: int) -> bool:
        if value not in self._bets:
            if len(self._bets) == FEW:
                return False
            self._bets[value] = [self._base] * len(SHARES)
        usual = (self._usual[value] + 1) / (self._usual.total() + 2)
        bets, chance = self._bets[value], usual ** (1 + passed)
        for at, share in enumerate(SHARES):
            likely = share / (share + chance)
            stake = likely / (likely + 2 * (1 - likely) * usual)
            bets[at] += log1p(stake if heads else -stake)
        return heads and usual <= SELDOM


def _coins(field: Field, asked: Asked) -> tuple[Coins, list[str]]:
    """The coins of one question, and what L2 says where the pair differed."""
    coins: Coins = {}
    said: list[str] = []
    if not asked.by_place(field):
        return coins, said
    itself, crossed = asked.itself.places(field), asked.crossed.places(field)
    for place, (_, extracted) in asked.first.places(field).items():
        where = frozenset((place,))
        if asked.itself.lacks(field, where, True) or asked.crossed.lacks(field, where, True):
            continue
        value = _named(field, extracted)
        again = _named(field, itself[place][1]) if place in itself else value
        legacy = _named(field, crossed[place][1]) if place in crossed else value
        coins[value] = coins.get(value, 0) + (again == value) - (legacy == value)
        said.append(legacy)
    return coins, said


def _named(field: Field, shown: str) -> str:
    """What is there or not is one of two values, whatever it is."""
    return "there" if shown and field[1] is Kind.MISSING else shown

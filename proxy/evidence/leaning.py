"""How much a new answer takes after the first one: bets that are high where chance seldom comes so close.

A mistake that is made for one request in a hundred, in a field that legacy draws anew each time, moves no average. But
it is made again when the request is asked again. So E2 and L2 are both measured against E1, and whichever of them takes
after it more is heads or tails:

- numbers: which way E1 lay from L1, and how far E2 lies from L2 in that direction;
- lists: how many elements are others than in E1, wherever they stand;
- all else: whether it is the same as E1.

While nothing is wrong E2 and L2 could change places, so it is a fair coin however much is won and lost on it, as long
as that was settled by what both show together. What they show is how *rarely* chance brings an answer so close
(numbers: so far apart), seen from all answers of both sides before. If `share` of the requests meet the mistake, and
chance alone is as close in `rarity` of the cases, then share / (share + rarity) is the stake that grows fastest. The
share is not known: the evidence is the average over SHARES.

Which pairs are asked again matters as much: first answers that are far apart, or a list in an order that legacy's
hardly ever has, are asked out of turn (`is_striking`).

Of a field with a few values each value has bets of its own (`saying`), and what the extracted side seems to say oftener
has bets together (`tilt`).

What comes close in less than CLOSE of the cases is asked once more, and again while it leans the same way. Each
question is another coin, with a share that is higher by what came through: of noise one in PASSED, and one in four of
the rest each time.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Mapping
from math import log, log1p

from proxy.evidence.asked import Asked
from proxy.evidence.form import form_of
from proxy.evidence.saying import SHARES, Saying
from proxy.evidence.sign_test import log_sum
from proxy.evidence.tilt import Tilt
from proxy.model.comparison import Field, Kind

LEANS = frozenset({Kind.VALUE, Kind.HEADER, Kind.TYPE, Kind.ORDER})
SEEN = 1000  # sizes remembered
KNOWN = 50  # before any is rare
CLOSE = 1 / 8
FAR = 1 / 20  # of first answers, what is worth a question
PASSED = 16
AGAIN, SAID, TILTED = "~", "=", "+"  # as often as a request is asked once more: for its likeness, its value, a set

Places = Mapping[str, tuple[str, str]]


class Sizes:
    """How large something was, the first SEEN times. Large is rare."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: list[float] = []

    def see(self, size: float) -> None:
        if len(self._seen) < SEEN:
            insort(self._seen, size)

    def rarity(self, size: float) -> float:
        """The share of sizes that are at least as large, this one among them."""
        seen = self._seen
        return (len(seen) - bisect_left(seen, size) + 1) / (len(seen) + 1)

    @property
    def is_known(self) -> bool:
        return len(self._seen) >= KNOWN


class Leaning:
    """Of one field."""

    __slots__ = ("_bets", "_firsts", "_orders", "_saying", "_sizes", "_tilt")

    def __init__(self, level: float = 0.0) -> None:
        self._bets = [level] * len(SHARES)
        self._sizes = Sizes()
        self._firsts = Sizes()
        self._orders: Counter[str] = Counter()
        self._saying = Saying(level)
        self._tilt = Tilt(level)

    def see_first(self, kind: Kind, places: Places) -> None:
        """Takes in the first answers of a pair that differs here."""
        self._tilt.see(kind, places)
        if kind is Kind.ORDER:
            self._orders.update([_order(one) for one, _ in places.values()])
        elif kind is Kind.VALUE and (size := far(places)):
            self._firsts.see(size)

    def is_striking(self, kind: Kind, places: Places) -> bool:
        """Whether first answers are worth a question: numbers far apart, lists sorted as legacy hardly ever does."""
        if kind is Kind.ORDER:
            seldom = self._orders.total() * FAR
            return seldom >= 1 and any(self._orders[_order(other)] < seldom for _, other in places.values())
        return kind is Kind.VALUE and self._firsts.is_known and 0 < self._firsts.rarity(far(places)) <= FAR

    def is_suspected(self, kind: Kind, places: Places) -> bool:
        """Whether the extracted side says what it seems to say oftener than legacy."""
        return self._tilt.is_suspected(kind, places)

    @property
    def level(self) -> float:
        """Logarithm of the evidence."""
        return log_sum([log_sum(self._bets) - log(len(SHARES)), self._saying.level, self._tilt.level]) - log(3)

    def take(self, field: Field, asked: Asked, passed: str = "") -> tuple[float, str]:
        """Takes in one question about a pair that differs at the field; `passed` is what an earlier one said of
        asking once more. Which way the new answers lean, and whether to ask once more: AGAIN or SAID, or ""."""
        asked = asked.in_place if field[0].endswith("[*]") else asked
        speaks = asked.speak(field, asked.first, asked.itself, asked.crossed, asked.both)
        if not speaks or field not in asked.first.fields:
            return 0.0, ""
        lean, is_said, is_close, is_tilted = 0.0, False, False, False
        if not passed.startswith(AGAIN):
            lean, is_tilted = self._tilt.bet(field, asked, len(passed))
        if not passed.startswith((AGAIN, TILTED)):
            lean, is_said = self._saying.bet(field, asked, len(passed))
        if field[1] in LEANS and not passed.startswith((SAID, TILTED)):
            lean, sizes = _lean(field, asked)
            is_close = self.bet(lean, sizes, len(passed))
        further = SAID if is_said else TILTED if is_tilted else AGAIN if is_close else ""
        return lean, further + passed if further else ""

    def bet(self, lean: float, sizes: tuple[float, ...], passed: int) -> bool:
        """One coin: heads where `lean` is above 0. `sizes` are what both answers show, the same when they change
        places; the first is what counts. `passed`: how often this request leaned the same way before. Whether it is
        worth asking once more."""
        rarity = self._sizes.rarity(sizes[0])
        is_known = self._sizes.is_known
        if not passed:
            for size in sizes:
                self._sizes.see(size)
        if not lean or not is_known:
            return False
        chance = 1.0 if not passed else 1 / (PASSED * 4 ** (passed - 1))
        for at, share in enumerate(SHARES):
            likely = share / (share + chance)
            stake = likely / (likely + rarity)
            self._bets[at] += log1p(stake if lean > 0 else -stake)
        return lean > 0 and rarity <= (0.5 if passed else CLOSE)


def parted(standing: frozenset[str]) -> tuple[str, frozenset[str]]:
    """What `take` said of asking once more, "" for nothing, and the places where both sides stood by their answers."""
    marks = [place for place in standing if place.startswith((AGAIN, SAID, TILTED))]
    return "".join(marks), standing.difference(marks)


def _lean(field: Field, asked: Asked) -> tuple[float, tuple[float, ...]]:
    """Which of the two new answers takes after the extracted side's first one, and the sizes that say how seldom."""
    if not field[0].endswith("[*]"):
        lean = lean_of_numbers(asked.first.places(field), asked.both.places(field))
        if lean:
            return lean, (abs(lean),)
    both = asked.itself, asked.crossed
    itself, crossed = (max(1, unlike(seen.places(field))) if field in seen.fields else 0 for seen in both)
    return crossed - itself, (-min(itself, crossed), -max(itself, crossed))


def far(places: Places) -> float:
    """How far two answers are apart in numbers; 0 where they are none, or times."""
    return abs(sum(_steps(places).values()))


def lean_of_numbers(first: Places, both: Places) -> float:
    """By how much more E2 than L2 lies where E1 lies from L1; 0 where nothing can be said."""
    steps = _steps(both)
    ways = _steps(first)
    return sum(step if ways[place] > 0 else -step for place, step in steps.items() if place in ways)


def unlike(places: Places) -> int:
    """How many elements two answers do not have in common, wherever they stand."""
    ours = Counter(one for one, _ in places.values())
    return (ours - Counter(two for _, two in places.values())).total()


def _order(shown: str) -> str:
    """The directions that a printable order ends with."""
    return shown.rpartition("; ")[2] if len(shown) < 1000 else ""


def _steps(places: Places) -> dict[str, float]:
    found: dict[str, float] = {}
    for place, (one, two) in places.items():
        first, second = form_of(one), form_of(two)
        if first.amount is None or second.amount is None or first.slack or second.slack:
            return {}
        found[place] = second.amount - first.amount
    return found

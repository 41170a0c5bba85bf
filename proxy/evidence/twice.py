"""What two answers of the extracted side to one request show, where either alone could be noise.

1. It says the same again. Where legacy never did so, in NEVER_STOOD re-asks or more, and no value ever comes back,
   that is no chance: noise of which legacy does it once in n re-asks, and has not yet, is taken for a mistake once per
   field and build at most. A value that is made of the request is found so, and a clock that stands still. Left out is
   a clock that may show the same after the time between two questions; and where legacy's second answer is the same
   value, the clock had just moved on when the extracted side was first asked.
2. Both times it says what legacy hardly ever does (`traits`). Were all answers drawn alike, that were two small chances
   multiplied. Where a request has a few answers of its own, one of them odd, they do not multiply: whoever got it once
   gets it again as often as any other. That is seen on legacy: its second answer meets the extracted side's first one
   in the corner just as often as the extracted side's second one returns there. So this speaks only until that was
   seen, or if the extracted side returns more often than such a coin would. Of a right service one pair of a field's
   life is taken for a mistake on average, of each way of being odd, whatever its values are like.
"""

from __future__ import annotations

from collections import Counter

from proxy.evidence.asked import Asked
from proxy.evidence.form import LATER, form_of
from proxy.evidence.sign_test import is_by_chance
from proxy.evidence.traits import DEGREES, Traits
from proxy.model.comparison import Field, Kind

NEVER_STOOD = 100  # times that legacy said something else when asked again, before it is known to do so always
FINE = 3  # decimals of a second of a clock that two askings never meet at
VALUES = frozenset({Kind.VALUE, Kind.HEADER, Kind.BODY})  # differences that show a value of both sides


def stands_alone(field: Field, asked: Asked) -> bool:
    """Whether the extracted side said the same twice, and legacy two other things."""
    if field[1] not in VALUES or not asked.speak(field, asked.again, asked.other, asked.itself, asked.crossed):
        return False
    varies = field in asked.again.fields and field in asked.crossed.fields
    if not varies or field in asked.itself.fields or asked.itself.lacks(field, frozenset(), False):
        return False
    return not any(_is_coarse(one) for _, one in asked.first.places(field).values())


class Corners:
    """Of each degree of `traits`, how often the extracted side returned to the corner that it was in, and legacy stayed
    out of it; and how often legacy met it there, and the extracted side was gone. Exchange the two new answers, and the
    one is the other."""

    __slots__ = ("meets", "returns")

    def __init__(self) -> None:
        self.returns = [0] * len(DEGREES)
        self.meets = [0] * len(DEGREES)

    def learn(self, field: Field, asked: Asked, traits: Traits) -> None:
        """Takes in one pair asked again."""
        for at, balance in _balances(field, asked, traits).items():
            self.returns[at] += balance > 0
            self.meets[at] += balance < 0

    def off(self, field: Field, asked: Asked, traits: Traits) -> bool:
        """Whether the extracted side returned, and that is no chance. To be asked right after `learn`."""
        found = _balances(field, asked, traits).items()
        return any(balance > 0 and not is_by_chance(self.returns[at], self.meets[at]) for at, balance in found)

    def for_new_build(self) -> Corners:
        """With what it says of chance, enough to begin with."""
        corners = Corners()
        corners.meets = [min(times, 3) for times in self.meets]
        return corners

    def plain(self) -> list[list[int]]:
        """As JSON values."""
        return [self.returns, self.meets]

    @classmethod
    def restored(cls, plain: list[list[int]]) -> Corners:
        corners = cls()
        corners.returns, corners.meets = ([int(times) for times in one] for one in plain)
        return corners


def _balances(field: Field, asked: Asked, traits: Traits) -> Counter[int]:
    """By degree, at how many places more the extracted side returns than legacy meets it."""
    found: Counter[int] = Counter()
    if field[1] not in VALUES or not asked.speak(field, asked.again, asked.other, asked.itself, asked.crossed):
        return found
    again, other = asked.again.places(field), asked.other.places(field)
    for place, (one, two) in asked.first.places(field).items():
        if not traits.is_striking(one, two):
            continue
        legacy = again[place][1] if place in again else one
        extracted = other[place][1] if place in other else one
        found.update(traits.in_one_corner((one, legacy), (two, extracted)))
        found.subtract(traits.in_one_corner((one, extracted), (two, legacy)))
    return found


def _is_coarse(shown: str) -> bool:
    form = form_of(shown)
    return form.slack == LATER and form.places < FINE

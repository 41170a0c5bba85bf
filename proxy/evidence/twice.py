"""What two answers of the extracted side to one request show, where either alone could be noise.

1. It says the same again. Where legacy never did so, in NEVER_STOOD re-asks or more, and no value ever comes back,
   that is no chance: noise of which legacy does it once in n re-asks, and has not yet, is taken for a mistake once per
   field and build at most. A value that is made of the request is found so, and a clock that stands still. Left out is
   a clock that may show the same after the time between two questions; and where legacy's second answer is the same
   value, the clock had just moved on when the extracted side was first asked.
2. Both times it says what legacy hardly ever does (`traits`). Were all answers drawn alike, that were two small chances
   multiplied. Where a request has a few answers of its own, one of them odd, they do not multiply: whoever got it once
   gets it again as often as any other. That is seen on legacy: its second answer lands in the corner where the
   extracted side's first one was just as often as the extracted side's second one returns there (`returns`). So this
   speaks only until that was seen, or if the extracted side returns more often than such a coin would. Of a right
   service one pair of a field's life is taken for a mistake on average, whatever its values are like.
"""

from __future__ import annotations

from proxy.evidence.asked import Asked
from proxy.evidence.form import LATER, form_of
from proxy.evidence.traits import Traits
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


def returns(field: Field, asked: Asked, traits: Traits) -> int:
    """At how many places the extracted side returns to a corner of what legacy says and legacy stays out of it, less
    those where legacy comes to it and the extracted side does not: exchange the two new answers, and each is the
    other."""
    if field[1] not in VALUES or not asked.speak(field, asked.again, asked.other, asked.itself, asked.crossed):
        return 0
    again, other = asked.again.places(field), asked.other.places(field)
    balance = 0
    for place, (one, two) in asked.first.places(field).items():
        if not traits.is_striking(one, two):
            continue
        legacy = again[place][1] if place in again else one
        extracted = other[place][1] if place in other else one
        balance += bool(traits.off_twice((one, legacy), (two, extracted)))
        balance -= bool(traits.off_twice((one, extracted), (two, legacy)))
    return balance


def _is_coarse(shown: str) -> bool:
    form = form_of(shown)
    return form.slack == LATER and form.places < FINE

"""What two answers of the extracted side to one request show, where either alone could be noise.

1. It says the same again. Where legacy never did so, in NEVER_STOOD re-asks or more, and no value ever comes back,
   that is no chance: noise of which legacy does it once in n re-asks, and has not yet, is taken for a mistake once per
   field and build at most. A value that is made of the request is found so, and a clock that stands still. Left out is
   a clock that may show the same after the time between two questions; and where legacy's second answer is the same
   value, the clock had just moved on when the extracted side was first asked.
2. Both times it says what legacy hardly ever does (`traits`).
"""

from __future__ import annotations

from proxy.evidence.asked import Asked
from proxy.evidence.form import LATER, form_of
from proxy.evidence.shape import Hull
from proxy.model.comparison import Field, Kind

NEVER_STOOD = 100  # times that legacy said something else when asked again, before it is known to do so always
FINE = 3  # decimals of a second of a clock that two askings never meet at
VALUES = frozenset({Kind.VALUE, Kind.HEADER, Kind.BODY})  # differences that show a value of both sides


def is_off_twice(field: Field, asked: Asked, hull: Hull, is_new_each_time: bool) -> bool:
    """Whether it gives a mistake away. `is_new_each_time`: legacy never said the same twice, nor anything again."""
    if field[1] not in VALUES or not asked.speak(field, asked.again, asked.other, asked.itself, asked.crossed):
        return False
    places = asked.first.places(field)
    if is_new_each_time and _stands_alone(field, asked) and not any(_is_coarse(one) for _, one in places.values()):
        return True
    again, other = asked.again.places(field), asked.other.places(field)
    for place, (one, two) in places.items():
        legacy = (one, again[place][1]) if place in again else (one,)
        if place in other and hull.traits.off_twice(legacy, (two, other[place][1])):
            return True
    return False


def _stands_alone(field: Field, asked: Asked) -> bool:
    """Whether the extracted side said the same twice and legacy two other things."""
    varies = field in asked.again.fields and field in asked.crossed.fields
    return varies and field not in asked.itself.fields and not asked.itself.lacks(field, frozenset(), False)


def _is_coarse(shown: str) -> bool:
    form = form_of(shown)
    return form.slack == LATER and form.places < FINE

"""How one value lies to another: 1, 0 or -1, and the reverse when they are exchanged."""

from __future__ import annotations

from proxy.evidence.asked import CLOCK, is_near
from proxy.evidence.form import LATER, form_of
from proxy.evidence.shape import shared


def sign(value: float) -> int:
    """-1, 0 or 1."""
    return (value > 0) - (value < 0)


def above(one: str, other: str) -> int:
    """Numbers and times by value, 0 within CLOCK; all else as text."""
    first, second = form_of(one), form_of(other)
    if first.amount is not None and second.amount is not None:
        return 0 if is_near(one, other) else sign(first.amount - second.amount)
    return (one > other) - (one < other)


def longer(one: str, other: str) -> int:
    """Numbers by their decimals, all else by length; of the same length by the name of the form."""
    first, second = form_of(one), form_of(other)
    more = sign(len(one) - len(other))
    if first.amount is not None and second.amount is not None:
        more = sign(first.places - second.places)
    return more or (first.name > second.name) - (first.name < second.name)


def further(base: str, one: str, other: str) -> int:
    """Whether `one` is further from `base` than `other` is; of texts, the one with the shorter common beginning."""
    start, first, second = form_of(base), form_of(one), form_of(other)
    if start.amount is not None and first.amount is not None and second.amount is not None:
        apart = abs(first.amount - start.amount) - abs(second.amount - start.amount)
        room = CLOCK / LATER * min(first.slack, second.slack)
        return sign(apart) if abs(apart) > room else 0
    return sign(shared(base, other) - shared(base, one))

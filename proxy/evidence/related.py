"""What two values of one answer can have to do with each other, and what a value is, coarsely.

Relations are of two kinds. Those of one answer hold between its two values: one is at most the other, both are the
same, or never are, one text holds the other. Those of two answers to one request hold while both values move: the
difference, the sum, the ratio or the product stays. Ratio and product leave room for rounding to the decimals that
were seen.

Times are compared with times, as seconds, numbers with numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from proxy.evidence.form import LATER, form_of

SHORT = 3  # characters that are found in many a text
SAME, OTHER = "the same as", "other than"
EXACT = 1e-9  # of the larger, what sums of floats lose
WORDS = 6  # of a text that is looked at word by word, at most

_CUT = re.compile(r"[\s=&\"{}()|]+|[,;:](?=\s|$)")
_COUNTED = re.compile(r"(\w+) (?:of|with) (\d+)(?: members)?")


class Said(NamedTuple):
    """One value: its text without quotes; of numbers and times the amount (times in seconds), and the decimals."""

    text: str
    amount: float | None
    is_time: bool
    places: int


@lru_cache(maxsize=4096)
def said(shown: str) -> Said:
    """A printable value read."""
    form = form_of(shown)
    text = shown[1:-1] if len(shown) > 1 and shown[0] == shown[-1] == '"' else shown
    if form.amount is None or not form.slack:
        return Said(text, form.amount, False, form.places)
    return Said(text, form.amount * LATER / form.slack, True, form.places)


@lru_cache(maxsize=4096)
def coarsely(shown: str) -> str:
    """What kind of value it is: there or not, nothing, none, one or many, below zero, a text."""
    form = form_of(shown)
    if form.amount is not None and not form.slack:
        amount = form.amount
        return "~below 0" if amount < 0 else f"~{amount:g}" if amount in (0, 1) else "~many"
    if not shown or shown in ("null", '""'):
        return "~" + (shown or "absent")
    if found := _COUNTED.fullmatch(shown):
        return f"~{found[1]} of {found[2] if found[2] in ('0', '1') else 'many'}"
    return "~there"


@lru_cache(maxsize=4096)
def words_of(shown: str) -> tuple[str, ...]:
    """The words of a short text; nothing where it is none, or of one word."""
    if "…" in shown or form_of(shown).name != "text":
        return ()
    words = tuple([word for word in _CUT.split(said(shown).text) if word])
    return words if 1 < len(words) <= WORDS else ()


def _alike(one: Said, other: Said) -> bool:
    return one.amount is not None and other.amount is not None and one.is_time == other.is_time


# Of one answer: None where nothing can be said.
OF_ONE: dict[str, Callable[[Said, Said], bool | None]] = {
    "below": lambda a, b: a.amount < b.amount if _alike(a, b) else None,  # type: ignore[operator]  # none is None
    "at most": lambda a, b: a.amount <= b.amount if _alike(a, b) else None,  # type: ignore[operator]
    "above": lambda a, b: a.amount > b.amount if _alike(a, b) else None,  # type: ignore[operator]
    "at least": lambda a, b: a.amount >= b.amount if _alike(a, b) else None,  # type: ignore[operator]
    SAME: lambda a, b: a.text == b.text,
    "within": lambda a, b: len(a.text) >= SHORT and a.text in b.text,
    "around": lambda a, b: len(b.text) >= SHORT and b.text in a.text,
    OTHER: lambda a, b: a.text != b.text,
}
SOUGHT = tuple(name for name in OF_ONE if name != OTHER)  # between any two fields; the other one see `echoes`
IN_NUMBERS = frozenset(("below", "at most", "above", "at least"))


class Moved(NamedTuple):
    """The amounts of two answers to one request, and what the last decimal of each field is worth."""

    a: float
    b: float
    a_later: float
    b_later: float
    a_unit: float
    b_unit: float


def _is_near(one: float, other: float, room: float = 0.0) -> bool:
    return abs(one - other) <= room + EXACT * max(abs(one), abs(other))


def _is_same_ratio(m: Moved) -> bool:
    room = m.a_unit * (abs(m.b) + abs(m.b_later)) + m.b_unit * (abs(m.a) + abs(m.a_later))
    return _is_near(m.a * m.b_later, m.a_later * m.b, room)


def _is_same_product(m: Moved) -> bool:
    room = m.a_unit * (abs(m.b) + abs(m.b_later)) + m.b_unit * (abs(m.a) + abs(m.a_later))
    return _is_near(m.a * m.b, m.a_later * m.b_later, room)


OF_TWO: dict[str, Callable[[Moved], bool]] = {
    "as far apart as before from": lambda m: _is_near(m.a - m.b, m.a_later - m.b_later),
    "in sum as before with": lambda m: _is_near(m.a + m.b, m.a_later + m.b_later),
    "in ratio as before to": _is_same_ratio,
    "in product as before with": _is_same_product,
}

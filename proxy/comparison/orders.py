"""What a list is sorted by, for lists that differ in nothing but order.

That `$.results` comes in another order says little where ties come in any order anyway; that it is no longer sorted by
`score` says all. So a difference of kind `order` shows, behind the first element that moved, the direction of each
simple member along the list: `score ↓, rank ↑, currency =, id ~`, where `=` is alike in all and `~` goes both ways; of
a list of plain values, the direction alone. Numbers go by value, texts by their characters.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from proxy.comparison.findings import Findings, shown
from proxy.comparison.json_text import exact

MEMBERS = 12  # of an element, the first

_NAME = re.compile(r"[\w@#-]{1,40}")


def shown_orders(left: list[Any], right: list[Any], first: int, found: Findings) -> tuple[str, str]:
    """Printable forms of two orders of the same elements; `first` is where they differ first."""
    return _shown(left, first, found), _shown(right, first, found)


def _shown(values: list[Any], first: int, found: Findings) -> str:
    text = shown(values[first])
    kind = type(values[0])
    if any(type(value) is not kind for value in values):
        return text
    if kind is not dict:
        found.spend(len(values))
        direction = _direction(values)
        return f"{text}; {direction}" if direction else text
    directions = []
    for name in list(values[0])[:MEMBERS]:
        found.spend(len(values))
        direction = _direction([value.get(name) for value in values]) if _NAME.fullmatch(name) else ""
        if direction:
            directions.append(f"{name} {direction}")
    return f"{text}; {', '.join(directions)}" if directions else text


def _direction(values: list[Any]) -> str:
    """ "" for what has no order."""
    kind = type(values[0])
    if kind not in (str, bytes) or any(type(value) is not kind for value in values):
        return ""
    if kind is bytes:
        values = [exact(value) for value in values]
        if None in values:
            return ""
    steps = list(pairwise(values))
    falls = any(one > other for one, other in steps)
    rises = any(one < other for one, other in steps)
    return "~" if falls and rises else "↓" if falls else "↑" if rises else "="

"""Values by what the rules see of them: two of one form need no comparing, and a form can be counted and looked up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from proxy.comparison.findings import Findings
from proxy.comparison.json_text import Repeated, exact, is_whole, type_name
from proxy.comparison.rules import State

MAP_FROM = 32  # members of an object that is no map, whatever they hold
SCALAR_MAP_FROM = 256


def canonical(value: Any, state: State, found: Findings, ids: Mapping[str, str] | None = None) -> Hashable:
    """A hashable form that is equal for values that the rules hold equal, tolerances aside. `ids` says what ids became;
    None: all ids are alike. The work is taken from `found`."""
    if state.ignore:
        return "~", "" if state.outside else type_name(value)
    kind = type(value)
    if kind is dict:
        found.spend(len(value))
        members = state.members
        return "{", frozenset(
            [
                (name, canonical(one, inner, found, ids))
                for name, one in value.items()
                if not ((inner := members[name]).outside or (one is None and inner.null_is_missing))
            ]
        )
    if kind is list or kind is Repeated:
        found.spend(len(value))
        element = state.element
        forms: Sequence[Hashable] = [canonical(one, element, found, ids) for one in value]
        if state.unordered is not None and kind is list:
            return "*", frozenset(Counter(forms).items())
        return kind is list, tuple(forms)
    if (state.renamed or state.excuses) and (kind is str or kind is bytes):
        return _excused(value, state, ids)
    return value if kind is not bytes else _number(value)


def is_map(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """Whether two objects are one value for each of many names: records with mostly the same members, or lists.
    Hundreds of scalars of one type are one, too; fewer may as well be a record."""
    size = max(len(left), len(right))
    if size <= MAP_FROM:
        return False
    values = [*left.values(), *right.values()]
    kinds = {type(value) for value in values}
    if len(kinds) != 1:
        return False
    if kinds == {dict}:
        every, some = set(values[0]), set(values[0])
        for value in values:
            every &= value.keys()
            some |= value.keys()
        return 2 * len(every) >= len(some) > 0
    return kinds == {list} or size >= SCALAR_MAP_FROM


def _excused(value: str | bytes, state: State, ids: Mapping[str, str] | None) -> Hashable:
    text = value if isinstance(value, str) else value.decode()
    if state.renamed:
        return ("@", type(value)) if ids is None else ("@", type(value), ids.get(text, text))
    for excuse in state.excuses:
        form = excuse.form(text)
        if form is not None:
            return "=", type(value), form
    return value if isinstance(value, str) else _number(value)


def _number(number: bytes) -> Hashable:
    if is_whole(number):
        return "i", b"0" if number == b"-0" else number
    value = exact(number)
    return "d", number if value is None else value

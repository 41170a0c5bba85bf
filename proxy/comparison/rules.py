"""Comparison rules compiled for walking: a state machine that follows the two documents down.

A rule excuses a *value* at an exact path. It never excuses a field that is missing, added or of another type: a rule
written for a clock must not hide that the clock is gone. So a rule can only turn a mismatch into `ignored`, never a
match into anything.

- `ignore`: the value may differ; at an object or array everything inside may differ.
- `tolerance`: two numbers may differ by `absolute`, or by `relative` times the larger of them; written as whole
  number or decimal, they are then the same kind of value.
- `unordered`: the elements of an array may come in any order; with `key`, elements that have the same value there
  belong together.

Several rules may follow one path (`$.data[*].id` and `$.data[*].*`). The set of rules that are still possible is a
state, as in the construction that makes a deterministic automaton of a nondeterministic one; states are made when first
met, because all of them together can be exponentially many.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import NamedTuple

from proxy.model.field_path import FieldPath, Wild, parse_path
from proxy.model.spec import Compare, Rule


class Tolerance(NamedTuple):
    label: str
    absolute: Decimal
    relative: Decimal


class Unordered(NamedTuple):
    label: str
    key: str | None


Pending = tuple[FieldPath, Rule]  # the steps still to go, and the rule at the end of them


class _Members(dict[str, "State"]):
    """The states of an object's members: only names that a rule spells out have one of their own."""

    __slots__ = ("_other", "_pending", "_spelled")

    def __init__(self, pending: frozenset[Pending]) -> None:
        self._pending = pending
        self._spelled = frozenset(step for steps, _ in pending if steps and isinstance(step := steps[0], str))
        self._other: State | None = None

    def __missing__(self, name: str) -> State:
        if name in self._spelled:
            state = self[name] = _after(self._pending, name)
            return state
        if self._other is None:
            self._other = _after(self._pending, Wild.MEMBER)
        return self._other


class State:
    """What the rules say at one place. `ignore` is the rule's label, "" when none."""

    __slots__ = ("_element", "_pending", "ignore", "members", "tolerance", "unordered")

    def __init__(self, pending: frozenset[Pending]) -> None:
        self._pending = pending
        self._element: State | None = None
        self.members = _Members(pending)
        self.ignore = ""
        self.tolerance: Tolerance | None = None
        self.unordered: Unordered | None = None
        for rule in sorted((rule for steps, rule in pending if not steps), key=_label):
            match rule.kind:
                case "ignore":
                    self.ignore = _label(rule)
                case "unordered":
                    self.unordered = Unordered(_label(rule), rule.key)
                case _:
                    self.tolerance = Tolerance(_label(rule), _exact(rule.absolute), _exact(rule.relative))

    @property
    def element(self) -> State:
        """The state of every element of an array."""
        if self._element is None:
            self._element = _after(self._pending, Wild.ELEMENT)
        return self._element


class Rules:
    """Rules ready to compare with. `digest` names what they mean: owners, dates and the order of rules leave it alone.

    `headers` are the chosen header names in lower case. Pickles as its source and is compiled anew.
    """

    __slots__ = ("compare", "digest", "headers", "root", "wanted")

    def __init__(self, compare: Compare) -> None:
        self.compare = compare
        self.headers = tuple(sorted({name.lower().encode("latin-1") for name in compare.headers}))
        self.wanted = frozenset(self.headers) | {b"content-type", b"content-encoding"}
        self.root = State(frozenset((parse_path(rule.path), rule) for rule in compare.rules))
        meaning = sorted(_meaning(rule) for rule in compare.rules)
        self.digest = hashlib.sha256(repr((meaning, self.headers)).encode()).hexdigest()[:12]

    def __reduce__(self) -> tuple[type[Rules], tuple[Compare]]:
        return Rules, (self.compare,)


def compile_rules(compare: Compare) -> Rules:
    """Raises ValueError for a path that is none; `check` has refused those before."""
    return Rules(compare)


def _after(pending: frozenset[Pending], step: str | Wild) -> State:
    wild = step if isinstance(step, Wild) else Wild.MEMBER
    return State(frozenset((steps[1:], rule) for steps, rule in pending if steps and steps[0] in (step, wild)))


def _meaning(rule: Rule) -> str:
    return repr((rule.kind, parse_path(rule.path), rule.key, rule.absolute, rule.relative))


def _label(rule: Rule) -> str:
    return f"{rule.kind} {rule.path}" + (f" by {rule.key}" if rule.key else "")


def _exact(value: float | None) -> Decimal:
    return Decimal(repr(value)) if value is not None else Decimal(0)

"""Two JSON documents walked side by side with the rules.

Whatever is equal is passed over by one `==` of the interpreter, so the work is along the differing spine only; paths
are written only there. `Findings` bounds the work and `MAX_DEPTH` the depth at which two documents may still differ:
every level compares all below it once more, and deeper than this nobody nests.

Arrays without an `unordered` rule are compared place by place; of two lengths, the common beginning and end are set
aside first. Elements that are all there in another order are one `order` difference, not one for each of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

from proxy.comparison.findings import BudgetSpent, Findings, member_steps, shown, shown_pair
from proxy.comparison.json_text import Repeated, exact, is_whole, near, same_number, type_name
from proxy.comparison.rules import State, Unordered
from proxy.model.comparison import Difference, Kind, Risk

MAX_DEPTH = 64
MAX_TRIALS = 32  # elements on each side that are tried against each other for the best pairing

_ABSENT: Any = object()


def walk(left: Any, right: Any, state: State, found: Findings) -> None:
    """Adds the differences of two documents to `found`. Raises BudgetSpent."""
    if left != right:
        Walk(found).values(left, right, state, "$", "$", 0)


class Walk:
    """One pass over two documents; `path`, `place` and `depth` say where the values at hand lie."""

    __slots__ = ("found",)

    def __init__(self, found: Findings) -> None:
        self.found = found

    def note(self, path: str, kind: Kind, risk: Risk, left: str, right: str, place: str, ignored_by: str = "") -> None:
        self.found.add(Difference(path, kind, risk, left, right, place, ignored_by))

    def values(self, left: Any, right: Any, state: State, path: str, place: str, depth: int) -> None:
        kind = type(left)
        if kind is not type(right):
            self.note(path, Kind.TYPE, Risk.HIGH, _typed(left), _typed(right), place)
        elif state.ignore:
            self.note(path, Kind.VALUE, Risk.MEDIUM, *_shown(left, right), place, state.ignore)
        elif kind is bytes:
            self.numbers(left, right, state, path, place)
        elif depth >= MAX_DEPTH:
            raise BudgetSpent
        elif kind is dict:
            self.objects(left, right, state, path, place, depth + 1)
        elif kind is Repeated or (kind is list and state.unordered is None):
            self.ordered(left, right, state.element, path, place, depth + 1)
        elif kind is list and state.unordered is not None:
            self.unordered(left, right, state, state.unordered, path, place, depth + 1)
        else:
            self.note(path, Kind.VALUE, Risk.MEDIUM, *_shown(left, right), place)

    def numbers(self, left: bytes, right: bytes, state: State, path: str, place: str) -> None:
        if same_number(left, right):
            return
        tolerance = state.tolerance
        explained = tolerance is not None and near(left, right, tolerance.absolute, tolerance.relative)
        kind, risk = Kind.VALUE, Risk.MEDIUM
        if is_whole(left) != is_whole(right) and exact(left) == exact(right):
            kind, risk = Kind.TYPE, Risk.HIGH
        label = tolerance.label if tolerance is not None and explained else ""
        self.note(path, kind, risk, shown(left), shown(right), place, label)

    def objects(
        self, left: dict[str, Any], right: dict[str, Any], state: State, path: str, place: str, depth: int
    ) -> None:
        self.found.spend(len(left) + len(right))
        common = 0
        for name, one in left.items():
            other = right.get(name, _ABSENT)
            if other is not _ABSENT:
                common += 1
            if one == other:
                continue
            step, exact_step = member_steps(name)
            if other is _ABSENT:
                self.note(path + step, Kind.MISSING, Risk.HIGH, shown(one), "", place + exact_step)
            else:
                self.values(one, other, state.members[name], path + step, place + exact_step, depth)
        if common == len(right):
            return
        for name, other in right.items():
            if name not in left:
                step, exact_step = member_steps(name)
                self.note(path + step, Kind.EXTRA, Risk.LOW, "", shown(other), place + exact_step)

    def ordered(self, left: list[Any], right: list[Any], element: State, path: str, place: str, depth: int) -> None:
        self.found.spend(len(left) + len(right))
        if len(left) != len(right):
            self.lengths(left, right, element, path, place, depth)
            return
        places = [at for at, (one, other) in enumerate(zip(left, right, strict=True)) if one != other]
        by_place = Findings(self.found.budget)
        inner = Walk(by_place)
        for at in places:
            inner.values(left[at], right[at], element, path + "[*]", f"{place}[{at}]", depth)
        self.found.budget = by_place.budget
        if by_place.unexplained > 1 and self.same_elements(left, right, places, element):
            first = places[0]
            self.note(path, Kind.ORDER, Risk.MEDIUM, shown(left[first]), shown(right[first]), f"{place}[{first}]")
        else:
            self.found.take(by_place)

    def lengths(self, left: list[Any], right: list[Any], element: State, path: str, place: str, depth: int) -> None:
        self.length(left, right, path, place)
        ours = [self.canonical(one, element) for one in left]
        theirs = [self.canonical(one, element) for one in right]
        short = min(len(ours), len(theirs))
        head = 0
        while head < short and ours[head] == theirs[head]:
            head += 1
        tail = 0
        while tail < short - head and ours[-1 - tail] == theirs[-1 - tail]:
            tail += 1
        for at in range(head, short - tail):
            if left[at] != right[at]:
                self.values(left[at], right[at], element, path + "[*]", f"{place}[{at}]", depth)

    def length(self, left: list[Any], right: list[Any], path: str, place: str) -> None:
        risk = Risk.HIGH if len(right) < len(left) else Risk.LOW
        self.note(path, Kind.LENGTH, risk, f"{len(left)} elements", f"{len(right)} elements", place)

    def same_elements(self, left: list[Any], right: list[Any], places: list[int], element: State) -> bool:
        ours = Counter(self.canonical(left[at], element) for at in places)
        return ours == Counter(self.canonical(right[at], element) for at in places)

    def unordered(
        self, left: list[Any], right: list[Any], state: State, rule: Unordered, path: str, place: str, depth: int
    ) -> None:
        self.found.spend(len(left) + len(right))
        element = state.element
        pairs = self.by_key(left, right, rule.key) if rule.key else None
        keyed = pairs is not None
        if pairs is None:
            pairs = self.by_likeness(left, right, element, depth)
        if any(one > other for one, other in zip((b for _, b in pairs), (b for _, b in pairs[1:]), strict=False)):
            self.note(path, Kind.ORDER, Risk.MEDIUM, f"{len(left)} elements", "another order", place, rule.label)
        for one, other in pairs:
            if left[one] != right[other]:
                where = f"[{rule.key}={shown(left[one][rule.key])}]" if keyed else f"[{one}]"
                self.values(left[one], right[other], element, path + "[*]", place + where, depth)
        if not keyed:
            if len(left) != len(right):
                self.length(left, right, path, place)
            return
        ours, theirs = {one for one, _ in pairs}, {other for _, other in pairs}
        for at, value in enumerate(left):
            if at not in ours:
                where = f"{place}[{rule.key}={shown(value[rule.key])}]"
                self.note(path + "[*]", Kind.MISSING, Risk.HIGH, shown(value), "", where)
        for at, value in enumerate(right):
            if at not in theirs:
                where = f"{place}[{rule.key}={shown(value[rule.key])}]"
                self.note(path + "[*]", Kind.EXTRA, Risk.LOW, "", shown(value), where)

    def by_key(self, left: list[Any], right: list[Any], key: str) -> list[tuple[int, int]] | None:
        """The places that have the same key, in legacy's order; None when the key does not name each element once."""
        ours, theirs = self.keys(left, key), self.keys(right, key)
        if ours is None or theirs is None:
            return None
        return [(at, theirs[value]) for value, at in ours.items() if value in theirs]

    def keys(self, elements: list[Any], key: str) -> dict[Hashable, int] | None:
        places: dict[Hashable, int] = {}
        for at, value in enumerate(elements):
            name = value.get(key, _ABSENT) if type(value) is dict else _ABSENT
            if name is _ABSENT or isinstance(name, (dict, list)):
                return None
            places[self.canonical(name, _NO_RULES)] = at
        return places if len(places) == len(elements) else None

    def by_likeness(self, left: list[Any], right: list[Any], element: State, depth: int) -> list[tuple[int, int]]:
        """Pairs of places: first those equal under the rules, then the least different; in legacy's order."""
        waiting: dict[Hashable, list[int]] = {}
        for at in range(len(right) - 1, -1, -1):
            waiting.setdefault(self.canonical(right[at], element), []).append(at)
        pairs: list[tuple[int, int]] = []
        rest: list[int] = []
        for at, value in enumerate(left):
            same = waiting.get(self.canonical(value, element))
            if same:
                pairs.append((at, same.pop()))
            else:
                rest.append(at)
        free = sorted(place for places in waiting.values() for place in places)
        try_all = max(len(rest), len(free)) <= MAX_TRIALS
        for at in rest[: len(free)]:
            best = self.likest(left[at], right, free, element, depth) if try_all else free[0]
            free.remove(best)
            pairs.append((at, best))
        return sorted(pairs)

    def likest(self, value: Any, right: list[Any], free: list[int], element: State, depth: int) -> int:
        return min(free, key=lambda place: self.unlikeness(value, right[place], element, depth))

    def unlikeness(self, left: Any, right: Any, element: State, depth: int) -> int:
        """How many differences the rules leave between two elements; a pair of different types is the most unlike."""
        if type(left) is not type(right):
            return 1_000_000
        trial = Findings(self.found.budget)
        Walk(trial).values(left, right, element, "", "", depth)
        self.found.budget = trial.budget
        return trial.unexplained

    def canonical(self, value: Any, state: State) -> Hashable:
        """A hashable form that is equal for values that the rules hold equal, tolerances aside."""
        if state.ignore:
            return "~", type_name(value)
        kind = type(value)
        if kind is dict:
            self.found.spend(len(value))
            members = state.members
            return "{", frozenset([(name, self.canonical(one, members[name])) for name, one in value.items()])
        if kind is bytes:
            if is_whole(value):
                return "i", b"0" if value == b"-0" else value
            number = exact(value)
            return "d", value if number is None else number
        if kind is list or kind is Repeated:
            self.found.spend(len(value))
            forms: Sequence[Hashable] = [self.canonical(one, state.element) for one in value]
            if state.unordered is not None and kind is list:
                return "*", frozenset(Counter(forms).items())
            return kind is list, tuple(forms)
        return value  # type: ignore[no-any-return]  # str, bool and None are hashable


_NO_RULES = State(frozenset())


def _typed(value: object) -> str:
    kind = type_name(value)
    return shown(value) if isinstance(value, (dict, list)) or value is None else f"{kind} {shown(value)}"


def _shown(left: object, right: object) -> tuple[str, str]:
    if isinstance(left, str) and isinstance(right, str):
        return shown_pair(left, right)
    return shown(left), shown(right)

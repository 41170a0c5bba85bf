"""Two documents walked side by side with the rules.

Whatever is equal is passed over by one `==` of the interpreter, so the work is along the differing spine only; paths
are written only there. `Findings` bounds the work and `MAX_DEPTH` the depth at which two documents may still differ:
every level compares all below it once more, and deeper than this nobody nests. Only ids that a `renamed` rule names
are looked at where both sides are equal, too: a renaming has to explain them all.

Arrays without an `unordered` rule are compared place by place. Elements that are all there in another order are one
`order` difference, not one for each of them. Where lengths differ, or most of what differs in place is found in another
place, elements are aligned first (`alignment`), and those without a counterpart are missing or extra; where that would
take too long, the common beginning and end are set aside, the rest is compared in place, and the length differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any

from proxy.comparison.alignment import coded, common, gaps, paired, shared
from proxy.comparison.findings import BudgetSpent, Claim, Findings, member_steps, shown, shown_pair
from proxy.comparison.forms import canonical, is_map
from proxy.comparison.json_text import Repeated, exact, is_whole, same_number, type_name
from proxy.comparison.orders import shown_orders
from proxy.comparison.outline import outlined
from proxy.comparison.rules import State, Unordered
from proxy.model.comparison import Difference, Kind, Risk

MAX_DEPTH = 64
MAX_TRIALS = 32  # elements on each side that are tried against each other for the best pairing

_ABSENT: Any = object()


def walk(left: Any, right: Any, state: State, found: Findings) -> None:
    """Adds the differences of two documents to `found`. Raises BudgetSpent."""
    if left != right:
        Walk(found).values(left, right, state, "$", "$", 0)
    elif found.claims:
        Walk(found).collect(left, state, "$", "$")


class Walk:
    """One pass over two documents; `path`, `place` and `depth` say where the values at hand lie."""

    __slots__ = ("found",)

    def __init__(self, found: Findings) -> None:
        self.found = found

    def note(self, path: str, kind: Kind, risk: Risk, left: str, right: str, place: str, ignored_by: str = "") -> None:
        self.found.add(Difference(path, kind, risk, left, right, place, ignored_by))

    def values(self, left: Any, right: Any, state: State, path: str, place: str, depth: int) -> None:
        kind = type(left)
        if kind is not type(right) and not state.outside:
            self.note(path, Kind.TYPE, Risk.HIGH, _typed(left), _typed(right), place)
        elif state.ignore:
            self.note(path, Kind.VALUE, Risk.MEDIUM, *_shown(left, right), place, state.ignore)
        elif kind is bytes:
            self.numbers(left, right, state, path, place)
        elif kind is str:
            self.texts(left, right, state, path, place)
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

    def texts(self, left: str, right: str, state: State, path: str, place: str) -> None:
        if state.renamed:
            self.found.claims.append(Claim(state.renamed, path, place, left, right, False))
        else:
            self.note(path, Kind.VALUE, Risk.MEDIUM, *shown_pair(left, right), place, state.excuse(left, right))

    def numbers(self, left: bytes, right: bytes, state: State, path: str, place: str) -> None:
        if same_number(left, right):
            return
        if state.renamed:
            self.found.claims.append(Claim(state.renamed, path, place, left.decode(), right.decode(), False))
            return
        kind, risk = Kind.VALUE, Risk.MEDIUM
        if is_whole(left) != is_whole(right) and exact(left) == exact(right):
            kind, risk = Kind.TYPE, Risk.HIGH
        label = state.excuse(left.decode(), right.decode()) if state.excuses else ""
        self.note(path, kind, risk, shown(left), shown(right), place, label)

    def objects(
        self, left: dict[str, Any], right: dict[str, Any], state: State, path: str, place: str, depth: int
    ) -> None:
        self.found.spend(len(left) + len(right))
        members, renames = state.members, state.renames
        as_map: bool | None = None
        absent = len(right)
        for name, one in left.items():
            other = right.get(name, _ABSENT)
            if other is not _ABSENT:
                absent -= 1
            if one == other:
                if renames and members[name].renames:
                    self.collect_member(one, name, state, path, place)
                continue
            if as_map is None:
                as_map = is_map(left, right)
            step, exact_step = member_steps(name, as_map)
            inner = members[name]
            if other is _ABSENT:
                label = _absence(inner, one)
                self.note(path + step, Kind.MISSING, Risk.HIGH, outlined(one), "", place + exact_step, label)
            else:
                self.values(one, other, inner, path + step, place + exact_step, depth)
        if not absent:
            return
        for name, other in right.items():
            if name not in left:
                if as_map is None:
                    as_map = is_map(left, right)
                step, exact_step = member_steps(name, as_map)
                label = _absence(members[name], other)
                self.note(path + step, Kind.EXTRA, Risk.LOW, "", outlined(other), place + exact_step, label)

    def collect(self, value: Any, state: State, path: str, place: str) -> None:
        """Claims, for every id in a value that is equal on both sides, that it is the same."""
        if not state.renames or state.ignore:
            return
        kind = type(value)
        if kind is dict:
            self.found.spend(len(value))
            for name, one in value.items():
                if state.members[name].renames:
                    self.collect_member(one, name, state, path, place)
        elif kind is list or kind is Repeated:
            self.found.spend(len(value))
            for at, one in enumerate(value):
                self.collect(one, state.element, path + "[*]", f"{place}[{at}]")
        elif state.renamed and (kind is str or kind is bytes):
            text = value if kind is str else value.decode()
            self.found.claims.append(Claim(state.renamed, path, place, text, text, True))

    def collect_member(self, value: Any, name: str, state: State, path: str, place: str) -> None:
        step, exact_step = member_steps(name)
        self.collect(value, state.members[name], path + step, place + exact_step)

    def ordered(self, left: list[Any], right: list[Any], element: State, path: str, place: str, depth: int) -> None:
        self.found.spend(len(left) + len(right))
        if len(left) != len(right):
            self.aligned(left, right, element, path, place, depth)
            return
        by_place = Findings(self.found.budget)
        inner = Walk(by_place)
        places = list(range(len(left)))
        inner.pairs(left, right, list(zip(places, places, strict=True)), element, path, place, depth)
        self.found.budget = by_place.budget
        if by_place.unexplained > 1:
            places = [at for at in places if left[at] != right[at]]
            ours = [canonical(left[at], element, self.found) for at in places]
            theirs = [canonical(right[at], element, self.found) for at in places]
            if Counter(ours) == Counter(theirs):
                first = places[0]
                orders = shown_orders(left, right, first, self.found)
                self.note(path, Kind.ORDER, Risk.MEDIUM, *orders, f"{place}[{first}]")
                self.found.replaces(path, place, by_place)
                return
            if _shifted(ours, theirs) and self.aligned(left, right, element, path, place, depth, len(places)):
                self.found.replaces(path, place, by_place)
                return
        self.found.take(by_place)

    def pairs(
        self,
        left: list[Any],
        right: list[Any],
        pairs: list[tuple[int, int]],
        element: State,
        path: str,
        place: str,
        depth: int,
    ) -> None:
        """The differences of elements that belong together."""
        renames = element.renames
        for at, other in pairs:
            if left[at] != right[other]:
                self.values(left[at], right[other], element, path + "[*]", f"{place}[{at}]", depth)
            elif renames:
                self.collect(left[at], element, path + "[*]", f"{place}[{at}]")

    def aligned(
        self,
        left: list[Any],
        right: list[Any],
        element: State,
        path: str,
        place: str,
        depth: int,
        worth: int | None = None,
    ) -> bool:
        """The differences along the longest common subsequence. With `worth`, only if fewer than half as many elements
        are then without a counterpart; False, and nothing found, if not."""
        start, end = _ends(left, right)
        ours, theirs = coded(
            [canonical(one, element, self.found) for one in left[start : len(left) - end]],
            [canonical(one, element, self.found) for one in right[start : len(right) - end]],
        )
        anchors = common(ours, theirs)
        if anchors is not None:
            anchors = [(at + start, other + start) for at, other in anchors]
            anchors = [*((at, at) for at in range(start)), *anchors]
            anchors += [(len(left) - back, len(right) - back) for back in range(end, 0, -1)]
        if worth is not None and (anchors is None or 2 * (len(left) - len(anchors)) >= worth):
            return False
        if anchors is None:
            self.length(left, right, element, path, place)
            short = min(len(left), len(right))
            self.pairs(left, right, [(at, at) for at in range(short)], element, path, place, depth)
            return True
        together = list(anchors)
        for gap in gaps(anchors, len(left), len(right)):
            together += paired(gap, lambda at, other: self.unlikeness(left[at], right[other], element, depth))
        together.sort()
        self.pairs(left, right, together, element, path, place, depth)
        self.left_over(left, right, together, element, path, place)
        return True

    def left_over(
        self, left: list[Any], right: list[Any], pairs: list[tuple[int, int]], element: State, path: str, place: str
    ) -> None:
        """Elements without a counterpart."""
        label = element.ignore if element.outside else ""
        if len(pairs) < len(left):
            ours = {at for at, _ in pairs}
            for at, value in enumerate(left):
                if at not in ours:
                    self.note(path + "[*]", Kind.MISSING, Risk.HIGH, outlined(value), "", f"{place}[{at}]", label)
        if len(pairs) < len(right):
            theirs = {other for _, other in pairs}
            for at, value in enumerate(right):
                if at not in theirs:
                    self.note(path + "[*]", Kind.EXTRA, Risk.LOW, "", outlined(value), f"{place}[{at}]", label)

    def length(self, left: list[Any], right: list[Any], element: State, path: str, place: str) -> None:
        risk = Risk.HIGH if len(right) < len(left) else Risk.LOW
        label = element.ignore if element.outside else ""
        self.note(path, Kind.LENGTH, risk, f"{len(left)} elements", f"{len(right)} elements", place, label)

    def unordered(
        self, left: list[Any], right: list[Any], state: State, rule: Unordered, path: str, place: str, depth: int
    ) -> None:
        self.found.spend(len(left) + len(right))
        element, key = state.element, rule.key
        pairs = self.by_key(left, right, key, element) if key else None
        keyed = key if pairs is not None else None
        if pairs is None:
            pairs = self.by_likeness(left, right, element, depth)
        if any(one > other for one, other in zip((b for _, b in pairs), (b for _, b in pairs[1:]), strict=False)):
            self.note(path, Kind.ORDER, Risk.MEDIUM, f"{len(left)} elements", "another order", place, rule.label)
        if keyed is None:
            self.pairs(left, right, pairs, element, path, place, depth)
            self.left_over(left, right, pairs, element, path, place)
            return
        named = [f"[{keyed}={shown(value[keyed])}]" for value in left]
        for one, other in pairs:
            if left[one] != right[other]:
                self.values(left[one], right[other], element, path + "[*]", place + named[one], depth)
            elif element.renames:
                self.collect(left[one], element, path + "[*]", place + named[one])
        ours, theirs = {one for one, _ in pairs}, {other for _, other in pairs}
        label = element.ignore if element.outside else ""
        for at, value in enumerate(left):
            if at not in ours:
                self.note(path + "[*]", Kind.MISSING, Risk.HIGH, outlined(value), "", place + named[at], label)
        for at, value in enumerate(right):
            if at not in theirs:
                where = f"{place}[{keyed}={shown(value[keyed])}]"
                self.note(path + "[*]", Kind.EXTRA, Risk.LOW, "", outlined(value), where, label)

    def by_key(self, left: list[Any], right: list[Any], key: str, element: State) -> list[tuple[int, int]] | None:
        """The places that have the same key, in legacy's order; None when the key does not name each element once, or
        is an id that is renamed."""
        state = element.members[key]
        if state.renamed:
            return None
        ours, theirs = self.keys(left, key, state), self.keys(right, key, state)
        if ours is None or theirs is None:
            return None
        return [(at, theirs[value]) for value, at in ours.items() if value in theirs]

    def keys(self, elements: list[Any], key: str, state: State) -> dict[Hashable, int] | None:
        places: dict[Hashable, int] = {}
        for at, value in enumerate(elements):
            name = value.get(key, _ABSENT) if type(value) is dict else _ABSENT
            if name is _ABSENT or isinstance(name, (dict, list)):
                return None
            places[canonical(name, state, self.found)] = at
        return places if len(places) == len(elements) else None

    def by_likeness(self, left: list[Any], right: list[Any], element: State, depth: int) -> list[tuple[int, int]]:
        """Pairs of places: those equal under the rules, then the least different; in legacy's order. Ids that are
        renamed tell elements apart as far as it is known what they became, then no more."""
        rest, free = list(range(len(left))), list(range(len(right)))
        pairs: list[tuple[int, int]] = []
        if element.renames:
            self.found.spend(len(self.found.claims))
            known = {claim.left: claim.right for claim in self.found.claims}
            pairs, rest, free = self.same(left, right, rest, free, element, known)
        more, rest, free = self.same(left, right, rest, free, element, None)
        pairs += more
        if max(len(rest), len(free)) <= MAX_TRIALS:
            for at in rest[: len(free)]:
                best = self.likest(left[at], right, free, element, depth)
                free.remove(best)
                pairs.append((at, best))
        else:
            pairs += zip(rest, free, strict=False)
        return sorted(pairs)

    def same(
        self,
        left: list[Any],
        right: list[Any],
        rest: list[int],
        free: list[int],
        element: State,
        known: dict[str, str] | None,
    ) -> tuple[list[tuple[int, int]], list[int], list[int]]:
        """Pairs of equal elements among the places `rest` and `free`, and what remains of these. `known`: what ids
        became; None when ids do not matter."""
        waiting: dict[Hashable, list[int]] = {}
        unchanged: dict[str, str] | None = None if known is None else {}
        for at in reversed(free):
            waiting.setdefault(canonical(right[at], element, self.found, unchanged), []).append(at)
        pairs: list[tuple[int, int]] = []
        others: list[int] = []
        for at in rest:
            found = waiting.get(canonical(left[at], element, self.found, known))
            if found:
                pairs.append((at, found.pop()))
            else:
                others.append(at)
        return pairs, others, sorted(place for places in waiting.values() for place in places)

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


def _absence(state: State, present: Any) -> str:
    """The rule that allows a member to be there on one side only."""
    if state.outside:
        return state.ignore
    return state.null_is_missing if present is None else ""


def _ends(left: list[Any], right: list[Any]) -> tuple[int, int]:
    """How many elements are equal at the beginning and, of the rest, at the end."""
    short = min(len(left), len(right))
    start = next((at for at in range(short) if left[at] != right[at]), short)
    rest = short - start
    end = next((back for back in range(rest) if left[-1 - back] != right[-1 - back]), rest)
    return start, end


def _shifted(left: list[Hashable], right: list[Hashable]) -> bool:
    """Whether most of the elements that differ in place are found in another place."""
    different = [(one, other) for one, other in zip(left, right, strict=True) if one != other]
    if len(different) < 3:
        return False
    return 2 * shared([one for one, _ in different], [other for _, other in different]) > len(different)


def _typed(value: object) -> str:
    kind = type_name(value)
    return shown(value) if isinstance(value, (dict, list)) or value is None else f"{kind} {shown(value)}"


def _shown(left: object, right: object) -> tuple[str, str]:
    if isinstance(left, str) and isinstance(right, str):
        return shown_pair(left, right)
    return shown(left), shown(right)

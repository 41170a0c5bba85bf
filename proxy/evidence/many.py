"""More than two fields of one answer: sums that stay between two answers to one request.

Three per cents that make a hundred, a total beside its parts, a temperature on two scales: between two answers each
number moves, and some sum of them, each taken a whole number of times, does not. All such sums at once are the vectors
that no row of changes has broken (`sums`), and a rule counts here as one of two fields does (`together`). Rules
of the difference or sum of two fields are left to `bond`.

A row holds how far each number moved: one for the answer itself, where a field of a list counts with all its elements
together (a total beside its lines), and one for each element of a list that differs. What does not differ has not
moved, unless what holds it is in one of the answers alone: such a row says nothing. A field of which that is so again
and again, or that is a number in some answers only, is taken for free.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from proxy.evidence.asked import EACH, Seen
from proxy.evidence.bond import BOTH_WAYS, HALFWAY, SUM, TRIED, Rule
from proxy.evidence.checks import Checks
from proxy.evidence.related import said
from proxy.evidence.spoken import GONE, WORD, Places, Spoken, is_hidden, list_of
from proxy.evidence.sums import Kernel, Vector, in_whole_numbers
from proxy.evidence.watch import KEPT, NOTHING, Broken, Category

COLUMNS = 32  # fields of a list, or of the answer itself, the first
LISTS = 3  # lists, the first
EARLY = 150  # requests asked again, after which nothing more is learned where nothing is left
TERMS = 12  # fields of a rule
FREE = 20  # rows that say nothing because of a field, before it is taken for free
UNIT = 9  # decimals: what a sum of floats loses is beyond
LONGEST = 40  # characters of a number

_PLAIN = re.compile(r'"?(-?[0-9]{1,18})(?:\.([0-9]{1,9}))?"?')
_NOWHERE: Places = {}
Row = dict[str, int | None]  # how far each field moved, by path; None: nobody knows


@lru_cache(maxsize=4096)
def amount_of(shown: str) -> int | None:
    """A number in billionths, of a time those of its seconds; None for all else."""
    if found := _PLAIN.fullmatch(shown):
        return int(found[1] + (found[2] or "").ljust(UNIT, "0"))
    read = said(shown)
    if read.amount is None or len(read.text) > LONGEST:
        return None
    try:
        exact = Decimal(read.text)
    except InvalidOperation:
        if not read.is_time:
            return None
        exact = Decimal(f"{read.amount:.{read.places}f}")
    return round(exact.scaleb(UNIT)) if abs(exact.adjusted()) <= LONGEST else None


def _change(said: Spoken) -> int | None:
    one, two = (amount_of(said.one), amount_of(said.two)) if said.is_value else (None, None)
    return None if one is None or two is None else two - one


def rows_of(paths: Iterable[str], spoken: Mapping[str, Places], by_element: bool) -> dict[str, Row]:
    """How far the fields that differ moved, by place: each element of their list, or all of them together."""
    rows: dict[str, Row] = {}
    for path in paths:
        places = spoken.get(path)
        if places is None:
            continue
        is_whole = len(places) < EACH
        for index, told in places.items():
            row = rows.setdefault(index if by_element else "", {})
            change = _change(told) if is_whole or not index else None
            before = row.get(path, 0)
            row[path] = None if before is None or change is None else before + change
    return rows


class Sums:
    """What is learned of the fields of one list, or (`inside` is "") of the answer itself."""

    def __init__(self, inside: str) -> None:
        self.inside = inside
        self.tried = 0
        self._columns: dict[str, int] = {}
        self._paths: list[str] = []
        self._free: set[str] = set()
        self._unknown: Counter[str] = Counter()
        self._kernel = Kernel()
        self._rose: Counter[str] = Counter()
        self._fell: Counter[str] = Counter()
        self._told: set[Rule] = set()
        self.bound: set[frozenset[str]] = set()  # fields between which a sum is known, whoever tells of it

    @property
    def is_alive(self) -> bool:
        return any(len(vector.terms) > 1 for vector in self._kernel.vectors)

    def learn(self, spoken: Mapping[str, Places], gone: list[str]) -> list[Rule]:
        """Takes in one request asked again; what is known now."""
        if self.tried >= EARLY and not self.is_alive:
            return []
        paths = [path for path in spoken if not self.inside or list_of(path) == self.inside]
        rows = rows_of(paths, spoken, bool(self.inside))
        self.tried += bool(rows)
        if self.tried == HALFWAY:
            self._kernel.vectors = [one for one in self._kernel.vectors if self._goes_both_ways(one, 1)]
        counts = True
        for row in rows.values():
            self._meet(row)
            if doubtful := doubts(self._columns, row, spoken, gone):
                self._doubt(doubtful)
                continue
            moved = {self._columns[path]: change for path, change in row.items() if change and path in self._columns}
            if moved:
                self._kernel.take(moved, counts)
                if counts:
                    self._rose.update([path for path, change in row.items() if change and change > 0])
                    self._fell.update([path for path, change in row.items() if change and change < 0])
                counts = False
        return [] if counts else self._known()

    def _meet(self, row: Row) -> None:
        for path, change in row.items():
            if change and path not in self._columns and path not in self._free and len(self._paths) < COLUMNS:
                self._columns[path] = self._kernel.add_column()
                self._paths.append(path)

    def _doubt(self, paths: list[str]) -> None:
        self._unknown.update(paths)
        for path in paths:
            if self._unknown[path] >= FREE:
                self._kernel.take({self._columns.pop(path): 1}, counts=False)
                self._free.add(path)

    def _known(self) -> list[Rule]:
        new = []
        for vector in self._kernel.known():
            if vector.is_told or not self._goes_both_ways(vector, BOTH_WAYS):
                continue
            paths = [self._paths[column] for column in sorted(vector.terms)]
            vector.is_told = True
            self.bound.add(frozenset(paths))
            if len(vector.terms) > TERMS or (whole := in_whole_numbers(vector.terms)) is None:
                continue
            rule = Rule(tuple(paths), SUM, weights=tuple(whole.values()))
            if rule not in self._told and self._is_new(rule):
                self._told.add(rule)
                new.append(rule)
        return new

    def _goes_both_ways(self, vector: Vector, least: int) -> bool:
        """Whether each of its fields rose, and fell, so often."""
        paths = [self._paths[column] for column in vector.terms]
        return all(min(self._rose[path], self._fell[path]) >= least for path in paths)

    def _is_new(self, rule: Rule) -> bool:
        """Whether neither each element of a list says it already, nor two fields do."""
        lists = {list_of(path) for path in rule.paths}
        if not self.inside and lists != {""} and len(lists) == 1:
            return False
        texts = {path.partition(WORD)[0] if WORD in path else "" for path in rule.paths}
        is_plain = len(set(map(abs, rule.weights))) == 1
        return len(rule.paths) > 2 or not is_plain or len(lists) > 1 or len(texts) > 1

    def broken(self, rules: Iterable[Rule], seen: Seen, spoken: Mapping[str, Places]) -> tuple[list[Rule], bool]:
        """Those that a comparison breaks, and whether it says anything of them."""
        found: list[Rule] = []
        is_known = False
        for rule in rules:
            moved = self._moved(rule, spoken)
            is_known = is_known or bool(moved)
            if any(moved.values()) and seen.body and seen.full:
                gone = [path for path, kind in seen.fields if kind in GONE]
                rows = rows_of(rule.paths, spoken, bool(self.inside))
                if any(moved[at] and not doubts(rule.paths, row, spoken, gone) for at, row in rows.items()):
                    found.append(rule)
        return found, is_known

    def _moved(self, rule: Rule, spoken: Mapping[str, Places]) -> dict[str, int]:
        """How far the sum moved, by place, where that is known; what does not differ has not moved."""
        moved: dict[str, int] = {}
        for path, weight in zip(rule.paths, rule.weights, strict=True):
            for index, (one, two, _) in spoken.get(path, _NOWHERE).items():
                at = index if self.inside else ""
                before, after = amount_of(one), amount_of(two)
                change = 0 if before is None or after is None else after - before
                moved[at] = moved.get(at, 0) + weight * change
        return moved


def doubts(paths: Iterable[str], row: Row, spoken: Mapping[str, Places], gone: list[str]) -> list[str]:
    """The fields of which nobody knows how far they moved."""
    return [
        path
        for path in paths
        if (row[path] is None if path in row else is_hidden(path, gone) or _is_rewritten(path, spoken))
    ]


def _is_rewritten(path: str, spoken: Mapping[str, Places]) -> bool:
    """Whether it is a word of a text that has other words altogether."""
    text, mark, _ = path.partition(WORD)
    return bool(mark) and text in spoken


class Many:
    """Of one route: what is learned of all fields together."""

    def __init__(self) -> None:
        self._sums: dict[str, Sums] | None = {"": Sums("")}
        self._checks = Checks()
        self._tried = 0

    @property
    def is_alive(self) -> bool:
        """Whether more may come to be known."""
        return self._sums is not None

    def learn(self, seen: Seen, spoken: Mapping[str, Places]) -> list[tuple[Rule, Sums | Checks]]:
        """Takes in two answers of legacy to one request; what is known now."""
        if self._sums is None:
            return []
        told = {path: places for path, places in spoken.items() if ".*" not in path}
        for inside in dict.fromkeys(map(list_of, told)):
            if inside not in self._sums and len(self._sums) <= LISTS:
                self._sums[inside] = Sums(inside)
        gone = [path for path, kind in seen.fields if kind in GONE]
        found: list[tuple[Rule, Sums | Checks]] = []
        for sums in self._sums.values():
            found += [(rule, sums) for rule in sums.learn(told, gone)]
        found += [(rule, self._checks) for rule in self._checks.learn(told, gone, self._sums[""].bound)]
        self._tried += 1
        alive = self._checks.is_alive or any(sums.is_alive for sums in self._sums.values())
        if self._tried >= TRIED or (self._tried >= EARLY and not alive):
            self._sums = None
        return found


class Totals:
    """The rules of many fields, as a `Watch` has those of two."""

    __slots__ = ("bond", "rules", "young")

    def __init__(self, bond: Sums | Checks) -> None:
        self.bond = bond
        self.rules: list[Rule] = []
        self.young: list[Rule] = []

    def add(self, rule: Rule) -> None:
        self.rules.append(rule)
        self.young.append(rule)

    def remove(self, rule: Rule) -> None:
        self.rules.remove(rule)
        self.young = [one for one in self.young if one != rule]

    def look(self, seen: Seen, spoken: Mapping[str, Places], category: Category) -> Broken:
        """What a comparison says of them."""
        between, is_known = self.bond.broken(self.rules, seen, spoken)
        if not between:
            return KEPT if is_known else NOTHING
        return Broken(between=tuple(between), is_known=True)

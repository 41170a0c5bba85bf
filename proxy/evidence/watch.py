"""What one comparison says of the rules that are known of two fields: which of its two answers break which.

Every pair that differs is looked at, so this is kept cheap: values are read once for all rules of two fields, and of
categories a single look-up tells whether they ever come together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from proxy.evidence.asked import Seen
from proxy.evidence.bond import CHECK, DECIDED, DECIDES, NEVER_WITH, ONLY_WITH, ONLY_WITH_OTHER, SUM, Bond, Halves, Rule
from proxy.evidence.related import OF_ONE, OF_TWO, said
from proxy.evidence.spoken import GONE, Places, is_hidden

Category = Callable[[str, str], str]  # of a path and a printable value
OF_TWO_ANSWERS = frozenset((*OF_TWO, ONLY_WITH, ONLY_WITH_OTHER, SUM, CHECK))


class Broken(NamedTuple):
    """Rules that the one answer breaks, and the other; rules about two answers that are broken `between` them."""

    one: tuple[Rule, ...] = ()
    two: tuple[Rule, ...] = ()
    between: tuple[Rule, ...] = ()
    is_known: bool = False  # whether both fields are


NOTHING, KEPT = Broken(), Broken(is_known=True)


class Watch:
    """The rules of one bond; `young` are those of which it is not yet known whether they last."""

    __slots__ = ("bond", "deciding", "halves", "of_one", "of_two", "only", "young")

    def __init__(self, bond: Bond) -> None:
        self.bond = bond
        self.halves: dict[Halves, Rule] = {}
        self.deciding: list[Rule] = []
        self.of_one: list[Rule] = []
        self.of_two: list[Rule] = []
        self.only: list[Rule] = []
        self.young: list[Rule] = []

    def add(self, rule: Rule) -> None:
        self.young.append(rule)
        if rule.name == NEVER_WITH:
            self.halves[rule.halves] = rule
        else:
            self._rules(rule.name).append(rule)

    def remove(self, rule: Rule) -> None:
        self.young = [one for one in self.young if one != rule]
        if rule.name == NEVER_WITH:
            self.halves.pop(rule.halves, None)
            self.bond.see_together(rule.halves)
        else:
            self._rules(rule.name).remove(rule)

    def _rules(self, name: str) -> list[Rule]:
        if name in (DECIDES, DECIDED):
            return self.deciding
        return self.of_one if name in OF_ONE else self.of_two if name in OF_TWO else self.only

    def look(self, seen: Seen, spoken: dict[str, Places], category: Category) -> Broken:
        """What a comparison says of them."""
        bond = self.bond
        first, second = spoken.get(bond.first), spoken.get(bond.second)
        if first is None or second is None:
            if first is second or not (self.only or self.deciding):
                return NOTHING
            return self._alone(seen, first or second or {}, first is not None, category)
        one: list[Rule] = []
        two: list[Rule] = []
        between: list[Rule] = []
        is_known = False
        for index, (a, a_later, is_whole) in first.items():
            if (other := second.get(index)) is None:
                continue
            b, b_later, is_whole_too = other
            is_known = True
            if halves := self.halves:
                if (rule := halves.get((category(bond.first, a), category(bond.second, b)))) is not None:
                    one.append(rule)
                if (rule := halves.get((category(bond.first, a_later), category(bond.second, b_later)))) is not None:
                    two.append(rule)
            for rule in self.deciding:
                one += self._strays(rule, category(bond.first, a), category(bond.second, b))
                two += self._strays(rule, category(bond.first, a_later), category(bond.second, b_later))
            if not (is_whole and is_whole_too):
                continue
            for rule in self.of_one:
                if OF_ONE[rule.name](said(a), said(b)) is False:
                    one.append(rule)
                if OF_ONE[rule.name](said(a_later), said(b_later)) is False:
                    two.append(rule)
            between += [rule for rule in self.of_two if bond.keeps(rule.name, a, a_later, b, b_later) is False]
        if not (one or two or between):
            return KEPT if is_known else NOTHING
        return Broken(tuple(one), tuple(two), tuple(between), is_known)

    def _strays(self, rule: Rule, first: str, second: str) -> list[Rule]:
        """The rule, if it says that another category goes with the one that decides."""
        decides, goes_with = (first, second) if rule.name == DECIDES else (second, first)
        return [rule] if self.bond.decided[rule.name].get(decides, goes_with) != goes_with else []

    def _alone(self, seen: Seen, places: Places, is_first: bool, category: Category) -> Broken:
        """One of the two fields differs and the other does not."""
        bond, names = self.bond, (ONLY_WITH, DECIDED) if is_first else (ONLY_WITH_OTHER, DECIDES)
        rules = [rule for rule in (*self.only, *self.deciding) if rule.name in names and bond.is_apart]
        rules += [rule for rule in self.deciding if rule.name not in names and self._moves(rule, places, category)]
        if not rules or not seen.body:
            return NOTHING
        lacking = bond.second if is_first else bond.first
        if is_hidden(lacking, [path for path, kind in seen.fields if kind in GONE]):
            return NOTHING
        return Broken(between=tuple(rules))

    def _moves(self, rule: Rule, places: Places, category: Category) -> bool:
        """Whether what decides differs so that the other field would have to."""
        path = self.bond.first if rule.name == DECIDES else self.bond.second
        known = self.bond.decided[rule.name]
        both = [(known.get(category(path, one)), known.get(category(path, two))) for one, two, _ in places.values()]
        return self.bond.is_apart and any(one and two and one != two for one, two in both)

"""What two fields of one answer say together, where each alone could be legacy's.

A bid above its ask, a price without its factor, the text of one variant beside the fields of another, "1 seconds ago":
each half is what legacy says, too. As Daikon (Ernst et al. 2007) looks for likely invariants of a program, this looks
for what legacy's answers keep between any two noisy fields, or two words of one short text: `bond` says when something
that always held is known not to be chance. What is known is put to every first answer of legacy's, too, and as often
again as it was tried before, until it may speak; what legacy breaks once is dropped for good.

What the extracted side breaks then is not yet wrong: a rule may be one that legacy keeps in all but one of a thousand
answers. Of requests that are asked again each of E1 and E2 that breaks a rule counts a point for its two fields, where
L1 and L2 keep all of theirs. Where legacy breaks one, all points of these fields are lost. As long as the sides vary
alike a point is heads of a fair coin (E1 and L1, E2 and L2 could change places), on which everything is bet: n points
come by chance once in 2**n. The i-th two fields of which a rule is known need so many that 2**n times their weight
(`sign_test`) is 20, seven for the first. So the chance that any two are ever taken for broken that are not is at most
5 % for each route and build. From then on each answer that breaks such a rule is off. To come to points, pairs in which
the extracted side breaks a rule are asked again out of turn, and up to four times more: each of these answers is one
more coin.

Where a rule is about two answers to one request (their sum stays, one moves only with the other) it is E1 that breaks
it if legacy's two answers keep it, and E1 does with neither. That also leaves out what moves on with time: L2 is asked
after E1, and shows it. Rules of more than two fields (`many`: sums, check digits) are all of this kind.

Kept are MOST paths and RULES rules, in memory only: categories are values of answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from math import ceil, log
from typing import NamedTuple

from proxy.evidence.asked import Asked, Seen
from proxy.evidence.bond import Bond, Row, Rule
from proxy.evidence.checks import Checks
from proxy.evidence.echoes import Echoes
from proxy.evidence.in_words import words_of_rule
from proxy.evidence.many import Many, Sums, Totals
from proxy.evidence.related import coarsely
from proxy.evidence.sign_test import ALPHA, log_weight
from proxy.evidence.spoken import GONE, WORD, Places, Wanted, is_hidden, list_of, spoken_of
from proxy.evidence.watch import OF_TWO_ANSWERS, Broken, Watch
from proxy.model.comparison import Field, Kind

MOST = 32  # paths, the first at which legacy differed from itself
BONDS = 640  # pairs of paths, or of words
AT_ONCE = 64  # of them are learned from one request asked again
RULES = 64
FEW = 8  # values that are categories of their own
FIRM = 50  # answers of legacy that kept a rule once it was known, at least
BESIDE: Field = ("what fields say together", Kind.NOISE)  # in place of a field, where it is worth asking once more
IDLE = 20  # requests asked again in vain because a rule looked broken

Tie = Bond | Sums | Checks  # what rules are of


class Known:
    """A rule. `kept`: answers of legacy that kept it since it was known; it is firm after `needed`. `idle`: how often
    it looked broken and was not."""

    __slots__ = ("bond", "idle", "kept", "needed")

    def __init__(self, bond: Tie) -> None:
        self.bond = bond
        self.kept = self.idle = 0
        self.needed = max(FIRM, bond.tried)

    @property
    def is_firm(self) -> bool:
        return self.kept >= self.needed


class Bonds:
    """What is known of legacy, whatever the build of the extracted side."""

    def __init__(self) -> None:
        self.rules: dict[Rule, Known] = {}
        self.watches: dict[Tie, Watch | Totals] = {}
        self.wanted = Wanted()  # paths of rules
        self._few: dict[str, set[str] | None] = {}  # by path: categories of their own, None when there are many
        self._fields: list[str] = []
        self._words: dict[str, list[str]] = {}  # by text: the words in which legacy's answers differ
        self._bonds = 0
        self._alive: list[Bond] = []
        self._many = Many()
        self._echoes = Echoes()
        self._turn = 0
        self._ordinals: dict[Tie, int] = {}  # of those of which a rule was ever known

    def learn(self, again: Seen) -> None:
        """Takes in two answers of legacy to one request."""
        for rule, bond in self._echoes.learn(again):
            self._know(rule, bond)
        if not self._alive and not self._many.is_alive and all(path in self._few for path, _ in again.fields):
            return
        spoken = spoken_of(again)
        for rule, sums in self._many.learn(again, spoken):
            self._know(rule, sums)
        for path, places in spoken.items():
            self._meet(path, places)
        gone = [path for path, kind in again.fields if kind in GONE]
        for bond in self._next():
            differs = None
            if bond.is_apart and not (is_hidden(bond.first, gone) or is_hidden(bond.second, gone)):
                differs = bond.first in spoken, bond.second in spoken
            rows, halves = self._rows(bond, spoken)
            if rows or halves or differs is not None:
                for rule in bond.learn(rows, halves, differs):
                    self._know(rule, bond)

    def _next(self) -> list[Bond]:
        """Those whose turn it is; what cannot become known any more is left out from now on."""
        if self._turn >= len(self._alive):
            self._turn = 0
            self._alive = [bond for bond in self._alive if bond.is_alive]
        chosen = self._alive[self._turn : self._turn + AT_ONCE]
        self._turn += AT_ONCE
        return chosen

    def _meet(self, path: str, places: Places) -> None:
        """Takes in what legacy says at a path, and ties a new one to the others."""
        text, mark, _ = path.partition(WORD)
        is_new = path not in self._few and ".*" not in path and any(one != two for one, two, _ in places.values())
        if is_new and mark and text in self._few:
            beside = self._words.setdefault(text, [])
        elif is_new and not mark and len(self._fields) < MOST:
            beside = self._fields
        else:
            beside = None
        if beside is not None:
            for other in beside:
                if list_of(other) == list_of(path) and self._bonds < BONDS:
                    self._bonds += 1
                    self._alive.append(Bond(other, path, not mark and "[*]" not in path))
            beside.append(path)
            self._few[path] = set()
        for one, two, _ in places.values():
            self._note(path, one)
            self._note(path, two)

    def _note(self, path: str, shown: str) -> None:
        few = self._few.get(path)
        if few is not None and shown not in few:
            few.add(shown)
            if len(few) > FEW:
                self._few[path] = None

    def category(self, path: str, shown: str) -> str:
        """The value itself where legacy has but a few; else what kind it is."""
        few = self._few.get(path)
        return shown if few is not None and shown in few else coarsely(shown)

    def _rows(self, bond: Bond, spoken: dict[str, Places]) -> tuple[list[Row], list[Row]]:
        first, second = spoken.get(bond.first), spoken.get(bond.second)
        rows: list[Row] = []
        halves: list[Row] = []
        if first is None or second is None:
            return rows, halves
        for index, a in first.items():
            b = second.get(index)
            if b is None:
                continue
            if a.is_value and b.is_value:
                rows.append((a.one, a.two, b.one, b.two))
            one, two = bond.first, bond.second
            ours = self.category(one, a.one), self.category(one, a.two)
            halves.append((*ours, self.category(two, b.one), self.category(two, b.two)))
        return rows, halves

    def _know(self, rule: Rule, bond: Tie) -> None:
        if len(self.rules) >= RULES:
            return
        self._ordinals.setdefault(bond, len(self._ordinals) + 1)
        self.rules[rule] = Known(bond)
        if bond not in self.watches:
            self.watches[bond] = Watch(bond) if isinstance(bond, Bond) else Totals(bond)
        self.watches[bond].add(rule)
        self._want()

    def glance(self, first: Seen) -> None:
        """Takes in the first answers of a pair."""
        for rule, bond in self._echoes.doubled(first, lambda path: self._few.get(path, "") is None):
            self._know(rule, bond)

    def is_firm(self, rule: Rule) -> bool:
        return self.rules[rule].is_firm

    def keep(self, watch: Watch | Totals, is_known: bool, of_two: bool) -> None:
        """Legacy kept the rules of two fields once more, where both are known; those about two answers, `of_two`."""
        for rule in watch.young:
            is_told = is_known if rule.name not in OF_TWO_ANSWERS else of_two and (is_known or not rule.weights)
            self.rules[rule].kept += is_told
        watch.young = [rule for rule in watch.young if not self.rules[rule].is_firm]

    def needed(self, bond: Tie) -> int:
        """Points after which two fields are taken for broken."""
        return _needed(self._ordinals[bond])

    def drop(self, rule: Rule) -> None:
        """Legacy broke it."""
        known = self.rules.pop(rule, None)
        if known is not None:
            self.watches[known.bond].remove(rule)
            self._want()

    def _want(self) -> None:
        self.wanted = Wanted(dict.fromkeys(path for rule in self.rules for path in rule.paths))


class Together:
    """Of one route, rule set and build. No clock; bounded memory."""

    def __init__(self, bonds: Bonds | None = None) -> None:
        self._bonds = bonds or Bonds()
        self._points: Counter[Tie] = Counter()
        self._blamed: set[Rule] = set()  # that were broken when points were counted
        self.is_open = False  # whether the pair learned last is worth asking once more
        self._seen: tuple[Seen, frozenset[str], frozenset[str]] | None = None  # looked at last

    def for_new_build(self) -> Together:
        """Legacy's rules stay, what the extracted side did to them does not."""
        return Together(self._bonds)

    def see(self, first: Seen) -> None:
        """Takes in the first answers of a pair: what legacy breaks is dropped."""
        self._bonds.glance(first)
        if self._bonds.rules and first.body:
            self._look(first, with_legacy=True)

    def learn(self, asked: Asked) -> None:
        """Takes in one pair asked again."""
        self.is_open = False
        if not asked.again.body or not asked.again.full:
            return
        if self._bonds.rules:
            self.is_open = self._judge(asked, with_first=True)
        self._bonds.learn(asked.again)
        self._seen = None

    def insist(self, asked: Asked) -> bool:
        """Takes in two more answers to a request that was worth asking once more; whether it still is."""
        return asked.again.body and asked.again.full and self._judge(asked, with_first=False)

    def _judge(self, asked: Asked, with_first: bool) -> bool:
        """Counts what each side breaks, of E1 only once. Whether the extracted side's first answer breaks anything of
        which too little is known."""
        bonds = self._bonds
        six = (asked.first, asked.again, asked.other, asked.itself, asked.both, asked.crossed)
        spoken = [spoken_of(seen, bonds.wanted) if seen.body else {} for seen in six]
        is_open = False
        for bond, watch in list(bonds.watches.items()):
            told = _Six(*[watch.look(seen, said, bonds.category) for seen, said in zip(six, spoken, strict=True)])
            if lost := told.lost:
                for rule in lost:
                    self._lose(rule)
                continue
            broke, broke_again = told.broken(bonds.is_firm)
            self._points[bond] += broke * with_first + broke_again
            for rule in filter(bonds.is_firm, {*told.first.two, *told.first.between}):
                known = bonds.rules[rule]
                if broke:
                    self._blamed.add(rule)
                known.idle = 0 if broke or broke_again else known.idle + 1
                if known.idle > IDLE:
                    bonds.drop(rule)
            is_open = is_open or (broke and self._points[bond] < bonds.needed(bond))
            bonds.keep(watch, told.again.is_known, True)
        self._seen = None
        return is_open

    def _lose(self, rule: Rule) -> None:
        """Legacy broke it: what the extracted side did to these two fields says nothing any more."""
        known = self._bonds.rules.get(rule)
        self._bonds.drop(rule)
        if known is not None and known.is_firm:
            self._points.pop(known.bond, None)

    def off(self, seen: Seen) -> frozenset[str]:
        """The paths at which the extracted side breaks a rule that it was seen to break."""
        return self._look(seen)[0]

    def broken(self) -> dict[str, str]:
        """What it was seen to break, in words, by path."""
        bonds = self._bonds
        ties = [(rule, bonds.rules[rule].bond) for rule in sorted(self._blamed) if rule in bonds.rules]
        known = [rule for rule, bond in ties if self._points[bond] >= bonds.needed(bond)]
        return {path.partition(WORD)[0]: words_of_rule(rule) for rule in known for path in rule.paths}

    def striking(self, seen: Seen) -> frozenset[str]:
        """The paths at which it breaks any that is firm: worth a question."""
        return self._look(seen)[1]

    def _look(self, seen: Seen, with_legacy: bool = False) -> tuple[frozenset[str], frozenset[str]]:
        if self._seen is not None and self._seen[0] is seen:
            return self._seen[1], self._seen[2]
        bonds = self._bonds
        off: set[str] = set()
        striking: set[str] = set()
        if bonds.rules and seen.body:
            spoken = spoken_of(seen, bonds.wanted)
            for bond, watch in list(bonds.watches.items()):
                told = watch.look(seen, spoken, bonds.category)
                looks = {*told.two, *told.between}.difference(told.one) if told.two or told.between else ()
                for rule in looks:
                    if bonds.is_firm(rule):
                        paths = {path.partition(WORD)[0] for path in rule.paths}
                        striking |= paths
                        if rule in self._blamed and self._points[bond] >= bonds.needed(bond):
                            off |= paths
                if with_legacy:
                    for rule in told.one:
                        self._lose(rule)
                    if watch.young:
                        bonds.keep(watch, told.is_known, False)
        self._seen = seen, frozenset(off), frozenset(striking)
        return self._seen[1], self._seen[2]


class _Six(NamedTuple):
    """What the six comparisons of a pair asked again say of two fields."""

    first: Broken
    again: Broken
    other: Broken
    itself: Broken
    both: Broken
    crossed: Broken

    @property
    def lost(self) -> set[Rule]:
        """What legacy breaks."""
        again = self.again
        return {
            *again.one, *again.two, *again.between, *self.first.one, *self.other.one, *self.both.one, *self.crossed.two
        }  # fmt: skip

    def broken(self, counts: Callable[[Rule], bool]) -> tuple[bool, bool]:
        """Whether E1, and whether E2, breaks what legacy keeps."""
        broke = any(map(counts, (*self.first.two, *self.itself.one, *self.crossed.one)))
        broke_again = any(map(counts, (*self.other.two, *self.itself.two, *self.both.two)))
        first, crossed, other, both = (
            any(map(counts, told.between)) for told in (self.first, self.crossed, self.other, self.both)
        )
        return broke or (first and crossed), broke_again or (other and both)


@lru_cache(maxsize=1024)
def _needed(ordinal: int) -> int:
    return ceil((-log(ALPHA) - log_weight(ordinal)) / log(2))

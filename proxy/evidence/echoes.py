"""Pieces of values that are said twice in one answer, and values that never are.

A random number in two URLs, the reference of a message in its first line and in its last: a piece of one value is
always a piece of another, where neither value as a whole is the other. To bond every piece with every other costs too
much, so equal ones are looked up: of two answers of legacy to one request only pieces that differ between them count,
and two of them are tied where they are equal in the one answer and in the other. Exchanging the second piece between
the answers would break each of these, so what held SURE times is known not to be chance, as of two fields (`bond`).
What was not equal once is not looked at again. Of two values the longest piece says it. And where two pieces are the
same in each answer, neither differs between two answers without the other.

The reverse, two values that legacy never says the same (the id of a message, and of the one it answers), would be a
rule of nearly any two fields. So it is begun only where the extracted side says the same at two fields of many values,
and legacy does not. From then on legacy has to keep it until it is firm; only then counts what the extracted side does.
Which two fields are looked at, and in which order, is thus settled before any coin is thrown.

Both are rules of `together`. Bounded: pieces and values of LONG characters or more, MOST pairs of either kind.
"""

from __future__ import annotations

from collections.abc import Callable

from proxy.evidence.asked import Seen
from proxy.evidence.bond import ONLY_WITH, ONLY_WITH_OTHER, SURE, TRIED, Bond, Rule
from proxy.evidence.related import OTHER, SAME
from proxy.evidence.spoken import LONG, Places, index_of, list_of, pieces_of
from proxy.model.comparison import Kind

MOST = 8
DEAD = 256  # pairs that were not equal once, after which no more are begun
EARLY = 100  # requests asked again, after which nothing more is learned where nothing is left
ALIKE = 8  # pieces of one text that are tied, at most

Pair = tuple[str, str]


class Echoes:
    """What legacy says twice in one answer, until it is known."""

    def __init__(self) -> None:
        self._held: dict[Pair, int] = {}  # by two pieces: how often they were equal in both answers
        self._known: set[Pair] = set()
        self._dead: set[Pair] = set()
        self._tried = 0
        self._others: set[Pair] = set()

    @property
    def is_alive(self) -> bool:
        """Whether more may come to be known."""
        return self._tried < EARLY or (self._tried < TRIED and bool(self._held))

    def learn(self, again: Seen) -> list[tuple[Rule, Bond]]:
        """Takes in two answers of legacy to one request; what is known now."""
        if not self.is_alive:
            return []
        pieces = pieces_of(again)
        if len(pieces) < 2:
            return []
        self._tried += 1
        known = [pair for pair in list(self._held) if self._is_known(pair, pieces)]
        self._begin(pieces)
        found: list[tuple[Rule, Bond]] = []
        for pair in known:
            bond = Bond(*pair, False)
            found += [(Rule(pair, name), bond) for name in (SAME, ONLY_WITH, ONLY_WITH_OTHER)]
        return found

    def _is_known(self, pair: Pair, pieces: dict[str, Places]) -> bool:
        first, second = pieces.get(pair[0]), pieces.get(pair[1])
        if first is None or second is None:
            return False
        if not _are_equal(first, second):
            del self._held[pair]
            self._dead.add(pair)
            return False
        self._held[pair] += 1
        if self._held[pair] < SURE:
            return False
        del self._held[pair]
        self._known.add(pair)
        return True

    def _begin(self, pieces: dict[str, Places]) -> None:
        """Looks up what is equal now and was not looked at before, the longest of two values first."""
        alike: dict[tuple[str, str, str, str], list[str]] = {}
        for path, places in pieces.items():
            for index, (one, two, _) in places.items():
                alike.setdefault((list_of(path), index, one, two), []).append(path)
        found = [
            (len(key[2]), (min(paths[0], other), max(paths[0], other)))
            for key, paths in alike.items()
            for other in paths[1:ALIKE]
        ]
        tied = {_texts(pair) for pair in (*self._held, *self._known)}
        for _, pair in sorted(found, key=lambda one: -one[0]):
            is_new = _texts(pair) not in tied and pair not in self._dead
            if is_new and len(self._held) < MOST and len(self._dead) < DEAD and len(self._known) < MOST:
                tied.add(_texts(pair))
                self._held[pair] = 1

    def doubled(self, first: Seen, has_many: Callable[[str], bool]) -> list[tuple[Rule, Bond]]:
        """Takes in the first answers of a pair: rules to begin, as the extracted side says the same at two fields of
        many values, and legacy does not."""
        values = [
            both[1]
            for (_, kind), places in first.all_places
            if kind is Kind.VALUE or kind is Kind.HEADER
            for both in places.values()
            if len(both[1]) >= LONG
        ]
        if len(set(values)) == len(values):
            return []  # so it nearly always is: kept cheap
        said: dict[tuple[str, str, str], tuple[str, str]] = {}
        found: list[tuple[Rule, Bond]] = []
        for (path, kind), places in first.all_places:
            if kind is not Kind.VALUE and kind is not Kind.HEADER:
                continue
            for place, (one, two) in places.items():
                if len(two) < LONG or not one or "…" in two:
                    continue
                other, ours = said.setdefault((list_of(path), index_of(place), two), (path, one))
                pair = other, path
                is_new = ours != one and len(self._others) < MOST and pair not in self._others
                if is_new and has_many(other) and has_many(path):
                    self._others.add(pair)
                    found.append((Rule(pair, OTHER), Bond(*pair, False)))
        return found


def _are_equal(first: Places, second: Places) -> bool:
    common = first.keys() & second.keys()
    return all(first[index].one == second[index].one and first[index].two == second[index].two for index in common)


def _texts(pair: Pair) -> Pair:
    """The values, or lines, that the pieces are of."""
    one, two = (path.rpartition(":")[0] for path in pair)
    return one, two

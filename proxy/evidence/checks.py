"""Check digits: sums over the characters of values that stay, modulo a prime.

A card number (Luhn), an article number, an ISBN, an IBAN, a parcel number all hold a digit or two that follow from the
others by a sum, modulo 10 (2 and 5), 11 or 97; a CRC is sums of bits, modulo 2. Between two answers to one request
the characters of such a value change and that sum does not, whatever else was added to it. So the characters of all
short values of a steady length make one row, and what holds is found as it is with numbers (`sums`), for each prime.

- For odd primes a position counts with its digit, and with whether that is 5 or more, which is what doubling it and
  adding the digits needs (Luhn); a letter with its place in the alphabet after the digits (IBAN).
- For 2 it counts with the bits of its digit, hexadecimal ones too: all that a CRC over fixed positions is made of. What
  is known when is told otherwise there (`parities`).

At first SCOUT requests asked again show which values have a steady length, and which positions vary; afterwards pairs
in which any other position differs say nothing. It is by positions that drawing apart is told. Of several values all
but one have to go up and down: numbers that are counted side by side tell nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from string import ascii_lowercase, ascii_uppercase, digits
from typing import NamedTuple

from proxy.evidence.asked import Seen
from proxy.evidence.bond import CHECK, Rule
from proxy.evidence.parities import Parities, columns_of
from proxy.evidence.related import said
from proxy.evidence.spoken import GONE, WORD, Places, Spoken, is_hidden, list_of
from proxy.evidence.sums import Kernel, Vector

PRIMES = (3, 5, 7, 11, 13, 97)  # beside 2
SCOUT = 40  # requests asked again
LONGEST = 24  # characters of a value, at most
FIELDS = 16
POSITIONS = 32  # that vary, of all fields
HEXADECIMAL = 8  # characters of a value with letters all over, at most
LETTERS = 2  # positions with letters, of any other
OFTEN = 0.1  # of a field's rows, in which a position varies
STEADY = 0.7  # of a field's rows, in which it can be read
TOGETHER = 0.5  # of all rows, in which all of them can
DRAWN = 4  # rows in which a value rose, and in which it fell
HALF = 5  # from here on, doubled, it has two digits
LEAST = 3  # positions of a rule
RULES = 4  # of an odd prime
SUMS = 8  # modulo 2, each of which sees half of all mistakes
HOPEFUL = ((150, 5), (400, 20))  # rows that kept a vector: put to the test less often by then, it is given up
SORTED_OUT = 50  # requests asked again, after which that is looked at

_VALUE = {one: at for both in (digits + ascii_lowercase, digits + ascii_uppercase) for at, one in enumerate(both)}
_SMALL, _HEX, _ALL = 10, 16, 36  # digits are below the first, hexadecimal ones below the second
_COLUMNS = {_SMALL: (2, 4), _HEX: (0, 4), _ALL: (1, 6)}  # for odd primes, and for 2
Moves = list[tuple[int, int, int]]  # a position, and what the characters of the two values count there


class _Field:
    """What is seen of one value until its positions are settled."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.rows = self.read = self.rose = self.fell = 0
        self.moved: dict[int, int] = {}
        self.letters: set[int] = set()
        self.highest = 0

    def see(self, told: Spoken) -> None:
        self.rows += 1
        moves = moves_of(told.one, told.two, self.length) if told.is_value and not said(told.one).is_time else None
        if moves is None:
            return
        self.read += 1
        self.rose += told.one < told.two
        self.fell += told.one > told.two
        for at, one, two in moves:
            self.moved[at] = self.moved.get(at, 0) + 1
            if max(one, two) >= _SMALL:
                self.letters.add(at)
            self.highest = max(self.highest, one, two)

    @property
    def steadiness(self) -> float:
        return self.read / self.rows

    @property
    def positions(self) -> list[int]:
        """Those that count; none where it does not look like numbers."""
        if self.read < SCOUT / 2 or self.steadiness < STEADY:
            return []
        if len(self.letters) > LETTERS and (self.highest >= _HEX or self.length > HEXADECIMAL):
            return []
        return [at for at, times in sorted(self.moved.items()) if times >= OFTEN * self.read]

    def below(self, at: int) -> int:
        """What is more than any character counts at a position."""
        return _HEX if len(self.letters) > LETTERS else _ALL if at in self.letters else _SMALL


def moves_of(one: str, two: str, length: int) -> Moves | None:
    """Where two printable values of this length differ; None where they are none."""
    ours = one[1:-1] if one[0] == '"' else one
    theirs = two[1:-1] if two[0] == '"' else two
    if len(ours) != length or len(theirs) != length:
        return None
    try:
        return [(at, _VALUE[a], _VALUE[b]) for at, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]
    except KeyError:
        return None


class _Settled(NamedTuple):
    """A field whose positions are known, each with what is more than any of its characters counts (10, 16 or 36), and
    the first of its columns, for odd primes (if it has any) and for 2."""

    length: int
    is_drawn: bool
    below: Mapping[int, int]
    odd: Mapping[int, int | None]
    bits: Mapping[int, int]


class Checks:
    """What is learned of the characters of short values that are in no list."""

    def __init__(self) -> None:
        self.tried = 0  # requests asked again that put something to the test
        self._scouts = 0
        self._scouted: dict[str, _Field] | None = {}
        self._fields: dict[str, _Settled] = {}
        self._groups: dict[bool, list[int]] = {False: [], True: []}  # of each column; for 2, and for odd primes
        self._path_of: dict[bool, list[str]] = {False: [], True: []}
        self._kernels: dict[int, Kernel] = {}
        self._parities = Parities(())
        self._told: Counter[int] = Counter()  # rules of each prime
        self._terms: dict[Rule, dict[int, int]] = {}
        self._parity: dict[Rule, tuple[int, int]] = {}  # columns of a rule modulo 2, and of which it is silent

    @property
    def is_alive(self) -> bool:
        is_odd_alive = any(kernel.vectors for kernel in self._kernels.values())
        return self._scouted is not None or is_odd_alive or self._parities.is_alive

    def learn(self, spoken: Mapping[str, Places], gone: list[str], bound: Collection[frozenset[str]]) -> list[Rule]:
        """Takes in one request asked again; what is known now. Fields that are `bound` by their amounts are so by their
        digits, too, which says nothing new."""
        if self._scouted is not None:
            self._scout(self._scouted, spoken)
            return []
        odd, bits, unknown = self._rows(self._fields, spoken, gone)
        if unknown or not bits:
            return []
        self.tried += 1
        found: list[Rule] = []
        if self._parities.is_alive:
            for vector in self._parities.take(bits):
                for rule in self._new(2, dict.fromkeys(columns_of(vector.columns), 1), bound):
                    self._parity[rule] = vector.columns, vector.silent
                    found.append(rule)
        for prime, kernel in self._kernels.items():
            if kernel.vectors:
                if self.tried % SORTED_OUT == 0:
                    kernel.vectors = [vector for vector in kernel.vectors if _is_hopeful(vector)]
                kernel.take(odd)
                for known in kernel.known():
                    kernel.vectors.remove(known)
                    for rule in self._new(prime, known.terms, bound):
                        self._terms[rule] = known.terms
                        found.append(rule)
        return found

    def _scout(self, scouted: dict[str, _Field], spoken: Mapping[str, Places]) -> None:
        for path, places in spoken.items():
            told = places.get("")
            if told is None or list_of(path) or WORD in path:
                continue
            if (field := scouted.get(path)) is None:
                length = len(said(told.one).text)
                if len(scouted) >= FIELDS or not told.is_value or length > LONGEST:
                    continue
                field = scouted[path] = _Field(length)
            field.see(told)
        self._scouts += 1
        if self._scouts >= SCOUT:
            self._settle(scouted)
            self._scouted = None

    def _settle(self, scouted: Mapping[str, _Field]) -> None:
        left = POSITIONS
        groups = self._groups
        number, share = 0, 1.0
        for path, field in sorted(scouted.items(), key=lambda one: -one[1].steadiness):
            positions = field.positions
            if not positions or len(positions) > left or share * field.steadiness < TOGETHER:
                continue
            left -= len(positions)
            share *= field.steadiness
            below = {at: field.below(at) for at in positions}
            odd: dict[int, int | None] = {}
            bits: dict[int, int] = {}
            for at in positions:
                number += 1
                count, bit_count = _COLUMNS[below[at]]
                odd[at], bits[at] = len(groups[True]) if count else None, len(groups[False])
                for is_odd, each in ((True, count), (False, bit_count)):
                    groups[is_odd] += [number] * each
                    self._path_of[is_odd] += [path] * each
            is_drawn = min(field.rose, field.fell) >= DRAWN
            self._fields[path] = _Settled(field.length, is_drawn, below, odd, bits)
        if number >= LEAST:
            self._kernels = {prime: Kernel(prime, groups[True]) for prime in PRIMES}
            self._parities = Parities(groups[False])

    def _rows(
        self,
        paths: Iterable[str],
        spoken: Mapping[str, Places],
        gone: list[str],
        primes: Collection[bool] = (False, True),
    ) -> tuple[dict[int, int], int, set[str]]:
        """How the columns of these fields moved, for odd primes and for 2 where `primes` has them (odd: True), and the
        fields of which nobody knows (they may have begun to be there)."""
        for_bits, for_odd = False in primes, True in primes
        odd: dict[int, int] = {}
        bits = 0
        unknown: set[str] = set()
        for path in paths:
            if (places := spoken.get(path)) is None:
                if gone and is_hidden(path, gone):
                    unknown.add(path)
                continue
            field, told = self._fields[path], places.get("")
            moves = moves_of(told.one, told.two, field.length) if told is not None and told.is_value else None
            if moves is None:
                unknown.add(path)
                continue
            for at, before, after in moves:
                below = field.below.get(at, 0)
                if before >= below or after >= below:
                    unknown.add(path)
                    break
                if for_odd and (first := field.odd[at]) is not None:
                    odd[first] = after - before
                    if below == _SMALL and (before >= HALF) != (after >= HALF):
                        odd[first + 1] = 1 if after >= HALF else -1
                if for_bits:
                    bits |= (before ^ after) << field.bits[at]
        return odd, bits, unknown

    def _new(self, prime: int, terms: Mapping[int, int], bound: Collection[frozenset[str]]) -> list[Rule]:
        """The rule that a vector makes, unless that says nothing new."""
        path_of, group_of = self._path_of[prime != 2], self._groups[prime != 2]
        paths = tuple(dict.fromkeys([path_of[column] for column in sorted(terms)]))
        climbing = [path for path in paths if not self._fields[path].is_drawn]
        positions = {group_of[column] for column in terms}
        is_new = len(climbing) <= 1 and len(positions) >= LEAST and not any(one.issubset(paths) for one in bound)
        if not is_new or self._told[prime] >= (SUMS if prime == 2 else RULES):
            return []
        self._told[prime] += 1
        pairs = [number for pair in sorted(terms.items()) for number in pair]
        return [Rule(paths, CHECK, weights=(prime, *pairs))]

    def broken(self, rules: Collection[Rule], seen: Seen, spoken: Mapping[str, Places]) -> tuple[list[Rule], bool]:
        """Those that a comparison breaks, and whether it says anything of them."""
        paths = dict.fromkeys([path for rule in rules for path in rule.paths])
        gone = [path for path, kind in seen.fields if kind in GONE]
        odd, bits, unknown = self._rows(paths, spoken, gone, {rule.weights[0] != 2 for rule in rules})
        if not (odd or bits) or not (seen.body and seen.full):
            return [], False
        return [rule for rule in rules if self._breaks(rule, odd, bits) and unknown.isdisjoint(rule.paths)], True

    def _breaks(self, rule: Rule, odd: Mapping[int, int], bits: int) -> bool:
        prime = rule.weights[0]
        if prime == 2:
            columns, silent = self._parity[rule]
            return (columns & bits).bit_count() & 1 == 1 and not bits & silent
        terms = self._terms[rule]
        return sum([change * terms[column] for column, change in odd.items() if column in terms]) % prime != 0


def _is_hopeful(vector: Vector) -> bool:
    moved = min(vector.moved.values())
    return all(vector.kept < rows or moved >= least for rows, least in HOPEFUL)

"""Values that come back, in a field where nothing ever comes back.

A random id is new each time. A nonce that became a constant, a token that is handed out twice, an id of another
request: each such value alone is one that legacy could have said, and only what was said before gives it away. So the
values of both sides at such a field are remembered, mixed, and of every pair that differs there it is counted whether
the extracted side's value had been seen before and legacy's had not (*repeats*), or the other way round (*recalls*).

Why the two are a fair coin: what is remembered was settled before this pair, and does not know the sides apart. If the
extracted side varies just as legacy does, and neither remembers, the two answers to one request could change places,
and the one event would be the other. No second answer is needed, so every pair that differs counts, not only those
that the budget lets us ask again.

That holds as long as the sides differ in nothing but chance. One is asked a little later, and of two neighbouring
readings of a clock the earlier is likelier to have been heard before. Hence:

- times are no coin, and a value counts as seen only when it was first said at least AGE such pairs ago: what ticks
  slowly has moved on by then, and where many pairs share a tick legacy repeats itself and the next rule holds;
- only fields are asked about in which legacy's values practically never (RARELY) come back, which is decided from
  earlier pairs alone, so that the coin stays fair. This also leaves out what has a few values, states that go forward
  (`pending`, then `paid`, later on the side asked later), and a legacy that answers from a cache.

Counting in the same way which of two *frequent* values each side says would be worth as much data, and was left out
for that reason: there a drift between the two questions cannot be told from a mistake; the second answers can.

Remembered are 45 bits of two checksums of each value, in a table of fixed size where a new value may overwrite an old
one, whichever side said it. Nothing of it is stored.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from zlib import adler32, crc32

from proxy.evidence.form import form_of

SLOTS = 8192  # values remembered of one field, in 64 KB
AGE = 16  # pairs that differ at the field
KNOWN = 30  # pairs before the field may be asked about
RARELY = 100  # one of so many values of legacy may have been seen before
SURE = 200  # pairs in which legacy never repeated itself, before a single value of the other side may stand out
STALE = 1000  # values that stand out, remembered until their pair is read
HOPELESS = 20  # one in so many comes back: no longer remembered


class Repeats:
    """What was said at one field."""

    __slots__ = ("_again", "_born", "_stale", "_tags", "pairs")

    def __init__(self) -> None:
        self._tags = array("I", bytes(4 * SLOTS))
        self._born = array("I", bytes(4 * SLOTS))
        self.pairs = 0  # taken in
        self._stale: dict[int, None] = {}  # what the extracted side said again while legacy never had
        self._again = 0  # of them, those in which legacy said what had been said

    def turn(self, values: Iterable[tuple[str, str]]) -> int:
        """Takes in the values of one pair, legacy's first, by place. How many more of the extracted side's had been
        seen before than of legacy's; 0 while the field is none in which that says anything."""
        if not self._tags:
            return 0
        known = [(one, other) for one, other in values if is_fit(one) and is_fit(other)]
        fit = [(_number(one), _number(other)) for one, other in known]
        if not fit:
            return 0
        says = self.is_telling and not any(form_of(one).slack for pair in known for one in pair)
        balance = sum([self._is_old(other) - self._is_old(one) for one, other in fit]) if says else 0
        if self.pairs >= SURE and not self._again:
            self._stale.update((other, None) for _, other in fit if self._is_old(other))
            while len(self._stale) > STALE:
                del self._stale[next(iter(self._stale))]
        self.pairs += 1
        self._again += any(self._birth(one) for one, _ in fit)
        for pair in fit:
            for number in pair:
                if not self._birth(number):
                    slot = number % SLOTS
                    self._tags[slot], self._born[slot] = number // SLOTS, self.pairs
        if self.pairs > SURE and self._again * HOPELESS > self.pairs:
            self._tags, self._born = array("I"), array("I")
        return balance

    def is_out_of_place(self, extracted: str) -> bool:
        """Whether the extracted side's value had been said before its pair was taken in, where legacy has never
        repeated anything. Noise that never did so in n pairs does it in the next with a chance of about 1/n."""
        return not self._again and is_fit(extracted) and _number(extracted) in self._stale

    @property
    def is_telling(self) -> bool:
        """Whether legacy's values practically never come back, as far as is known."""
        return self.pairs >= KNOWN and self._again * RARELY <= self.pairs

    def has(self, value: str) -> bool:
        """Whether it was first said long enough ago."""
        return self._is_old(_number(value))

    def _is_old(self, number: int) -> bool:
        born = self._birth(number)
        return born > 0 and self.pairs - born >= AGE

    def _birth(self, number: int) -> int:
        """The pair in which it was first said, from 1; 0 when that is not known."""
        slot = number % SLOTS
        return self._born[slot] if self._tags and self._tags[slot] == number // SLOTS else 0


def _number(value: str) -> int:
    data = value.encode(errors="backslashreplace")
    return crc32(data) | (adler32(data) & 0x1FFF) << 32


def is_fit(shown: str) -> bool:
    """Not absent, not cut."""
    return shown != "" and "…" not in shown

"""What legacy's values at a noisy field have in common beyond their form, measured, with a bound on being wrong.

A span id of zeros is sixteen hex digits; a number that went through a double is a number; a code with an O in it is a
code. Each is off in a respect that can be counted. So of each value of legacy some are counted, and of the extracted
side's values those are off that chance would hardly bring:

- *Degrees* of regularity, each a small whole number: the longest run of one character, characters of the longest word
  that come again, how soon it repeats itself, how much of it is digits, small or capital letters, zeros that a number
  ends in, to ten and to two. Of each the histogram of legacy's values is kept. A value beyond all of them has a chance
  that is extrapolated: the tail is taken to fall on as it falls from the last twentieth to the last value, by half
  where they are one. Below NEVER it is off. That tails fall at least so fast holds for what is drawn letter by letter.
- *The same again.* A value in the CORNER of what legacy says is no proof; but where the extracted side stays in that
  corner when it is asked again, the two chances multiply, CORNER**2 at most. Unless the corner is the request's own:
  each of legacy's two answers to it must be what one of USUAL has. One of a few answers of the request's own may still
  lie there: how often, `twice` sees on legacy.
- *Letters* that legacy never used in this field, and *words* where it has a closed vocabulary and nothing that mixes
  letters with digits. Each of those it uses must have been used in TIMES values or more (a letter as common as the
  rarest of them, unseen: e**-TIMES), and none may be new in the last half of all values. Numbers are no words, and
  their digits are no letters: they tick, also those beside a single letter (the day and the hour in `31T23`).
- *Steps*: legacy's numbers lie on a lattice (tens, quarters of an hour). That so many should by chance has a chance of
  2**-n at most. Times count only where they are written in whole seconds.

Whatever legacy's own answer to the same request shows is never off. Only legacy's values are learned, also those of
pairs that are not asked again. Kept are counts; of values themselves the words, in memory only, and as checksums.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from math import gcd
from typing import Any, NamedTuple
from zlib import crc32

from proxy.evidence.form import LATER, form_of

ENOUGH = 100  # values before any of this may speak
NEVER = 1e-5  # the chance below which a value is off; ten such questions are asked of it
CORNER = 0.005  # the share of legacy's values that is worth a further question
USUAL = 0.2  # legacy's answer to the same request has no more of it than this share of its values
MANY = 400  # values before it is known where the corner is, and which letters are in use
PLENTY = 1000  # values of which each is learned; afterwards one in STRIDE
STRIDE = 7
TIMES = 5  # values that have each letter, before another is off
WORDS = 64  # of a closed vocabulary, at most
LONG = 6  # characters of a word that say something of how it is drawn
DEEP = 15  # digits of numbers whose factors say something
TWOS = 1 << 20  # and the least number of which the factors of two do

_WORD = re.compile(r"[0-9A-Za-z\u0080-\U0010ffff]+")
_WHOLE = re.compile(r'"?-?([0-9]{1,40})"?')
_NUMERALS, _SMALL, _CAPITAL = b"0123456789", b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DRAWN = frozenset((_NUMERALS + _SMALL + _CAPITAL).decode())
_OTHERS = bytes(code for code in range(256) if chr(code) not in _DRAWN)
_NOT_OF = [_OTHERS + kind for kind in (_NUMERALS, _SMALL, _CAPITAL)]

DEGREES = (
    "one character in a row",
    "characters that come again",
    "repeating itself",
    "digits",
    "small letters",
    "capital letters",
    "zeros at the end",
    "a multiple of a power of two",
)


_SHORT = (0, 0, 0, 0, 0)


class Measured(NamedTuple):
    """One value: `degrees` in the order of DEGREES, the `letters` of its words that are no numbers; the `words` of
    letters alone, as checksums, None when there are words of letters and digits."""

    degrees: tuple[int, ...]
    letters: frozenset[str]
    words: frozenset[int] | None


@lru_cache(maxsize=4096)
def measured(shown: str) -> Measured:
    """A printable value, whole."""
    words = _WORD.findall(shown)
    letters: set[str] = set()
    spoken: list[int] | None = []
    longest = ""
    for word in words:
        if word.isdigit():
            if len(word) > len(longest):
                longest = word
            continue
        data = word.encode(errors="backslashreplace")
        rest = data.translate(None, _NUMERALS)
        letters.update((data if len(rest) > 1 else rest).decode() if word.isascii() else ("non-ASCII",))
        if len(word) > len(longest):
            longest = word
        if not word.isalpha():
            spoken = None
        elif spoken is not None and len(word) > 1:
            spoken.append(crc32(data))
    run = 2
    for char in _DRAWN.intersection(shown):
        while char * (run + 1) in shown:
            run += 1
    drawn = (*_drawn(longest), *_kinds(shown)) if len(longest) >= LONG else _SHORT
    return Measured((run, *drawn, *_factors(shown)), frozenset(letters), None if spoken is None else frozenset(spoken))


def _drawn(word: str) -> tuple[int, int]:
    """How little a word looks drawn at random."""
    return len(word) - len(set(word)), len(word) - (word + word).find(word, 1)


def _kinds(shown: str) -> tuple[int, int, int]:
    """The shares of the three kinds among letters and digits, in percent."""
    data = shown.encode(errors="backslashreplace")
    others = [len(data.translate(None, kind)) for kind in _NOT_OF]
    total = sum(others) / 2 or 1  # each letter or digit is another than two of the three kinds
    digits, small, capital = (round(100 * (1 - number / total)) for number in others)
    return digits, small, capital


def _factors(shown: str) -> tuple[int, int]:
    if not (found := _WHOLE.fullmatch(shown)):
        return 0, 0
    digits = found[1]
    number = int(digits)
    zeros = len(digits) - len(digits.rstrip("0")) if number else 0
    return zeros, (number & -number).bit_length() - 1 if number >= TWOS else 0


class Degree:
    """The histogram of one degree among legacy's values."""

    __slots__ = ("counts", "most")

    def __init__(self, counts: dict[int, int] | None = None) -> None:
        self.counts = counts or {}
        self.most = max(self.counts, default=0)

    def see(self, value: int) -> None:
        if value not in self.counts and (not self.counts or value > self.most):
            self.most = value
        self.counts[value] = self.counts.get(value, 0) + 1

    def chance(self, value: int, total: int) -> float:
        """That a value of legacy has so much of it; beyond all that were seen, extrapolated."""
        if value <= self.most:
            return sum([count for seen, count in self.counts.items() if seen >= value]) / total
        knee, above = self.most, 0
        for knee in sorted(self.counts, reverse=True):
            above += self.counts[knee]
            if above * 20 >= total:
                break
        last = self.counts[self.most]
        falls = (last / above) ** (1 / (self.most - knee)) if self.most > knee else 0.5
        return last / total * float(min(max(falls, 0.1), 0.9)) ** (value - self.most)

    def corner(self, total: int) -> int:
        """The least of it that at most CORNER of the values have."""
        value = min(self.counts)
        while self.chance(value, total) > CORNER:
            value += 1
        return value


class Traits:
    """Of one field. `count` values were seen."""

    __slots__ = (
        "_corners",
        "_looked",
        "_passed",
        "count",
        "degrees",
        "grew",
        "letters",
        "scarce",
        "scarce_words",
        "step",
        "words",
        "words_grew",
    )

    def __init__(self) -> None:
        self.count = 0
        self.degrees = [Degree() for _ in DEGREES]
        self.letters: dict[str, int] = {}
        self.scarce = self.grew = 0  # letters seen in fewer than TIMES values; at which value the latest was new
        self.words: dict[int, int] | None = {}
        self.scarce_words = self.words_grew = 0
        self.step = Step()
        self._passed = 0
        self._corners: list[int] = []  # of each degree, the least that is in the corner
        self._looked = 0  # at how many values

    def see(self, shown: str) -> None:
        """Takes in one value of legacy."""
        self._passed += 1
        if "…" in shown or (self.count >= PLENTY and self._passed % STRIDE):
            return
        self.count += 1
        value = measured(shown)
        for degree, one in zip(self.degrees, value.degrees, strict=True):
            degree.see(one)
        for letter in value.letters:
            times = self.letters[letter] = self.letters.get(letter, 0) + 1
            if times == 1:
                self.scarce, self.grew = self.scarce + 1, self.count
            elif times == TIMES:
                self.scarce -= 1
        if self.words is not None:
            self.words = self._with(self.words, value.words)
        self.step.see(shown)

    def _with(self, known: dict[int, int], words: Iterable[int] | None) -> dict[int, int] | None:
        if words is None:
            return None
        for word in words:
            times = known[word] = known.get(word, 0) + 1
            if times == 1:
                self.scarce_words, self.words_grew = self.scarce_words + 1, self.count
            elif times == TIMES:
                self.scarce_words -= 1
        return known if len(known) <= WORDS else None

    def off(self, legacy: str, extracted: str, has_few: bool) -> str:
        """Why chance would hardly bring the extracted side's value, or "". `has_few`: legacy has but a few values."""
        if self.count < ENOUGH or "…" in extracted:
            return ""
        return (
            self._off_letters(legacy, measured(extracted).letters)
            or self._off_words(legacy, measured(extracted).words)
            or self._off_degrees(legacy, measured(extracted).degrees)
            or ("" if has_few else self.step.off(legacy, extracted))
        )

    def _off_letters(self, legacy: str, letters: frozenset[str]) -> str:
        new = letters.difference(self.letters)
        if not new or self.count < MANY or self.scarce or not self._is_calm(self.grew):
            return ""
        new = new.difference(measured(legacy).letters)
        return f"letters that legacy never has here ({', '.join(sorted(new))[:40]})" if new else ""

    def _off_words(self, legacy: str, words: frozenset[int] | None) -> str:
        new = words.difference(self.words) if self.words and words else None
        if not new or self.scarce_words or not self._is_calm(self.words_grew):
            return ""
        return "a word that legacy never has here" if new.difference(measured(legacy).words or ()) else ""

    def _off_degrees(self, legacy: str, values: tuple[int, ...]) -> str:
        for at, (degree, value) in enumerate(zip(self.degrees, values, strict=True)):
            is_never = value > degree.most and degree.chance(value, self.count) < NEVER
            if is_never and value > measured(legacy).degrees[at]:
                return f"more than legacy ever has of: {DEGREES[at]}"
        return ""

    def is_striking(self, legacy: str, extracted: str) -> bool:
        """Whether a value lies in a corner of what legacy says, and legacy's own answer does not."""
        return bool(self._in_corner((legacy,), extracted))

    def in_one_corner(self, legacy: tuple[str, str], extracted: tuple[str, str]) -> set[int]:
        """The degrees (places in DEGREES) of which two answers have what legacy hardly ever has, and legacy's two to
        the same request what is usual."""
        first, second = (self._in_corner(legacy, one) for one in extracted)
        return {at for at in first if at in second}

    def _in_corner(self, legacy: tuple[str, ...], extracted: str) -> list[int]:
        """The degrees of which the extracted side's value has what legacy's hardly ever have, and these are usual."""
        if self.count < MANY or "…" in extracted:
            return []
        if self.count >= self._looked * 1.05:
            self._looked = self.count
            self._corners = [degree.corner(self.count) for degree in self.degrees]
        found = []
        for at, (least, value) in enumerate(zip(self._corners, measured(extracted).degrees, strict=True)):
            if value >= least:
                mine = max([measured(one).degrees[at] for one in legacy])
                if mine < value and self.degrees[at].chance(mine, self.count) >= USUAL:
                    found.append(at)
        return found

    def _is_calm(self, grew: int) -> bool:
        return self.count - grew >= self.count / 2

    def plain(self) -> list[Any]:
        """As JSON values, without words."""
        degrees = [[[value, count] for value, count in degree.counts.items()] for degree in self.degrees]
        return [self.count, degrees, self.letters, self.grew]

    @classmethod
    def restored(cls, plain: Iterable[Any]) -> Traits:
        """From `plain`. Words and steps are learned again."""
        traits = cls()
        count, degrees, letters, grew = plain
        traits.count, traits.grew = int(count), int(grew)
        traits.degrees = [Degree({int(value): int(times) for value, times in one}) for one in degrees]
        traits.letters = {str(letter): int(times) for letter, times in letters.items()}
        traits.scarce = sum(times < TIMES for times in traits.letters.values())
        traits.words_grew = traits.count
        return traits


class Step:
    """What legacy's numbers are multiples of, counted from one of them. `of` is 0 when they are alike, 1 when there is
    no such thing."""

    __slots__ = ("count", "first", "of", "places")

    def __init__(self) -> None:
        self.count = 0
        self.first = self.of = 0
        self.places = 0

    def see(self, shown: str) -> None:
        if self.of == 1:
            return
        number = _lattice(shown)
        if number is None:
            self.of = 1
            return
        value, places = number
        if not self.count:
            self.first, self.places = value, places
        elif places > self.places:
            more = 10 ** (places - self.places)
            self.first, self.of, self.places = self.first * more, self.of * more, places
        else:
            value *= 10 ** (self.places - places)
        self.count += 1
        self.of = gcd(self.of, value - self.first)

    def off(self, legacy: str, extracted: str) -> str:
        if self.of <= 1 or self.count < ENOUGH:
            return ""
        ours, theirs = self._beside(legacy), self._beside(extracted)
        if ours or not theirs:
            return ""
        return f"no multiple of {self.of / 10**self.places:g} as legacy's are"

    def _beside(self, shown: str) -> bool:
        number = _lattice(shown)
        if number is None:
            return False
        value, places = number
        if places > self.places:
            more = 10 ** (places - self.places)
            return bool((value - self.first * more) % (self.of * more))
        return bool((value * 10 ** (self.places - places) - self.first) % self.of)


@lru_cache(maxsize=4096)
def _lattice(shown: str) -> tuple[int, int] | None:
    """A number without its point, and its decimals; seconds of a time."""
    form = form_of(shown)
    if form.amount is None or form.places > DEEP or form.name == "digits":
        return None
    if form.name == "number":
        if "e" in shown or "E" in shown or form.slack > LATER:
            return None
        return int(shown.replace(".", "")), form.places
    if form.slack == LATER and not form.places:
        return int(form.amount), 0
    return None

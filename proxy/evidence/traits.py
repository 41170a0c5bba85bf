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
  corner when it is asked again, and legacy was there neither time, the two chances multiply: CORNER**2 at most.
- *Letters* that legacy never used in this field, and *words* where it has a closed vocabulary and nothing that mixes
  letters with digits. Each of those it uses must have been used in TIMES values or more (a letter as common as the
  rarest of them, unseen: e**-TIMES), and none may be new in the last half of all values. Numbers are no words, and
  their digits are no letters: they tick.
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
MANY = 400  # values before it is known where the corner is
TIMES = 5  # values that have each letter, before another is off
WORDS = 64  # of a closed vocabulary, at most
LONG = 6  # characters of a word that say something of how it is drawn
MIXED = 200  # letters and digits, more than a printable value has
DEEP = 15  # digits of numbers whose factors say something
TWOS = 1 << 20  # and the least number of which the factors of two do

_WORD = re.compile(r"[0-9A-Za-z\u0080-\U0010ffff]+")
_RUN = re.compile(r"([0-9A-Za-z])\1\1+")
_WHOLE = re.compile(r"-?[0-9]{1,40}")
_OTHERS = [chr(code) for code in range(128) if not chr(code).isalnum()]
_DIGITS, _SMALL, _CAPITAL = (
    dict.fromkeys(map(ord, [*_OTHERS, *letters]))
    for letters in ("0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
)

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


_SHORT = (0, 0, -MIXED, -MIXED, -MIXED)


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
        letters.update(word if word.isascii() else [char if char < "\x80" else "non-ASCII" for char in word])
        if len(word) > len(longest):
            longest = word
        if not word.isalpha():
            spoken = None
        elif spoken is not None and len(word) > 1:
            spoken.append(crc32(word.encode(errors="backslashreplace")))
    run = max([len(found[0]) for found in _RUN.finditer(shown)], default=2)
    drawn = (*_drawn(longest), *_kinds(shown)) if len(longest) >= LONG else _SHORT
    return Measured((run, *drawn, *_factors(shown)), frozenset(letters), None if spoken is None else frozenset(spoken))


def _drawn(word: str) -> tuple[int, int]:
    """How little a word looks drawn at random."""
    return len(word) - len(set(word)), len(word) - (word + word).find(word, 1)


def _kinds(shown: str) -> tuple[int, int, int]:
    """How few exceptions there are among letters and digits where most are of one kind."""
    others = [len(shown.translate(table)) for table in (_DIGITS, _SMALL, _CAPITAL)]
    most = sum(others) / 4  # each letter or digit is another than two of the three kinds
    digits, small, capital = (-number if number <= most else -MIXED for number in others)
    return digits, small, capital


def _factors(shown: str) -> tuple[int, int]:
    if not _WHOLE.fullmatch(shown):
        return 0, 0
    number = abs(int(shown))
    zeros = len(shown) - len(shown.rstrip("0")) if number else 0
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


class Traits:
    """Of one field. `count` values were seen."""

    __slots__ = ("count", "degrees", "grew", "letters", "scarce", "scarce_words", "step", "words", "words_grew")

    def __init__(self) -> None:
        self.count = 0
        self.degrees = [Degree() for _ in DEGREES]
        self.letters: dict[str, int] = {}
        self.scarce = self.grew = 0  # letters seen in fewer than TIMES values; at which value the latest was new
        self.words: dict[int, int] | None = {}
        self.scarce_words = self.words_grew = 0
        self.step = Step()

    def see(self, shown: str) -> None:
        """Takes in one value of legacy."""
        if "…" in shown:
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
        ours, theirs = measured(legacy), measured(extracted)
        new = theirs.letters.difference(self.letters, ours.letters)
        if new and not self.scarce and self._is_calm(self.grew):
            return f"letters that legacy never has here ({', '.join(sorted(new))[:40]})"
        new_words = theirs.words.difference(self.words, ours.words or ()) if self.words and theirs.words else None
        if new_words and not self.scarce_words and self._is_calm(self.words_grew):
            return "a word that legacy never has here"
        for degree, name, value, mine in zip(self.degrees, DEGREES, theirs.degrees, ours.degrees, strict=True):
            if value > degree.most and value > mine and degree.chance(value, self.count) < NEVER:
                return f"more than legacy ever has of: {name}"
        return "" if has_few else self.step.off(legacy, extracted)

    def is_striking(self, legacy: str, extracted: str) -> bool:
        """Whether a value lies in a corner of what legacy says, and legacy's own answer does not."""
        return bool(self._corners(legacy, extracted))

    def off_twice(self, legacy: Iterable[str], extracted: tuple[str, str]) -> str:
        """Why two answers of the extracted side to one request, unlike both of legacy's, are too much of a chance."""
        once, again = extracted
        ours = [measured(one).degrees for one in legacy]
        both = set(self._corners("", once)) & set(self._corners("", again))
        for at in both:
            least = min(measured(once).degrees[at], measured(again).degrees[at])
            if all(one[at] < least for one in ours):
                return f"twice what legacy hardly ever has: {DEGREES[at]}"
        return ""

    def _corners(self, legacy: str, extracted: str) -> list[int]:
        if self.count < MANY or "…" in extracted:
            return []
        ours, theirs = measured(legacy).degrees, measured(extracted).degrees
        return [
            at
            for at, (degree, value) in enumerate(zip(self.degrees, theirs, strict=True))
            if (not legacy or value > ours[at])
            and len(degree.counts) > 1
            and degree.chance(value, self.count) <= CORNER
        ]

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
        if "e" in shown or "E" in shown:
            return None
        return int(shown.replace(".", "")), form.places
    if form.slack == LATER and not form.places:
        return int(form.amount), 0
    return None

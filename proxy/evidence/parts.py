"""What stays the same within a value that varies: legacy's own two answers to one request show it.

A signed URL is new each time, and still points to the same file; a token has three segments, and the first is always
the same; a sentence with the time of day is about the same customer. So a text is cut at its separators into a frame
(the separators, and whether it begins or ends with one) and words. Where all pairs of legacy's answers to one request
had one frame, an extracted answer with another frame than legacy's is off; and so is another word at a place where
legacy's two answers always had the same one.

Words of digits tick, and the extracted side is asked at another time. They are numbers, and off where they are much
further from legacy's than legacy's two answers ever were from each other: the hour of a clock of twelve hours. Numbers
of two digits that a colon joins are one clock that goes round, so that the minute does not hide the hour. A step by one
is never off, nor what comes after it, for that may begin again (`1,998` and `2,003`, the hour at midnight), nor is
a number that begins again at 0 or 1 (the day of a month).

But a number may be the request's own: beside a session and the time there is a basket of three, of four, of three. It
goes up and down from one request to the next (TURNS times), which nothing does that ticks, and never differs between
two answers to the same one (STANDS times). Of such a number any other is off, also 0 and one less.

Twice: cut at everything that is neither letter nor digit, and, as base64 has some of these by chance, cut only at what
joins the segments of tokens, addresses and sentences. What varies once is never judged again. Of values only the last
one's numbers are kept, in memory only; else how often each place agreed, and how far its numbers were apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from proxy.evidence.form import LATER, form_of

ENOUGH = 20  # pairs of legacy's answers that differed as a whole
MOST = 48  # words
DAY = 86_400  # seconds
TURNS, STANDS = 40, 200

_FINE = re.compile(r"([^0-9A-Za-z]+)")
_COARSE = re.compile(r"""([./?&:;,|@#\s"]+)""")


class Parts:
    """What pairs of legacy's answers had in common. `framed`: how many had one frame; -1 when one had not. `steady`:
    the same of each word; `apart`: of each the most that two numbers there were apart, -1 where they are none; `turns`:
    how often a number began to fall, or to rise again, from one request to the next."""

    __slots__ = ("_cut", "_last", "apart", "framed", "steady", "turns")

    def __init__(self, cut: re.Pattern[str]) -> None:
        self._cut = cut
        self.framed = 0
        self.steady: list[int] = []
        self.apart: list[float] = []
        self.turns: list[int] = []
        self._last: dict[int, tuple[int, bool]] = {}  # by place: the number, and whether it rose

    def see(self, one: str, other: str) -> None:
        """Takes in two answers of legacy to one request."""
        if self.framed < 0:
            return
        (frame, words), (frame_2, words_2) = _parts(self._cut, one), _parts(self._cut, other)
        if frame != frame_2:
            self.framed, self.steady, self.apart = -1, [], []
            return
        self.framed += 1
        self.steady += [0] * (len(words) - len(self.steady))
        for at, (word, word_2) in enumerate(zip(words, words_2, strict=True)):
            if word != word_2:
                self.steady[at] = -1
            elif self.steady[at] >= 0:
                self.steady[at] += 1
        self.apart += [0.0] * (len(words) - len(self.apart))
        known, self.apart = self.apart, [-1.0] * len(self.apart)
        for at, one_number, other_number in _numbers(frame, words, words_2):
            if known[at] >= 0:
                self.apart[at] = max(known[at], _distance(one_number, other_number))
        self._count_turns(words)

    def _count_turns(self, words: list[str]) -> None:
        self.turns += [0] * (len(words) - len(self.turns))
        for at, word in enumerate(words):
            if self.steady[at] < 0 or not word.isdecimal():
                continue
            number = int(word)
            last, rose = self._last.get(at, (number, True))
            if number != last:
                self.turns[at] += rose != (number > last)
                rose = number > last
            self._last[at] = number, rose

    @property
    def is_known(self) -> bool:
        """Whether enough pairs had one frame."""
        return self.framed >= ENOUGH

    def off(self, legacy: str, extracted: str) -> str:
        """What is otherwise than in legacy's answer to the same request, and never was on legacy; "" for nothing. To be
        asked only when it `is_known`."""
        (frame, words), (frame_2, words_2) = _parts(self._cut, legacy), _parts(self._cut, extracted)
        if frame != frame_2:
            return "put together otherwise than legacy's answer to this request"
        for at, (word, word_2, times) in enumerate(zip(words, words_2, self.steady, strict=False)):
            if word == word_2 or times < ENOUGH:
                continue
            if not (word.isdigit() and word_2.isdigit()):
                return "another word where legacy says the same twice"
            if times >= STANDS and at < len(self.turns) and self.turns[at] >= TURNS:
                return "another number where legacy says each request's own twice"
        for at, ours, theirs in _numbers(frame, words, words_2):
            known = self.apart[at] if at < len(self.apart) else -1.0
            if known >= 0 and _is_further(ours, theirs, (3 + 16 / self.framed) * known):
                return f"a number in it is {_distance(ours, theirs):g} apart where legacy's are at most {known:g}"
            if _distance(ours, theirs) == 1:
                return ""  # what comes after it may begin again
        return ""


def fine_and_coarse() -> tuple[Parts, Parts]:
    """The two ways to cut."""
    return Parts(_FINE), Parts(_COARSE)


@lru_cache(maxsize=4096)
def _parts(cut: re.Pattern[str], text: str) -> tuple[tuple[object, ...], list[str]]:
    pieces = cut.split(text)
    return (*pieces[1::2], pieces[0] == "", pieces[-1] == ""), pieces[::2][:MOST]


class _Number(NamedTuple):
    """A word of digits, or a clock. `slack` for the time between two questions; `round` is where it begins again."""

    amount: float
    slack: float = 1.0
    round: float = 0.0


def _numbers(frame: tuple[object, ...], one: list[str], other: list[str]) -> Iterator[tuple[int, _Number, _Number]]:
    """The places where both have a number; of a clock, that of its hour."""
    at = 0
    while at < len(one):
        length = 1
        while length < 3 and at + length < len(one) and frame[at + length - 1] == ":":
            length += 1
        if length > 1 and (ours := _clock(one[at : at + length])) and (theirs := _clock(other[at : at + length])):
            yield at, ours, theirs
            at += length
            continue
        if one[at].isdecimal() and other[at].isdecimal():
            yield at, _number(one[at]), _number(other[at])
        at += 1


def _clock(words: list[str]) -> _Number | None:
    if any(len(word) != 2 or not word.isdecimal() for word in words):
        return None
    hour, minute, *second = map(int, words)
    return _Number(3600 * hour + 60 * minute + sum(second), LATER + 60 * (not second), DAY)


def _number(word: str) -> _Number:
    return _Number(float(word), max(1.0, form_of(word).slack))


def _distance(one: _Number, other: _Number) -> float:
    apart = abs(one.amount - other.amount)
    return min(apart, one.round - apart) if one.round else apart


def _is_further(ours: _Number, theirs: _Number, room: float) -> bool:
    if not ours.round and min(ours.amount, theirs.amount) <= 1:
        return False
    return _distance(ours, theirs) > room + max(ours.slack, theirs.slack)

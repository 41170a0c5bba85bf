"""What stays the same within a value that varies: legacy's own two answers to one request show it.

A signed URL is new each time, and still points to the same file; a token has three segments, and the first is always
the same; a sentence with the time of day is about the same customer. So a text is cut at its separators into a frame
(the separators, and whether it begins or ends with one) and words. Where all pairs of legacy's answers to one request
had one frame, an extracted answer with another frame than legacy's is off; and so is another word at a place where
legacy's two answers always had the same one. Words of digits alone are not judged: they tick, and the extracted side is
asked at another time.

Twice: cut at everything that is neither letter nor digit, and, as base64 has some of these by chance, cut only at what
joins the segments of tokens, addresses and sentences. What varies once is never judged again. No piece of a value is
kept, only how often each place agreed.
"""

from __future__ import annotations

import re
from functools import lru_cache

ENOUGH = 20  # pairs of legacy's answers that differed as a whole
MOST = 48  # words

_FINE = re.compile(r"([^0-9A-Za-z]+)")
_COARSE = re.compile(r"""([./?&:;,|@#\s"]+)""")


class Parts:
    """What pairs of legacy's answers had in common. `framed`: how many had one frame; -1 when one had not. `steady`:
    the same of each word."""

    __slots__ = ("_cut", "framed", "steady")

    def __init__(self, cut: re.Pattern[str]) -> None:
        self._cut = cut
        self.framed = 0
        self.steady: list[int] = []

    def see(self, one: str, other: str) -> None:
        """Takes in two answers of legacy to one request."""
        if self.framed < 0:
            return
        (frame, words), (frame_2, words_2) = _parts(self._cut, one), _parts(self._cut, other)
        if frame != frame_2:
            self.framed, self.steady = -1, []
            return
        self.framed += 1
        self.steady += [0] * (len(words) - len(self.steady))
        for at, (word, word_2) in enumerate(zip(words, words_2, strict=True)):
            if word != word_2:
                self.steady[at] = -1
            elif self.steady[at] >= 0:
                self.steady[at] += 1

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
        for word, word_2, times in zip(words, words_2, self.steady, strict=False):
            if word != word_2 and times >= ENOUGH and not (word.isdigit() and word_2.isdigit()):
                return "another word where legacy says the same twice"
        return ""


def fine_and_coarse() -> tuple[Parts, Parts]:
    """The two ways to cut."""
    return Parts(_FINE), Parts(_COARSE)


@lru_cache(maxsize=4096)
def _parts(cut: re.Pattern[str], text: str) -> tuple[tuple[object, ...], list[str]]:
    pieces = cut.split(text)
    return (*pieces[1::2], pieces[0] == "", pieces[-1] == ""), pieces[::2][:MOST]

"""What a comparison shows of its two answers, by path and by place; short texts word by word, too, and all texts piece
by piece: cut at everything that is no letter or digit, and once more with the signs of Base64 left in, since a random
value would have more pieces or fewer each time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from proxy.evidence.asked import Seen
from proxy.evidence.related import words_of
from proxy.model.comparison import Kind

WORD = "\n"  # between a path and the number of a word in its text
PIECE = WORD + "~"  # between a path and a piece: its line in a text of lines, else 0, a colon, its number
LONG = 6  # characters: shorter pieces are found in many a text
PIECES = 24  # of one value
GONE = frozenset({Kind.MISSING, Kind.TYPE, Kind.LENGTH})  # what such a difference holds cannot be compared
SIMPLE = frozenset({Kind.VALUE, Kind.HEADER})
_INDEX = re.compile(r"\[(\d+)\]")
_CUTS = {0: re.compile(r"[0-9A-Za-z\u0080-\U0010ffff]+"), PIECES: re.compile(r"[0-9A-Za-z+/]+")}  # by first number


class Spoken(NamedTuple):
    """Two answers at one place, "" where one has nothing. `is_value`: both have a value, shown whole."""

    one: str
    two: str
    is_value: bool


Places = dict[str, Spoken]  # by the indexes of the lists that a place is in


class Wanted:
    """What is to be told of: these paths, with the texts that their words and pieces are in."""

    __slots__ = ("paths", "pieces")

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self.paths: set[str] = set()
        self.pieces: dict[str, dict[int, list[tuple[int, str]]]] = {}  # by text and line: numbers, and their paths
        for path in paths:
            text, mark, rest = path.partition(WORD)
            self.paths.add(text)
            if mark and rest[0] == PIECE[1]:
                line, number = rest[1:].split(":")
                self.pieces.setdefault(text, {}).setdefault(int(line), []).append((int(number), path))
            else:
                self.paths.add(text + mark)


def spoken_of(seen: Seen, wanted: Wanted | None = None) -> dict[str, Places]:
    """Where two answers differ: all paths and words, or what is `wanted`; paths of words hold the path of their text,
    WORD and a number, and are there where the words are as many in both."""
    found: dict[str, Places] = {}
    for (path, kind), places in seen.all_places:
        if (kind not in SIMPLE and kind not in GONE) or (wanted is not None and path not in wanted.paths):
            continue
        by_index = found.setdefault(path, {})
        for place, (one, two) in places.items():
            is_value = kind in SIMPLE and bool(one and two) and "…" not in one and "…" not in two
            by_index[index_of(place)] = Spoken(one, two, is_value)
    for path in list(found):
        if wanted is None or path + WORD in wanted.paths:
            _add_words(path, found)
    if wanted is not None and wanted.pieces:
        _add_pieces(seen, wanted.pieces, found)
    return found


def _add_pieces(seen: Seen, wanted: dict[str, dict[int, list[tuple[int, str]]]], found: dict[str, Places]) -> None:
    for (path, kind), places in seen.told_places:
        if path in wanted and 0 in wanted[path] and kind in SIMPLE:
            for place, both in places.items():
                _add(wanted[path][0], index_of(place), *both, found)
    for path, line, one, two in seen.lines:
        if path in wanted and line in wanted[path]:
            _add(wanted[path][line], "", one, two, found)


def _add(numbers: list[tuple[int, str]], index: str, one: str, two: str, found: dict[str, Places]) -> None:
    for number, path in numbers:
        first = number // PIECES * PIECES
        ours, theirs = _cut(one, first), _cut(two, first)
        if len(ours) == len(theirs) > number - first:
            found.setdefault(path, {})[index] = Spoken(ours[number - first], theirs[number - first], True)


def pieces_of(seen: Seen) -> dict[str, Places]:
    """The pieces in which two answers differ, of LONG characters or more, where a value has as many in both. Of values
    that say the same only the first. What is to be new each time counts, too: a header may have to say it."""
    found: dict[str, Places] = {}
    told: set[tuple[str, str, str]] = set()
    for (path, kind), places in seen.told_places:
        if kind not in SIMPLE or ".*" in path:
            continue
        for place, (one, two) in places.items():
            index = index_of(place)
            if (index, one, two) not in told:
                told.add((index, one, two))
                _tell(f"{path}{PIECE}0", index, one, two, found)
    for path, line, one, two in seen.lines:
        _tell(f"{path}{PIECE}{line}", "", one, two, found)
    return found


def _tell(path: str, index: str, one: str, two: str, found: dict[str, Places]) -> None:
    whole: set[Spoken] = set()  # with the signs of Base64: what is the same without them is not told again
    for first in (PIECES, 0):
        ours, theirs = _cut(one, first), _cut(two, first)
        if len(ours) != len(theirs):
            continue
        both = [Spoken(*pair, True) for pair in zip(ours, theirs, strict=True)]
        for number, piece in enumerate(both, first):
            if piece.one != piece.two and len(piece.one) >= LONG and piece not in whole:
                found.setdefault(f"{path}:{number}", {})[index] = piece
        whole.update(both)


@lru_cache(maxsize=2048)
def _cut(shown: str, first: int) -> list[str]:
    """Its pieces; none where it is not shown whole, or has too many."""
    pieces = [] if "…" in shown else _CUTS[first].findall(shown)
    return pieces if len(pieces) <= PIECES else []


def _add_words(path: str, found: dict[str, Places]) -> None:
    for index, (one, two, is_value) in found[path].items():
        if not is_value or not (one[0] == '"' or path.startswith("header:")):
            continue
        ours, theirs = words_of(one), words_of(two)
        if len(ours) != len(theirs):
            continue
        for number, words in enumerate(zip(ours, theirs, strict=True)):
            found.setdefault(f"{path}{WORD}{number}", {})[index] = Spoken(*words, True)


def is_hidden(path: str, gone: list[str]) -> bool:
    """Whether something that holds the path is in one of the answers alone."""
    return any(path.startswith((f"{one}.", f"{one}[", one + WORD)) for one in gone)


def list_of(path: str) -> str:
    """The innermost list that a path is in, "" when it is in none."""
    return path.rpartition("[*]")[0]


@lru_cache(maxsize=4096)
def index_of(place: str) -> str:
    """The indexes of the lists that a place is in."""
    return ",".join(_INDEX.findall(place)) if "[" in place else ""

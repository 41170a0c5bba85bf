"""What a comparison shows of its two answers, by path and by place; short texts word by word, too, and all texts piece
by piece: cut at everything that is no letter or digit."""

from __future__ import annotations

import re
from collections.abc import Container
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
_PIECE = re.compile(r"[^\W_]+")


class Spoken(NamedTuple):
    """Two answers at one place, "" where one has nothing. `is_value`: both have a value, shown whole."""

    one: str
    two: str
    is_value: bool


Places = dict[str, Spoken]  # by the indexes of the lists that a place is in


def spoken_of(seen: Seen, wanted: Container[str] | None = None) -> dict[str, Places]:
    """Where two answers differ: all paths, or those `wanted`; paths of words hold the path of their text, WORD and a
    number, and are there where the words are as many in both."""
    found: dict[str, Places] = {}
    for (path, kind), places in seen.all_places:
        if (kind not in SIMPLE and kind not in GONE) or (wanted is not None and path not in wanted):
            continue
        by_index = found.setdefault(path, {})
        for place, (one, two) in places.items():
            is_value = kind in SIMPLE and bool(one and two) and "…" not in one and "…" not in two
            by_index[index_of(place)] = Spoken(one, two, is_value)
    for path in list(found):
        if wanted is None or path + WORD in wanted:
            _add_words(path, found)
    if wanted is not None and PIECE in wanted:
        found.update(pieces_of(seen, wanted))
    return found


def wanted_for(path: str) -> tuple[str, ...]:
    """What `spoken_of` is to be asked for, to tell of this path."""
    text, mark, _ = path.partition(WORD)
    return (text, PIECE, text + PIECE, path) if PIECE in path else (text, text + mark)


def _add_words(path: str, found: dict[str, Places]) -> None:
    for index, (one, two, is_value) in found[path].items():
        if not is_value or not (one[0] == '"' or path.startswith("header:")):
            continue
        ours, theirs = words_of(one), words_of(two)
        if len(ours) != len(theirs):
            continue
        for number, words in enumerate(zip(ours, theirs, strict=True)):
            found.setdefault(f"{path}{WORD}{number}", {})[index] = Spoken(*words, True)


def pieces_of(seen: Seen, wanted: Container[str] | None = None) -> dict[str, Places]:
    """The pieces in which two answers differ, of LONG characters or more, or those `wanted`, whatever they are; where a
    value has as many in both. Of values that say the same only the first."""
    found: dict[str, Places] = {}
    told: set[tuple[str, str, str]] = set()
    for (path, kind), places in seen.all_places:
        if kind not in SIMPLE or ".*" in path or (wanted is not None and path + PIECE not in wanted):
            continue
        for place, (one, two) in places.items():
            index = index_of(place)
            if wanted is None and (index, one, two) in told:
                continue
            told.add((index, one, two))
            _add_pieces(f"{path}{PIECE}0", index, one, two, found, wanted)
    for path, line, one, two in seen.lines if wanted is None or PIECE in wanted else ():
        if wanted is None or path + PIECE in wanted:
            _add_pieces(f"{path}{PIECE}{line}", "", one, two, found, wanted)
    return found


def _add_pieces(
    path: str, index: str, one: str, two: str, found: dict[str, Places], wanted: Container[str] | None
) -> None:
    if "…" in one or "…" in two:
        return
    ours, theirs = _cut(one), _cut(two)
    if len(ours) != len(theirs) or len(ours) > PIECES:
        return
    for number, (piece, other) in enumerate(zip(ours, theirs, strict=True)):
        name = f"{path}:{number}"
        if (piece != other and len(piece) >= LONG) if wanted is None else name in wanted:
            found.setdefault(name, {})[index] = Spoken(piece, other, True)


@lru_cache(maxsize=4096)
def _cut(shown: str) -> tuple[str, ...]:
    return tuple(_PIECE.findall(shown))


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

"""What a comparison shows of its two answers, by path and by place; short texts word by word, too."""

from __future__ import annotations

import re
from collections.abc import Container
from functools import lru_cache
from typing import NamedTuple

from proxy.evidence.asked import Seen
from proxy.evidence.related import words_of
from proxy.model.comparison import Kind

WORD = "\n"  # between a path and the number of a word in its text
GONE = frozenset({Kind.MISSING, Kind.TYPE, Kind.LENGTH})  # what such a difference holds cannot be compared
_SIMPLE = frozenset({Kind.VALUE, Kind.HEADER})
_INDEX = re.compile(r"\[(\d+)\]")


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
        if (kind not in _SIMPLE and kind not in GONE) or (wanted is not None and path not in wanted):
            continue
        by_index = found.setdefault(path, {})
        for place, (one, two) in places.items():
            is_value = kind in _SIMPLE and bool(one and two) and "…" not in one and "…" not in two
            by_index[_indexes(place)] = Spoken(one, two, is_value)
    for path in list(found):
        if wanted is None or path + WORD in wanted:
            _add_words(path, found)
    return found


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
    return any(path.startswith((f"{one}.", f"{one}[")) for one in gone)


def list_of(path: str) -> str:
    """The innermost list that a path is in, "" when it is in none."""
    return path.rpartition("[*]")[0]


@lru_cache(maxsize=4096)
def _indexes(place: str) -> str:
    return ",".join(_INDEX.findall(place)) if "[" in place else ""

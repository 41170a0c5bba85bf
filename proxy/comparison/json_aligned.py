"""The short way through two JSON texts that are equal but for some scalars: a request id, a time, a fee.

Nearly all pairs that are not byte-equal are of this kind, and reading both texts only to find one id is most of the
work. So the texts are laid side by side from the left. Where they part, the scalar that holds the place is read in
both, and they go on after it. Then *one* text is read, with a mark for each of those scalars, to learn that it is JSON
and where the marks are. What remains is given to the rules, scalar by scalar.

This is exact, not a guess. A place is inside a string when an odd number of quotes comes before it, escaped ones left
out; a mark counts only where the reader met it as a value; JSON with one scalar replaced by another is JSON. Where
anything else differs (a name, white space, structure), or a rule or a document needs more than the differing scalars
to judge, the answer is None, and both texts are read and walked. Both ways find the same.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import count
from json import JSONDecoder
from typing import Any, NamedTuple

from proxy.comparison import json_text
from proxy.comparison.findings import BudgetSpent, Findings, first_difference, member_steps, shown
from proxy.comparison.forms import MAP_FROM, canonical
from proxy.comparison.json_walk import MAX_DEPTH, Walk
from proxy.comparison.rules import State
from proxy.model.comparison import Kind, Risk

MOST = 1000  # differing scalars; more are walked
_MANY = 40  # differing scalars after which it is worth asking whether something else differs, too
_STRIDE = 256  # characters; doubled while the texts agree
_BARE = "+-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"  # of numbers, true, false and null
_LONGEST = 64  # characters of a number or name looked back over

_marks = count()
_scan = JSONDecoder(
    parse_int=bool,  # values do not matter here: numbers become True, the cheapest to make
    parse_float=bool,
    parse_constant=partial(next, _marks),  # so only a mark is an int
    object_pairs_hook=tuple,  # repeated names stay, and an object is not an array
).scan_once  # type: ignore[attr-defined]  # as in json_text
_Element = tuple[int, Any]  # the id of an array, and the number of an element in it
_NO_ARRAYS: tuple[_Element, ...] = ()
_NO_SCALAR = ("", "{", "[")
_MARK = "NaN"  # read by no JSON text that is one, and by the reader's `parse_constant` alone


Scalars = tuple[Any, Any]  # one differing value, as `json_text.read` reads it in both texts


class _Unsure(Exception):  # noqa: N818 - read as a word
    """More than the differing scalars is needed to judge."""


# A container on the way to a mark: its parent's trail (None for the document), itself, its name or index there.
_Trail = tuple[Any, Any, Any]


class _Spot(NamedTuple):
    """What holds for the values directly inside a container. `arrays` are those around it, each with the number of the
    element, `own` is itself if it is one. `skip` when a rule ignores it with all it holds; `inner` is the place in an
    element of the innermost array."""

    state: State
    path: str
    place: str
    depth: int
    arrays: tuple[_Element, ...]
    own: int
    skip: bool
    inner: str


def aligned(left: str, right: str, root: State, budget: int) -> Findings | None:
    """What the walk of the two documents would find, or None when only the walk can tell."""
    parted = None if root.renames else _part(left, right)  # a renaming has to explain what is equal, too
    if parted is None:
        return None
    text, scalars = parted
    found = Findings(budget)
    try:
        document = _read(text, len(scalars))
        if scalars:
            _Judge(found, root, len(left) + len(right)).judge(scalars, _trails(document, len(scalars)))
    except (_Unsure, BudgetSpent, RecursionError):
        return None
    return found


def _part(left: str, right: str) -> tuple[str, list[Scalars]] | None:
    """`left` with a mark for each scalar that differs, and those scalars; None when something else differs."""
    at = other = kept = 0  # places in left and right, outside of strings; the end of what was taken into pieces
    pieces: list[str] = []
    scalars: list[Scalars] = []
    while (length := _agree(left, right, at, other)) >= 0:
        length = _token_start(left[at : at + length])
        start, other_start = at + length, other + length
        if left[start : start + 1] in _NO_SCALAR or right[other_start : other_start + 1] in _NO_SCALAR:
            return None
        try:
            one, at = json_text.scan(left, start)
            two, other = json_text.scan(right, other_start)
        except (StopIteration, ValueError):
            return None
        if one != two:  # else written in two ways, such as an escaped slash
            pieces.append(left[kept:start])
            scalars.append((one, two))
            kept = at
            if len(scalars) > MOST or (len(scalars) == _MANY and _unlike(left, right)):
                return None
    pieces.append(left[kept:])
    return _MARK.join(pieces), scalars


def _unlike(left: str, right: str) -> bool:
    """Whether the texts have surely not the same structure, or so many signs in strings that it does not matter."""
    return any(left.count(sign) != right.count(sign) for sign in "{[,")


def _agree(left: str, right: str, at: int, other: int) -> int:
    """How many characters agree from the two places on; -1 when all do."""
    if left[at:] == right[other:]:
        return -1
    start, stride = at, _STRIDE
    while (one := left[at : at + stride]) == (two := right[other : other + stride]):
        at += stride
        other += stride
        stride *= 2
    return at - start + first_difference(one, two)


def _token_start(text: str) -> int:
    """Where the token begins that `text` breaks off in, or its length if it ends between tokens. `text` begins outside
    of strings."""
    quotes = text if "\\" not in text else text.replace("\\\\", "").replace('\\"', "")
    if quotes.count('"') % 2 == 0:
        tail = text[-_LONGEST:]
        return len(text) - len(tail) + len(tail.rstrip(_BARE))
    at = text.rfind('"')
    while text[at - 1 : at] == "\\" and (at - len(text[:at].rstrip("\\"))) % 2:
        at = text.rfind('"', 0, at)
    return at


def _read(text: str, marks: int) -> Any:
    """The structure: tuples of pairs for objects, lists for arrays, an int for a mark, increasing in their order."""
    before = next(_marks)
    try:
        document, end = _scan(text, len(text) - len(text.lstrip(json_text.SPACE)))
    except (StopIteration, ValueError):
        raise _Unsure from None
    if text[end:].strip(json_text.SPACE) or next(_marks) - before - 1 != marks:  # a NaN of the text's own
        raise _Unsure
    return document


def _trails(document: Any, marks: int) -> list[tuple[_Trail | None, Any]]:
    """For each mark, in the order of the text, the trail of its container and its name or index in it.

    Level by level: what differs lies mostly near the top, and nothing below the last mark is looked at."""
    if type(document) is int:
        return [(None, None)]
    found: list[tuple[int, _Trail, Any]] = []
    waiting: list[_Trail] = [(None, document, None)]
    for trail in waiting:
        node = trail[1]
        for step, value in node if type(node) is tuple else enumerate(node):
            kind = type(value)
            if kind is str or kind is bool:
                continue
            if kind is int:
                found.append((value, trail, step))
            elif value:
                waiting.append((trail, value, step))
        if len(found) == marks:
            break
    found.sort(key=_first)
    return [(trail, step) for _, trail, step in found]


def _first(found: tuple[int, _Trail, Any]) -> int:
    return found[0]


class _Array:
    """The differing scalars below one array: their forms on both sides, the same by their place in an element where
    this is the innermost array around them, and the elements that differ."""

    __slots__ = ("by_inner", "different", "ours", "theirs", "unexplained")

    def __init__(self) -> None:
        self.unexplained = 0
        self.different: set[int] = set()
        self.ours: list[Any] = []
        self.theirs: list[Any] = []
        self.by_inner: dict[str, tuple[list[Any], list[Any]]] = {}

    @property
    def unsure(self) -> bool:
        """Whether the walk might find that elements are in another order, or shifted.

        Order: the same elements on both sides have the same differing scalars. A shift takes three or more, most of
        which are the same as another one that differs; not so when all of them differ in one place, in values of their
        own side only."""
        if self.unexplained < 2:
            return False
        if Counter(self.ours) == Counter(self.theirs):
            return True
        count = len(self.different)
        return count > 2 and not any(
            len(ours) == count and set(ours).isdisjoint(theirs) for ours, theirs in self.by_inner.values()
        )


class _Judge:
    """The rules applied to the scalars of one pair; each container on the way is looked at once."""

    __slots__ = ("arrays", "found", "root", "size", "spots", "walk")

    def __init__(self, found: Findings, root: State, size: int) -> None:
        self.found = found
        self.walk = Walk(found)
        self.root = root
        self.size = size  # characters of both texts: more than they have values
        self.spots: dict[int, _Spot] = {}  # by the id of the container
        self.arrays: dict[int, _Array] = {}  # likewise

    def judge(self, scalars: list[Scalars], trails: list[tuple[_Trail | None, Any]]) -> None:
        for (left, right), (trail, step) in zip(scalars, trails, strict=True):
            if trail is None:
                self.walk.values(left, right, self.root, "$", "$", 0)
                return
            spot = self.spots.get(id(trail[1])) or self.enter(trail)
            if not spot.skip:
                self.value(left, right, spot, step)
        for array in self.arrays.values():
            if array.unexplained > 1:
                self.found.spend(self.size)  # as much as the walk may need to see whether they are the same elements
                if array.unsure:
                    raise _Unsure

    def value(self, left: Any, right: Any, spot: _Spot, step: str | int) -> None:
        found = self.found
        before = found.unexplained
        state, path, place, inner = _child(spot, step)
        self.walk.values(left, right, state, path, place, spot.depth)
        around = (*spot.arrays, (spot.own, step)) if spot.own else spot.arrays
        if not around or state.ignore:
            return
        ours, theirs = (path, canonical(left, state, found)), (path, canonical(right, state, found))
        for number, at in around:
            array = self.arrays[number]
            array.unexplained += found.unexplained - before
            array.ours.append(ours)
            array.theirs.append(theirs)
            if ours != theirs:
                array.different.add(at)
        same_place = array.by_inner.setdefault(inner, ([], []))
        same_place[0].append(ours)
        same_place[1].append(theirs)

    def enter(self, trail: _Trail) -> _Spot:
        parent, node, step = trail
        state, path, place, depth, arrays, inner = self.root, "$", "$", 0, _NO_ARRAYS, ""
        if parent is not None:
            outer = self.spots.get(id(parent[1])) or self.enter(parent)
            if outer.skip:
                self.spots[id(node)] = outer
                return outer
            state, path, place, inner = _child(outer, step)
            depth, arrays = outer.depth, outer.arrays
            if outer.own:
                arrays = (*arrays, (outer.own, step))
        is_object = type(node) is tuple
        size = len(dict(node)) if is_object else len(node)
        if size != len(node) or depth >= MAX_DEPTH or (state.unordered is not None and not is_object):
            raise _Unsure
        if is_object and size > MAP_FROM and not state.ignore:
            raise _Unsure  # perhaps a map
        if state.ignore:
            whole = shown(dict(node) if is_object else node)
            self.walk.note(path, Kind.VALUE, Risk.MEDIUM, whole, whole, place, state.ignore)
        self.found.spend(2 * size)
        own = 0
        if not is_object:
            own = id(node)
            self.arrays[own] = _Array()
        spot = self.spots[id(node)] = _Spot(state, path, place, depth + 1, arrays, own, bool(state.ignore), inner)
        return spot


def _child(spot: _Spot, step: str | int) -> tuple[State, str, str, str]:
    """State, path, place, and place in the innermost array's element, of what is at `step`."""
    if type(step) is str:
        folded, exact = member_steps(step)
        return spot.state.members[step], spot.path + folded, spot.place + exact, spot.inner + exact
    return spot.state.element, spot.path + "[*]", f"{spot.place}[{step}]", ""

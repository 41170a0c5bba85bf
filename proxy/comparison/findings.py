"""What a comparison has found so far: differences, how much work is left, and the signature that they add up to."""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from json.encoder import encode_basestring  # as `dumps(text, ensure_ascii=False)`, without an encoder for each call
from typing import NamedTuple

from proxy.comparison.json_text import type_name
from proxy.model.comparison import Difference, InPlace, Kind, Line, Risk
from proxy.model.field_path import write_step

KEPT = 200  # differences that a comparison carries; all are counted
EACH = 8  # of them with one path, kind and rule
SHOWN = 120  # characters of a printable form
LISTS = 8  # lists that are said in two ways
BUDGET = 200_000  # members and elements looked at, one by one, in one comparison


class Claim(NamedTuple):
    """Legacy's `left` is said to be the extracted side's `right`, by a `renamed` rule. `told`: the caller has noted it
    as a difference already, or there is none."""

    label: str
    path: str
    place: str
    left: str
    right: str
    told: bool


class BudgetSpent(Exception):  # noqa: N818 - read as a sentence
    """The pair is too much work."""


class Findings:
    """Differences found. `unexplained` counts those that no rule explains, `total` all; `kinds` holds every unexplained
    (path, kind), bounded by the budget only. Of the differences themselves at most EACH of a field and KEPT of each
    risk are kept, so that neither a noisy field in a long list nor a flood of lesser ones pushes another out.

    `claims` are the pairs of ids that one renaming has to explain (see `renaming`). `in_place` says some lists in the
    other way; so do `lines` of plain text."""

    __slots__ = (
        "budget",
        "claims",
        "explained",
        "high",
        "in_place",
        "kept",
        "kinds",
        "lines",
        "low",
        "medium",
        "total",
        "unexplained",
    )

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget = budget
        self.claims: list[Claim] = []
        self.explained: list[Difference] = []
        self.high: list[Difference] = []
        self.medium: list[Difference] = []
        self.low: list[Difference] = []
        self.kept: dict[tuple[str, Kind, str], int] = {}  # how many, by path, kind and rule
        self.kinds: set[tuple[str, Kind]] = set()
        self.in_place: list[InPlace] = []
        self.lines: list[Line] = []
        self.unexplained = 0
        self.total = 0

    def spend(self, work: int) -> None:
        """Raises BudgetSpent when the work exceeds what is left."""
        self.budget -= work
        if self.budget < 0:
            raise BudgetSpent

    def add(self, difference: Difference) -> None:
        self.total += 1
        if not difference.ignored_by:
            self.unexplained += 1
            self.kinds.add((difference.path, difference.kind))
        self._keep(difference)

    def is_full(self, path: str, kind: Kind, rule: str) -> bool:
        """Whether differences of this field and rule are only counted from now on."""
        return self.kept.get((path, kind, rule), 0) >= EACH

    def take(self, other: Findings) -> None:
        """Adds what `other` found; its budget is the caller's affair."""
        self.total += other.total
        self.unexplained += other.unexplained
        self.kinds |= other.kinds
        self.claims += other.claims
        self.in_place += other.in_place
        self.lines += other.lines
        for difference in (*other.high, *other.medium, *other.low, *other.explained):
            self._keep(difference)

    def replaces(self, path: str, place: str, by_place: Findings) -> None:
        """Notes what comparing a list place by place would have shown, where it was done otherwise."""
        if len(self.in_place) < LISTS:
            self.in_place.append(InPlace(path, place, frozenset(by_place.kinds), by_place.worst_first()))

    def worst_first(self) -> tuple[Difference, ...]:
        return tuple([*self.high, *self.medium, *self.low, *self.explained][:KEPT])

    def _keep(self, difference: Difference) -> None:
        rule, risk = difference.ignored_by, difference.risk
        field = difference.path, difference.kind, rule
        already = self.kept.get(field, 0)
        if already >= EACH:
            return
        self.kept[field] = already + 1
        if rule:
            kept = self.explained
        else:
            kept = self.high if risk is Risk.HIGH else self.medium if risk is Risk.MEDIUM else self.low
        if len(kept) < KEPT:
            kept.append(difference)


@lru_cache(maxsize=4096)
def signature_of(status_pair: tuple[int, int], kinds: tuple[tuple[str, Kind], ...]) -> str:
    """The stable key of equal mismatches, 12 hex digits: status pair and *every* path and kind that differs.

    All of them, not only the worst: who accepts "the fee differs" has not accepted "the fee differs and the customer
    is gone"."""
    text = repr((status_pair, [(path, kind.value) for path, kind in kinds]))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:12]


_ID = re.compile(
    r"\d+|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|(?=.*\d)(?:[a-z]{1,8}_)?[0-9a-zA-Z]{12,}|(?=.*\d)[0-9a-f]{8,}"
    r"|[a-z]{2,5}_(?=\w*\d)[0-9a-zA-Z]{6,}"
)


@lru_cache(maxsize=4096)
def member_steps(name: str, as_map: bool = False) -> tuple[str, str]:
    """How a member's name is written in a path and in a place. Names that look like ids, and all names of a map, become
    `.*` in the path: an object used as a map would else make a signature for each of its keys."""
    place = write_step(name)
    return (".*" if as_map or _ID.fullmatch(name) else place), place


def shown(value: object) -> str:
    """A short printable form of a read JSON value; no control characters whatever the value holds."""
    if isinstance(value, bytes):
        return capped(value.decode())
    if isinstance(value, str):
        return printable(value if len(value) <= SHOWN else value[:SHOWN] + "…")
    if isinstance(value, dict):
        text = value.get("#text")  # of an element of XML or HTML
        return f"element {shown(text)}" if text and isinstance(text, str) else f"object with {len(value)} members"
    if isinstance(value, list):
        return f"{type_name(value)} of {len(value)}"
    return json.dumps(value)


def shown_pair(left: str, right: str) -> tuple[str, str]:
    """Printable forms of two texts that differ: whole if short, else a window around the first difference."""
    if len(left) <= SHOWN and len(right) <= SHOWN:
        return printable(left), printable(right)
    start = max(0, first_difference(left, right) - SHOWN // 3)
    return _window(left, start), _window(right, start)


def first_difference(left: str, right: str) -> int:
    """The index of the first character that differs; the shorter length when one text begins with the other."""
    low, high = 0, min(len(left), len(right))
    while low < high:  # the longest common prefix by halving: slices compare faster than characters do
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def printable(text: str) -> str:
    quoted = encode_basestring(text)
    return quoted if quoted.isprintable() else json.dumps(text)


def capped(text: str) -> str:
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _window(text: str, start: int) -> str:
    piece = text[start : start + SHOWN]
    return ("…" if start else "") + printable(piece) + ("…" if start + SHOWN < len(text) else "")

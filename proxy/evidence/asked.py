"""A pair and what asking again said of it, by field: where which of its answers differ.

A field is a path and a kind of difference. Where every place of a field is known, places are told apart, else the field
differs as a whole.

*Lists in place.* Elements that moved are shown as another order, or as one missing here and one too many there. Of a
list that is drawn anew each time, or of the newest items of something that goes on, that is chance: two answers have
much in common now and then, and mostly not. Read place by place both are the same, so a difference of that kind is
explained, too, where everything it is place by place is legacy's noise (`instead`). A lost row is not: where
the lengths differ there is no such reading.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator
from itertools import chain

from proxy.evidence.form import LATER, form_of
from proxy.model.comparison import NEW_EACH_TIME, Comparison, Field, Kind
from proxy.model.noise import Reask

EACH = 8  # differences that a comparison keeps of one field: fewer are all there are
KEPT = 200  # and of all fields
CLOCK = 2.0  # seconds
BUSY = 429  # RFC 6585 section 4
_NEITHER = "", ""

Places = dict[str, tuple[str, str]]  # the two values by the place where they differ


def field_of(path: str, kind: Kind) -> Field:
    """The field under which a difference is learned: whether a member is there or not is one question."""
    return path, Kind.MISSING if kind is Kind.EXTRA else kind


def is_busy(status: int) -> bool:
    """An answer that says how the server is, not what it was asked for."""
    return status == BUSY or status >= 500


class Seen:
    """One comparison, by field. `body` and `status` say whether it can speak of bodies and of statuses; `veiled` holds
    what a ready-made rule passes over and what is to be new each time all the same; `lines` those of a text that
    differ, beside its difference."""

    __slots__ = ("_places", "body", "fields", "full", "lines", "status", "statuses", "veiled")

    def __init__(self, comparison: Comparison, in_place: bool = False) -> None:
        if in_place and comparison.in_place:
            comparison = _in_place(comparison)
        self.statuses = comparison.status_pair
        self.fields = {field_of(*field) for field in comparison.fields}
        self.status = comparison.reason is None and not any(kind is Kind.ERROR for _, kind in self.fields)
        self.body = self.status and self.statuses[0] == self.statuses[1]
        self.full = len(comparison.differences) == comparison.total or len(comparison.differences) < KEPT
        self.lines = comparison.lines
        self._places: dict[Field, Places] = {}
        self.veiled: dict[Field, Places] = {}
        for one in comparison.differences:
            if not one.ignored_by:
                known = self._places.setdefault(field_of(one.path, one.kind), {})
                legacy, extracted = known.get(one.place, _NEITHER)  # an element may be missing where another is extra
                known[one.place] = one.legacy or legacy, one.extracted or extracted
            elif one.ignored_by in NEW_EACH_TIME:
                self.veiled.setdefault((one.path, one.kind), {})[one.place] = one.legacy, one.extracted

    def speaks(self, field: Field) -> bool:
        return self.status if field[1] is Kind.STATUS else self.body

    def is_full(self, field: Field) -> bool:
        """Whether every place where the field differs is known."""
        if field[1] is Kind.BODY:
            return False  # where the first difference begins is no place of its own
        return field not in self.fields or (self.full and len(self.places(field)) < EACH)

    def places(self, field: Field) -> Places:
        return self._places.get(field, {})

    @property
    def all_places(self) -> ItemsView[Field, Places]:
        """What differs, by field."""
        return self._places.items()

    @property
    def told_places(self) -> Iterator[tuple[Field, Places]]:
        """What differs, and what is to be new each time though a rule passes over it."""
        return chain(self._places.items(), self.veiled.items())

    def lacks(self, field: Field, places: frozenset[str], by_place: bool) -> bool:
        """Whether what differs at all these places of `field` has nothing to be compared with here: the second side has
        no such element or another type there, or lacks what holds it."""
        path, kind = field
        if by_place:
            gone = {place for (_, other), known in self._places.items() if other in _GONE for place in known}
            own = gone if kind not in _GONE else set()
            return all(place in own or any(_is_within(place, one) for one in gone) for place in places)
        lost = {one for one, other in self.fields if other in _GONE}
        return (kind not in _GONE and path in lost) or any(_is_within(path, one) for one in lost)

    def apart(self, field: Field, by_place: bool) -> frozenset[str]:
        """As `where`, but times that differ by little are the same."""
        places = self.places(field)
        far = [place for place, (one, other) in places.items() if not is_near(one, other)]
        if by_place or (places and not far):
            return frozenset(far)
        return self.where(field, by_place)

    def where(self, field: Field, by_place: bool) -> frozenset[str]:
        """The places that differ; of the field as a whole, one place without a name."""
        if by_place:
            return frozenset(self.places(field))
        return frozenset(("",)) if field in self.fields else frozenset()


class Asked:
    """One pair asked again: all six comparisons of its four answers."""

    __slots__ = ("_in_place", "again", "both", "crossed", "first", "itself", "other")

    def __init__(self, first: Comparison, reask: Reask, in_place: bool = False) -> None:
        self._in_place: Asked | tuple[Comparison, Reask] | None = None
        if not in_place and any(one.in_place for one in (first, *reask)):
            self._in_place = first, reask
        self.first = Seen(first, in_place)
        self.again = Seen(reask.legacy_again, in_place)
        self.other = Seen(reask.extracted_again, in_place)
        self.itself = Seen(reask.extracted_itself, in_place)
        self.both = Seen(reask.both_again, in_place)
        self.crossed = Seen(reask.crossed, in_place)

    @property
    def fields(self) -> set[Field]:
        return set().union(*(seen.fields for seen in self._all))

    @property
    def _all(self) -> tuple[Seen, ...]:
        return self.first, self.again, self.other, self.itself, self.both, self.crossed

    @property
    def in_place(self) -> Asked:
        """The same with all lists read place by place."""
        if type(self._in_place) is tuple:
            self._in_place = Asked(*self._in_place, in_place=True)
        return self if self._in_place is None else self._in_place  # type: ignore[return-value]  # the tuple is gone

    def by_place(self, field: Field) -> bool:
        return all(seen.is_full(field) for seen in self._all)

    def stood(self, field: Field) -> frozenset[str]:
        """The places of the first comparison where both sides said the same again."""
        if not (self.again.speaks(field) and self.itself.speaks(field)):
            return frozenset()
        by_place = self.by_place(field)
        first, again, itself = (seen.apart(field, by_place) for seen in (self.first, self.again, self.itself))
        return first - again - itself

    def speak(self, field: Field, *several: Seen) -> bool:
        return all(seen.speaks(field) for seen in several)

    def fate(self, field: Field) -> str:
        """What became of a field of the first comparison: `varied` (legacy differs from itself wherever the pair
        differed), `odd`, `split`, or "" when it cannot be said."""
        if not self.again.speaks(field):
            return ""
        by_place = self.by_place(field)
        rest = self.first.where(field, by_place) - self.again.where(field, by_place)
        if not rest:
            return "varied"
        if self.again.lacks(field, rest, by_place):
            return ""
        if not self.itself.speaks(field):
            return ""
        if rest <= self.itself.where(field, by_place):
            return "odd"
        return "split" if rest & self.first.apart(field, by_place) else ""  # a clock hardly moves


_GONE = frozenset({Kind.MISSING, Kind.TYPE, Kind.LENGTH})


def instead(comparison: Comparison, path: str, kind: Kind) -> frozenset[Field]:
    """What this field of a comparison is place by place; nothing where there is no such reading of all of it."""
    lists = [one for one in comparison.in_place if path in (one.path, one.path + "[*]")]
    if not lists or kind not in _MOVED:
        return frozenset()
    found = [one.place for one in comparison.differences if (one.path, one.kind) == (path, kind)]
    if len(found) >= EACH or not all(any(_is_within(place, one.place) for one in lists) for place in found):
        return frozenset()
    return frozenset().union(*(one.fields for one in lists))


_MOVED = frozenset({Kind.ORDER, Kind.MISSING, Kind.EXTRA})


def _in_place(comparison: Comparison) -> Comparison:
    lists, differences, fields = comparison.in_place, list(comparison.differences), set(comparison.fields)
    for one in lists:
        differences = [found for found in differences if not _is_within(found.place, one.place)]
        fields = {field for field in fields if field[0] != one.path and not _is_within(field[0], one.path)}
        differences += one.differences
    fields.update(*(one.fields for one in lists))
    fields.update((found.path, found.kind) for found in differences if not found.ignored_by)
    return comparison._replace(differences=tuple(differences), fields=frozenset(fields))


def _is_within(place: str, whole: str) -> bool:
    return place.startswith(whole) and place[len(whole) : len(whole) + 1] in (".", "[")


def is_near(one: str, other: str) -> bool:
    first, second = form_of(one), form_of(other)
    if not first.slack or not second.slack or first.amount is None or second.amount is None:
        return False
    return abs(first.amount - second.amount) <= CLOCK / LATER * min(first.slack, second.slack)

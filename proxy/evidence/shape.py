"""What legacy's values at a noisy field look like: an explained value is free to differ, not free to be anything.

A blank cheque for a noisy field would hide a clock one hour off, an id of another format, a status nobody has seen. So
each field keeps the hull of what legacy itself said there: the forms of its values (uuid of a version, time with a
kind of offset, url on a host, number, text), the range of lengths and decimal places, the characters in use, the common
beginning, where its separators stand, the values themselves while they are few, what two answers of legacy to one
request have in common (`parts`), what can be counted of how values are drawn (`traits`), of lists in several orders
what they are sorted by all the same (`sorted_by`), and for numbers and times how far these two were apart. A value of
the extracted side is off when it leaves the hull *and* is unlike legacy's answer to the same request: what legacy says
right now is never off.

Only legacy's values are learned, so a regression cannot teach the hull to accept it. A hull, not a set of classes: a
hex id that happens to have no letter is still hex. A property speaks only when it has settled, that is, after ENOUGH
values, and when it did not change during the last half of them: the next value of a stream in which nothing was new
for n values is new with a chance of about 1/n. Free text never settles, and is not judged.

Values come in the printable form of a difference: strings in quotes, numbers bare, long texts cut.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from proxy.evidence.form import LATER, Form, form_of
from proxy.evidence.parts import fine_and_coarse
from proxy.evidence.reach import Reach
from proxy.evidence.sorted_by import SortedBy
from proxy.evidence.traits import Traits
from proxy.model.comparison import Kind

ENOUGH = 20  # values of legacy before a property of them may speak
LONG = 500  # values without anything new are long enough
SEVERAL = 50  # pairs of numbers before it is known how they are drawn
PAIRS = 8  # pairs of its answers before their distance may
FORMS = 12  # forms kept; a field with more of them has none in particular
FEW = 8  # values are a choice
POOL = 64  # texts are drawn from a pool, and numbers; of a field with more of them no list is kept
OFTEN = 8  # times as many values as there are in a pool, before it may be complete
TIMES = (
    3  # that each value of a pool was seen: else a tail of rare ones goes on, "21 seconds ago" after "20 seconds ago"
)
WIDE = 0.2  # of their range two numbers are apart, on average, that are drawn evenly from all of it (one third)
UNWRITTEN = 3  # zeros that a number may end in by chance, and JSON writes none of them: one in a thousand has more
HEADS_ONLY = frozenset({Kind.STATUS, Kind.TYPE})  # compared by their first word, and strictly


class Hull:
    """What legacy's values at one field have in common. `count` values were seen; `grew` says at which of them each
    property changed last."""

    __slots__ = (
        "apart",
        "chars",
        "count",
        "few",
        "forms",
        "grew",
        "length",
        "mask",
        "moved",
        "orders",
        "pairs",
        "parts",
        "places",
        "prefix",
        "ratio",
        "reach",
        "stood",
        "times",
        "traits",
        "unit",
    )

    def __init__(self) -> None:
        self.count = 0
        self.pairs = 0  # of answers of legacy to one request that are numbers or times
        self.apart = 0.0  # the most that two of them were apart
        self.ratio = 0.0  # the same, as a share of the larger
        self.moved = 0.0  # how far all of them were apart, together
        self.unit = 0.0  # of times, how many to a second; 0 when they are no times
        self.forms: list[str] | None = []
        self.few: list[str] | None = []
        self.times: Counter[str] = Counter()  # of each of `few`
        self.reach = Reach()  # of numbers that are no times
        self.places: list[float] = []  # least and most
        self.length: list[float] = []  # least and most
        self.chars: list[str] = []  # kinds of characters
        self.prefix: str | None = None
        self.mask: str | None = None  # "" when the separators stand in no fixed places
        self.grew: dict[str, int] = {}
        self.parts = fine_and_coarse()
        self.orders = SortedBy()
        self.stood = 0  # re-asks in which legacy said the same twice
        self.traits = Traits()

    def see_first(self, shown: str) -> None:
        """Takes in one value of a first answer of legacy, asked again or not: how it is drawn, and how far numbers
        reach."""
        self.traits.see(shown)
        if self.reach.count:
            self._see_amount(form_of(shown))

    def see(self, shown: str, kind: Kind, *, is_new: bool = True) -> None:
        """Takes in one value of legacy. Not `is_new` is one that `see_first` has seen."""
        shown = _head(shown) if kind in HEADS_ONLY else shown
        self.count += 1
        if kind is Kind.ORDER:
            self.orders.see(shown)
            return
        form = form_of(shown)
        self.forms = self._listed("forms", self.forms, form.name, FORMS)
        self.few = self._listed("few", self.few, shown, FEW if form.slack else POOL)
        if self.few is not None:
            self.times[shown] += 1
        if form.amount is not None:
            self.places = self._range("places", self.places, form.places)
            if is_new or not self.reach.count:
                self._see_amount(form)
        if form.text is None:
            return
        self.length = self._range("length", self.length, len(form.text))
        before = form.text if self.prefix is None else self.prefix
        prefix = before[: shared(before, form.text)]
        if new := (_classes(form.text[len(prefix) :]) | _classes(before[len(prefix) :])).difference(self.chars):
            self.chars += sorted(new)
            self.grew["chars"] = self.count
        mask = "" if self.mask == "" else _mask(form.text)
        mask = mask if self.mask in (None, mask) else ""
        if (prefix, mask) != (self.prefix, self.mask):
            self.prefix, self.mask = prefix, mask
            self.grew["frame"] = self.count

    def see_pair(self, one: str, other: str) -> None:
        """Takes in how far two answers of legacy to the same request are apart."""
        first, second = form_of(one), form_of(other)
        if first.amount is None or second.amount is None:
            if _has_parts(first) and _has_parts(second):
                for parts in self.parts:
                    parts.see(one, other)
            return
        self.unit = first.slack / LATER if not self.pairs or self.unit == first.slack / LATER else 0.0
        self.pairs += 1
        self.apart = max(self.apart, abs(first.amount - second.amount))
        self.ratio = max(self.ratio, _ratio(first.amount, second.amount))
        self.moved += abs(first.amount - second.amount)

    def off(self, legacy: str, extracted: str, kind: Kind) -> str:
        """Why a value of the extracted side is none that noise of legacy's would give; "" when it could be. `legacy`
        is legacy's answer to the same request."""
        if kind in HEADS_ONLY:
            head = _head(extracted)
            if self.few is not None and head not in (*self.few, _head(legacy)):
                return f"{head}, which legacy never is"
            return self.traits.off(legacy, extracted, True)
        if kind is Kind.ORDER:
            return self.orders.off(extracted)
        if kind is Kind.MISSING and not extracted:
            return ""
        ours, theirs = form_of(legacy), form_of(extracted)
        if (
            theirs.name != ours.name
            and self.forms is not None
            and theirs.name not in self.forms
            and not (theirs.name == "digits" and "text" in self.forms)  # an id may have no letter by chance
            and self.is_settled("forms")
        ):
            return f"{theirs.name} where legacy has {' or '.join(self.forms[:3])}"
        if self.few is not None and extracted != legacy and extracted not in self.few and self._is_complete_for(legacy):
            return f"none of the {len(self.few)} values legacy has here"
        return (
            self._off_amount(ours, theirs)
            or self._off_text(ours, theirs)
            or self._off_parts(ours, theirs, legacy, extracted)
            or self.traits.off(legacy, extracted, self.has_few)
        )

    def _off_amount(self, ours: Form, theirs: Form) -> str:
        if ours.amount is None or theirs.amount is None:
            return ""
        zeros = UNWRITTEN if theirs.name == "number" else 0
        written = max(theirs.places, min(ours.places, theirs.places + zeros))
        if self._outside("places", self.places, written, ours.places):
            return f"{theirs.places} decimal places"
        if self.pairs < PAIRS:
            return ""
        room = 3 + 16 / self.pairs  # times the most seen: the largest of few says little
        slack = max(ours.slack, theirs.slack)
        apart = abs(ours.amount - theirs.amount)
        if apart > room * self.apart + slack:
            return f"{apart:g} apart where legacy's own answers are at most {self.apart:g} apart"
        if not slack and self.reach.is_far(theirs.amount) and not self.reach.is_far(ours.amount):
            return f"beyond all that legacy has here ({self.reach.least:g} to {self.reach.most:g})"
        if not slack and _ratio(ours.amount, theirs.amount) > room * self.ratio:
            return f"apart by more than {room:.0f} times the share that legacy's own answers are"
        return ""

    def _off_text(self, ours: Form, theirs: Form) -> str:
        if theirs.text is None:
            return ""
        if self._outside("length", self.length, len(theirs.text), len(ours.text or "")):
            return f"length {len(theirs.text)}"
        same = max(shared(theirs.text, one) for one in (self.prefix or "", ours.text or ""))
        rest = min(same, len(self.prefix or ""))
        if self.is_settled("chars"):
            new = _classes(theirs.text[rest:]).difference(self.chars)
            if new and (new := new.difference(_classes((ours.text or "")[rest:]))):
                return f"characters that legacy never has here ({', '.join(sorted(new))[:40]})"
        if self.mask is None or self.prefix is None or not self.is_settled("frame"):
            return ""
        if self.mask and _mask(theirs.text) not in (self.mask, _mask(ours.text or "")):
            return "another arrangement"
        return f"does not begin with {self.prefix!r}" if same < len(self.prefix) else ""

    def _off_parts(self, ours: Form, theirs: Form, legacy: str, extracted: str) -> str:
        for parts in self.parts:
            if parts.is_known:  # the finer one says all that the coarser one would
                return parts.off(legacy, extracted) if _has_parts(ours) and _has_parts(theirs) else ""
        return ""

    def _outside(self, name: str, seen: list[float], theirs: int, ours: int) -> bool:
        if theirs == ours or not seen or seen[0] <= theirs <= seen[1] or not self.is_settled(name):
            return False
        slack = (seen[1] - seen[0]) // 4
        return not seen[0] - slack <= theirs <= seen[1] + slack

    @property
    def has_few(self) -> bool:
        """Whether legacy has but a few values here, as far as is known."""
        return self.few is not None and len(self.few) <= FEW

    def _is_complete_for(self, legacy: str) -> bool:
        """Whether all of legacy's values are known. Not where it says right now what it never said."""
        if legacy and self.few and legacy not in self.few:
            return False
        is_whole = self.has_few or (self.count >= OFTEN * len(self.few or ()) and self._is_drawn)
        return is_whole and self.is_settled("few") and (self.has_few or min(self.times.values()) >= TIMES)

    @property
    def _is_drawn(self) -> bool:
        """Whether numbers are drawn from all of a range anew each time, as texts from a pool; what climbs, or has
        tails, comes to new ones."""
        if not self.reach.count:
            return True
        return self.pairs >= SEVERAL and self.moved >= WIDE * self.pairs * (self.reach.most - self.reach.least)

    def _see_amount(self, form: Form) -> None:
        if form.amount is not None and not form.slack:
            self.reach.see(form.amount)

    def is_settled(self, *names: str) -> bool:
        """Whether these properties (keys of `grew`) have stayed as they are for long enough to speak."""
        count = self.count
        needed = min(count / 2, LONG)
        return count >= ENOUGH and all(count - self.grew.get(name, 0) >= needed for name in names)

    def _listed(self, name: str, seen: list[str] | None, value: str, most: int) -> list[str] | None:
        if seen is None or value in seen:
            return seen
        self.grew[name] = self.count
        return [*seen, value] if len(seen) < most else None

    def _range(self, name: str, seen: list[float], value: float) -> list[float]:
        if seen and seen[0] <= value <= seen[1]:
            return seen
        self.grew[name] = self.count
        return [min([value, *seen]), max([value, *seen])]

    def plain(self) -> list[Any]:
        """As JSON values, without the pieces of values it holds: they may be secrets, and are soon learned again."""
        parts = [[one.framed, one.steady, one.apart] for one in self.parts]
        own = [getattr(self, name) for name in _STORED]
        own[_REACH] = self.reach.plain()
        return [*own, self.orders.plain(), parts, self.grew, self.stood, self.traits.plain()]

    @classmethod
    def restored(cls, plain: Iterable[Any]) -> Hull:
        hull = cls()
        values = list(plain)
        own, (orders, parts, grew, *later) = values[: len(_STORED)], values[len(_STORED) :]
        if later:  # what version 3 did not keep
            hull.stood, hull.traits = int(later[0]), Traits.restored(later[1])
        hull.orders = SortedBy.restored(orders)
        for one, (framed, steady, *apart) in zip(hull.parts, parts, strict=True):
            one.framed, one.steady = framed, list(steady)
            one.apart = list(apart[0]) if apart else [-1.0] * len(one.steady)
        for name, value in zip(_STORED, own, strict=True):
            setattr(hull, name, value)
        hull.reach = Reach.restored(own[_REACH], hull.count)
        hull.grew = {**grew, "few": hull.count, "frame": hull.count}
        return hull


_STORED = ("count", "pairs", "apart", "ratio", "unit", "forms", "reach", "places", "length", "chars")
_REACH = _STORED.index("reach")


def shared(one: str, other: str) -> int:
    """The length of the common beginning."""
    for at, (first, second) in enumerate(zip(one, other, strict=False)):
        if first != second:
            return at
    return min(len(one), len(other))


def _has_parts(form: Form) -> bool:
    return form.amount is None and (form.text is not None or form.name.startswith("url"))


def _head(shown: str) -> str:
    return shown.partition(" ")[0]


def _ratio(one: float, other: float) -> float:
    largest = max(abs(one), abs(other))
    return abs(one - other) / largest if largest else 0.0


@lru_cache(maxsize=4096)
def _classes(text: str) -> frozenset[str]:
    """The characters in use: letters and digits by kind (hex letters apart), everything else by itself."""
    return frozenset([_CLASS.get(char, "non-ASCII") for char in set(text)])


def _class(char: str) -> str:
    if char.isdigit():
        return "0-9"
    if char.isalpha():
        hexadecimal = char in "abcdefABCDEF"
        if char.islower():
            return "a-f" if hexadecimal else "g-z"
        return "A-F" if hexadecimal else "G-Z"
    return char


_CLASS = {chr(code): _class(chr(code)) for code in range(128)}
_LETTERS = {code: "a" for code in range(128) if chr(code).isalnum()}


def _mask(text: str) -> str:
    """Where the separators stand, for texts of one length."""
    if text.isascii():
        return text.translate(_LETTERS)
    return "".join(["a" if char.isalnum() else char for char in text])

"""One field: what re-asks said about it, as counts of symmetric events.

L1 and E1 are the answers of a pair; L2 and E2 come from asking both again. Each count has a mirror: exchange L2 and E2,
which were got at the same delay in random order, and an event of the one becomes an event of the other. Without a
regression both are therefore equally likely, given everything that came before (L1, E1 and the decision to ask
included: a mismatch may have been the reason for asking). With them go these tests:

- `differs`: E2 differs from L1 where L2 does not, against the reverse. Finds what a deterministic mistake does beside
  the noise, and an extracted side that varies more.
- `stands`: L1 = L2 and E1 = E2, yet they differ: each side stands by its answer. Its mirror: they swap answers, L1 = E2
  and E1 = L2. Finds what `differs` does, with less noise in the way, but only where the pair differed at first.
- `insists`: as `stands`, among the pairs of which chance could be the reason and that are therefore asked once more,
  and again, while each side goes on to stand by its answer; see `Record.insist`. Where legacy says something rare now
  and then, a mistake that says the same always looks like noise once, and less so each time.
- `stays`: E2 says what E1 said where L2 does not, against the reverse (L2 says what E1 said and E2 does not). Finds a
  random field that became constant, and noise of legacy's that the extracted side lacks. Comparing how often (L1, L2)
  and (E1, E2) differ is not fair: E1 is asked later than L1, and a clock has had less time to tick.
- `direction`: E2 above L2, against below; numbers and times by value, all else as text. Finds a shifted clock, another
  scale, another format, whichever noise hides it.
- `distance`: where both differ from L1, E2 further from it than L2 is, against nearer. Finds noise that is too strong
  or too weak; of texts, the one with the shorter common beginning is further.
- `form`: E2 written longer than L2 (for numbers, with more decimals; else by the name of the form), against shorter.
  Finds rounding and other formats.
- `repeats`: needs no second answers, and its mirror exchanges L1 and E1; see the module of that name.
- `fails`: of the status alone, and of first answers too: the extracted side is busy or fails (429, 5xx) where legacy is
  not, against the reverse. That is a state of a server and no state of data, so the objection that `repeats` names
  against frequent values does not hold: nothing goes forward between the two questions.

Where every place of a field is known, an event is the majority of its places, else it is the field as a whole; both
are symmetric. A comparison that could not be made, or another status, takes the field out of the test on both sides.
Times within CLOCK of each other count as the same in these tests: the side that takes longer to answer says a later
time, which is no mistake. The assumption that remains: neither side remembers. A side that answers from its own cache
looks like a regression in `differs`; a second legacy backend asked in legacy's place shows it as noise.

For the single mismatch `odd` counts beside them: E1 alone said something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log
from typing import Any, NamedTuple

from proxy.evidence.asked import Asked, Places, is_busy
from proxy.evidence.kept import Kept
from proxy.evidence.leaning import Leaning
from proxy.evidence.repeats import Repeats
from proxy.evidence.shape import Hull
from proxy.evidence.shuffled import Shuffled
from proxy.evidence.sign_test import ALPHA, either_way, is_by_chance, log_sum, log_weight, one_way
from proxy.evidence.sorted_by import directions
from proxy.evidence.twice import NEVER_STOOD, VALUES, Corners, stands_alone
from proxy.evidence.values import above, further, longer, sign
from proxy.model.comparison import Field, Kind

ENOUGH = 30  # re-asks after which something is known
RARE = 200  # one in so many
REMEMBERED = 32  # fields, the first that came up, of which values are remembered
NANO = 10**9  # what is stored is whole
STATUS: Field = ("status", Kind.STATUS)
SPOKEN = frozenset({Kind.VALUE, Kind.HEADER, Kind.BODY, Kind.TYPE, Kind.MISSING})  # differences that show a value


class Test(NamedTuple):
    name: str
    counts: tuple[str, str]
    both_ways: bool
    stake: float


TESTS = (
    Test("differs", ("extracted_only", "legacy_only"), False, 0.15),
    Test("stands", ("split", "swapped"), False, 0.1),
    Test("insists", ("insists", "gives_way"), False, 0.1),
    Test("stays", ("stays", "strays"), False, 0.1),
    Test("repeats", ("repeats", "recalls"), False, 0.1),
    Test("fails", ("fails", "spares"), False, 0.05),
    Test("direction", ("greater", "smaller"), True, 0.1),
    Test("distance", ("further", "nearer"), True, 0.1),
    Test("form", ("longer", "shorter"), True, 0.1),
    Test("leans", ("leans", "turns"), False, 0.1),
)
PLAIN = ("varied", "extracted_varied", "in_first", "odd")
COUNTS = (*PLAIN, *(name for test in TESTS for name in test.counts), "gives_up")  # in the order as stored
OWN = ("corners", "flagged", "hull", "kept", "last", "leaning", "level", "memory", "ordinal", "shuffled", "since")

_STAKES = [log(test.stake) for test in TESTS]
_COUNTED = {test.name: test.counts for test in TESTS}


class Record:
    """The counts of one field. `ordinal`: the how-many-th field that came up. `since`: pairs asked again before that
    are none of its; `last` is the latest in which it differed anywhere."""

    __slots__ = (*COUNTS, *OWN)

    varied: int
    extracted_varied: int
    in_first: int
    odd: int
    split: int
    swapped: int
    insists: int
    gives_way: int
    gives_up: int
    leans: int
    turns: int
    fails: int
    spares: int
    extracted_only: int
    legacy_only: int
    greater: int
    smaller: int

    def __init__(self, ordinal: int, since: int) -> None:
        for name in COUNTS:
            setattr(self, name, 0)
        self.ordinal, self.since, self.last = ordinal, since, since
        self.flagged = False
        self.level = log_weight(ordinal)  # log of weight times evidence
        self.hull = Hull()
        self.corners = Corners()
        self.memory: Repeats | None = None
        self.leaning = Leaning()
        self.kept = Kept()
        self.shuffled = Shuffled()

    def learn(self, field: Field, asked: Asked, tested: bool) -> None:
        """Takes in one pair asked again. Not `tested` is the pair that brought the field up by its new answers: its
        weight must be settled before the coin is thrown."""
        self._learn_legacy(field, asked)
        for both in list(asked.first.places(field).values())[:1]:
            self.kept.see(both)
        self.in_first += field in asked.first.fields
        self.extracted_varied += field in asked.itself.fields
        self.odd += field in asked.first.fields and asked.fate(field) == "odd"
        if tested and asked.speak(field, asked.again, asked.other):
            self._test(field, asked)
            self.corners.learn(field, asked, self.hull.traits)
            self.level = log_weight(self.ordinal) + self.evidence()

    def see_first(self, fate: str) -> None:
        """Takes in what became of a difference that was shown as elements that moved."""
        if fate in ("varied", "odd"):
            self.in_first += 1
            self.odd += fate == "odd"

    def insist(self, field: Field, standing: frozenset[str], asked: Asked) -> frozenset[str]:
        """Takes in one more pair of answers to a request of which both sides stood by their own at all places of
        `standing` so far. Where they still do.

        Given all that came before, the two new answers could change places as in any other test. Noise of which `rare`
        is the share gets so far in about rare^n of the requests after n answers; a mistake is still there."""
        if not asked.speak(field, asked.again, asked.other, asked.itself, asked.crossed):
            return frozenset()
        by_place = asked.by_place(field)
        if by_place == ("" in standing):
            return frozenset()  # known by place in the one, as a whole in the other
        again, other, itself, crossed = (
            seen.apart(field, by_place) for seen in (asked.again, asked.other, asked.itself, asked.crossed)
        )
        still = standing - again - itself
        self._throw("insists", len(still) - len(standing - other - crossed))
        self.level = log_weight(self.ordinal) + self.evidence()
        return still

    def is_given_up(self, field: Field, standing: frozenset[str], asked: Asked) -> bool:
        """Whether the extracted side says something else at all places where it stood by its answer so far: what looked
        like a deterministic mistake was chance. To be asked once of each answer."""
        if not standing or not asked.speak(field, asked.itself):
            return False
        is_given_up = standing <= asked.itself.apart(field, "" not in standing)
        self.gives_up += is_given_up
        return is_given_up

    def see_veiled(self, places: Places) -> None:
        """Takes in what a ready-made rule passes over: only whether these are a few values."""
        if self.hull.has_few:
            for one, _ in places.values():
                self.hull.see(one, Kind.VALUE)

    def is_stale(self, places: Places) -> bool:
        """Whether the extracted side says again what was said before, where legacy never does, or is known to."""
        if self.flagged:
            return True
        return self.memory is not None and any(self.memory.is_out_of_place(one) for _, one in places.values())

    def see_status(self, legacy: int) -> None:
        """Takes in a status of legacy's that asking again may not show: it is not asked while it is busy."""
        self.hull.see(str(legacy), Kind.STATUS)

    def turn_status(self, legacy: int, extracted: int) -> None:
        """Takes in the status codes of one pair, asked again or not."""
        balance = is_busy(extracted) - is_busy(legacy)
        if balance:
            self._throw("fails", balance)
            self.level = log_weight(self.ordinal) + self.evidence()

    def turn(self, field: Field, places: Places) -> None:
        """Takes in the first answers of one pair that differs here, asked again or not."""
        self.leaning.see_first(field[1], places)
        if field[1] in SPOKEN:
            for one, _ in places.values():
                if one or field[1] is Kind.HEADER:
                    self.hull.see_first(one)
        if self.hull.has_few or self.ordinal > REMEMBERED or field[1] not in VALUES:
            return  # few values: nothing to remember
        if self.memory is None:
            self.memory = Repeats()
        balance = self.memory.turn(places.values())
        if balance:
            self._throw("repeats", balance)
            self.level = log_weight(self.ordinal) + self.evidence()

    def is_off(self, legacy: str, extracted: str, kind: Kind) -> bool:
        """Whether a value of the extracted side is none that noise of legacy's would give."""
        if self.hull.off(legacy, extracted, kind):
            return True
        return self.memory is not None and self.memory.is_out_of_place(extracted)

    def is_off_again(self, field: Field, asked: Asked) -> bool:
        """Whether what the extracted side said twice gives it away; see `twice`. To be asked right after `learn`."""
        if not self.hull.stood and self.varied >= NEVER_STOOD and self._never_comes_back and stands_alone(field, asked):
            return True
        if field[1] is Kind.BODY and self.shuffled.off(asked.first.lines) and self.shuffled.off(asked.other.lines):
            return True
        return self.corners.off(field, asked, self.hull.traits)

    def is_suspected(self, field: Field, places: Places) -> bool:
        """Whether the extracted side's answer is one that it seems to give oftener than legacy."""
        return not self.flagged and self.leaning.is_suspected(field[1], places)

    def is_striking(self, field: Field, places: Places) -> bool:
        """Whether the extracted side's answer alone is worth asking again."""
        if not self.flagged and self.leaning.is_striking(field[1], places):
            return True
        if self.flagged or field[1] not in VALUES:
            return False
        traits, memory = self.hull.traits, self.memory if self._never_comes_back else None
        return any(
            traits.is_striking(one, two) or (memory is not None and memory.has(two)) for one, two in places.values()
        )

    @property
    def _never_comes_back(self) -> bool:
        return self.memory is not None and self.memory.is_telling

    def is_out_of_order(self, field: Field, places: Places) -> bool:
        """Whether legacy's values are sorted along each list here, and the extracted side's are not."""
        return _is_in_list(field) and self.hull.orders.off_values(directions(places))

    def _test(self, field: Field, asked: Asked) -> None:
        by_place = asked.by_place(field)
        first, again, other, itself, crossed = (
            seen.apart(field, by_place) for seen in (asked.first, asked.again, asked.other, asked.itself, asked.crossed)
        )
        self._throw("differs", len(other - again) - len(again - other))
        if asked.speak(field, asked.itself, asked.crossed):
            self._throw("stands", len(first - again - itself) - len(first - other - crossed))
            self._throw("stays", len(crossed - itself) - len(itself - crossed))
        if field[1] is not Kind.STATUS and asked.both.speaks(field):  # legacy's 5xx is compared with nothing
            self._test_values(field, asked)

    def lean(self, field: Field, asked: Asked, passed: str = "") -> str:
        """Which of the two new answers takes after the extracted side's first one; see `leaning`. Whether it is worth
        asking once more ("" if not), to be given as `passed` then."""
        lean, further = self.leaning.take(field, asked, passed)
        if lean:
            self._throw("leans", sign(lean))
            self.level = log_weight(self.ordinal) + self.evidence()
        return further

    def _learn_legacy(self, field: Field, asked: Asked) -> None:
        if not asked.again.speaks(field):
            return
        kind, known = field[1], field in asked.first.fields
        for one, two in asked.again.places(field).values():
            for shown, is_new in ((one, not known), (two, True)):
                if shown or kind is Kind.HEADER:
                    self.hull.see(shown, kind, is_new=is_new)
            self.hull.see_pair(one, two)
        if field in asked.again.fields:
            self.varied += 1
            if kind is Kind.BODY:
                self.shuffled.see(asked.again.lines)
            if _is_in_list(field):
                self.hull.orders.see_values(directions(asked.again.places(field)))
            if kind in SPOKEN:
                for _, two in asked.again.places(field).values():
                    if two or kind is Kind.HEADER:
                        self.hull.traits.see(two)
        else:
            self.hull.stood += 1
            for one, _ in (asked.first if known else asked.both).places(field).values():
                if one:
                    self.hull.see(one, kind, is_new=not known)

    def _test_values(self, field: Field, asked: Asked) -> None:
        if not (asked.both.full and asked.again.full and asked.other.full):
            return
        values = list(asked.both.places(field).values())
        self._throw("direction", sum(above(two, one) for one, two in values))
        self._throw("form", sum(longer(two, one) for one, two in values))
        again, other = asked.again.places(field), asked.other.places(field)
        # L1 may show an element at a place in the one comparison and none in the other: lists are laid side by side
        common = [place for place in again.keys() & other.keys() if again[place][0] == other[place][0]]
        balance = sum(further(again[place][0], other[place][1], again[place][1]) for place in common)
        self._throw("distance", balance)

    def _throw(self, test: str, balance: int) -> None:
        """Counts one event of a test: which way more places went."""
        if balance:
            name = _COUNTED[test][balance < 0]
            setattr(self, name, getattr(self, name) + 1)

    def counts(self, test: Test) -> tuple[int, int]:
        return getattr(self, test.counts[0]), getattr(self, test.counts[1])

    def test_evidence(self, test: Test) -> float:
        """Logarithm of the evidence of one test."""
        if test.name == "leans":
            return self.leaning.level
        return (either_way if test.both_ways else one_way)(*self.counts(test))

    def evidence(self) -> float:
        """Logarithm of the evidence of all tests: their average by stake."""
        return log_sum([stake + self.test_evidence(test) for test, stake in zip(TESTS, _STAKES, strict=True)])

    @property
    def is_odd_as_legacy(self) -> bool:
        """The extracted side alone said something else no more than twice as often as legacy varied."""
        return self.odd <= 2 * self.varied

    @property
    def is_split_by_chance(self) -> bool:
        """Both sides stood by different answers about as often as they swapped them, which has been seen."""
        return is_by_chance(self.split, self.swapped)

    @property
    def may_be_chance(self) -> bool:
        """Where both stand by different answers, whether asking further may show that it was chance: not where legacy
        has never stood by its answer in any other case, nor where nearly all went on to stand."""
        chance = self.swapped + self.gives_up
        return chance + self.odd > 0 and one_way(self._firm, chance) < log(1 / ALPHA)

    @property
    def _firm(self) -> int:
        return max(0, self.split - self.gives_up)

    @property
    def insists_by_chance(self) -> bool:
        """The same among those that were asked again and again."""
        return is_by_chance(self.insists, self.gives_way)

    @property
    def is_failing_as_legacy(self) -> bool:
        """The extracted side alone failed about as often as legacy alone, which has been seen."""
        return is_by_chance(self.fails, self.spares)

    @property
    def is_steady(self) -> bool:
        """Noise is what nearly always lies behind a difference here, as far as asking has shown."""
        is_rarely_split = self._firm * RARE <= self.in_first or self.is_split_by_chance
        return self.in_first >= ENOUGH and self.is_odd_as_legacy and is_rarely_split

    def for_new_build(self, ordinal: int) -> Record:
        """With what it says of legacy alone; of what chance does to both, enough to begin with."""
        record = Record(ordinal, self.since)
        record.last, record.varied, record.hull = self.last, self.varied, self.hull
        record.corners, record.shuffled = self.corners.for_new_build(), self.shuffled
        for name in ("swapped", "gives_way", "spares"):
            setattr(record, name, min(getattr(self, name), 3))
        return record

    def plain(self) -> list[Any]:
        """As JSON values."""
        own = [self.ordinal, self.since, self.last, self.flagged, self.hull.plain()]
        counts = [getattr(self, name) for name in COUNTS]
        return [*own, *counts, round(self.leaning.level * NANO), self.corners.plain()]

    @classmethod
    def restored(cls, plain: Iterable[Any]) -> Record:
        ordinal, since, last, flagged, hull, *counts = plain
        record = cls(int(ordinal), int(since))
        record.last, record.flagged, record.hull = int(last), bool(flagged), Hull.restored(hull)
        for name, value in zip(COUNTS, counts, strict=False):  # an older store has fewer
            setattr(record, name, int(value))
        if len(counts) > len(COUNTS):
            record.leaning = Leaning(int(counts[len(COUNTS)]) / NANO)
        if len(counts) > len(COUNTS) + 1:
            record.corners = Corners.restored(counts[len(COUNTS) + 1])
        record.level = log_weight(record.ordinal) + record.evidence()
        return record


def _is_in_list(field: Field) -> bool:
    return field[1] is Kind.VALUE and "[*]" in field[0]

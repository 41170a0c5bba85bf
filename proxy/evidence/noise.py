"""Noise seen through: which differences of a mismatch are legacy's own, and which field differs otherwise.

A field is noise when legacy does not say it twice. Who has only legacy's first answer cannot know; Diffy keeps a
second legacy instance and hides a field whose difference is within a fixed share of its noise, which hides for good
what is small and real. Here both sides are asked again (L2, E2 after L1, E1), every field is tested over time
(`fields`, `sign_test`), and a single mismatch is explained as long as nothing speaks against it:

1. Never: a failure of the extracted side, a field that is `flagged` (shown to be a regression; for the whole build,
   unless chance had shown it and its evidence goes down again, to a twentieth of what was needed), a value off the
   shape that legacy's values have there (`shape`), a value that comes back where nothing ever does (`repeats`).
2. Legacy differed from itself at the same places in this very re-ask: explained.
3. Legacy stood by its answer, and the extracted side did not (`odd`). Under noise that shows in few answers half of
   all mismatches are like this. Explained while it is no more than twice as often as legacy varies there.
4. Both stood by their answers (`split`): just what a deterministic regression looks like. Explained only where chance
   is seen to make the mirror image too, each side taking up the other's answer, and about as often. A field of random
   ids never does, so there even the first such mismatch stands; a coin does all the time. Where chance does, both are
   asked once more, and again while they go on to stand by their answers (`standing`, `insist`): what rare noise does
   once it hardly does four times, and a mistake does it each time. Those that stood all along are judged by the same
   rule among themselves.
5. Not asked (no budget, not a safe request): explained when this field has been asked about enough, and 3 and 4 nearly
   always held. If that is not known and asking is in force, the field is `learning`: the pair says nothing. What is
   known never to vary is known of answers of one status: a hundred re-asks answered with 200 say nothing of what a 429
   brings along. So ENOUGH is counted for each, and only where legacy said that status twice: a 429 to what was
   answered with 200 before teaches the status alone.

6. A status that says how the server is (429, 5xx): explained while the extracted side alone says one no more often than
   legacy alone does, counted in all pairs, since asking again says nothing of the moment before.

A field at which legacy never varied is never explained. What 2 to 5 let through by mistake is what the tests find: a
regression that hides in noise is `explained` only until its field is flagged, and a flagged field is an open signature
of high risk. Explained pairs are counted apart.

Fields are kept up to MOST; those that say least and were not seen longest are forgotten first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import log
from typing import Any

from proxy.evidence.asked import Asked, Seen, field_of, instead, is_busy
from proxy.evidence.fields import ENOUGH, STATUS, TESTS, Record
from proxy.evidence.in_words import words_of_noise, words_of_test
from proxy.evidence.leaning import parted
from proxy.evidence.sign_test import ALPHA, discoveries, shown_evidence
from proxy.evidence.together import BESIDE, Together
from proxy.model.comparison import Comparison, Field, Kind, NotCompared, Result
from proxy.model.noise import FieldNoise, Reading, Reask

MOST = 2000  # fields
ROUNDS = 4  # more questions about one request of which both sides stand by their answers
_VERSION = 4  # of what is stored
_READ = (3, 4)  # versions that are understood

Stood = Mapping[Field, frozenset[str]]  # where both have stood by different answers so far; nowhere: one gave up


class Noise:
    """What re-asks taught about the fields of one route under one rule set and build. No clock; bounded memory.

    Each pair is glanced at once, when it is compared; one that was asked again is then learned before it is read. The
    comparisons are given whole, nothing taken out."""

    def __init__(self) -> None:
        self._records: dict[Field, Record] = {}
        self._asked = 0
        self._alike: Counter[int] = Counter()  # of them, those in which legacy said this status twice
        self._came = 0  # fields that ever came up
        self._latest: tuple[Reask, Asked] | None = None  # what is learned is read right after
        self._seen: tuple[Comparison, Seen] | None = None  # a first comparison is looked at several times
        self._leaning: dict[Field, frozenset[str]] = {}  # of the pair learned last
        self._together = Together()
        self.flags = 0  # raised since this was made or restored: says when to look at `regressions`

    def learn(self, first: Comparison, reask: Reask) -> None:
        """One pair asked again; `first` compares L1 with E1."""
        asked = self._all_six(first, reask)
        if not asked.again.status:
            return
        self._asked += 1
        self._alike[asked.first.statuses[0]] += asked.again.body
        loud = False
        leaning: dict[Field, frozenset[str]] = {}
        for field in sorted(asked.fields, key=lambda field: (field not in asked.first.fields, field)):
            if field[1] is Kind.ERROR:
                continue
            record = self._records.get(field)
            known = record is not None
            if record is None:
                record = self._begin(field)
            tested = known or field in asked.first.fields
            record.learn(field, asked, tested=tested)
            if tested and (further := record.lean(field, asked)) and not record.flagged:
                leaning[field] = frozenset({further})
            record.last = self._asked
            loud = loud or self._is_loud(record)
        self._leaning = leaning
        self._together.learn(asked)
        if first.in_place:
            self._learn_in_place(asked)
        if loud:
            self._discover()

    def glance(self, first: Comparison) -> frozenset[Field]:
        """Learns from the first answers of a pair. The fields at which a ready-made rule passes over a value that was
        said before, where legacy has never said one twice."""
        if not first.differences or first.reason not in (None, NotCompared.LEGACY_FAILED):
            return frozenset()
        seen = self._see(first)
        self._turn(seen)
        self._together.see(seen)
        known = [(field, self._records.get(field), places) for field, places in seen.veiled.items()]
        return frozenset([field for field, record, places in known if record is not None and record.is_stale(places)])

    def striking(self, first: Comparison) -> frozenset[Field]:
        """Of a mismatch that was glanced at, the fields at which the extracted side says what legacy hardly ever does,
        or what was said before: worth a question of their own, under names of their own."""
        if first.result is not Result.MISMATCH:
            return frozenset()
        seen = self._see(first)
        known = [(field, self._records.get(field)) for field in seen.fields]
        found: list[Field] = []
        for field, record in known:
            if record is not None and record.varied:
                places = seen.places(field)
                if record.is_striking(field, places) or (field[1] is Kind.BODY and record.shuffled.off(seen.lines)):
                    found.append((f"{field[0]} striking", field[1]))
                if record.is_suspected(field, places):
                    found.append((f"{field[0]} suspected", field[1]))
        beside = self._together.striking(seen)
        return frozenset([*found, *((f"{path} together", kind) for path, kind in seen.fields if path in beside)])

    def standing(self, first: Comparison, reask: Reask) -> Stood:
        """Where both sides stood by different answers, and chance could be the reason, or the extracted side's two
        have more in common than chance makes likely: worth asking once more. To be asked right after `learn`."""
        asked = self._all_six(first, reask)
        found = dict(self._leaning)
        if self._together.is_open:
            found[BESIDE] = frozenset({"broken"})
        for field in asked.first.fields:
            record = self._records.get(field)
            if record is not None and record.varied and not record.flagged and asked.fate(field) == "split":
                places = asked.stood(field)
                if places and (record.is_split_by_chance or record.may_be_chance):
                    found[field] = places | found.get(field, frozenset())
        return found

    def insist(self, standing: Stood, first: Comparison, reask: Reask) -> Stood:
        """Learns from one more pair of answers to the request of `first`; what still stands. A field without places is
        one at which the extracted side gave up."""
        asked = self._all_six(first, reask)
        found: dict[Field, frozenset[str]] = {}
        if BESIDE in standing and self._together.insist(asked):
            found[BESIDE] = standing[BESIDE]
        loud = False
        for field, stands in standing.items():
            record = self._records.get(field)
            if record is None:
                continue
            passed, places = parted(stands)
            further = record.lean(field, asked, passed) if passed else ""
            if further:
                found[field] = frozenset({further})
            if not stands or record.is_given_up(field, places, asked):
                found[field] = frozenset()
            if places and (still := record.insist(field, places, asked)):
                found[field] = still | found.get(field, frozenset())
            loud = loud or self._is_loud(record)
        if loud:
            self._discover()
        return found

    def read(self, first: Comparison, reask: Reask | None, *, may_ask: bool, standing: Stood | None = None) -> Reading:
        """Decides a mismatch. `may_ask`: re-asks are in force on this route, but this pair could not be asked.
        `standing`: where both sides stood by their answers each time when asked more than once."""
        if first.result is not Result.MISMATCH:
            return Reading()
        asked = self._all_six(first, reask) if reask is not None else None
        seen = asked.first if asked is not None else self._see(first)
        explained: set[Field] = set()
        learning: set[Field] = set()
        in_place: Seen | None = None
        for path, kind in first.fields:
            if kind is Kind.ERROR:
                continue
            field = field_of(path, kind)
            is_explained, is_learning = self._judge(field, seen, asked, may_ask)
            if not is_explained and (fields := instead(first, path, kind)) and not self._is_wrong(field, seen, asked):
                if in_place is None:
                    in_place = Seen(first, in_place=True) if asked is None else asked.in_place.first
                is_explained, is_learning = self._judge_all(fields, in_place, asked and asked.in_place, may_ask)
            if standing and field in standing:
                record, (passed, places) = self._records[field], parted(standing[field])
                if places:
                    is_explained = is_explained and record.insists_by_chance
                elif not passed and not self._is_wrong(field, seen, asked):
                    is_explained = record.is_odd_as_legacy
            if is_explained:
                explained.add((path, kind))
            elif is_learning:
                learning.add((path, kind))
        return Reading(frozenset(explained), frozenset(learning))

    def regressions(self) -> tuple[FieldNoise, ...]:
        """The fields that differ otherwise than by noise, all fields of the route considered."""
        return tuple(self._described(*one) for one in self._records.items() if one[1].flagged)

    def broken(self) -> dict[str, str]:
        """What legacy's fields keep together and the extracted side was seen to break, in words, by path."""
        return self._together.broken()

    def fields(self) -> tuple[FieldNoise, ...]:
        """Everything learned, with its figures."""
        return tuple(self._described(field, record) for field, record in self._records.items())

    def record(self, path: str, kind: Kind) -> Record | None:
        """The counts of one field."""
        return self._records.get(field_of(path, kind))

    def plain(self) -> dict[str, Any]:
        """As JSON values, for the store. No values of answers are in it."""
        fields = [[path, kind.value, *record.plain()] for (path, kind), record in self._records.items()]
        alike = {str(status): count for status, count in self._alike.items()}
        return {"version": _VERSION, "asked": self._asked, "alike": alike, "came": self._came, "fields": fields}

    @classmethod
    def restored(cls, plain: dict[str, Any]) -> Noise:
        """From `plain`; what was written by another version is begun anew. Raises ValueError for what is neither."""
        noise = cls()
        if plain.get("version") not in _READ:
            return noise
        try:
            noise._asked, noise._came = int(plain["asked"]), int(plain["came"])
            noise._alike.update({int(status): int(count) for status, count in plain.get("alike", {}).items()})
            for path, kind, *rest in plain["fields"]:
                noise._records[str(path), Kind(kind)] = Record.restored(rest)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"stored noise cannot be read: {error}") from None
        return noise

    def new_build(self) -> Noise:
        """For the next build: legacy's own noise is kept, what was learned of the extracted side is not."""
        noise = Noise()
        noise._asked, noise._alike = self._asked, Counter(self._alike)
        noise._together = self._together.for_new_build()
        for field, record in sorted(self._records.items(), key=lambda one: one[1].ordinal):
            if record.varied or record.spares:
                noise._came += 1
                noise._records[field] = record.for_new_build(noise._came)
        return noise

    def _begin(self, field: Field) -> Record:
        if len(self._records) >= MOST:
            ranked = sorted(self._records.items(), key=lambda one: _worth(one[1]))
            for name, _ in ranked[: MOST // 10]:
                del self._records[name]
            since = self._asked - 1  # it may be one of the forgotten
        else:
            since = 0
        self._came += 1
        record = self._records[field] = Record(self._came, since)
        return record

    def _learn_in_place(self, asked: Asked) -> None:
        """What elements that moved are place by place counts there, too, for those that cannot be asked again."""
        in_place = asked.in_place
        for field in in_place.first.fields - asked.first.fields:
            if (record := self._records.get(field)) is not None:
                record.see_first(in_place.fate(field))

    def _see(self, first: Comparison) -> Seen:
        if self._seen is None or self._seen[0] is not first:
            self._seen = first, Seen(first)
        return self._seen[1]

    def _all_six(self, first: Comparison, reask: Reask) -> Asked:
        if self._latest is None or self._latest[0] is not reask:
            self._latest = reask, Asked(first, reask)
        return self._latest[1]

    def _is_loud(self, record: Record) -> bool:
        if record.flagged:
            return record.level < 0
        return record.level >= -log(ALPHA) - log(len(self._records))

    def _discover(self) -> None:
        found = discoveries({field: record.level for field, record in self._records.items()})
        for field, record in self._records.items():
            self.flags += field in found and not record.flagged
            record.flagged = field in found or (record.flagged and record.level >= 0)

    def _turn(self, first: Seen) -> None:
        """What can be counted without asking again."""
        loud = False
        for field in first.fields:
            record = self._records.get(field)
            if record is not None and field != STATUS:
                record.turn(field, first.places(field))
                loud = loud or self._is_loud(record)
        for field, places in first.veiled.items():
            record = self._records.get(field) or self._begin(field)
            record.see_veiled(places)
            record.turn(field, places)
            loud = loud or self._is_loud(record)
        legacy, extracted = first.statuses
        if legacy and extracted and is_busy(legacy) != is_busy(extracted):
            record = self._records.get(STATUS)
            if record is None:
                record = self._begin(STATUS)  # its weight is settled before the first coin counts
            else:
                record.turn_status(legacy, extracted)
                loud = loud or self._is_loud(record)
            record.see_status(legacy)
        if loud:
            self._discover()

    def _judge(self, field: Field, seen: Seen, asked: Asked | None, may_ask: bool) -> tuple[bool, bool]:
        """Whether a field of a mismatch is explained, and if not, whether too little is known of it to tell."""
        record = self._records.get(field)
        fate = asked.fate(field) if asked is not None else ""
        if field == STATUS and is_busy(seen.statuses[1]) and record is not None and record.spares:
            legacy, extracted = map(str, seen.statuses)
            is_off = record.flagged or record.is_off(legacy, extracted, Kind.STATUS)
            return record.is_failing_as_legacy and not is_off, False
        if self._is_wrong(field, seen, asked):
            return False, False
        if record is None or not record.varied:  # legacy never varied here, as far as is known
            told = self._asked if field == STATUS else self._alike[seen.statuses[0]]
            is_new = told < ENOUGH and (may_ask or fate == "odd")
            return False, is_new and fate != "split"
        match fate:
            case "varied":
                return True, False
            case "odd":
                return record.is_odd_as_legacy, False
            case "split":
                return record.is_split_by_chance, False
        return record.is_steady, may_ask

    def _is_wrong(self, field: Field, seen: Seen, asked: Asked | None) -> bool:
        """Whether the field is flagged, or shows here what noise of legacy's would not."""
        record = self._records.get(field)
        if record is None:
            return False
        places = seen.places(field)
        if record.flagged or any(record.is_off(one, two, field[1]) for one, two in places.values()):
            return True
        if field[0] in self._together.off(seen):
            return True
        return record.is_out_of_order(field, places) or (asked is not None and record.is_off_again(field, asked))

    def _judge_all(self, fields: frozenset[Field], seen: Seen, asked: Asked | None, may_ask: bool) -> tuple[bool, bool]:
        """As `_judge`, of all these fields."""
        judged = [self._judge(field_of(*field), seen, asked, may_ask) for field in fields]
        is_explained = all(is_explained for is_explained, _ in judged)
        return is_explained, not is_explained and all(map(any, judged))

    def _described(self, field: Field, record: Record) -> FieldNoise:
        speaks = max(TESTS, key=lambda test: log(test.stake) + record.test_evidence(test))
        asked = self._asked - record.since
        return FieldNoise(
            path=field[0],
            kind=field[1],
            asked=asked,
            varied=record.varied,
            extracted_varied=record.extracted_varied,
            extracted_only=record.extracted_only,
            legacy_only=record.legacy_only,
            greater=record.greater,
            smaller=record.smaller,
            evidence=shown_evidence(record.evidence()),
            flagged=record.flagged,
            test=speaks.name if record.flagged else "",
            words=words_of_test(speaks, record) if record.flagged else words_of_noise(record.varied, asked),
        )


def _worth(record: Record) -> tuple[bool, bool, int, int]:
    """Least first: what may be forgotten."""
    tried = sum(sum(record.counts(test)) for test in TESTS)
    return record.flagged, record.varied > 1, min(tried, ENOUGH), record.last

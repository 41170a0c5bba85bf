"""One route from its first request to its last, judged by the real code, on a clock of its own.

In the order in which control does it: byte-equal pairs are settled; others compared; a mismatch is offered to the
re-asks, which keep their budgets, and waits for the answers; noise learns and reads; what it explains is taken out; the
ledger counts the rest. A sample of all pairs is asked again too. The mistake is there from the first request on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

from bench.corpus.answers import Bases
from bench.corpus.cases import Case
from bench.corpus.world import SHARES, World
from proxy import comparison, evidence
from proxy.evidence.noise import ROUNDS, Noise, Stood
from proxy.model.comparison import NEW_EACH_TIME, Comparison, Field, Kind, Result, Risk
from proxy.model.evidence import EvidenceKey, Settled
from proxy.model.noise import Reask
from proxy.model.observation import EMPTY_BODY, CapturedRequest, Observation, Pair
from proxy.model.sides import Side
from proxy.model.spec import Backend, Compare, RoutesSpec
from proxy.runtime.comparer import all_pairs
from proxy.runtime.explaining import explained, once_more
from proxy.shadow.reasks import Again, Cancel, Reasks, Ways

PER_SECOND = 50  # requests of the route
START = 1_793_491_050.0  # 2026-10-31 23:57:30 UTC: day and month end while the noise-only routes are judged
SPEC = RoutesSpec({name: Backend(name, f"http://{name}", name, 80) for name in ("legacy", "extracted")}, "legacy")
KEY = EvidenceKey("route", "rules", "1", 1)


@dataclass
class Tally:
    """How the pairs of one label ended, of those that are judged."""

    pairs: int = 0
    results: Counter[str] = field(default_factory=Counter)
    named: int = 0  # of the mismatches, those reported at the field that is wrong
    paths: Counter[str] = field(default_factory=Counter)  # where mismatches were reported


class Figures(NamedTuple):
    """What came of one mistake on a route, or of a route without. `wrong` and `clean` tally the judged pairs with the
    mistake and without any (those of a route with several mistakes are with its first). `inside`: the mistake is in a
    noisy field. `found` says how it is known in the end: "reported", "flagged" or "". `first` and `first_wrong` are how
    many requests and wrong answers there had been when it was."""

    kind: str
    share: str
    often: bool
    inside: bool
    wrong: Tally
    clean: Tally
    early_false: int  # clean pairs reported while learning
    unseen: int  # wrong answers in which the comparison sees no difference
    found: str
    first: int
    first_wrong: int
    asked: int
    flagged: tuple[str, ...]


@dataclass
class _Mistake:
    """What is known of one mistake so far. `truths` are all fields that it ever made wrong."""

    inside: bool
    tally: Tally = field(default_factory=Tally)
    truths: set[Field] = field(default_factory=set)
    answers: int = 0
    unseen: int = 0
    reported: bool = False
    first: int = 0
    first_wrong: int = 0

    def found(self, requests: int) -> None:
        if not self.first:
            self.first, self.first_wrong = requests, self.answers


class _Waiting(NamedTuple):
    """A pair under way, with what the corpus knows of it: the mistake, if any, and the fields it made wrong."""

    number: int
    pair: Pair
    first: Comparison
    mistake: _Mistake | None
    truth: frozenset[Field]


class Run:
    """One case. `go` runs it."""

    def __init__(self, case: Case, bases: Bases) -> None:
        share = SHARES[case.share] if case.share else 0.0
        self.case = case
        self.world = World(bases[case.base], case.noises, case.wrongs, share, f"{case.kind}/{case.share}")
        self.rules = comparison.compile_rules(Compare(headers=case.headers))
        self.wanted = tuple(name.encode() for name in case.headers)
        self.noise = Noise()
        self.ledger = evidence.Ledger()
        self.dice = Random(f"traffic {case.kind} {case.share}")
        self.now = 0.0
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.tickets = 0
        self.asked = self.flags = 0
        self.mistakes = {wrong.name: _Mistake(wrong.inside is not None) for wrong in case.wrongs}
        self.clean = Tally()
        self.early_false = self.seen = 0
        self.reasks = Reasks(SPEC, self._ways())

    def go(self) -> list[Figures]:
        total = self.case.learning + self.case.judged
        for number in range(total):
            self._until(number / PER_SECOND)
            self._request(number)
        self._until(total / PER_SECOND + 10.0)
        self.ledger.advance(float("inf"), START)
        flagged = tuple(sorted({one.path for one in self.noise.regressions()}))
        clean, early = self.clean, self.early_false
        rows: list[Figures] = []
        for name, one in (self.mistakes or {self.case.kind: _Mistake(False)}).items():
            found = self._found(one)
            first = (one.first, one.first_wrong) if found else (0, 0)
            kind = (name, self.case.share, self.case.often, one.inside)
            rows.append(Figures(*kind, one.tally, clean, early, one.unseen, found, *first, self.asked, flagged))
            clean, early = Tally(), 0
        return rows

    # the virtual world around it

    def _until(self, time: float) -> None:
        while self.events and self.events[0][0] <= time:
            self.now, _, event = heappop(self.events)
            event()
        self.now = time

    def _later(self, seconds: float, event: Callable[[], None]) -> Cancel:
        self.tickets += 1
        heappush(self.events, (self.now + seconds, self.tickets, event))
        return _nothing

    def _ways(self) -> Ways:
        return Ways(
            ask=self._ask,
            is_free=lambda backend: True,
            later=self._later,
            is_current=lambda pair: True,
            counted=lambda route, result: None,
            stopped=lambda why, seconds: None,
            clock=lambda: self.now,
            dice=self.dice.random,
        )

    def _ask(
        self,
        backend: str,
        side: Side,
        request: CapturedRequest,
        deadline: float,
        done: Callable[[Observation], None],
    ) -> Cancel:
        number = int(request.target[1:])

        def answered() -> None:
            at = START + self.now
            if side is Side.LEGACY:
                done(self.world.legacy(number, at))
            else:
                done(self.world.extracted(number, at).observed)

        return self._later(self.dice.uniform(0.004, 0.02), answered)

    # one pair

    def _request(self, number: int) -> None:
        self.seen += 1
        at = START + self.now
        legacy = self.world.legacy(number, at)
        self.reasks.usual("route", legacy.total)
        extracted, right, wrong = self.world.extracted(number, at + self.dice.uniform(0.004, 0.03))
        mistake, truth = None, frozenset[Field]()
        if right is not None and wrong is not None:
            mistake, truth = self.mistakes[wrong.name], _fields(comparison.compare(right, extracted, self.rules))
            mistake.answers += 1
            mistake.unseen += not truth
            truth |= {(path, Kind.HEADER) for path in wrong.shows}
            mistake.truths |= truth
        if comparison.byte_equal(legacy, extracted, self.wanted):
            first = Comparison(Result.MATCH, None, "", None, (legacy.status, extracted.status), (), 0)
        else:
            first = comparison.compare(legacy, extracted, self.rules)
        first = comparison.counted(first, self.noise.glance(first))
        self._note_flags()
        request = CapturedRequest(b"GET", b"/%d" % number, (), EMPTY_BODY)
        pair = Pair("route", 1, self.rules.digest, self.now, request, legacy, extracted, Side.LEGACY)
        waiting = _Waiting(number, pair, first, mistake, truth)
        sampled = self.dice.random() * 100 < SPEC.reasks.sample
        if first.result is Result.MISMATCH:
            asked_for = first.fields | self.noise.striking(first)
            if not self.reasks.offer(pair, asked_for, sampled, partial(self._again, waiting)):
                self._decide(waiting, None, {})
            return
        self._settle(waiting, first)
        if sampled and first.result in (Result.MATCH, Result.IGNORED):
            self.reasks.offer(pair, (), sampled, partial(self._sampled, waiting))

    def _again(self, waiting: _Waiting, again: Again | None) -> None:
        reask = self._learn(waiting, again) if again else None
        standing = self.noise.standing(waiting.first, reask) if reask else {}
        self._insist(waiting, reask, standing, ROUNDS)

    def _insist(self, waiting: _Waiting, reask: Reask | None, standing: Stood, rounds: int) -> None:
        so_far = standing if rounds < ROUNDS else {}

        def asked(again: Again | None) -> None:
            further = self._all_pairs(waiting, again) if again else None
            if further is None:
                self._decide(waiting, reask, so_far)
                return
            still = self.noise.insist(standing, waiting.first, further)
            self._note_flags()
            self._insist(waiting, reask, still, rounds - 1)

        may = any(standing.values()) and rounds
        if not (may and self.reasks.offer(waiting.pair, once_more(standing), False, asked)):
            self._decide(waiting, reask, so_far)

    def _sampled(self, waiting: _Waiting, again: Again | None) -> None:
        if again:
            self._learn(waiting, again)

    def _learn(self, waiting: _Waiting, again: Again) -> Reask | None:
        reask = self._all_pairs(waiting, again)
        if reask is not None:
            self.noise.learn(waiting.first, reask)
            self.flags = -1  # what is wrong may have become known since a flag was raised
            self._note_flags()
        return reask

    def _all_pairs(self, waiting: _Waiting, again: Again) -> Reask | None:
        self.asked += 1
        return all_pairs(waiting.pair.legacy, waiting.pair.extracted, again.legacy, again.extracted, self.rules)

    def _note_flags(self) -> None:
        if self.flags == self.noise.flags:
            return
        self.flags = self.noise.flags
        for one in self.noise.regressions():
            self.ledger.flag(KEY, f"noise {one.path}", one.path, one.asked, START + self.now)
            for mistake in self.mistakes.values():
                if _touches(one.path, mistake.truths):
                    mistake.found(self.seen)

    def _decide(self, waiting: _Waiting, reask: Reask | None, standing: Stood) -> None:
        may_ask = self.reasks.may_ask(waiting.pair)
        self._settle(waiting, explained(self.noise, waiting.first, reask, may_ask, standing))

    # counting

    def _settle(self, waiting: _Waiting, final: Comparison) -> None:
        times = (waiting.pair.legacy.total, waiting.pair.extracted.total)
        reason = final.reason.value if final.reason else ""
        high = final.risk is Risk.HIGH
        settled = Settled(
            KEY, waiting.pair.arrival, waiting.number, final.result, reason, final.signature, high, False, times
        )
        self.ledger.add(settled, final)
        mistake, mismatch = waiting.mistake, final.result is Result.MISMATCH
        named = mistake is not None and mismatch and any(_touches(one, waiting.truth) for one, _ in final.fields)
        judged = waiting.number >= self.case.learning
        if (
            mistake is not None and named and (judged or not mistake.inside)
        ):  # before noise is known it may be the noise
            mistake.found(self.seen)
        if not judged:
            self.early_false += mismatch and mistake is None
            return
        tally = self.clean if mistake is None else mistake.tally
        tally.pairs += 1
        tally.results[f"{final.result}: {reason}" if reason else str(final.result)] += 1
        if mismatch:
            tally.paths.update({path for path, _ in final.fields})
        if mistake is not None and named:
            tally.named += 1
            mistake.reported = True

    def _found(self, mistake: _Mistake) -> str:
        """Reported: a judged pair was, at the field that is wrong. Flagged: the ledger has a signature for it."""
        if mistake.reported:
            return "reported"
        rows = [row for row in self.ledger.signatures("route") if row.signature.startswith("noise ")]
        return "flagged" if any(_touches(row.path, mistake.truths) for row in rows) else ""


def _fields(found: Comparison) -> frozenset[Field]:
    """What differs, also where a ready-made rule passes over a value that is to be new each time."""
    return found.fields | {(one.path, one.kind) for one in found.differences if one.ignored_by in NEW_EACH_TIME}


def _touches(path: str, truth: frozenset[Field] | set[Field]) -> bool:
    """True when `path` is the place of one of these fields, holds it, or is inside it."""
    return any(path == one or _within(path, one) or (path != "$" and _within(one, path)) for one, _ in truth)


def _within(path: str, whole: str) -> bool:
    return path.startswith((f"{whole}.", f"{whole}["))


def _nothing() -> None:
    """A virtual event that is cancelled finds its pair gone."""

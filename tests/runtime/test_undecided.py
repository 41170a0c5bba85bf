"""Mismatches that wait for what is asked about others: decided once, in time, never kept for ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.model.comparison import Comparison, NotCompared, Result
from proxy.model.evidence import EvidenceKey
from proxy.model.observation import EMPTY_BODY, CapturedBody, CapturedRequest, Observation, Pair
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.runtime import undecided
from proxy.runtime.slices import SLICE
from proxy.runtime.undecided import EVERY, PATIENCE, Undecided

KEY = EvidenceKey("read", "rules", "7", 1)
OTHER = KEY._replace(build="8")
LEARNING = Comparison(Result.NOT_COMPARED, NotCompared.LEARNING, "", None, (200, 200), (), 0)
EXPLAINED = LEARNING._replace(result=Result.EXPLAINED, reason=None)


def pair(arrival: float) -> Pair:
    body = CapturedBody(b"12345", 5, True)
    legacy, extracted = (Observation(side, "", Outcome.OK, 200, (), body, "", 0.0, 0.0) for side in Side)
    return Pair(
        "read", 1, "rules", arrival, CapturedRequest(b"GET", b"/", (), EMPTY_BODY), legacy, extracted, legacy.side
    )


class Bench:
    """Pairs that wait; `known` are the arrivals that can be told by now."""

    def __init__(self) -> None:
        self.now = 100.0
        self.known: set[float] = set()
        self.reads = 0
        self.cost = 0.0  # seconds of one reading
        self.ends: list[tuple[float, Result]] = []
        self.timer: tuple[float, Callable[[], None]] | None = None
        self.undecided = Undecided(self._later, lambda: self.now)

    def _later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        assert self.timer is None, "one look at a time"
        self.timer = (self.now + seconds, call)

        def cancel() -> None:
            self.timer = None

        return cancel

    def wait(self, arrival: float, key: EvidenceKey = KEY) -> None:
        def read() -> Comparison:
            self.reads += 1
            self.now += self.cost
            return EXPLAINED if arrival in self.known else LEARNING

        ended = self.ends.append
        self.undecided.wait(key, pair(arrival), LEARNING, read, lambda said: ended((arrival, said.result)))

    def passes(self, seconds: float) -> None:
        until = self.now + seconds
        while self.timer is not None and self.timer[0] <= until:
            (self.now, call), self.timer = self.timer, None
            call()
        self.now = until


def test_what_was_learned_of_others_decides_who_waits() -> None:
    bench = Bench()
    for arrival in (1.0, 2.0, 3.0):
        bench.wait(arrival)
    assert (bench.ends, bench.undecided.oldest()) == ([], {"read": 1.0})
    bench.known = {1.0, 3.0}
    bench.undecided.learned(KEY)
    bench.passes(EVERY)
    assert bench.ends == [(1.0, Result.EXPLAINED), (3.0, Result.EXPLAINED)]
    assert bench.undecided.oldest() == {"read": 2.0}


def test_a_long_look_is_made_in_slices() -> None:
    bench = Bench()
    for arrival in (1.0, 2.0, 3.0):
        bench.wait(arrival)
    bench.known, bench.cost = {1.0, 3.0}, SLICE
    bench.undecided.learned(KEY)
    bench.passes(EVERY)
    assert (bench.ends, bench.undecided.oldest()) == ([(1.0, Result.EXPLAINED)], {"read": 2.0})
    assert bench.timer is not None
    assert bench.timer[0] < bench.now + EVERY
    bench.passes(EVERY / 2)
    assert bench.ends == [(1.0, Result.EXPLAINED), (3.0, Result.EXPLAINED)]
    assert (bench.reads, bench.undecided.oldest()) == (3, {"read": 2.0})


def test_nobody_waits_for_ever() -> None:
    bench = Bench()
    bench.wait(1.0)
    bench.passes(PATIENCE + EVERY)
    assert (bench.ends, bench.reads) == ([(1.0, Result.NOT_COMPARED)], 0)
    assert (bench.undecided.oldest(), bench.timer) == ({}, None)


def test_nothing_is_read_again_before_something_was_learned_of_that_build() -> None:
    bench = Bench()
    bench.wait(1.0)
    bench.undecided.learned(OTHER)
    bench.passes(EVERY)
    assert bench.reads == 0
    bench.undecided.learned(KEY)
    bench.passes(2 * EVERY)
    assert bench.reads == 1


@pytest.mark.parametrize(("bound", "most"), [("MOST", 2), ("MOST_BYTES", 25)])
def test_how_many_wait_is_bounded(monkeypatch: pytest.MonkeyPatch, bound: str, most: int) -> None:
    monkeypatch.setattr(undecided, bound, most)
    bench = Bench()
    for arrival in (1.0, 2.0, 3.0):
        bench.wait(arrival)
    assert bench.ends == [(3.0, Result.NOT_COMPARED)]


def test_an_end_ends_all_of_it() -> None:
    bench = Bench()
    bench.wait(1.0)
    bench.undecided.close()
    bench.wait(2.0)
    assert bench.ends == [(1.0, Result.NOT_COMPARED), (2.0, Result.NOT_COMPARED)]
    assert (bench.timer, bench.undecided.oldest()) == (None, {})

"""Copies stay within their bounds, and every one that is not compared is counted with its reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.model.comparison import NotCompared
from proxy.model.decision import Decision
from proxy.model.observation import EMPTY_BODY, CapturedBody, CapturedRequest, Exchange, Observation, Pair
from proxy.model.outcome import Outcome
from proxy.model.sides import Side, Stage
from proxy.model.spec import Breaker as BreakerSpec
from proxy.model.spec import ShadowBudget
from proxy.routing import Breaker
from proxy.shadow import Shadow, lanes

Done = Callable[[Observation], None]


def answered(side: Side = Side.LEGACY, outcome: Outcome = Outcome.OK, complete: bool = True) -> Observation:
    body = CapturedBody(b"{}" if complete else b"", 2, complete)
    return Observation(side, str(side), outcome, 200, (), body, "", 0.1, 0.2)


def exchange(number: int = 0, side: Side = Side.LEGACY, route: str = "read") -> Exchange:
    request = CapturedRequest(b"GET", b"/%d" % number, (), EMPTY_BODY)
    return Exchange(route, 1, "rules", request, answered(side), float(number))


def decision(backend: str | None = "service") -> Decision:
    return Decision("read", Stage.SHADOW, 1, "rules", Side.LEGACY, "legacy", backend, None, "")


class Bench:
    """A Shadow whose calls wait until the test answers them."""

    def __init__(self, **budget: float) -> None:
        self.now = 0.0
        self.in_flight = 1
        self.calls: list[tuple[Exchange, Done]] = []
        self.cancelled = 0
        self.pairs: list[Pair] = []
        self.not_compared: list[NotCompared] = []
        self.dropped: list[str] = []
        self.breaker = Breaker(BreakerSpec(failures=2, open_for=5.0))
        self.shadow = Shadow(
            budget=ShadowBudget(**{"queue": 2, "concurrency": 2, "deadline": 5.0, **budget}),  # type: ignore[arg-type]
            call=self._call,
            breaker=lambda backend: self.breaker,
            publish=self.pairs.append,
            not_compared=lambda exchange, reason: self.not_compared.append(reason),
            dropped=lambda exchange, reason: self.dropped.append(reason),
            in_flight=lambda: self.in_flight,
            clock=lambda: self.now,
        )

    def _call(self, exchange: Exchange, backend: str, side: Side, deadline: float, done: Done) -> Callable[[], None]:
        self.calls.append((exchange, done))

        def cancel() -> None:
            self.cancelled += 1
            done(answered(side, Outcome.CANCELLED))

        return cancel

    def answer(self, at: int = 0, outcome: Outcome = Outcome.OK) -> None:
        exchange, done = self.calls.pop(at)
        done(answered(exchange.answered.side.other, outcome))


def test_a_copy_is_paired_with_what_the_client_got() -> None:
    bench = Bench()
    bench.shadow.offer(exchange(7), decision())
    bench.answer()
    (pair,) = bench.pairs
    assert (pair.legacy.side, pair.extracted.side, pair.answering) == (Side.LEGACY, Side.EXTRACTED, Side.LEGACY)
    assert pair.arrival == 7.0
    assert bench.shadow.oldest() == {}


def test_in_reverse_the_sides_are_not_mixed_up() -> None:
    bench = Bench()
    bench.shadow.offer(exchange(1, Side.EXTRACTED), decision("legacy"))
    bench.answer()
    (pair,) = bench.pairs
    assert (pair.legacy.side, pair.extracted.side, pair.answering) == (Side.LEGACY, Side.EXTRACTED, Side.EXTRACTED)


def test_nothing_is_sent_without_a_shadow_backend() -> None:
    bench = Bench()
    bench.shadow.offer(exchange(), decision(None))
    assert not bench.calls


def test_concurrency_and_queue_are_bounded_and_the_rest_is_dropped_and_counted() -> None:
    bench = Bench()
    for number in range(6):
        bench.shadow.offer(exchange(number), decision())
    assert (len(bench.calls), bench.shadow.depth()) == (2, {"service": (2, 2)})
    assert bench.dropped == ["queue_full", "queue_full"]
    bench.answer()
    assert [call[0].arrival for call in bench.calls] == [1.0, 2.0]


def test_bodies_that_wait_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "QUEUE_BYTES", 100)
    bench = Bench(concurrency=1, queue=10)
    large = answered()._replace(body=CapturedBody(b"x" * 60, 60, True))
    for number in range(3):
        bench.shadow.offer(exchange(number)._replace(answered=large), decision())
    assert bench.shadow.depth() == {"service": (1, 1)}
    assert bench.dropped == ["queue_bytes_full"]
    bench.answer()
    bench.shadow.offer(exchange(9)._replace(answered=large), decision())  # there is room again
    assert bench.shadow.depth() == {"service": (1, 1)}


def test_one_hanging_backend_fills_its_own_lane_only() -> None:
    bench = Bench()
    for number in range(6):
        bench.shadow.offer(exchange(number), decision("hanging"))
    bench.shadow.offer(exchange(9), decision("well"))
    assert bench.calls[-1][0].arrival == 9.0


def test_a_copy_that_waited_too_long_is_not_sent() -> None:
    bench = Bench(concurrency=1)
    bench.shadow.offer(exchange(1), decision())
    bench.shadow.offer(exchange(2), decision())
    bench.now = 6.0
    bench.answer()
    assert bench.dropped == ["expired"]
    assert not bench.calls


def test_an_open_breaker_stops_copies_until_a_trial_succeeds() -> None:
    bench = Bench()
    for number in range(2):
        bench.shadow.offer(exchange(number), decision())
        bench.answer(outcome=Outcome.UPSTREAM_CONNECT_REFUSED)
    bench.shadow.offer(exchange(3), decision())
    assert bench.dropped == ["breaker_open"]
    assert len(bench.pairs) == 2  # the failures themselves are comparisons: the extracted side gave no answer
    bench.now = 6.0
    bench.shadow.offer(exchange(4), decision())
    bench.answer()
    bench.shadow.offer(exchange(5), decision())
    assert len(bench.calls) == 1


def test_legacy_never_gets_more_copies_at_once_than_clients_are_in_flight() -> None:
    bench = Bench(concurrency=64, queue=100)
    bench.in_flight = 3
    for number in range(10):
        bench.shadow.offer(exchange(number, Side.EXTRACTED), decision("legacy"))
    assert len(bench.calls) == 3
    bench.in_flight = 0
    for _ in range(3):
        bench.answer()
    assert len(bench.calls) == 1  # one at a time, in order, until none is left
    while bench.calls:
        bench.answer()
    assert [pair.arrival for pair in bench.pairs] == [float(number) for number in range(10)]


def test_what_the_client_did_not_get_whole_is_not_compared() -> None:
    bench = Bench()
    plain = exchange()
    bench.shadow.offer(plain._replace(answered=answered(complete=False)), decision())
    bench.shadow.offer(plain._replace(answered=answered(outcome=Outcome.CLIENT_GONE)), decision())
    large = plain.request._replace(body=CapturedBody(b"", 9_000_000, False))
    bench.shadow.offer(plain._replace(request=large), decision())
    assert bench.not_compared == [NotCompared.TOO_LARGE, NotCompared.CLIENT_GONE, NotCompared.TOO_LARGE]
    assert not bench.calls


def test_what_we_cut_off_ourselves_is_no_verdict_on_the_service() -> None:
    bench = Bench()
    bench.shadow.offer(exchange(), decision())
    bench.answer(outcome=Outcome.POOL_EXHAUSTED)
    assert bench.not_compared == [NotCompared.SHADOW_CANCELLED]
    assert not bench.pairs


def test_the_oldest_copy_holds_the_watermark_of_its_route() -> None:
    bench = Bench(concurrency=1)
    bench.shadow.offer(exchange(3, route="a"), decision())
    bench.shadow.offer(exchange(5, route="b"), decision())
    bench.shadow.offer(exchange(4, route="b"), decision())
    assert bench.shadow.oldest() == {"a": 3.0, "b": 4.0}


def test_a_drain_counts_what_it_gives_up() -> None:
    bench = Bench(concurrency=1)
    for number in range(3):
        bench.shadow.offer(exchange(number), decision())
    bench.shadow.drain()
    assert bench.dropped == ["draining", "draining"]
    assert (bench.cancelled, bench.not_compared) == (1, [NotCompared.SHADOW_CANCELLED])
    bench.shadow.offer(exchange(9), decision())
    assert bench.dropped[-1] == "draining"


def test_after_an_answer_beyond_the_cap_the_lane_rests_and_counts_what_it_does_not_take() -> None:
    bench = Bench(queue=3, concurrency=1)
    for number in range(3):
        bench.shadow.offer(exchange(number), decision())
    large, done = bench.calls.pop()
    done(answered(large.answered.side.other, complete=False))
    assert bench.dropped == ["answers_too_large"] * 2  # those who waited
    bench.shadow.offer(exchange(3), decision())
    assert bench.dropped == ["answers_too_large"] * 3
    assert bench.shadow.oldest() == {}
    bench.now += lanes.REST
    bench.shadow.offer(exchange(4), decision())
    bench.answer()
    bench.shadow.offer(exchange(5), decision())
    bench.answer()
    assert bench.dropped == ["answers_too_large"] * 3
    assert [pair.arrival for pair in bench.pairs] == [0.0, 4.0, 5.0]


def test_rests_add_up_when_many_large_answers_were_under_way_at_once() -> None:
    bench = Bench(concurrency=2)
    for number in range(2):
        bench.shadow.offer(exchange(number), decision())
    for large, done in bench.calls:
        done(answered(large.answered.side.other, complete=False))
    bench.now += 1.5 * lanes.REST
    bench.shadow.offer(exchange(2), decision())
    assert bench.dropped == ["answers_too_large"]

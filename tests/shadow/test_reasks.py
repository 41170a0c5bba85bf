"""Both sides are asked again together, within budgets, and what says nothing is thrown away."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from proxy.model.comparison import Field, Kind
from proxy.model.observation import EMPTY_BODY, CapturedBody, CapturedRequest, Observation, Pair
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.model.spec import Backend, RoutesSpec
from proxy.model.spec import Reasks as Settings
from proxy.shadow import Again, Reasks, Ways, reasks
from proxy.shadow.calm import SHORTEST

FIELD: Field = ("$.now", Kind.VALUE)


def observed(side: Side, status: int = 200, build: str = "7", outcome: Outcome = Outcome.OK) -> Observation:
    name = "service" if side is Side.EXTRACTED else "legacy"
    build = build if side is Side.EXTRACTED else ""
    return Observation(side, name, outcome, status, (), CapturedBody(b"{}", 2, True), build, 0.01, 0.01)


def pair(number: int = 0, method: bytes = b"GET", route: str = "read") -> Pair:
    request = CapturedRequest(method, b"/%d" % number, (), EMPTY_BODY)
    legacy, extracted = observed(Side.LEGACY), observed(Side.EXTRACTED)
    return Pair(route, 1, "rules", float(number), request, legacy, extracted, Side.LEGACY)


def spec(**settings: object) -> RoutesSpec:
    backends = {name: Backend(name, "", "127.0.0.1", 1) for name in ("legacy", "service", "twin")}
    return RoutesSpec(backends, "legacy", reasks=Settings(**settings))  # type: ignore[arg-type]  # by name


class Bench:
    """Re-asks whose clock, dice, timers and answers are the test's."""

    def __init__(self, **settings: object) -> None:
        self.now = 100.0
        self.roll = 0.9
        self.free = True
        self.current = True
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.asked: list[tuple[str, Side, Callable[[Observation], None]]] = []
        self.cancelled = 0
        self.counted: list[str] = []
        self.stopped: list[str] = []
        self.ends: list[Again | None] = []
        self.reasks = Reasks(
            spec(**settings),
            Ways(
                ask=self._ask,
                is_free=lambda backend: self.free,
                later=self._later,
                is_current=lambda pair: self.current,
                counted=lambda route, result: self.counted.append(result),
                stopped=lambda why, seconds: self.stopped.append(why),
                clock=lambda: self.now,
                dice=lambda: self.roll,
            ),
        )

    def _later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        entry = (self.now + seconds, call)
        self.timers.append(entry)
        return lambda: self.timers.remove(entry) if entry in self.timers else None

    def _ask(
        self, backend: str, side: Side, request: CapturedRequest, deadline: float, done: Callable[[Observation], None]
    ) -> Callable[[], None]:
        self.asked.append((backend, side, done))

        def cancel() -> None:
            self.cancelled += 1

        return cancel

    def offer(self, one: Pair | None = None, fields: tuple[Field, ...] = (FIELD,), sampled: bool = False) -> bool:
        return self.reasks.offer(one or pair(), fields, sampled, self.ends.append)

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while due := [entry for entry in self.timers if entry[0] <= until]:
            entry = min(due, key=lambda entry: entry[0])
            self.timers.remove(entry)
            self.now = entry[0]
            entry[1]()
        self.now = until

    def answer(self, legacy: Observation | None = None, extracted: Observation | None = None) -> None:
        waiting, self.asked = self.asked, []
        for _, side, done in waiting:
            given = legacy if side is Side.LEGACY else extracted
            done(given or observed(side))


def test_both_sides_are_asked_together_after_the_delay() -> None:
    bench = Bench(delay=1.0)
    assert bench.offer()
    bench.wait(0.9)
    assert bench.asked == []
    bench.wait(0.2)
    assert [entry[:2] for entry in bench.asked] == [("legacy", Side.LEGACY), ("service", Side.EXTRACTED)]
    assert bench.reasks.oldest() == {"read": 0.0}
    bench.answer()
    (again,) = bench.ends
    assert again is not None
    assert (again.legacy.side, again.extracted.side) == (Side.LEGACY, Side.EXTRACTED)
    assert (bench.counted, bench.reasks.oldest()) == (["done"], {})


def test_the_order_is_the_dice() -> None:
    bench = Bench()
    bench.roll = 0.1
    bench.offer()
    bench.wait(2)
    assert [entry[0] for entry in bench.asked] == ["service", "legacy"]


def test_a_second_legacy_is_asked_in_place_of_legacy_and_at_once() -> None:
    bench = Bench(second_legacy="twin", delay=5.0)
    bench.offer()
    bench.wait(0)
    assert {entry[0] for entry in bench.asked} == {"twin", "service"}


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"PATCH", b"DELETE", b"PURGE"])
def test_only_safe_requests_are_asked_again(method: bytes) -> None:
    bench = Bench()
    assert not bench.reasks.may_ask(pair(method=method))
    assert not bench.offer(pair(method=method))
    assert not bench.offer(pair(method=method), (), sampled=True)
    assert bench.timers == []


def test_zero_a_second_turns_them_off() -> None:
    bench = Bench(per_second=0.0)
    assert not bench.reasks.may_ask(pair())
    assert not bench.offer()
    assert bench.counted == []


def test_a_sampled_pair_is_asked_but_holds_nothing_back() -> None:
    bench = Bench()
    assert bench.offer(fields=(), sampled=True)
    assert not bench.offer(fields=(), sampled=False)
    assert bench.reasks.oldest() == {}
    bench.wait(2)
    assert len(bench.asked) == 2


def test_a_route_that_moved_on_is_not_asked() -> None:
    bench = Bench()
    bench.offer()
    bench.current = False
    bench.wait(2)
    assert (bench.asked, bench.ends, bench.counted) == ([], [None], ["stopped"])
    assert not bench.offer()


def test_the_rate_of_a_backend_is_kept_over_routes_and_what_is_new_waits_in_line_for_it() -> None:
    bench = Bench(per_second=4.0, delay=0.0)
    taken = [bench.offer(pair(number, route=f"r{number}")) for number in range(17)]
    assert (taken, bench.counted) == ([True] * 16 + [False], ["budget"])
    for second in range(1, 4):
        bench.wait(0.99 if second == 1 else 1.0)
        assert len(bench.asked) == 2 * 4 * second
    assert bench.offer(pair(20, route="r20"))


def test_the_random_sample_does_not_wait_in_line() -> None:
    bench = Bench(per_second=4.0)
    assert [bench.offer(pair(number), (), sampled=True) for number in range(4)] == [True, True, False, False]


def test_the_delay_takes_nothing_from_the_half_of_the_rate_that_the_sample_may_use() -> None:
    bench = Bench(per_second=4.0, delay=2.0)
    taken = 0
    for number in range(100):
        taken += bench.offer(pair(number), (), sampled=True)
        bench.wait(0.1)
        bench.answer()
    assert 18 <= taken <= 21  # two a second, for ten seconds


def test_a_loud_field_leaves_room_for_a_new_one() -> None:
    bench = Bench(per_second=1000.0)
    assert sum(bench.offer(pair(number)) for number in range(60)) == 40
    assert bench.offer(fields=(FIELD, ("$.fee", Kind.VALUE)))


def test_the_pairs_held_are_bounded_in_number_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasks, "HELD", 2)
    bench = Bench()
    assert [bench.offer() for _ in range(3)] == [True, True, False]
    monkeypatch.setattr(reasks, "HELD_BYTES", 6)
    bench = Bench()
    assert [bench.offer() for _ in range(2)] == [True, False]
    bench.wait(2)
    bench.answer()
    assert bench.offer()


def test_a_pair_waits_for_its_turn_but_not_for_ever() -> None:
    bench = Bench(delay=1.0)
    bench.free = False
    bench.offer()
    bench.wait(1.5)
    assert (bench.asked, bench.ends) == ([], [])
    bench.free = True
    bench.wait(0.1)
    assert len(bench.asked) == 2
    bench = Bench(delay=1.0)
    bench.free = False
    bench.offer()
    bench.wait(3.0)
    assert (bench.ends, bench.counted, bench.timers) == ([None], ["budget"], [])


@pytest.mark.parametrize(
    ("legacy", "extracted", "result"),
    [
        (observed(Side.LEGACY, 404), observed(Side.EXTRACTED, 404), "done"),
        (observed(Side.LEGACY), observed(Side.EXTRACTED, 500), "done"),
        (observed(Side.LEGACY, 500), None, "done"),
        (observed(Side.LEGACY, 429), None, "done"),
        (None, observed(Side.EXTRACTED, 429), "done"),
        (None, observed(Side.EXTRACTED, 0, outcome=Outcome.TOTAL_TIMEOUT), "failed"),
        (None, observed(Side.EXTRACTED, 0, outcome=Outcome.BREAKER_OPEN), "failed"),
        (observed(Side.LEGACY, 0, outcome=Outcome.POOL_EXHAUSTED), None, "failed"),
        (None, observed(Side.EXTRACTED)._replace(body=CapturedBody(b"", 9, False)), "failed"),
        (None, observed(Side.EXTRACTED, build="8"), "other_build"),
    ],
)
def test_what_says_nothing_is_thrown_away(
    legacy: Observation | None, extracted: Observation | None, result: str
) -> None:
    bench = Bench()
    bench.offer()
    bench.wait(2)
    bench.answer(legacy, extracted)
    assert bench.counted == [result]
    assert (bench.ends[0] is not None) == (result == "done")


def test_a_legacy_that_has_enough_is_left_alone_for_a_while() -> None:
    bench = Bench()
    bench.offer(pair(1))
    bench.offer(pair(2))
    bench.wait(1.0)
    bench.asked[0][2](observed(Side.LEGACY, 429))
    assert bench.stopped == ["legacy answered 429"]
    assert bench.reasks.is_stopped
    assert bench.reasks.may_ask(pair())  # in general
    assert not bench.offer(pair(3))
    assert bench.counted == ["stopped"]
    bench.wait(SHORTEST)
    assert bench.offer(pair(4))


def refused(number: int = 0, answering: Side = Side.LEGACY) -> Pair:
    return pair(number)._replace(legacy=observed(Side.LEGACY, 429), answering=answering)


def test_what_legacy_refused_its_client_is_asked_about_seldom_and_a_second_refusal_stops_nothing() -> None:
    bench = Bench(delay=0.0)
    assert [bench.offer(refused(number)) for number in range(3)] == [True, False, False]
    assert not bench.offer(pair()._replace(extracted=observed(Side.EXTRACTED, 429)))  # nor what the other side did
    assert bench.offer(pair(4))
    bench.wait(1.0)
    bench.answer(observed(Side.LEGACY, 429), observed(Side.EXTRACTED, 429))
    assert bench.counted == ["budget", "budget", "budget", "done", "done"]
    assert bench.stopped == ["legacy answered 429"]  # of the pair that it had not refused
    bench.wait(SHORTEST)
    assert bench.offer(refused())
    bench.wait(1.0)
    bench.answer(observed(Side.LEGACY, 429), observed(Side.EXTRACTED, 429))
    assert len(bench.stopped) == 1
    asked = 0
    for number in range(80):
        asked += bench.offer(refused(number), (("$.other", Kind.VALUE),))
        bench.wait(0.25)
        bench.answer(observed(Side.LEGACY, 429), observed(Side.EXTRACTED, 429))
    assert (asked, len(bench.stopped)) == (20, 1)


def test_a_copy_that_legacy_refused_is_our_own_doing() -> None:
    bench = Bench(delay=0.0)
    assert bench.offer(refused(answering=Side.EXTRACTED))
    bench.wait(1.0)
    bench.answer(observed(Side.LEGACY, 429))
    assert bench.stopped == ["legacy answered 429"]


def test_an_end_ends_everything_once() -> None:
    bench = Bench()
    bench.offer(pair(1))
    bench.wait(2)
    bench.offer(pair(2))
    bench.reasks.close()
    assert (bench.ends, bench.counted, bench.cancelled) == ([None, None], ["failed"] * 2, 2)
    bench.answer()  # too late
    bench.wait(1)
    assert (len(bench.ends), bench.timers) == (2, [])


def test_settings_can_change_under_way() -> None:
    bench = Bench(delay=1.0)
    bench.offer()
    bench.reasks.follow(dataclasses.replace(spec(per_second=0.0)))
    bench.wait(2)
    assert (bench.asked, bench.ends) == ([], [None])


def test_pairs_that_came_together_are_asked_one_after_another() -> None:
    bench = Bench(delay=1.0, per_second=4.0)
    assert all(bench.offer(pair(number)) for number in range(3))
    seen = []
    for _ in range(4):
        bench.wait(0.25)
        seen.append(len(bench.asked) // 2)
    assert seen == [0, 0, 0, 1]
    bench.wait(0.25)
    assert len(bench.asked) == 4
    bench.wait(0.25)
    assert len(bench.asked) == 6


@pytest.mark.parametrize("lags", [True, False])
def test_answers_that_this_process_hears_late_do_not_stop_it(lags: bool) -> None:
    bench = Bench(delay=0.0, per_second=50.0)
    for _ in range(30):
        bench.reasks.usual("read", 0.01)
    slow = observed(Side.LEGACY)._replace(total=0.5)
    for number in range(6):
        assert bench.offer(pair(number)) == (not bench.stopped)
        bench.wait(0.02)
        if lags:
            bench.now += 0.49  # and no timer ran
        else:
            bench.wait(0.49)
        bench.answer(slow)
        bench.wait(1.0)
    assert bool(bench.stopped) == (not lags)

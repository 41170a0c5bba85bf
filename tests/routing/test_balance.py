"""Which url gets a request, which are left and when they return: tables over a clock and dice that the test holds."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest

from proxy.model import spec
from proxy.model.events import Event
from proxy.model.spec import Backend, Health, Url
from proxy.routing.balance import LONGEST, Standings
from proxy.routing.breaker import Breaker
from proxy.routing.budget import RESERVE, SHARE, Budget

SETTINGS = spec.Breaker(failures=3, open_for=5.0)
HEALTH = Health("/up", unhealthy_after=3, healthy_after=2)


class World:
    """The urls of one backend, and what was told of them."""

    def __init__(self, urls: int, health: Health | None = HEALTH) -> None:
        others = tuple(Url(f"http://u{number}", f"u{number}", 80) for number in range(1, urls))
        self.told: list[Event] = []
        self.breaker = Breaker(SETTINGS)
        backend = dataclasses.replace(Backend("b", "http://u0", "u0", 80, others=others), health=health)
        self.standings = Standings(backend, SETTINGS, self.breaker, self.told.append)
        self.busy = [0] * urls

    def fail(self, url: int, times: int = 1, now: float = 0.0) -> None:
        for _ in range(times):
            self.standings.each[url].failed(now)

    def check(self, url: int, good: bool, times: int = 1) -> None:
        for _ in range(times):
            self.standings.each[url].checked(good, "as the test says")

    def picked(self, now: float = 0.0, avoid: int | None = None) -> Counter[int]:
        """How often each url is picked over evenly spread dice."""
        dice = [(roll + 0.5) / 600 for roll in range(600)]
        return Counter(self.standings.pick(self.busy.__getitem__, one, now, avoid) for one in dice)

    def kinds(self) -> list[str]:
        return [f"{event.kind} {event.url}" for event in self.told]


@pytest.mark.parametrize("urls", [1, 2, 3, 7])
def test_urls_that_are_equally_busy_get_equal_shares(urls: int) -> None:
    picked = World(urls).picked()
    assert set(picked) == set(range(urls))
    assert max(picked.values()) - min(picked.values()) <= 6


@pytest.mark.parametrize(
    ("busy", "shares"),
    [
        ([5, 0], [0, 600]),
        ([0, 1, 1], [400, 100, 100]),  # the least busy wins every pair it is in, which is two of three
        ([9, 9, 0], [100, 100, 400]),
        ([0, 1, 2, 3], [300, 200, 100, 0]),  # the busiest of all never
    ],
)
def test_of_two_by_lot_the_less_busy_is_taken(busy: list[int], shares: list[int]) -> None:
    world = World(len(busy))
    world.busy = busy
    picked = world.picked()
    assert all(abs(picked[url] - share) <= 12 for url, share in enumerate(shares)), picked


def test_a_url_that_fails_in_a_row_is_left_and_one_success_between_saves_it() -> None:
    world = World(2)
    world.fail(0, 2)
    world.standings.each[0].succeeded()
    world.fail(0, 2)
    assert set(world.picked()) == {0, 1}
    world.fail(0)
    assert set(world.picked(4.9)) == {1}
    assert set(world.picked(5.0)) == {0, 1}
    assert world.kinds() == ["url_ejected http://u0", "url_returned http://u0"]


def test_one_whose_time_is_over_is_seen_to_be_back_though_nobody_asks_for_anything() -> None:
    world = World(2)
    world.fail(0, 3)
    assert world.standings.look(4.9) == [("http://u0", True, True), ("http://u1", True, False)]
    assert world.standings.look(5.0) == [("http://u0", True, False), ("http://u1", True, False)]
    assert world.kinds() == ["url_ejected http://u0", "url_returned http://u0"], "told once, when it was over"
    world.fail(0, 1, 6.0)
    assert world.standings.look(15.9)[0] == ("http://u0", True, True), "one failure is enough, left for longer"
    world.check(0, False, 3)
    assert world.standings.look(16.0)[0] == ("http://u0", False, False)


@pytest.mark.parametrize(("urls", "most"), [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)])
def test_never_more_than_half_are_ejected(urls: int, most: int) -> None:
    world = World(urls)
    for url in range(urls):
        world.fail(url, 50)
    assert sum(one.is_out for one in world.standings.each) == most
    assert len(world.picked()) == urls - most


def test_the_last_url_that_is_usable_is_not_ejected() -> None:
    world = World(2)
    world.check(1, False, 3)
    world.fail(0, 50)
    assert set(world.picked()) == {0}
    assert not world.standings.each[0].is_out


def test_each_time_it_is_left_for_longer_and_after_good_service_from_the_start() -> None:
    world = World(2)
    now = 0.0
    lengths: list[float] = []
    for _ in range(LONGEST + 2):
        world.fail(0, 1 if lengths else 3, now)  # after its return one failure is enough
        lengths.append(world.standings.each[0].out_until - now)
        now = world.standings.each[0].out_until
        world.picked(now)
    assert lengths == [5.0 * min(time, LONGEST) for time in range(1, LONGEST + 3)]
    world.standings.each[0].succeeded()
    now += 5.0 * LONGEST + 0.1
    world.fail(0, 3, now)
    assert world.standings.each[0].out_until == now + 5.0


def test_failures_that_arrive_late_do_not_make_it_longer() -> None:
    world = World(2)
    world.fail(0, 3, 0.0)
    world.fail(0, 10, 1.0)
    assert world.standings.each[0].out_until == 5.0
    assert len(world.told) == 1


def test_a_request_that_failed_goes_elsewhere_unless_there_is_no_other() -> None:
    world = World(3)
    assert set(world.picked(avoid=1)) == {0, 2}
    world.check(0, False, 3)
    assert set(world.picked(avoid=1)) == {2}
    assert set(world.picked(avoid=2)) == {1}
    assert set(World(1).picked(avoid=0)) == {0}


def test_checks_leave_a_url_after_bad_ones_in_a_row_and_take_it_back_after_good_ones() -> None:
    world = World(2)
    world.check(0, False, 2)
    world.check(0, True)
    world.check(0, False, 2)
    assert set(world.picked()) == {0, 1}
    world.check(0, False)
    assert set(world.picked()) == {1}
    world.check(0, True)
    world.check(0, False)
    world.check(0, True)
    assert set(world.picked()) == {1}
    world.check(0, True)
    assert set(world.picked()) == {0, 1}
    assert world.kinds() == ["url_unhealthy http://u0", "url_healthy http://u0"]


def test_all_may_be_unhealthy_and_then_the_breaker_is_open_and_whoever_must_goes_anywhere() -> None:
    world = World(2)
    world.check(0, False, 3)
    assert world.breaker.allows(0.0)
    world.check(1, False, 3)
    assert world.breaker.open
    assert not world.breaker.allows(1e9), "no request need try: checks do"
    assert set(world.picked()) == {0, 1}
    world.standings.each[0].succeeded()
    assert world.breaker.open, "a request that got through says less than the checks"
    world.check(1, True, 2)
    assert world.breaker.allows(0.0)
    assert set(world.picked()) == {1}


def test_the_breaker_counts_only_while_every_url_fails() -> None:
    world = World(2)
    seen = [world.breaker.open]
    world.fail(0, 50)
    seen.append(world.breaker.open)
    world.fail(1, SETTINGS.failures)
    seen.append(world.breaker.open)
    world.standings.each[0].succeeded()
    seen.append(world.breaker.open)
    assert seen == [False, False, True, False]


def test_a_status_that_counts_as_failure_is_a_word_on_the_url_alone() -> None:
    world = World(2)
    for url in (0, 1):
        for _ in range(10):
            world.standings.each[url].turned_down(0.0)
    assert world.standings.each[0].is_out
    assert not world.breaker.open


def test_an_only_url_is_as_without_all_this() -> None:
    world = World(1, None)
    world.fail(0, SETTINGS.failures)
    assert world.breaker.open
    assert world.told == []


@pytest.mark.parametrize("requests", [1, 10, 100, 10_000])
def test_of_requests_that_all_fail_a_fifth_is_sent_again_and_a_few(requests: int) -> None:
    budget, again = Budget(), 0
    for _ in range(requests):
        budget.earn()
        attempts = 3
        while attempts and budget.spend():
            attempts -= 1
            again += 1
    assert again <= SHARE * requests + RESERVE
    assert again >= min(requests, SHARE * requests * 0.95)


def test_quiet_times_save_up_no_more_than_the_reserve() -> None:
    budget = Budget()
    for _ in range(1000):
        budget.earn()
    assert sum(budget.spend() for _ in range(1000)) == RESERVE

"""The breaker as a state machine over a clock that the test holds."""

from __future__ import annotations

from proxy.model import spec
from proxy.routing.breaker import Breaker


def opened(at: float = 10.0) -> Breaker:
    breaker = Breaker(spec.Breaker(failures=3, open_for=5.0))
    for _ in range(3):
        assert breaker.allows(at)
        breaker.failed(at)
    return breaker


def test_failures_in_a_row_open_it_and_a_success_between_them_does_not() -> None:
    breaker = Breaker(spec.Breaker(failures=2, open_for=5.0))
    for _ in range(5):
        breaker.failed(1.0)
        breaker.succeeded()
    assert not breaker.open
    breaker.failed(1.0)
    breaker.failed(1.0)
    assert breaker.open


def test_while_open_one_request_at_a_time_may_try() -> None:
    breaker = opened(10.0)
    assert not breaker.allows(14.9)
    assert breaker.allows(15.0)
    assert not breaker.allows(15.1)
    assert not breaker.allows(19.9)


def test_a_good_trial_closes_it_and_a_bad_one_starts_the_wait_anew() -> None:
    breaker = opened(10.0)
    assert breaker.allows(15.0)
    breaker.failed(16.0)
    assert not breaker.allows(20.9)
    assert breaker.allows(21.0)
    breaker.succeeded()
    assert breaker.allows(21.1)
    assert not breaker.open


def test_a_trial_that_is_never_heard_of_does_not_keep_it_open_for_ever() -> None:
    breaker = opened(10.0)
    assert breaker.allows(15.0)
    assert breaker.allows(20.0)

"""Legacy is left alone when it says so or slows, and asked again when it is well."""

from __future__ import annotations

from proxy.model.observation import EMPTY_BODY, Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.shadow.calm import KNOWN, LONGEST, SHORTEST, Calm


def answer(seconds: float = 0.01, status: int = 200, outcome: Outcome = Outcome.OK, retry: bytes = b"") -> Observation:
    headers = ((b"Retry-After", retry),) if retry else ()
    return Observation(Side.LEGACY, "legacy", outcome, status, headers, EMPTY_BODY, "", 0.0, seconds)


def known(seconds: float = 0.01) -> Calm:
    calm = Calm()
    for _ in range(KNOWN):
        calm.usual("read", seconds)
    return calm


def test_429_and_503_stop_at_once_and_longer_each_time() -> None:
    calm = Calm()
    assert calm.heard("read", answer(status=429), 100.0, timed=True) == "legacy answered 429"
    assert calm.is_stopped(100.0 + SHORTEST - 0.1)
    assert not calm.is_stopped(100.0 + SHORTEST)
    assert calm.heard("read", answer(status=503), 200.0, timed=True) == "legacy answered 503"
    assert calm.left(200.0) == 2 * SHORTEST


def test_what_was_under_way_stops_nothing_twice() -> None:
    calm = Calm()
    calm.heard("read", answer(status=429), 100.0, timed=True)
    assert calm.heard("read", answer(status=429), 100.1, timed=True) == ""
    assert calm.left(100.0) == SHORTEST


def test_retry_after_is_obeyed_within_bounds() -> None:
    calm = Calm()
    calm.heard("read", answer(status=429, retry=b"60"), 0.0, timed=True)
    assert calm.left(0.0) == 60.0
    calm.heard("read", answer(status=429, retry=b"86400"), 100.0, timed=True)
    assert calm.left(100.0) == LONGEST
    calm = Calm()
    calm.heard("read", answer(status=503, retry=b"Fri, 31 Dec 1999 23:59:59 GMT"), 0.0, timed=True)
    assert calm.left(0.0) == SHORTEST


def test_a_429_that_the_client_had_got_too_is_no_news_and_a_503_is() -> None:
    calm = Calm()
    assert calm.heard("read", answer(status=429, retry=b"30"), 0.0, timed=True, before=429) == ""
    assert calm.heard("read", answer(status=503), 0.0, timed=True, before=503) == "legacy answered 503"
    assert calm.heard("read", answer(status=429), 100.0, timed=True, before=200) == "legacy answered 429"
    for _ in range(5):
        assert calm.heard("read", answer(status=429), 150.0, timed=True, before=429) == ""
    calm.heard("read", answer(status=429), 200.0, timed=True)
    assert calm.left(200.0) == 4 * SHORTEST  # to be refused as before is no sign of being well again


def test_a_slow_answer_is_chance_four_of_five_are_not() -> None:
    calm = known()
    for seconds in (0.2, 0.2, 0.01, 0.2):
        assert calm.heard("read", answer(seconds), 0.0, timed=True) == ""
    assert "slows: 200 ms where 10 ms is usual" in calm.heard("read", answer(0.2), 0.0, timed=True)
    assert calm.is_stopped(1.0)


def test_time_that_we_lost_ourselves_is_not_legacys() -> None:
    calm = known()
    assert not any(calm.heard("read", answer(0.2), 0.0, timed=True, ours=0.17) for _ in range(10))


def test_a_time_out_is_slow_and_a_refused_connection_says_nothing() -> None:
    calm = known()
    for _ in range(5):
        assert calm.heard("read", answer(5.0, 0, Outcome.UPSTREAM_CONNECT_REFUSED), 0.0, timed=True) == ""
    assert [calm.heard("read", answer(5.0, 0, Outcome.TOTAL_TIMEOUT), 0.0, timed=True) != "" for _ in range(4)] == [
        False,
        False,
        False,
        True,
    ]


def test_twice_as_long_is_not_enough_where_both_are_fast() -> None:
    calm = known(0.01)
    assert not any(calm.heard("read", answer(0.055), 0.0, timed=True) for _ in range(10))


def test_what_is_not_known_or_not_the_same_instance_is_not_timed() -> None:
    calm = Calm()
    assert not any(calm.heard("read", answer(3.0), 0.0, timed=True) for _ in range(10))
    assert not any(known().heard("read", answer(3.0), 0.0, timed=False) for _ in range(10))


def test_good_answers_make_the_next_stop_short_again() -> None:
    calm = known()
    calm.heard("read", answer(status=429), 0.0, timed=True)
    for _ in range(5):
        calm.heard("read", answer(), 50.0, timed=True)
    calm.heard("read", answer(status=429), 100.0, timed=True)
    assert calm.left(100.0) == SHORTEST

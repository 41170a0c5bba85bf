"""The promises of the test, computed exactly: dynamic programming over (n, k), looked at after every comparison."""

from collections.abc import Callable
from math import comb, inf, isclose

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.evidence import alpha_for, clean_needed, fail_value, interval, pass_value

EPS, ALPHA = 0.01, 0.05


def ever(reached: Callable[[int, int], bool], rate: float, upto: int, *, from_below: bool) -> float:
    """The chance that `reached(n, k)` holds at some n <= upto when each comparison is a mismatch with chance `rate`.

    `reached` holds for k up to a limit that grows with n (`from_below`), or from such a limit on."""
    width = int(upto * rate + 12 * (upto * rate) ** 0.5) + 30  # beyond it lies less than 1e-12
    alive = [1.0] + [0.0] * width
    stopped = 0.0
    limit = -1 if from_below else 1
    for n in range(1, upto + 1):
        for k in range(min(n, width), 0, -1):
            alive[k] = alive[k] * (1 - rate) + alive[k - 1] * rate
        alive[0] *= 1 - rate
        if from_below:
            while reached(n, limit + 1):
                limit += 1
            gone = range(limit + 1)
        else:
            while limit <= width and not reached(n, limit):
                limit += 1
            gone = range(limit, width + 1)
        for k in gone:
            stopped += alive[k]
            alive[k] = 0.0
    return stopped


def ever_passes(rate: float, upto: int) -> float:
    return ever(lambda n, k: pass_value(n, k, EPS) >= 1 / ALPHA, rate, upto, from_below=True)


def ever_fails(rate: float, upto: int) -> float:
    return ever(lambda n, k: fail_value(n, k, EPS) >= 1 / ALPHA, rate, upto, from_below=False)


def test_at_the_tolerated_rate_a_wrong_pass_ever_is_at_most_alpha() -> None:
    assert 0.02 < ever_passes(EPS, 2000) <= ALPHA
    assert ever_passes(2 * EPS, 2000) < 0.005


def test_at_the_tolerated_rate_a_wrong_fail_ever_is_at_most_alpha() -> None:
    assert 0.005 < ever_fails(EPS, 2000) <= ALPHA


def test_a_healthy_route_passes_and_a_sick_one_fails_soon() -> None:
    assert ever_passes(EPS / 10, 900) > 0.95
    assert ever_fails(2 * EPS, 2600) > 0.95
    assert ever_fails(EPS / 2, 2000) < 0.01


def test_n_clean_in_a_row_would_not_keep_the_promise() -> None:
    """The rule that this one replaces, under the same computation: it must be able to come out badly."""
    streak = [1.0] + [0.0] * 299
    passed = 0.0
    for _ in range(20_000):
        passed += streak[-1] * (1 - EPS)
        streak = [sum(streak) * EPS, *(chance * (1 - EPS) for chance in streak[:-1])]
        if passed > 0.25:
            break
    assert passed > 0.25


def test_336_clean_comparisons_pass_at_one_percent() -> None:
    assert clean_needed(0, 0, EPS, ALPHA) == 336
    assert pass_value(336, 0, EPS) >= 20 > pass_value(335, 0, EPS)
    assert clean_needed(72, 0, EPS, ALPHA) == 264
    assert clean_needed(336, 0, EPS, ALPHA) == 0


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 5000), st.integers(0, 50), st.floats(0.001, 0.3), st.floats(0.001, 0.2))
def test_clean_needed_is_exactly_what_is_needed(n: int, k: int, eps: float, alpha: float) -> None:
    k = min(k, n)
    needed = clean_needed(n, k, eps, alpha)
    assert pass_value(n + needed, k, eps) >= 1 / alpha * (1 - 1e-9)
    assert needed == 0 or pass_value(n + needed - 1, k, eps) < 1 / alpha * (1 + 1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 30), st.floats(0.001, 0.9))
def test_both_values_are_fair_bets_at_the_tolerated_rate(n: int, eps: float) -> None:
    for value in (pass_value, fail_value):
        mean = sum(comb(n, k) * eps**k * (1 - eps) ** (n - k) * value(n, k, eps) for k in range(n + 1))
        assert isclose(mean, 1.0, rel_tol=1e-9)


def test_more_evidence_moves_the_values_the_right_way() -> None:
    assert pass_value(0, 0, EPS) == pytest.approx(1.0)
    assert fail_value(0, 0, EPS) == pytest.approx(1.0)
    assert pass_value(100, 0, EPS) > pass_value(99, 0, EPS) > pass_value(100, 1, EPS)
    assert fail_value(100, 10, EPS) > fail_value(100, 9, EPS) > fail_value(101, 9, EPS)
    assert pass_value(10**6, 0, 0.5) == inf
    assert fail_value(10**6, 10**6, EPS) == inf
    assert pass_value(10**6, 10**6, EPS) == pytest.approx(0.0)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 20_000), st.floats(0, 1), st.floats(1e-5, 0.999), st.floats(0.001, 0.2))
def test_the_interval_is_what_neither_bet_has_refuted(n: int, share: float, rate: float, alpha: float) -> None:
    """So the interval lies below a gate exactly when the gate's test passes at half its alpha: for the first build."""
    k = round(n * share**3)
    lowest, highest = interval(n, k, alpha)
    assert 0.0 <= lowest <= k / max(n, 1) <= highest <= 1.0
    if abs(rate / highest - 1) > 1e-5:
        assert (pass_value(n, k, rate) >= 2 / alpha) == (rate > highest)
    if lowest == 0.0 or abs(rate / lowest - 1) > 1e-5:
        assert (fail_value(n, k, rate) >= 2 / alpha) == (rate < lowest)


def test_the_interval_narrows_around_the_rate() -> None:
    assert interval(0, 0, ALPHA) == (0.0, 1.0)
    assert interval(7, 7, ALPHA)[1] == 1.0
    assert interval(410, 0, ALPHA)[1] < EPS < interval(409, 0, ALPHA)[1]
    lowest, highest = interval(20_000, 200, ALPHA)
    assert 0.007 < lowest < EPS < highest < 0.014


def test_the_interval_ever_misses_the_true_rate_with_alpha_at_most() -> None:
    """Both ends together, looked at after every comparison."""
    for rate in (0.02, 0.3):
        above = ever(lambda n, k, rate=rate: interval(n, k, ALPHA)[1] < rate, rate, 200, from_below=True)  # type: ignore[misc]
        below = ever(lambda n, k, rate=rate: interval(n, k, ALPHA)[0] > rate, rate, 200, from_below=False)  # type: ignore[misc]
        assert 0.001 < above + below <= ALPHA


def test_all_builds_together_spend_alpha() -> None:
    assert alpha_for(1, ALPHA) == ALPHA / 2
    assert 0.0499 < sum(alpha_for(ordinal, ALPHA) for ordinal in range(1, 10_000)) < ALPHA

"""A route that cannot be copied: one share of a canary beside the other."""

import random
from itertools import product
from math import factorial, isclose

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.evidence import Fared, Ledger, Standing, judge
from proxy.evidence.rate import clean_needed, increase_fail_value, increase_pass_value, pass_value
from proxy.evidence.shares import PEERS, WINDOW, Shares, Trial
from proxy.model.comparison import Risk
from proxy.model.evidence import Ruling, Totals, Verdict
from proxy.model.records import SignatureRow
from proxy.model.sides import Stage
from proxy.model.spec import Gate
from tests.evidence.made import KEY

CLIENTS = Standing(Stage.CANARY, copied=False)
GATE = Gate(min_duration=300.0, error_increase_below=0.01)


def legacy(at: float, seconds: float = 0.01, failed: bool = False) -> Fared:
    return Fared(at, False, failed, seconds)


def extracted(at: float, seconds: float = 0.01, failed: bool = False) -> Fared:
    return Fared(at, True, failed, seconds)


def settled(*fared: Fared, before: float = 1e9, ratio: float = 1.5) -> list[Trial]:
    shares = Shares()
    for one in fared:
        shares.add(one)
    return shares.settle(before, ratio)


def test_each_exchange_is_paired_with_a_near_one_of_the_other_share() -> None:
    trials = settled(
        legacy(1), legacy(2), extracted(3, failed=True), extracted(4), extracted(5), legacy(6, failed=True)
    )
    assert trials == [Trial(3, 1, 1), Trial(4, 1), Trial(5, 1, 0, 1)]


def test_both_failing_is_no_increase() -> None:
    assert settled(legacy(1, failed=True), extracted(2, failed=True)) == [Trial(2, 1)]


def test_no_partner_within_the_window_is_no_evidence() -> None:
    assert settled(legacy(1), extracted(2 + WINDOW)) == []
    assert settled(extracted(1), legacy(2 + WINDOW)) == []
    assert len(settled(extracted(1), legacy(1 + WINDOW))) == 1


def test_slower_is_slower_than_the_slowest_of_its_own_peers() -> None:
    peers = [legacy(at / 100, seconds=0.02) for at in range(PEERS)]
    for seconds, slower in ((0.031, 1), (0.030, 0)):
        trials = settled(*peers, extracted(1, seconds=seconds))
        assert [(trial.timed, trial.slower) for trial in trials if trial.timed] == [(1, slower)]
    assert not any(trial.timed for trial in settled(*peers[1:], extracted(1)))
    both = settled(*peers, extracted(1), extracted(2), *(legacy(3 + at / 100) for at in range(PEERS)))
    assert sum(trial.timed for trial in both) == 2, "peers are of one only, and may come later"
    quick = [legacy(at / 100, seconds=0.001) for at in range(PEERS)]
    assert not any(trial.slower for trial in settled(*quick, extracted(1, seconds=0.0055))), "4.5 ms harm nobody"


def test_a_side_that_hangs_counts_before_what_came_after_it() -> None:
    """At the time of its arrival, not when it times out; what ends too late counts against the extracted side only."""
    shares = Shares()
    for at in range(1, 50):
        shares.add(legacy(at))
        if at != 10:
            shares.add(extracted(at))
    assert {trial.at for trial in shares.settle(9.5, 1.5)} <= set(range(1, 10))
    shares.add(extracted(10, seconds=15.0, failed=True))
    assert Trial(10, 1, 1) in shares.settle(30.0, 1.5)
    shares.add(extracted(20, seconds=40.0))
    shares.add(legacy(20, seconds=40.0, failed=True))
    assert shares.settle(30.0, 1.5) == [Trial(20, 1, 0, 0, 1, 1)]


def test_alike_sides_are_slower_in_one_of_twenty_whatever_the_latencies() -> None:
    """R = 1: the ratio and the margin come on top of what is exact already."""
    dice = random.Random(5)
    shares, trials = Shares(), []
    for number in range(60_000):
        shares.add(Fared(number / 100, number % 5 == 0, False, 10 * dice.paretovariate(0.8)))
        if number % 1000 == 999:
            trials += shares.settle(number / 100, 1.0)
    timed = sum(trial.timed for trial in trials)
    assert timed > 2000
    assert abs(sum(trial.slower for trial in trials) / timed - 0.05) < 0.015


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.floats(0.001, 0.3), st.floats(0.0, 0.4))
def test_the_bets_are_fair_at_the_tolerated_increase(n: int, eps: float, spared: float) -> None:
    """Exactly, over every outcome: only the extracted side fails with eps + spared, only legacy with spared."""
    chances = (eps + spared, spared, 1 - eps - 2 * spared)
    if chances[2] < 0:
        return
    for value in (increase_pass_value, increase_fail_value):
        mean = 0.0
        for worse, better in product(range(n + 1), repeat=2):
            if worse + better <= n:
                ways = factorial(n) / factorial(worse) / factorial(better) / factorial(n - worse - better)
                chance = chances[0] ** worse * chances[1] ** better * chances[2] ** (n - worse - better)
                mean += ways * chance * value(n, worse, better, eps)
        assert isclose(mean, 1.0, rel_tol=1e-9)


def test_what_fails_on_both_sides_alike_holds_nothing_back() -> None:
    assert increase_pass_value(500, 2, 0, 0.01) == pass_value(500, 2, 0.01)
    assert clean_needed(3000, 30, 0.01, 0.05, better=0) > 0
    assert clean_needed(3000, 30, 0.01, 0.05, better=30) == 0
    assert increase_fail_value(3000, 90, 90, 0.01) < 1 < increase_fail_value(3000, 90, 0, 0.01)
    assert increase_fail_value(10, 10, 0, 0.01) > 20, "a side that fails always is found within a dozen"


def judged(
    totals: Totals, standing: Standing = CLIENTS, gate: Gate = GATE, **more: tuple[SignatureRow, ...]
) -> Verdict:
    signatures = more.get("signatures", ())
    return judge(totals, gate, alpha=0.05, signatures=signatures, accepted=(), now=1700.0, key=KEY, standing=standing)


GOOD = Totals(shared=400, timed=100, first=1000, last=1700)


def test_clients_alone_can_show_that_a_route_may_move() -> None:
    verdict = judged(GOOD)
    assert (verdict.ruling, verdict.from_clients) == (Ruling.PASS, True)
    assert verdict.why == (
        "of 400 pairs of clients' exchanges the extracted side alone failed in 0, legacy alone in 0; "
        "shown to be below 1 % more failures however often one looks"
    )


def test_what_clients_have_not_shown_yet_is_said_in_words() -> None:
    verdict = judged(Totals(shared=72, shared_failed=1, timed=7, slower=1, first=1000, last=1250))
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert verdict.needs == (
        "579 more pairs of clients' exchanges without a failure "
        "(the extracted side alone failed in 1 of 72, legacy alone in 0)",
        "5m 50s more",
        "121 more exchanges of the extracted side in time, each beside 19 of legacy's share "
        "(1 of 7 took over 1.5 times as long as legacy)",
    )
    nothing = judged(Totals(), Standing(Stage.SHADOW, copied=False))
    assert nothing.needs == ("a canary: only there both sides answer clients at the same time",)
    assert "within a minute" in judged(Totals(n=3, k=3, mismatch=3)).needs[0]


def test_a_side_that_fails_more_or_is_slower_fails() -> None:
    failing = judged(GOOD._replace(shared_failed=30, shared_spared=2))
    assert failing.ruling is Ruling.FAIL
    assert failing.why.endswith(
        "the extracted side alone failed in 30, legacy alone in 2; the gate is 1 % more failures"
    )
    assert judged(GOOD._replace(slower=30)).ruling is Ruling.FAIL


def test_a_failure_that_was_seen_does_not_block_but_other_signatures_do() -> None:
    failure = SignatureRow(KEY, "answering upstream_closed", "error", Risk.HIGH, "outcome", 0, 0, 1, 1000.0, 1600.0)
    mixed = Totals(
        n=1, k=1, extracted_failed=1, mismatch=1, shared=900, shared_failed=1, timed=100, first=1000, last=1700
    )
    assert judged(mixed, signatures=(failure,)).ruling is Ruling.PASS
    missing = SignatureRow(KEY, "aa", "missing", Risk.HIGH, "$.fee", 200, 200, 1, 1000.0, 1600.0)
    assert judged(mixed, signatures=(missing,)).blocking == ("aa",)


def test_the_part_of_a_route_that_is_not_copied_is_judged_beside_the_comparisons() -> None:
    compared = Totals(n=400, match=400, timed=400, first=1000, last=1700)
    partly = Standing(Stage.CANARY, uncopied=0.1)
    assert judged(compared, partly).needs == ("336 more pairs of clients' exchanges without a failure",)
    assert judged(compared._replace(shared=400), partly).ruling is Ruling.PASS
    assert judged(compared, Standing(Stage.SHADOW, uncopied=0.1)).ruling is Ruling.PASS
    assert judged(compared._replace(shared=400, shared_failed=60), partly).ruling is Ruling.FAIL


def test_shares_are_counted_into_segments_under_the_ratio_in_force() -> None:
    ledger = Ledger()
    for at in range(1, PEERS + 2):
        ledger.fared(KEY, legacy(at))
    ledger.fared(KEY, extracted(5, seconds=0.5, failed=True))
    ledger.settle_shares({"other": 99.0}, 0.0)
    assert ledger.totals(KEY) == Totals()
    ledger.settle_shares({KEY.route: 99.0}, 100.0)
    written = ledger.advance(0.0, 0.0)
    assert [(row.second, row.shared, row.shared_failed, row.timed, row.slower) for row in written.segments] == [
        (105, 1, 1, 1, 1)
    ]
    assert ledger.totals(KEY).shared_failed == 1

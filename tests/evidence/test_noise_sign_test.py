"""The coin tests and the control of false discoveries."""

from __future__ import annotations

from itertools import product
from math import exp, log
from random import Random

import pytest

from proxy.evidence.sign_test import ALPHA, discoveries, either_way, log_weight, one_way


@pytest.mark.parametrize("evidence", [one_way, either_way])
def test_a_fair_coin_gains_nothing_on_average(evidence: object) -> None:
    """Summed over all sequences of ten throws: the very definition of an e-value."""
    assert callable(evidence)
    total = sum(exp(evidence(sum(throws), 10 - sum(throws))) for throws in product((0, 1), repeat=10))
    assert total / 2**10 == pytest.approx(1.0)


def test_each_next_throw_keeps_the_average() -> None:
    for heads, tails in ((0, 0), (3, 1), (40, 12), (400, 390)):
        after = (exp(one_way(heads + 1, tails)) + exp(one_way(heads, tails + 1))) / 2
        assert after == pytest.approx(exp(one_way(heads, tails)))


def test_one_way_sees_only_heads_and_either_way_both() -> None:
    assert one_way(20, 0) > log(1000) > 0 > one_way(0, 20)
    assert either_way(20, 0) == either_way(0, 20) > log(1000)
    assert one_way(500, 500) < 0


def test_the_weights_of_all_fields_that_ever_come_up_add_up_to_one() -> None:
    seen = sum(exp(log_weight(ordinal)) for ordinal in range(1, 100_001))
    unseen = 5 * 100_000**-0.2 / 5.591582441177751  # the integral of the rest, a little too large
    assert seen < 1 < seen + unseen + 1e-6


def test_one_loud_field_is_discovered_and_two_help_each_other() -> None:
    bar = log(1 / ALPHA)
    assert discoveries({"a": bar + 0.01, "b": 0.0}) == {"a"}
    assert discoveries({"a": bar - 0.01, "b": 0.0}) == set()
    assert discoveries({"a": bar - 0.5, "b": bar - 0.5}) == {"a", "b"}
    assert discoveries({}) == set()


def test_among_many_fair_coins_hardly_ever_is_one_called_loaded() -> None:
    """200 fields of noise, looked at after every 50 of 2,000 throws; 60 worlds."""
    dice = Random(7)
    wrong = 0
    for _ in range(60):
        heads = [0] * 200
        for look in range(1, 41):
            found = False
            for field in range(200):
                heads[field] += dice.getrandbits(50).bit_count()
            loudest = {
                field: log_weight(field + 1) + one_way(count, 50 * look - count) for field, count in enumerate(heads)
            }
            found = bool(discoveries(loudest))
            if found:
                wrong += 1
                break
    assert wrong <= 5  # 3 expected at the very most

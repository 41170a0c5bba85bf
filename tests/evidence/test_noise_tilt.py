"""A few requests whose answers are of those that legacy gives seldom, where first answers say which to ask about."""

from __future__ import annotations

import json
from functools import partial
from math import exp, isclose
from random import Random

from proxy.evidence.asked import Asked
from proxy.evidence.noise import Noise
from proxy.evidence.tilt import FIRST, LOST, Tilt
from proxy.model.comparison import Field, Kind
from tests.evidence.asking import Draw, answered, ask, first_of

X: Field = ("$.x", Kind.VALUE)


def edge(dice: Random, wrong: bool) -> object:
    """One of three edges, and a miss in one answer of five."""
    return f"{dice.choice(('FRA', 'HAM', 'WAW'))}; {'miss' if wrong or dice.random() < 0.2 else 'hit'}"


def rung(dice: Random, wrong: bool) -> object:
    return 235 if wrong else dice.choices((235, 560, 1050, 1750, 4300), (10, 15, 20, 25, 30))[0]


def duration(dice: Random, wrong: bool) -> object:
    return round(dice.lognormvariate(3, 0.3) / (2 if wrong else 1), 1)


def flagged(draw: Draw, share: float, requests: int, seed: int) -> bool:
    """Whether the field is flagged. Asked again are one pair of 25, and as many of what strikes."""
    dice, noise = Random(seed), Noise()
    left = 0.0
    for _ in range(requests):
        wrong, left = dice.random() < share, min(left + 0.04, 1.0)
        one, other = draw(dice, False), draw(dice, wrong)
        first = first_of(one, other)
        noise.glance(first)
        strikes = left >= 1 and bool(noise.striking(first))
        if not strikes and dice.random() >= 0.04:
            continue
        left -= strikes
        ask(noise, one, other, partial(draw, dice), wrong)
        if noise.regressions():
            return True
    return False


def test_a_few_answers_of_those_that_legacy_gives_seldom_are_found() -> None:
    assert sum(flagged(edge, 0.1, 4000, seed) for seed in range(3)) >= 2
    assert sum(flagged(duration, 0.08, 3000, seed) for seed in range(3)) >= 2


def test_noise_alone_is_not() -> None:
    for seed, draw in enumerate((edge, rung, duration)):
        assert not flagged(draw, 0.0, 1500, 30 + seed)


def places(one: object, other: object) -> dict[str, tuple[str, str]]:
    return {"$.x": (json.dumps(one), json.dumps(other))}


def seen(draw: Draw, share: float, pairs: int = 4000) -> Tilt:
    """What first answers make of it; legacy is asked again about some."""
    dice, tilt = Random(7), Tilt()
    for number in range(pairs):
        wrong = dice.random() < share
        one, other = draw(dice, False), draw(dice, wrong)
        if one == other:
            continue
        if number % 20 == 0:
            tilt.bet(X, Asked(*answered(one, other, draw(dice, False), draw(dice, wrong))), 0)
        tilt.see(Kind.VALUE, places(one, other))
    return tilt


def test_suspected_is_what_the_extracted_side_says_oftener() -> None:
    assert {'"HAM; miss"', '"WAW; miss"'} <= seen(edge, 0.1).suspected <= {'"FRA; miss"', '"HAM; miss"', '"WAW; miss"'}
    assert seen(rung, 0.1).suspected == {"235"}
    short = seen(duration, 0.05)
    assert short.is_suspected(Kind.VALUE, places(20.1, 8.5))
    assert not short.is_suspected(Kind.VALUE, places(8.4, 8.5))  # legacy says it, too
    assert not short.is_suspected(Kind.VALUE, places(20.1, 20.5))
    assert not seen(duration, 0.0).suspected


def test_ids_and_clocks_are_not_counted() -> None:
    for draw in (lambda dice, _: f"{dice.getrandbits(64):x}-", lambda dice, _: 1_793_491_050 + dice.randrange(10_000)):
        tilt = seen(draw, 0.0, 2 * FIRST)
        tilt.see(Kind.VALUE, places(1, 2))
        assert tilt._total == -1
        assert tilt._first is None
        assert not tilt.suspected


def test_exchanging_the_second_answers_turns_the_coin() -> None:
    dice = Random(3)
    for draw in (edge, duration):
        for passed in (0, 0, 1, 3):
            values = [draw(dice, wrong) for wrong in (False, True, False, True)]
            straight, mirrored = seen(draw, 0.1, 2000), seen(draw, 0.1, 2000)
            before = straight.level
            one, other, again, other_again = values
            heads, further = straight.bet(X, Asked(*answered(*values)), passed)
            tails, _ = mirrored.bet(X, Asked(*answered(one, other, other_again, again)), passed)
            assert heads == -tails
            assert further == (heads > 0)
            assert isclose((exp(straight.level) + exp(mirrored.level)) / 2, exp(before), rel_tol=1e-9)


def test_where_questions_come_to_nothing_no_more_are_asked() -> None:
    tilt = seen(rung, 0.1)
    lowest = places(4300, 235)
    assert tilt.is_suspected(Kind.VALUE, lowest)
    while tilt.level > -LOST:
        tilt.bet(X, Asked(*answered(4300, 235, 235, 560)), 0)
    assert not tilt.is_suspected(Kind.VALUE, lowest)

"""A few requests that are wrong each time, in a field that legacy draws anew each time."""

from __future__ import annotations

import json
from functools import partial
from math import exp, isclose
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.evidence.asked import Asked
from proxy.evidence.fields import Record
from proxy.evidence.leaning import AGAIN, SAID, Leaning, Sizes, lean_of_numbers, parted, unlike
from proxy.evidence.noise import Noise
from proxy.model.comparison import Kind
from tests.evidence.asking import Draw, answered, ask, first_of

ENTRANTS = [f"entrant-{number:02}" for number in range(12)]


def five(dice: Random, wrong: bool) -> object:
    return dice.sample(ENTRANTS[:6] if wrong else ENTRANTS, 5)


def shuffled(dice: Random, wrong: bool) -> object:
    return ENTRANTS[:6] if wrong else dice.sample(ENTRANTS[:6], 6)


def score(dice: Random, wrong: bool) -> object:
    return round(dice.gauss(0.58 if wrong else 0.5, 0.02), 4)


def state(dice: Random, wrong: bool) -> object:
    """Four states of people: in a wrong answer nobody is there."""
    return {name: "offline" if wrong else dice.choices(("online", "away", "offline"), (6, 3, 1))[0] for name in "abcd"}


def source(dice: Random, wrong: bool) -> object:
    """A replica in one answer of five; its lag comes along."""
    return {"lag": dice.randrange(900)} if wrong or dice.random() < 0.2 else {}


def flagged(draw: Draw, share: float, pairs: int, seed: int) -> bool:
    """Whether the field is flagged within so many pairs that are asked again, and asked on while that is wished for."""
    dice, noise = Random(seed), Noise()
    for _ in range(pairs):
        wrong = dice.random() < share
        one, other = draw(dice, False), draw(dice, wrong)
        noise.glance(first_of(one, other))
        ask(noise, one, other, partial(draw, dice), wrong)
        if noise.regressions():
            return True
    return False


def test_what_a_few_requests_say_each_time_is_found_in_what_is_drawn_anew() -> None:
    assert flagged(five, 0.05, 500, 1)
    assert flagged(shuffled, 0.05, 300, 2)
    assert flagged(score, 0.05, 600, 3)


def test_noise_alone_is_not() -> None:
    for seed, draw in enumerate((five, shuffled, score)):
        assert not flagged(draw, 0.0, 300, 10 + seed)


def test_one_of_a_few_values_that_a_few_requests_get_each_time_is_found() -> None:
    assert sum(flagged(state, 0.05, 200, seed) for seed in range(6)) >= 4  # 1 without bets on each value
    assert flagged(source, 0.05, 300, 1)


def test_a_few_values_drawn_anew_are_not() -> None:
    for seed, draw in enumerate((state, source)):
        assert not flagged(draw, 0.0, 200, 20 + seed)


values = st.sampled_from([1, 2, 5, 40, 41, 7.5, "a", "b", ["a", "b"], ["b", "a"], ["b", "c"], ["a"], [3, 4], [4, 5]])
marks = st.sampled_from(["", SAID, SAID * 3, AGAIN])


@given(st.lists(st.tuples(values, values, values, values), min_size=1, max_size=3), st.tuples(*[values] * 4), marks)
@settings(max_examples=150, deadline=None)
def test_exchanging_the_second_answers_turns_the_coin(
    before: list[tuple[object, object, object, object]], last: tuple[object, object, object, object], passed: str
) -> None:
    one, other, again, other_again = last
    straight, mirrored = Asked(*answered(*last)), Asked(*answered(one, other, other_again, again))
    for field in straight.fields | mirrored.fields:
        left, right = Record(1, 0), Record(1, 0)
        for record in (left, right):
            for asked in [Asked(*answered(*drawn)) for drawn in before] * 30:
                record.lean(field, asked)
        earlier = left.leans, left.turns, left.leaning.level
        left.lean(field, straight, passed)
        right.lean(field, mirrored, passed)
        won, lost = left.leans - earlier[0], left.turns - earlier[1]
        assert (won, lost) == (right.turns - earlier[1], right.leans - earlier[0])
        assert won + lost <= 1
        fair = (exp(left.leaning.level) + exp(right.leaning.level)) / 2
        assert isclose(fair, exp(earlier[2]), rel_tol=1e-9)


def test_bets_are_high_where_chance_seldom_comes_so_close() -> None:
    often, seldom = Leaning(), Leaning()
    for _ in range(200):
        often.bet(0, (-1, -1), 0)
        seldom.bet(0, (-4, -4), 0)
    assert not often.bet(1, (-1, -4), 0)
    assert seldom.bet(1, (-1, -4), 0)
    assert seldom.level > 2 * often.level > 0


def test_nothing_is_bet_before_sizes_are_known() -> None:
    leaning = Leaning()
    assert not leaning.bet(1, (-1, -4), 0)
    assert leaning.level == 0


def test_sizes_are_rare_by_how_many_are_as_large() -> None:
    sizes = Sizes()
    for size in range(99):
        sizes.see(size)
    assert [sizes.rarity(size) for size in (0, 50, 98, 1000)] == [1.0, 0.5, 0.02, 0.01]


def test_what_stands_and_what_leans_are_told_apart() -> None:
    assert parted(frozenset({"$.x", SAID * 2})) == (SAID * 2, frozenset({"$.x"}))
    assert parted(frozenset()) == ("", frozenset())


def test_a_first_answer_far_off_or_sorted_is_worth_a_question() -> None:
    numbers, orders, dice = Leaning(), Leaning(), Random(5)
    for _ in range(200):
        numbers.see_first(Kind.VALUE, {"$.x": ("0", str(dice.uniform(1, 10)))})
        orders.see_first(Kind.ORDER, {"$.x[0]": ('"a"; ~', '"b"; ~')})
    assert numbers.is_striking(Kind.VALUE, {"$.x": ("3", "14")})
    assert not numbers.is_striking(Kind.VALUE, {"$.x": ("3", "5")})
    assert not numbers.is_striking(Kind.VALUE, {"$.x": ('"3 a"', '"99 b"')})
    assert orders.is_striking(Kind.ORDER, {"$.x[0]": ('"a"; ~', '"b"; ↑')})
    assert not orders.is_striking(Kind.ORDER, {"$.x[0]": ('"a"; ↑', '"b"; ~')})


def test_lists_are_compared_wherever_their_elements_stand_and_numbers_by_the_way_they_went() -> None:
    assert unlike({"$.x[0]": ('"a"', '"b"'), "$.x[1]": ('"b"', '"c"'), "$.x[4]": ('"d"', '"a"')}) == 1
    first = {"$.x": ("10", "12"), "$.y": ("5", "4")}
    assert lean_of_numbers(first, {"$.x": ("10", "13"), "$.y": ("6", "4")}) == 5
    assert lean_of_numbers(first, {"$.x": ("13", "10")}) == -3
    assert lean_of_numbers(first, {"$.z": ("13", "10")}) == 0


def test_the_evidence_is_stored_and_an_older_store_has_none() -> None:
    record = Record(1, 0)
    record.leaning, record.gives_up = Leaning(2.5), 3
    plain = json.loads(json.dumps(record.plain()))
    restored = Record.restored(plain)
    assert isclose(restored.leaning.level, 2.5, abs_tol=1e-6)
    assert (restored.gives_up, restored.level) == (3, record.restored(plain).level)
    older = Record.restored(plain[:-4])
    assert (older.leaning.level, older.gives_up, older.leans) == (0.0, 0, 0)

"""Values that come back: a fair coin while nothing is wrong, and loud when a random value is a constant."""

from __future__ import annotations

from itertools import pairwise
from math import log
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.noise_power import changed, usual
from bench.noise_world import Answer, World, compared
from proxy.evidence.fields import TESTS
from proxy.evidence.repeats import AGE, SURE, Repeats
from proxy.evidence.sign_test import either_way, one_way
from proxy.model.comparison import Kind, Result
from proxy.model.noise import Reask

PATH = "$.request_id"
(REPEATS,) = (test for test in TESTS if test.name == "repeats")


def quoted(dice: Random, values: int = 1 << 48) -> str:
    return f'"id_{dice.randrange(values):x}"'


def grown(pairs: int = 300) -> Repeats:
    memory, dice = Repeats(), Random(1)
    memory.turn([('"known"', '"other"')])
    for _ in range(pairs):
        memory.turn([(quoted(dice), quoted(dice))])
    return memory


def counts(memory: Repeats, pairs: list[tuple[str, str]]) -> tuple[int, int]:
    turns = [memory.turn([pair]) for pair in pairs]
    return sum(turn > 0 for turn in turns), sum(turn < 0 for turn in turns)


def test_the_stakes_of_all_tests_are_one_bet() -> None:
    assert sum(test.stake for test in TESTS) == pytest.approx(1.0)


@given(st.lists(st.tuples(st.sampled_from(("known", "other", "new", "newer")), st.sampled_from(("known", "fresh")))))
@settings(max_examples=50, deadline=None)
def test_exchanging_the_answers_mirrors_the_event(words: list[tuple[str, str]]) -> None:
    pairs = [(f'"{one}"', f'"{other}"') for one, other in words]
    assert grown().turn(pairs) == -grown().turn([(other, one) for one, other in pairs])


def test_what_either_side_said_counts_as_said() -> None:
    assert grown().turn([('"n"', '"known"')]) == grown().turn([('"n"', '"other"')]) == 1
    assert grown().turn([('"known"', '"n"')]) == -1


def test_what_was_said_just_now_does_not() -> None:
    memory = grown()
    memory.turn([('"a"', '"b"')])
    assert memory.turn([('"c"', '"b"')]) == 0
    for at in range(AGE):
        memory.turn([(f'"x{at}"', f'"y{at}"')])
    assert memory.turn([('"d"', '"b"')]) == 1


def test_ids_that_meet_by_chance_are_no_evidence() -> None:
    """Of 100,000 ids some come back: either side's."""
    loud = 0
    for seed in range(40):
        dice = Random(seed)
        seen = counts(Repeats(), [(quoted(dice, 100_000), quoted(dice, 100_000)) for _ in range(1000)])
        loud += one_way(*seen) >= log(20)
    assert loud <= 2


@pytest.mark.parametrize("together", [1, 3, 40])
@pytest.mark.parametrize("later", [0, 1])
def test_a_slow_tick_is_no_evidence_whoever_is_asked_first(together: int, later: int) -> None:
    """Pairs differ only where a minute ends between the two questions; so many do so at once."""
    words = [f'"as of minute {minute}"' for minute in range(400)]
    pairs = [pair if later else (pair[1], pair[0]) for pair in pairwise(words) for _ in range(together)]
    heads, tails = counts(Repeats(), pairs)
    assert either_way(heads, tails) < log(20)
    assert together == 1 or (heads, tails) == (0, 0)


def test_states_that_go_forward_are_not_asked_about() -> None:
    assert counts(Repeats(), [('"pending"', '"paid"')] * 500) == (0, 0)


def test_what_always_comes_back_is_forgotten() -> None:
    memory = Repeats()
    counts(memory, [('"a"', '"b"')] * (SURE + 2))
    assert not memory.has('"a"')


def stuck(every: int, value: str) -> World:
    def nonce(answer: Answer, number: int, at: float, dice: Random) -> None:
        if number % every == every // 2:
            answer[PATH] = value

    return World(usual, changed(nonce), seed=1)


def test_a_constant_in_one_answer_of_fifty_is_found_and_each_of_them_stands() -> None:
    world = stuck(50, '"req_0badc0de"')
    results = [world.request() for _ in range(1000)]
    (found,) = world.noise.regressions()
    record = world.noise.record(PATH, Kind.VALUE)
    assert record is not None
    assert found.path == PATH
    heads, tails = record.counts(REPEATS)
    assert (heads >= 10, tails) == (True, 0)
    wrong = [one for number, one in enumerate(results) if number % 50 == 25][AGE:]
    assert all(one.result is Result.MISMATCH for one in wrong)


def test_no_second_answer_of_the_wrong_ones_is_needed() -> None:
    world, dice = World(usual, usual, seed=1), Random(2)
    for _ in range(300):
        world.request()
    pairs = [compared({PATH: quoted(dice)}, {PATH: '"req_0badc0de"'}) for _ in range(2 * AGE)]
    for pair in pairs:
        world.noise.glance(pair)
    record = world.noise.record(PATH, Kind.VALUE)
    assert record is not None
    assert record.counts(REPEATS) == (AGE - 1, 0)


def test_a_pair_that_is_read_long_after_it_was_taken_in_does_not_find_itself() -> None:
    memory, dice = Repeats(), Random(1)
    pairs = [(quoted(dice), quoted(dice)) for _ in range(2 * SURE)]
    counts(memory, pairs)
    assert not any(memory.is_out_of_place(other) for _, other in pairs)
    first = pairs[-AGE - 1][1]
    memory.turn([(quoted(dice), first)])
    counts(memory, [(quoted(dice), quoted(dice)) for _ in range(2 * AGE)])
    assert memory.is_out_of_place(first)
    memory.turn([(first, quoted(dice))])  # legacy does it too
    assert not memory.is_out_of_place(first)


def test_a_pair_counts_once_however_often_it_is_read_or_asked_about() -> None:
    world, dice = World(usual, usual, seed=1), Random(2)
    for _ in range(300):
        world.request()
    record = world.noise.record(PATH, Kind.VALUE)
    assert record is not None
    assert record.memory is not None
    seen = record.memory.pairs
    pair = compared({PATH: quoted(dice)}, {PATH: quoted(dice)})
    world.noise.glance(pair)
    for _ in range(9):
        world.noise.read(pair, None, may_ask=True)
    world.noise.learn(pair, Reask(pair, pair, pair, pair, pair))
    assert record.memory.pairs == seen + 1

"""Lists drawn anew each time, or that move on: where elements stand is chance, what they are sorted by is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from random import Random

from bench.noise_world import reasked
from proxy.evidence.noise import Noise
from proxy.evidence.sorted_by import SURE, SortedBy, directions
from proxy.model.comparison import Comparison, Kind, Result
from proxy.model.noise import Reask
from tests.comparison.made import compared

Draw = Callable[[bool, bool], object]  # by the extracted side, asked again

LEARNT = 60  # pairs


def answered(draw: Draw) -> tuple[Comparison, Reask]:
    """One pair, and both sides asked again."""
    drawn = [
        draw(extracted, again) for extracted, again in ((False, False), (True, False), (False, True), (True, True))
    ]
    one, other, again, other_again = (json.dumps({"id": "c1", "list": value}).encode() for value in drawn)
    return reasked(compared, one, other, again, other_again)


def taught(draw: Draw) -> Noise:
    noise = Noise()
    for _ in range(LEARNT):
        noise.learn(*answered(draw))
    return noise


def is_explained(noise: Noise, first: Comparison, reask: Reask | None) -> bool:
    return first.fields <= noise.read(first, reask, may_ask=True).explained


def windows(newest: Iterator[int]) -> Draw:
    """The five newest of what goes on: the sides are asked close together, and again much later."""
    moment = 0

    def draw(extracted: bool, again: bool) -> object:
        nonlocal moment
        if not extracted:
            moment = next(newest)
        last = 20 * moment + (moment * (1 + extracted)) % 3
        return [{"seq": last - place, "kind": "view"} for place in range(5)]

    return draw


def reversed_of_extracted(draw: Draw) -> Draw:
    def turned(extracted: bool, again: bool) -> object:
        drawn = draw(extracted, again)
        assert isinstance(drawn, list)
        return drawn[::-1] if extracted else drawn

    return turned


def test_a_window_that_moved_on_between_two_askings_is_noise() -> None:
    draw = windows(count(1000))
    noise, kinds = taught(draw), set[Kind]()
    for _ in range(30):
        first, reask = answered(draw)
        kinds |= {kind for _, kind in first.fields}
        assert is_explained(noise, first, reask)
        assert is_explained(noise, first, None)
    assert Kind.MISSING in kinds


def test_a_window_with_the_oldest_first_is_not() -> None:
    noise, wrong = taught(windows(count(1000))), reversed_of_extracted(windows(count(9000)))
    kinds = set[Kind]()
    for _ in range(30):
        first, reask = answered(wrong)
        kinds |= {kind for _, kind in first.fields}
        assert first.result is Result.MISMATCH
        assert not is_explained(noise, first, reask)
        assert not is_explained(noise, first, None)
    assert kinds == {Kind.VALUE, Kind.ORDER}


def test_a_window_that_lost_an_element_is_not() -> None:
    draw = windows(count(1000))
    noise = taught(draw)

    def lost(extracted: bool, again: bool) -> object:
        drawn = draw(extracted, again)
        assert isinstance(drawn, list)
        return drawn[:-1] if extracted else drawn

    for _ in range(10):
        assert not is_explained(noise, *answered(lost))


def test_an_order_by_chance_where_other_elements_are_drawn_each_time_is_noise() -> None:
    dice = Random(3)
    noise = taught(lambda extracted, again: dice.sample("abcdefgh", 3))
    orders = iter((["a", "b", "c"], ["b", "a", "c"], ["e", "b", "g"], ["b", "h", "d"]))
    first, reask = answered(lambda extracted, again: next(orders))
    assert {kind for _, kind in first.fields} == {Kind.ORDER}
    assert is_explained(noise, first, reask)


def test_another_element_is_a_mistake_where_only_the_order_is_chance() -> None:
    dice = Random(4)
    noise = taught(lambda extracted, again: dice.sample("abc", 3))
    drawn = iter((["a", "b", "c"], ["b", "z", "c"], ["c", "a", "b"], ["z", "b", "c"]))
    assert not is_explained(noise, *answered(lambda extracted, again: next(drawn)))


def test_directions_are_those_of_the_values_that_differ() -> None:
    places = {f"$.a[{at}].n": (str(10 - at), str(at)) for at in (0, 3, 11)}
    places |= {"$.b[0]": ('"x"', '"x"'), "$.b[1]": ('"y"', '"x"'), "$.c[4]": ("1", "2"), "$.d": ("1", "2")}
    assert sorted(directions(places)) == [("↑", "="), ("↓", "↑")]


def test_what_was_sorted_seldom_or_not_always_says_nothing() -> None:
    falls, orders = [("↓", "↓")], SortedBy()
    for _ in range(SURE - 1):
        orders.see_values(falls)
    assert not orders.off_values([("↓", "↑")])
    orders.see_values([("=", "↓")])
    assert orders.off_values([("↓", "↑")])
    assert orders.off_values([("↓", "~")])
    assert not orders.off_values([("↓", "="), ("~", "↑"), ("=", "↑")])
    orders.see_values([("↓", "~")])
    assert not orders.off_values([("↓", "↑")])

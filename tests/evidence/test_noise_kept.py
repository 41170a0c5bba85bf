"""What is said of a field that each side answers from a cache of its own."""

from __future__ import annotations

from random import Random

from bench.noise_world import Answer, Side, World
from proxy.evidence.kept import Kept


def cached(seed: int) -> Side:
    """A number that this side renews every 20 seconds."""

    def answer(number: int, at: float, dice: Random) -> Answer:
        return {"$.open": str(Random(f"{seed} {at // 20}").randint(300, 400))}

    return answer


def words(legacy: Side, extracted: Side) -> str:
    world = World(legacy, extracted, seed=1)
    for _ in range(800):
        world.request()
    (found,) = world.noise.regressions()
    return found.words


def test_caches_of_both_sides_are_named_as_what_may_be_the_reason() -> None:
    assert words(cached(1), cached(2)).endswith(
        "each side keeps a value for many requests, then another: caches of their own?"
    )


def test_a_mistake_that_depends_on_the_request_is_not_excused_so() -> None:
    def off(number: int, at: float, dice: Random) -> Answer:
        return {"$.open": str(number % 90 + 1)}

    assert "caches" not in words(lambda number, at, dice: {"$.open": str(number % 90)}, off)
    assert "caches" not in words(cached(1), lambda number, at, dice: {"$.open": "377"})  # one side alone never changes


def test_a_value_is_kept_when_it_stays_for_ten_pairs_on_average() -> None:
    for long, is_kept in ((12, True), (8, False)):
        kept = Kept()
        for number in range(60):
            kept.see((f'"{number // long}"', f'"other {(number + 3) // long}"'))
        assert kept.is_by_both is is_kept

"""Texts of which only the order of lines changes."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from bench.noise_world import reasked
from proxy.comparison import compare
from proxy.evidence.noise import Noise
from proxy.evidence.shuffled import SURE, TOLD, Shuffled
from proxy.model.comparison import Comparison, Kind, Line, Result
from proxy.model.noise import Reask
from proxy.model.sides import Side
from tests.comparison.made import NO_RULES, observed

TEXT = ((b"Content-Type", b"text/plain"),)
Rows = list[str]


def rows_of(dice: Random) -> Rows:
    """Those of one request."""
    amounts = [dice.randrange(100, 9999) / 100 for _ in range(5)]
    return [
        *[f"{dice.randrange(10**6):06},Tripe,-{amount:.2f}" for amount in amounts],
        f"sum_1,Total,{sum(amounts):.2f}",
    ]


def sheet(dice: Random, rows: Rows) -> bytes:
    return "".join(f"{row}\n" for row in ("id,text,amount", *dice.sample(rows, len(rows)))).encode()


def sign_lost(dice: Random, rows: Rows) -> bytes:
    return sheet(dice, rows).replace(b",-", b",", 1)


def text(one: bytes, other: bytes) -> Comparison:
    left, right = (
        observed(body, side=side, headers=TEXT) for body, side in ((one, Side.LEGACY), (other, Side.EXTRACTED))
    )
    return compare(left, right, NO_RULES)


Says = Callable[[Random, Rows], bytes]


def asked(dice: Random, once: Says = sheet, again: Says = sheet) -> tuple[Comparison, Reask]:
    """One request, as the extracted side says it once and again."""
    rows = rows_of(dice)
    while True:
        first, reask = reasked(text, sheet(dice, rows), once(dice, rows), sheet(dice, rows), again(dice, rows))
        if first.result is Result.MISMATCH and reask.legacy_again.result is not Result.MATCH:
            return first, reask


def learned(noise: Noise, dice: Random, once: Says = sheet, again: Says = sheet, times: int = 20) -> int:
    """How many of so many pairs are explained."""
    count = 0
    for _ in range(times):
        first, reask = asked(dice, once, again)
        noise.glance(first)
        noise.learn(first, reask)
        count += noise.read(first, reask, may_ask=True).explained == first.fields
    return count


def test_a_row_that_lost_its_sign_is_seen_in_any_order() -> None:
    noise, dice = Noise(), Random(4)
    learned(noise, dice, times=2 * SURE)
    first, _ = asked(dice, sign_lost)
    noise.glance(first)
    assert noise.striking(first) == {("body striking", Kind.BODY)}
    assert learned(noise, dice, sign_lost, sign_lost) == 0


def test_rows_that_only_move_are_noise_and_so_are_others_that_come_once() -> None:
    noise, dice = Noise(), Random(4)
    learned(noise, dice, times=2 * SURE)
    first, _ = asked(dice)
    noise.glance(first)
    assert not noise.striking(first)
    assert learned(noise, dice) == 20
    assert learned(noise, dice, sign_lost) > 10


def test_nothing_is_said_where_legacy_had_other_rows_once() -> None:
    moved = [Line("body", 2, "a", "b"), Line("body", 3, "b", "a")]
    other = [Line("body", 2, "a", "b"), Line("body", 3, "b", "c")]
    known = Shuffled()
    for _ in range(SURE):
        assert not known.off(other)
        known.see(moved)
    assert known.off(other)
    assert not known.off(moved)
    assert not known.off(())
    assert not known.off([*other, *[Line("body", 9, "x", "y")] * (TOLD - 2)])  # there may be more
    known.see(other)
    for _ in range(2 * SURE):
        known.see(moved)
    assert not known.off(other)
    never = Shuffled()
    never.see(())
    assert never.kept == -1

"""Sums of bits: what proves them is kept when a bit moves for the first time, and chance proves none."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.evidence.bond import SURE
from proxy.evidence.parities import BLOCK, EARLY, Parities, Parity, columns_of

POSITIONS = 4  # drawn ones of two bits each; the fifth, of one bit, is the sum of their first bits and of the last bit
CHECK = 2 * POSITIONS


def _row(dice: Random, rare: float = 1.0) -> int:
    """`rare`: how often the last drawn position moves."""
    bits = dice.getrandbits(CHECK)
    if dice.random() >= rare:
        bits &= (1 << CHECK - 2) - 1
    return bits | ((bits & 0b11010101).bit_count() & 1) << CHECK


def _parities() -> Parities:
    return Parities([column // 2 for column in range(CHECK + 1)])


def _until_known(parities: Parities, rows: list[int]) -> tuple[int, Parity]:
    for number, row in enumerate(rows, 1):
        if found := parities.take(row):
            return number, found[0]
    raise AssertionError("never known")


def test_a_sum_is_known_when_its_rows_could_hardly_be_in_any_other_order() -> None:
    dice = Random(1)
    number, vector = _until_known(_parities(), [_row(dice) for _ in range(200)])
    assert columns_of(vector.columns) == [0, 2, 4, 6, 7, 8]
    assert not vector.silent
    assert SURE < number < 5 * BLOCK, "a row is nearly a bit; eight are paid for what they could choose from"


def test_a_bit_that_moves_late_does_not_begin_it_anew() -> None:
    dice = Random(1)
    rows = [_row(dice) for _ in range(400)]
    late = [row & ~0b10000000 if row >> 7 & 1 == 0 else row & ~0b10000000 ^ 1 << CHECK for row in rows]
    usual, vector = _until_known(_parities(), rows)
    number, known = _until_known(_parities(), late[:50] + rows[50:])
    assert number <= usual + BLOCK
    assert known.columns == vector.columns
    never, known = _until_known(_parities(), late)
    assert never <= usual + BLOCK
    assert known.silent == 1 << 7, "what never moved may be in the sum"


def test_a_position_that_hardly_moves_does_not_hold_up_the_others() -> None:
    dice = Random(2)
    usual, _ = _until_known(_parities(), [_row(dice) for _ in range(200)])
    number, known = _until_known(_parities(), [_row(dice, rare=0.05) for _ in range(400)])
    assert number <= 2 * usual
    assert known.silent == 0b11000000, "of rows in which it moves nothing is said"


@pytest.mark.parametrize("rarest", [1.0, 0.05])
def test_of_positions_that_have_nothing_to_do_with_each_other_nothing_is_known(rarest: float) -> None:
    for seed in range(5):
        dice = Random(seed)
        often = [0.5 * dice.uniform(rarest, 1) for _ in range(128)]
        parities = Parities([column // 4 for column in range(128)])
        rows = [sum([1 << at for at, share in enumerate(often) if dice.random() < share]) for _ in range(250)]
        assert not [found for row in rows for found in parities.take(row)], "the rows before chose what holds in them"
        assert not parities.is_alive


def test_rows_that_are_all_alike_say_nothing() -> None:
    parities = Parities(range(3))
    assert not [found for _ in range(100) for found in parities.take(0b011)]
    found = [vector.columns for at in range(5 * SURE) for vector in parities.take(0b100 if at % 3 else 0b011)]
    assert found == [0b011]


def test_it_is_looked_at_until_it_is_clear_that_nothing_moves_together() -> None:
    parities = Parities(range(5))
    alive = []
    for at in range(EARLY):
        alive.append(parities.is_alive)
        parities.take(1 << at % 4)
    assert all(alive)
    assert not parities.is_alive
    assert not Parities(()).is_alive


@given(st.lists(st.integers(0, 255), max_size=12))
def test_of_any_rows_as_many_vectors_are_left_as_columns_are_free_and_each_holds_in_all(rows: list[int]) -> None:
    parities = Parities(range(8))
    spanned = {0}
    for row in rows:
        parities.take(row)
        spanned |= {one ^ row for one in spanned}
    assert 2 ** (8 - len(parities.vectors)) == len(spanned)
    assert not any((vector.columns & row).bit_count() & 1 for vector in parities.vectors for row in rows)


@pytest.mark.parametrize("columns", [[], [0], [1, 5, 130]])
def test_columns_of_a_row_are_its_bits(columns: list[int]) -> None:
    assert columns_of(sum([1 << column for column in columns])) == columns

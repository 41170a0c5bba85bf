"""Lists in several orders, and what they are sorted by all the same."""

from __future__ import annotations

import json
from random import Random

from proxy.evidence.shape import Hull
from proxy.evidence.sorted_by import SURE, SortedBy
from proxy.model.comparison import Kind
from tests.comparison.made import compared

Row = dict[str, object]


def results(dice: Random) -> list[Row]:
    """The best first; those of one score in any order."""
    rows: list[Row] = [{"id": f"p{number}", "score": 90 - number // 3, "shop": 1} for number in range(9)]
    return sorted(rows, key=lambda row: (-int(str(row["score"])), dice.random()))


def shown(one: list[Row], other: list[Row]) -> tuple[str, str]:
    if one == other:
        return "", ""
    (difference,) = compared(json.dumps(one).encode(), json.dumps(other).encode()).differences
    assert difference.kind is Kind.ORDER
    return difference.legacy, difference.extracted


def learned(times: int = SURE) -> Hull:
    hull, dice = Hull(), Random(1)
    for _ in range(times):
        for text in shown(results(dice), results(dice)):
            hull.see(text, Kind.ORDER)
    return hull


def test_ties_in_any_order_fit_and_the_worst_first_does_not() -> None:
    hull, dice = learned(), Random(2)
    for _ in range(50):
        ours, theirs = shown(results(dice), results(dice))
        assert hull.off(ours, theirs, Kind.ORDER) == ""
    ours, theirs = shown(results(dice), results(dice)[::-1])
    assert hull.off(ours, theirs, Kind.ORDER) == "no longer sorted by score"


def test_a_page_of_one_score_says_nothing() -> None:
    hull, dice = learned(), Random(3)
    for _ in range(30):
        one, other = results(dice)[:3], results(dice)[:3]
        if one != other:
            assert hull.off(*shown(one, other), Kind.ORDER) == ""


def test_nothing_is_said_of_what_went_both_ways_once_or_was_seen_seldom() -> None:
    hull, dice = learned(), Random(4)
    assert learned(SURE // 2 - 1).off(*shown(results(dice), results(dice)[::-1]), Kind.ORDER) == ""
    hull.see(shown(results(dice), results(dice)[::-1])[1], Kind.ORDER)
    assert hull.off(*shown(results(dice), results(dice)[::-1]), Kind.ORDER) == ""


def test_plain_values_are_sorted_by_themselves() -> None:
    orders = SortedBy()
    for number in range(SURE):
        orders.see(f'"a{number}"; ↑')
    assert orders.off('"a1"; ~') == "no longer sorted by its values"
    assert orders.off('"a1"; ↑') == orders.off('"a1"; =') == orders.off("no order; at all") == ""


def test_it_survives_the_store() -> None:
    hull, dice = learned(), Random(5)
    again = Hull.restored(json.loads(json.dumps(hull.plain())))
    assert again.off(*shown(results(dice), results(dice)[::-1]), Kind.ORDER)

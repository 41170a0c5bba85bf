"""What a difference of kind `order` shows: what each side is sorted by."""

from __future__ import annotations

import json

import pytest

from proxy.comparison.orders import MEMBERS
from proxy.model.comparison import Kind
from tests.comparison.made import compared


def shown(left: object, right: object) -> tuple[str, str]:
    (one,) = compared(json.dumps(left).encode(), json.dumps(right).encode()).differences
    assert one.kind is Kind.ORDER
    return one.legacy, one.extracted


@pytest.mark.parametrize(
    ("left", "right", "ours", "theirs"),
    [
        ([1, 2, 10], [10, 2, 1], "1; ↑", "10; ↓"),  # by value, not as texts
        ([1, 1, 2], [1, 2, 1], "1; ↑", "2; ~"),
        (["a", "b"], ["b", "a"], '"a"; ↑', '"b"; ↓'),
        ([True, None, 1], [1, True, None], "true", "1"),
        ([[1], [2], [3]], [[3], [1], [2]], "array of 1", "array of 1"),
    ],
)
def test_plain_values(left: list[object], right: list[object], ours: str, theirs: str) -> None:
    assert shown(left, right) == (ours, theirs)


def test_members_of_objects_that_all_have_them() -> None:
    rows = [{"id": f"p{at % 2}{at}", "score": 9 - at, "shop": "x", "at": None} for at in range(3)]
    orders = "object with 4 members; id {}, score {}, shop ="
    assert shown(rows, rows[::-1]) == (orders.format("~", "↓"), orders.format("~", "↑"))
    del rows[1]["score"]
    assert shown(rows, rows[::-1])[0] == "object with 4 members; id ~, shop ="


def test_names_and_their_number_are_bounded() -> None:
    rows = [{f"m{at}": place for at in range(3 * MEMBERS)} | {"a; b": place} for place in range(3)]
    assert shown(rows, rows[::-1])[0].count("↑") == MEMBERS
    assert shown([{"a, b ↑": 1}, {"a, b ↑": 2}], [{"a, b ↑": 2}, {"a, b ↑": 1}])[0] == "object with 1 members"

"""What is shown of an object that only one side has."""

import json

import pytest

from proxy.model.comparison import Kind
from tests.comparison.made import compared


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"scanner": "S7", "battery": 85}, "object {battery: integer, scanner: string}"),
        ({"battery": 0.85, "at": None, "on": True}, "object {at: null, battery: decimal, on: boolean}"),
        ({"queries": ["SELECT 1"], "took": {"ms": 1}}, "object {queries: array, took: object}"),
        ({}, "object with 0 members"),
        ({f"m{at}": at for at in "abcdefghijklm"}, "object with 13 members"),
        ({"cus_8f2a91c0": 1}, "object with 1 members"),
        ({"anna@example.com": 1}, "object with 1 members"),
        ({"a name of several words": 1}, "object with 1 members"),
        ({f"{at}{'x' * 30}": at for at in "abcd"}, "object with 4 members"),
        ([1, 2], "array of 2"),
        ("text", '"text"'),
    ],
)
def test_small_objects_are_shown_by_their_members(value: object, said: str) -> None:
    whole, without = json.dumps({"id": 1, "more": value}).encode(), b'{"id": 1}'
    (missing,), (extra,) = compared(whole, without).differences, compared(without, whole).differences
    assert (missing.kind, missing.legacy, missing.extracted) == (Kind.MISSING, said, "")
    assert (extra.kind, extra.legacy, extra.extracted) == (Kind.EXTRA, "", said)


def test_so_are_elements_that_only_one_list_has() -> None:
    found = compared(b'[{"id": 1}, {"id": 2, "note": "x"}]', b'[{"id": 1}]')
    assert [one.legacy for one in found.differences] == ["object {id: integer, note: string}"]

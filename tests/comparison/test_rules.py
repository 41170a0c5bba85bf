"""Rules: what they reach, what they leave alone, how they are named."""

import json
import pickle

import pytest

from proxy.comparison import compile_rules
from proxy.model.comparison import Kind, NotCompared, Result, Risk
from proxy.model.field_path import Wild, parse_path, write_path
from proxy.model.spec import Compare, Rule
from tests.comparison.made import compared, ruled


@pytest.mark.parametrize(
    ("path", "reaches"),
    [
        ("$", True),
        ("$.a", True),
        ("$.a.b", True),
        ("$.a['b']", True),
        ("$.*.b", True),
        ("$.a.*", True),
        ("$.*", True),
        ("$.b", False),
        ("$.a.bb", False),
        ("$.a.b.c", False),
        ("$[*]", False),
        ("$.a[*]", False),
        ("$.A.b", False),
        ("$['a.b']", False),
    ],
)
def test_a_rule_reaches_its_path_exactly(path: str, reaches: bool) -> None:
    result = compared(b'{"a": {"b": 1}}', b'{"a": {"b": 2}}', Rule("ignore", path)).result
    assert result is (Result.IGNORED if reaches else Result.MISMATCH)


def test_a_member_named_like_a_wildcard_is_only_itself() -> None:
    rule = Rule("ignore", "$['.*']")
    assert compared(b'{".*": 1, "x": 1}', b'{".*": 2, "x": 1}', rule).result is Result.IGNORED
    assert compared(b'{".*": 1, "x": 1}', b'{".*": 1, "x": 2}', rule).result is Result.MISMATCH


def test_overlapping_rules_all_hold() -> None:
    rules = (Rule("unordered", "$.*"), Rule("ignore", "$.data[*].at"), Rule("tolerance", "$.*[*].fee", relative=0.1))
    left = b'{"data": [{"id": 1, "at": 1, "fee": 100.0}, {"id": 2, "at": 2, "fee": 1.0}]}'
    right = b'{"data": [{"id": 2, "at": 9, "fee": 1.05}, {"id": 1, "at": 8, "fee": 109.0}]}'
    result = compared(left, right, *rules)
    assert result.result is Result.IGNORED
    assert {one.ignored_by for one in result.differences} == {
        "unordered $.*",
        "ignore $.data[*].at",
        "tolerance $.*[*].fee",
    }
    assert compared(left, right.replace(b"109.0", b"119.0"), *rules).result is Result.MISMATCH


@pytest.mark.parametrize(
    ("left", "right", "near"),
    [
        (b"0.1", b"0.3", True),  # in doubles 0.30000000000000004 would be beyond
        (b"0.1", b"0.30000000000000000001", False),
        (b"1", b"1.2", True),
        (b"-1", b"-1.0", True),
        (b"1e400", b"1e400", True),
        (b"1e400", b"1e401", False),
        (b"1", b'"1"', False),
        (b"1", b"null", False),
    ],
)
def test_a_tolerance_is_exact_and_for_numbers_only(left: bytes, right: bytes, near: bool) -> None:
    result = compared(b"[" + left + b"]", b"[ " + right + b"]", Rule("tolerance", "$[*]", absolute=0.2)).result
    assert (result is not Result.MISMATCH) == near


def test_a_key_that_is_not_unique_falls_back_to_likeness() -> None:
    left, right = b'[{"id": 1, "v": 1}, {"id": 1, "v": 2}]', b'[{"id": 1, "v": 2}, {"id": 1, "v": 1}]'
    assert compared(left, right, Rule("unordered", "$", key="id")).result is Result.IGNORED
    worse = compared(left, right.replace(b'"v": 1', b'"v": 3'), Rule("unordered", "$", key="id"))
    assert [(one.path, one.legacy, one.extracted) for one in worse.differences if not one.ignored_by] == [
        ("$[*].v", "1", "3")
    ]


def test_the_digest_names_what_rules_mean() -> None:
    one, other = Rule("ignore", "$.a", owner="me", until="2027-01-01"), Rule("tolerance", "$['b']", absolute=1.0)
    digest = ruled(one, other).digest
    assert len(digest) == 12
    assert digest == ruled(Rule("tolerance", "$.b", absolute=1.0), Rule("ignore", "$.a")).digest
    assert digest != ruled(one).digest
    assert digest != compile_rules(Compare((one, other), ("vary",))).digest
    assert ruled(one).digest != ruled(Rule("unordered", "$.a")).digest


def test_rules_travel_to_another_process() -> None:
    rules = ruled(Rule("ignore", "$.a"))
    copy = pickle.loads(pickle.dumps(rules))
    assert copy.digest == rules.digest
    assert copy.root.members["a"].ignore == "ignore $.a"


@pytest.mark.parametrize("path", ["", "a", "$a", "$..a", "$.a[0]", "$.a[", "$['a", "$.", "$.a b", "$[?(@.a)]"])
def test_what_is_not_a_path_is_refused_in_words(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        parse_path(path)


def test_paths_are_written_as_they_are_read() -> None:
    steps = ("a", Wild.ELEMENT, Wild.MEMBER, "it's", "back\\slash", "", "[*]", "größe")
    assert parse_path(write_path(steps)) == steps
    assert write_path(parse_path("$.a[*].*['odd name']")) == "$.a[*].*['odd name']"


def test_signatures_group_equal_mismatches_and_tell_others_apart() -> None:
    def signature(left: bytes, right: bytes) -> str:
        return compared(left, right).signature

    first = signature(b'{"d": [{"fee": 1}, {"fee": 2}]}', b'{"d": [{"fee": 1}, {"fee": 9}]}')
    assert first == signature(b'{"d": [{"fee": 7}]}', b'{"d": [{"fee": 8}]}')
    assert first != signature(b'{"d": [{"fee": 1, "c": 1}]}', b'{"d": [{"fee": 2}]}'), "the fee and the customer"
    assert first != signature(b'{"d": [{"fee": 1}]}', b'{"d": [{"fee": null}]}')
    by_id = signature(b'{"cus_8f2a91c0": 1}', b'{"cus_8f2a91c0": 2}')
    assert by_id == signature(b'{"cus_99887766": 1}', b'{"cus_99887766": 2}')
    assert by_id != signature(b'{"customer": 1}', b'{"customer": 2}')


def test_ids_that_are_keys_collapse_in_paths_and_names_of_members_do_not() -> None:
    def paths(names: list[str], one: object, other: object) -> set[str]:
        left, right = ({"b": dict.fromkeys(names, value)} for value in (one, other))
        return {path for path, _ in compared(json.dumps(left).encode(), json.dumps(right).encode()).fields}

    assert paths(["cus_8f2a91c0", "cus_11aa22bb"], 1, 2) == {"$.b.*"}
    assert paths(["0f14d0ab-9605-4a62-a9e4-5ed26688389b"], {"v": 1}, {"v": 2}) == {"$.b.*.v"}
    assert paths([f"shop {at}" for at in range(500)], {"v": 1}, {"v": 2}) == {"$.b.*.v"}
    assert paths(["fee", "tax", "total"], 1, 2) == {"$.b.fee", "$.b.tax", "$.b.total"}


def test_many_differences_are_counted_and_few_of_a_field_kept_the_worst_first() -> None:
    left = b"[" + b",".join(b'{"a": %d, "v": 1}' % i for i in range(300)) + b"]"
    right = b"[" + b",".join(b'{"a": %d, "v": 1}' % (i + 1000) for i in range(299)) + b',{"b": 0, "v": 2}]'
    result = compared(left, right)
    assert result.total == 302
    assert [(one.path, one.kind.value) for one in result.differences] == [
        ("$[*].a", "missing"),
        *[("$[*].a", "value")] * 8,
        ("$[*].v", "value"),
        ("$[*].b", "extra"),
    ]
    assert (result.differences[0].kind, result.risk) == (Kind.MISSING, Risk.HIGH)


def test_no_comparison_carries_more_than_two_hundred_differences() -> None:
    left, right = ({f"g{group}": {f"n{i}": side for i in range(25)} for group in range(20)} for side in "ab")
    result = compared(json.dumps(left).encode(), json.dumps(right).encode())
    assert (result.total, len(result.differences), len(result.fields)) == (500, 200, 500)


def test_explained_differences_do_not_push_out_others() -> None:
    left = b"[" + b",".join(b'{"at": %d}' % i for i in range(200)) + b',{"v": 1}]'
    right = b"[" + b",".join(b'{"at": %d}' % (i + 1) for i in range(200)) + b',{"v": 2}]'
    result = compared(left, right, Rule("ignore", "$[*].at"))
    assert (result.total, result.differences[0].path) == (201, "$[*].v")


def test_a_hostile_pair_ends_within_its_budget() -> None:
    def nested(depth: int, core: bytes) -> bytes:
        return b'{"a":' * depth + core + b"}" * depth

    assert compared(nested(90, b"1"), nested(90, b"2")).reason is NotCompared.BUDGET
    assert compared(nested(100_000, b"1"), nested(100_000, b"2")).reason is NotCompared.BUDGET
    assert compared(nested(50, b"1"), nested(50, b"2")).result is Result.MISMATCH
    many = b"[" + b"1," * 150_000 + b"%d]"
    assert compared(many % 1, many % 2).reason is NotCompared.BUDGET
    digits = b"9" * 500_000
    assert compared(b"[1" + digits + b"]", b"[2" + digits + b"]", Rule("tolerance", "$[*]")).result is Result.MISMATCH


def test_no_control_characters_reach_the_printable_forms() -> None:
    differences = compared(b'["\\u001b[31m", "\\u202e"]', b'["\\u009b", "\\ud800"]').differences
    assert len(differences) == 2
    assert all((one.legacy + one.extracted).isprintable() for one in differences)

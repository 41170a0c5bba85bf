"""Every kind of rule: what it allows, and what it still does not."""

import json
from typing import Any

import pytest

from proxy.comparison import Rules, compare, compile_rules
from proxy.comparison.findings import Findings
from proxy.model.comparison import Comparison, Kind, Result, Risk
from proxy.model.observation import Observation
from proxy.model.sides import Side
from proxy.model.spec import Compare, Rule
from tests.comparison.made import compared, observed, ruled

IGNORED, MISMATCH = Result.IGNORED, Result.MISMATCH


def of(left: Any, right: Any, *rules: Rule) -> Comparison:
    return compared(json.dumps(left).encode(), json.dumps(right).encode(), *rules)


def unexplained(comparison: Comparison) -> list[tuple[str, str]]:
    return [(one.place, one.kind.value) for one in comparison.differences if not one.ignored_by]


ONE = [
    ("only $.data", [Rule("only", "$.data")], {"data": 1, "at": 1}, {"data": 1}, IGNORED),
    ("only, other type", [Rule("only", "$.data")], {"data": 1, "at": 1}, {"data": 1, "at": "x"}, IGNORED),
    ("only, inside", [Rule("only", "$.data")], {"data": {"v": [1]}}, {"data": {"v": [2]}}, MISMATCH),
    ("only, gone", [Rule("only", "$.data")], {"data": 1, "at": 1}, {"at": 1}, MISMATCH),
    ("only, nested", [Rule("only", "$.d[*].id")], {"d": [{"id": 1, "v": 1}]}, {"d": [{"id": 1}]}, IGNORED),
    ("only, an element less", [Rule("only", "$.d[*].id")], {"d": [{"id": 1}, {"id": 2}]}, {"d": [{"id": 1}]}, MISMATCH),
    ("only, on the way", [Rule("only", "$.d.id")], {"d": "x"}, {"d": "y"}, MISMATCH),
    ("only, a list beside", [Rule("only", "$.d")], {"d": 1, "l": [1, 2]}, {"d": 1, "l": [1]}, IGNORED),
    ("pattern", [Rule("pattern", "$.id", pattern="ch_[0-9a-f]{4}")], {"id": "ch_12ab"}, {"id": "ch_99ff"}, IGNORED),
    ("pattern, whole", [Rule("pattern", "$.id", pattern="ch_[0-9]")], {"id": "ch_1"}, {"id": "ch_12"}, MISMATCH),
    ("pattern, legacy's too", [Rule("pattern", "$.id", pattern="ch_[0-9]")], {"id": "x"}, {"id": "ch_1"}, MISMATCH),
    ("pattern, number", [Rule("pattern", "$.n", pattern="[0-9]+")], {"n": 1}, {"n": 22}, IGNORED),
    ("pattern, type", [Rule("pattern", "$.n", pattern="[0-9]+")], {"n": 1}, {"n": "22"}, MISMATCH),
    ("pattern, surrogate", [Rule("pattern", "$.n", pattern=".")], {"n": "\ud800"}, {"n": "a"}, IGNORED),
    ("any_case", [Rule("any_case", "$.c")], {"c": "EUR"}, {"c": "eur"}, IGNORED),
    ("any_case, other", [Rule("any_case", "$.c")], {"c": "EUR"}, {"c": "usd"}, MISMATCH),
    ("null is missing", [Rule("null_is_missing", "$.n")], {"n": None}, {}, IGNORED),
    ("missing is null", [Rule("null_is_missing", "$.n")], {}, {"n": None}, IGNORED),
    ("null is no value", [Rule("null_is_missing", "$.n")], {"n": None}, {"n": 1}, MISMATCH),
    ("a value is not missing", [Rule("null_is_missing", "$.n")], {"n": 0}, {}, MISMATCH),
    ("text numbers", [Rule("tolerance", "$.n", absolute=0.01)], {"n": "1.00"}, {"n": "1.01"}, IGNORED),
    ("text numbers, far", [Rule("tolerance", "$.n", absolute=0.01)], {"n": "1.00"}, {"n": "1.02"}, MISMATCH),
    ("text and number", [Rule("tolerance", "$.n", absolute=1.0)], {"n": "1"}, {"n": 1}, MISMATCH),
    ("relative", [Rule("tolerance", "$.n", relative=0.01)], {"n": 100}, {"n": 101}, IGNORED),
]


@pytest.mark.parametrize(("rules", "left", "right", "result"), [one[1:] for one in ONE], ids=[one[0] for one in ONE])
def test_a_rule_allows_what_it_says_and_no_more(rules: list[Rule], left: Any, right: Any, result: Result) -> None:
    assert of(left, right, *rules).result is result
    assert of(right, left, *rules).result is result
    assert of(left, right).result is MISMATCH


TIMES = [
    (1763686800, 1763686802, True),
    (1763686800, 1763686803, False),
    (1763686800.5, 1763686802, True),
    (1763686800000, 1763686802000, True),
    (1763686800000, 1763686802001, False),
    (1763686800, 1763686800000, False),  # seconds here, milliseconds there
    ("1763686800", "1763686802", True),
    (12, 13, False),  # no time
    ("2026-11-21T01:00:00Z", "2026-11-21T01:00:02Z", True),
    ("2026-11-21T01:00:00Z", "2026-11-21T02:00:01+01:00", True),
    ("2026-11-21T01:00:00Z", "2026-11-21T01:00:01+01:00", False),  # an hour off
    ("2026-11-21T01:00:00Z", "2026-11-21T01:00:01", False),  # nobody knows how far
    ("2026-11-21T01:00:00", "2026-11-21 01:00:02", True),
    ("2026-11-21T01:00:00.123456789Z", "2026-11-21T01:00:02.1Z", True),
    ("2026-11-21T01:00:00Z", "2026-13-21T01:00:00Z", False),
    ("Sat, 21 Nov 2026 01:00:00 GMT", "Sat, 21 Nov 2026 01:00:02 GMT", True),
    ("now", "then", False),
    (1763686800, None, False),
]


@pytest.mark.parametrize(("left", "right", "near"), TIMES)
def test_times_may_lie_within_so_much_of_each_other(left: Any, right: Any, near: bool) -> None:
    rule = Rule("tolerance", "$[*]", within=2.0)
    assert (of([left], [right], rule).result is IGNORED) == near
    assert (of([right], [left], rule).result is IGNORED) == near


RENAMED = Rule("renamed", "$.id"), Rule("renamed", "$.data[*].id"), Rule("renamed", "$.url"), Rule("renamed", "$.ref")


@pytest.mark.parametrize(
    ("left", "right", "wrong"),
    [
        ({"id": "a1", "ref": "a1"}, {"id": "b7", "ref": "b7"}, []),
        ({"id": "a1", "ref": "a1"}, {"id": "b7", "ref": "b8"}, ["$.ref"]),
        ({"id": "a1", "ref": "a2"}, {"id": "b7", "ref": "b7"}, ["$.ref"]),
        ({"id": "a1", "ref": "a1"}, {"id": "b7", "ref": "a1"}, ["$.ref"]),  # equal, and wrong
        ({"id": "a1", "ref": "a2"}, {"id": "a2", "ref": "a1"}, []),  # a swap is a renaming
        ({"id": 17, "url": "/charges/17?v=1"}, {"id": 23, "url": "/charges/23?v=1"}, []),
        ({"id": 17, "url": "/charges/17"}, {"id": 23, "url": "/charges/17"}, ["$.url"]),
        ({"id": 17, "url": "/charges/17"}, {"id": 23, "url": "/refunds/23"}, []),  # a word may be renamed, too
        ({"id": "a1", "url": "/charges/a1"}, {"id": "b1", "url": "/charges/b1/x"}, ["$.url"]),
        ({"data": [{"id": 1}, {"id": 2}]}, {"data": [{"id": 5}, {"id": 6}]}, []),
        ({"data": [{"id": 1}, {"id": 2}]}, {"data": [{"id": 5}, {"id": 5}]}, ["$.data[1].id"]),
        ({"id": 1, "data": [{"id": 1}, {"id": 2}]}, {"id": 6, "data": [{"id": 5}, {"id": 6}]}, ["$.id"]),
    ],
)
def test_one_renaming_has_to_explain_the_whole_answer(left: Any, right: Any, wrong: list[str]) -> None:
    result = of(left, right, *RENAMED)
    assert [place for place, _ in unexplained(result)] == wrong
    assert result.result is (MISMATCH if wrong else IGNORED)
    if wrong:
        assert result.risk is Risk.HIGH
        assert of(right, left, *RENAMED).result is MISMATCH


def test_all_renamed_ids_are_counted_and_judged_and_few_are_kept() -> None:
    left = {"data": [{"id": f"a{at}"} for at in range(300)]}
    right = {"data": [{"id": f"b{at}"} for at in range(299)] + [{"id": "b0"}]}
    result = of(left, right, *RENAMED)
    assert (result.total, len(result.differences)) == (300, 9)
    assert unexplained(result) == [("$.data[299].id", "value")]


def test_elements_of_an_unordered_list_are_found_by_what_their_ids_became() -> None:
    rules = (*RENAMED, Rule("unordered", "$.data", key="id"))
    left = {"id": "a2", "data": [{"id": "a1", "v": 1}, {"id": "a2", "v": 1}]}
    right = {"id": "b2", "data": [{"id": "b2", "v": 1}, {"id": "b1", "v": 1}]}
    assert of(left, right, *rules).result is IGNORED
    right["data"][0]["v"] = 2  # type: ignore[index]  # a list of dicts
    assert unexplained(of(left, right, *rules)) == [("$.data[0].v", "value")] or unexplained(
        of(left, right, *rules)
    ) == [("$.data[1].v", "value")]


def test_ids_that_did_not_change_keep_elements_together() -> None:
    rules = (*RENAMED, Rule("unordered", "$.data", key="id"))
    left = {"data": [{"id": "old", "v": 1}, {"id": "n1", "v": 1}]}
    right = {"data": [{"id": "m1", "v": 1}, {"id": "old", "v": 1}]}
    result = of(left, right, *rules)
    assert result.result is IGNORED
    assert ("$.data[1].id", "renamed $.data[*].id") in {(one.place, one.ignored_by) for one in result.differences}


@pytest.mark.parametrize("padding", ["", "x" * 1000])
@pytest.mark.parametrize(
    ("place", "other", "result"),
    [
        ("b1", "b1", IGNORED),
        ("b1", "b2", MISMATCH),
        ("a1", "b1", MISMATCH),
        ("b1", "a1", MISMATCH),
        ("a1", "a1", IGNORED),
    ],
)
def test_a_header_is_renamed_with_the_body(place: str, other: str, result: Result, padding: str) -> None:
    kinds = Rule("renamed", "$.id"), Rule("renamed", "header:Location"), Rule("ignore", "$.at")
    rules = compile_rules(Compare(kinds, ("location", "content-type")))

    def answer(in_header: str, in_body: str, side: Side) -> Observation:
        body = json.dumps({"id": in_body, "at": side.value, "padding": padding}).encode()
        headers = ((b"Content-Type", b"application/json"), (b"Location", b"/v1/charges/" + in_header.encode()))
        return observed(body, headers=headers, side=side)

    said = compare(answer("a1", "a1", Side.LEGACY), answer(place, other, Side.EXTRACTED), rules)
    assert said.result is result, said


def test_equal_bodies_are_read_when_a_header_says_that_ids_changed() -> None:
    rules = compile_rules(
        Compare((Rule("renamed", "$.id"), Rule("renamed", "header:Location")), ("location", "content-type"))
    )

    def answer(at: bytes, side: Side) -> Observation:
        headers = ((b"Content-Type", b"application/json"), (b"Location", b"/v1/" + at))
        return observed(b'{"id": "a1"}', headers=headers, side=side)

    result = compare(answer(b"a1", Side.LEGACY), answer(b"b1", Side.EXTRACTED), rules)
    assert (result.result, result.risk) == (MISMATCH, Risk.HIGH)


@pytest.mark.parametrize(
    ("path", "left", "right", "label"),
    [
        ("header:etag", "1", "2", "ignore header:ETag"),
        ("header:set-cookie.Session.max-age", "1", "2", "ignore header:Set-Cookie.Session"),
        ("header:set-cookie.session", "1", "2", ""),
        ("header:x-id", "r1", "r2", "pattern header:x-id"),
        ("header:x-id", "r1", "s2", ""),
        ("header:date", "Sat, 21 Nov 2026 01:00:00 GMT", "Sat, 21 Nov 2026 01:00:01 GMT", "tolerance header:date"),
        ("header:vary", "a", "b", ""),
    ],
)
def test_rules_for_headers(path: str, left: str, right: str, label: str) -> None:
    rules = ruled(
        Rule("ignore", "header:ETag"),
        Rule("ignore", "header:Set-Cookie.Session"),
        Rule("pattern", "header:x-id", pattern="r[0-9]"),
        Rule("tolerance", "header:date", within=2.0),
    )
    assert rules.excuse(path, left, right, Findings()) == label


def test_a_rule_for_a_header_leaves_the_body_alone() -> None:
    rules: Rules = ruled(Rule("ignore", "header:etag"))
    result = compare(observed(b"[1]"), observed(b"[2]", side=Side.EXTRACTED), rules)
    assert [one.kind for one in result.differences] == [Kind.VALUE]

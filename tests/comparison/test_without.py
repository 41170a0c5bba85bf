"""What is left of a mismatch when noise explains a part of it."""

from __future__ import annotations

from proxy.comparison import counted, without
from proxy.model.comparison import Kind, Result, Risk
from proxy.model.spec import Rule
from tests.comparison.made import compared


def test_a_pair_that_differs_only_where_noise_does_is_explained() -> None:
    found = compared(b'{"at": 1, "b": 2}', b'{"at": 3, "b": 2}')
    known = frozenset({("$.at", Kind.VALUE)})
    left = without(found, known)
    assert found.fields == known
    assert (left.result, left.signature, left.risk, left.explained) == (Result.EXPLAINED, "", None, known)


def test_what_noise_does_not_explain_has_the_signature_it_has_alone() -> None:
    both = compared(b'{"at": 1, "b": 2}', b'{"at": 3}')
    alone = compared(b'{"at": 1, "b": 2}', b'{"at": 1}')
    left = without(both, {("$.at", Kind.VALUE), ("$.never", Kind.VALUE)})
    assert left.result is Result.MISMATCH
    assert (left.signature, left.risk, left.fields) == (alone.signature, Risk.HIGH, alone.fields)
    assert [one.path for one in left.differences] == ["$.b"]


def test_the_risk_is_that_of_what_is_left() -> None:
    found = compared(b'{"a": 1, "b": 2}', b'{"b": 3}')
    assert found.risk is Risk.HIGH
    assert without(found, {("$.a", Kind.MISSING)}).risk is Risk.MEDIUM


def test_kinds_at_one_path_are_apart() -> None:
    found = compared(b'{"a": 1}', b'{"a": "1"}')
    assert without(found, {("$.a", Kind.VALUE)}) == found


def test_what_a_rule_passed_over_can_count_after_all_and_is_the_mismatch_it_is_without_the_rule() -> None:
    both, rules = (b'{"a": 1, "b": 1}', b'{"a": 2, "b": 2}'), (Rule("ignore", "$.a"), Rule("ignore", "$.b"))
    found = compared(*both, *rules)
    assert found.result is Result.IGNORED
    left = counted(found, {("$.b", Kind.VALUE), ("$.never", Kind.VALUE)})
    alone = compared(*both, rules[0])
    assert (left.result, left.signature, left.risk) == (Result.MISMATCH, alone.signature, alone.risk)
    assert left.fields == alone.fields
    assert [(one.path, one.ignored_by) for one in left.differences] == [("$.b", ""), ("$.a", "ignore $.a")]
    assert counted(found, {("$.never", Kind.VALUE)}) == found
    assert counted(alone, {("$.a", Kind.VALUE)}) == alone

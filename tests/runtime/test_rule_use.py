"""Which rules were needed: counted by label, beside the comparisons of their rule set."""

from __future__ import annotations

from proxy.model.comparison import Comparison, Difference, Kind, Result, Risk
from proxy.runtime.rule_use import RuleUses


def excused(*labels: str) -> Comparison:
    differences = tuple(Difference("$.a", Kind.VALUE, Risk.MEDIUM, "1", "2", "$.a", label) for label in labels)
    return Comparison(Result.IGNORED, None, "", None, (200, 200), differences, len(labels))


def test_a_comparison_counts_each_rule_once() -> None:
    uses = RuleUses()
    uses.note("read", "abc", Result.MATCH, None)
    uses.note("read", "abc", Result.IGNORED, excused("ignore $.a", "ignore $.a", "tolerance $.b"))
    uses.note("read", "abc", Result.MISMATCH, excused("ignore $.a", ""))
    uses.note("read", "abc", Result.NOT_COMPARED, None)
    rows = {(row.route, row.rule): (row.times, row.last) for row in uses.take_rows(50.0)}
    assert rows == {
        ("read", "=abc"): (3, 50.0),
        ("read", "ignore $.a"): (2, 50.0),
        ("read", "tolerance $.b"): (1, 50.0),
    }


def test_what_was_taken_is_not_taken_again_and_not_too_often() -> None:
    uses = RuleUses()
    assert uses.take_rows(50.0) == []
    uses.note("read", "abc", Result.MATCH, None)
    assert len(uses.take_rows(50.0)) == 1
    uses.note("read", "abc", Result.MATCH, None)
    assert uses.take_rows(52.0) == []
    assert [row.times for row in uses.take_rows(52.0, final=True)] == [1]
    assert uses.take_rows(60.0) == []

"""JSON made to be expensive ends within its budget. What is counted is work, not time."""

import json
from typing import Any

import pytest

from proxy.comparison import alignment, json_text
from proxy.comparison.findings import BUDGET, BudgetSpent, Findings
from proxy.comparison.json_walk import walk
from proxy.model.comparison import NotCompared, Result
from proxy.model.spec import Rule
from tests.comparison.made import compared, ruled

GOOD_END = {Result.MISMATCH, Result.IGNORED, Result.MATCH}


class Steps:
    """Counts calls and refuses too many: a test of work that does not look at a clock."""

    def __init__(self, most: int) -> None:
        self.left = most

    def __call__(self, *_: object) -> int:
        self.left -= 1
        assert self.left >= 0, "too many steps"
        return 1


def body(document: Any) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("rules", [(), (Rule("ignore", "$.a"),), (Rule("renamed", "$.a.a"),)], ids=len)
def test_deep_nesting(opening: bytes, rules: tuple[Rule, ...]) -> None:
    closing = b"]" if opening == b"[" else b"}"
    one, other = (opening * 100_000 + core + closing * 100_000 for core in (b"1", b"2"))
    assert compared(one, other, *rules).reason is NotCompared.BUDGET
    assert compared(one, other[:-1], *rules).reason is NotCompared.BUDGET
    unclosed = opening * 100_000
    assert compared(unclosed, unclosed + b" ", *rules).result in {Result.NOT_COMPARED, Result.MISMATCH}


@pytest.mark.parametrize("digits", [5_000, 1_000_000])
@pytest.mark.parametrize(
    "rule",
    [
        Rule("tolerance", "$.n", absolute=1.0),
        Rule("tolerance", "$.n", relative=0.01, within=2.0),
        Rule("pattern", "$.n", pattern="(a|[0-9]*)*b?"),
        Rule("renamed", "$.n"),
        Rule("any_case", "$.n"),
        Rule("unordered", "$"),
    ],
    ids=lambda rule: rule.kind,
)
def test_numbers_longer_than_python_reads(digits: int, rule: Rule) -> None:
    nines = b"9" * digits
    for one, other in (
        (b'{"n":1%s}', b'{"n":2%s}'),
        (b'{"n":1.%s}', b'{"n":2.%s}'),
        (b'{"n":"1%s"}', b'{"n":"2%s"}'),
    ):
        assert compared(one % nines, other % nines, rule).result in GOOD_END


def test_a_tolerance_of_huge_whole_numbers_is_exact() -> None:
    nines = b"9" * 5_000
    rule = Rule("tolerance", "$[*]", absolute=1.0)
    assert compared(b"[%s8]" % nines, b"[%s9]" % nines, rule).result is Result.IGNORED
    assert compared(b"[%s7]" % nines, b"[%s9]" % nines, rule).result is Result.MISMATCH


def test_many_rows_that_differ() -> None:
    rows, others = ([{"id": i, "v": i * at} for i in range(30_000)] for at in (1, 2))
    assert compared(body(rows), body(others)).result in {Result.MISMATCH, Result.NOT_COMPARED}
    some = compared(body(rows[:2000]), body(others[:2000]))
    assert (some.result, some.total, len(some.differences)) == (Result.MISMATCH, 1999, 8)


@pytest.mark.parametrize("rules", [(), (Rule("unordered", "$"),), (Rule("unordered", "$", key="id"),)], ids=len)
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([{"id": i} for i in range(20_000)], [{"id": -i} for i in range(19_000)]),
        ([i % 2 for i in range(20_000)], [(i + 1) % 2 for i in range(19_999)]),
        ([[i] for i in range(20_000)], [[i] for i in range(20_000, 0, -1)]),
        ([0] * 20_000, [1] * 20_000),
        ([{"id": 1}] * 5_000, [{"id": 1, "v": 1}] * 5_001),
    ],
    ids=["nothing in common", "all alike", "turned", "one value each", "one key for all"],
)
def test_lists_that_a_naive_pairing_takes_forever_for(left: Any, right: Any, rules: tuple[Rule, ...]) -> None:
    found = Findings()
    try:
        walk(json_text.read(json.dumps(left)), json_text.read(json.dumps(right)), ruled(*rules).root, found)
    except BudgetSpent:
        assert found.budget < 0
    assert found.total <= BUDGET
    assert compared(body(left), body(right), *rules).result is not Result.MATCH


def test_lists_with_too_many_equal_elements_are_not_aligned() -> None:
    left, right = [at % 2 for at in range(1000)], [(at + 1) % 2 for at in range(998)]
    assert alignment.common(left, right) is None
    result = compared(body(left), body(right))
    assert {kind.value for _, kind in result.fields} == {"length", "value"}


def test_the_best_pairing_is_tried_within_bounds() -> None:
    assert len(alignment.paired(alignment.Gap(range(16), range(40)), Steps(alignment.MOST_TRIALS))) == 16
    assert len(alignment.paired(alignment.Gap(range(1000), range(3000)), Steps(0))) == 1000


@pytest.mark.parametrize("depth", [10, 40])
def test_lists_in_lists_do_not_multiply_the_work(depth: int) -> None:
    def nested(core: int, level: int) -> Any:
        return core if not level else [nested(core, level - 1), [level], [level + core]]

    left, right = nested(1, depth), nested(2, depth)
    for rules in ((), (Rule("unordered", "$" + "[*]" * 5),), (Rule("unordered", "$"), Rule("unordered", "$[*]"))):
        assert compared(body(left), body(right), *rules).result in {Result.MISMATCH, Result.NOT_COMPARED}


def test_many_rules_with_wildcards_are_states_made_when_met() -> None:
    rules = [Rule("ignore", "$" + ".*" * depth + f".a{depth}" + ".*" * (20 - depth)) for depth in range(20)]
    document: Any = 1
    for _ in range(30):
        document = {"a": document, "b": 1}
    other = json.loads(json.dumps(document).replace('"b": 1', '"b": 2'))
    assert compared(body(document), body(other), *rules).result is Result.MISMATCH


def test_claims_of_renamed_ids_are_work_too() -> None:
    rows = [{"id": f"a{i}", "refs": [f"a{i}"] * 20} for i in range(2_000)]
    renamed = json.loads(json.dumps(rows).replace('"a', '"b'))
    rules = Rule("renamed", "$[*].id"), Rule("renamed", "$[*].refs[*]")
    assert compared(body(rows), body(renamed), *rules).result in {Result.IGNORED, Result.NOT_COMPARED}
    assert compared(body(rows[:50]), body(renamed[:50]), *rules).result is Result.IGNORED
    in_lists = Rule("unordered", "$"), Rule("unordered", "$[*].refs"), *rules
    assert compared(body(rows), body(renamed), *in_lists).result in {Result.IGNORED, Result.NOT_COMPARED}

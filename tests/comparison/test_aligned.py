"""The short way finds what the walk of the two documents finds, or leaves it to the walk."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.comparison import Rules, json_text
from proxy.comparison.findings import BUDGET, BudgetSpent, Findings
from proxy.comparison.json_aligned import MOST, aligned
from proxy.comparison.json_walk import walk
from proxy.model.comparison import Result
from proxy.model.spec import Rule
from tests.comparison.made import compared, ruled

OFTEN = settings(max_examples=120, deadline=None)
NAMES = st.sampled_from(["a", "b", "id", "at", "odd name", "1234", 'q"\\', "ch_0123456789abcdef"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 1, 12, 123, 10**30, 0.5, 1.0, 1.25, -0.0, 1e300]),
    st.sampled_from(
        ["", "1", "12", "é", "\u20ac", '"', "\\", 'a\\"b', '\\"', "\\\\", "NaN", '{"a":1}', ",", ":", "a/b"]
    ),
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(NAMES, inner, max_size=5)),
    max_leaves=25,
)
STEPS = [".a", ".b", ".id", ".at", "['odd name']", "['1234']", "[*]", ".*"]
PATHS = st.lists(st.sampled_from(STEPS), max_size=4).map(lambda steps: "$" + "".join(steps))
RULES = st.lists(
    st.one_of(
        PATHS.map(lambda path: Rule("ignore", path)),
        PATHS.map(lambda path: Rule("unordered", path)),
        PATHS.map(lambda path: Rule("unordered", path, key="id")),
        PATHS.map(lambda path: Rule("tolerance", path, absolute=0.5)),
        PATHS.map(lambda path: Rule("tolerance", path, relative=0.2)),
        PATHS.map(lambda path: Rule("tolerance", path, within=2.0)),
        PATHS.map(lambda path: Rule("only", path)),
        PATHS.map(lambda path: Rule("pattern", path, pattern='[0-9a"]+')),
        PATHS.map(lambda path: Rule("any_case", path)),
        PATHS.map(lambda path: Rule("null_is_missing", path)),
        PATHS.map(lambda path: Rule("renamed", path)),
    ),
    max_size=4,
)
FORMS: list[Callable[[Any], str]] = [
    json.dumps,
    lambda document: json.dumps(document, separators=(",", ":"), ensure_ascii=False),
    lambda document: " " + json.dumps(document, indent=1) + "\n",
]


def by_walk(left: str, right: str, rules: Rules) -> Findings | None:
    """None when the texts are not both JSON, or too much work."""
    found = Findings()
    try:
        walk(json_text.read(left), json_text.read(right), rules.root, found)
    except (json_text.NotJsonError, BudgetSpent, RecursionError):
        return None
    return found


def said(found: Findings | None) -> object:
    if found is None:
        return None
    return found.worst_first(), found.explained, found.total, found.unexplained, found.kinds, found.claims


def by_alignment(left: str, right: str, rules: Rules) -> Findings | None:
    return aligned(left, right, rules.root, BUDGET)


def changed(document: Any, dice: random.Random, values: list[Any], often: float) -> Any:
    """The document with some of its scalars replaced by others, or by each other."""
    if isinstance(document, dict):
        return {name: changed(value, dice, values, often) for name, value in document.items()}
    if isinstance(document, list):
        return [changed(value, dice, values, often) for value in document]
    return dice.choice(values) if dice.random() < often else document


def scalars(document: Any) -> list[Any]:
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else None
    return [document] if inner is None else [one for value in inner for one in scalars(value)]


@OFTEN
@given(DOCUMENTS, RULES, st.lists(SCALARS, min_size=1, max_size=4), st.sampled_from(FORMS), st.randoms(), st.booleans())
def test_changed_scalars_are_found_as_the_walk_finds_them(
    document: Any, rules: list[Rule], new: list[Any], form: Callable[[Any], str], dice: random.Random, own: bool
) -> None:
    values = (scalars(document) if own else new) or new
    left, right = form(document), form(changed(document, dice, values, dice.choice([0.1, 0.5, 1.0])))
    found = by_alignment(left, right, ruled(*rules))
    if found is not None:
        assert said(found) == said(by_walk(left, right, ruled(*rules)))


ROW_RULES = [
    Rule("ignore", "$[*].at"),
    Rule("any_case", "$[*].id"),
    Rule("tolerance", "$[*].at", absolute=1.0),
    Rule("only", "$[*].id"),
]


@pytest.mark.parametrize("seed", range(4))
def test_shifted_rows_are_found_as_the_walk_finds_them(seed: int) -> None:
    dice = random.Random(seed)  # plain chance: hypothesis prefers rows that are all alike
    for _ in range(150):
        rows = [
            {"id": dice.choice([0, 1, 2, 3, "a", "A"]), "at": dice.choice([5, 6]), "n": dice.randrange(5)}
            for _ in range(dice.randint(3, 7))
        ]
        by = dice.randrange(4)
        turned = changed(rows[by:] + rows[:by], dice, [0, 1, 9], 0.1)
        if dice.random() < 0.3:
            turned = [row | {"at": 7} for row in turned]
        rules = ruled(*dice.sample(ROW_RULES, dice.choice([0, 0, 1, 2])))
        left, right = json.dumps(rows), json.dumps(turned)
        found = by_alignment(left, right, rules)
        if found is not None:
            assert said(found) == said(by_walk(left, right, rules))


@OFTEN
@given(DOCUMENTS, st.lists(SCALARS, min_size=1, max_size=4), st.sampled_from(FORMS), st.randoms())
def test_without_rules_every_change_of_scalars_is_aligned_unless_elements_changed_places(
    document: Any, new: list[Any], form: Callable[[Any], str], dice: random.Random
) -> None:
    left, right = form(document), form(changed(document, dice, new, 0.3))
    found = by_alignment(left, right, ruled())
    walked = by_walk(left, right, ruled())
    assert walked is not None
    if found is None:
        elements = [name for name in walked.kinds if "[*]" in name[0] or name[1] == "order"]
        assert elements
    else:
        assert said(found) == said(walked)


ALPHABET = [
    '{"a":',
    '"a":',
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    '"',
    "\\",
    "\\u0041",
    "1",
    "12",
    "-",
    ".5",
    "e3",
    " ",
    "A",
    "true",
    "null",
    "NaN",
    "x",
]


@OFTEN
@given(st.lists(st.sampled_from(ALPHABET), max_size=12), st.randoms(), RULES)
def test_broken_texts_are_never_taken_for_json(pieces: list[str], dice: random.Random, rules: list[Rule]) -> None:
    other = [dice.choice(ALPHABET) if dice.random() < 0.2 else piece for piece in pieces]
    left, right = "".join(pieces), "".join(other)
    found = by_alignment(left, right, ruled(*rules))
    if found is not None:
        walked = by_walk(left, right, ruled(*rules))
        assert walked is not None
        assert said(found) == said(walked)


ALIGNED = [
    ('{"n":12}', '{"n":123}'),
    ('{"n":"12"}', '{"n":"123"}'),
    ('{"n":12}', '{"n":"12"}'),
    ('{"n":null}', '{"n":-0.5e3}'),
    ('{"n":"a\\"b"}', '{"n":"a\\"c"}'),
    ('{"n":"a\\\\"}', '{"n":"a\\\\b"}'),
    ('{"n":"\\u0041"}', '{"n":"\\u0042"}'),
    ('{"n":"\\u0041"}', '{"n":"A"}'),
    ('{"\\u0041":1}', '{"A":1}'),
    ('{"n":"x\\\\","m":1}', '{"n":"x\\\\","m":2}'),
    ('{"n":"T12:30:41"}', '{"n":"T12:30:42"}'),
    ("[[1,2],[3,4]]", "[[1,2],[3,5]]"),
    ("[1,2,3]", "[1,2,4]"),
    ("1", "2"),
    (' "a" ', ' "b" '),
    ('{"a":{"b":1},"c":2}', '{"a":{"b":2},"c":3}'),
    ('{"a":[[0]],"b":[]}', '{"a":[[1]],"b":[]}'),
    ('{"\u20ac":"\u20ac1"}', '{"\u20ac":"\u20ac2"}'),
    ("[1,2,3,4]", "[1,5,3,6]"),
    ("[-1.5e+3]", "[-1.5e+4]"),
]


@pytest.mark.parametrize(("left", "right"), ALIGNED)
def test_the_short_way_is_taken(left: str, right: str) -> None:
    found = by_alignment(left, right, ruled())
    assert found is not None
    assert said(found) == said(by_walk(left, right, ruled()))


LEFT_TO_THE_WALK = [
    ('{"a":1}', '{"b":1}'),
    ('{"a":1}', '{"a": 1}'),
    ('{"a":1}', '{"a":1,"b":2}'),
    ('{"a":1}', '{"a":[1]}'),
    ('{"a":1,"a":2}', '{"a":1,"a":3}'),
    ('{"a":1,"b":2,"b":2}', '{"a":3,"b":2,"b":2}'),
    ("[NaN,1]", "[NaN,2]"),
    ("[1,Infinity]", "[2,Infinity]"),
    ('["NaN",NaN,1]', '["NaM",NaN,1]'),
    ("[1,2", "[1,3"),
    ("[1,2]x", "[1,3]x"),
    ("[01]", "[02]"),
    ('{1:"a"}', '{2:"a"}'),
    ("[1,2]", "[2,1]"),
    ("[[1],[2]]", "[[2],[1]]"),
    ("", "1"),
]


@pytest.mark.parametrize(("left", "right"), LEFT_TO_THE_WALK)
def test_what_needs_more_is_left_to_the_walk(left: str, right: str) -> None:
    assert by_alignment(left, right, ruled()) is None
    assert by_alignment(right, left, ruled()) is None


def test_an_ignored_object_is_one_difference() -> None:
    left, right = '{"meta":{"at":1,"by":[2]},"x":1}', '{"meta":{"at":3,"by":[4]},"x":1}'
    found = by_alignment(left, right, ruled(Rule("ignore", "$.meta")))
    assert found is not None
    assert found.total == 1
    assert said(found) == said(by_walk(left, right, ruled(Rule("ignore", "$.meta"))))


def test_shifted_rows_are_left_to_the_walk_and_noisy_ones_are_not() -> None:
    def rows(first: int, at: int) -> str:
        return json.dumps([{"id": number, "at": at, "v": number * 7} for number in range(first, first + 20)])

    assert by_alignment(rows(1, 5), rows(2, 5), ruled()) is None
    walked = by_walk(rows(1, 5), rows(2, 5), ruled())
    assert walked is not None
    assert [(one.kind, one.place) for one in walked.worst_first()] == [("missing", "$[0]"), ("extra", "$[19]")]
    noisy = by_alignment(rows(1, 5), rows(1, 6), ruled())
    assert noisy is not None
    assert said(noisy) == said(by_walk(rows(1, 5), rows(1, 6), ruled()))
    assert noisy.kinds == {("$[*].at", "value")}


def test_an_unordered_array_is_left_to_the_walk() -> None:
    left, right = '{"data":[{"id":1,"at":1}]}', '{"data":[{"id":1,"at":2}]}'
    assert by_alignment(left, right, ruled(Rule("unordered", "$.data", key="id"))) is None
    assert by_alignment(left, right, ruled(Rule("ignore", "$.data[*].at"))) is not None


def test_swapped_values_that_tolerances_partly_explain_are_still_another_order() -> None:
    rules = ruled(Rule("tolerance", "$[*].fee", absolute=0.15))
    rows = [(1, 1.0), (2, 1.1), (3, 1.3)]
    left, right = (
        json.dumps([{"id": row[0], "fee": row[1]} for row in turned]) for turned in (rows, rows[1:] + rows[:1])
    )
    assert by_alignment(left, right, rules) is None
    walked = by_walk(left, right, rules)
    assert walked is not None
    assert [one.kind for one in walked.worst_first()] == ["order"]


def test_deep_and_many_differences_are_left_to_the_walk() -> None:
    deep = "[" * 70 + "%d" + "]" * 70
    assert by_alignment(deep % 1, deep % 2, ruled()) is None
    many = ",".join(["%d"] * (MOST + 1))
    left, right = f"[{many}]" % ((1,) * (MOST + 1)), f"[{many}]" % ((2,) * (MOST + 1))
    assert by_alignment(left, right, ruled()) is None


def test_long_bodies_take_the_short_way_and_say_the_same() -> None:
    def body(at: str, fee: float) -> bytes:
        rows = [{"id": number, "fee": fee, "note": "n" * 20} for number in range(60)]
        return json.dumps({"request_id": at, "data": rows, "served_at": at}).encode()

    rules = (
        Rule("ignore", "$.request_id"),
        Rule("ignore", "$.served_at"),
        Rule("tolerance", "$.data[*].fee", relative=0.1),
    )
    same = compared(body("a", 1.5), body("bcd", 1.5), *rules)
    assert (same.result, same.total, [one.place for one in same.differences]) == (
        Result.IGNORED,
        2,
        ["$.request_id", "$.served_at"],
    )
    assert compared(body("a", 1.5), body("b", 1.52), *rules).total == 62
    other = compared(body("a", 1.5), body("b", 2.5), *rules)
    assert (other.result, other.total, other.differences[0].place) == (Result.MISMATCH, 62, "$.data[0].fee")

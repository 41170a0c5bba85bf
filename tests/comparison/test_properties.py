"""What must hold for every pair of documents and every rule set."""

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.comparison import byte_equal, compare
from proxy.model.comparison import Kind, Result
from proxy.model.spec import Rule
from tests.comparison.made import compared, observed, ruled

QUICK = settings(max_examples=100, deadline=None)
NAMES = st.sampled_from(["a", "b", "id", "odd name"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.0, -0.0, 1e300]),
    st.sampled_from(["", "1", "é", "É", "a", "A/1", "a/2"]),
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=12,
)
PATHS = st.lists(st.sampled_from([".a", ".b", ".id", "['odd name']", "[*]", ".*"]), max_size=3).map(
    lambda steps: "$" + "".join(steps)
)
VALUE_RULES = [
    PATHS.map(lambda path: Rule("only", path)),
    PATHS.map(lambda path: Rule("pattern", path, pattern="[0-9é]+")),
    PATHS.map(lambda path: Rule("any_case", path)),
    PATHS.map(lambda path: Rule("null_is_missing", path)),
    PATHS.map(lambda path: Rule("tolerance", path, within=2.0, relative=0.1)),
]
RENAMED = PATHS.map(lambda path: Rule("renamed", path))
RULES = st.lists(
    st.one_of(
        *VALUE_RULES,
        PATHS.map(lambda path: Rule("ignore", path)),
        PATHS.map(lambda path: Rule("unordered", path)),
        PATHS.map(lambda path: Rule("unordered", path, key="id")),
        PATHS.map(lambda path: Rule("tolerance", path, absolute=0.5)),
    ),
    max_size=4,
)
WITH_RENAMED = st.tuples(RULES, st.lists(RENAMED, max_size=3)).map(lambda both: both[0] + both[1])
GOOD = {Result.MATCH, Result.IGNORED}


def written(document: object) -> bytes:
    return json.dumps(document).encode()


def shuffled(document: object, dice: random.Random) -> object:
    """The same with every array and every object in another order."""
    if isinstance(document, dict):
        items = [(name, shuffled(one, dice)) for name, one in document.items()]
        return dict(dice.sample(items, len(items)))
    if isinstance(document, list):
        return dice.sample([shuffled(one, dice) for one in document], len(document))
    return document


@QUICK
@given(DOCUMENTS, WITH_RENAMED)
def test_a_document_matches_itself_under_any_rules(document: object, rules: list[Rule]) -> None:
    compact = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    result = compared(written(document), b" \n" + compact + b"\n", *rules)
    assert (result.result, result.differences, result.signature) == (Result.MATCH, (), "")


@QUICK
@given(DOCUMENTS, DOCUMENTS, WITH_RENAMED)
def test_swapping_the_sides_keeps_the_result(left: object, right: object, rules: list[Rule]) -> None:
    one = compared(written(left), written(right), *rules)
    other = compared(written(right), written(left), *rules)
    assert one.result is other.result
    # Elements that fit several places may be paired otherwise.
    several = {kind for path, kind in one.fields if path.endswith("[*]")} >= {Kind.MISSING, Kind.EXTRA}
    assert one.total == other.total or several or any(rule.kind == "unordered" for rule in rules)


@QUICK
@given(DOCUMENTS, DOCUMENTS, RULES)
def test_rules_but_renamed_only_ever_turn_a_mismatch_into_ignored(
    left: object, right: object, rules: list[Rule]
) -> None:
    bare = compared(written(left), written(right)).result
    with_rules = compared(written(left), written(right), *rules).result
    assert (bare, with_rules) in {
        (Result.MATCH, Result.MATCH),
        (Result.MISMATCH, Result.MISMATCH),
        (Result.MISMATCH, Result.IGNORED),
    }


@QUICK
@given(DOCUMENTS, DOCUMENTS)
def test_without_rules_match_means_equal_values_of_equal_types(left: object, right: object) -> None:
    def exact(value: object) -> object:
        if isinstance(value, dict):
            return {name: exact(one) for name, one in value.items()}
        return [exact(one) for one in value] if isinstance(value, list) else (type(value), value)

    result = compared(written(left), written(right)).result
    assert (result is Result.MATCH) == (exact(left) == exact(right))


@QUICK
@given(st.lists(DOCUMENTS, max_size=6), st.integers(0, 2**32))
def test_an_unordered_list_may_be_permuted(elements: list[object], seed: int) -> None:
    permuted = random.Random(seed).sample(elements, len(elements))
    result = compared(written(elements), written(permuted), Rule("unordered", "$"))
    assert result.result in GOOD
    if result.result is Result.IGNORED:
        assert {one.ignored_by for one in result.differences} == {"unordered $"}


@QUICK
@given(DOCUMENTS, st.integers(0, 2**32))
def test_everything_unordered_may_be_permuted_at_every_depth(document: object, seed: int) -> None:
    everywhere = [Rule("unordered", "$" + path) for path in _all_paths(4)]
    other = shuffled(document, random.Random(seed))
    if _depth(document) <= 4:
        assert compared(written(document), written(other), *everywhere).result in GOOD


def _all_paths(depth: int) -> list[str]:
    paths = [""]
    for _ in range(depth):
        paths += [path + step for path in paths for step in ("[*]", ".*")]
    return sorted(set(paths))


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner)) if inner else 0


@QUICK
@given(st.binary(max_size=200), st.binary(max_size=200), st.sampled_from([b"gzip", b"br", b"deflate", b"zstd", b""]))
def test_no_bytes_make_comparing_raise(left: bytes, right: bytes, coding: bytes) -> None:
    for kind in (b"application/json", b"text/html; charset=utf-16", b"image/png", b"; charset=x"):
        headers = ((b"content-type", kind), (b"content-encoding", coding))
        one, other = observed(left, headers=headers), observed(right, headers=headers)
        result = compare(one, other, ruled(Rule("ignore", "$.a")))
        assert result.result in Result
        assert (left == right) <= (result.result is Result.MATCH)
        assert byte_equal(one, other, (b"content-type",)) == (left == right)

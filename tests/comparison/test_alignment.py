"""Aligning two lists, against trying all ways."""

from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.comparison.alignment import Gap, coded, common, gaps, paired

CODES = st.lists(st.integers(0, 3), max_size=7)


def longest(left: list[int], right: list[int]) -> int:
    """The length of a longest common subsequence, by trying all."""
    for size in range(min(len(left), len(right)), 0, -1):
        ours = set(combinations(left, size))
        if ours & set(combinations(right, size)):
            return size
    return 0


@settings(max_examples=150, deadline=None)
@given(CODES, CODES)
def test_the_common_subsequence_is_a_longest_one(left: list[int], right: list[int]) -> None:
    found = common(left, right)
    assert found is not None
    assert [left[at] for at, _ in found] == [right[other] for _, other in found]
    assert all(one[0] < two[0] and one[1] < two[1] for one, two in pairwise(found))
    assert len(found) == longest(left, right)


@settings(max_examples=150, deadline=None)
@given(CODES, CODES)
def test_gaps_are_all_that_is_not_common(left: list[int], right: list[int]) -> None:
    found = common(left, right) or []
    rest = list(gaps(found, len(left), len(right)))
    assert sorted([at for at, _ in found] + [at for gap in rest for at in gap.left]) == list(range(len(left)))
    assert sorted([at for _, at in found] + [at for gap in rest for at in gap.right]) == list(range(len(right)))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=5, max_size=5), min_size=1, max_size=5), st.booleans())
def test_the_pairing_is_a_cheapest_one(costs: list[list[int]], turned: bool) -> None:
    short, long = range(10, 10 + len(costs)), range(20, 25)
    gap = Gap(long, short) if turned else Gap(short, long)

    def cost(left: int, right: int) -> int:
        one, other = (right, left) if turned else (left, right)
        return costs[one - 10][other - 20]

    pairs = paired(gap, cost)
    assert len(pairs) == len(costs)
    assert all(one[0] < two[0] and one[1] < two[1] for one, two in pairwise(pairs))
    least = min(sum(costs[n][at] for n, at in enumerate(chosen)) for chosen in combinations(range(5), len(costs)))
    assert sum(cost(*pair) for pair in pairs) == least


def test_of_equally_good_pairs_the_first_are_taken() -> None:
    assert paired(Gap(range(2), range(4)), lambda *_: 1) == [(0, 0), (1, 1)]
    assert paired(Gap(range(2), range(3)), lambda at, other: int((at, other) != (1, 2))) == [(0, 0), (1, 2)]


def test_codes_are_equal_for_equal_forms() -> None:
    assert coded([("a", 1), "b"], ["b", ("a", 1), "c"]) == ([0, 1], [1, 0, 2])

"""The tests are fair because they are symmetric: exchange the two second answers, and each event becomes its mirror."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.noise_world import Answer, compared, reasked
from proxy.evidence.asked import Asked, Seen
from proxy.evidence.fields import TESTS, Record
from proxy.model.comparison import Kind
from tests.comparison.made import compared as compared_whole

CLOCKS = tuple(f'"2026-11-21T10:00:{second:02}Z"' for second in (0, 1, 3, 9))
VALUES = ("", '"a"', '"b"', '"bb"', "1", "2", "1.25", "40", "1700000000", "1700000001000", *CLOCKS)
PLACES = ("$.x", "$.data[0].y", "$.data[1].y", "$.data[2].y")


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    answer = {place: value for place in PLACES if (value := draw(st.sampled_from(VALUES)))}
    if draw(st.integers(0, 9)) == 0:
        answer["status"] = draw(st.sampled_from(("429", "404")))
    return answer


def asked(one: Answer, other: Answer, again: Answer, other_again: Answer) -> Asked:
    return Asked(*reasked(compared, one, other, again, other_again))


@given(answers(), answers(), answers(), answers())
@settings(max_examples=400, deadline=None)
def test_exchanging_the_second_answers_mirrors_every_test(
    one: Answer, other: Answer, again: Answer, other_again: Answer
) -> None:
    are_mirrored(asked(one, other, again, other_again), asked(one, other, other_again, again))


SLOTS = tuple(f"{hour:02}:{minute}" for hour in range(9, 13) for minute in ("00", "30"))
DAYS = st.sets(st.sampled_from(SLOTS)).map(lambda free: json.dumps({"free": sorted(free)}).encode())


@given(DAYS, DAYS, DAYS, DAYS)
@settings(max_examples=100, deadline=None)
def test_so_does_it_where_lists_of_several_lengths_are_laid_side_by_side(
    one: bytes, other: bytes, again: bytes, other_again: bytes
) -> None:
    straight = Asked(*reasked(compared_whole, one, other, again, other_again))
    are_mirrored(straight, Asked(*reasked(compared_whole, one, other, other_again, again)))


def are_mirrored(straight: Asked, mirrored: Asked) -> None:
    for field in straight.fields | mirrored.fields:
        left, right = Record(1, 0), Record(1, 0)
        for record, one in ((left, straight), (right, mirrored)):
            record.learn(field, one, tested=True)
            record.lean(field, one)
        for test in TESTS:
            heads, tails = left.counts(test)
            assert (tails, heads) == right.counts(test), test.name
            assert heads + tails <= 1


@given(answers(), answers(), answers(), answers(), answers(), answers())
@settings(max_examples=300, deadline=None)
def test_exchanging_the_answers_to_one_more_question_mirrors_what_insists(
    one: Answer, other: Answer, again: Answer, other_again: Answer, third: Answer, other_third: Answer
) -> None:
    before = asked(one, other, again, other_again)
    straight, mirrored = asked(one, other, third, other_third), asked(one, other, other_third, third)
    for field in before.first.fields:
        standing = before.stood(field)
        left, right = Record(1, 0), Record(1, 0)
        still = left.insist(field, standing, straight)
        right.insist(field, standing, mirrored)
        assert (left.insists, left.gives_way) == (right.gives_way, right.insists)
        assert still <= standing


def test_an_element_that_is_missing_where_another_is_extra_is_one_place_with_both() -> None:
    free = [json.dumps({"free": slots}).encode() for slots in (["10:00", "10:30"], ["09:00", "09:30", "10:00"])]
    there, back = (
        Seen(compared_whole(pair[0], pair[1])).places(("$.free[*]", Kind.MISSING)) for pair in (free, free[::-1])
    )
    assert there == {"$.free[0]": ("", '"09:00"'), "$.free[1]": ('"10:30"', '"09:30"')}
    assert back == {place: (other, one) for place, (one, other) in there.items()}

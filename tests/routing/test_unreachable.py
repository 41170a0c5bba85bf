"""Matches that can never win are told; those that can are not."""

from __future__ import annotations

import pytest

from proxy.model.problem import Severity
from proxy.model.spec import Mark, Match, Route
from proxy.routing.unreachable import unreachable
from tests.routing.build import match, spec


def told(*matches: Match) -> list[tuple[int, str]]:
    """(line, message) of the warnings for routes r0, r1, ... at lines 10, 20, ..."""
    routes = [
        Route(f"r{place}", (one,), "service", mark=Mark(10 * (place + 1), 3)) for place, one in enumerate(matches)
    ]
    problems = unreachable(spec(*routes))
    assert all(problem.severity is Severity.WARNING and problem.remedy for problem in problems)
    return [(problem.line, problem.message) for problem in problems]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (match("=/a"), match("=/a")),
        (match("{/a/{x}"), match("{/a/{y}")),
        (match("^/a"), match("^/a/")),
        (match("=/a"), match("{/a")),
        (match("=/%61"), match("=/a")),
        (match("^/"), match("~/a.*")),
        (match("^/a", methods="GET HEAD"), match("^/a", methods="GET")),
        (match("^/a", headers={"X": "1"}), match("^/a", headers={"X": "1"})),
        (match("^/a", hosts=("h.test",)), match("^/a", hosts=("H.test",))),
        (match("^/a", hosts=("a.test", "b.test")), match("^/a", hosts=("b.test", "a.test"))),
    ],
)
def test_a_match_that_another_always_beats(first: Match, second: Match) -> None:
    ((line, message),) = told(first, second)
    assert line == 20
    assert message.startswith("route r1 can never match ")
    assert "route r0 (line 10, column 3) always goes first" in message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (match("^/a"), match("=/a")),
        (match("^/a"), match("^/a/b")),
        (match("{/a/{x}"), match("{/{x}/a")),
        (match("^/a", methods="GET"), match("^/a", methods="POST")),
        (match("^/a", methods="GET"), match("^/a")),
        (match("^/a"), match("^/a", methods="GET")),
        (match("^/a", headers={"X": "1"}), match("^/a", headers={"X": "2"})),
        (match("^/a", query={"X": "1"}), match("^/a")),
        (match("^/a", hosts=("a.test",)), match("^/a", hosts=("b.test",))),
        (match("^/a", hosts=("a.test",)), match("^/a", hosts=("a.test", "b.test"))),
        (match("^/a", hosts=("*.test",)), match("^/a")),
        (match("^/a"), match("~/a.*")),
    ],
)
def test_a_match_that_can_win_is_not_told(first: Match, second: Match) -> None:
    assert told(first, second) == []


@pytest.mark.parametrize("path", ["/a?b=1", "/a//b", "/a/../b", "/a#b", "/a\\b"])
def test_a_path_that_no_request_can_have(path: str) -> None:
    ((line, message),) = told(match("=" + path))
    assert line == 10
    assert "no single reading" in message

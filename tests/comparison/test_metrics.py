"""Metrics are compared as a reader of them takes them, one by one."""

import pytest

from proxy.comparison import compare, metrics_text
from proxy.model.comparison import Comparison, Kind, NotCompared, Result
from tests.comparison.made import NO_RULES, observed

PLAIN, DECLARED = b"text/plain", b"text/plain; version=0.0.4; charset=utf-8"


def pair(left: str, right: str, kind: bytes = DECLARED) -> Comparison:
    headers = ((b"content-type", kind),)
    return compare(observed(left.encode(), headers=headers), observed(right.encode(), headers=headers), NO_RULES)


def fields(found: Comparison) -> set[tuple[str, Kind]]:
    return set(found.fields)


def test_what_a_process_says_of_itself_hides_no_other_line() -> None:
    found = pair("cpu 1.5\njobs 41\nmemory 9\n", "cpu 2\njobs 40\nmemory 7\n")
    assert fields(found) == {("$.cpu", Kind.VALUE), ("$.jobs", Kind.VALUE), ("$.memory", Kind.VALUE)}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("a 1\nb 2\n", "b 2\na 1\n"),
        ('a{x="1",y="2"} 1\n', 'a{y="2",x="1",} 1\n'),
        ("a{} 1\n", "a 1\n"),
        ("a 1e3\n", "a 1000.0\n"),
        ("a 0.30000000000000004\n", "a 0.300000000000000044\n"),
        ("a +Inf\nb NaN\n", "a inf\nb nan\n"),
        ("# one\na 1\n", "\r\na 1\r\n"),
        ('a 1 # {id="7"} 0.5 12\n', "a 1\n"),
    ],
)
def test_written_otherwise_and_the_same(left: str, right: str) -> None:
    assert pair(left, right).result is Result.MATCH


@pytest.mark.parametrize(
    ("left", "right", "field"),
    [
        ("a 1\nb 2\n", "a 1\n", ("$.b", Kind.MISSING)),
        ("a 1\n", "a 1\nb 2\n", ("$.b", Kind.EXTRA)),
        ('a{x="1"} 1\n', 'a{x="2"} 1\n', ("$.a['x=\"1\"']", Kind.MISSING)),
        ('a{x="1"} 1\n', "a 1\n", ("$.a['x=\"1\"']", Kind.MISSING)),
        ("a 1\n", "a 1 1700000000000\n", ("$.a", Kind.TYPE)),
        ("a 1 1700000000000\n", "a 1 1700000000001\n", ("$.a.timestamp", Kind.VALUE)),
        ("a 1\n", "a 1\na 1\n", ("$.a", Kind.TYPE)),
        ("a 1\n# EOF\n", "a 1\n", ("$['# EOF']", Kind.MISSING)),
        ("# TYPE a counter\na 1\n", "# TYPE a gauge\na 1\n", ("$['# TYPE a']", Kind.VALUE)),
        ("a Inf\n", "a -Inf\n", ("$.a", Kind.VALUE)),
        ("a 1\nb 2\n", "a 1\nb 2", ("$", Kind.TYPE)),
        ("a 1\n", "<p>no metrics\n", ("$", Kind.TYPE)),
        ("a 1\n", "\ufeffa 1\n", ("body", Kind.BODY)),
    ],
)
def test_what_says_something_else_differs(left: str, right: str, field: tuple[str, Kind]) -> None:
    assert field in fields(pair(left, right))


def test_what_no_two_processes_agree_on_may_differ_and_must_be_there() -> None:
    ours, theirs = "process_cpu_seconds_total 91.5\njobs 4\n", "process_cpu_seconds_total 7\njobs 4\n"
    found = pair(ours, theirs)
    assert (found.result, found.differences[0].ignored_by) == (Result.IGNORED, "metrics process")
    assert ("$.process_cpu_seconds_total", Kind.MISSING) in fields(pair(ours, "jobs 4\n"))
    assert ("$.process_cpu_seconds_total", Kind.TYPE) in fields(pair(ours, ours.replace("91.5", "NaN")))


@pytest.mark.parametrize("text", ["fee 0.59\n", "# a note\nfee 0.59\n", "# Help wanted\n\nAs of today.\n"])
def test_plain_text_that_does_not_say_it_is_metrics_is_text(text: str) -> None:
    found = pair(text, text.replace("59", "60").replace("today", "yesterday"), PLAIN)
    assert fields(found) == {("body", Kind.BODY)}


def test_text_that_begins_like_metrics_is_read_as_metrics() -> None:
    found = pair("# HELP a Some.\na 1\nb 2\n", "# HELP a Some.\na 1\nb 3\n", PLAIN)
    assert fields(found) == {("$.b", Kind.VALUE)}


def test_a_label_that_looks_like_several_is_one() -> None:
    found = pair('a{x="1\\",y=\\"}"} 1\n', 'a{x="1",y="}"} 1\n')
    assert len(found.fields) == 2


def test_more_lines_than_are_read_are_not_compared() -> None:
    lines = "a 1\n" * 60_000
    assert pair(lines, lines + "b 1\n").reason is NotCompared.BUDGET


@pytest.mark.parametrize(
    "line",
    ["a" + " " * 200_000 + "{", 'a{x="' + "1" * 200_000, "a{" + 'x="1",' * 40_000 + "{", "a 1" + " " * 200_000 + "#"],
)
def test_hostile_lines_take_no_longer_than_others(line: str) -> None:
    assert metrics_text.read(line + "\n", lambda work: None) is None  # for minutes, if it went back again and again

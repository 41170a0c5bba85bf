"""Event streams say what a client that follows the WHATWG's steps is told by them, however they are written."""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.comparison import compare
from proxy.model.comparison import Comparison, Difference, Kind, NotCompared, Result, Risk
from tests.comparison.made import NO_RULES, observed

EVENTS = ((b"content-type", b"text/event-stream"),)
QUICK = settings(max_examples=200, deadline=None)


def pair(left: str, right: str, *, complete: bool = True) -> Comparison:
    one, other = observed(left.encode(), headers=EVENTS), observed(right.encode(), headers=EVENTS, complete=complete)
    return compare(one, other, NO_RULES)


class Told(NamedTuple):
    """What a client knows when an event is dispatched, and at the end of the stream."""

    name: str
    data: str | None
    last_id: str
    retry: str


def dispatched(text: str) -> list[Told]:
    """HTML section 9.2.6, step by step, and slowly."""
    told: list[Told] = []
    data = name = buffer = last_id = retry = ""
    rows = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for row in rows[:-1]:  # what no line end closes is no line
        if row == "":
            last_id = buffer
            if data:
                told.append(Told(name or "message", data[:-1], last_id, retry))
            data = name = ""
            continue
        field, colon, value = row.partition(":")
        if colon and field == "":
            continue
        value = value[1:] if value[:1] == " " else value
        if field == "data":
            data += value + "\n"
        elif field == "event":
            name = value
        elif field == "id" and "\0" not in value:
            buffer = value
        elif field == "retry" and value and all(sign in "0123456789" for sign in value):
            retry = str(int(value))
    return [*told, Told("", None, last_id, retry)]


VALUES = st.sampled_from(["", " ", "a", "b", ":", "1", "message", "\0", "é", "[1", "x y"])
LINES = st.one_of(
    st.builds("{}:{}".format, st.sampled_from(["data", "event", "id", "retry", "", "other"]), VALUES),
    st.builds("{}: {}".format, st.sampled_from(["data", "data", "id", "event", "retry"]), VALUES),
    st.sampled_from(["data", "event", "id", "retry", "", "", ""]),
    st.sampled_from(["retry: 10", "retry: 010", "retry: 9s", "id: 1", "id: 2"]),
)
BODIES = st.builds(
    lambda lines, end: "\n".join(["data: first", "", *lines]) + end, st.lists(LINES, max_size=10), st.just("\n\n")
)


@QUICK
@given(BODIES, BODIES)
def test_streams_match_exactly_if_clients_are_told_the_same(left: str, right: str) -> None:
    assert (pair(left, right).result is Result.MATCH) == (dispatched(left) == dispatched(right))


@QUICK
@given(BODIES, LINES, st.integers(0, 20), st.booleans())
def test_one_line_more_or_less_counts_exactly_if_clients_notice(body: str, line: str, at: int, more: bool) -> None:
    rows = body.split("\n")
    at = 2 + at % (len(rows) - 2)
    other = "\n".join(rows[:at] + [line] * more + rows[at + (not more) :])
    body, other = body + "\ndata: last\n\n", other + "\ndata: last\n\n"
    assert (pair(body, other).result is Result.MATCH) == (dispatched(body) == dispatched(other))


@QUICK
@given(BODIES, st.randoms(use_true_random=False))
def test_how_a_stream_is_written_does_not_count(body: str, dice: random.Random) -> None:
    rows = []
    for row in body.split("\n")[:-1]:
        rows += [": " + "ping" * dice.randrange(3)] * (dice.random() < 0.2)
        rows += ["unknown: x"] * (dice.random() < 0.2)
        name, colon, value = row.partition(":")
        if colon and name and value and value[:1] != " ":
            row = f"{name}:{dice.choice(['', ' '])}{value}"
        rows.append(row)
    end = dice.choice(["\n", "\r", "\r\n"])
    other = dice.choice(["", "\ufeff"]) + ": hello" + end + "".join(row + end for row in rows)
    assert dispatched(body) == dispatched(other)
    assert pair(body, other).result is Result.MATCH


@QUICK
@given(st.lists(st.tuples(VALUES.filter(str.strip), VALUES), min_size=1, max_size=6))
def test_a_last_event_that_no_blank_line_ends_is_missing(said: list[tuple[str, str]]) -> None:
    whole = "".join(f"event: {name}\ndata: {value}\n\n" for name, value in said)
    for cut in (whole[:-1], whole[:-2]):
        found = pair(whole, cut)
        assert (found.result, found.risk) == (Result.MISMATCH, Risk.HIGH)
        assert ("$[*]", Kind.MISSING) in found.fields
        assert pair(cut, whole).result is Result.MISMATCH
        assert pair(cut, cut.rstrip("\n") + "\r: ping").result is Result.MATCH


def only(found: Comparison) -> Difference:
    (one,) = found.differences
    return one


@pytest.mark.parametrize("number", [2, 3, 12])
def test_an_id_that_stands_still_is_missing_where_legacys_moves_on(number: int) -> None:
    legacy = "".join(f"id: {place}\ndata: x\n\n" for place in range(number))
    still = "".join("id: 0\ndata: x\n\n" for _ in range(number))
    found = pair(legacy, still)
    assert found.fields == {("$[*].id", Kind.MISSING)}
    assert found.risk is Risk.HIGH
    assert {one.place for one in found.differences} <= {f"$[{place}].id" for place in range(1, number)}


def test_a_repeated_id_is_one_that_persists_and_an_empty_one_ends_it() -> None:
    assert pair("id: 1\ndata: a\n\ndata: b\n\n", "id: 1\ndata: a\n\nid: 1\ndata: b\n\n").result is Result.MATCH
    assert pair("data: a\n\n", "id\ndata: a\n\n").result is Result.MATCH
    found = only(pair("id: 1\ndata: a\n\nid:\ndata: b\n\n", "id: 1\ndata: a\n\ndata: b\n\n"))
    assert (found.place, found.kind, found.legacy) == ("$[1].id", Kind.MISSING, '""')


def test_events_that_are_left_open_on_both_sides_are_compared_with_each_other() -> None:
    assert pair("data: a\n\ndata: b\n", "data: a\n\ndata: b").result is Result.MATCH
    assert only(pair("data: a\n\ndata: b\n", "data: a\n\ndata: c\n")).path == "$[*].data"


def test_an_id_left_open_is_not_taken_and_a_time_to_retry_is() -> None:
    assert pair("data: a\n\n", "data: a\n\nid: 2\n").result is Result.MATCH
    assert only(pair("data: a\n\nretry: 9\n", "data: a\n\n")).legacy == "object {retry: string}"


def test_a_body_that_was_captured_in_part_has_no_open_event() -> None:
    found = pair("data: a\n\n", "data: a\n", complete=False)
    assert (found.result, found.reason) == (Result.NOT_COMPARED, NotCompared.CUT)


def test_a_heartbeat_in_data_is_an_event_more() -> None:
    found = only(pair("data: a\n\n: ping\n\ndata: b\n\n", "data: a\n\ndata: ping\n\ndata: b\n\n"))
    assert (found.place, found.kind) == ("$[1]", Kind.EXTRA)


def test_a_number_of_any_length_may_follow_retry() -> None:
    assert only(pair(f"retry: {'1' * 9000}\n\n", f"retry: {'1' * 9001}\n\n")).path == "$[*].retry"

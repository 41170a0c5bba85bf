"""Rules are added to a route, whatever its layout, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.config import CannotEditError, Noted, edit_rules, rules_patch
from proxy.model.spec import Rule
from tests.config.routes import TOP, route_text, spec

CLOCK = Noted(Rule("tolerance", "$.now", within=2.0), "legacy differed from itself in 31 of 31 re-asks")
ID = Noted(Rule("ignore", "$.data[*]['request id']"), "legacy differed from itself in 30 of 31 re-asks")
ETAG = Noted(Rule("ignore", "header:etag"), "")
MIXED = Noted(Rule("pattern", "$.id", pattern='ch_${[0-9a-f]{8}"'), "a note\nof two lines")


def test_the_patch_says_what_each_rule_rests_on() -> None:
    assert rules_patch("read", [CLOCK, ID, ETAG]) == (
        "routes:\n"
        "  - name: read\n"
        "    compare:\n"
        "      tolerance:\n"
        "        # legacy differed from itself in 31 of 31 re-asks\n"
        "        - {path: $.now, within: 2s}\n"
        "      ignore:\n"
        "        # legacy differed from itself in 30 of 31 re-asks\n"
        "        - {path: \"$.data[*]['request id']\"}\n"
        "        - {path: header:etag}"
    )


def test_a_route_without_rules_gets_them_behind_its_stage() -> None:
    text = TOP + "routes:\n  - name: read # mine\n    match: GET /a\n    extracted: charges\n    stage: shadow # yet\n"
    assert edit_rules(text, "read", [CLOCK]) == text + (
        "    compare:\n"
        "      tolerance:\n"
        "        # legacy differed from itself in 31 of 31 re-asks\n"
        "        - {path: $.now, within: 2s}\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("compare: {headers: [etag]}", "compare: {tolerance: [{path: $.now, within: 2s}], headers: [etag]}"),
        ("compare: {}", "compare: {tolerance: [{path: $.now, within: 2s}]}"),
        (
            "compare: {tolerance: [{path: $.fee, abs: 1}]} # fees",
            "compare: {tolerance: [{path: $.now, within: 2s}, {path: $.fee, abs: 1}]} # fees",
        ),
        ("compare: {tolerance: []}", "compare: {tolerance: [{path: $.now, within: 2s}]}"),
        (
            "compare:\n      # theirs\n      headers: [etag]",
            "compare:\n      # theirs\n      tolerance:\n        # {note}\n        - {path: $.now, within: 2s}\n"
            "      headers: [etag]",
        ),
        (
            "compare:\n      tolerance:\n      - path: $.fee # why\n        abs: 1",
            "compare:\n      tolerance:\n      # {note}\n      - {path: $.now, within: 2s}\n"
            "      - path: $.fee # why\n        abs: 1",
        ),
    ],
)
def test_each_way_to_write_rules(before: str, after: str) -> None:
    text = route_text(before)
    assert edit_rules(text, "charge-read", [CLOCK]) == route_text(after.replace("{note}", CLOCK.note))


def test_values_are_quoted_where_yaml_or_the_environment_would_read_them_otherwise() -> None:
    text = route_text("stage: shadow")
    (route,) = spec(edit_rules(text, "charge-read", [ID, ETAG])).routes
    assert route.compare.rules == (ID.rule, ETAG.rule)
    edited = edit_rules(text, "charge-read", [MIXED])
    assert "# a note of two lines\n" in edited
    assert '"ch_$${[0-9a-f]{8}\\""' in edited


@pytest.mark.parametrize(
    "route",
    [
        "<<: *shared",
        "compare: *shared",
        "compare: 5",
        "compare:",
        "compare:\n      tolerance:",
        "compare: [a]",
        "compare: {tolerance: {path: $.a}}",
    ],
)
def test_what_cannot_be_edited_safely_is_refused(route: str) -> None:
    text = route_text(route).replace(
        "routes:", "x: &shared\n  compare: {tolerance: [{path: $.fee, abs: 1}]}\n  tolerance: []\nroutes:"
    )
    with pytest.raises(CannotEditError):
        edit_rules(text, "charge-read", [CLOCK])


def test_a_route_that_is_not_there() -> None:
    with pytest.raises(CannotEditError, match="no route of this file is called gone"):
        edit_rules(route_text("stage: shadow"), "gone", [CLOCK])


COMPARES = [
    "",
    "compare: {}",
    "compare: { headers: [etag] }",
    "compare: {ignore: [{path: $.a}], headers: [etag]}",
    "compare:\n      ignore: [ {path: $.a} ]",
    "compare:\n      ignore:\n        - path: $.a\n          owner: x",
    "compare:\n      headers: [etag]   # why",
]


@st.composite
def layouts(draw: st.DrawFn) -> str:
    """The same route, however a person may lay it out."""
    compare = draw(st.sampled_from(COMPARES))
    keys = ["name: it", "match: /a", "extracted: charges", *(["stage: shadow"] if draw(st.booleans()) else [])]
    if "\n" not in compare and "#" not in compare and draw(st.booleans()):
        keys = draw(st.permutations([*keys, *([compare] if compare else [])]))
        return f"routes:\n  - {{{', '.join(keys)}}}  # one line\n"
    comment = st.sampled_from(["", "  # why", "\n    # a line of its own", "\n"])
    lines = draw(st.permutations([key + draw(comment) for key in keys] + ([compare] if compare else [])))
    start = draw(st.sampled_from(["  - ", "  -\n    ", "  - # it\n    "]))
    return "routes:\n" + start + "\n    ".join(lines) + draw(st.sampled_from(["", "\n"]))


@settings(max_examples=150, deadline=None)
@given(layouts(), st.lists(st.sampled_from([CLOCK, ID, ETAG]), min_size=1, unique=True), st.booleans())
def test_any_layout_is_edited_and_nothing_else_changes(routes: str, rules: list[Noted], windows: bool) -> None:
    text = (TOP + routes).replace("\n", "\r\n" if windows else "\n")
    edited = edit_rules(text, "it", rules)
    assert windows == ("\r\n" in edited)
    assert edited.count("\n") == edited.count("\r\n") or not windows
    before, after = spec(text), spec(edited)
    (was,), (now,) = before.routes, after.routes
    assert set(now.compare.rules) == {*was.compare.rules, *(one.rule for one in rules)}
    assert len(now.compare.rules) == len(was.compare.rules) + len(rules)
    assert replace(now, compare=was.compare) == was
    assert after == replace(before, routes=(now,), digest=after.digest)
    kept = [line.strip() for line in text.splitlines() if "#" in line]
    assert all(any(line.partition("#")[2] in new for new in edited.splitlines()) for line in kept)

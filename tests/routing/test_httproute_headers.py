"""HTTPRoute conformance: RequestHeaderModifier and ResponseHeaderModifier, for both sides and for one."""

from __future__ import annotations

import pytest

from proxy.model.sides import Side
from tests.routing.httproute import answered, request, sent, table

MODIFIERS = """
- {name: set, match: /set, extracted: v1, filters: {KIND: {set: {X-Header-Set: set-overwrites-values}}}}
- {name: add, match: /add, extracted: v1, filters: {KIND: {add: {X-Header-Add: add-appends-values}}}}
- {name: remove, match: /remove, extracted: v1, filters: {KIND: {remove: [X-Header-Remove]}}}
- name: all
  match: /all
  extracted: v1
  filters:
    KIND:
      set: {X-Header-Set-1: header-set-1, X-Header-Set-2: header-set-2}
      add: {X-Header-Add-1: header-add-1, X-Header-Add-2: header-add-2}
      remove: [X-Header-Remove-1, X-Header-Remove-2]
- {name: any-case, match: /case, extracted: v1, filters: {KIND: {set: {x-HEADER-set: new}, remove: [x-header-REMOVE]}}}
"""
CASES = [
    ("/set", [("Some-Other", "v")], [("Some-Other", "v"), ("X-Header-Set", "set-overwrites-values")]),
    ("/set", [("X-Header-Set", "old"), ("A", "b")], [("X-Header-Set", "set-overwrites-values"), ("A", "b")]),
    ("/set", [("X-Header-Set", "1"), ("X-Header-Set", "2")], [("X-Header-Set", "set-overwrites-values")]),
    ("/add", [("A", "b")], [("A", "b"), ("X-Header-Add", "add-appends-values")]),
    ("/add", [("X-Header-Add", "old")], [("X-Header-Add", "old"), ("X-Header-Add", "add-appends-values")]),
    ("/remove", [("X-Header-Remove", "1"), ("A", "b"), ("x-header-remove", "2")], [("A", "b")]),
    ("/remove", [("A", "b")], [("A", "b")]),
    (
        "/all",
        [("X-Header-Set-2", "old"), ("X-Header-Remove-1", "gone"), ("Another", "stays")],
        [
            ("X-Header-Set-2", "header-set-2"),
            ("Another", "stays"),
            ("X-Header-Set-1", "header-set-1"),
            ("X-Header-Add-1", "header-add-1"),
            ("X-Header-Add-2", "header-add-2"),
        ],
    ),
    ("/case", [("X-Header-Set", "old"), ("X-Header-Remove", "x")], [("x-HEADER-set", "new")]),
]
_OWN = ("host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "x-request-id", "traceparent")

Pairs = list[tuple[str, str]]


@pytest.mark.parametrize(("target", "given", "gets"), CASES)
def test_request_headers(target: str, given: Pairs, gets: Pairs) -> None:
    head = request(target)
    head = head._replace(headers=[*head.headers, *((name.encode(), value.encode()) for name, value in given)])
    made = sent(table(MODIFIERS.replace("KIND", "request_headers")), head)
    assert [pair for pair in made.fields if pair[0].lower() not in _OWN] == gets


@pytest.mark.parametrize(("target", "given", "gets"), CASES)
def test_response_headers(target: str, given: Pairs, gets: Pairs) -> None:
    assert answered(table(MODIFIERS.replace("KIND", "response_headers")), request(target), *given) == gets


PER_SIDE = """
- name: r
  match: /r
  extracted: v1
  stage: STAGE
  filters:
    request_headers: {set: {X-Side: route, X-Both: "1"}}
    response_headers: {set: {X-Answer: route}, add: {X-Trail: route}}
    legacy: {request_headers: {set: {X-Side: legacy}}, response_headers: {remove: [Server]}}
    extracted: {request_headers: {set: {X-Side: extracted}}, response_headers: {set: {X-Answer: extracted}}}
"""


@pytest.mark.parametrize(("stage", "side"), [("shadow", "legacy"), ("live", "extracted")])
def test_the_sides_own_word_is_the_last(stage: str, side: str) -> None:
    made = sent(table(PER_SIDE.replace("STAGE", stage)), request("/r"))
    assert (made.every("X-Side"), made.every("X-Both")) == ([side], ["1"])


def test_answers_are_edited_by_side() -> None:
    snapshot = table(PER_SIDE.replace("STAGE", "shadow"))
    given = [("Server", "monolith/1"), ("X-Answer", "backend")]
    legacy = [("X-Answer", "route"), ("X-Trail", "route")]
    assert answered(snapshot, request("/r"), *given, side=Side.LEGACY) == legacy
    extracted = [("Server", "monolith/1"), ("X-Answer", "extracted"), ("X-Trail", "route")]
    assert answered(snapshot, request("/r"), *given, side=Side.EXTRACTED) == extracted


def test_a_client_cannot_take_away_what_a_filter_sets() -> None:
    snapshot = table('- {name: r, match: /r, extracted: v1, filters: {request_headers: {set: {X-Tenant: "7"}}}}')
    made = sent(snapshot, request("/r", headers={"Connection": "X-Tenant", "X-Tenant": "8"}))
    assert made.every("X-Tenant") == ["7"]


def test_a_route_without_filters_has_none_compiled() -> None:
    snapshot = table("- {name: r, match: /r, extracted: v1}")
    assert not snapshot.filtering
    assert snapshot.plans["r"].filters is None
    assert snapshot.unrouted.filters is None

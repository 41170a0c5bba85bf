"""Explain tells what the proxy does, by the same functions."""

from __future__ import annotations

from proxy.model.sides import Stage
from proxy.model.spec import Route
from proxy.routing.explain import explain
from tests.routing.build import head, match, snapshot, spec

MADE = snapshot(
    spec(
        Route("write", (match("=/v1/x", methods="POST"),), "service", Stage.LIVE),
        Route("staff", (match("{/v1/{id}", headers={"X-Staff": "1"}),), "service", Stage.LIVE),
        Route("rest", (match("^/v1", methods="GET HEAD"),), "service", Stage.SHADOW),
        Route("other", (match("^/v2"),), "service", Stage.SHADOW),
    )
)


def test_the_candidates_are_told_in_order_with_what_speaks_against_each() -> None:
    told = explain(MADE, head("/v1/x"), "203.0.113.7")
    assert told.route == "rest"
    assert told.match == "GET,HEAD /v1 (PathPrefix)"
    assert [(one.route, one.objection) for one in told.considered] == [
        ("write", "method GET is not POST"),
        ("staff", "header X-Staff is not 1"),
        ("rest", ""),
    ]
    assert told.decision is not None
    assert told.decision.shadow_backend == "service"
    assert told.decision.why == "stage shadow"
    assert told.upstream.startswith("GET /v1/x HTTP/1.1\r\nHost: example.com\r\nX-Forwarded-For: 203.0.113.7\r\n")


def test_what_no_route_names() -> None:
    told = explain(MADE, head("/elsewhere"), "203.0.113.7")
    assert (told.route, told.considered) == (None, ())
    assert told.decision is not None
    assert told.decision.backend == "legacy"


def test_an_ambiguous_path_shows_its_readings_and_is_sent_nowhere() -> None:
    told = explain(MADE, head("/v1/../v2/x"), "203.0.113.7")
    assert told.ambiguous
    assert told.readings == ("/v1/../v2/x", "/v2/x")
    assert {one.route for one in told.considered} == {"rest", "other"}
    assert told.decision is None
    assert told.upstream == ""


def test_a_target_without_a_path() -> None:
    told = explain(MADE, head("*", method="OPTIONS"), "203.0.113.7")
    assert told.considered == ()
    assert told.upstream.startswith("OPTIONS * HTTP/1.1")

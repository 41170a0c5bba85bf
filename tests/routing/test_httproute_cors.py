"""HTTPRoute conformance: CORS and CORSAllowCredentials, by the Fetch Standard section 3.2."""

from __future__ import annotations

import pytest

from proxy.model.heads import RequestHead
from proxy.routing.forwarding import peer_of
from proxy.routing.snapshot import Snapshot, own_answer
from tests.routing.httproute import answered, backend_of, own, request, table

CORS = """
- name: charges
  match: GET /v1/charges
  extracted: v1
  filters:
    cors:
      allowOrigins: ["https://www.foo.com", "https://*.bar.com", "http://localhost:3000"]
      allowMethods: [GET, OPTIONS]
      allowHeaders: [X-Header-1, X-Header-2]
      exposeHeaders: [X-Header-3]
      maxAge: 1h
- name: writes
  match: POST /v1/charges
  extracted: v1
  filters:
    cors: {allowOrigins: ["https://www.foo.com"], allowCredentials: true, allowMethods: ["*"], allowHeaders: ["*"]}
- {name: open, match: /open, extracted: v1, filters: {cors: {allowOrigins: ["*"], allowMethods: ["*"]}}}
- {name: none, match: /none, extracted: v1}
"""
VARY = ("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return table(CORS)


def preflight(target: str, origin: str, method: str, headers: str = "") -> RequestHead:
    fields = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        fields["Access-Control-Request-Headers"] = headers
    return request(target, method="OPTIONS", headers=fields)


def fields_of(snapshot: Snapshot, head: RequestHead) -> dict[str, str]:
    answer = own(snapshot, head)
    assert answer.status == 204
    return {name.decode(): value.decode() for name, value in answer.headers}


GRANTED = {
    "Access-Control-Allow-Methods": "GET, OPTIONS",
    "Access-Control-Allow-Headers": "X-Header-1, X-Header-2",
    "Access-Control-Max-Age": "3600",
    "Vary": VARY[1],
}


@pytest.mark.parametrize(
    "origin",
    ["https://www.foo.com", "https://WWW.foo.com", "https://a.bar.com", "https://a.b.bar.com", "http://localhost:3000"],
)
def test_a_preflight_of_an_allowed_origin(snapshot: Snapshot, origin: str) -> None:
    expected = {"Access-Control-Allow-Origin": origin, **GRANTED}
    assert fields_of(snapshot, preflight("/v1/charges", origin, "GET")) == expected


@pytest.mark.parametrize(
    "origin",
    [
        "https://foo.com",
        "http://www.foo.com",
        "https://www.foo.com:8443",
        "https://bar.com",
        "https://.bar.com",
        "https://abar.com",
        "https://a.bar.com.evil.example",
        "https://www.foo.com.evil.example",
        "null",
        "",
    ],
)
def test_a_preflight_of_another_origin_is_granted_nothing(snapshot: Snapshot, origin: str) -> None:
    assert fields_of(snapshot, preflight("/v1/charges", origin, "GET")) == dict([VARY])


def test_the_announced_method_chooses_the_route(snapshot: Snapshot) -> None:
    """Neither route matches OPTIONS itself."""
    fields = fields_of(snapshot, preflight("/v1/charges", "https://www.foo.com", "POST", "X-A, X-B"))
    assert fields == {
        "Access-Control-Allow-Origin": "https://www.foo.com",
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": "POST",  # with credentials `*` is no wildcard
        "Access-Control-Allow-Headers": "X-A, X-B",
        "Access-Control-Max-Age": "5",
        "Vary": VARY[1],
    }


def test_any_origin_without_credentials(snapshot: Snapshot) -> None:
    fields = fields_of(snapshot, preflight("/open", "https://any.example", "PUT"))
    assert (fields["Access-Control-Allow-Origin"], fields["Access-Control-Allow-Methods"]) == ("*", "*")


@pytest.mark.parametrize(
    "head",
    [
        preflight("/none", "https://www.foo.com", "GET"),
        preflight("/v1/charges", "https://www.foo.com", "DELETE"),
        request("/v1/charges", method="OPTIONS", headers={"Origin": "https://www.foo.com"}),
        request("/v1/charges", method="OPTIONS", headers={"Access-Control-Request-Method": "GET"}),
        request("/v1/charges", headers={"Origin": "https://www.foo.com", "Access-Control-Request-Method": "GET"}),
    ],
    ids=["route without a policy", "no route", "no method", "no origin", "not OPTIONS"],
)
def test_what_is_no_preflight_of_a_route_with_a_policy_goes_to_a_side(snapshot: Snapshot, head: RequestHead) -> None:
    plan = snapshot.plan(snapshot.table.lookup(head))
    assert plan is not None
    assert own_answer(snapshot, plan, head, peer_of("192.0.2.7", trusted=False)) is None
    assert backend_of(snapshot, head) == "legacy"


BACKENDS_OWN = [("Access-Control-Allow-Origin", "*"), ("access-control-allow-credentials", "true"), ("A", "b")]


def test_an_answer_to_an_allowed_origin_has_the_proxys_word_in_place_of_the_backends(snapshot: Snapshot) -> None:
    asked = request("/v1/charges", headers={"Origin": "https://a.bar.com"})
    assert answered(snapshot, asked, *BACKENDS_OWN) == [
        ("A", "b"),
        ("Access-Control-Allow-Origin", "https://a.bar.com"),
        ("Access-Control-Expose-Headers", "X-Header-3"),
        ("Vary", "Origin"),
    ]


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}])
def test_an_answer_to_another_origin_says_nothing(snapshot: Snapshot, headers: dict[str, str]) -> None:
    asked = request("/v1/charges", headers=headers)
    assert answered(snapshot, asked, *BACKENDS_OWN) == [("A", "b"), ("Vary", "Origin")]


@pytest.mark.parametrize("vary", ["Origin", "accept, ORIGIN", "*"])
def test_vary_is_not_said_twice(snapshot: Snapshot, vary: str) -> None:
    assert answered(snapshot, request("/v1/charges"), ("Vary", vary)) == [("Vary", vary)]


def test_any_origin_needs_no_vary(snapshot: Snapshot) -> None:
    asked = request("/open", headers={"Origin": "https://any.example"})
    assert answered(snapshot, asked) == [("Access-Control-Allow-Origin", "*")]

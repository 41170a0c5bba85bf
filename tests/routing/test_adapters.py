"""The way back: what a backend says of itself becomes what clients know it by; deprecation; what evidence is about."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.model.filters import (
    NO_REWRITE,
    Cors,
    Deprecation,
    Filters,
    HeaderEdit,
    PathRewrite,
    PublicRewrite,
    Redirect,
    Rewrite,
    RewriteType,
    SideFilters,
    compared,
)
from proxy.model.observation import EMPTY_BODY, CapturedRequest, Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.model.spec import Match
from proxy.routing.filters import for_side
from proxy.routing.rewrites import PathChange
from tests.routing.httproute import TOP, answered, request, table

MENDING = TOP.replace(
    'v1: {url: "http://127.0.0.1:8101", build_header: X-Build}',
    'v1: {url: "http://charges.internal:8101", rewrite: {host: pay.internal, location: true, cookies: true}}',
)
ROUTES = """
- {name: plain, match: /plain/*, extracted: v1}
- name: moved
  match: /v1/charges/*
  extracted: v1
  filters: {extracted: {rewrite: {path: {type: ReplacePrefixMatch, value: /charges}}}}
- {name: other, match: /other/*, extracted: v2}
"""


def mended(target: str, *fields: tuple[str, str], host: str = "shop.example") -> list[str]:
    snapshot = table(ROUTES, MENDING)
    return [value for _, value in answered(snapshot, request(target, host=host), *fields, side=Side.EXTRACTED)]


@pytest.mark.parametrize(
    ("target", "said", "public"),
    [
        ("/plain/a", "http://charges.internal:8101/plain/b?c#d", "http://shop.example/plain/b?c#d"),
        ("/plain/a", "HTTP://Charges.Internal:8101", "HTTP://shop.example"),
        ("/plain/a", "http://pay.internal/b", "http://shop.example/b"),
        ("/plain/a", "https://pay.internal/b", "http://shop.example/b"),
        ("/plain/a", "//charges.internal:8101/b", "//shop.example/b"),
        ("/plain/a", "/b", "/b"),
        ("/plain/a", "b", "b"),
        ("/plain/a", "", ""),
        ("/plain/a", "http://charges.internal/b", "http://charges.internal/b"),  # another port is somebody else
        ("/plain/a", "http://charges.internal:8102/b", "http://charges.internal:8102/b"),
        ("/plain/a", "http://charges.internal.evil.example:8101/", "http://charges.internal.evil.example:8101/"),
        ("/plain/a", "https://elsewhere.example/b", "https://elsewhere.example/b"),
        ("/plain/a", "mailto:a@charges.internal:8101", "mailto:a@charges.internal:8101"),
        ("/v1/charges/a", "http://charges.internal:8101/charges/b", "http://shop.example/v1/charges/b"),
        ("/v1/charges/a", "/charges/b?x=/charges", "/v1/charges/b?x=/charges"),
        ("/v1/charges/a", "/charges", "/v1/charges"),
        ("/v1/charges/a", "/chargesx", "/chargesx"),
        ("/v1/charges/a", "/login", "/login"),
    ],
)
def test_location(target: str, said: str, public: str) -> None:
    assert mended(target, ("Location", said)) == [public.replace("HTTP:", "http:")]
    assert mended(target, ("content-location", said)) == [public.replace("HTTP:", "http:")]


@pytest.mark.parametrize(
    ("target", "host", "said", "public"),
    [
        ("/plain/a", "shop.example:8080", "s=1; Domain=pay.internal; Path=/", "s=1; Domain=shop.example; Path=/"),
        ("/plain/a", "shop.example", "s=1;domain=.Charges.Internal", "s=1;domain=shop.example"),
        ("/plain/a", "127.0.0.1:8080", "s=1; Domain=pay.internal; Secure", "s=1; Secure"),
        ("/plain/a", "[::1]:8080", "s=1; Domain=pay.internal", "s=1"),
        ("/plain/a", "shop.example", "s=1; Domain=internal; Path=/charges", "s=1; Domain=internal; Path=/charges"),
        ("/plain/a", "shop.example", "domain=pay.internal; HttpOnly", "domain=pay.internal; HttpOnly"),
        ("/v1/charges/a", "shop.example", "s=1; Path=/charges", "s=1; Path=/v1/charges"),
        ("/v1/charges/a", "shop.example", "s=1; path=/charges/x", "s=1; path=/v1/charges/x"),
        ("/v1/charges/a", "shop.example", "s=1; Path=/", "s=1; Path=/"),
    ],
)
def test_cookies(target: str, host: str, said: str, public: str) -> None:
    assert mended(target, ("Set-Cookie", said), ("Set-Cookie", "t=2"), host=host) == [public, "t=2"]


def test_a_backend_that_did_not_ask_for_it_is_left_alone() -> None:
    fields = [("Location", "http://127.0.0.1:8102/b"), ("Set-Cookie", "s=1; Domain=127.0.0.1")]
    assert mended("/other/a", *fields) == [value for _, value in fields]
    snapshot = table(ROUTES, MENDING)
    assert answered(snapshot, request("/plain/a"), *fields, side=Side.LEGACY) == fields


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://charges.internal", "https://charges.internal/x"),
        ("https://charges.internal:8443", "https://charges.internal:8443/x"),
        ("http://[::1]:8101", "http://[::1]:8101/x"),
        ("http://charges.internal", "http://charges.internal:80/x"),
        ("unix:/run/charges.sock", "http://localhost/x"),
    ],
)
def test_every_kind_of_backend_has_a_name_of_its_own(url: str, said: str) -> None:
    top = MENDING.replace("http://charges.internal:8101", url).replace("host: pay.internal, ", "")
    fields = [("Location", said), ("Location", "http:///x"), ("Location", "https:///x")]
    made = answered(table(ROUTES, top), request("/plain/a", host="shop.example"), *fields, side=Side.EXTRACTED)
    assert [value for _, value in made] == ["http://shop.example/x", "http:///x", "https:///x"]


def test_what_no_route_names_is_mended_for_legacy_too() -> None:
    both = 'urls: ["http://127.0.0.1:8001", "http://127.0.0.1:8011"], rewrite: {location: true}'
    top = TOP.replace('url: "http://127.0.0.1:8001"', both)
    snapshot = table("[]", top)
    for port in (8001, 8011):  # any of its urls is its own
        fields = answered(snapshot, request("/any", host="shop.example"), ("Location", f"http://127.0.0.1:{port}/x"))
        assert fields == [("Location", "http://shop.example/x")]


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ("at: 2023-06-30", [("Deprecation", "@1688083200")]),
        ("sunset: 2025-11-11, link: https://d.example/x", [
            ("Sunset", "Tue, 11 Nov 2025 00:00:00 GMT"), ("Link", '<https://d.example/x>; rel="sunset"')]),
    ],
)  # fmt: skip
def test_deprecation(said: str, fields: list[tuple[str, str]]) -> None:
    snapshot = table(f"- {{name: r, match: /r, extracted: v1, filters: {{deprecation: {{{said}}}}}}}")
    backends = [("Link", "</style.css>; rel=preload"), ("deprecation", "true"), ("Sunset", "never")]
    made = answered(snapshot, request("/r"), *backends)
    assert ("Link", "</style.css>; rel=preload") in made
    assert all(field in made for field in fields)
    assert len([name for name, _ in made if name.lower() == fields[0][0].lower()]) == 1


def test_a_copy_gets_the_filters_of_its_own_side_and_is_compared_after_them() -> None:
    snapshot = table(ROUTES, MENDING)
    filters = snapshot.plans["moved"].filters
    forwarded = b"GET /v1/charges/1 HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-Host: shop.example\r\n\r\n"
    got: list[Observation] = []
    head, told = for_side(filters, Side.EXTRACTED, forwarded, got.append)
    assert head.startswith(b"GET /charges/1 HTTP/1.1\r\nHost: pay.internal\r\n")
    fields = [(b"Location", b"/charges/2")]
    one = Observation(Side.EXTRACTED, "v1", Outcome.OK, 302, fields, EMPTY_BODY, "", 0.0, 0.0)
    told(one)
    told(one._replace(status=0, headers=(), outcome=Outcome.UPSTREAM_CLOSED))
    assert [observation.headers for observation in got] == [[(b"Location", b"/v1/charges/2")], ()]
    assert for_side(filters, Side.LEGACY, forwarded, got.append)[0] == forwarded


def test_a_forwarded_request_finds_its_filters_by_itself() -> None:
    top = TOP.replace("legacy: legacy", "legacy: legacy\ntrusted_proxies: [10.0.0.0/8]")
    routes = """
    - name: r
      matches: [{hosts: [shop.example]}]
      extracted: v1
      filters: {request_headers: {set: {X-A: "1"}}}
    """
    snapshot = table(routes, top)
    fields = [(b"Host", b"127.0.0.1:8001"), (b"X-Forwarded-Host", b"shop.example")]
    assert snapshot.filters_of(CapturedRequest(b"GET", b"/x", fields, EMPTY_BODY)) is snapshot.plans["r"].filters
    assert snapshot.filters_of(CapturedRequest(b"GET", b"/x", fields[:1], EMPTY_BODY)) is None


ANSWERS = HeaderEdit(set=(("ETag", "x"),), remove=("Server",))
PREFIX = PathRewrite(RewriteType.PREFIX, "/v2")


@pytest.mark.parametrize(
    ("filters", "headers", "counts"),
    [
        (Filters(), ("content-type",), False),
        (Filters(request_headers=HeaderEdit(remove=("X-A",))), (), True),
        (Filters(extracted=SideFilters(rewrite=Rewrite(path=PREFIX))), (), True),
        (Filters(response_headers=ANSWERS), ("content-type",), False),
        (Filters(response_headers=ANSWERS), ("etag",), True),
        (Filters(legacy=SideFilters(response_headers=ANSWERS)), ("server",), True),
        (Filters(cors=Cors(("*",))), ("content-type",), False),
        (Filters(cors=Cors(("*",))), ("access-control-allow-origin",), True),
        (Filters(deprecation=Deprecation("2027-01-01")), ("content-type",), False),
        (Filters(deprecation=Deprecation("2027-01-01")), ("sunset",), True),
        (Filters(redirect=Redirect(host="x")), ("location",), False),
    ],
)
def test_evidence_is_about_filters_that_change_what_is_compared(
    filters: Filters, headers: tuple[str, ...], counts: bool
) -> None:
    assert bool(compared(filters, (NO_REWRITE, NO_REWRITE), headers)) is counts


def test_evidence_is_about_the_rewrites_of_backends_too() -> None:
    assert compared(Filters(), (NO_REWRITE, PublicRewrite(location=True)), ())  # it is compared in every redirect
    assert not compared(Filters(), (NO_REWRITE, PublicRewrite(cookies=True)), ("etag",))
    assert compared(Filters(), (NO_REWRITE, PublicRewrite(cookies=True)), ("set-cookie",))
    assert compared(Filters(), (PublicRewrite(host="x"), NO_REWRITE), ())


PIECES = st.sampled_from(
    ["/", "//", "/.", "/..", "/%2e", "/%2E%2e", "/.%2e", "/%252e%252e", "/a", "/app", "/tenants", "/7", "/8", "/..;x",
     "%2f..", "\\..", "%5c..", "/;", "/..%00", "%2F", "/%61pp", "x", "?/..", "/...", "/..."]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=9).map("".join))
def test_no_server_finds_a_way_out_of_a_rewrite(rest: str) -> None:
    """Judged by the ways of other programs: `normpath`, decoded once, twice or not, backslashes read as slashes."""
    change = PathChange(PathRewrite(RewriteType.PREFIX, "/tenants/7/app"), (Match("/app"),))
    asked = change.applied(b"/app" + rest.encode())
    if asked is None:
        return
    path = asked.decode().partition("?")[0]
    forms = {path, unquote(path), unquote(unquote(path))}
    forms |= {form.replace("\\", "/") for form in forms}
    forms |= {form.partition("\0")[0] for form in forms}
    forms |= {re.sub(";[^/]*", "", form) for form in forms}
    for form in forms:
        found = posixpath.normpath(unquote(posixpath.normpath(form.replace("//", "/"))))
        assert found == "/tenants/7/app" or found.startswith("/tenants/7/app/"), (asked, form, found)

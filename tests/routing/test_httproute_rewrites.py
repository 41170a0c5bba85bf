"""HTTPRoute conformance: RewritePath, RewriteHost and the redirects (host, port, scheme, path, status)."""

from __future__ import annotations

import pytest

from tests.routing.httproute import own, request, sent, table, told

PREFIXES = [  # the table of Gateway API's ReplacePrefixMatch
    ("/foo/bar", "/foo", "/xyz", "/xyz/bar"),
    ("/foo/bar", "/foo", "/xyz/", "/xyz/bar"),
    ("/foo/bar", "/foo/", "/xyz", "/xyz/bar"),
    ("/foo/bar", "/foo/", "/xyz/", "/xyz/bar"),
    ("/foo", "/foo", "/xyz", "/xyz"),
    ("/foo/", "/foo", "/xyz", "/xyz/"),
    ("/foo/bar", "/foo", "", "/bar"),
    ("/foo/", "/foo", "", "/"),
    ("/foo", "/foo", "", "/"),
    ("/foo/", "/foo", "/", "/"),
    ("/foo", "/foo", "/", "/"),
    ("/foo/bar", "/", "/xyz", "/xyz/foo/bar"),
    ("/", "/", "/xyz", "/xyz/"),
    # what follows the prefix keeps its bytes, and so does the query
    ("/foo/b%41r?x=%20&&y", "/foo", "/xyz", "/xyz/b%41r?x=%20&&y"),
    ("/f%6Fo/bar", "/foo", "/xyz", "/xyz/bar"),
    ("/foo/%c3%a4", "/foo", "/ö", "/%C3%B6/%c3%a4"),
    ("/foo?/foo/bar", "/foo", "/xyz", "/xyz?/foo/bar"),
]


def prefix_table(prefix: str, value: str, filter_: str = "rewrite: {path: PATH}") -> str:
    path = f'{{type: ReplacePrefixMatch, value: "{value}"}}'
    match = f'[{{path: {{value: "{prefix}"}}}}]'
    return f"- {{name: r, matches: {match}, extracted: v1, filters: {{{filter_.replace('PATH', path)}}}}}"


@pytest.mark.parametrize(("target", "prefix", "value", "asked"), PREFIXES)
def test_a_prefix_is_replaced(target: str, prefix: str, value: str, asked: str) -> None:
    assert sent(table(prefix_table(prefix, value)), request(target)).line == f"GET {asked} HTTP/1.1"


@pytest.mark.parametrize(("target", "prefix", "value", "asked"), PREFIXES)
def test_a_redirect_replaces_it_alike(target: str, prefix: str, value: str, asked: str) -> None:
    routes = prefix_table(prefix, value, "redirect: {path: PATH}")
    assert own(table(routes), request(target)).headers[0] == (b"Location", b"http://example.com" + asked.encode())


@pytest.mark.parametrize(
    "target",
    [
        "/app/../app/../../app/x",
        "/app/x/../../../app/y",
        "/app/%2e%2e/%2e%2e/app",
        "/app/%2e",
        "/app/..;/../app",
        "/app/%252e%252e/%2e%2e/app",
        "/app/..\\..\\app",
    ],
)
def test_a_rewrite_is_a_fence(target: str) -> None:
    """All readings of these lie below /app; rewritten, some would lead out of /tenants/7/app."""
    snapshot = table(prefix_table("/app", "/tenants/7/app"))
    explanation = told(snapshot, request(target))
    assert explanation.refused
    assert explanation.upstream == ""


@pytest.mark.parametrize("target", ["/app/a%2Fb", "/app/a//b", "/app/.../..a/.well-known", "/app/a%20b;c=1"])
def test_what_stays_below_passes_as_it_came(target: str) -> None:
    snapshot = table(prefix_table("/app", "/tenants/7/app"))
    assert sent(snapshot, request(target)).line == f"GET /tenants/7{target} HTTP/1.1"


REWRITES = """
- {name: full, match: /full/one, extracted: v1, filters: {rewrite: {path: {type: ReplaceFullPath, value: /one}}}}
- name: host
  match: /host/*
  extracted: v1
  filters: {rewrite: {host: one.example.org}}
- name: both
  match: /both/*
  extracted: v1
  filters:
    rewrite: {path: {type: ReplaceFullPath, value: /all}, host: all.example.org}
    extracted: {rewrite: {path: {type: ReplacePrefixMatch, value: /v2}}}
  stage: STAGE
- name: prefixes
  match: {path: {value: /a}}
  extracted: v1
"""


@pytest.mark.parametrize(
    ("target", "stage", "line", "host"),
    [
        ("/full/one", "shadow", "GET /one HTTP/1.1", "example.com"),
        ("/full/one?q=1", "shadow", "GET /one?q=1 HTTP/1.1", "example.com"),
        ("/host/x", "shadow", "GET /host/x HTTP/1.1", "one.example.org"),
        ("/both/x", "shadow", "GET /all HTTP/1.1", "all.example.org"),
        ("/both/x", "live", "GET /v2/x HTTP/1.1", "all.example.org"),
        ("/a/x", "shadow", "GET /a/x HTTP/1.1", "example.com"),
    ],
)
def test_paths_and_hosts_for_both_sides_or_one(target: str, stage: str, line: str, host: str) -> None:
    made = sent(table(REWRITES.replace("STAGE", stage)), request(target))
    assert (made.line, made.every("Host"), made.every("X-Forwarded-Host")) == (line, [host], ["example.com"])


def test_several_prefixes_of_one_route() -> None:
    routes = (
        "- {name: r, matches: [/a/*, /b/c/*], extracted: v1,"
        " filters: {rewrite: {path: {type: ReplacePrefixMatch, value: /x}}}}"
    )
    assert sent(table(routes), request("/a/1")).line == "GET /x/1 HTTP/1.1"
    assert sent(table(routes), request("/b/c/1")).line == "GET /x/1 HTTP/1.1"


@pytest.mark.parametrize(
    ("redirect", "host", "scheme", "location"),
    [
        ("{host: other.example}", "example.com", "http", "http://other.example/p?q=1"),
        ("{host: other.example}", "example.com:8080", "http", "http://other.example:8080/p?q=1"),
        ("{scheme: https}", "example.com", "http", "https://example.com/p?q=1"),
        ("{scheme: https}", "example.com:8080", "http", "https://example.com/p?q=1"),
        ("{scheme: https, port: 8443}", "example.com:8080", "http", "https://example.com:8443/p?q=1"),
        ("{scheme: https, port: 443}", "example.com", "http", "https://example.com/p?q=1"),
        ("{scheme: http, port: 80}", "example.com:8443", "https", "http://example.com/p?q=1"),
        ("{port: 8083}", "example.com", "http", "http://example.com:8083/p?q=1"),
        ("{port: 80}", "example.com", "http", "http://example.com/p?q=1"),
        ("{port: 80}", "example.com", "https", "https://example.com:80/p?q=1"),
        ("{port: 443}", "example.com", "https", "https://example.com/p?q=1"),
        ("{host: other.example, port: 8443}", "[::1]:80", "https", "https://other.example:8443/p?q=1"),
        ("{port: 8443}", "[::1]:80", "http", "http://[::1]:8443/p?q=1"),
        ("{path: {type: ReplaceFullPath, value: /new}}", "example.com", "http", "http://example.com/new?q=1"),
    ],
)
def test_a_redirect_takes_what_it_leaves_open_from_the_request(
    redirect: str, host: str, scheme: str, location: str
) -> None:
    snapshot = table(f"- {{name: r, match: /p, extracted: v1, filters: {{redirect: {redirect}}}}}")
    answer = own(snapshot, request("/p?q=1", host=host), scheme=scheme.encode())
    assert (answer.status, answer.headers) == (302, [(b"Location", location.encode()), (b"Content-Length", b"0")])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_status_of_a_redirect(status: int) -> None:
    routes = f"- {{name: r, match: /p, extracted: v1, filters: {{redirect: {{host: x.example, status: {status}}}}}}}"
    assert own(table(routes), request("/p")).status == status


def test_behind_a_trusted_proxy_the_public_scheme_and_host_count() -> None:
    snapshot = table("- {name: r, match: /p, extracted: v1, filters: {redirect: {port: 8443}}}")
    head = request("/p", host="inner", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example"})
    assert own(snapshot, head, trusted=True).headers[0][1] == b"https://shop.example:8443/p"
    assert own(snapshot, head).headers[0][1] == b"http://inner:8443/p"


def test_a_redirect_carries_the_routes_own_headers_and_those_of_deprecation() -> None:
    routes = """
    - name: r
      match: /p
      extracted: v1
      filters:
        redirect: {host: new.example, status: 308}
        response_headers: {set: {Cache-Control: max-age=60}}
        deprecation: {at: 2024-11-11, sunset: 2025-11-11, link: "https://docs.example/moving"}
    """
    assert list(own(table(routes), request("/p")).headers)[2:] == [
        (b"Cache-Control", b"max-age=60"),
        (b"Deprecation", b"@1731283200"),
        (b"Sunset", b"Tue, 11 Nov 2025 00:00:00 GMT"),
        (b"Link", b'<https://docs.example/moving>; rel="deprecation"'),
    ]

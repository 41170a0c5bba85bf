"""Filters on raw bytes: TRANSPARENCY row 15 and Gateway API's modifiers, rewrites, redirects, CORS and time-outs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy.config import load
from proxy.model.spec import RoutesSpec
from tests.support.engine import Running
from tests.support.wire import RawUpstream, Served, fields, ok

FOUND = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/v2/b\r\nSet-Cookie: s=1; Path=/v2; Domain=127.0.0.1\r\n"
ASK = b"GET /v1/a?x=%%41 HTTP/1.1\r\nHost: shop.example\r\nX-Debug: 1\r\n%b\r\n"


def spec(legacy: int, extracted: int, route: str, backend: str = "") -> RoutesSpec:
    text = f"""version: 1
backends:
  legacy: {{url: "http://127.0.0.1:{legacy}"}}
  service: {{url: "http://127.0.0.1:{extracted}", build_header: X-Build{backend}}}
legacy: legacy
routes:
  - name: moved
    match: /v1/*
    extracted: service
    {route}
"""
    loaded = load(text, env={})
    assert loaded.spec is not None, "\n".join(map(str, loaded.problems))
    return loaded.spec


@asynccontextmanager
async def proxy_of(
    route: str, answer: bytes = ok(), backend: str = ""
) -> AsyncIterator[tuple[Running, RawUpstream, RawUpstream]]:
    """A proxy in front of two upstreams that give the same answer."""
    async with RawUpstream.answering(answer) as legacy, RawUpstream.answering(answer) as service:
        async with Running(spec(legacy.port, service.port, route, backend)) as proxy:
            yield proxy, legacy, service


async def ask(proxy: Running, request: bytes) -> bytes:
    async with await proxy.connect() as client:
        await client.send(request)
        return (await client.answer())[0]


EDITS = """stage: {stage}
    filters:
      request_headers: {{set: {{X-Tenant: "7"}}, remove: [X-Debug]}}
      response_headers: {{add: {{Cache-Control: no-store}}, remove: [Server]}}
      extracted: {{rewrite: {{path: {{type: ReplacePrefixMatch, value: /v2}}, host: pay.internal}}}}"""


@pytest.mark.parametrize(
    ("stage", "line", "host"),
    [("shadow", b"GET /v1/a?x=%41 HTTP/1.1", b"shop.example"), ("live", b"GET /v2/a?x=%41 HTTP/1.1", b"pay.internal")],
)
async def test_headers_path_and_host_are_edited_for_the_side_that_answers(stage: str, line: bytes, host: bytes) -> None:
    answer = ok(b"hello", b"Server: monolith", b"X-Build: 7", b"ETag: x")
    async with proxy_of(EDITS.format(stage=stage), answer) as (proxy, legacy, service):
        head = await ask(proxy, ASK % b"Connection: X-Tenant\r\n")
        request = (service if stage == "live" else legacy).requests[0][0]
        assert request.split(b"\r\n")[0] == line
        assert (fields(request, b"Host"), fields(request, b"X-Tenant"), fields(request, b"X-Debug")) == (
            [host],
            [b"7"],
            [],
        )
        assert fields(request, b"X-Forwarded-Host") == [b"shop.example"]
        build = b"X-Build: 7\r\n" if stage == "shadow" else b""  # legacy has no build header
        expected = b"HTTP/1.1 200 OK\r\n%bETag: x\r\nContent-Length: 5\r\nCache-Control: no-store\r\n\r\n" % build
        assert head == expected


async def test_a_body_follows_an_edited_head() -> None:
    async with proxy_of(EDITS.format(stage="live")) as (proxy, _, service):
        body = b"x" * 200_000
        head = await ask(proxy, b"POST /v1/a HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        assert head.startswith(b"HTTP/1.1 200 ")
        assert service.requests[0][0].startswith(b"POST /v2/a HTTP/1.1\r\n")
        assert service.requests[0][1] == body


async def test_a_service_that_fails_leaves_legacy_the_request_that_is_legacys() -> None:
    async with proxy_of(EDITS.format(stage="live")) as (proxy, legacy, service):
        await service.stop()
        assert (await ask(proxy, ASK % b"")).startswith(b"HTTP/1.1 200 ")
        assert legacy.requests[0][0].startswith(b"GET /v1/a?x=%41 HTTP/1.1\r\nHost: shop.example\r\n")


async def test_what_is_offered_to_the_shadow_is_the_request_before_and_the_answer_after_filters() -> None:
    answer = FOUND % 9 + b"Content-Length: 0\r\n\r\n"
    route = EDITS.format(stage="shadow")
    async with proxy_of(route, answer) as (proxy, _, _):
        await ask(proxy, ASK % b"")
        exchange, decision = proxy.offered[0]
        assert decision.shadow_backend == "service"
        names = [name for name, _ in exchange.request.headers]
        assert exchange.request.target == b"/v1/a?x=%41"
        assert b"X-Debug" in names
        assert b"X-Tenant" not in names
        assert (b"Cache-Control", b"no-store") in exchange.answered.headers


async def test_redirects_and_cookies_of_the_backends_own_name_come_back_with_the_public_one() -> None:
    async def script(served: Served) -> None:
        while True:
            requests.append((await served.request())[0])
            await served.send(FOUND % service.port + b"Content-Length: 0\r\n\r\n")

    requests: list[bytes] = []
    rewrite = ", rewrite: {location: true, cookies: true}"
    async with RawUpstream.answering(ok()) as legacy, RawUpstream(script) as service:
        route = EDITS.format(stage="live")
        async with Running(spec(legacy.port, service.port, route, rewrite)) as proxy:
            head = await ask(proxy, ASK % b"")
            assert fields(head, b"Location") == [b"http://shop.example/v1/b"]
            assert fields(head, b"Set-Cookie") == [b"s=1; Path=/v1; Domain=shop.example"]
            assert len(requests) == 1  # it is not followed


REDIRECT = """filters:
      redirect: {scheme: https, path: {type: ReplacePrefixMatch, value: /v2}, status: 308}
      response_headers: {set: {Cache-Control: max-age=60}}"""


async def test_a_redirect_is_answered_by_the_proxy_on_a_connection_that_stays() -> None:
    async with proxy_of(REDIRECT) as (proxy, legacy, service):
        async with await proxy.connect() as client:
            await client.send((ASK % b"") * 2 + b"HEAD /v1 HTTP/1.1\r\nHost: h\r\n\r\n")
            for location in (b"https://shop.example/v2/a?x=%41",) * 2 + (b"https://h/v2",):
                assert await client.head() == (
                    b"HTTP/1.1 308 Permanent Redirect\r\nLocation: %b\r\nContent-Length: 0\r\n"
                    b"Cache-Control: max-age=60\r\n\r\n" % location
                )
            await client.send(b"GET /other HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await client.answer())[0].startswith(b"HTTP/1.1 200 ")
        assert (len(legacy.requests), len(service.requests)) == (1, 0)
        ended = await proxy.outcome()
        assert (ended.route, ended.side, ended.backend, ended.outcome, ended.code) == ("moved", "proxy", "", "ok", 308)
        assert ended.why == "redirect"


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"Content-Length: 9\r\n\r\n",
    ],
)
async def test_a_redirect_of_a_request_with_a_body_ends_the_connection(rest: bytes) -> None:
    """What follows is never read as a request."""
    async with proxy_of(REDIRECT) as (proxy, legacy, _):
        answer = await proxy.one(
            b"POST /v1/a HTTP/1.1\r\nHost: h\r\n" + rest + b"GET /evil HTTP/1.1\r\nHost: h\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 308 ")
        assert answer.endswith(b"\r\nConnection: close\r\n\r\n")
        assert answer.count(b"HTTP/1.1") == 1
        assert legacy.requests == []


async def test_a_redirect_for_http_1_0_without_host_stays_on_its_host() -> None:
    async with proxy_of(REDIRECT) as (proxy, _, _):
        answer = await proxy.one(b"GET /v1//evil.example HTTP/1.0\r\n\r\n")
        assert fields(answer, b"Location") == [b"/v2//evil.example"]


async def test_a_path_that_leads_out_of_its_rewrite_is_refused() -> None:
    async with proxy_of(EDITS.format(stage="live").replace("value: /v2", "value: /tenants/7/v1")) as (
        proxy,
        one,
        other,
    ):
        answer = await proxy.one(b"GET /v1/../v1/../../v1/x HTTP/1.1\r\nHost: h\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert one.requests + other.requests == []
        assert (await proxy.outcome()).outcome == "request_path_ambiguous"


CORS = """stage: live
    filters:
      cors: {allowOrigins: ["https://shop.example"], allowMethods: [GET], exposeHeaders: [X-Total]}"""


async def test_a_preflight_is_answered_by_the_proxy_and_the_request_that_follows_by_a_side() -> None:
    answer = ok(b"hello", b"Access-Control-Allow-Origin: *")
    async with proxy_of(CORS, answer) as (proxy, legacy, service):
        origin = b"Origin: https://shop.example\r\n"
        head = await ask(
            proxy, b"OPTIONS /v1/a HTTP/1.1\r\nHost: h\r\n%bAccess-Control-Request-Method: GET\r\n\r\n" % origin
        )
        assert head == (
            b"HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: https://shop.example\r\n"
            b"Access-Control-Allow-Methods: GET\r\nAccess-Control-Max-Age: 5\r\n"
            b"Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n\r\n"
        )
        assert legacy.requests + service.requests == []
        head = await ask(proxy, ASK % origin)
        assert fields(head, b"Access-Control-Allow-Origin") == [b"https://shop.example"]
        assert fields(head, b"Access-Control-Expose-Headers") == [b"X-Total"]
        head = await ask(proxy, ASK % b"Origin: https://evil.example\r\n")
        assert fields(head, b"Access-Control-Allow-Origin") == []


async def test_a_deprecated_route_says_so() -> None:
    route = 'filters: {deprecation: {at: 2024-11-11, sunset: 2025-11-11, link: "https://docs.example/x"}}'
    async with proxy_of(route) as (proxy, _, _):
        head = await ask(proxy, ASK % b"")
        assert fields(head, b"Deprecation") == [b"@1731283200"]
        assert fields(head, b"Sunset") == [b"Tue, 11 Nov 2025 00:00:00 GMT"]
        assert fields(head, b"Link") == [b'<https://docs.example/x>; rel="deprecation"']


async def hang(served: Served) -> None:
    await served.request()
    await asyncio.sleep(3600)


async def hang_within_the_body(served: Served) -> None:
    await served.request()
    await served.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf")
    await asyncio.sleep(3600)


async def test_a_route_bounds_the_whole_exchange() -> None:
    async with RawUpstream.answering(ok()) as legacy, RawUpstream(hang) as service:
        route = "stage: live\n    timeouts: {request: 200ms}"
        async with Running(spec(legacy.port, service.port, route)) as proxy:
            began = time.monotonic()
            answer = await ask(proxy, ASK % b"")
            assert answer.startswith(b"HTTP/1.1 504 ")
            assert time.monotonic() - began >= 0.2
            assert (await proxy.outcome()).outcome == "total_timeout"
            assert legacy.requests == []  # no time is left for the other side


@pytest.mark.parametrize(
    ("timeouts", "status"),
    [
        ("{request: 0s}", b"200"),  # Gateway API: zero switches it off
        ("{backend_request: 0s}", b"200"),
        ("{request: 0s, backend_request: 100ms}", b"504"),
        ("{request: 100ms, backend_request: 0s}", b"504"),
        ("{request: 100ms}", b"504"),
        ("{request: 30s, backend_request: 30s}", b"200"),
    ],
)
async def test_a_time_out_of_zero_is_none(timeouts: str, status: bytes) -> None:
    async def late(served: Served) -> None:
        await served.request()
        await asyncio.sleep(0.3)  # how late it is
        await served.send(ok())

    async with RawUpstream.answering(ok()) as legacy, RawUpstream(late) as service:
        route = f"stage: live\n    fallback: none\n    timeouts: {timeouts}"
        async with Running(spec(legacy.port, service.port, route)) as proxy:
            assert (await ask(proxy, ASK % b"")).startswith(b"HTTP/1.1 " + status)


async def test_a_try_that_takes_too_long_leaves_the_rest_of_the_time_to_legacy() -> None:
    async with RawUpstream.answering(ok()) as legacy, RawUpstream(hang) as service:
        route = "stage: live\n    timeouts: {request: 30s, backend_request: 200ms}"
        async with Running(spec(legacy.port, service.port, route)) as proxy:
            assert (await ask(proxy, ASK % b"")).startswith(b"HTTP/1.1 200 ")
            ended = await proxy.outcome()
            assert (ended.side, ended.fell_back) == ("legacy", "upstream_first_byte_timeout")


@pytest.mark.parametrize("bound", ["request", "backend_request"])
async def test_an_answer_that_takes_too_long_is_cut(bound: str) -> None:
    async with RawUpstream.answering(ok()) as legacy, RawUpstream(hang_within_the_body) as service:
        route = f"stage: live\n    fallback: none\n    timeouts: {{{bound}: 200ms}}"
        async with Running(spec(legacy.port, service.port, route)) as proxy, await proxy.connect() as client:
            await client.send(ASK % b"")
            assert (await client.until_reset()).endswith(b"\r\n\r\nhalf")
            assert (await proxy.outcome()).outcome == "total_timeout"


async def test_an_exchange_within_its_time_is_not_touched_by_it() -> None:
    route = "stage: live\n    timeouts: {request: 1s, backend_request: 1s}"
    async with proxy_of(route) as (proxy, _, _), await proxy.connect() as client:
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            await client.send(ASK % b"")
            assert (await client.answer())[0].startswith(b"HTTP/1.1 200 ")
            await asyncio.sleep(0.02)

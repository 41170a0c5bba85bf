"""TRANSPARENCY rows 1, 2, 5, 8, 11, 12: what the client says reaches the backend as the client said it."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.engine import Running, backend, spec_of
from tests.support.wire import RawUpstream, Served, fields, length_of, ok

ADDED = (b"X-Forwarded-For", b"X-Forwarded-Proto", b"X-Forwarded-Host", b"Forwarded", b"X-Request-Id", b"traceparent")


def without_added(head: bytes) -> bytes:
    lines = [line for line in head.split(b"\r\n") if not line.startswith(tuple(name + b":" for name in ADDED))]
    return b"\r\n".join(lines)


@pytest.mark.parametrize(
    "target",
    [
        b"/",
        b"/a%7Eb%41?x=%27'&y",
        b"/a/%2e%2e/b",
        b"//double//slash",
        b"/a/../b/./c",
        b"/semi;colon=1?a=b;c=d&&e==",
        b"/%ff%00",
        b'/quote"pipe|brace{}',
        b"/q??x?=",
    ],
)
async def test_the_raw_target_is_kept(target: bytes) -> None:
    async with RawUpstream.answering(ok()) as upstream, Running(spec_of(backend("legacy", upstream.port))) as proxy:
        await proxy.one(b"GET %b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" % target)
        assert upstream.requests[0][0].startswith(b"GET %b HTTP/1.1\r\n" % target)


async def test_headers_keep_order_case_and_repetition_and_nothing_is_invented() -> None:
    lines = b"hOsT: pay.example\r\nX-B: 1\r\nx-a: 2\r\nX-B: 3\r\nCookie: a=1\r\nCOOKIE: b=2\r\n"
    lines += b"X-Latin: \xfc\r\nX-Empty: \r\n"
    async with RawUpstream.answering(ok()) as upstream, Running(spec_of(backend("legacy", upstream.port))) as proxy:
        async with await proxy.connect() as client:
            await client.send(b"GET / HTTP/1.1\r\n" + lines + b"\r\n")
            await client.answer()
        assert without_added(upstream.requests[0][0]) == b"GET / HTTP/1.1\r\n" + lines + b"\r\n"
        for name in ADDED:
            assert len(fields(upstream.requests[0][0], name)) == 1


async def test_hop_by_hop_fields_end_at_the_proxy_in_both_directions() -> None:
    answer = ok(b"x", b"Connection: X-Secret", b"X-Secret: 1", b"Keep-Alive: timeout=5", b"X-Strangler-Route: r")
    async with RawUpstream.answering(answer) as upstream, Running(spec_of(backend("legacy", upstream.port))) as proxy:
        async with await proxy.connect() as client:
            await client.send(
                b"GET / HTTP/1.1\r\nHost: h\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n"
                b"X-Strangler-Shadow: 1\r\n\r\n"
            )
            head, _ = await client.answer()
        sent = upstream.requests[0][0].lower()
        assert not any(name in sent for name in (b"x-hop", b"keep-alive", b"x-strangler", b"\r\nconnection:"))
        assert head == b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"


async def test_an_absolute_target_replaces_host_and_options_star_reaches_legacy() -> None:
    async with RawUpstream.answering(ok()) as upstream, Running(spec_of(backend("legacy", upstream.port))) as proxy:
        async with await proxy.connect() as client:
            await client.send(b"GET http://real.example/p?q HTTP/1.1\r\nHost: other\r\n\r\n")
            await client.answer()
            await client.send(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
            await client.answer()
        first, second = upstream.requests[0][0], upstream.requests[1][0]
        assert first.startswith(b"GET /p?q HTTP/1.1\r\n")
        assert fields(first, b"Host") == [b"real.example"]
        assert second.startswith(b"OPTIONS * HTTP/1.1\r\n")


async def test_a_body_with_a_length_passes_whatever_its_bytes() -> None:
    body = bytes(range(256)) * 1000
    async with RawUpstream.answering(ok()) as upstream, Running(spec_of(backend("legacy", upstream.port))) as proxy:
        async with await proxy.connect() as client:
            await client.send(b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            assert (await client.answer())[1] == b"hello"
        head, received = upstream.requests[0]
        assert length_of(head) == len(body)
        assert received == body
        ended = await proxy.outcome()
        assert (ended.outcome, ended.code, ended.request_bytes) == ("ok", 200, len(body))


async def test_chunks_pass_with_their_boundaries_extensions_and_trailers() -> None:
    wire = b"5;name=value\r\nhello\r\n001\r\n!\r\n0\r\nX-Sum: 7\r\n\r\n"
    seen: list[bytes] = []

    async def script(served: Served) -> None:
        seen.append(await served.head())
        seen.append(await served.until(b"\r\n0\r\nX-Sum: 7\r\n\r\n"))
        await served.send(ok())

    async with RawUpstream(script) as upstream, Running(spec_of(backend("legacy", upstream.port))) as proxy:
        async with await proxy.connect() as client:
            await client.send(b"POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
            for at in range(0, len(wire), 3):
                await client.send(wire[at : at + 3])
                await asyncio.sleep(0)
            await client.answer()
        assert fields(seen[0], b"Transfer-Encoding") == [b"chunked"]
        assert fields(seen[0], b"Content-Length") == []
        assert seen[1] == wire


async def test_unusual_methods_pass() -> None:
    async with RawUpstream.answering(ok()) as upstream, Running(spec_of(backend("legacy", upstream.port))) as proxy:
        async with await proxy.connect() as client:
            for method in (b"PURGE", b"PROPFIND", b"REPORT", b"M-SEARCH", b"QUERY"):
                await client.send(method + b" /p HTTP/1.1\r\nHost: h\r\n\r\n")
                await client.answer()
        assert [head.split(b" ")[0] for head, _ in upstream.requests] == [
            b"PURGE", b"PROPFIND", b"REPORT", b"M-SEARCH", b"QUERY",
        ]  # fmt: skip

"""TRANSPARENCY rows 2, 4, 22, 25, 28, 30: what cannot be trusted is answered, closed, and reaches no backend."""

from __future__ import annotations

import asyncio
import json

import pytest

from proxy.model.spec import Limits
from tests.support.engine import Running, backend, spec_of
from tests.support.wire import RawUpstream, ok

H = b"Host: h\r\n"
INVALID = [
    b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 3, 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\n" + H + b"Content-Length: +3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\n" + H + b"Content-Length: -3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 0x3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\n" + H + b"Content-Length:\r\n\r\nabc",
    b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 99999999999999999999999999\r\n\r\nabc",
    b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + H + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + H + b" Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.0\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + H + b"Host: other\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + H + H + b"\r\n",
    b"GET / HTTP/1.0\r\n" + H + H + b"\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + H + b"A: b\r\n folded\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + H + b"A: b\x00c\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + H + b"A: b\rc\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + H + b"A: b\nB: c\r\n\r\n",
    b"GET / HTTP/1.1\nHost: h\n\n",
    b"GET / HTTP/1.1\r\nHost: h\n\r\n",
    b"GET / HTTP/1.1\r\n" + H + b": b\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + H + b"A b: c\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + H + b"A\r\n\r\n",
    b"GET  / HTTP/1.1\r\n" + H + b"\r\n",
    b"GET / HTTP/1.1 \r\n" + H + b"\r\n",
    b"GET /a b HTTP/1.1\r\n" + H + b"\r\n",
    b"GET\t/ HTTP/1.1\r\n" + H + b"\r\n",
    b"GET /\x01 HTTP/1.1\r\n" + H + b"\r\n",
    b"GET /#x HTTP/1.1\r\n" + H + b"\r\n",
    b"GET * HTTP/1.1\r\n" + H + b"\r\n",
    b"GET / RTSP/1.0\r\n" + H + b"\r\n",
    b"\n\nGET / HTTP/1.1\r\n" + H + b"\r\n",
    b"\r\n\rGET / HTTP/1.1\r\n" + H + b"\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
]
OTHERS = [
    (b"CONNECT h:443 HTTP/1.1\r\n" + H + b"\r\n", 405, "request_method_refused"),
    (b"BREW / HTTP/1.1\r\n" + H + b"\r\n", 501, "request_method_unknown"),
    (b"get / HTTP/1.1\r\n" + H + b"\r\n", 501, "request_method_unknown"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "request_version_refused"),
    (b"GET / HTTP/1.2\r\n" + H + b"\r\n", 505, "request_version_refused"),
    (b"GET / HTTP/0.9\r\n" + H + b"\r\n", 505, "request_version_refused"),
    (b"GET / HTTP/1.1\r\n" + H + b"A: " + b"x" * 70_000 + b"\r\n\r\n", 431, "request_head_too_large"),
    (b"GET / HTTP/1.1\r\n" + H + b"A: " + b"x" * 70_000, 431, "request_head_too_large"),
    (b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 2000000\r\n\r\n", 413, "request_body_too_large"),
]


async def refused(raw: bytes, status: int, outcome: str) -> None:
    spec_limits = Limits(body=1_000_000)
    async with RawUpstream.answering(ok()) as upstream:
        async with Running(spec_of(backend("legacy", upstream.port), limits=spec_limits)) as proxy:
            answer = await proxy.one(raw + b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 %d " % status), answer
            assert b"\r\nConnection: close" in head
            assert b"\r\nContent-Type: application/problem+json" in head
            assert answer.count(b"HTTP/1.1 ") == 1
            problem = json.loads(body)
            assert (problem["status"], problem["outcome"]) == (status, outcome)
            ended = await proxy.outcome()
            assert (ended.outcome, ended.code, ended.side) == (outcome, status, "proxy")
            assert ended.request_id.decode() == problem["request_id"]
            assert ended.why
        assert upstream.connections == []


@pytest.mark.parametrize("raw", INVALID)
async def test_ambiguous_framing_and_malformed_heads_are_refused(raw: bytes) -> None:
    await refused(raw, 400, "request_head_invalid")


@pytest.mark.parametrize(("raw", "status", "outcome"), OTHERS)
async def test_what_the_proxy_does_not_speak_gets_a_clear_answer(raw: bytes, status: int, outcome: str) -> None:
    await refused(raw, status, outcome)


@pytest.mark.parametrize(
    "body", [b"5\nhello\r\n0\r\n\r\n", b"5 \r\nhello", b"-1\r\n", b"0\r\nContent-Length: 5\r\n\r\n", b"5\r\nhelloo"]
)
async def test_a_bad_chunked_body_ends_both_connections(body: bytes) -> None:
    async with RawUpstream.answering(ok()) as upstream, Running(spec_of(backend("legacy", upstream.port))) as proxy:
        answer = await proxy.one(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert (await proxy.outcome()).outcome == "request_body_invalid"
        assert upstream.requests == []


async def test_a_chunked_body_beyond_the_limit_gets_413() -> None:
    spec = spec_of(backend("legacy", 1), limits=Limits(body=10))
    async with RawUpstream.answering(ok()) as upstream:
        spec = spec_of(backend("legacy", upstream.port), limits=Limits(body=10))
        async with Running(spec) as proxy:
            answer = await proxy.one(
                b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n"
            )
            assert answer.startswith(b"HTTP/1.1 413 ")
            assert (await proxy.outcome()).outcome == "request_body_too_large"


async def test_a_slow_head_and_a_slow_body_get_408() -> None:
    limits = Limits(head_timeout=0.1, body_timeout=0.1)
    async with RawUpstream.answering(ok()) as upstream:
        async with Running(spec_of(backend("legacy", upstream.port), limits=limits)) as proxy:
            assert (await proxy.one(b"GET / HTTP/1.1\r\nHo")).startswith(b"HTTP/1.1 408 ")
            slow = await proxy.one(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe")
            assert slow.startswith(b"HTTP/1.1 408 ")
            assert [ended.outcome for ended in proxy.ended] == ["request_head_timeout", "request_body_timeout"]


async def test_an_idle_connection_is_closed_without_a_word() -> None:
    async with RawUpstream.answering(ok()) as upstream:
        limits = Limits(head_timeout=0.1, keepalive_timeout=0.1)
        async with Running(spec_of(backend("legacy", upstream.port), limits=limits)) as proxy:
            async with await proxy.connect() as client:
                await client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                await client.answer()
                assert await client.rest() == b""


async def test_our_own_answers_name_nothing_of_the_inside() -> None:
    async with Running(spec_of(backend("legacy", 1))) as proxy:
        answer = await proxy.one(b"GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine-1\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 502 ")
        problem = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert problem == {
            "type": "about:blank", "title": "Bad Gateway", "status": 502,
            "outcome": "upstream_connect_refused", "request_id": "mine-1",
        }  # fmt: skip
        assert b"legacy" not in answer
        assert b"127.0.0.1" not in answer


async def test_empty_lines_before_a_request_are_skipped() -> None:
    async with RawUpstream.answering(ok()) as upstream, Running(spec_of(backend("legacy", upstream.port))) as proxy:
        async with await proxy.connect() as client:
            for piece in (b"\r", b"\n\r\n\r", b"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"):
                await client.send(piece)
                await asyncio.sleep(0.01)
            assert (await client.answer())[1] == b"hello"

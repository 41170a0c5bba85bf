"""TRANSPARENCY rows 6, 7, 9, 11, 20, 21, 24, 25, 26, 27: answers keep their bytes; framing follows the client."""

from __future__ import annotations

import pytest

from tests.support.engine import Running, backend, spec_of
from tests.support.wire import RawUpstream, Served, ok, until

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def running(upstream: RawUpstream, **settings: object) -> Running:
    return Running(spec_of(backend("legacy", upstream.port, **settings)))


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"{}", b"Set-Cookie: a=1; Path=/", b"set-COOKIE: b=2", b"Content-Type: application/json"),
        ok(b"\x1f\x8b\x00gzip-bytes", b"Content-Encoding: gzip"),
        b"HTTP/1.1 200 Gr\xfc\xdf Gott\r\nX: \xe4\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 99\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_answers_arrive_byte_for_byte_and_the_connection_stays(answer: bytes) -> None:
    async with RawUpstream.answering(answer) as upstream, running(upstream) as proxy:
        async with await proxy.connect() as client:
            for _ in range(2):
                await client.send(GET)
                assert await client.exactly(len(answer)) == answer
        assert len(upstream.connections) == 1


async def test_an_answer_to_head_has_no_body_whatever_its_length_says() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"
    async with RawUpstream.answering(answer) as upstream, running(upstream) as proxy:
        async with await proxy.connect() as client:
            for _ in range(2):
                await client.send(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
                assert await client.head() == answer
        assert len(upstream.connections) == 1


async def test_a_body_ended_by_close_ends_by_close() -> None:
    async def script(served: Served) -> None:
        await served.head()
        await served.send(b"HTTP/1.1 200 OK\r\n\r\nall")
        await served.send(b" of it")

    async with RawUpstream(script) as upstream, running(upstream) as proxy:
        assert await proxy.one(GET) == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it"
        assert (await proxy.outcome()).outcome == "ok"


async def test_a_1_0_client_gets_no_chunks() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n"
    async with RawUpstream.answering(chunked) as upstream, running(upstream) as proxy:
        answer = await proxy.one(b"GET / HTTP/1.0\r\n\r\n")
        assert answer == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde"


async def test_a_1_0_client_keeps_its_connection_only_if_it_asks() -> None:
    async with RawUpstream.answering(ok()) as upstream, running(upstream) as proxy, await proxy.connect() as client:
        await client.send(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
        head, _ = await client.answer()
        assert b"\r\nConnection: keep-alive\r\n" in head
        await client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert (await client.rest()).endswith(b"hello")


async def test_pipelined_requests_are_answered_in_order() -> None:
    count = 50

    async def script(served: Served) -> None:
        while True:
            head, _ = await served.request()
            await served.send(ok(head.split(b" ")[1]))

    async with RawUpstream(script) as upstream, running(upstream) as proxy:
        async with await proxy.connect() as client:
            await client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % n for n in range(count)))
            bodies = [(await client.answer())[1] for _ in range(count)]
        assert bodies == [b"/%d" % n for n in range(count)]


async def test_interim_answers_pass_and_100_continue_lets_the_body_through() -> None:
    async def script(served: Served) -> None:
        head = await served.head()
        assert b"Expect: 100-continue" in head
        await served.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        assert await served.exactly(5) == b"hello"
        await served.send(ok(b"done"))

    async with RawUpstream(script) as upstream, running(upstream) as proxy:
        async with await proxy.connect() as client:
            await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            assert await client.head() == b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
            assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
            await client.send(b"hello")
            assert (await client.answer())[1] == b"done"
        assert upstream.trouble == []


async def test_an_early_refusal_reaches_the_client_before_its_body_is_sent() -> None:
    async def script(served: Served) -> None:
        await served.head()
        await served.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
        await served.rest()

    async with RawUpstream(script) as upstream, running(upstream) as proxy:
        answer = await proxy.one(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert answer == b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"


async def test_pieces_go_out_as_they_come() -> None:
    async def script(served: Served) -> None:
        await served.head()
        await served.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(3):
            assert await served.until(b"go")
            await served.send(b"7\r\ndata: %d\r\n" % number)
        await served.send(b"0\r\n\r\n")

    async with RawUpstream(script) as upstream, running(upstream) as proxy:
        async with await proxy.connect() as client:
            # the request's body steers the upstream, so each event is read before the next one can exist
            await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n")
            await client.head()
            for number in range(3):
                await client.send(b"go")
                assert await client.exactly(12) == b"7\r\ndata: %d\r\n" % number
            assert await client.exactly(5) == b"0\r\n\r\n"
        assert upstream.trouble == []


async def test_an_equal_content_length_twice_is_one_content_length() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: 1\r\nContent-Length: 2\r\n\r\nab"
    async with RawUpstream.answering(answer) as upstream, running(upstream) as proxy:
        async with await proxy.connect() as client:
            await client.send(GET)
            assert await client.until(b"ab") == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: 1\r\n\r\nab"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab", "upstream_head_invalid"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", "upstream_head_invalid"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "upstream_head_invalid"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "upstream_head_invalid"),
        (b"HTTP/1.1 200 OK\nA: b\n\n", "upstream_head_invalid"),
        (b"HTTP/2 200 OK\r\n\r\n", "upstream_head_invalid"),
        (b"SSH-2.0-OpenSSH\r\n", "upstream_head_invalid"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "upstream_head_invalid"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", "upstream_head_too_large"),
        (b"HTTP/1.1 200 OK\r\nConten", "upstream_closed"),
        (b"", "upstream_closed"),
    ],
)
async def test_an_answer_that_cannot_be_trusted_is_a_502(answer: bytes, outcome: str) -> None:
    async def script(served: Served) -> None:
        await served.head()
        await served.send(answer)

    async with RawUpstream(script) as upstream, running(upstream) as proxy:
        got = await proxy.one(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert got.startswith(b"HTTP/1.1 502 ")
        ended = await proxy.outcome()
        assert (ended.outcome, ended.side) == (outcome, "legacy")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
    ],
)
async def test_a_cut_answer_cuts_the_clients_connection(answer: bytes) -> None:
    async def script(served: Served) -> None:
        await served.head()
        await served.send(answer)

    async with RawUpstream(script) as upstream, running(upstream) as proxy:
        async with await proxy.connect() as client:
            await client.send(GET)
            got = await client.until_reset()
        assert not got.endswith(b"\r\n0\r\n\r\n")
        ended = await proxy.outcome()
        assert ended.outcome in ("upstream_body_cut", "upstream_body_invalid")


async def test_the_build_header_never_reaches_the_client() -> None:
    async with RawUpstream.answering(ok(b"x", b"X-Build: 7")) as upstream:
        async with running(upstream, build_header="X-Build") as proxy, await proxy.connect() as client:
            await client.send(GET)
            assert (await client.answer())[0] == b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"


async def test_a_client_that_goes_away_cancels_the_backend() -> None:
    gone: list[bytes] = []

    async def script(served: Served) -> None:
        await served.head()
        gone.append(await served.some())

    async with RawUpstream(script) as upstream, running(upstream) as proxy:
        client = await proxy.connect()
        await client.send(GET)
        await until(lambda: upstream.connections, "the upstream connection")
        await until(lambda: proxy.engine.pools()["legacy"][1], "the busy connection")
        client.close()
        await until(lambda: gone or upstream.trouble, "the cancellation")
        ended = await proxy.outcome()
        assert (ended.outcome, ended.code) == ("client_gone", 0)


async def test_a_1_0_client_that_keeps_its_connection_is_not_left_waiting_by_a_refusal() -> None:
    async with Running(spec_of(backend("legacy", 1))) as proxy:
        answer = await proxy.one(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 502 ")
        assert b"\r\nConnection: close\r\n" in answer


async def test_a_backend_that_closes_what_it_accepts_is_a_502() -> None:
    async def script(served: Served) -> None:
        served.reset()

    async with RawUpstream(script) as upstream, running(upstream) as proxy:
        answer = await proxy.one(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 502 ")


async def test_an_answer_whose_turn_is_not_over_reaches_a_client_that_says_no_more() -> None:
    async with RawUpstream.answering(ok(b"first")) as upstream, running(upstream) as proxy:
        async with await proxy.connect() as client:
            await client.send(GET)
            assert await client.exactly(len(ok(b"first"))) == ok(b"first")
            (end,) = proxy.engine.clients
            end.write(b"second")  # as its end comes in the same turn of the loop, which then closes
            assert not end.eof_received()
            end.transport.close()
            assert await client.rest() == b"second"

"""TRANSPARENCY row 17: idle connections that the backend closes, and what may be sent again."""

from __future__ import annotations

import asyncio

import pytest

from proxy.data_path.pool import Pool
from tests.support.engine import Running, backend, spec_of
from tests.support.wire import RawUpstream, Served, ok, until

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def running(upstream: RawUpstream, **settings: object) -> Running:
    return Running(spec_of(backend("legacy", upstream.port, **settings)))


def closing_on_second(record: list[bytes]) -> RawUpstream:
    """Answers the first request of its first connection, and closes it when a second one comes."""

    async def script(served: Served) -> None:
        while True:
            head, body = await served.request()
            record.append(head.split(b" ")[0] + body)
            if served.number == 0 and len(record) > 1:
                return
            await served.send(ok())

    return RawUpstream(script)


def pool(proxy: Running) -> Pool:
    found = proxy.engine.view.pools["legacy"]
    assert isinstance(found, Pool)
    return found


async def test_a_get_is_sent_once_more_when_an_idle_connection_was_closed_under_it() -> None:
    seen: list[bytes] = []
    async with closing_on_second(seen) as upstream, running(upstream) as proxy, await proxy.connect() as client:
        for _ in range(2):
            await client.send(GET)
            assert (await client.answer())[1] == b"hello"
        assert seen == [b"GET", b"GET", b"GET"]
        assert len(upstream.connections) == 2
        assert [ended.outcome for ended in proxy.ended] == ["ok", "ok"]


async def test_an_idempotent_request_with_a_small_body_is_sent_again_whole() -> None:
    seen: list[bytes] = []
    async with closing_on_second(seen) as upstream, running(upstream) as proxy, await proxy.connect() as client:
        await client.send(GET)
        await client.answer()
        await client.send(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n")
        await client.send(b"body")
        assert (await client.answer())[1] == b"hello"
        assert seen[-1] == b"PUTbody"


async def test_a_post_that_was_written_is_never_sent_again() -> None:
    seen: list[bytes] = []
    async with closing_on_second(seen) as upstream, running(upstream) as proxy, await proxy.connect() as client:
        await client.send(GET)
        await client.answer()
        await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
        head, _ = await client.answer()
        assert head.startswith(b"HTTP/1.1 502 ")
        assert seen == [b"GET", b"POSTbody"]
        assert proxy.ended[1].outcome == "upstream_closed"


async def test_a_post_does_not_take_a_connection_that_rested_long() -> None:
    async with RawUpstream.answering(ok()) as upstream, running(upstream) as proxy, await proxy.connect() as client:
        await client.send(GET)
        await client.answer()
        idle = pool(proxy)._idle
        await until(lambda: idle, "the idle connection")
        idle[0].idle_since -= 2.0  # as if two seconds had passed
        await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        await client.answer()
        assert len(upstream.connections) == 2
        await client.send(GET)
        await client.answer()
        assert len(upstream.connections) == 2


async def test_a_connection_that_rests_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was used again meanwhile has its time anew."""
    monkeypatch.setattr("proxy.data_path.pool._KEEP_IDLE", 0.3)
    ended: list[int] = []

    async def script(served: Served) -> None:
        while data := await served.some():
            assert data.endswith(b"\r\n\r\n")
            await served.send(ok())
        ended.append(served.number)

    async with RawUpstream(script) as upstream, running(upstream) as proxy, await proxy.connect() as client:
        for _ in range(2):
            await client.send(GET)
            await client.answer()
        await until(lambda: ended, "the idle connection to end")
        assert (ended, pool(proxy).counts) == ([0], (0, 0, 0))
        await client.send(GET)
        assert (await client.answer())[1] == b"hello"
        assert len(upstream.connections) == 2


async def test_the_second_try_is_the_last() -> None:
    seen: list[bytes] = []

    async def script(served: Served) -> None:
        head, _ = await served.request()
        seen.append(head)
        if len(seen) == 1:
            await served.send(ok())
            seen.append((await served.request())[0])

    async with RawUpstream(script) as upstream, running(upstream) as proxy, await proxy.connect() as client:
        await client.send(GET)
        await client.answer()
        await client.send(GET)
        assert (await client.answer())[0].startswith(b"HTTP/1.1 502 ")
        assert len(seen) == 3


async def test_idle_connections_are_used_last_in_first_out_up_to_the_limit() -> None:
    release = asyncio.Event()

    async def script(served: Served) -> None:
        while True:
            await served.request()
            await release.wait()
            await served.send(ok(b"%d" % served.number))

    async with RawUpstream(script) as upstream, running(upstream, connections=2) as proxy:
        clients = [await proxy.connect() for _ in range(5)]
        for client in clients:
            await client.send(GET)
        await until(lambda: proxy.engine.pools()["legacy"] == (0, 2, 3), "two busy, three waiting")
        release.set()
        for client in clients:
            await client.answer()
        await until(lambda: proxy.engine.pools()["legacy"] == (2, 0, 0), "two idle")
        assert len(upstream.connections) == 2
        for client in clients:
            client.close()


async def test_who_waits_too_long_for_a_connection_gets_a_503() -> None:
    async def script(served: Served) -> None:
        await served.rest()

    async with RawUpstream(script) as upstream:
        async with running(upstream, connections=1, connect_timeout=0.05, timeout=0.2) as proxy:
            first, second = await proxy.connect(), await proxy.connect()
            await first.send(GET)
            await until(lambda: proxy.engine.pools()["legacy"][1] == 1, "the only connection")
            pool(proxy)._all.copy().pop().deadline += 5  # the first may wait longer
            await second.send(GET)
            assert (await second.answer())[0].startswith(b"HTTP/1.1 503 ")
            assert proxy.ended[0].outcome == "pool_exhausted"
            first.close()
            second.close()
            await until(lambda: len(proxy.ended) == 2, "the first one's end")


async def test_bytes_after_an_answer_spoil_the_connection() -> None:
    async with RawUpstream.answering(ok(b"x") + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison") as upstream:
        async with running(upstream) as proxy, await proxy.connect() as client:
            for _ in range(2):
                await client.send(GET)
                assert (await client.answer())[1] == b"x"
        assert len(upstream.connections) == 2


async def test_an_idle_connection_that_speaks_is_closed() -> None:
    async def script(served: Served) -> None:
        await served.request()
        await served.send(ok())
        await served.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        await served.rest()

    async with RawUpstream(script) as upstream, running(upstream) as proxy, await proxy.connect() as client:
        await client.send(GET)
        await client.answer()
        await until(lambda: proxy.engine.pools()["legacy"] == (0, 0, 0), "the closed connection")

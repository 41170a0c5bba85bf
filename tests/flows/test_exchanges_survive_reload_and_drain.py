"""TRANSPARENCY row 31: a swap or a stop cuts nothing that is under way."""

from __future__ import annotations

import asyncio

from proxy.model.spec import Limits
from tests.support.engine import Running, backend, snapshot_of, spec_of
from tests.support.wire import RawUpstream, Served, ok, until

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


class Waiting:
    """An upstream that answers when it is told to."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.upstream = RawUpstream(self.script)

    async def script(self, served: Served) -> None:
        while True:
            await served.request()
            await self.go_on.wait()
            await served.send(ok(b"old"))


async def test_an_exchange_ends_with_the_backend_it_began_with() -> None:
    old = Waiting()
    async with old.upstream, RawUpstream.answering(ok(b"new")) as new:
        async with Running(spec_of(backend("legacy", old.upstream.port))) as proxy:
            first, second = await proxy.connect(), await proxy.connect()
            await first.send(GET)
            await until(lambda: old.upstream.connections, "the first exchange")
            pool = proxy.engine.view.pools["legacy"]
            proxy.engine.swap(snapshot_of(spec_of(backend("legacy", new.port))))
            await second.send(GET)
            assert (await second.answer())[1] == b"new"
            old.go_on.set()
            assert (await first.answer())[1] == b"old"
            await first.send(GET)
            assert (await first.answer())[1] == b"new"
            assert pool.counts == (0, 0, 0)


async def test_an_unchanged_backend_keeps_its_connections() -> None:
    async with RawUpstream.answering(ok()) as upstream:
        spec = spec_of(backend("legacy", upstream.port))
        async with Running(spec) as proxy, await proxy.connect() as client:
            await client.send(GET)
            await client.answer()
            proxy.engine.swap(snapshot_of(spec))
            await client.send(GET)
            await client.answer()
        assert len(upstream.connections) == 1


async def test_drain_lets_the_exchange_end_and_says_goodbye() -> None:
    old = Waiting()
    async with old.upstream, Running(spec_of(backend("legacy", old.upstream.port))) as proxy:
        busy, idle, late = await proxy.connect(), await proxy.connect(), await proxy.connect()
        await busy.send(GET)
        await until(lambda: proxy.engine.client_connections == 3 and old.upstream.connections, "all three")
        draining = asyncio.create_task(proxy.engine.drain(5))
        await asyncio.sleep(0)
        await late.send(GET)  # on its way when the drain began
        assert await idle.rest() == b""
        assert not draining.done()
        old.go_on.set()
        for client in (busy, late):
            answer = await client.rest()
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"\r\nConnection: close\r\n" in answer
        await draining
        assert proxy.engine.client_connections == 0


async def test_drain_cuts_what_outlasts_its_limit() -> None:
    old = Waiting()
    async with old.upstream, Running(spec_of(backend("legacy", old.upstream.port))) as proxy:
        client = await proxy.connect()
        await client.send(GET)
        await until(lambda: old.upstream.connections, "the exchange")
        await proxy.engine.drain(0.05)
        assert (await client.rest()).startswith(b"HTTP/1.1 503 ")
        assert (await proxy.outcome()).outcome == "drained"


async def test_drain_cuts_an_answer_that_outlasts_its_limit() -> None:
    async def script(served: Served) -> None:
        await served.request()
        await served.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await served.rest()

    async with RawUpstream(script) as upstream, Running(spec_of(backend("legacy", upstream.port))) as proxy:
        client = await proxy.connect()
        await client.send(GET)
        await client.until(b"half")
        await proxy.engine.drain(0.05)
        assert await client.until_reset() == b""
        assert (await proxy.outcome()).outcome == "drained"


async def test_connections_beyond_the_limit_get_a_503() -> None:
    async with RawUpstream.answering(ok()) as upstream:
        async with Running(spec_of(backend("legacy", upstream.port), limits=Limits(connections=1))) as proxy:
            async with await proxy.connect() as first:
                await first.send(GET)
                await first.answer()
                async with await proxy.connect() as second:
                    assert (await second.rest()).startswith(b"HTTP/1.1 503 ")

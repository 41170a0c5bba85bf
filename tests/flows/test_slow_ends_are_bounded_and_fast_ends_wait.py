"""TRANSPARENCY rows 18, 20, 29, 30: time-outs per phase, and back pressure in both directions."""

from __future__ import annotations

import asyncio

from proxy.data_path.client import Client
from proxy.data_path.pool import Pool
from proxy.data_path.small_reads import PIECE
from proxy.model.spec import Limits
from tests.support.engine import Running, backend, spec_of
from tests.support.wire import Pouring, RawUpstream, Served, Wire, ok, stands_still, until

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
BIG = 64 * 1024 * 1024
BOUND = 8 * 1024 * 1024  # kernel buffers on loopback take up to 6 MiB a connection; what must not happen is BIG


def running(upstream: RawUpstream, limits: Limits | None = None, **settings: object) -> Running:
    return Running(spec_of(backend("legacy", upstream.port, **settings), limits=limits))


async def silent(served: Served) -> None:
    await served.head()
    await served.rest()


async def half(served: Served) -> None:
    await served.head()
    await served.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    await served.rest()


async def test_no_first_byte_is_a_504() -> None:
    async with RawUpstream(silent) as upstream, running(upstream, timeout=0.1) as proxy:
        async with await proxy.connect() as client:
            await client.send(GET)
            assert (await client.answer())[0].startswith(b"HTTP/1.1 504 ")
            assert (await proxy.outcome()).outcome == "upstream_first_byte_timeout"


async def test_the_whole_answer_has_a_limit_only_where_one_is_set() -> None:
    async with RawUpstream(silent) as upstream, running(upstream, total_timeout=0.1) as proxy:
        async with await proxy.connect() as client:
            await client.send(GET)
            assert (await client.answer())[0].startswith(b"HTTP/1.1 504 ")
            assert (await proxy.outcome()).outcome == "total_timeout"


async def test_silence_within_an_answer_cuts_it() -> None:
    async with RawUpstream(half) as upstream, running(upstream, idle_timeout=0.1) as proxy:
        async with await proxy.connect() as client:
            await client.send(GET)
            assert (await client.until_reset()).endswith(b"half")
            ended = await proxy.outcome()
            assert (ended.outcome, ended.code) == ("upstream_idle_timeout", 200)


async def test_a_slow_stream_may_last_longer_than_any_single_wait() -> None:
    async def script(served: Served) -> None:
        await served.head()
        await served.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
        for _ in range(20):
            await served.send(b"x")
            await asyncio.sleep(0.075)

    async with RawUpstream(script) as upstream, running(upstream, timeout=1.0, idle_timeout=1.0) as proxy:
        async with await proxy.connect() as client:
            await client.send(GET)
            assert (await client.answer())[1] == b"x" * 20


async def test_a_slow_client_is_not_the_backends_fault() -> None:
    async with RawUpstream.answering(ok()) as upstream, running(upstream, timeout=1.0) as proxy:
        async with await proxy.connect() as client:
            await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n")
            for _ in range(10):
                await client.send(b"x")
                await asyncio.sleep(0.15)
            assert (await client.answer())[1] == b"hello"


async def test_a_download_waits_for_a_client_that_does_not_read() -> None:
    body = Pouring(BIG)

    async def script(served: Served) -> None:
        await served.head()
        served.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
        await body.into(served)

    async with RawUpstream(script) as upstream, running(upstream) as proxy:
        async with await proxy.connect() as client:
            await client.send(GET)
            await client.head()
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
            pool = proxy.engine.view.pools["legacy"]
            assert isinstance(pool, Pool)
            (backend_side,) = pool._all
            await until(lambda: backend_side.read_paused, "the download to wait")
            assert await stands_still(lambda: body.sent) < BIG / 2
            proxy.engine.wheel.watch(backend_side, 0.0)  # the backend's time-out comes while the client is the slow one
            await until(lambda: backend_side.deadline > 0.0, "the time-out to have come")
            client.writer.transport.resume_reading()  # type: ignore[attr-defined]  # a transport that reads
            total = 0
            while total < BIG:
                total += len(await client.some())
            assert (await proxy.outcome()).outcome == "ok"


async def test_an_upload_waits_for_a_backend_that_does_not_read() -> None:
    go_on = asyncio.Event()
    received = 0

    async def script(served: Served) -> None:
        nonlocal received
        await served.head()
        served.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
        await go_on.wait()
        served.writer.transport.resume_reading()  # type: ignore[attr-defined]  # a transport that reads
        while received < BIG:
            received += len(await served.some())
        await served.send(ok(b"all"))

    async with RawUpstream(script) as upstream, running(upstream) as proxy, await proxy.connect() as client:
        body = Pouring(BIG)
        client.writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % BIG)
        uploading = asyncio.create_task(body.into(client))
        await until(lambda: body.sent, "the first piece")
        assert await stands_still(lambda: body.sent) < BIG / 2
        go_on.set()
        assert (await client.answer())[1] == b"all"
        await uploading
        assert received == BIG
        assert (await proxy.outcome()).request_bytes == BIG


async def test_a_client_that_never_reads_is_let_go() -> None:
    async def script(served: Served) -> None:
        await served.head()
        served.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
        while True:
            served.writer.write(b"x" * 65536)
            await served.writer.drain()

    async with RawUpstream(script) as upstream, running(upstream, Limits(write_timeout=0.1)) as proxy:
        async with await proxy.connect() as client:
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
            await client.send(GET)
            assert (await proxy.outcome()).outcome == "client_stalled"


async def test_pipelined_requests_wait_in_a_bounded_buffer() -> None:
    go_on = asyncio.Event()
    count = 20_000

    async def script(served: Served) -> None:
        while True:
            await served.request()
            await go_on.wait()
            await served.send(ok(b"x"))

    async with RawUpstream(script) as upstream, running(upstream) as proxy, await proxy.connect() as client:
        sending = asyncio.create_task(client.send(GET * count))
        await until(lambda: proxy.engine.in_flight == 1, "the first")
        one = next(iter(proxy.engine.clients))
        await until(lambda: one._read_paused, "the pause")
        assert len(one._part) < 1024 * 1024
        go_on.set()
        for _ in range(500):
            await client.answer()
        sending.cancel()


async def test_a_client_that_sends_ahead_and_never_reads_is_not_served_ahead() -> None:
    body = b"x" * 100_000
    async with RawUpstream.answering(ok(body)) as upstream, running(upstream) as proxy:
        async with await proxy.connect() as client:
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
            for _ in range(2000):
                client.writer.write(GET)
            await until(lambda: proxy.engine.clients, "the connection")
            one = next(iter(proxy.engine.clients))
            await until(lambda: one._write_paused, "the full buffer")
            await stands_still(lambda: len(proxy.ended))
            assert len(proxy.ended) * len(body) < 2 * BOUND
            assert one.transport.get_write_buffer_size() < 1024 * 1024
            client.writer.transport.resume_reading()  # type: ignore[attr-defined]  # a transport that reads
            for _ in range(200):
                await client.answer()


async def test_while_memory_is_tight_an_answer_waits_in_small_pieces_and_arrives_whole() -> None:
    """Also one that had begun before. What the client does not take is left with the backend."""
    answer = ok(bytes(range(256)) * (BIG // 1024))

    async def script(served: Served) -> None:
        while True:
            await served.head()
            served.writer.write(answer)

    async with RawUpstream(script) as upstream, running(upstream, Limits(memory=1000)) as proxy:
        shedding = proxy.engine.shedding
        shedding.close()  # from here on the test says how much there is
        shedding.look(1)
        async with await proxy.connect() as before, await proxy.connect() as after:
            await ask_and_read_nothing(before)
            await until(lambda: held(proxy, before) > PIECE, "as much as is usual to be held")
            shedding.look(900)
            await ask_and_read_nothing(after)
            for _ in range(20):  # as it fills what the kernel keeps, and after
                await until(lambda: held(proxy, after) > 0, "a little of the second to be held")
                assert held(proxy, after) <= PIECE
                await asyncio.sleep(0.01)
            for client in (before, after):
                client.writer.transport.resume_reading()  # type: ignore[attr-defined]  # a read transport too
                assert await whole(client, len(answer)) == answer
            shedding.look(1)
            await ask_and_read_nothing(after)
            await until(lambda: held(proxy, after) > PIECE, "as much as is usual to be held again")
            after.writer.transport.resume_reading()  # type: ignore[attr-defined]  # a read transport too
            assert await whole(after, len(answer)) == answer


async def test_memory_is_looked_at_again_after_each_megabyte() -> None:
    """A tenth of a second is long enough for a hundred."""
    size = BIG // 2
    looks: list[int] = []

    def limit() -> int:
        looks.append(1)
        return 1 << 60

    async with RawUpstream.answering(ok(bytes(size))) as upstream, running(upstream) as proxy:
        async with await proxy.connect() as client:
            proxy.engine.shedding._limit = limit
            await client.send(GET)
            assert (await whole(client, size)).startswith(b"HTTP/1.1 200 ")
            assert len(looks) >= size >> 21, "pieces go beyond the megabyte"


async def ask_and_read_nothing(client: Wire) -> None:
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a read transport too
    await client.send(GET)


async def whole(client: Wire, size: int) -> bytes:
    pieces: list[bytes] = []
    while sum(map(len, pieces)) < size:
        pieces.append(await client.some())
        assert pieces[-1]
    return b"".join(pieces)


def at_the_proxy(proxy: Running, wire: Wire) -> Client:
    name = wire.writer.get_extra_info("sockname")
    return next(one for one in proxy.engine.clients if one.transport.get_extra_info("peername") == name)


def held(proxy: Running, wire: Wire) -> int:
    """Bytes that wait in the proxy for the client to take them."""
    return at_the_proxy(proxy, wire).transport.get_write_buffer_size()

"""TRANSPARENCY row 20: what of an upload waits in the proxy for a backend that does not take it is bounded, and little
while memory is tight."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from proxy.data_path.client import Client
from proxy.data_path.pool import Pool
from proxy.data_path.small_reads import PIECE
from proxy.model.sides import Stage
from proxy.model.spec import BackendTls, Certificate, Limits, Listen, RoutesSpec, Shadow
from tests.support.certificates import Authority
from tests.support.engine import Running, backend, route, spec_of
from tests.support.wire import RawUpstream, Served, Wire, fields, ok, until

BIG = 3 * 1024 * 1024
USUAL = 400 * 1024  # two pieces of the loop's largest, and less than anything that is not bounded
SOME = 60_000  # less than what is kept to be sent again
MUCH = 1024 * 1024  # at once: the proxy reads as large a piece as the loop gives
UPLOAD = b"PUT /moved HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"


class Taker:
    """A backend that reads heads, and of the bodies nothing until `go_on`."""

    def __init__(self, answer: bytes = b"all") -> None:
        self.answer = answer
        self.go_on = asyncio.Event()
        self.taken = 0

    async def __call__(self, served: Served) -> None:
        while True:
            head = await served.head()
            served.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
            await self.go_on.wait()
            served.writer.transport.resume_reading()  # type: ignore[attr-defined]  # a transport that reads
            left = int(fields(head, b"Content-Length")[0])
            while left:
                piece = len(await served.some())
                assert piece
                left -= piece
                self.taken += piece
            await served.send(ok(self.answer))


def spec(upstream: RawUpstream) -> RoutesSpec:
    return spec_of(backend("legacy", upstream.port), limits=Limits(memory=1000))


def tight(proxy: Running, on: bool) -> None:
    """From now on the test says how much memory there is."""
    proxy.engine.shedding.close()
    proxy.engine.shedding.look(900 if on else 1)


async def put(client: Wire, size: int = BIG) -> asyncio.Task[None]:
    """An upload under way, as fast as it is taken."""
    client.writer.write(UPLOAD % size)
    return asyncio.create_task(send_body(client, size))


async def send_body(client: Wire, size: int) -> None:
    for at in range(0, size, MUCH):
        client.writer.write(b"x" * min(MUCH, size - at))
        await client.writer.drain()


def waiting(proxy: Running, name: str = "legacy") -> int:
    """Bytes that wait in the proxy for the backend to take them; -1 while it is not connected."""
    pool = proxy.engine.view.pools[name]
    assert isinstance(pool, Pool)
    return max((one.transport.get_write_buffer_size() for one in pool._all), default=-1)


def at_the_proxy(proxy: Running, wire: Wire) -> Client:
    name = wire.writer.get_extra_info("sockname")
    return next(one for one in proxy.engine.clients if one.transport.get_extra_info("peername") == name)


async def stands_still(proxy: Running) -> None:
    """Until the client is told to wait, and what was read of it went on."""
    (client,) = proxy.engine.clients
    await until(lambda: client._read_paused and waiting(proxy) > 0, "the upload to wait")


@pytest.mark.usefixtures("small_kernel")
async def test_the_first_part_of_an_upload_may_fill_the_connection() -> None:
    """It is larger than what is kept to be sent again, as it waited for the only connection."""
    taker = Taker()
    async with RawUpstream(taker) as upstream:
        one = backend("legacy", upstream.port, connections=1)
        async with Running(spec_of(one)) as proxy:
            first, second = await proxy.connect(), await proxy.connect()
            await first.send(UPLOAD % 1 + b"x")
            await until(lambda: upstream.connections, "the first to be connected")
            await second.send(UPLOAD % BIG + b"x" * SOME)
            waits = at_the_proxy(proxy, second)
            await until(lambda: waits.exchange and waits.exchange._kept_size == SOME, "a beginning to be kept")
            uploading = asyncio.create_task(send_body(second, BIG - SOME))
            await until(lambda: waits._read_paused, "the second to wait")
            first.reset()
            await until(lambda: len(upstream.connections) == 2 and waiting(proxy) > 0, "the upload to be under way")
            for _ in range(20):
                assert waiting(proxy) <= USUAL
                await asyncio.sleep(0.01)
            taker.go_on.set()
            await uploading
            assert (await second.answer())[1] == b"all"


@pytest.mark.usefixtures("small_kernel")
async def test_while_memory_is_tight_an_upload_waits_in_small_pieces_and_arrives_whole() -> None:
    """Also one that had begun before. What the backend does not take is left with the client."""
    taker = Taker()
    async with RawUpstream(taker) as upstream, Running(spec(upstream)) as proxy:
        tight(proxy, False)
        before = await proxy.connect()
        uploads = [await put(before)]
        await stands_still(proxy)
        assert waiting(proxy) > PIECE, "as much as is usual"
        tight(proxy, True)
        after = await proxy.connect()
        uploads.append(await put(after))
        await until(lambda: len(proxy.engine.clients) == 2 and all(one._read_paused for one in proxy.engine.clients))
        pool = proxy.engine.view.pools["legacy"]
        assert isinstance(pool, Pool)
        await until(lambda: len(pool._all) == 2, "both connections")
        for _ in range(20):
            held = sorted(one.transport.get_write_buffer_size() for one in pool._all)
            assert held[0] <= 2 * PIECE, "the second holds a piece, and its head"
            assert held[1] <= USUAL
            await asyncio.sleep(0.01)
        taker.go_on.set()
        await asyncio.gather(*uploads)
        for client in (before, after):
            assert (await client.answer())[1] == b"all"
        assert taker.taken == 2 * BIG
        tight(proxy, False)
        again = await put(after)
        await again
        assert (await after.answer())[1] == b"all"


@pytest.mark.usefixtures("small_kernel")
async def test_legacy_gets_the_rest_of_an_upload_that_waited_for_a_service_that_died() -> None:
    size = 60_000
    taker = Taker()
    taker.go_on.set()

    async def dies(served: Served) -> None:
        await served.head()
        served.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
        await until(lambda: any(one._read_paused for one in proxy.engine.clients), "the client to wait")
        served.reset()

    async with RawUpstream(taker) as legacy, RawUpstream(dies) as service:
        both = backend("legacy", legacy.port), backend("extracted", service.port)
        made = spec_of(*both, routes=(route(Stage.LIVE, "/moved"),), limits=Limits(memory=1000))
        async with Running(made) as proxy, await proxy.connect() as client:
            tight(proxy, True)
            uploading = await put(client, size)
            assert (await client.answer())[1] == b"all"
            await uploading
            assert taker.taken == size
            assert proxy.ended[0].fell_back


async def test_uploads_that_wait_for_a_connection_hold_little_while_memory_is_tight() -> None:
    taker = Taker()
    async with RawUpstream(taker) as upstream:
        one = backend("legacy", upstream.port, connections=1)
        async with Running(spec_of(one, limits=Limits(memory=1000))) as proxy:
            tight(proxy, True)
            first, second = await proxy.connect(), await proxy.connect()
            uploads = [await put(first)]
            await until(lambda: upstream.connections, "the first to be connected")
            uploads.append(await put(second))
            client = at_the_proxy(proxy, second)
            await until(lambda: client._read_paused, "the second to wait")
            assert client.exchange is not None
            assert client.exchange._kept_size <= 2 * PIECE
            taker.go_on.set()
            await asyncio.gather(*uploads)
            for wire in (first, second):
                assert (await wire.answer())[1] == b"all"


async def test_a_copy_that_is_being_kept_is_given_up_when_memory_gets_tight() -> None:
    """Not only those that would begin: a copy may be a megabyte of the request and one of the answer."""
    go_on = asyncio.Event()

    async def script(served: Served) -> None:
        await served.request()
        await served.send(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000)
        await go_on.wait()
        await served.send(b"x" * 100_000)

    async with RawUpstream(script) as legacy:
        both = backend("legacy", legacy.port), backend("extracted", legacy.port)
        moved = route(Stage.SHADOW, "/moved", shadow=Shadow(100.0, frozenset({"PUT"})))
        made = spec_of(*both, routes=(moved,), limits=Limits(memory=1000))
        async with Running(made) as proxy, await proxy.connect() as client:
            tight(proxy, False)
            await client.send(UPLOAD % 5 + b"hello")
            await client.head()
            exchange = next(iter(proxy.engine.clients)).exchange
            assert exchange is not None
            watched = exchange._watched
            assert watched is not None
            await until(lambda: watched.body.size == 100_000, "half of the answer")
            tight(proxy, True)
            assert watched.body._pieces == []
            go_on.set()
            assert await client.exactly(200_000) == b"x" * 200_000
            await until(lambda: proxy.ended, "the record")
            assert watched.body._pieces == []
            assert proxy.offered == []
            assert [(event.kind, event.why) for event in proxy.events] == [("not_copied", "memory")]


async def test_memory_is_looked_at_again_after_each_megabyte_of_an_upload() -> None:
    looks: list[int] = []
    size = 20 * BIG

    def limit() -> int:
        looks.append(1)
        return 1 << 60

    taker = Taker()
    taker.go_on.set()
    async with RawUpstream(taker) as upstream, Running(spec_of(backend("legacy", upstream.port))) as proxy:
        async with await proxy.connect() as client:
            proxy.engine.shedding._limit = limit
            uploading = await put(client, size)
            assert (await client.answer())[1] == b"all"
            await uploading
            assert len(looks) >= size >> 21, "pieces go beyond the megabyte"


@pytest.mark.usefixtures("small_kernel")
async def test_an_upload_over_tls_on_both_ends_arrives_whole_while_memory_gets_tight_and_does_not(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    pem, key = authority.sign("front", "shop.example")
    taker = Taker()
    async with RawUpstream(taker, tls=authority.server("service", "127.0.0.1")) as upstream:
        one = backend("legacy", upstream.port, tls=BackendTls(ca=str(authority.ca)))
        listen = Listen((Certificate(str(pem), str(key)),))
        async with Running(spec_of(one, listen=listen, limits=Limits(memory=1000))) as proxy:
            tight(proxy, False)
            old = await proxy.connect(ssl=authority.client(), server_hostname="shop.example")
            for number, changes in enumerate(((True, True), (True, False), (False, True)), 1):
                taker.go_on.clear()
                tight(proxy, changes[0])
                new = await proxy.connect(ssl=authority.client(), server_hostname="shop.example")
                await until(lambda: len(proxy.engine.clients) == 2, "both to be let in")
                uploads = [await put(old), await put(new)]
                paused = [at_the_proxy(proxy, one) for one in (old, new)]
                await until(lambda: all(one._read_paused for one in paused), "the uploads to wait")  # noqa: B023 - awaited here
                tight(proxy, changes[1])
                taker.go_on.set()
                await asyncio.gather(*uploads)
                for wire in (old, new):
                    assert (await wire.answer())[1] == b"all"
                assert taker.taken == 2 * BIG * number
                new.close()
                await until(lambda: len(proxy.engine.clients) == 1, "the new one to leave")


@pytest.mark.usefixtures("small_kernel")
async def test_of_an_upload_over_tls_that_waits_little_is_kept_encrypted_while_memory_is_tight(tmp_path: Path) -> None:
    """The loop reads on while the client is told to wait: up to 256 KB, and what the kernel gives at once."""
    authority = Authority(tmp_path)
    pem, key = authority.sign("front", "shop.example")
    taker = Taker()
    front = socket.create_server(("127.0.0.1", 0))
    async with RawUpstream(taker) as upstream:
        assert upstream._server is not None
        for listener in (front, *upstream._server.sockets):  # the one is soon full, the other gives little at once
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        listen = Listen((Certificate(str(pem), str(key)),))
        made = spec_of(backend("legacy", upstream.port), listen=listen, limits=Limits(memory=1000))
        async with Running(made, listener=front) as proxy:
            kept: list[int] = []
            for memory_is_tight in (False, True):
                tight(proxy, memory_is_tight)
                wire = await proxy.connect(ssl=authority.client(), server_hostname="shop.example")
                wire.writer.write(UPLOAD % BIG)
                await until(lambda: len(proxy.engine.clients) == 1, "the connection")
                kept.append(await kept_encrypted(proxy, wire))
                wire.reset()
                await until(lambda: not proxy.engine.clients, "the client to be gone")
            usual, little = kept
            assert little <= 8 * PIECE < 200 * 1024 < usual


async def kept_encrypted(proxy: Running, wire: Wire) -> int:
    """What waits encrypted of an upload that came in small portions, and that nobody takes any more."""
    client = at_the_proxy(proxy, wire)
    for _ in range(MUCH // 8192):
        wire.writer.write(b"x" * 8192)
        await asyncio.sleep(0.002)
    assert client._read_paused
    return int(client.transport.get_read_buffer_size())  # type: ignore[attr-defined]  # over TLS there is one

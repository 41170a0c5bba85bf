"""Two instances of one service, real processes: SIGKILL of one under load, and its return. And a crowd that fills
memory: new requests are refused before there is none left."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.faulty import Counted, Held, figure, resident
from tests.faults.test_killed_and_back import CLIENTS, StandIn, during, load
from tests.support.running import Running
from tests.support.running import until as until_blocking
from tests.support.wire import RawUpstream, Served, connect, until

ROUTES = """
version: 1
backends:
  legacy:
    urls: ["http://127.0.0.1:{one}", "http://127.0.0.1:{two}"]
    health: {{path: /up, interval: 200ms, timeout: 200ms, unhealthy_after: 2, healthy_after: 1}}
legacy: legacy
breaker: {{open_for: 300ms}}
routes: []
"""
GET = b"GET /other HTTP/1.1\r\nHost: h\r\n\r\n"


@contextmanager
def world(folder: Path) -> Iterator[tuple[StandIn, StandIn, Running]]:
    one, two = StandIn(), StandIn()
    proxy = Running(folder, ROUTES.format(one=one.port, two=two.port), "--workers", "2")
    try:
        one.start()
        two.start()
        yield one, two, proxy.start()
    finally:
        proxy.kill_all()
        one.kill()
        two.kill()


def usable(proxy: Running, one: StandIn) -> float | None:
    return proxy.metric(f'strangler_url_usable{{backend="legacy",url="http://127.0.0.1:{one.port}"}}')


async def test_one_of_two_instances_dies_and_comes_back_and_no_reader_notices(tmp_path: Path) -> None:
    with world(tmp_path) as (one, two, proxy):
        until_blocking(lambda: proxy.api("GET", "/status")["workers"]["connected"] == 2, "both workers")
        await load(proxy.port, GET, 20)
        held = Held.of(proxy)
        counted = await during(proxy.port, GET, 200, one.kill)
        figure("SIGKILL of one of two instances", counted)
        assert counted.errors == {}
        assert counted.good == CLIENTS * 200
        until_blocking(lambda: usable(proxy, one) == 0.0, "the dead one to be left")
        assert usable(proxy, two) == 1.0
        shown = proxy.command("status").stdout
        assert f"http://127.0.0.1:{one.port} unhealthy" in shown or f"http://127.0.0.1:{one.port} ejected" in shown, (
            shown
        )
        counted = await during(proxy.port, GET, 200, one.start)
        figure("its return", counted, held)
        assert counted.errors == {}
        until_blocking(lambda: usable(proxy, one) == 1.0, "it to be used again")
        two.kill()  # now it is all there is
        assert (await load(proxy.port, GET, 20)).errors == {}
        log = proxy.log.read_text()
        assert "url_unhealthy" in log
        assert "url_healthy" in log
        until_blocking(held.settled, "descriptors and memory as at the start")


CROWDED = """
version: 1
backends: {{legacy: {{url: "http://127.0.0.1:{legacy}"}}}}
legacy: legacy
limits: {{memory: {memory}MB, write_timeout: 60s}}
routes: []
"""
PIECE = b"good" * 64 * 1024
LARGE = b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n"


async def serves(served: Served) -> None:
    """`good`, or 64 MB of it, for as long as that takes."""
    try:
        while True:
            head, _ = await served.request()
            pieces = 256 if b"/large" in head else 0
            served.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (pieces * len(PIECE) or 4))
            for _ in range(pieces):
                served.writer.write(PIECE)
                await served.writer.drain()
            if not pieces:
                served.writer.write(b"good")
    except (AssertionError, OSError, TimeoutError):
        return


def reads_nothing(port: int) -> socket.socket:
    """A client that asks for much and reads none of it."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.connect(("127.0.0.1", port))
    one.sendall(LARGE)
    return one


async def test_clients_who_read_nothing_cannot_fill_the_memory(tmp_path: Path) -> None:
    """Each of them holds a few hundred KB of its answer in the proxy; there are more than memory has room for."""
    async with RawUpstream(serves) as legacy:
        proxy = Running(tmp_path, CROWDED.format(legacy=legacy.port, memory=10_000))
        try:
            await asyncio.to_thread(proxy.start)
            worker = proxy.pids()["worker-0"]
            room = 40
            limit = (resident(worker) >> 20) + room
            proxy.edit("10000MB", f"{limit}MB")
            crowd = []
            peak = 0
            for _ in range(300):
                crowd.append(await asyncio.to_thread(reads_nothing, proxy.port))
                await asyncio.sleep(0.002)
                peak = max(peak, resident(worker))
            counted = Counted()
            await counted.ask(proxy.port, GET, 20)
            assert counted.errors == {"503": 20}
            async with await connect(proxy.port) as wire:
                await wire.send(GET)
                assert b"\r\nRetry-After: 1\r\n" in await wire.head()
            assert await asyncio.to_thread(lambda: proxy.metric("strangler_shedding")) == 1.0
            assert peak <= (limit + room) << 20, f"{peak >> 20} MB, limits.memory is {limit} MB"
            for one in crowd:
                one.close()
            await until(lambda: resident(worker) < (limit << 20) * 0.95, "the memory to be free again")
            await asyncio.sleep(0.2)
            counted = Counted()
            await counted.ask(proxy.port, GET, 20)
            figure("clients who read nothing fill the memory", counted, limit=limit, peak=peak >> 20)
            assert (counted.good, counted.errors) == (20, {})
            assert proxy.pids()["worker-0"] == worker
        finally:
            await asyncio.to_thread(proxy.kill_all)

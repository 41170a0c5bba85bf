"""Two instances of one service, real processes: SIGKILL of one under load, and its return. And a crowd that fills
memory: new requests are refused before there is none left."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
    health: {{path: /up, interval: 500ms, timeout: 500ms, unhealthy_after: 2, healthy_after: 1}}
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
        until_blocking(lambda: '"url_unhealthy"' in proxy.log.read_text(), "its checks to say so")
        until_blocking(lambda: usable(proxy, two) == 1.0, "the other to be used")
        shown = proxy.command("status").stdout
        assert f"http://127.0.0.1:{one.port} unhealthy" in shown or f"http://127.0.0.1:{one.port} ejected" in shown, (
            shown
        )
        counted = await during(proxy.port, GET, 200, one.start)
        figure("its return", counted, held)
        assert counted.errors == {}
        until_blocking(lambda: usable(proxy, one) == 1.0, "it to be used again, and to be said so though nobody asks")
        two.kill()  # now it is all there is
        assert (await load(proxy.port, GET, 20)).errors == {}
        assert '"url_healthy"' in proxy.log.read_text()
        until_blocking(held.settled, "descriptors and memory as at the start")


CROWD = int(os.environ.get("STRANGLER_TEST_CROWD", "250"))
ROOM = 16 + CROWD // 20  # MB
CROWDED = """
version: 1
backends:
  legacy: {{url: "http://127.0.0.1:{legacy}", connections: 2000, connect_timeout: 30s, timeout: 30s}}
legacy: legacy
limits: {{memory: {memory}MB, write_timeout: 60s}}
routes: []
"""
PIECE = b"good" * 64 * 1024
LARGE = b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n"


@dataclass
class Generous:
    """Answers `good`, or 64 MB of it for as long as that takes. `begun` are the connections on which it left."""

    begun: set[int] = field(default_factory=set)

    async def __call__(self, served: Served) -> None:
        try:
            while True:
                head, _ = await served.request()
                pieces = 256 if b"/large" in head else 0
                served.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (pieces * len(PIECE) or 4))
                for _ in range(pieces):
                    served.writer.write(PIECE)
                    self.begun.add(served.number)
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


@contextmanager
def highest(pid: int) -> Iterator[list[int]]:
    """The most memory that the process has at a time while this lasts, in bytes."""
    peak, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.001):
            peak[0] = max(peak[0], resident(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


async def test_clients_who_read_nothing_cannot_fill_the_memory(tmp_path: Path) -> None:
    """All at once, more than there would be room for if each were held what is usual: a few hundred KB. All others are
    served meanwhile; and refused when there is no room for more."""
    generous = Generous()
    async with RawUpstream(generous) as legacy:
        proxy = Running(tmp_path, CROWDED.format(legacy=legacy.port, memory=10_000))
        try:
            await asyncio.to_thread(proxy.start)
            worker = proxy.pids()["worker-0"]
            limit = (resident(worker) >> 20) + ROOM
            proxy.edit("10000MB", f"{limit}MB")
            with highest(worker) as peak:
                crowd = [reads_nothing(proxy.port) for _ in range(CROWD)]
                await asyncio.to_thread(
                    until_blocking, lambda: len(generous.begun) == CROWD, "all to be answered", 90.0
                )
                counted = Counted()
                await counted.ask(proxy.port, GET, 20)
            assert (counted.good, counted.errors) == (20, {})
            assert peak[0] <= (limit + 2) << 20, f"{peak[0] >> 20} MB, limits.memory is {limit} MB"
            figure("clients who read nothing, all at once", counted, clients=CROWD, limit=limit, peak=peak[0] >> 20)
            less = int((resident(worker) >> 20) * 0.9)
            proxy.edit(f"{limit}MB", f"{less}MB")
            await asyncio.to_thread(until_blocking, lambda: proxy.metric("strangler_shedding") == 1.0, "no room")
            counted = Counted()
            await counted.ask(proxy.port, GET, 20)
            assert counted.errors == {"503": 20}
            async with await connect(proxy.port) as wire:
                await wire.send(GET)
                assert b"\r\nRetry-After: 1\r\n" in await wire.head()
            for one in crowd:
                one.close()
            await until(lambda: resident(worker) < (less << 20) * 0.95, "the memory to be free again")
            await asyncio.to_thread(until_blocking, lambda: proxy.metric("strangler_shedding") == 0.0, "room again")
            counted = Counted()
            await counted.ask(proxy.port, GET, 20)
            assert (counted.good, counted.errors) == (20, {})
            assert proxy.pids()["worker-0"] == worker
        finally:
            await asyncio.to_thread(proxy.kill_all)

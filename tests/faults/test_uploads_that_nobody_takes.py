"""Many uploads at once to a backend that takes none of them: all others are served, memory stays within its limit, and
all of it is free again."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

from tests.faults.faulty import Counted, Held, figure, resident
from tests.faults.test_an_instance_dies import CROWD, highest
from tests.support.running import Running
from tests.support.running import until as until_blocking
from tests.support.wire import RawUpstream, Served, Wire, connect, ok, until

ROUTES = """
version: 1
backends:
  legacy: {{url: "http://127.0.0.1:{legacy}", connections: 2000, connect_timeout: 60s, timeout: 60s}}
legacy: legacy
limits: {{memory: {memory}MB, body_timeout: 60s}}
routes: []
"""
ROOM = 16 + CROWD // 6  # MB; an upload holds up to 400 KB, then 50 while memory is tight: the last fifth is enough
GET = b"GET /other HTTP/1.1\r\nHost: h\r\n\r\n"
PIECE = b"x" * 256 * 1024
PIECES = 64
BEGUN = b"POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (PIECES * len(PIECE))


class Deaf:
    """Answers `good`; of uploads it reads the head. `begun` are the connections on which one came."""

    def __init__(self) -> None:
        self.begun: set[int] = set()

    async def __call__(self, served: Served) -> None:
        try:
            while b"POST" not in await served.head():
                await served.send(ok(b"good"))
            served.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
            self.begun.add(served.number)
            await asyncio.sleep(3600)
        except (AssertionError, OSError, TimeoutError):
            return


async def first_line(wire: Wire) -> bytes:
    """Of an answer, however late; b"" where the connection ends without one."""
    while True:
        with suppress(TimeoutError):
            try:
                return await wire.until(b"\r\n")
            except (OSError, AssertionError):
                return b""


async def uploads(wire: Wire) -> None:
    with suppress(OSError):
        wire.writer.write(BEGUN)
        for _ in range(PIECES):
            wire.writer.write(PIECE)
            await wire.writer.drain()


def refused(answers: list[asyncio.Task[bytes]]) -> int:
    return sum(b" 503 " in one.result() for one in answers if one.done())


async def test_uploads_that_nobody_takes_cannot_fill_the_memory(tmp_path: Path) -> None:
    deaf = Deaf()
    async with RawUpstream(deaf) as legacy:
        assert legacy._server is not None
        for listener in legacy._server.sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # or its kernel takes megabytes of each
        proxy = Running(tmp_path, ROUTES.format(legacy=legacy.port, memory=10_000))
        try:
            await asyncio.to_thread(proxy.start)
            await Counted().ask(proxy.port, GET, 20)
            held = Held.of(proxy)
            limit = (resident(held.pid) >> 20) + ROOM
            proxy.edit("10000MB", f"{limit}MB")
            await asyncio.to_thread(
                until_blocking, lambda: (proxy.metric("strangler_config_generation") or 0) > 1, "the edit"
            )
            with highest(held.pid) as peak:
                crowd = [await connect(proxy.port) for _ in range(CROWD)]
                uploading = [asyncio.create_task(uploads(wire)) for wire in crowd]
                answers = [asyncio.create_task(first_line(wire)) for wire in crowd]
                await until(
                    lambda: len(deaf.begun) + refused(answers) == CROWD,
                    "all to be under way, or refused for want of room",
                )
                counted = Counted()
                await counted.ask(proxy.port, GET, 20, 0.05)
            assert (counted.good, counted.errors) == (20, {})
            assert peak[0] <= (limit + 2) << 20, f"{peak[0] >> 20} MB, limits.memory is {limit} MB"
            assert len(deaf.begun) >= CROWD // 2
            assert len([one for one in uploading if not one.done()]) >= len(deaf.begun), "they wait"
            await legacy.stop()
            await asyncio.gather(*uploading, *answers)
            for wire in crowd:
                wire.close()
            await until(held.settled, f"the start's descriptors and memory: {held}, now {Held.of(proxy)}")
            figure("uploads that nobody takes", counted, held, clients=CROWD, limit=limit, peak=peak[0] >> 20)
        finally:
            await asyncio.to_thread(proxy.kill_all)

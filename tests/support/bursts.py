"""Many distinct requests from one test process: servers and clients that cost little, so that the proxy is what is
busy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

from tests.support.wire import Wire

BURST = 10  # requests that a client sends ahead

Answer = Callable[[bytes], bytes | None]  # the JSON body for a target, None to hang


class Server(asyncio.Protocol):
    """Answers every request but those that it hangs on; a connection that hangs says nothing more."""

    def __init__(self, answer: Answer, opened: set[asyncio.Transport]) -> None:
        self.answer = answer
        self.opened = opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.opened.add(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.opened.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        for head in data.split(b"\r\n\r\n")[:-1]:
            body = self.answer(head.split(b" ", 2)[1])
            if body is None:
                return
            lines = b"HTTP/1.1 200 OK\r\nX-Build: b1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            self.transport.write(lines % (len(body), body))


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[int]:
    """Its port. The build that it names is `b1`."""
    opened: set[asyncio.Transport] = set()
    loop = asyncio.get_running_loop()
    started = await loop.create_server(lambda: Server(answer, opened), "127.0.0.1", 0, backlog=4096)
    try:
        yield started.sockets[0].getsockname()[1]
    finally:
        started.close()
        for transport in list(opened):
            transport.abort()
        await asyncio.sleep(0)


async def ask_in_bursts(wire: Wire, first: int, count: int, pause: float) -> int:
    """`count` distinct `GET /items/NUMBER` from number `first` on, a burst each `pause` seconds, each burst answered
    with 200 before the next one leaves. Returns how many were."""
    due = time.monotonic()
    for start in range(first, first + count, BURST):
        targets = range(start, start + BURST)
        await wire.send(b"".join(b"GET /items/%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in targets))
        for _ in targets:
            head, _ = await wire.answer()
            assert head.startswith(b"HTTP/1.1 200 ")
        due += pause
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    return count

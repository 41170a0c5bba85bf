"""Matches settle in milliseconds, hangs only at the deadline. A service that hangs on three requests of ten must not
pass in between, at a thousand requests a second, however often one looks.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from proxy.evidence.rate import clean_needed
from tests.support.running import Running
from tests.support.wire import Wire, connect

SECONDS = 3.0
CLIENTS = 10
BURST = 10  # requests that a client sends ahead, ten times a second: a thousand requests a second by all of them
ANSWER = b'HTTP/1.1 200 OK\r\nX-Build: b1\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'

ROUTES = """
version: 1
backends:
  legacy: {{url: "http://127.0.0.1:{legacy}"}}
  service: {{url: "http://127.0.0.1:{service}", build_header: X-Build}}
legacy: legacy
routes:
  - name: read
    match: GET /items/{{id}}
    extracted: service
    stage: shadow
    gate: {{mismatch_below: 10%, error_increase_below: 10%, min_duration: 0s, p95_ratio_below: 100}}
"""
# With the first, every copy is sent, and nothing but the order of counting stands between the matches and a pass.
BUDGETS = {
    "all copies are sent": "shadow: {concurrency: 2000, deadline: 1s}\nbreaker: {failures: 1000000}\n",
    "the lane is full": "shadow: {deadline: 1s}\n",
}


def hangs(target: bytes) -> bool:
    """Three targets of ten, always the same ones."""
    return zlib.crc32(target) % 10 < 3


class Server(asyncio.Protocol):
    """Answers every request but those that it hangs on; a connection that hangs says nothing more."""

    def __init__(self, hangs: Callable[[bytes], bool], opened: set[asyncio.Transport]) -> None:
        self.hangs = hangs
        self.opened = opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.opened.add(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.opened.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        for head in data.split(b"\r\n\r\n")[:-1]:
            if self.hangs(head.split(b" ", 2)[1]):
                return
            self.transport.write(ANSWER)


@asynccontextmanager
async def server(hangs: Callable[[bytes], bool]) -> AsyncIterator[int]:
    opened: set[asyncio.Transport] = set()
    loop = asyncio.get_running_loop()
    started = await loop.create_server(lambda: Server(hangs, opened), "127.0.0.1", 0, backlog=4096)
    try:
        yield started.sockets[0].getsockname()[1]
    finally:
        started.close()
        for transport in opened:
            transport.abort()
        await asyncio.sleep(0)


async def client(wire: Wire, first: int, until: float) -> int:
    """Bursts of distinct requests, ten a second, each answered before the next; how many were."""
    answered = 0
    due = time.monotonic()
    while due < until:
        targets = range(first + answered, first + answered + BURST)
        await wire.send(b"".join(b"GET /items/%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in targets))
        for _ in targets:
            head, _ = await wire.answer()
            assert head.startswith(b"HTTP/1.1 200 ")
        answered += BURST
        due += 0.1
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    return answered


async def look(proxy: Running, load: asyncio.Future[list[int]]) -> list[str]:
    """Looks at the verdict all the time, from the first request on, until the load has ended and the verdict fails."""
    rulings: list[str] = []
    while not (load.done() and rulings[-1] == "fail"):
        verdict = await asyncio.to_thread(proxy.api, "GET", "/routes/read/verdict")
        rulings.append(verdict["verdict"])
        assert rulings[-1] != "pass", verdict
        assert len(rulings) < 5_000, verdict
    return rulings


@pytest.mark.parametrize("budget", BUDGETS.values(), ids=BUDGETS.keys())
async def test_a_service_that_hangs_on_three_of_ten_never_passes(tmp_path: Path, budget: str) -> None:
    async with server(lambda target: False) as legacy, server(hangs) as service:
        proxy = Running(tmp_path, ROUTES.format(legacy=legacy, service=service) + budget)
        wires: list[Wire] = []
        try:
            await asyncio.to_thread(proxy.start)
            wires += [await connect(proxy.port) for _ in range(CLIENTS)]
            end = time.monotonic() + SECONDS
            load = asyncio.gather(*(client(wire, 1_000_000 * place, end) for place, wire in enumerate(wires)))
            assert len(await look(proxy, load)) > 20
            assert sum(await load) > 1_000  # clients saw none of it
            # the matches alone would have passed many times
            comparisons = (await asyncio.to_thread(proxy.route, "read"))["comparisons"]
            assert comparisons["match"] > 5 * clean_needed(0, 0, 0.1, 0.025)
        finally:
            for wire in wires:
                wire.close()
            await asyncio.to_thread(proxy.kill_all)

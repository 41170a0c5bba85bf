"""An open-loop load generator: requests leave at a fixed rate whether or not earlier ones were answered.

A closed loop (wrk) sends its next request only after an answer, so a stalled proxy is asked less and its stall is
counted once: coordinated omission. Here request i is due at start + i / rate and its latency counts from then, so
time spent waiting for a free connection, or for this program to get round to it, is part of it. Connections are
reused, last used first, and opened when none is free. What is unanswered at the end has waited at least until then
and is counted with that time.

The loop runs on select(2), whose time-out is in microseconds; epoll's is in milliseconds and would round every send
up.

`python -m bench.open_loop http://127.0.0.1:8080/path --rate 1000 --seconds 5` prints one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import selectors
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

MAX_CONNECTIONS = 400  # select(2) cannot watch descriptors above 1,023
PATIENCE = 5.0  # seconds after the last send


@dataclass(frozen=True)
class Latency:
    """`waiting` are requests without an answer when patience ended; `failed` answers other than 200 and broken
    connections.
    """

    sent: int
    answered: int
    failed: int
    waiting: int
    connections: int
    p50_ms: float
    p99_ms: float
    max_ms: float


def percentile(ordered: Sequence[float], share: float) -> float:
    """Nearest rank: the smallest value that at least `share` (0 to 1) of all values do not exceed."""
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def due(start: float, rate: float, number: int) -> float:
    """When request `number` (from 0) is meant to leave; computed from the start so that no error adds up."""
    return start + number / rate


def sendable(start: float, rate: float, total: int, sent: int, now: float) -> int:
    """How many requests are due by `now` and not yet sent."""
    if now < start:
        return 0
    return max(0, min(total, math.floor((now - start) * rate + 1e-9) + 1) - sent)


def summarise(latencies: list[float], waits: list[float], sent: int, failed: int, connections: int) -> Latency:
    """Seconds in, milliseconds out; the unanswered count with the time they have waited so far."""
    ordered = sorted(latencies + waits)
    p50, p99, longest = (round(1e3 * percentile(ordered, share), 3) for share in (0.5, 0.99, 1.0))
    return Latency(sent, len(latencies), failed, len(waits), connections, p50, p99, longest)


class Run:
    """One run: the connections, the requests that wait for one, and what was seen."""

    def __init__(self, host: str, port: int, request: bytes, rate: float, total: int) -> None:
        self.host, self.port, self.request, self.rate, self.total = host, port, request, rate, total
        self.idle: list[Connection] = []
        self.busy: set[Connection] = set()
        self.queue: deque[float] = deque()  # due times that found no connection, oldest first
        self.latencies: list[float] = []
        self.failed = 0
        self.opened = 0
        self.over = False
        self.opening: set[asyncio.Task[None]] = set()

    async def go(self) -> Latency:
        start = time.perf_counter() + 0.05
        sent = 0
        while sent < self.total:
            for _ in range(sendable(start, self.rate, self.total, sent, time.perf_counter())):
                self.send(due(start, self.rate, sent))
                sent += 1
            await asyncio.sleep(max(0.0, due(start, self.rate, sent) - time.perf_counter()))
        end = time.perf_counter() + PATIENCE
        while (self.busy or self.queue or self.opening) and time.perf_counter() < end:  # noqa: ASYNC110 - after the measuring
            await asyncio.sleep(0.01)
        now = time.perf_counter()
        waits = [now - connection.due for connection in self.busy] + [now - moment for moment in self.queue]
        for task in list(self.opening):
            task.cancel()
        self.over = True
        for connection in [*self.idle, *self.busy]:
            connection.transport.abort()
        await asyncio.sleep(0)  # the transports end in the next turn of the loop
        return summarise(self.latencies, waits, sent, self.failed, self.opened)

    def send(self, moment: float) -> None:
        if self.idle:
            self.idle.pop().ask(moment)
            return
        self.queue.append(moment)
        if self.opened < MAX_CONNECTIONS and len(self.opening) < len(self.queue):
            self.opened += 1
            task = asyncio.create_task(self.open())
            self.opening.add(task)
            task.add_done_callback(self.opening.discard)

    async def open(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: Connection(self), self.host, self.port)
        except OSError:
            self.opened -= 1
            self.failed += 1
            if self.queue:
                self.queue.popleft()  # the request that this connection was meant for

    def free(self, connection: Connection) -> None:
        if self.queue:
            connection.ask(self.queue.popleft())
        else:
            self.idle.append(connection)


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way; reads just enough of an answer to find its end."""

    transport: asyncio.Transport

    def __init__(self, run: Run) -> None:
        self.run = run
        self.buffer = bytearray()
        self.left = -1  # body bytes still to come; -1 while the head is incomplete
        self.due = 0.0
        self.ok = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.run.free(self)

    def ask(self, moment: float) -> None:
        self.due = moment
        self.left = -1
        self.buffer.clear()
        self.run.busy.add(self)
        self.transport.write(self.run.request)

    def data_received(self, data: bytes) -> None:
        if self.left < 0:
            self.buffer += data
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.buffer[:end]).lower()
            self.ok = head[9:12] == b"200"
            length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
            if not length:
                self.transport.abort()  # a failure: the upstream here always says the length
                return
            self.left = int(length) - (len(self.buffer) - end - 4)
        else:
            self.left -= len(data)
        if self.left <= 0:
            self.run.busy.discard(self)
            if self.ok:
                self.run.latencies.append(time.perf_counter() - self.due)
            else:
                self.run.failed += 1
            self.run.free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.run.over:
            return
        self.run.opened -= 1
        if self in self.run.busy:
            self.run.busy.discard(self)
            self.run.failed += 1
        elif self in self.run.idle:
            self.run.idle.remove(self)


async def measure(url: str, rate: float, seconds: float) -> Latency:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    return await Run(parts.hostname, parts.port, request, rate, max(1, round(rate * seconds))).go()


def main() -> None:
    parser = argparse.ArgumentParser(description="Constant-rate load; latency counts from the intended send time.")
    parser.add_argument("url", help="http://HOST:PORT/PATH")
    parser.add_argument("--rate", type=float, default=1000.0, help="requests per second (default 1000)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of the run (default 5)")
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        print(json.dumps(asdict(runner.run(measure(given.url, given.rate, given.seconds)))))


if __name__ == "__main__":
    main()

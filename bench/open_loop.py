"""An open-loop load generator: requests leave at a fixed rate whether or not earlier ones were answered.

A closed loop (wrk) sends its next request only after an answer, so a stalled proxy is asked less and its stall is
counted once: coordinated omission. Here request i is due at start + i / rate and its latency counts from then, so
time spent waiting for a free connection, or for this program to get round to it, is part of it. Connections are
reused, last used first, and opened when none is free. What is unanswered at the end has waited at least until then
and is counted with that time.

One thread, plain sockets and epoll(7), which take a quarter less CPU time than asyncio's protocols: the generator has
its core together with the upstream. epoll's own time-out is in milliseconds and would round every send up; select(2)
waits for its descriptor instead, in microseconds.

`python -m bench.open_loop http://127.0.0.1:8080/path --rate 1000 --seconds 5` prints one line of JSON.
"""

from __future__ import annotations

import argparse
import errno
import json
import math
import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

MAX_CONNECTIONS = 64  # what finds none waits and is counted; to open hundreds in a stall would prolong it
READ = 1 << 20  # bytes at once
PATIENCE = 5.0  # seconds after the last send


@dataclass(frozen=True)
class Latency:
    """`waiting` are requests without an answer when patience ended; `failed` answers other than 200 and broken
    connections. `stolen_ms` is what the host of a virtual machine gave to others meanwhile, of all cores together.
    """

    sent: int
    answered: int
    failed: int
    waiting: int
    connections: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    stolen_ms: int = 0


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


class Connection:
    """One keep-alive connection with at most one request under way; reads just enough of an answer to find its end."""

    __slots__ = ("due", "head", "is_last", "is_ok", "left", "socket")

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.due = 0.0
        self.head = b""
        self.left = -1  # body bytes still to come; -1 while the head is incomplete
        self.is_ok = False
        self.is_last = False  # the server closes after this answer

    def ask(self, request: bytes, moment: float) -> None:
        self.due, self.head, self.left = moment, b"", -1
        self.socket.send(request)  # so short that it always leaves whole

    def take(self, data: bytes) -> bool:
        """Whether the answer is complete. Raises ValueError for one whose length is not said."""
        if self.left < 0:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = self.head[:end].lower()
            self.is_ok, self.is_last = head[9:12] == b"200", b"\r\nconnection: close" in head
            length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
            self.left = int(length) - (len(self.head) - end - 4)
        else:
            self.left -= len(data)
        return self.left <= 0


class Run:
    """One run: the connections, the requests that wait for one, and what was seen."""

    def __init__(self, host: str, port: int, request: bytes, rate: float, total: int) -> None:
        self.address, self.request, self.rate, self.total = (host, port), request, rate, total
        self.epoll = select.epoll()
        self.open: dict[int, Connection] = {}
        self.opening: set[int] = set()
        self.idle: list[Connection] = []
        self.busy: set[Connection] = set()
        self.queue: deque[float] = deque()  # due times that found no connection, oldest first
        self.latencies: list[float] = []
        self.failed = self.opened = 0

    def go(self) -> Latency:
        start = time.perf_counter() + 0.05
        end = due(start, self.rate, self.total) + PATIENCE
        sent = 0
        while (now := time.perf_counter()) < end and (sent < self.total or self.busy or self.queue or self.opening):
            for _ in range(sendable(start, self.rate, self.total, sent, now)):
                self.send(due(start, self.rate, sent))
                sent += 1
            until = due(start, self.rate, sent) if sent < self.total else end
            if select.select((self.epoll,), (), (), max(0.0, until - time.perf_counter()))[0]:
                for descriptor, _ in self.epoll.poll(0):
                    if connection := self.open.get(descriptor):  # what came before may have ended it
                        self.ready(connection)
        now = time.perf_counter()
        waits = [now - connection.due for connection in self.busy] + [now - moment for moment in self.queue]
        for connection in list(self.open.values()):
            self.close(connection)
        self.epoll.close()
        return summarise(self.latencies, waits, sent, self.failed, self.opened)

    def send(self, moment: float) -> None:
        if self.idle:
            self.ask(self.idle.pop(), moment)
            return
        self.queue.append(moment)
        if len(self.open) < MAX_CONNECTIONS and len(self.opening) < len(self.queue):
            self.connect()

    def connect(self) -> None:
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if (fault := sock.connect_ex(self.address)) not in (0, errno.EINPROGRESS):
            raise OSError(fault, f"cannot connect to {self.address}")
        self.opened += 1
        self.open[sock.fileno()] = Connection(sock)
        self.opening.add(sock.fileno())
        self.epoll.register(sock, select.EPOLLOUT)

    def ask(self, connection: Connection, moment: float) -> None:
        self.busy.add(connection)
        try:
            connection.ask(self.request, moment)
        except ConnectionError:
            self.lose(connection)

    def ready(self, connection: Connection) -> None:
        descriptor = connection.socket.fileno()
        if descriptor in self.opening:
            self.opening.discard(descriptor)
            if connection.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.failed += bool(self.queue)
                if self.queue:
                    self.queue.popleft()  # the request that this connection was meant for
                self.close(connection)
            else:
                self.epoll.modify(descriptor, select.EPOLLIN)
                self.free(connection)
            return
        try:
            data = connection.socket.recv(READ)
            is_complete = bool(data) and connection.take(data)
        except (ConnectionError, ValueError):
            data, is_complete = b"", False
        if not data:
            self.lose(connection)
        elif is_complete:
            self.busy.discard(connection)
            if connection.is_ok:
                self.latencies.append(time.perf_counter() - connection.due)
            else:
                self.failed += 1
            if connection.is_last:
                self.close(connection)
            else:
                self.free(connection)

    def free(self, connection: Connection) -> None:
        if self.queue:
            self.ask(connection, self.queue.popleft())
        else:
            self.idle.append(connection)

    def lose(self, connection: Connection) -> None:
        """It ended by itself, which is a failure where an answer was due."""
        if connection in self.busy:
            self.busy.discard(connection)
            self.failed += 1
        else:
            self.idle.remove(connection)
        self.close(connection)

    def close(self, connection: Connection) -> None:
        del self.open[connection.socket.fileno()]
        connection.socket.close()  # epoll forgets it by itself


def measure(url: str, rate: float, seconds: float) -> Latency:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    return Run(parts.hostname, parts.port, request, rate, max(1, round(rate * seconds))).go()


def main() -> None:
    parser = argparse.ArgumentParser(description="Constant-rate load; latency counts from the intended send time.")
    parser.add_argument("url", help="http://HOST:PORT/PATH")
    parser.add_argument("--rate", type=float, default=1000.0, help="requests per second (default 1000)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of the run (default 5)")
    given = parser.parse_args()
    print(json.dumps(asdict(measure(given.url, given.rate, given.seconds))))


if __name__ == "__main__":
    main()

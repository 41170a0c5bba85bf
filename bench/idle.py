"""What an idle client costs: memory per keep-alive connection that has made one request and now makes none.

The resident memory of all the proxy's processes, with that many connections less what it was with a few. uvloop's own
share is measured too, by a server that keeps nothing of a connection but what the loop does: `python -m bench.idle
PORT` is that server.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench.alone import CALM, routes_yaml, run_alone
from bench.machine import BenchError, Cores, free_port, rss_bytes, settle, start, stop, wait_listening
from bench.stubs import content_length, read_head
from bench.upstream import Upstream

CLIENTS, FEW = 10_000, 500
SPARE = 200  # descriptors of this process that are not clients
REQUEST = f"GET /{CALM} HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: idle\r\nAccept: */*\r\n\r\n".encode()


@dataclass(frozen=True)
class Idle:
    """Bytes of memory per idle connection: the proxy's, and what uvloop alone takes."""

    clients: int
    bytes_each: float
    floor_each: float


@contextmanager
def clients(port: int, count: int) -> Iterator[None]:
    """Connections that made one request each and stay."""
    held: list[socket.socket] = []
    try:
        for _ in range(count):
            held.append(socket.create_connection(("127.0.0.1", port), timeout=10))
            held[-1].sendall(REQUEST)
            head, rest = read_head(held[-1], b"")
            if b" 200 " not in head.partition(b"\r\n")[0]:
                raise BenchError(f"connection {len(held)} was not served: {head!r}")
            while len(rest) < content_length(head):
                rest += held[-1].recv(65536)
        yield
    finally:
        for connection in held:
            connection.close()


def memory_each(pid: int, port: int, count: int) -> float:
    with clients(port, FEW):  # so that what is made once is there
        settle(pid)
        before = rss_bytes(pid)
        with clients(port, count - FEW):
            settle(pid)
            return (rss_bytes(pid) - before) / (count - FEW)


def measure_idle(cores: Cores, folder: Path, upstream: Upstream, count: int = CLIENTS) -> Idle:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most != resource.RLIM_INFINITY:
        count = min(count, int(most * 0.7) - SPARE)  # a worker keeps a quarter of its own for other things
    with run_alone(cores, folder, routes_yaml(upstream, [])) as alone:
        ours = memory_each(alone.pid, alone.port, count)
    port = free_port()
    server = start("uvloop alone", [sys.executable, "-m", "bench.idle", str(port)], cores.proxy, folder / "idle.log")
    try:
        wait_listening(server, port)
        return Idle(count, round(ours), round(memory_each(server.popen.pid, port, count)))
    finally:
        stop(server)


class Nothing(asyncio.Protocol):
    """Answers whatever comes, and keeps only its transport."""

    __slots__ = ("transport",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")  # type: ignore[attr-defined]  # a socket's transport has it


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Nothing, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))

"""Services that do what a shadowed service must be allowed to do: each on a port of its own, in one process.

`python -m bench.harmful PORT...`, one port for each of FAULTS in their order. The first does what it should, for
comparison: what a copy costs by itself. None of the others has mercy with the proxy's breaker:
one request in five is answered well, because five failures in a row would open it, and then nothing is tested but the
breaker. (`hang` is what it says; the run turns the breaker off for all.)
"""

from __future__ import annotations

import asyncio
import signal
import socket
import struct
import sys
from collections.abc import Callable
from typing import cast

import uvloop

from bench.answers import SAME_ID, SIZES, body
from bench.harm import FINE

GIB = 1024**3
BLOCK = bytes(64 * 1024)
CHUNK = b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK)
SLOW = 0.1  # seconds; the legacy side answers in less than one millisecond
WELL = b"HTTP/1.1 200 OK\r\nX-Build: harm-1\r\nContent-Type: application/json\r\n"
EQUAL = WELL + f"Content-Length: {SIZES['145']}\r\n\r\n{body(SIZES['145'], SAME_ID)}".encode()  # what legacy answers
ANSWER = WELL + b'Content-Length: 15\r\n\r\n{"garbage":"n"}'
GARBAGE = (
    b"\x00\xff\x13 this is not HTTP\r\n\r\n" * 20,
    WELL + b'Content-Length: 13\r\n\r\n{"a":[[[[\xff\xfe{"',
    WELL + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nnot a size\r\n",
    WELL + b"Content-Length: 10\r\nContent-Length: 11\r\n\r\n0123456789",
)


class Service(asyncio.Protocol):
    """One connection; `fault` is called for each request, with its number."""

    count = 0  # of all connections together
    transport: asyncio.Transport

    def __init__(self, fault: Callable[[Service, int], None]) -> None:
        self.fault = fault
        self.left = 0  # bytes of a large answer that are still to be written
        self.chunked = False
        self.full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\r\n\r\n")):  # copies of reads: a head and no body
            Service.count += 1
            self.fault(self, Service.count)

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        self.pump()

    def pump(self) -> None:
        while self.left > 0 and not self.full and not self.transport.is_closing():
            self.transport.write(CHUNK if self.chunked else BLOCK)
            self.left -= len(BLOCK)


def well(service: Service, number: int) -> None:
    service.transport.write(EQUAL)


def hang(service: Service, number: int) -> None:
    """Accept, and never answer."""


def reset(service: Service, number: int) -> None:
    if number % 5 == 0:
        service.transport.write(ANSWER)
        return
    linger = struct.pack("ii", 1, 0)
    service.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    service.transport.abort()


def gigabyte(service: Service, number: int) -> None:
    """1 GB, every other time without saying how much it will be."""
    service.left, service.chunked = GIB, number % 2 == 0
    size = b"Transfer-Encoding: chunked\r\n\r\n" if service.chunked else b"Content-Length: %d\r\n\r\n" % GIB
    service.transport.write(WELL + size)
    service.pump()


def garbage(service: Service, number: int) -> None:
    service.transport.write(ANSWER if number % 5 == 0 else GARBAGE[number % 5 - 1])


def slow(service: Service, number: int) -> None:
    asyncio.get_running_loop().call_later(SLOW, service.transport.write, ANSWER)


FAULTS: dict[str, Callable[[Service, int], None]] = {
    FINE: well,
    "hang": hang,
    "reset": reset,
    "gigabyte": gigabyte,
    "garbage": garbage,
    "slow": slow,
}


async def serve(ports: list[int]) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    for port, fault in zip(ports, FAULTS.values(), strict=True):
        await loop.create_server(lambda fault=fault: Service(fault), "127.0.0.1", port, backlog=512)  # type: ignore[misc]  # a default binds the loop's value
    await stop.wait()


if __name__ == "__main__":
    uvloop.run(serve([int(port) for port in sys.argv[1:]]))

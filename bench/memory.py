"""1 GiB through a proxy each way: how much its processes' memory grows while the bytes stream by.

Memory is the sum of the resident sets of all the proxy's processes (pages shared between them count more than once,
before and after alike), sampled every 10 ms; growth is the peak above what a small transfer before left behind.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass

from bench.machine import BenchError, peak_rss, rss_bytes
from bench.stubs import BLOCK, content_length, read_head

GIB = 1024**3
MIB = 1024**2


@dataclass(frozen=True)
class Growth:
    """One transfer: its size in bytes, how long it took, the memory before it and its growth in MiB."""

    way: str
    size: int
    seconds: float
    before_mib: float
    growth_mib: float

    @property
    def mib_per_second(self) -> float:
        return self.size / MIB / self.seconds


def download(port: int, path: str, size: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(f"GET /{path}/{size} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        head, rest = read_head(connection, b"")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise BenchError(f"a download through the proxy failed: {head!r}")
        # a close-delimited or chunked answer has no length here; the bytes of the body are then only counted
        expected = content_length(head) or size
        seen = len(rest)
        scratch = bytearray(len(BLOCK))
        while seen < expected:
            count = connection.recv_into(scratch)
            if not count:
                raise BenchError(f"a download of {size} bytes ended after {seen}")
            seen += count


def upload(port: int, path: str, size: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(f"POST /{path}/up HTTP/1.1\r\nHost: bench\r\nContent-Length: {size}\r\n\r\n".encode())
        left = size
        while left > 0:
            piece = BLOCK if left >= len(BLOCK) else BLOCK[:left]
            connection.sendall(piece)
            left -= len(piece)
        head, rest = read_head(connection, b"")
        wanted = b'{"read":%d}' % size
        while head and len(rest) < len(wanted):
            piece = connection.recv(1024)
            if not piece:
                break
            rest += piece
        if wanted not in rest:
            raise BenchError(f"an upload of {size} bytes was not read whole: {head!r} {rest!r}")


def measure_growth(root: int, port: int, way: str, path: str, size: int) -> Growth:
    """`root` is the proxy's first process, `way` is "upload" or "download"."""
    move = upload if way == "upload" else download
    move(port, path, 4 * MIB)
    before = rss_bytes(root)
    started = time.monotonic()
    with peak_rss(root) as peak:
        move(port, path, size)
    growth = max(0, peak[0] - before) / MIB
    seconds = round(time.monotonic() - started, 3)
    return Growth(f"{way} {path}", size, seconds, round(before / MIB, 1), round(growth, 2))

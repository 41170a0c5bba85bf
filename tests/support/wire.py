"""Raw bytes over loopback: a client that says exactly what it is told, and an upstream that records exactly what came.

Nothing here knows HTTP beyond "a head ends in an empty line", so nothing here can mend or hide what the proxy did.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.running import PATIENCE as PATIENCE

Script = Callable[["Served"], Awaitable[None]]


async def until(condition: Callable[[], object], what: str = "the condition") -> None:
    """Wait until the condition holds; AssertionError when it does not within the patience of a test."""
    end = asyncio.get_running_loop().time() + PATIENCE
    while not condition():
        assert asyncio.get_running_loop().time() < end, f"{what} did not come true within {PATIENCE:g} s"
        await asyncio.sleep(0.005)


async def stands_still(value: Callable[[], int]) -> int:
    """What it is when it was the same for half a second."""
    last, same = -1, 0
    while same < 10:
        await asyncio.sleep(0.05)
        same = same + 1 if value() == last else 0
        last = value()
    return last


class Wire:
    """One end of a TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._read = b""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        async with asyncio.timeout(PATIENCE):
            await self.writer.drain()

    async def until(self, mark: bytes) -> bytes:
        """Everything up to and including `mark`."""
        async with asyncio.timeout(PATIENCE):
            while mark not in self._read:
                data = await self._reader.read(65536)
                assert data, f"the connection ended before {mark!r}: {self._read!r}"
                self._read += data
        end = self._read.index(mark) + len(mark)
        data, self._read = self._read[:end], self._read[end:]
        return data

    async def head(self) -> bytes:
        return await self.until(b"\r\n\r\n")

    async def exactly(self, count: int) -> bytes:
        async with asyncio.timeout(PATIENCE):
            while len(self._read) < count:
                data = await self._reader.read(65536)
                assert data, f"the connection ended after {self._read!r}"
                self._read += data
        data, self._read = self._read[:count], self._read[count:]
        return data

    async def answer(self) -> tuple[bytes, bytes]:
        """Head and body of an answer with a Content-Length."""
        head = await self.head()
        return head, await self.exactly(length_of(head))

    async def rest(self) -> bytes:
        """Everything until the other end closes. ConnectionResetError when it aborts."""
        async with asyncio.timeout(PATIENCE):
            while data := await self._reader.read(65536):
                self._read += data
        data, self._read = self._read, b""
        return data

    async def until_reset(self) -> bytes:
        """Everything until the other end aborts; AssertionError when it ends in order."""
        data = b""
        try:
            while piece := await self.some():
                data += piece
        except ConnectionResetError:
            return data
        raise AssertionError(f"ended in order after {data!r}")

    async def some(self) -> bytes:
        """Whatever comes next, b"" at the end."""
        if self._read:
            data, self._read = self._read, b""
            return data
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read(65536)

    def eof(self) -> None:
        self.writer.write_eof()

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Close with a TCP reset."""
        self.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
        self.writer.transport.abort()

    async def __aenter__(self) -> Wire:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.transport.abort()
        await asyncio.sleep(0)


class Served(Wire):
    """A connection that the upstream accepted; `number` counts them from 0."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        super().__init__(reader, writer)
        self.number = number

    async def request(self) -> tuple[bytes, bytes]:
        """Head and body of a request with a Content-Length or none."""
        head = await self.head()
        return head, await self.exactly(length_of(head))


class Pouring:
    """A body of `size` zeros, written as fast as the other end takes it; `sent` is how much of it went so far."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.sent = 0

    async def into(self, wire: Wire) -> None:
        while self.sent < self.size:
            wire.writer.write(bytes(65536))
            await wire.writer.drain()
            self.sent += 65536


def length_of(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def fields(head: bytes, name: bytes) -> list[bytes]:
    """The values of all fields of that name (any case), in order."""
    pairs = (line.partition(b": ") for line in head.split(b"\r\n")[1:])
    return [value for key, _, value in pairs if key.lower() == name.lower()]


async def connect(port: int, **options: Any) -> Wire:
    """A client; `options` are those of `loop.create_connection`, such as ssl."""
    return Wire(*await asyncio.open_connection("127.0.0.1", port, limit=2**20, **options))


async def connect_unix(path: Path) -> Wire:
    return Wire(*await asyncio.open_unix_connection(path, limit=2**20))


class RawUpstream:
    """A server that runs `script` on each connection and remembers the connections and the trouble of its scripts.

    A script that ends closes its connection. `requests` is for scripts that record what they saw."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.tls = tls
        self.connections: list[Served] = []
        self.requests: list[tuple[bytes, bytes]] = []
        self.trouble: list[BaseException] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> RawUpstream:
        await self.start()
        return self

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", port, ssl=self.tls, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def start_unix(self, path: Path) -> None:
        self._server = await asyncio.start_unix_server(self._accepted, path)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served = Served(reader, writer, len(self.connections))
        self.connections.append(served)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self.script(served)
        except asyncio.CancelledError:
            pass
        except (AssertionError, OSError, TimeoutError) as trouble:
            self.trouble.append(trouble)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def stop(self) -> None:
        """Stop listening and end all connections."""
        if self._server is not None:
            self._server.close()
        for served in self.connections:
            served.writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @classmethod
    def answering(cls, *answers: bytes, tls: ssl.SSLContext | None = None) -> RawUpstream:
        """Answers every request on every connection, the last answer again and again; keeps what it was sent."""
        left = list(answers)

        async def script(served: Served) -> None:
            while True:
                upstream.requests.append(await served.request())
                await served.send(left.pop(0) if len(left) > 1 else left[0])

        upstream = cls(script, tls)
        return upstream


def ok(body: bytes = b"hello", *extra: bytes) -> bytes:
    """A small whole answer."""
    lines = (b"HTTP/1.1 200 OK", *extra, b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body

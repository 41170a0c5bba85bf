"""The same conversation twice, straight to a recording upstream and through a proxy: raw bytes at both ends.

Protocols instead of streams, and one data path per conversation on sockets that stay: thousands of them take seconds.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Coroutine
from dataclasses import dataclass, field
from itertools import pairwise
from typing import cast

from proxy.data_path import DataPath
from proxy.model.records import Ended
from proxy.model.sides import Stage
from proxy.routing.breaker import Breaker
from tests.support.engine import backend, route, snapshot_of, spec_of
from tests.support.wire import PATIENCE
from tests.transparency.messages import CASE, Conversation, Exchange

RESET = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Heard:
    """A request as the upstream got it, up to where it stopped coming."""

    number: int
    head: bytes
    body: bytes = b""


@dataclass(slots=True)
class Result:
    """What each end of one way saw. `reset`: the client's connection ended with a reset."""

    heard: list[Heard] = field(default_factory=list)
    got: bytes = b""
    reset: bool = False
    ended: list[Ended] = field(default_factory=list)


def pieces(data: bytes, cuts: tuple[int, ...]) -> list[bytes]:
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    return [data[start:end] for start, end in pairwise(places)]


def reset(transport: asyncio.Transport) -> None:
    if not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    transport.abort()


class Upstream(asyncio.Protocol):
    """Reads requests, records them, and says what the conversation has for each."""

    transport: asyncio.Transport

    def __init__(self, world: World) -> None:
        self.world = world
        self.result = world.result
        self.part = b""
        self.now: Heard | None = None
        self.left: int | None = None  # bytes of the body to come; None: chunks
        self.busy = False
        self.early = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.world.opened.add(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.world.opened.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self.part += data
        self._go_on()

    def _go_on(self) -> None:
        """One request at a time; of the next one nothing is read while an answer is being said."""
        if self.busy:
            if self.early and self.now is not None:
                self.now.body += self.part
                self.part = b""
            return
        if self.now is None:
            self._head()
        if self.now is None:
            return
        exchange = self.world.conversation.exchanges[self.now.number]
        self.early = exchange.early
        if self.early or self._body(self.now):
            self.busy = True
            self.world.spawn(self._say(exchange, self.now))
            self._go_on()

    def _head(self) -> None:
        end = self.part.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        head, self.part = self.part[:end], self.part[end:]
        lines = dict(line.lower().partition(b":")[::2] for line in head.split(b"\r\n")[1:-2])
        self.now = Heard(int(lines[CASE.lower()]), head)
        self.left = None if b"transfer-encoding" in lines else int(lines.get(b"content-length", b"0"))
        self.result.heard.append(self.now)

    def _body(self, heard: Heard) -> bool:
        """Takes what belongs to the body; True when that is all of it."""
        if self.left is None:
            size = end_of_chunks(heard.body + self.part)
            taken = len(self.part) if size is None else size - len(heard.body)
        else:
            taken = min(self.left, len(self.part))
            self.left -= taken
            size = len(self.part) if self.left == 0 else None
        heard.body += self.part[:taken]
        self.part = self.part[taken:]
        return size is not None

    async def _say(self, exchange: Exchange, heard: Heard) -> None:
        for piece in pieces(exchange.said[: exchange.broken_at], exchange.cuts):
            if self.transport.is_closing():
                return
            self.transport.write(piece)
            await asyncio.sleep(0)
        is_old = heard.head.partition(b"\r\n")[0].endswith(b" HTTP/1.0")
        asked = is_old or b"\r\nConnection: close\r\n" in heard.head
        if exchange.broken_at is not None:
            reset(self.transport)
        elif (asked or exchange.ends or exchange.early) and not self.transport.is_closing():
            self.transport.write_eof()  # what still comes is read, or the kernel would turn the end into a reset
        elif not exchange.early:
            self.busy = False
            self.now = None
            self._go_on()


def end_of_chunks(data: bytes) -> int | None:
    """Where a chunked body ends; None while it does not."""
    at = 0
    while (newline := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:newline].partition(b";")[0], 16)
        at = newline + 2
        if size:
            at += size + 2
            continue
        while (newline := data.find(b"\r\n", at)) > at:
            at = newline + 2
        return newline + 2 if newline == at else None
    return None


class Client(asyncio.Protocol):
    def __init__(self, result: Result) -> None:
        self.result = result
        self.over = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.result.got += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.result.reset = exc is not None
        if not self.over.done():
            self.over.set_result(None)


class World:
    """The upstream's socket and the proxy's, for one conversation after the other."""

    conversation: Conversation
    engine: DataPath

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self.result = Result()
        self.opened: set[asyncio.Transport] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.upstream = await loop.create_server(lambda: Upstream(self), "127.0.0.1", 0)
        self.straight: int = self.upstream.sockets[0].getsockname()[1]
        backends = backend("legacy", self.straight), backend("extracted", self.straight, build_header="X-Build")
        self.spec = spec_of(*backends)
        self.snapshots = {
            stage: snapshot_of(spec_of(*backends, routes=(route(stage, "/"),) if stage is not Stage.LEGACY else ()))
            for stage in (Stage.LEGACY, Stage.SHADOW, Stage.LIVE)
        }
        self.front = await loop.create_server(lambda: self.engine.protocol(), "127.0.0.1", 0)
        self.through: int = self.front.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self.upstream.close()
        self.front.close()
        await self._settle()

    def spawn(self, saying: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(saying)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def play(self, conversation: Conversation) -> tuple[Result, Result]:
        """Straight, and through the proxy."""
        self.conversation = conversation
        straight = await self._once(self.straight)
        ended: list[Ended] = []
        self.engine = DataPath(
            snapshot=self.snapshots[conversation.stage],
            record=ended.append,
            offer=lambda exchange, decision: None,
            breakers=lambda name: Breaker(self.spec.breaker),
            dice=lambda: 0.0,
        )
        try:
            through = await self._once(self.through)
        finally:
            self.engine.close()
            await self._settle()
        assert self.engine.in_flight == 0, "an exchange never ended"
        through.ended = ended
        return straight, through

    async def _once(self, port: int) -> Result:
        result = self.result = Result()
        loop = asyncio.get_running_loop()
        transport, client = await loop.create_connection(lambda: Client(result), "127.0.0.1", port)
        conversation = self.conversation
        for piece in pieces(conversation.said[: conversation.leaves_at], conversation.cuts):
            transport.write(piece)
            await asyncio.sleep(0)
        if conversation.leaves_at is not None:
            reset(transport)
        try:
            async with asyncio.timeout(PATIENCE):
                await client.over
        except TimeoutError:
            raise AssertionError(f"the client waits for ever; it got {result.got!r}") from None
        finally:
            transport.abort()
            await self._settle()
        return result

    async def _settle(self) -> None:
        """Until everything that was under way has ended: the upstream's connections, and what it was saying."""
        for _ in range(3):
            await asyncio.sleep(0)
        for transport in list(self.opened):
            transport.abort()
        while self.tasks or self.opened:  # noqa: ASYNC110 - an event would have to be set from four places
            await asyncio.sleep(0)

"""A second opinion on what reached the backend: h11, which shares no line with the proxy or with llhttp.

The judge is a server: it answers what it takes for a request, and only that. If the proxy and it disagree about where a
request ends, it sees another number of requests than the proxy counted, or fails to read one; either is a finding.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import h11

from proxy.model.spec import Limits
from tests.support.engine import Running, backend, spec_of
from tests.support.wire import RawUpstream, Served

END = b"GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
LIMITS = Limits(head_timeout=1.0, body_timeout=1.0, keepalive_timeout=1.0)


@dataclass(frozen=True, slots=True)
class Asked:
    """One whole request as the judge read it."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key == name]


@dataclass
class Judge:
    """`asked` in the order of ends; `unread` says why h11 gave up on a connection."""

    asked: list[Asked] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    async def __call__(self, served: Served) -> None:
        reader = h11.Connection(h11.SERVER, max_incomplete_event_size=1_000_000)
        try:
            while await self._one(reader, served):
                reader.start_next_cycle()
        except h11.RemoteProtocolError as error:
            if "incomplete" not in str(error) and "without sending complete" not in str(error):
                self.unread.append(str(error))  # a connection that the proxy cut is no reading at all
        except ConnectionResetError:
            pass  # cut by the proxy

    async def _one(self, reader: h11.Connection, served: Served) -> bool:
        head: h11.Request | None = None
        body = b""
        while True:
            event = reader.next_event()
            if event is h11.NEED_DATA:
                reader.receive_data(await served.some())
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                assert head is not None
                pairs = tuple((bytes(name), bytes(value)) for name, value in head.headers)
                self.asked.append(Asked(bytes(head.method), bytes(head.target), pairs, body))
                answer = reader.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                await served.send((answer or b"") + (reader.send(h11.EndOfMessage()) or b""))
                return reader.our_state is h11.DONE and reader.their_state is h11.DONE
            else:
                return False


@dataclass
class Seen:
    """What came of some bytes: the proxy's answers as they are on the wire, what it counted, what the judge read."""

    answer: bytes
    counted: list[tuple[bytes, bytes]]
    refused: list[str]
    judge: Judge

    @property
    def read(self) -> list[tuple[bytes, bytes]]:
        return [(one.method, one.target) for one in self.judge.asked]

    @property
    def agrees(self) -> bool:
        return self.judge.unread == [] and self.read == self.counted


class Bench:
    """A proxy between a raw client and a judge: `async with Bench() as bench`, then `await bench.try_bytes(...)`."""

    async def __aenter__(self) -> Bench:
        self.judge = Judge()
        self.upstream = RawUpstream(lambda served: self.judge(served))
        await self.upstream.start()
        self.proxy = Running(spec_of(backend("legacy", self.upstream.port), limits=LIMITS))
        await self.proxy.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.proxy.__aexit__(None, None, None)
        await self.upstream.stop()

    async def try_bytes(self, raw: bytes) -> Seen:
        """Sends `raw` and a last request that asks for the end, reads until the proxy closes, and looks."""
        self.judge.asked, self.judge.unread = [], []
        self.proxy.ended.clear()
        wire = await self.proxy.connect()
        await wire.send(raw + END)
        try:
            answer = await wire.rest()
        except ConnectionResetError:
            answer = b""
        wire.close()
        await asyncio.sleep(0)
        ended = self.proxy.ended
        counted = [(one.method, one.target) for one in ended if one.side != "proxy"]
        refused = [f"{one.code} {one.outcome}: {one.why}" for one in ended if one.side == "proxy"]
        return Seen(answer, counted, refused, Judge(list(self.judge.asked), list(self.judge.unread)))

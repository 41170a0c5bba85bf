"""Where a case plays: a proxy's port in front, two recording upstreams behind it, raw bytes on both.

The proxy sends `/moved/` to `extracted` and everything else to `legacy`. A case raises `Broken` with what a client or
a backend could see; a case that returns has passed. Nothing here is about one proxy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from tests.support.wire import PATIENCE, RawUpstream, Script, Served, Wire, connect, fields, length_of, ok

FORWARDING = (
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-forwarded-host",
    b"forwarded",
    b"x-request-id",
    b"traceparent",
)  # what a proxy may add; anything else is invented


class Broken(Exception):  # noqa: N818 - a verdict, not an error of the tests
    """What can be seen from outside; its text goes into the table."""


class Behind(RawUpstream):
    """A recording upstream whose script each case sets anew; its port stays."""

    def __init__(self) -> None:
        super().__init__(self._play)
        self.part: Script = self.recording(ok())

    async def _play(self, served: Served) -> None:
        await self.part(served)

    async def clear(self) -> None:
        """End the connections of the last case and forget what it saw."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.connections.clear()
        self.requests.clear()
        self.part = self.recording(ok())

    def recording(self, *answers: bytes) -> Script:
        """Reads whole requests, chunked ones too, and answers each; the last answer again and again."""
        return answering(*answers, requests=self.requests)

    @property
    def heads(self) -> list[bytes]:
        return [head for head, _ in self.requests]


def answering(*answers: bytes, requests: list[tuple[bytes, bytes]] | None = None) -> Script:
    left = list(answers)

    async def script(served: Served) -> None:
        while True:
            head = await served.head()
            seen = head, await body_of(served, head)
            if requests is not None:
                requests.append(seen)
            await served.send(left.pop(0) if len(left) > 1 else left[0])

    return script


async def body_of(wire: Wire, head: bytes) -> bytes:
    if not fields(head, b"Transfer-Encoding"):
        return await wire.exactly(length_of(head))
    body = b""
    while size := int((line := await wire.until(b"\r\n")).partition(b";")[0], 16):
        body += line + await wire.exactly(size + 2)
    while line != b"\r\n":
        body += line
        line = await wire.until(b"\r\n")
    return body + line


@dataclass(slots=True)
class Stage:
    """One proxy, ready for one case. After `patience` seconds it hangs; what streams is there within half of them.
    `stop` tells it to stop as one who wants nobody cut would."""

    port: int
    legacy: Behind
    extracted: Behind
    wires: list[Wire] = field(default_factory=list)
    patience: float = PATIENCE
    stop: Callable[[], None] = lambda: None

    async def connect(self) -> Wire:
        wire = await connect(self.port)
        self.wires.append(wire)
        return wire

    async def ask(self, request: bytes, *answers: bytes) -> bytes:
        """Send on a connection of its own and read until it ends: the request must ask for that."""
        if answers:
            self.legacy.part = self.legacy.recording(*answers)
        wire = await self.connect()
        await wire.send(request)
        return await read_out(wire)

    async def seen(self, request: bytes, *answers: bytes) -> tuple[bytes, bytes]:
        """Head and body that legacy got of the one request."""
        got = await self.ask(request, *answers)
        if len(self.legacy.requests) != 1:
            raise Broken(f"answers {status_of(got)}" if not self.legacy.requests else "sends it more than once")
        return self.legacy.requests[0]

    async def answered(self, answer: bytes, method: bytes = b"GET") -> bytes:
        """What a client gets when legacy says `answer`; the connection's end is asked for."""
        return await self.ask(method + b" /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", answer)

    async def clear(self) -> None:
        for wire in self.wires:
            wire.writer.transport.abort()
        await self.legacy.clear()
        await self.extracted.clear()


@dataclass(frozen=True, slots=True)
class Case:
    """`name` says what should hold. `ours_only` where it is a setting or a word of this proxy alone; `theirs_only`
    where it takes whole processes of this one, which flow tests start; `senseless` gives the reason by peer where there
    is nothing to try. After one that `stops` the proxy is gone."""

    row: int
    name: str
    play: Callable[[Stage], Awaitable[None]]
    ours_only: bool = False
    theirs_only: bool = False
    stops: bool = False
    senseless: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.row}: {self.name}"


async def read_out(wire: Wire) -> bytes:
    """All bytes until the end, be it a good one or a reset."""
    data = b""
    while True:
        try:
            piece = await wire.some()
        except ConnectionResetError:
            return data
        if not piece:
            return data
        data += piece


def status_of(got: bytes) -> str:
    return got.split(b" ", 2)[1].decode("latin-1") if got.startswith(b"HTTP/") else "nothing" if not got else repr(got)


def expect(holds: object, words: str) -> None:
    if not holds:
        raise Broken(words)


def lines_of(head: bytes, without: tuple[bytes, ...] = (), like: bytes | None = None) -> list[bytes]:
    """The lines of a head after the first, less the fields that are named in lower case; with `like`, only those that
    the other head has too."""
    lines = head.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    wanted = None if like is None else {line.partition(b":")[0].lower() for line in lines_of(like)}
    names = [line.partition(b":")[0].lower() for line in lines]
    return [
        line
        for name, line in zip(names, lines, strict=True)
        if name not in without and (wanted is None or name in wanted)
    ]


def expect_lines(seen: list[bytes], wanted: list[bytes], any_case: bool = False) -> None:
    """Broken in words: what was added, lost, or only put otherwise."""
    if seen == wanted:
        return
    folded, plain = [_folded(line) for line in seen], [_folded(line) for line in wanted]
    if folded == plain:
        expect(any_case, "changes the case of header names")
        return
    if sorted(folded) == sorted(plain):
        raise Broken("changes the order of headers")
    added = _names([line for line in seen if _folded(line) not in plain])
    lost = _names([line for line in wanted if _folded(line) not in folded])
    words = [(added - lost, "adds"), (lost - added, "loses"), (added & lost, "changes")]
    raise Broken("; ".join(f"{word} {', '.join(sorted(names))}" for names, word in words if names) or "repeats a line")


def _folded(line: bytes) -> bytes:
    name, colon, value = line.partition(b":")
    return name.lower() + colon + value


def _names(lines: list[bytes]) -> set[str]:
    return {f"`{line.partition(b':')[0].decode('latin-1').title()}`" for line in lines}

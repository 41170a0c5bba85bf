"""A backend that is broken or taken over: the client never reads an answer that is not its own.

Two requests go over one client connection. The backend answers the first with the bytes of the table; whatever
follows, the second request is answered by its own answer or not at all, and h11 as the client reads them alike.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import h11
import pytest

from tests.security.judges import LIMITS
from tests.support.engine import Running, backend, spec_of
from tests.support.wire import RawUpstream, Served, ok

EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"
L = b"Content-Length: 5\r\n"
C = b"Transfer-Encoding: chunked\r\n"
OK = b"HTTP/1.1 200 OK\r\n"


def head(*lines: bytes, body: bytes = b"hello") -> bytes:
    return OK + b"".join(lines) + b"\r\n" + body


REFUSED = {
    "length and chunks": head(L, C, body=b"0\r\n\r\n" + EVIL),
    "chunks and length": head(C, L, body=b"0\r\n\r\n" + EVIL),
    "two lengths": head(L, b"Content-Length: 0\r\n", body=b"hello" + EVIL),
    "length plus": head(b"Content-Length: +5\r\n"),
    "length minus": head(b"Content-Length: -5\r\n"),
    "length hex": head(b"Content-Length: 0x5\r\n"),
    "length list": head(b"Content-Length: 5, 5\r\n"),
    "length list differs": head(b"Content-Length: 5, 0\r\n", body=b"hello" + EVIL),
    "length beyond 2**64": head(b"Content-Length: 18446744073709551621\r\n"),
    "length empty": head(b"Content-Length:\r\n"),
    "coding unknown": head(b"Transfer-Encoding: x\r\n", body=b"0\r\n\r\n"),
    "coding identity": head(b"Transfer-Encoding: identity\r\n"),
    "coding twice": head(C, C, body=b"0\r\n\r\n"),
    "coding list": head(b"Transfer-Encoding: gzip, chunked\r\n", body=b"0\r\n\r\n"),
    "coding in HTTP/1.0": head(C, body=b"0\r\n\r\n").replace(b"1.1", b"1.0", 1),
    "coding with a space before the colon": head(b"Transfer-Encoding : chunked\r\n", body=b"0\r\n\r\n"),
    "bare LF in a value": head(b"A: b\nSet-Cookie: evil=1\r\n", L),
    "bare CR in a value": head(b"A: b\rSet-Cookie: evil=1\r\n", L),
    "NUL in a value": head(b"A: b\x00c\r\n", L),
    "control in a value": head(b"A: b\x01c\r\n", L),
    "space in a name": head(b"A B: c\r\n", L),
    "no colon": head(b"A\r\n", L),
    "no name": head(b": b\r\n", L),
    "all bare LF": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "bare LF ends the head": OK + L + b"\n" + b"hello",
    "control in the reason": b"HTTP/1.1 200 O\x01K\r\n" + L + b"\r\nhello",
    "status of two digits": b"HTTP/1.1 20 OK\r\n" + L + b"\r\nhello",
    "status of four digits": b"HTTP/1.1 2000 OK\r\n" + L + b"\r\nhello",
    "status not a number": b"HTTP/1.1 abc OK\r\n" + L + b"\r\nhello",
    "HTTP/2": b"HTTP/2.0 200 OK\r\n" + L + b"\r\nhello",
    "HTTP/0.9": b"hello\r\n\r\n",
    "shoutcast": b"ICY 200 OK\r\n\r\n",
    "garbage": bytes(range(256)) * 4,
    "a head without end": OK + b"A: b\r\n" * 20_000,
    "101 that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
    + EVIL,
    "a hundred and one interim answers": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 101 + head(L),
    "chunk size odd": head(C, body=b"5 \r\nhello\r\n0\r\n\r\n"),
    "chunk extension with LF": head(C, body=b"5;\nx\r\nhello\r\n0\r\n\r\n"),
}
CUT = {
    "length longer than the body": head(b"Content-Length: 50\r\n"),
    "chunk not ended": head(C, body=b"5\r\nhelloXX0\r\n\r\n"),
    "trailer Content-Length": head(C, body=b"0\r\nContent-Length: 4\r\n\r\n" + EVIL),
    "trailer is an answer": head(C, body=b"0\r\n" + EVIL),
    "no last chunk": head(C, body=b"5\r\nhello\r\n"),
}
PASSES = {
    # what the client reads as the body of the first answer
    "two answers": (head(L) + EVIL, b"hello"),
    "two answers, the first empty": (head(b"Content-Length: 0\r\n", body=b"") + EVIL, b""),
    "bytes after chunks": (head(C, body=b"5\r\nhello\r\n0\r\n\r\n" + EVIL), b"hello"),
    "204 with a body": (b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL, b""),
    "204 with a length": (b"HTTP/1.1 204 No Content\r\n" + L + b"\r\nhello", b""),
    "304 with a body": (b"HTTP/1.1 304 Not Modified\r\n" + L + b"\r\nhello" + EVIL, b""),
    "equal lengths": (head(L, L), b"hello"),
    "no reason": (b"HTTP/1.1 200\r\n" + L + b"\r\nhello", b"hello"),
    "length nominated by Connection": (head(b"Connection: content-length\r\n", L) + EVIL, b"hello"),
    "coding nominated by Connection": (
        head(b"Connection: transfer-encoding\r\n", C, body=b"5\r\nhello\r\n0\r\n\r\n") + EVIL,
        b"hello",
    ),
    "escaped line ends": (head(b"Location: /%0d%0aSet-Cookie:%20evil=1\r\n", L), b"hello"),
    "wide characters whose low bytes are CR LF": (head("A: \u010d\u010aX: y\r\n".encode(), L), b"hello"),
    "no framing": (head(b"Connection: keep-alive\r\n") + EVIL, b"hello" + EVIL),
    "HTTP/1.0 with no framing": (head(b"A: b\r\n").replace(b"1.1", b"1.0", 1) + EVIL, b"hello" + EVIL),
    "interim answers before": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + head(L), b"hello"),
}


@dataclass
class Read:
    """The answers as h11 reads them: status and body, and whether the connection broke."""

    answers: list[tuple[int, bytes]] = field(default_factory=list)
    broken: bool = False
    raw: bytes = b""


async def read(raw: bytes) -> Read:
    upstream: RawUpstream

    async def script(served: Served) -> None:
        while True:
            first = (await served.request())[0].startswith(b"GET /first ")
            await served.send(raw if first else ok(b"second"))
            if first and (b"Connection: keep-alive" in raw or raw.startswith(b"HTTP/1.0") or "cut" in wanted):
                return
            upstream.requests.append((b"", b""))

    wanted = "cut" if raw in CUT.values() else ""
    found = Read()
    async with (
        RawUpstream(script) as upstream,
        Running(spec_of(backend("legacy", upstream.port), limits=LIMITS)) as proxy,
    ):
        async with await proxy.connect() as wire:
            reader = h11.Connection(h11.CLIENT)
            for target in (b"/first", b"/last"):
                sent = reader.send(h11.Request(method="GET", target=target, headers=[("Host", "h")]))
                await wire.send((sent or b"") + (reader.send(h11.EndOfMessage()) or b""))
                await _one(reader, wire, found)
                if found.broken or reader.our_state is not h11.DONE or reader.their_state is not h11.DONE:
                    break
                reader.start_next_cycle()
    return found


async def _one(reader: h11.Connection, wire: object, found: Read) -> None:
    status, body = 0, b""
    while True:
        try:
            event = reader.next_event()
            if event is h11.NEED_DATA:
                data = await wire.some()  # type: ignore[attr-defined]  # a Wire
                found.raw += data
                reader.receive_data(data)
                continue
        except (h11.RemoteProtocolError, ConnectionResetError):
            found.broken = True
            return
        if isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            found.answers.append((status, body))
            return
        elif isinstance(event, h11.ConnectionClosed):
            found.broken = True
            return


@pytest.mark.parametrize("name", REFUSED)
async def test_a_502_takes_its_place_and_the_next_answer_is_right(name: str) -> None:
    found = await read(REFUSED[name])
    assert [status for status, _ in found.answers] == [502, 200]
    assert found.answers[1][1] == b"second"
    assert b"EVIL" not in found.raw
    assert b"evil" not in found.raw


@pytest.mark.parametrize("name", CUT)
async def test_a_body_that_cannot_be_trusted_breaks_the_connection(name: str) -> None:
    found = await read(CUT[name])
    assert found.broken
    assert found.answers == []
    assert b"EVIL" not in found.raw


@pytest.mark.parametrize("name", PASSES)
async def test_what_passes_has_one_reading_and_the_next_answer_is_right(name: str) -> None:
    raw, body = PASSES[name]
    found = await read(raw)
    assert not found.broken
    assert found.answers[0][1] == body
    assert all(answer == (200, b"second") for answer in found.answers[1:])
    assert len(found.answers) == 2 or body.endswith(EVIL), "only an answer that ends with its connection ends it"
    assert found.raw.count(b"EVIL") == body.count(b"EVIL")


async def test_a_second_answer_sent_later_reaches_nobody() -> None:
    """The idle connection it comes on is given up, also when another client's request is about to take it."""
    sent = asyncio.Event()

    async def script(served: Served) -> None:
        await served.request()
        await served.send(ok(b"first" if served.number == 0 else b"second"))
        if served.number == 0:
            await asyncio.sleep(0)
            await served.send(EVIL)
            sent.set()
        await served.rest()

    async with RawUpstream(script) as upstream, Running(spec_of(backend("legacy", upstream.port))) as proxy:
        async with await proxy.connect() as one, await proxy.connect() as two:
            await one.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await one.answer())[1] == b"first"
            await sent.wait()
            await two.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
            assert (await two.answer())[1] == b"second"

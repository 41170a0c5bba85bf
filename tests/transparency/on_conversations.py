"""Rows 4, 7, 17, 19-23 and 27: who says what, when; and what must not be said at all."""

from __future__ import annotations

import asyncio
from functools import partial

from tests.support.wire import Served, Wire, fields, length_of, ok
from tests.transparency.stage import Broken, Case, Stage, body_of, expect, read_out, status_of

HOST = b" HTTP/1.1\r\nHost: h\r\n"
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


async def refuses(raw: bytes, stage: Stage) -> None:
    got = await stage.ask(raw + b"GET /smuggled" + HOST + b"Connection: close\r\n\r\n")
    if stage.legacy.heads:
        odd = {line.lower() for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n")[2:]}
        mended = odd - {line.lower() for line in stage.legacy.heads[0].split(b"\r\n")}
        raise Broken("passes it on mended" if mended else "passes it on as it is")
    expect(not stage.legacy.connections, "the backend gets a part of it")
    expect(got == b"" or status_of(got).startswith(("4", "5")), f"answers {status_of(got)}")


async def lets_100_through(stage: Stage) -> None:
    async def script(served: Served) -> None:
        head = await served.head()
        if fields(head, b"Expect"):
            await served.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        stage.legacy.requests.append((head, await body_of(served, head)))
        await served.send(ok())

    stage.legacy.part = script
    wire = await stage.connect()
    await wire.send(b"POST /p" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
    interim = await wire.head()
    expect(interim.startswith(b"HTTP/1.1 100 "), f"answers {status_of(interim)}")
    await wire.send(b"hello")
    got = await read_out(wire)
    expect(status_of(got) == "200" and stage.legacy.requests[0][1] == b"hello", f"answers {status_of(got)}")


async def shows_early_refusal(stage: Stage) -> None:
    async def script(served: Served) -> None:
        await served.head()
        await served.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        await served.some()

    stage.legacy.part = script
    wire = await stage.connect()
    await wire.send(b"POST /p" + HOST + b"Expect: 100-continue\r\nContent-Length: 500000\r\n\r\n")
    got = await wire.head()
    expect(not got.startswith(b"HTTP/1.1 100 "), "says 100 although the backend refuses")
    expect(status_of(got) == "401", f"answers {status_of(got)}")


async def race(method: bytes, stage: Stage) -> list[bytes]:
    """The second request on a backend connection meets its end; returns the targets that arrived, in order."""
    seen: list[bytes] = []

    async def script(served: Served) -> None:
        for number in range(2):
            head = await served.head()
            seen.append(head.split(b" ")[1])
            if number:
                return
            await served.exactly(length_of(head))
            await served.send(ok())

    stage.legacy.part = script
    wire = await stage.connect()
    for target in (b"/first", b"/second"):
        await wire.send(b"%b %b" % (method, target) + HOST + b"Content-Length: 0\r\n\r\n")
        try:
            seen.append((await wire.answer())[0].split(b" ")[1])
        except (AssertionError, ConnectionResetError):
            seen.append(b"nothing")
    return seen


async def sends_get_again(stage: Stage) -> None:
    seen = await race(b"GET", stage)
    expect(seen[-1] == b"200", f"the client gets {seen[-1].decode()}")


async def never_sends_post_again(stage: Stage) -> None:
    seen = await race(b"POST", stage)
    expect(seen.count(b"/second") < 2, "the POST reaches the backend twice")


async def cancels_the_backend(stage: Stage) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def script(served: Served) -> None:
        await served.head()
        asked.set()
        try:
            while await served.some():
                pass
        except ConnectionResetError:
            pass
        gone.set()

    stage.legacy.part = script
    wire = await stage.connect()
    await wire.send(b"GET /p" + HOST + b"\r\n")
    await asked.wait()
    wire.close()
    try:
        async with asyncio.timeout(stage.patience / 2):
            await gone.wait()
    except TimeoutError:
        raise Broken("the backend works on") from None


async def streams_down(stage: Stage) -> None:
    heard = asyncio.Event()

    async def script(served: Served) -> None:
        await served.head()
        await served.send(SSE + b"7\r\ndata: 1\r\n")
        await heard.wait()
        await served.send(b"7\r\ndata: 2\r\n0\r\n\r\n")

    stage.legacy.part = script
    wire = await stage.connect()
    await wire.send(b"GET /events" + HOST + b"\r\n")
    try:
        async with asyncio.timeout(stage.patience / 2):
            await wire.until(b"data: 1")
    except TimeoutError:
        raise Broken("holds the first event back") from None
    heard.set()
    await wire.until(b"data: 2")


async def streams_up(stage: Stage) -> None:
    first = asyncio.Event()

    async def script(served: Served) -> None:
        await served.until(b"first")
        first.set()
        await served.until(b"second")
        await served.send(ok())

    stage.legacy.part = script
    wire = await stage.connect()
    await wire.send(b"POST /p" + HOST + b"Content-Length: 11\r\n\r\nfirst")
    try:
        async with asyncio.timeout(stage.patience / 2):
            await first.wait()
    except TimeoutError:
        raise Broken("holds the upload back") from None
    await wire.send(b"second")
    expect((await wire.answer())[1] == b"hello", "loses the answer")


async def passes_trailers_up(stage: Stage) -> None:
    body = b"5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n"
    lines = b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n"
    _, seen = await stage.seen(b"POST /p" + HOST + lines + body)
    expect(b"\r\nX-Sum: 7\r\n" in seen, "drops the trailer" if b"sum" not in seen.lower() else f"arrives as {seen!r}")


async def passes_trailers_down(stage: Stage) -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n"
    )
    got = await stage.ask(b"GET /p" + HOST + b"TE: trailers\r\nConnection: close, TE\r\n\r\n", answer)
    expect(b"\r\nX-Sum: 7\r\n" in got, "drops the trailer" if b"sum: 7" not in got.lower() else "changes its case")


async def passes_early_hints(stage: Stage) -> None:
    got = await stage.answered(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" + ok())
    expect(got.startswith(b"HTTP/1.1 103 "), f"drops the 103, answers {status_of(got)}")
    expect(b"HTTP/1.1 200 " in got, "loses the answer")


async def answers_preface(stage: Stage) -> None:
    wire = await stage.connect()
    await wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
    got = await wire.some()
    if got[3:4] == b"\x04":
        return  # a SETTINGS frame: it speaks HTTP/2
    got += await read_out(wire)
    expect(not got or status_of(got).startswith(("4", "5")), f"answers {got[:40]!r}")


async def declines_h2c(stage: Stage) -> None:
    lines = b"Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    got = await stage.ask(b"GET /p" + HOST + lines)
    expect(not any(b"h2c" in head.lower() for head in stage.legacy.heads), "offers h2c to the backend")
    expect(status_of(got) in ("200", "426", "403"), f"answers {status_of(got)}")


async def tunnels(stage: Stage) -> None:
    reply = b"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover"
    frames = b"\x81\xfe\xff\xff not a frame anybody should read \0\1\2"

    async def script(served: Served) -> None:
        head = await served.head()
        stage.legacy.requests.append((head, b""))
        await served.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")
        await served.send(reply + b"\r\n\r\n")
        await served.send(await served.exactly(len(frames)))

    stage.legacy.part = script
    wire = await stage.connect()
    lines = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n"
    await wire.send(b"GET /ws" + HOST + lines + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
    head = await wire.head()
    expect(status_of(head) == "101", f"answers {status_of(head)}")
    asked = fields(stage.legacy.heads[0], b"Sec-WebSocket-Extensions")
    expect(asked == [b"permessage-deflate"] and reply.lower() in head.lower(), "changes the extensions")
    await wire.send(frames)
    expect(await wire.exactly(len(frames)) == frames, "reads into the frames")


async def answers_in_order(stage: Stage) -> None:
    async def script(served: Served) -> None:
        while True:
            target = (await served.head()).split(b" ")[1]
            await served.send(ok(target))

    stage.legacy.part = script
    wire = await stage.connect()
    await wire.send(b"".join(b"GET /%d" % number + HOST + b"\r\n" for number in range(5)))
    answers = [await plain_answer(wire) for _ in range(5)]
    expect(answers == [b"/%d" % number for number in range(5)], f"answers {answers!r}")


async def plain_answer(wire: Wire) -> bytes:
    """The payload, of one chunk or of a length."""
    head = await wire.head()
    if not fields(head, b"Transfer-Encoding"):
        return await wire.exactly(length_of(head))
    return (await wire.until(b"\r\n0\r\n\r\n")).split(b"\r\n")[1]


SMUGGLING = (
    ("a length beside chunks", b"POST /p" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("two different lengths", b"POST /p" + HOST + b"Content-Length: 0\r\nContent-Length: 3\r\n\r\n"),
    ("a signed length", b"POST /p" + HOST + b"Content-Length: +0\r\n\r\n"),
    ("a list of lengths", b"POST /p" + HOST + b"Content-Length: 0, 0\r\n\r\n"),
    ("two Hosts", b"GET /p" + HOST + b"Host: other\r\n\r\n"),
    ("white space before the colon", b"POST /p" + HOST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    ("an unknown coding", b"POST /p" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ("chunked twice", b"POST /p" + HOST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    ("a bare LF", b"GET /p" + HOST + b"A: b\nB: c\r\n\r\n"),
    ("a bare CR", b"GET /p" + HOST + b"A: b\rB: c\r\n\r\n"),
    ("a folded line", b"GET /p" + HOST + b"A: b\r\n folded\r\n\r\n"),
    ("NUL in a value", b"GET /p" + HOST + b"A: b\0c\r\n\r\n"),
)
BAD_CHUNKS = (
    ("a chunk line with a bare LF", b"5\nhello\r\n0\r\n\r\n"),
    ("a signed chunk size", b"-1\r\nhello\r\n0\r\n\r\n"),
    ("a chunk longer than its size", b"3\r\nhello\r\n0\r\n\r\n"),
)


async def stops_at_bad_chunks(body: bytes, stage: Stage) -> None:
    lines = b"Transfer-Encoding: chunked\r\n\r\n"
    got = await stage.ask(b"POST /p" + HOST + lines + body + b"GET /smuggled" + HOST + b"Connection: close\r\n\r\n")
    expect(not stage.legacy.requests, "the backend gets a whole request")
    expect(got == b"" or status_of(got).startswith(("4", "5")), f"answers {status_of(got)}")


CASES = [
    *(Case(4, f"refused: {name}", partial(refuses, raw)) for name, raw in SMUGGLING),
    *(Case(4, f"stopped: {name}", partial(stops_at_bad_chunks, body)) for name, body in BAD_CHUNKS),
    Case(7, "100 Continue comes before the body", lets_100_through),
    Case(7, "a refusal comes before the body is sent", shows_early_refusal),
    Case(17, "a GET survives a backend that closes its idle connection", sends_get_again),
    Case(17, "a POST that was written is not sent twice", never_sends_post_again),
    Case(19, "a client that leaves cancels the backend", cancels_the_backend),
    Case(20, "events go out as they come", streams_down),
    Case(20, "an upload goes on as it comes", streams_up),
    Case(21, "trailers of a request pass", passes_trailers_up),
    Case(21, "trailers of an answer pass", passes_trailers_down),
    Case(21, "103 Early Hints pass", passes_early_hints),
    Case(22, "an HTTP/2 preface is answered", answers_preface),
    Case(22, "h2c is not offered on", declines_h2c),
    Case(23, "a WebSocket is a raw tunnel, its extensions kept", tunnels),
    Case(27, "pipelined requests are answered in order", answers_in_order),
]

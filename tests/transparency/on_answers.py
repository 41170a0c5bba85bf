"""Rows 6, 8-12, 15, 16, 24-26: what of an answer reaches the client."""

from __future__ import annotations

import gzip
from functools import partial

from tests.support.wire import Served, fields, ok
from tests.transparency.stage import Broken, Case, Stage, expect, expect_lines, lines_of, read_out, status_of

ZIPPED = gzip.compress(b"hello " * 50, mtime=0)


def split(got: bytes) -> tuple[bytes, bytes]:
    head, found, body = got.partition(b"\r\n\r\n")
    expect(found, f"answers {got!r}")
    return head + b"\r\n\r\n", body


async def keeps_body(answer: bytes, stage: Stage) -> None:
    head, body = split(await stage.answered(answer))
    wanted_head, wanted = split(answer)
    for name in (b"Content-Encoding", b"Content-Length", b"Transfer-Encoding"):
        expect(fields(head, name) == fields(wanted_head, name), f"{name.decode()} becomes {fields(head, name)!r}")
    expect(body == wanted, f"{wanted[:40]!r} becomes {body[:40]!r}")


async def keeps_fields(answer: bytes, any_case: bool, stage: Stage) -> None:
    """Those of the answer; that others are added is row 11."""
    head, _ = split(await stage.answered(answer))
    expect_lines(lines_of(head, like=answer), lines_of(answer), any_case)


async def invents_nothing(stage: Stage) -> None:
    head, _ = split(await stage.answered(ok(b"x")))
    expect_lines(lines_of(head, (b"connection",)), lines_of(ok(b"x")), any_case=True)


async def invents_no_framing(stage: Stage) -> None:
    head, body = split(await stage.answered(b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n"))
    added = [name for name in (b"Content-Length", b"Transfer-Encoding") if fields(head, name)]
    expect(not added and not body, f"adds {added!r} {body!r}")


async def keeps_status_line(line: bytes, stage: Stage) -> None:
    head, _ = split(await stage.answered(line + b"\r\nContent-Length: 0\r\n\r\n"))
    seen = head.partition(b"\r\n")[0]
    expect(seen == line, f"becomes `{seen.decode('latin-1')}`")


async def keeps_cookies_apart(stage: Stage) -> None:
    cookies = [b"a=1; Path=/; Expires=Wed, 09 Jun 2027 10:18:14 GMT", b"b=2", b"a=1"]
    head, _ = split(await stage.answered(ok(b"x", *(b"Set-Cookie: " + cookie for cookie in cookies))))
    expect(fields(head, b"Set-Cookie") == cookies, f"arrive as {fields(head, b'Set-Cookie')!r}")


async def stores_no_cookie(stage: Stage) -> None:
    for _ in range(2):
        await stage.answered(ok(b"x", b"Set-Cookie: session=alice; Path=/"))
    expect(not any(b"alice" in head for head in stage.legacy.heads), "one client's cookie is sent for another")


async def ends_hop_by_hop(stage: Stage) -> None:
    answer = ok(b"x", b"Connection: X-Hop", b"X-Hop: 1", b"Keep-Alive: timeout=5", b"Proxy-Connection: keep-alive")
    head, _ = split(await stage.answered(answer))
    left = [name for name in (b"X-Hop", b"Keep-Alive", b"Proxy-Connection") if fields(head, name)]
    expect(not left, "passes " + ", ".join(f"`{name.decode()}`" for name in left))


async def keeps_own_words_inside(stage: Stage) -> None:
    head, _ = split(await stage.answered(ok(b"x", b"X-Strangler-Route: r")))
    expect(b"strangler" not in head.lower(), "shows `X-Strangler-Route`")


async def follows_no_redirect(stage: Stage) -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://internal:9/x?a=%7E\r\nContent-Length: 0\r\n\r\n"
    head, _ = split(await stage.answered(answer))
    expect(len(stage.legacy.requests) == 1, "follows the redirect")
    expect(fields(head, b"Location") == [b"http://internal:9/x?a=%7E"], f"Location is {fields(head, b'Location')!r}")


async def shows_a_cut(answer: bytes, request: bytes, stage: Stage) -> None:
    """The client must be able to tell: too few bytes, no last chunk, or a reset where the end is the framing."""

    async def script(served: Served) -> None:
        await served.head()
        await served.send(answer)

    stage.legacy.part = script
    wire = await stage.connect()
    await wire.send(request)
    got, reset = b"", False
    try:
        while piece := await wire.some():
            got += piece
    except ConnectionResetError:
        reset = True
    head, _, body = got.partition(b"\r\n\r\n")
    if reset or not head or int(status_of(got)) >= 500:
        return
    if fields(head, b"Transfer-Encoding"):
        whole = body.endswith(b"0\r\n\r\n")
    elif fields(head, b"Content-Length"):
        whole = len(body) >= int(fields(head, b"Content-Length")[0])
    else:
        whole = True
    expect(not whole, "the cut answer looks whole")


async def no_body_after_head(stage: Stage) -> None:
    head, body = split(await stage.answered(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"HEAD"))
    expect(not body, "sends a body")
    expect(fields(head, b"Content-Length") == [b"5"], f"Content-Length becomes {fields(head, b'Content-Length')!r}")


async def no_chunks_for_1_0(stage: Stage) -> None:
    got = await stage.ask(
        b"GET /p HTTP/1.0\r\nHost: h\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    )
    head, body = split(got)
    expect(status_of(head) == "200", f"answers {status_of(head)}")
    expect(not fields(head, b"Transfer-Encoding") and body == b"hello", f"sends {body!r}")


async def close_ends_the_body(stage: Stage) -> None:
    async def script(served: Served) -> None:
        await served.head()
        await served.send(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")

    stage.legacy.part = script
    wire = await stage.connect()
    await wire.send(b"GET /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    head, body = split(await read_out(wire))
    if fields(head, b"Transfer-Encoding"):
        expect(body.endswith(b"0\r\n\r\n"), "the body never ends")
    expect(b"until the end" in body, f"sends {body!r}")


async def takes_long_head(size: int, stage: Stage) -> None:
    value = b"k" * size
    head, _ = await stage.seen(b"GET /p HTTP/1.1\r\nHost: h\r\nCookie: %b\r\nConnection: close\r\n\r\n" % value)
    expect(fields(head, b"Cookie") == [value], "the header is cut")


async def takes_long_answer_head(size: int, stage: Stage) -> None:
    got = await stage.answered(ok(b"x", b"X-Long: " + b"v" * size))
    expect(status_of(got) == "200", f"answers {status_of(got)}")


async def names_too_long_head(stage: Stage) -> None:
    got = await stage.ask(b"GET /p HTTP/1.1\r\nHost: h\r\nA: " + b"x" * 200_000 + b"\r\n\r\n")
    expect(status_of(got) in ("431", "400", "nothing") and not stage.legacy.requests, f"answers {status_of(got)}")
    expect(status_of(got) == "431", f"answers {status_of(got)} instead of 431")


async def names_too_long_answer_head(stage: Stage) -> None:
    got = await stage.answered(ok(b"x", b"A: " + b"x" * 200_000))
    expect(status_of(got) == "502", f"answers {status_of(got)} instead of 502")


async def accepts(answer: bytes, stage: Stage) -> None:
    got = await stage.answered(answer)
    expect(got.endswith(b"\r\n\r\nhello") and b" 200 " in got[:14], f"answers {status_of(got)}")


async def refuses(answer: bytes, stage: Stage) -> None:
    """What has no single reading becomes a 502 (or another 5xx), and not one byte of it passes."""
    got = await stage.answered(answer)
    if b"smuggled" in got:
        raise Broken("passes it on")
    expect(status_of(got).startswith("5"), f"answers {status_of(got)}")


GET = b"GET /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CASES = [
    Case(6, "a compressed answer passes as it is", partial(keeps_body, ok(ZIPPED, b"Content-Encoding: gzip"))),
    Case(6, "a mislabelled one too", partial(keeps_body, ok(b"not gzip", b"Content-Encoding: gzip"))),
    Case(6, "chunks keep their boundaries", partial(keeps_body, CHUNKED + b"3\r\nabc\r\n02\r\nde\r\n0\r\n\r\n")),
    Case(
        8,
        "answers: order, case and repetition are kept",
        partial(keeps_fields, ok(b"x", b"x-b: 1", b"X-A: 2", b"X-b: 3", b"Content-Type: TEXT/plain"), False),
    ),
    Case(9, "each Set-Cookie stays a line of its own", keeps_cookies_apart),
    Case(10, "no cookie is kept from one client to the next", stores_no_cookie),
    Case(11, "a bare answer gets no header", invents_nothing),
    Case(
        11,
        "Server and Date of the backend are kept",
        partial(keeps_fields, ok(b"x", b"Server: s", b"Date: Wed, 09 Jun 2027 10:18:14 GMT"), True),
    ),
    Case(11, "X-Strangler-* never reaches a client", keeps_own_words_inside, ours_only=True),
    Case(12, "answers: hop-by-hop fields and those that Connection names end here", ends_hop_by_hop),
    Case(15, "a redirect is passed, not followed", follows_no_redirect),
    Case(
        16,
        "an answer cut before its length is seen as cut",
        partial(shows_a_cut, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", GET),
    ),
    Case(16, "a chunked answer cut is seen as cut", partial(shows_a_cut, CHUNKED + b"5\r\nhello\r\n", GET)),
    Case(
        16,
        "so it is for an HTTP/1.0 client",
        partial(shows_a_cut, CHUNKED + b"5\r\nhello\r\n", b"GET /p HTTP/1.0\r\nHost: h\r\n\r\n"),
    ),
    Case(24, "HEAD keeps its Content-Length and gets no body", no_body_after_head),
    Case(24, "204 gets no framing", invents_no_framing),
    Case(
        24,
        "304 keeps the length of what it stands for",
        partial(keeps_fields, b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 5\r\n\r\n', True),
    ),
    Case(24, "an HTTP/1.0 client gets no chunks", no_chunks_for_1_0),
    Case(24, "a body ended by close ends", close_ends_the_body),
    Case(25, "a cookie of 40 KB passes", partial(takes_long_head, 40_000)),
    Case(25, "an answer's header of 40 KB passes", partial(takes_long_answer_head, 40_000)),
    Case(25, "beyond the limit: 431", names_too_long_head),
    Case(25, "beyond the limit in an answer: 502", names_too_long_answer_head),
    Case(26, "an equal Content-Length twice is accepted", partial(accepts, ok(b"hello", b"Content-Length: 5"))),
    Case(26, "an odd reason is kept", partial(keeps_status_line, b"HTTP/1.1 200 Alles in Ordnung, \xfc!")),
    Case(26, "an empty reason is kept", partial(keeps_status_line, b"HTTP/1.1 200 ")),
    Case(26, "an unknown status is kept", partial(keeps_status_line, b"HTTP/1.1 599 Odd")),
    Case(
        26,
        "two different lengths are a 502",
        partial(refuses, b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nContent-Length: 3\r\n\r\nsmuggled"),
    ),
    Case(
        26,
        "a length beside chunks is a 502",
        partial(
            refuses,
            b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nsmuggled\r\n0\r\n\r\n",
        ),
    ),
    Case(
        26,
        "NUL in a header is a 502",
        partial(refuses, b"HTTP/1.1 200 OK\r\nX: smuggled\0\r\nContent-Length: 0\r\n\r\n"),
    ),
]

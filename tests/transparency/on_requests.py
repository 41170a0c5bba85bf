"""Rows 1-3, 5, 8, 11-14 and 28: what of a request reaches the backend."""

from __future__ import annotations

import gzip
from functools import partial
from urllib.parse import unquote_to_bytes

from proxy.routing.paths import canonical, without_dots
from tests.support.wire import Served, fields
from tests.transparency.stage import FORWARDING, Broken, Case, Stage, expect, expect_lines, lines_of, status_of

CLOSE = b"Connection: close\r\n\r\n"
HOP = (*FORWARDING, b"connection")


async def keeps_target(target: bytes, stage: Stage) -> None:
    head, _ = await stage.seen(b"GET %b HTTP/1.1\r\nHost: h\r\n" % target + CLOSE)
    seen = head.split(b"\r\n")[0].split(b" ")[1]
    expect(seen == target, f"`{target.decode()}` arrives as `{seen.decode()}`")


async def replaces_host_by_absolute_target(stage: Stage) -> None:
    head, _ = await stage.seen(b"GET http://real.example/p?q HTTP/1.1\r\nHost: other\r\n" + CLOSE)
    target, hosts = head.split(b" ")[1], fields(head, b"Host")
    expect(
        target in (b"/p?q", b"http://real.example/p?q") and hosts == [b"real.example"],
        f"arrives as `{target.decode()}` with Host {hosts!r}",
    )


async def passes_options_star(stage: Stage) -> None:
    head, _ = await stage.seen(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n" + CLOSE)
    expect(head.startswith(b"OPTIONS * "), f"arrives as `{head.split(b' HTTP')[0].decode()}`")


async def refuses_connect(stage: Stage) -> None:
    async def script(served: Served) -> None:
        await served.head()

    stage.legacy.part = script
    got = await stage.ask(b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n" + CLOSE)
    expect(not stage.legacy.connections, "goes to the backend")
    expect(status_of(got).startswith(("4", "5")), f"answers {status_of(got)}")


async def reads_one_path(target: bytes, stage: Stage) -> None:
    """Refused, or every reading of what is sent on lies on the side it was sent to."""
    got = await stage.ask(b"GET %b HTTP/1.1\r\nHost: h\r\n" % target + CLOSE)
    for side, name, moved in ((stage.legacy, "legacy", False), (stage.extracted, "extracted", True)):
        for head in side.heads:
            sent = head.split(b" ")[1]
            decoded = unquote_to_bytes(sent).replace(b"\\", b"/").partition(b"\0")[0]
            readings = {
                canonical(sent),
                decoded,
                without_dots(canonical(sent)),
                without_dots(decoded.replace(b"//", b"/")),
            }
            if any(reading.startswith(b"/moved/") is not moved for reading in readings):
                raise Broken(f"`{sent.decode('latin-1')}` goes to {name}")
    expect(stage.legacy.requests or stage.extracted.requests or status_of(got) == "400", f"answers {status_of(got)}")


async def keeps_body(lines: bytes, body: bytes, stage: Stage) -> None:
    head, seen = await stage.seen(b"POST /p HTTP/1.1\r\nHost: h\r\n" + lines + CLOSE + body)
    framing = b"Content-Length" if b"Content-Length" in lines else b"Transfer-Encoding"
    expect(fields(head, framing), "frames the body otherwise")
    expect(
        seen == body, f"{len(body)} bytes arrive as {len(seen)} others" if len(body) > 64 else f"arrives as {seen!r}"
    )


async def keeps_headers(stage: Stage) -> None:
    lines = b"hOsT: pay.example\r\nX-B: 1\r\nx-a: 2\r\nX-B: 3\r\nX-Empty:\r\n"
    request = b"GET /p HTTP/1.1\r\n" + lines + b"\r\n"
    head, _ = await stage.seen(request[:-2] + CLOSE)
    expect_lines(
        [line.rstrip() for line in lines_of(head, HOP, like=request)], [line.rstrip() for line in lines_of(request)]
    )


async def keeps_latin_1(stage: Stage) -> None:
    head, _ = await stage.seen(b"GET /p HTTP/1.1\r\nHost: h\r\nX-Name: M\xfcller\r\n" + CLOSE)
    expect(fields(head, b"X-Name") == [b"M\xfcller"], f"arrives as {fields(head, b'X-Name')!r}")


async def keeps_repeated_cookies(stage: Stage) -> None:
    head, _ = await stage.seen(b"GET /p HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\ncookie: b=2\r\n" + CLOSE)
    seen = [line for line in lines_of(head) if line.lower().startswith(b"cookie")]
    expect_lines(seen, [b"Cookie: a=1", b"cookie: b=2"], any_case=True)


async def invents_nothing(request: bytes, stage: Stage) -> None:
    head, _ = await stage.seen(request + CLOSE)
    expect_lines(lines_of(head, HOP), lines_of(request + b"\r\n"), any_case=True)


async def ends_hop_by_hop(stage: Stage) -> None:
    head, _ = await stage.seen(
        b"GET /p HTTP/1.1\r\nHost: h\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
        b"Proxy-Connection: keep-alive\r\n\r\n"
    )
    left = [name for name in (b"X-Hop", b"Keep-Alive", b"Proxy-Connection") if fields(head, name)]
    expect(not left, "passes " + ", ".join(f"`{name.decode()}`" for name in left))


async def keeps_te_trailers(stage: Stage) -> None:
    head, _ = await stage.seen(b"GET /p HTTP/1.1\r\nHost: h\r\nTE: trailers, deflate\r\nConnection: close, TE\r\n\r\n")
    expect(fields(head, b"TE") == [b"trailers"], f"TE arrives as {fields(head, b'TE')!r}")


async def keeps_host(stage: Stage) -> None:
    head, _ = await stage.seen(b"GET /p HTTP/1.1\r\nHost: Shop.Example:8443\r\n" + CLOSE)
    expect(fields(head, b"Host") == [b"Shop.Example:8443"], f"Host arrives as {fields(head, b'Host')!r}")


async def believes_no_forged(name: bytes, value: bytes, stage: Stage) -> None:
    head, _ = await stage.seen(b"GET /p HTTP/1.1\r\nHost: h\r\n%b: %b\r\n" % (name, value) + CLOSE)
    expect(not any(value in seen for seen in fields(head, name)), "passes what a stranger says")


async def keeps_own_words_inside(stage: Stage) -> None:
    head, _ = await stage.seen(b"GET /p HTTP/1.1\r\nHost: h\r\nX-Strangler-Shadow: 1\r\n" + CLOSE)
    expect(b"x-strangler" not in head.lower(), "passes `X-Strangler-Shadow`")


async def passes_method(method: bytes, stage: Stage) -> None:
    head, _ = await stage.seen(method + b" /p HTTP/1.1\r\nHost: h\r\n" + CLOSE)
    expect(head.startswith(method + b" /p "), f"arrives as `{head.split(b' ')[0].decode()}`")


async def answers_unknown_method(stage: Stage) -> None:
    got = await stage.ask(b"BREW /p HTTP/1.1\r\nHost: h\r\n" + CLOSE)
    passed = [head for head in stage.legacy.heads if head.startswith(b"BREW ")]
    expect(passed or status_of(got) in ("501", "405"), f"answers {status_of(got)}")


CHUNKS = b"5;name=value\r\nhello\r\n001\r\n!\r\n0\r\n\r\n"
ZIPPED = gzip.compress(b"hello " * 50, mtime=0)
CASES = [
    *(
        Case(1, name, partial(keeps_target, target))
        for name, target in (
            ("escapes are kept", b"/a%7Eb%41?x=%27&y=%c3%bc"),
            ("escaped dot segments are kept", b"/a/%2e%2e/b"),
            ("dot segments are kept", b"/a/../b/./c"),
            ("double slashes are kept", b"//double//slash"),
            ("an odd query is kept", b"/q??x?=&&a=b;c"),
            ("quotes, pipes and braces are kept", b'/quote"pipe|brace{}'),
        )
    ),
    Case(2, "an absolute target replaces Host", replaces_host_by_absolute_target),
    Case(2, "`OPTIONS *` reaches the backend as it is", passes_options_star),
    Case(2, "CONNECT is refused", refuses_connect),
    *(
        Case(3, f"one reading only of `{target.decode()}`", partial(reads_one_path, target))
        for target in (
            b"/moved/%2e%2e/x",
            b"/a/../moved/x",
            b"//moved/x",
            b"/%6doved/x",
            b"/moved%2fx",
            b"/moved/..\\x",
        )
    ),
    Case(
        5,
        "a body with a length passes, whatever its bytes",
        partial(keeps_body, b"Content-Length: 51200\r\n", bytes(range(256)) * 200),
    ),
    Case(
        5, "chunks keep their boundaries and extensions", partial(keeps_body, b"Transfer-Encoding: chunked\r\n", CHUNKS)
    ),
    Case(
        5,
        "a compressed body is not inflated",
        partial(keeps_body, b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(ZIPPED), ZIPPED),
    ),
    Case(8, "requests: order, case and repetition are kept", keeps_headers),
    Case(8, "requests: a byte above 0x7f in a value is kept", keeps_latin_1),
    Case(8, "requests: two Cookie lines stay two", keeps_repeated_cookies),
    Case(11, "a bare GET gets no header", partial(invents_nothing, b"GET /p HTTP/1.1\r\nHost: h\r\n")),
    Case(
        11,
        "a POST without Content-Type stays without",
        partial(invents_nothing, b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n"),
    ),
    Case(11, "X-Strangler-* of a client ends here", keeps_own_words_inside, ours_only=True),
    Case(12, "requests: hop-by-hop fields and those that Connection names end here", ends_hop_by_hop),
    Case(12, "`TE: trailers` is kept", keeps_te_trailers),
    Case(13, "Host is kept, with its case and port", keeps_host),
    *(
        Case(14, f"a forged {name.decode()} is not believed", partial(believes_no_forged, name, value))
        for name, value in (
            (b"X-Forwarded-For", b"6.6.6.6"),
            (b"X-Forwarded-Proto", b"gopher"),
            (b"X-Forwarded-Host", b"evil.example"),
            (b"Forwarded", b"for=6.6.6.6"),
        )
    ),
    *(
        Case(28, f"{method.decode()} passes", partial(passes_method, method))
        for method in (b"PURGE", b"PROPFIND", b"REPORT")
    ),
    Case(28, "an unknown method passes, or gets a clear 501 or 405", answers_unknown_method),
]

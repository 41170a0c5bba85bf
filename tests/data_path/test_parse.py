"""Heads: what llhttp and we accept, what is noted of them, and that nothing doubtful is read as certain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.data_path.parse import CHUNKED, UNTIL_CLOSE, Answer, Refused, Request, read_answer, read_request
from proxy.model.outcome import Outcome


def request(raw: bytes) -> Request:
    read = read_request(raw)
    assert isinstance(read, Request), read
    return read


def answer(raw: bytes, method: bytes = b"GET") -> Answer:
    read = read_answer(raw, method)
    assert isinstance(read, Answer), read
    return read


def test_a_request_head_keeps_its_bytes() -> None:
    read = request(b"GET /%7E?x HTTP/1.1\r\nhOsT: h:80\r\nX-A:  1 \r\nx-a: 2\r\nE:\r\n\r\n")
    assert read.head.method == b"GET"
    assert read.head.target == b"/%7E?x"
    assert [name for name, _ in read.head.headers] == [b"hOsT", b"X-A", b"x-a", b"E"]
    assert (read.length, read.keep_alive, read.expects, read.upgrade) == (0, True, False, b"")


@pytest.mark.parametrize(
    ("lines", "length", "keep_alive", "expects", "upgrade"),
    [
        (b"Content-Length: 12\r\n", 12, True, False, b""),
        (b"Transfer-Encoding: Chunked\r\n", CHUNKED, True, False, b""),
        (b"Connection: x, Close\r\n", 0, False, False, b""),
        (b"Content-Length: 1\r\nExpect: 100-Continue\r\n", 1, True, True, b""),
        (b"Expect: 100-continue\r\n", 0, True, False, b""),
        (b"Connection: Upgrade\r\nUpgrade: WebSocket\r\n", 0, True, False, b"websocket"),
        (b"Upgrade: websocket\r\n", 0, True, False, b""),
        (b"Connection: Upgrade\r\nUpgrade: h2c\r\n", 0, True, False, b""),
    ],
)
def test_what_the_framing_fields_say(
    lines: bytes, length: int, keep_alive: bool, expects: bool, upgrade: bytes
) -> None:
    read = request(b"POST / HTTP/1.1\r\nHost: h\r\n" + lines + b"\r\n")
    assert (read.length, read.keep_alive, read.expects, read.upgrade) == (length, keep_alive, expects, upgrade)


def test_close_wins_wherever_it_is_said() -> None:
    for first, second in ((b"close", b"keep-alive"), (b"keep-alive", b"close")):
        lines = b"Host: h\r\nConnection: " + first + b"\r\nConnection: " + second + b"\r\n\r\n"
        assert not request(b"GET / HTTP/1.0\r\n" + lines).keep_alive
        assert not request(b"GET / HTTP/1.1\r\n" + lines).keep_alive


@pytest.mark.parametrize("host", [b"h", b"h:8080", b"[::1]:80", b"", b"a.b-c_d.example", b"%41.x"])
def test_hosts_that_are_hosts(host: bytes) -> None:
    assert request(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n").head.headers[0][1] == host


@pytest.mark.parametrize(
    ("lines", "method", "length", "keep_alive"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", b"GET", 3, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", b"HEAD", 0, True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", b"GET", CHUNKED, True),
        (b"HTTP/1.1 200 OK\r\n", b"GET", UNTIL_CLOSE, False),
        (b"HTTP/1.1 204 No Content\r\n", b"GET", 0, True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n", b"GET", 0, True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n", b"GET", 3, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n", b"GET", 3, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n", b"GET", 3, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\nConnection: keep-alive\r\n", b"GET", 3, False),
    ],
)
def test_how_long_an_answer_is(lines: bytes, method: bytes, length: int, keep_alive: bool) -> None:
    read = answer(lines + b"\r\n", method)
    assert (read.length, read.keep_alive) == (length, keep_alive)


@pytest.mark.parametrize(
    ("lines", "raw"),
    [
        (b"A: 1\r\nb:2\r\n", b"A: 1\r\nb:2\r\n"),
        (b"A: 1\r\nConnection: keep-alive\r\nB: 2\r\n", b"A: 1\r\nB: 2\r\n"),
        (b"A: 1\r\nConnection: close\r\n", b"A: 1\r\n"),
        (b"A: 1\r\nConnection: A\r\n", None),
        (b"A: 1\r\nconnection: keep-alive\r\n", None),
        (b"A: 1\r\nConnection: close\r\nConnection: close\r\n", b""),
        (b"A: 1\r\nKeep-Alive: timeout=5\r\n", None),
        (b"A: 1\r\nX-Strangler-Route: r\r\n", None),
        (b"A: 1\r\nUpgrade: x\r\n", None),
        (b"A: 1\r\nConnection: keep-alive\r\nProxy-Connection: x\r\n", None),
    ],
)
def test_an_answer_of_ordinary_fields_need_not_be_written_anew(lines: bytes, raw: bytes | None) -> None:
    read = answer(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n")
    if raw is None:
        assert read.raw == b""
    elif raw:
        assert read.raw == b"HTTP/1.1 200 OK\r\n" + raw + b"\r\n"
    assert b"onnection" not in read.raw


names = st.sampled_from(
    [
        b"Host",
        b"host",
        b"Content-Length",
        b"Transfer-Encoding",
        b"Connection",
        b"X",
        b"X-Strangler-A",
        b"Te",
        b" A",
        b"B ",
    ]
)
values = st.sampled_from(
    [b"", b"h", b"3", b"03", b"3,3", b"chunked", b"gzip, chunked", b"close", b"a\rb", b"a\nb", b"\x00", b"\xff", b" 3 "]
)
lines = st.lists(st.tuples(names, st.sampled_from([b": ", b":", b" : "]), values), max_size=5)


@given(st.sampled_from([b"GET / HTTP/1.1", b"POST /x HTTP/1.0", b"G / HTTP/1.1", b"GET /  HTTP/1.1"]), lines)
def test_a_request_is_refused_or_beyond_doubt(line: bytes, fields: list[tuple[bytes, bytes, bytes]]) -> None:
    raw = b"\r\n".join([line, *(b"".join(field) for field in fields), b"", b""])
    read = read_request(raw)
    if isinstance(read, Refused):
        assert read.outcome.status >= 400
        assert read.reason
        return
    lower = [(name.lower(), value) for name, value in read.head.headers]
    hosts = [value for name, value in lower if name == b"host"]
    lengths = [value for name, value in lower if name == b"content-length"]
    codings = [value for name, value in lower if name == b"transfer-encoding"]
    assert len(hosts) == 1 or (not hosts and read.head.version == (1, 0))
    assert len(lengths) + len(codings) <= 1
    assert read.length == (int(lengths[0]) if lengths else CHUNKED if codings else 0)
    for name, value in read.head.headers:
        assert not set(name) & set(b" \t:")
        assert not set(value) & set(b"\r\n\x00")


@given(st.binary(max_size=60))
def test_no_bytes_make_the_reader_raise(noise: bytes) -> None:
    assert isinstance(read_request(b"GET /" + noise + b"\r\n\r\n"), Request | Refused)
    assert isinstance(read_answer(b"HTTP/1.1 " + noise + b"\r\n\r\n", b"GET"), Answer | Refused)


def test_two_heads_in_one_are_not_one() -> None:
    read = read_request(b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: x\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    assert isinstance(read, Refused) or read.head.headers[0] == (b"Host", b"h")
    assert read_request(b"GET / HTTP/1.1\r\nHost: h\r\n") == Refused(Outcome.REQUEST_HEAD_INVALID, "incomplete head")

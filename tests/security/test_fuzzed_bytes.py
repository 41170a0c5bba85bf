"""Bytes that nobody thought of: made by hypothesis from the pieces that confuse parsers, judged by h11.

In `make soak` each runs with many more examples (`HYPOTHESIS_EXAMPLES`)."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass

import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.data_path import proxy_protocol
from proxy.data_path.framing import Chunked
from proxy.data_path.parse import CHUNKED, Refused, read_answer, read_request

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "400"))
FLOOR = 0.35  # of the fuzzed heads, that both the proxy and the judge read; usually it is about half
PIECES = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b" ",
        b"\t",
        b"\x0b",
        b"\x00",
        b":",
        b": ",
        b",",
        b";",
        b'"',
        b"\\",
        b"/",
        b"*",
        b"0",
        b"1",
        b"5",
        b"-1",
        b"+5",
        b"0x5",
        b"99999999999999999999",
        b"a",
        b"\x7f",
        b"\x80",
        b"\xff",
        b"GET",
        b"POST",
        b"/x",
        b"HTTP/1.1",
        b"HTTP/1.0",
        b"Host: h\r\n",
        b"Host: g\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 6\r\n",
        b"Content-Length",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding",
        b"chunked",
        b"identity",
        b"Connection: close\r\n",
        b"X: y\r\n",
        b"Expect: 100-continue\r\n",
        b"Upgrade: h2c\r\n",
        b"http://h/p",
        b"//",
        b"%00",
        b"#",
        b"?",
    ]
)
SOUP = st.lists(PIECES | st.binary(max_size=3), max_size=12).map(b"".join)
LINES = st.sampled_from(
    [
        b"GET / HTTP/1.1",
        b"POST /x?y=1 HTTP/1.1",
        b"PUT //a/%00 HTTP/1.1",
        b"DELETE http://h/p HTTP/1.1",
        b"POST / HTTP/1.0",
    ]
)
FRAMINGS = st.sampled_from([(), (b"Content-Length: 5",), (b"Content-Length: 0",), (b"Transfer-Encoding: chunked",)])
FIELDS = st.lists(
    st.sampled_from(
        [
            b"A: b",
            b"a: B",
            b"Empty:",
            b"Connection: close",
            b"Connection: keep-alive, x",
            b"TE: trailers",
            b"Expect: 100-continue",
            b"Upgrade: h2c",
            b"X-Forwarded-For: 1.2.3.4, ::1",
            b'Cookie: a="b; c"; d',
            b"Bytes: \xc3\xa9\xff",
        ]
    ),
    max_size=4,
)
VALID = st.builds(
    lambda line, host, framing, fields: b"\r\n".join((line, host, *framing, *fields)) + b"\r\n\r\n",
    LINES,
    st.sampled_from([b"Host: h", b"host: h:80", b"HOST:  h "]),
    FRAMINGS,
    FIELDS,
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a head: `kind` at a place, counted from the front in thousandths of the head."""

    kind: str
    place: int
    piece: bytes

    def of(self, raw: bytes) -> bytes:
        at = len(raw) * self.place // 1000
        if self.kind == "insert":
            return raw[:at] + self.piece + raw[at:]
        if self.kind == "replace":
            return raw[:at] + self.piece + raw[at + len(self.piece) :]
        if self.kind == "delete":
            return raw[:at] + raw[at + 1 + len(self.piece) :]
        if not raw.endswith(b"\r\n\r\n") or raw.count(b"\r\n") < 3:
            return raw  # broken already
        lines = raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
        number = 1 + (len(lines) - 1) * self.place // 1000  # never the first line
        line = lines[number]
        if self.kind == "repeat":
            lines.append(line)
        elif self.kind == "swap case":
            lines[number] = line.swapcase()
        elif self.kind == "pad":
            lines[number] = line.replace(b":", b": \t ", 1) + b" \t"
        else:
            lines.insert(number, b"X-Odd:" + self.piece)
        return b"\r\n".join(lines) + b"\r\n\r\n"


PLACES = st.integers(0, 999).map(lambda number: number * 617 % 1000)  # hypothesis loves small numbers
# Those that mostly break a head, and those that mostly do not.
ROUGH = st.builds(Change, st.sampled_from(["insert", "replace", "delete", "repeat"]), PLACES, PIECES)
MILD = st.builds(
    Change,
    st.sampled_from(["swap case", "pad", "field", "insert"]),
    PLACES.map(lambda place: 300 + place * 68 // 100),
    st.sampled_from([b"a", b"1", b",", b";", b"/", b'"', b"\\", b"\xff", b"chunked", b"identity"]),
)


def changed(changes: st.SearchStrategy[list[Change]]) -> st.SearchStrategy[bytes]:
    return st.builds(lambda raw, each: functools.reduce(lambda head, one: one.of(head), each, raw), VALID, changes)


HEAD = st.sampled_from(
    [
        *[changed(st.lists(MILD, min_size=1, max_size=3))] * 6,
        *[changed(st.lists(ROUGH, min_size=1, max_size=1))] * 2,
        changed(st.lists(MILD | ROUGH, min_size=2, max_size=5)),
        SOUP.map(lambda soup: b"GET / HTTP/1.1\r\nHost: h\r\n" + soup + b"\r\n\r\n"),
    ]
).flatmap(lambda heads: heads)  # six in ten of the first kind: `|` knows no weights
CHUNK = st.sampled_from(
    [
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"0\r\n",
        b"5;a=b\r\nhello\r\n",
        b"005\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"1\r\nx\r\n",
        b"A\r\n0123456789\r\n",
        b"X: y\r\n",
        b"Host: h\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b";",
        b"-",
        b"+",
        b"0x",
        b'"',
        b"g",
    ]
)


def test_a_head_is_refused_or_h11_reads_the_same_framing() -> None:
    tried = compared = 0

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(HEAD)
    def judge(raw: bytes) -> None:
        nonlocal tried, compared
        tried += 1
        compared += is_read_alike(raw)

    judge()
    assert compared >= FLOOR * tried, f"h11 was asked about {compared} of {tried} heads"


def is_read_alike(raw: bytes) -> bool:
    """False where there is nothing to compare: the head has no end, or one of the two refuses it."""
    end = raw.find(b"\r\n\r\n") + 4
    if end < 4:
        return False
    raw = raw[:end]
    request = read_request(raw)
    if isinstance(request, Refused):
        assert request.reason
        return False
    judge = h11.Connection(h11.SERVER)
    judge.receive_data(raw)
    try:
        seen = judge.next_event()
    except h11.RemoteProtocolError:
        return False  # a backend that refuses it too has no second reading
    assert isinstance(seen, h11.Request)
    assert (bytes(seen.method), bytes(seen.target)) == request.head[:2]
    lengths = [int(value) for name, value in seen.headers if name == b"content-length"]
    coded = any(name == b"transfer-encoding" for name, _ in seen.headers)
    assert request.length == (CHUNKED if coded else lengths[0] if lengths else 0)
    assert len(seen.headers) == len(request.head.headers)
    return True


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=200) | SOUP, st.sampled_from([b"GET", b"HEAD", b"POST"]))
def test_no_answer_head_makes_the_parser_fall(raw: bytes, method: bytes) -> None:
    for whole in (raw + b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + raw + b"\r\n\r\n"):
        answer = read_answer(whole[: whole.find(b"\r\n\r\n") + 4], method)
        assert isinstance(answer, Refused) or 100 <= answer.head.status <= 999


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(CHUNK | st.binary(max_size=3), max_size=12).map(b"".join), st.lists(st.integers(1, 7), min_size=1))
def test_what_is_passed_of_a_chunked_body_h11_reads_with_the_same_payload(raw: bytes, cuts: list[int]) -> None:
    body, payload, passed = Chunked(), bytearray(), b""
    body.sink = payload.extend
    at = 0
    while at < len(raw) and not body.done and not body.fault:
        step = cuts[at % len(cuts)]
        passed += body.feed(raw[at : at + step])
        at += step
    judge = h11.Connection(h11.SERVER)
    judge.receive_data(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + passed)
    assert isinstance(judge.next_event(), h11.Request)
    seen, ended = b"", False
    while not ended:
        event = judge.next_event()
        if event is h11.NEED_DATA:
            break
        if isinstance(event, h11.Data):
            seen += bytes(event.data)
        else:
            assert isinstance(event, h11.EndOfMessage)
            ended = True
    assert ended == body.done
    assert seen == bytes(payload)


V2 = st.builds(
    lambda command, family, length, rest: (
        proxy_protocol.SIGNATURE + bytes((command, family)) + length.to_bytes(2, "big") + rest
    ),
    st.sampled_from([0x20, 0x21]) | st.integers(0, 255),
    st.sampled_from([0, 0x11, 0x21]) | st.integers(0, 255),
    st.integers(0, 60) | st.integers(0, 65535),
    st.binary(max_size=80),
)
V1 = st.lists(
    st.sampled_from(
        [b"PROXY ", b"TCP4 ", b"TCP6 ", b"UNKNOWN", b"1.2.3.4 ", b"::1 ", b"80 ", b"65536 ", b"+1 ", b"80\r\n"]
    )
    | SOUP,
    max_size=8,
).map(b"".join)


@settings(max_examples=EXAMPLES, deadline=None)
@given(V2 | V1 | V1.map(b"PROXY TCP4 ".__add__) | st.binary(max_size=40))
def test_a_proxy_header_is_read_alike_however_it_is_cut_and_never_beyond_its_end(raw: bytes) -> None:
    whole = None
    for end in range(len(raw) + 1):
        found = proxy_protocol.read_header(raw[:end])
        if not isinstance(found, proxy_protocol.Wanted):
            whole = found
            break
        assert found.sure > 0 or found.most > 0
    if isinstance(whole, proxy_protocol.Source) and raw.startswith(b"PROXY "):
        assert raw[:end].endswith(b"\r\n"), "nothing behind the line was taken"
        assert end <= proxy_protocol.V1_LONGEST
    elif isinstance(whole, proxy_protocol.Source):
        assert end == 16 + int.from_bytes(raw[14:16], "big")

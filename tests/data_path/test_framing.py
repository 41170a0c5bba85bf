"""Body framing, with llhttp as the judge: what our scanner accepts, llhttp accepts with the same payload."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.data_path.framing import Chunked, Length, UntilClose


class _Judge:
    def __init__(self) -> None:
        self.payload = b""
        self.done = False

    def on_body(self, data: bytes) -> None:
        self.payload += data

    def on_message_complete(self) -> None:
        self.done = True


def judged(body: bytes) -> tuple[bytes, bool] | None:
    """What llhttp reads from the body: payload and whether it is complete; None when it refuses."""
    judge = _Judge()
    parser = httptools.HttpRequestParser(judge)
    try:
        parser.feed_data(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        parser.feed_data(body)
    except httptools.HttpParserError:
        return None
    return judge.payload, judge.done


def scanned(body: bytes, cuts: list[int] | None = None) -> tuple[Chunked, bytes, bytes]:
    """The scanner after reading the body in pieces, what it passed on, and the payload."""
    scanner = Chunked()
    payload: list[bytes] = []
    scanner.sink = payload.append
    passed = b""
    places = sorted({cut % (len(body) + 1) for cut in cuts or ()})
    for start, end in zip([0, *places], [*places, len(body)], strict=True):
        if scanner.fault:
            break
        if scanner.done:
            scanner.rest += body[start:end]
        elif start < end:
            passed += scanner.feed(body[start:end])
    return scanner, passed, b"".join(payload)


pieces = st.binary(min_size=1, max_size=40)
extensions = st.sampled_from([b"", b";a", b";a=b", b';a="q;\\"x"', b";a;b=c"])


@st.composite
def chunked_bodies(draw: st.DrawFn) -> tuple[bytes, bytes]:
    payload = b""
    wire = b""
    for piece in draw(st.lists(pieces, max_size=6)):
        size = b"%x" % len(piece) if draw(st.booleans()) else b"%04X" % len(piece)
        wire += size + draw(extensions) + b"\r\n" + piece + b"\r\n"
        payload += piece
    trailers = draw(st.sampled_from([b"", b"X-Sum: 1\r\n", b"a: b\r\nC:\r\n"]))
    return wire + b"0\r\n" + trailers + b"\r\n", payload


@given(chunked_bodies(), st.lists(st.integers(0, 500), max_size=5), st.sampled_from([b"", b"GET / HTTP/1.1\r\n"]))
def test_well_formed_bodies_pass_as_they_came_however_they_are_cut(
    made: tuple[bytes, bytes], cuts: list[int], following: bytes
) -> None:
    wire, payload = made
    scanner, passed, seen = scanned(wire + following, cuts)
    assert scanner.fault == ""
    assert scanner.done
    assert seen == payload
    assert scanner.size == len(payload)
    assert scanner.rest == following
    assert passed.replace(b"\r\nC: \r\n", b"\r\nC:\r\n") == wire
    assert judged(wire) == (payload, True)


mutations = st.tuples(st.integers(0, 400), st.sampled_from([b"", b"\r", b"\n", b"0", b" ", b"x", b";", b"\x00", b"-"]))


@given(chunked_bodies(), st.lists(mutations, min_size=1, max_size=3), st.lists(st.integers(0, 500), max_size=3))
def test_what_is_accepted_llhttp_accepts_with_the_same_payload(
    made: tuple[bytes, bytes], changes: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    wire = made[0]
    for place, insertion in changes:
        at = place % (len(wire) + 1)
        wire = wire[:at] + insertion + (wire[at:] if insertion else wire[at + 1 :])
    scanner, passed, seen = scanned(wire, cuts)
    if scanner.fault:
        return
    if scanner.done:
        wire = wire[: len(wire) - len(scanner.rest)]
        assert judged(wire) == (seen, True)
        assert judged(passed) == (seen, True)
    else:
        assert judged(passed) == (seen, False)


@pytest.mark.parametrize(
    "body",
    [
        b"5\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"-1\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5;\r\nhello\r\n0\r\n\r\n",
        b"5;a\nhello\r\n0\r\n\r\n",
        b"5;a\rb\r\nhello\r\n0\r\n\r\n",
        b"g\r\n",
        b"\r\n",
        b"fffffffffffffffff\r\n",
        b"10000000000000000\r\n",
        b"5_0\r\n",
        b"0\r\n folded: x\r\n\r\n",
        b"0\r\nA: b\r\n c\r\n\r\n",
        b"0\r\nA : b\r\n\r\n",
        b"0\r\nA\r\n\r\n",
        b"0\r\nA: b\nC: d\r\n\r\n",
        b"0\r\nA: \x00\r\n\r\n",
        b"0\r\nContent-Length: 4\r\n\r\n",
        b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"0\r\nHost: other\r\n\r\n",
        b"0\r\n\n",
        b"0\n\n",
        b"5;" + b"a" * 5000 + b"\r\n",
        b"0\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
        b"1;aaaa\r\nx\r\n" * 5000,
    ],
)
def test_malformed_chunking_is_refused_whole_or_byte_by_byte(body: bytes) -> None:
    assert scanned(body)[0].fault
    if len(body) < 100:
        assert scanned(body, list(range(len(body))))[0].fault


def test_nothing_of_a_malformed_line_goes_on() -> None:
    scanner, passed, _ = scanned(b"5\r\nhello\r\n5 \r\nworld\r\n0\r\n\r\n")
    assert scanner.fault
    assert passed == b"5\r\nhello\r\n"


def test_an_unfinished_line_is_held_back() -> None:
    scanner = Chunked()
    assert scanner.feed(b"5\r\nhello\r\n1") == b"5\r\nhello\r\n"
    assert scanner.feed(b"0\r\n") == b"10\r\n"
    assert scanner.feed(b"0123456789abcdef\r") == b"0123456789abcdef"
    assert scanner.feed(b"\n0\r\n\r\n") == b"\r\n0\r\n\r\n"
    assert scanner.done


def test_hop_by_hop_and_own_trailers_are_taken_out() -> None:
    body = b"0\r\nX-Sum: 1\r\nConnection: x\r\nX-Strangler-Shadow: 1\r\nB:2\r\n\r\n"
    assert scanned(body)[1] == b"0\r\nX-Sum: 1\r\nB: 2\r\n\r\n"


def test_length_ends_where_it_says() -> None:
    body = Length(5)
    assert body.feed(b"hel") == b"hel"
    assert (body.done, body.left) == (False, 2)
    assert body.feed(b"loGET") == b"lo"
    assert (body.done, body.rest, body.size) == (True, b"GET", 5)
    assert Length(0).done


def test_until_close_never_ends_by_itself() -> None:
    body = UntilClose()
    payload: list[bytes] = []
    body.sink = payload.append
    assert body.feed(b"a") + body.feed(b"b") == b"ab"
    assert not body.done
    assert payload == [b"a", b"b"]

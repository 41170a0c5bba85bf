"""Saved answers as people have them: raw messages, what curl writes, bare bodies."""

import gzip

import pytest

from proxy.comparison import BadMessageError, parse_saved
from proxy.model.sides import Side


def test_a_bare_body_is_a_200() -> None:
    saved = parse_saved(b'{"a": 1}\n', Side.LEGACY)
    assert (saved.status, saved.headers, saved.body.data) == (200, [], b'{"a": 1}\n')


def test_a_raw_message_keeps_its_status_and_headers() -> None:
    saved = parse_saved(b"HTTP/1.1 404 Not Found\r\nX-A:  b \r\nX-A: c\r\n\r\nbody", Side.EXTRACTED)
    assert (saved.status, saved.headers, saved.body.data) == (404, [(b"X-A", b"b"), (b"X-A", b"c")], b"body")
    assert saved.side is Side.EXTRACTED


@pytest.mark.parametrize(
    ("raw", "body", "complete"),
    [
        (b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3;x=y\nabc\n2\nde\n0\n\n", b"abcde", True),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nalready undone by curl",
            b"already undone by curl",
            True,
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc\n", b"abc", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", b"abc", False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/2 201\r\n\r\nabc", b"abc", True),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nundone", b"undone", True),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: 2\r\n\r\nundone", b"undone", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9" + b"9" * 5000 + b"\r\n\r\nabc", b"abc", True),
    ],
)
def test_framing_is_undone_if_it_is_there(raw: bytes, body: bytes, complete: bool) -> None:
    saved = parse_saved(raw, Side.LEGACY)
    assert (saved.body.data, saved.body.complete) == (body, complete)
    assert not any(name == b"Content-Encoding" for name, _ in saved.headers)


def test_a_coded_body_stays_coded() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x")
    saved = parse_saved(raw, Side.LEGACY)
    assert saved.headers == [(b"Content-Encoding", b"gzip")]
    assert gzip.decompress(saved.body.data) == b"x"


@pytest.mark.parametrize("raw", [b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nno field\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
def test_half_a_message_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(BadMessageError, match="line"):
        parse_saved(raw, Side.LEGACY)

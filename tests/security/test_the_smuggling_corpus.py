"""Row 4, whole: every attack of the corpus is refused before a backend reads a request, or read there as sent, once."""

from __future__ import annotations

import pytest

from tests.security.corpus import PASSES, REFUSED
from tests.security.judges import Bench

ODD = bytes(range(0x21)) + b'",:;\\_\x7f\x80\x85\xa0\xff'
PLACES = {
    "before the name": b"%bTransfer-Encoding: chunked",
    "within the name": b"Transfer%bEncoding: chunked",
    "after the name": b"Transfer-Encoding%b: chunked",
    "after the colon": b"Transfer-Encoding:%bchunked",
    "after a space": b"Transfer-Encoding: %bchunked",
    "within the value": b"Transfer-Encoding: chun%bked",
    "after the value": b"Transfer-Encoding: chunked%b",
    "instead of a line end": b"X: y%bTransfer-Encoding: chunked",
    "instead of CR": b"X: y%b\nTransfer-Encoding: chunked",
    "instead of LF": b"X: y\r%bTransfer-Encoding: chunked",
    "before a length": b"Content-Length:%b5",
    "after a length": b"Content-Length: 5%b",
    "within a length": b"Content-Length: 5%b5",
    "after the name of a length": b"Content-Length%b: 5",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_refused_and_no_backend_reads_a_request(name: str) -> None:
    async with Bench() as bench:
        seen = await bench.try_bytes(REFUSED[name])
        assert seen.read == [], f"the backend read a request: {seen}"
        assert seen.judge.unread == []
        status = seen.answer.split(b" ", 2)[1] if seen.answer else b""
        assert status in (b"400", b"405", b"431", b"501", b"505"), seen
        assert seen.answer.count(b"HTTP/1.1 ") == 1, "nothing after it is answered"


@pytest.mark.parametrize("name", PASSES)
async def test_passes_with_one_reading(name: str) -> None:
    raw, (method, target, body) = PASSES[name]
    async with Bench() as bench:
        seen = await bench.try_bytes(raw)
        assert seen.refused == []
        assert seen.judge.unread == []
        assert seen.read == [(method, target), (b"GET", b"/end")]
        assert seen.judge.asked[0].body == body


@pytest.mark.parametrize("where", PLACES)
async def test_an_odd_byte_around_a_framing_field_never_gives_two_readings(where: str) -> None:
    """What the smuggling tools mutate: with a length beside it, and without."""
    line = PLACES[where]
    async with Bench() as bench:
        for byte in ODD:
            for beside in (b"", b"Content-Length: 5\r\n" if b"Transfer" in line else b"Transfer-Encoding: chunked\r\n"):
                head = b"POST / HTTP/1.1\r\nHost: h\r\n" + beside + line % bytes((byte,)) + b"\r\n\r\n"
                seen = await bench.try_bytes(head + b"0\r\n\r\n")
                assert seen.agrees, (byte, beside, seen)
                for one in seen.judge.asked:
                    assert len(one.values(b"content-length")) + len(one.values(b"transfer-encoding")) <= 1


async def test_the_target_in_absolute_form_replaces_host() -> None:
    async with Bench() as bench:
        for target, host in (
            (b"http://real/p", b"real"),
            (b"http://u@real:8080/p", b"real:8080"),
            (b"HTTPS://real", b"real"),
        ):
            seen = await bench.try_bytes(b"GET " + target + b" HTTP/1.1\r\nHost: other\r\n\r\n")
            assert seen.judge.asked[0].values(b"host") == [host]

"""The PROXY protocol by its text: what each beginning of a connection is, whole and byte by byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.data_path.proxy_protocol import SIGNATURE, V1_LONGEST, V2_LONGEST, Malformed, Source, Wanted, read_header

FROM4, TO4 = bytes([192, 0, 2, 7]), bytes([10, 0, 0, 1])
FROM6, TO6 = bytes.fromhex("20010db8" + "00" * 11 + "07"), bytes(15) + b"\x01"
PORTS = b"\x30\x39\x01\xbb"


def v2(command: int, family: int, body: bytes, length: int | None = None) -> bytes:
    return SIGNATURE + bytes([command, family]) + (len(body) if length is None else length).to_bytes(2) + body


TLVS = b"\x01\x00\x02h2" + b"\x04\x00\x00" + b"\x03\x00\x04abcd"
WHOLE = [
    (b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\r\n", "192.0.2.7"),
    (b"PROXY TCP6 2001:db8::7 ::1 12345 443\r\n", "2001:db8::7"),
    (b"PROXY TCP6 2001:0DB8:0:0:0:0:0:0007 ::1 0 65535\r\n", "2001:db8::7"),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None),
    (v2(0x21, 0x11, FROM4 + TO4 + PORTS), "192.0.2.7"),
    (v2(0x21, 0x21, FROM6 + TO6 + PORTS), "2001:db8::7"),
    (v2(0x21, 0x11, FROM4 + TO4 + PORTS + TLVS), "192.0.2.7"),
    (v2(0x20, 0x00, b""), None),
    (v2(0x20, 0x11, FROM4 + TO4 + PORTS), None),  # LOCAL: the addresses are to be skipped
    (v2(0x20, 0x00, b"whatever"), None),
    (v2(0x21, 0x00, b"whatever"), None),  # UNSPEC
]
ODD = [
    b"GET / HTTP/1.1\r\n",
    b"\x16\x03\x01\x02\x00\x01",
    b"proxy TCP4 192.0.2.7 10.0.0.1 12345 443\r\n",
    b"PROXY  TCP4 192.0.2.7 10.0.0.1 12345 443\r\n",
    b"PROXY TCP4\r\nGET",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 12345\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 443 9\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 65536\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 012345 443\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 -1 443\r\n",
    b"PROXY TCP4 192.0.2.007 10.0.0.1 1 443\r\n",
    b"PROXY TCP4 192.0.2.256 10.0.0.1 1 443\r\n",
    b"PROXY TCP4 2001:db8::7 ::1 12345 443\r\n",
    b"PROXY TCP6 192.0.2.7 10.0.0.1 12345 443\r\n",
    b"PROXY TCP6 fe80::1%eth0 ::1 12345 443\r\n",
    b"PROXY UDP4 192.0.2.7 10.0.0.1 12345 443\r\n",
    b"PROXY TCP4 192.0.2.7\r10.0.0.1 12345 443\r\n",
    b"PROXY TCP4 " + b"1" * V1_LONGEST,
    SIGNATURE[:11] + b"\r",
    v2(0x11, 0x11, FROM4 + TO4 + PORTS),  # version 1 in binary
    v2(0x22, 0x11, FROM4 + TO4 + PORTS),  # a command nobody knows
    v2(0x21, 0x12, FROM4 + TO4 + PORTS),  # UDP
    v2(0x21, 0x31, bytes(216)),  # Unix
    v2(0x21, 0x11, FROM4 + TO4 + PORTS[:3]),
    v2(0x21, 0x21, FROM4 + TO4 + PORTS),
    v2(0x21, 0x11, FROM4 + TO4 + PORTS + b"\x01\x00"),
    v2(0x21, 0x11, FROM4 + TO4 + PORTS + b"\x01\x00\x09h2"),
    v2(0x21, 0x11, b"", V2_LONGEST + 1),
]


@pytest.mark.parametrize(("header", "ip"), WHOLE)
def test_a_header_names_the_client(header: bytes, ip: str | None) -> None:
    assert read_header(header) == Source(ip)


@pytest.mark.parametrize(("header", "ip"), WHOLE)
def test_a_header_in_pieces_wants_more_and_never_more_than_its_own(header: bytes, ip: str | None) -> None:
    for end in range(len(header)):
        wanted = read_header(header[:end])
        assert isinstance(wanted, Wanted), header[:end]
        if wanted.most:
            assert wanted == Wanted(0, V1_LONGEST - end)
        else:
            assert 0 < wanted.sure <= len(header) - end


@pytest.mark.parametrize("data", ODD)
def test_what_is_odd_is_refused(data: bytes) -> None:
    assert isinstance(read_header(data), Malformed)


@given(st.binary(max_size=200), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11"]))
def test_no_bytes_raise(rest: bytes, start: bytes) -> None:
    found = read_header(start + rest)
    assert isinstance(found, Source | Malformed | Wanted)
    if isinstance(found, Wanted):
        assert found.sure or found.most

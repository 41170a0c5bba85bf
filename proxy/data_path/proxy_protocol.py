"""The PROXY protocol, versions 1 and 2: what a balancer that passes bytes on says of the client, before its first byte.

HAProxy's proxy-protocol.txt is the standard. Whether a header is there is never guessed, it says, or a client could
write one of its own: who is expected to send one must, and nobody else may. A v1 line has at most 107 bytes; v2 says
its own length, bounded here, of which addresses are read and what follows them (TLVs) is skipped. `LOCAL` and `UNKNOWN`
are the balancer's own connections, such as health checks: they stand for themselves. Anything odd ends the
connection, as section 2 demands, without an answer.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1_LONGEST = 107
V2_LONGEST = 4096  # of what follows the 16 bytes: addresses and TLVs
_FIXED = 16
_V1 = b"PROXY "
_PROXY, _LOCAL = 0x21, 0x20  # version 2, and the command
_STREAM4, _STREAM6 = 0x11, 0x21
_TLV = 3


class Source(NamedTuple):
    """A whole header. `ip` is the client's address, None where the balancer speaks for itself."""

    ip: str | None


class Malformed(NamedTuple):
    reason: str


class Wanted(NamedTuple):
    """The header goes on: `sure` more bytes belong to it for certain, up to `most` may."""

    sure: int
    most: int = 0


def read_header(data: bytes) -> Source | Malformed | Wanted:
    """What these first bytes of a connection are. Never asks for a byte beyond the header: what follows is TLS or HTTP.

    `Wanted.most` is set for a v1 line, whose end is not known before it is seen: look at so many bytes without
    taking them, and take them up to the line's end.
    """
    if not (SIGNATURE.startswith(data[:12]) or _V1.startswith(data[:6])):
        return Malformed("no PROXY protocol header")
    if len(data) < 12:
        return Wanted(12 - len(data))
    if data[:1] == b"P":
        return _read_v1(data)
    return _read_v2(data)


def _read_v1(data: bytes) -> Source | Malformed | Wanted:
    line, end, _ = data.partition(b"\n")
    if not end and len(data) < V1_LONGEST:
        return Wanted(0, V1_LONGEST - len(data))
    if not end or not line.endswith(b"\r"):
        return Malformed("a v1 header without its line end")
    words = line[:-1].split(b" ")
    if words[1] == b"UNKNOWN":
        return Source(None)
    if len(words) != 6 or words[1] not in (b"TCP4", b"TCP6"):
        return Malformed("a v1 header that is not `PROXY TCP4|TCP6 from to port port`")
    version = 4 if words[1] == b"TCP4" else 6
    addresses = [_address(word, version) for word in words[2:4]]
    if addresses[0] is None or addresses[1] is None or not all(_is_port(word) for word in words[4:]):
        return Malformed("a v1 header with an odd address or port")
    return Source(addresses[0])


def _address(word: bytes, version: int) -> str | None:
    try:
        address = ipaddress.ip_address(word.decode("ascii"))
    except ValueError:
        return None
    return str(address) if address.version == version and b"%" not in word else None


def _is_port(word: bytes) -> bool:
    return word.isdigit() and len(word) <= 5 and int(word) <= 65535 and (word == b"0" or word[:1] != b"0")


def _read_v2(data: bytes) -> Source | Malformed | Wanted:
    if len(data) < _FIXED:
        return Wanted(_FIXED - len(data))
    command, family, length = data[12], data[13], int.from_bytes(data[14:16])
    if command not in (_PROXY, _LOCAL):
        return Malformed("a v2 header of an unknown version or command")
    if length > V2_LONGEST:
        return Malformed(f"a v2 header longer than {V2_LONGEST} bytes")
    if len(data) < _FIXED + length:
        return Wanted(_FIXED + length - len(data))
    if command == _LOCAL or family == 0:
        return Source(None)
    size = {_STREAM4: 4, _STREAM6: 16}.get(family)
    if size is None:
        return Malformed("a v2 header of a family that is not TCP over IPv4 or IPv6")
    body = data[_FIXED:]
    if len(body) < 2 * size + 4 or not _are_tlvs(body[2 * size + 4 :]):
        return Malformed("a v2 header shorter than what it holds")
    return Source(str(ipaddress.ip_address(body[:size])))


def _are_tlvs(rest: bytes) -> bool:
    """A type, two bytes of length and a value, again and again, to the very end."""
    at = 0
    while at + _TLV <= len(rest):
        at += _TLV + int.from_bytes(rest[at + 1 : at + _TLV])
    return at == len(rest)

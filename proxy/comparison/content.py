"""From the bytes of a payload to what they mean: content coding undone, charset and media type read.

Codings follow RFC 9110 section 8.4. `deflate` is zlib by the RFC and raw deflate from some servers; both are read.
Output is capped, because a thousand bytes can decode to a million: such a body is not compared rather than cut, since a
part of an answer proves nothing. A coding that is not known here is undecodable, never taken for plain.
"""

from __future__ import annotations

import codecs
import zlib
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import brotli

from proxy.model.headers import Headers, every
from proxy.model.observation import CapturedBody

MAX_DECODED = 4 * 1024 * 1024  # bytes


class Undecodable(Exception):  # noqa: N818 - read as a word: the payload is undecodable
    """The payload is not what its content coding says."""


class TooLarge(Exception):  # noqa: N818 - as above
    """The payload decodes to more than MAX_DECODED bytes."""


class Family(IntEnum):
    """How a payload is compared, from least to most structure."""

    BYTES = 0
    TEXT = 1
    JSON = 2


class Media(NamedTuple):
    family: Family
    charset: str  # "" when not declared or not known to Python


_TEXT_TYPES = frozenset(
    {
        b"application/xml",
        b"application/xhtml+xml",
        b"application/javascript",
        b"application/x-www-form-urlencoded",
        b"application/x-ndjson",
        b"application/yaml",
        b"image/svg+xml",
    }
)


@lru_cache(maxsize=512)
def media(content_type: bytes) -> Media:
    """Reads a Content-Type value; without one (b"") the payload is tried as JSON, then text, then bytes."""
    kind, *parameters = (part.strip() for part in content_type.lower().split(b";"))
    charset = ""
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"charset":
            charset = _known(value.strip().strip(b'"').decode("latin-1"))
    if not kind or kind == b"application/json" or kind.endswith(b"+json"):
        return Media(Family.JSON, charset)
    if kind.startswith(b"text/") or kind in _TEXT_TYPES or kind.endswith(b"+xml"):
        return Media(Family.TEXT, charset)
    return Media(Family.BYTES, charset)


def decoded(data: bytes, encoding: bytes) -> bytes:
    """`data` with its content codings undone, last applied first. Raises Undecodable and TooLarge."""
    for coding in reversed(encoding.lower().split(b",")):
        match coding.strip():
            case b"" | b"identity":
                pass
            case b"gzip" | b"x-gzip":
                data = _inflated(data, 31)
            case b"deflate":
                data = _inflated(data, 15 if _is_zlib(data) else -15)
            case b"br":
                data = _unbrotlied(data)
            case unknown:
                raise Undecodable(f"content coding {unknown.decode('latin-1')!r} is not known")
    if len(data) > MAX_DECODED:
        raise TooLarge
    return data


def text_of(data: bytes, charset: str) -> str | None:
    """`data` as text, UTF-8 unless told otherwise; None when it is not. A byte order mark is not part of the text."""
    try:
        text = str(data, charset or "utf-8")
    except UnicodeError:
        return None
    return text[1:] if text[:1] == "\ufeff" else text


def decoded_body(headers: Headers, body: CapturedBody) -> bytes | None:
    """The body with its content codings undone; None when that cannot be done within the limits."""
    try:
        return decoded(body.data, b",".join(every(headers, b"content-encoding")))
    except (Undecodable, TooLarge):
        return None


def _known(charset: str) -> str:
    try:
        info = codecs.lookup(charset)
    except (LookupError, ValueError):
        return ""
    return info.name if info._is_text_encoding else ""


def _is_zlib(data: bytes) -> bool:
    return len(data) >= 2 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0


def _inflated(data: bytes, window: int) -> bytes:
    """All gzip members (RFC 1952 section 2.2 allows several), or one zlib or deflate stream."""
    pieces: list[bytes] = []
    room = MAX_DECODED
    while data:
        machine = zlib.decompressobj(window)
        try:
            piece = machine.decompress(data, room + 1)
        except zlib.error as error:
            raise Undecodable(str(error)) from None
        room -= len(piece)
        if room < 0:
            raise TooLarge
        if not machine.eof:
            raise Undecodable("the compressed stream ends early")
        pieces.append(piece)
        data = machine.unused_data
        if window != 31 and data:
            raise Undecodable("bytes follow the compressed stream")
    return b"".join(pieces)


def _unbrotlied(data: bytes) -> bytes:
    if not data:
        return data
    machine = brotli.Decompressor()
    try:
        out: bytes = machine.process(data, output_buffer_limit=MAX_DECODED + 1)
    except brotli.error as error:
        raise Undecodable(str(error)) from None
    if len(out) > MAX_DECODED or not machine.can_accept_more_data():
        raise TooLarge
    if not machine.is_finished():
        raise Undecodable("the compressed stream ends early")
    return out

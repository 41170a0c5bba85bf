"""From the bytes of a payload to what they mean: content codings undone, characters read.

Codings follow RFC 9110 section 8.4. `deflate` is zlib by the RFC and raw deflate from some servers; both are read. zstd
is RFC 8878, with windows of 8 MB at most (RFC 9659). Output is capped after each coding, because a thousand bytes can
decode to a million: such a body is not compared rather than cut, since a part of an answer proves nothing. A coding
that is not known here is undecodable, never taken for plain.

Characters: a byte order mark wins over what is declared, as in browsers and in XML (RFC 7303 section 3); then the
charset of the Content-Type; then what the document says of itself (the XML declaration, the meta element of HTML);
then UTF-8. HTML that is not UTF-8 and names nothing is read as windows-1252, which is what every browser does.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Callable

import brotli
import zstandard

from proxy.comparison.media import Family, known_charset
from proxy.model.headers import Headers, every
from proxy.model.observation import CapturedBody

MAX_DECODED = 4 * 1024 * 1024  # bytes
MAX_CODINGS = 4  # one after the other on one payload
MAX_MEMBERS = 1000  # gzip members or zstd frames: each costs a copy of what follows
_ZSTD_WINDOW = 8 * 1024 * 1024


class Undecodable(Exception):  # noqa: N818 - read as a word: the payload is undecodable
    """The payload is not what its content coding says."""


class TooLarge(Exception):  # noqa: N818 - as above
    """The payload decodes to more than MAX_DECODED bytes."""


def decoded(data: bytes, encoding: bytes) -> bytes:
    """`data` with its content codings undone, last applied first. Raises Undecodable and TooLarge."""
    codings = encoding.lower().split(b",")
    if len(codings) > MAX_CODINGS:
        raise Undecodable(f"{len(codings)} content codings on one payload")
    for coding in reversed(codings):
        match coding.strip():
            case b"" | b"identity":
                pass
            case b"gzip" | b"x-gzip":
                data = _members(data, _gunzipped)
            case b"deflate":
                data = _inflated(data)
            case b"br":
                data = _unbrotlied(data)
            case b"zstd":
                data = _members(data, _unzstded)
            case unknown:
                raise Undecodable(f"content coding {unknown.decode('latin-1')!r} is not known")
    if len(data) > MAX_DECODED:
        raise TooLarge
    return data


def text_of(data: bytes, charset: str, family: Family = Family.TEXT, unnamed: str = "utf-8") -> str | None:
    """`data` as text; None when it is not. `unnamed` is the encoding of what names none. A byte order mark is not part
    of the text, but for that of UTF-8 before plain text: spreadsheets read the same table wrongly without it."""
    if data[:1] in BEGIN_MARKS:
        for mark, encoding in _MARKS:
            if data.startswith(mark):
                kept = family is Family.TEXT and encoding == "utf-8"
                return _text(data if kept else data[len(mark) :], encoding)
    if not charset and (family in (Family.HTML, Family.XML) or data[:64].lstrip()[:1] == b"<"):
        charset = _own_charset(data[:1024])
    if family is Family.HTML and charset == "iso8859-1":
        charset = WINDOWS
    encoding = charset or unnamed
    return str(data, "latin-1").translate(_WINDOWS) if encoding == WINDOWS else _text(data, encoding)


def mark_of(data: bytes) -> str:
    """The encoding of the byte order mark that `data` begins with; "" without one. Such begin with BEGIN_MARKS."""
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "")


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WINDOWS = "cp1252"
_UNSIGNED = b"\x81\x8d\x8f\x90\x9d"  # Python's windows-1252 lacks them; browsers read a control character
_WINDOWS = {at: chr(at) if at in _UNSIGNED else bytes((at,)).decode(WINDOWS) for at in range(0x80, 0xA0)}
BEGIN_MARKS = {mark[:1] for mark, _ in _MARKS}
_XML_SAYS = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_HTML_SAYS = re.compile(rb"(?i)<meta\s[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})")


def _own_charset(beginning: bytes) -> str:
    """What the document says of itself. It was read as ASCII, so it cannot be UTF-16 without a byte order mark."""
    said = _XML_SAYS.match(beginning) or _HTML_SAYS.search(beginning)
    charset = known_charset(said.group(1).decode("ascii")) if said else ""
    return "" if charset.startswith(("utf-16", "utf-32")) else charset


def _text(data: bytes, charset: str) -> str | None:
    try:
        return str(data, charset)
    except UnicodeError:
        return None


def decoded_body(headers: Headers, body: CapturedBody) -> bytes | None:
    """The body with its content codings undone; None when that cannot be done within the limits."""
    try:
        return decoded(body.data, b",".join(every(headers, b"content-encoding")))
    except (Undecodable, TooLarge):
        return None


def _members(data: bytes, decode: Callable[[bytes, int], tuple[bytes, bytes]]) -> bytes:
    """All members of a gzip payload (RFC 1952 section 2.2) or frames of a zstd one (RFC 8878 section 3.1) in a row."""
    pieces: list[bytes] = []
    room = MAX_DECODED
    while data:
        piece, data = decode(data, room)
        room -= len(piece)
        pieces.append(piece)
        if len(pieces) > MAX_MEMBERS:
            raise TooLarge
    return b"".join(pieces)


def _gunzipped(data: bytes, room: int) -> tuple[bytes, bytes]:
    return _zlib(data, 31, room)


def _inflated(data: bytes) -> bytes:
    if not data:
        return data
    is_zlib = len(data) >= 2 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
    plain, rest = _zlib(data, 15 if is_zlib else -15, MAX_DECODED)
    if rest:
        raise Undecodable("bytes follow the compressed stream")
    return plain


def _zlib(data: bytes, window: int, room: int) -> tuple[bytes, bytes]:
    """One stream undone, and what follows it."""
    machine = zlib.decompressobj(window)
    try:
        piece = machine.decompress(data, room + 1)
    except zlib.error as error:
        raise Undecodable(str(error)) from None
    if len(piece) > room:
        raise TooLarge
    if not machine.eof:
        raise Undecodable("the compressed stream ends early")
    return piece, machine.unused_data


def _unzstded(data: bytes, room: int) -> tuple[bytes, bytes]:
    """One frame undone, and what follows it. Read twice: only the reader has a cap, only the other says where the
    frame ends."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    try:
        if len(decompressor.stream_reader(data).read(room + 1)) > room:
            raise TooLarge
        machine = decompressor.decompressobj()
        piece = machine.decompress(data)
    except (zstandard.ZstdError, MemoryError) as error:
        raise Undecodable(str(error)) from None
    if not machine.eof:
        raise Undecodable("the compressed stream ends early")
    return piece, machine.unused_data


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

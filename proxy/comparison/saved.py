"""Saved answers, for `strangler compare`: a raw HTTP response message, or a bare body.

Files are what people have at hand, so what `curl -i` writes is read as well: it undoes chunking and (with --compressed)
the content coding but leaves the headers that announce them, and it puts interim answers in front. Bare line feeds are
accepted (RFC 9112 section 2.2).
"""

from __future__ import annotations

import re

from proxy.comparison.content import TooLarge, Undecodable, decoded
from proxy.model.headers import HeaderPair, first, tokens
from proxy.model.observation import CapturedBody, Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side

_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})(?: [^\r\n]*)?\r?\n")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*?)[ \t]*\r?\n")
_END = re.compile(rb"\r?\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_MAGIC = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")  # of gzip and zstd


class BadMessageError(ValueError):
    """The file starts like an HTTP message and is none; the text says where."""


def parse_saved(raw: bytes, side: Side) -> Observation:
    """An observation with status 200 for a bare body. Raises BadMessageError."""
    status, body = 200, raw
    headers: list[HeaderPair] = []
    while body.startswith(b"HTTP/"):
        status, headers, body = _message(body)
        if status >= 200:
            break
    complete = True
    if first(headers, b"transfer-encoding") is not None and tokens(headers, b"transfer-encoding")[-1:] == [b"chunked"]:
        unchunked = _unchunked(body)
        body = body if unchunked is None else unchunked
    else:
        length = first(headers, b"content-length")
        if length is not None and re.fullmatch(rb"\d{1,15}", length) and not _was_decoded(headers, body):
            complete = len(body) >= int(length)
            body = body[: int(length)]
    if _was_decoded(headers, body):
        headers = [pair for pair in headers if pair[0].lower() != b"content-encoding"]
    captured = CapturedBody(body, len(body), complete)
    return Observation(side, "saved", Outcome.OK, status, headers, captured, "", 0.0, 0.0)


def _message(raw: bytes) -> tuple[int, list[HeaderPair], bytes]:
    line = _STATUS_LINE.match(raw)
    if not line:
        raise BadMessageError("line 1 is not a status line such as 'HTTP/1.1 200 OK'")
    headers: list[HeaderPair] = []
    at = line.end()
    while not (end := _END.match(raw, at)):
        field = _FIELD.match(raw, at)
        if not field:
            raise BadMessageError(
                f"line {len(headers) + 2} is neither a header field nor the empty line before the body"
            )
        headers.append((field.group(1), field.group(2)))
        at = field.end()
    return int(line.group(1)), headers, raw[end.end() :]


def _unchunked(body: bytes) -> bytes | None:
    """The payload without its chunk framing; None when it has none."""
    pieces: list[bytes] = []
    at = 0
    while size_line := _CHUNK_SIZE.match(body, at):
        size = int(size_line.group(1), 16)
        if size == 0:
            return b"".join(pieces)
        start = size_line.end()
        pieces.append(body[start : start + size])
        end = _END.match(body, start + size)
        if not end:
            return None
        at = end.end()
    return None


def _was_decoded(headers: list[HeaderPair], body: bytes) -> bool:
    """True when a content coding is announced that the saved body does not have any more."""
    coding = first(headers, b"content-encoding")
    if coding not in (b"gzip", b"deflate", b"br", b"zstd") or body.startswith(_MAGIC):
        return False
    try:
        decoded(body, coding)
    except Undecodable:
        return True
    except TooLarge:
        return False
    return False

"""Where a message's body ends (RFC 9112 sections 6 and 7).

A proxy that disagrees with the server behind it about where a request ends lets one client put words into another
one's mouth (request smuggling). So the scanners here are strict where RFC 9112 lets a recipient be lenient: no bare
LF, no white space around a chunk size, no folded trailers, bounded lines, and a byte goes on only after everything
before it was understood. What is well formed goes on as the very bytes that came, chunk boundaries and extensions
included; only trailers are written anew when some of them may not pass.

llhttp is not used for bodies: it hides chunk sizes and extensions, cannot answer HEAD, and stops at any Upgrade. It
is the judge in the tests: what these scanners accept, it accepts, with the same payload.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from proxy.model.headers import HeaderPair

Sink = Callable[[bytes], None]

_CHUNK_LINE_LIMIT = 4096
_EXTENSIONS_LIMIT = 16 * 1024  # of one message: extensions are bytes that no payload limit counts
_TRAILERS_LIMIT = 16 * 1024
_SIZE_DIGITS = 15  # 2**60: no server of today reads more, and some overflow at 2**64

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]+)((?:;" + _TOKEN + rb"(?:=(?:" + _TOKEN + rb"|" + _QUOTED + rb"))?)*)")
_TRAILER = re.compile(rb"(" + _TOKEN + rb"):[ \t]*([\t \x21-\x7e\x80-\xff]*)")
_TRAILERS_REFUSED = frozenset({b"content-length", b"transfer-encoding", b"host"})
_TRAILERS_DROPPED = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade", b"proxy-authorization"}
)
_OWN = b"x-strangler-"

_SIZE, _DATA, _DATA_END, _TRAILERS = range(4)


class Length:
    """A body of a known number of bytes. `size` counts the payload seen so far."""

    __slots__ = ("done", "fault", "left", "rest", "sink", "size")

    def __init__(self, length: int) -> None:
        self.left = length
        self.size = 0
        self.done = length == 0
        self.fault = ""
        self.rest = b""
        self.sink: Sink | None = None

    def feed(self, data: bytes) -> bytes:
        """What of `data` belongs to the body; what follows it is in `rest` once `done`."""
        if len(data) > self.left:
            self.rest = data[self.left :]
            data = data[: self.left]
        self.left -= len(data)
        self.size += len(data)
        self.done = self.left == 0
        if self.sink is not None and data:
            self.sink(data)
        return data


class UntilClose:
    """A body that ends with its connection (answers only)."""

    __slots__ = ("done", "fault", "rest", "sink", "size")

    def __init__(self) -> None:
        self.size = 0
        self.done = False
        self.fault = ""
        self.rest = b""
        self.sink: Sink | None = None

    def feed(self, data: bytes) -> bytes:
        self.size += len(data)
        if self.sink is not None:
            self.sink(data)
        return data


class Chunked:
    """A chunked body. `sink` gets the payload; `fault` says in a few words why the body cannot be trusted."""

    __slots__ = ("_extensions", "_held", "_left", "_state", "done", "fault", "rest", "sink", "size")

    def __init__(self) -> None:
        self._state = _SIZE
        self._left = 0
        self._held = b""
        self._extensions = 0
        self.size = 0
        self.done = False
        self.fault = ""
        self.rest = b""
        self.sink: Sink | None = None

    def feed(self, data: bytes) -> bytes:
        """The bytes to pass on: all that was understood, as it came. Unfinished lines are held until the next call.

        After `fault` is set nothing more may be fed; what is returned with it was valid."""
        if self._held:
            data = self._held + data
            self._held = b""
        at = 0
        end = len(data)
        while at < end:
            if self._state == _DATA:
                take = min(self._left, end - at)
                if self.sink is not None:
                    self.sink(data[at : at + take])
                self.size += take
                self._left -= take
                at += take
                if self._left:
                    break
                self._state = _DATA_END
            elif self._state == _TRAILERS:
                return self._end(data, at)
            elif self._state == _SIZE:
                following = self._chunk_line(data, at)
                if following == at:
                    break
                at = following
            else:
                if not data.startswith(b"\r\n", at):
                    if data[at:] == b"\r":
                        self._held = b"\r"
                    else:
                        self.fault = "chunk data not followed by CRLF"
                    break
                at += 2
                self._state = _SIZE
        return data if at == end else data[:at]

    def _hold(self, data: bytes, at: int, limit: int, fault: str) -> None:
        """Keep unfinished lines, if they can still become valid ones."""
        held = data[at:]
        bare = held.replace(b"\r\n", b"").removesuffix(b"\r")
        if len(held) > limit:
            self.fault = fault
        elif b"\r" in bare or b"\n" in bare:
            self.fault = "bare CR or LF"
        else:
            self._held = held

    def _chunk_line(self, data: bytes, at: int) -> int:
        """Reads a chunk-size line; returns where it ends, or `at` when it is unfinished or at fault."""
        newline = data.find(b"\n", at)
        if newline < 0:
            self._hold(data, at, _CHUNK_LINE_LIMIT, "chunk line too long")
            return at
        matched = _CHUNK_LINE.fullmatch(data, at, max(newline - 1, at))
        if matched is None or data[newline - 1 : newline] != b"\r" or newline - at > _CHUNK_LINE_LIMIT:
            self.fault = "bad chunk size or extension"
            return at
        digits, extension = matched.groups()
        self._extensions += len(extension)
        if len(digits) > _SIZE_DIGITS or self._extensions > _EXTENSIONS_LIMIT:
            self.fault = "chunk size or extensions beyond the limit"
            return at
        self._left = int(digits, 16)
        self._state = _DATA if self._left else _TRAILERS
        return newline + 1

    def _end(self, data: bytes, at: int) -> bytes:
        """Reads the trailer section, which begins at `at`; the trailers go on once all of them are there."""
        if data.startswith(b"\r\n", at):
            return self._finish(data, data[: at + 2], at + 2)
        end = data.find(b"\r\n\r\n", at)
        if end < 0:
            self._hold(data, at, _TRAILERS_LIMIT, "trailers too long")
            return data[:at]
        kept = self._kept_trailers(data[at:end])
        if self.fault:
            return data[:at]
        return self._finish(data, data[:at] + b"".join(b"%s: %s\r\n" % pair for pair in kept) + b"\r\n", end + 4)

    def _finish(self, data: bytes, passed: bytes, end: int) -> bytes:
        self.done = True
        self.rest = data[end:]
        return passed

    def _kept_trailers(self, section: bytes) -> list[HeaderPair]:
        kept: list[HeaderPair] = []
        if len(section) > _TRAILERS_LIMIT:
            self.fault = "trailers too long"
            return kept
        for line in section.split(b"\r\n"):
            matched = _TRAILER.fullmatch(line)
            if matched is None:
                self.fault = "bad trailer"
                return kept
            name = matched[1].lower()
            if name in _TRAILERS_REFUSED:
                self.fault = "a framing or routing field in the trailers"
                return kept
            if name not in _TRAILERS_DROPPED and not name.startswith(_OWN):
                kept.append((matched[1], matched[2]))
        return kept


Body = Length | UntilClose | Chunked

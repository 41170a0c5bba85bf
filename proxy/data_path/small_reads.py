"""Reading a connection in small pieces, while memory is tight: of answers, and of uploads.

uvloop reads up to 256 KB at once. Whoever has a piece must keep it until its receiver takes it, so that is what a
client who does not read makes the proxy hold, beside the transport's own buffer. Into a buffer of the protocol's own it
reads no more than that has room for; but that costs two calls instead of one for every piece, so it is done only while
it matters.

Over TLS the loop reads on while its protocol rests, up to 256 KB that it keeps encrypted, and one read more. Then it is
told to rest as soon as there are two pieces. That is the least: a record of 16 KB comes in parts, and a loop that rests
with a part of one would never have the whole of it.
"""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

PIECE = 16 * 1024
_ENCRYPTED = 2 * PIECE
_BUFFER = memoryview(bytearray(PIECE))  # one for all: filled and emptied within a turn of the loop


class Reader(Protocol):
    """Whose connection it is."""

    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> bool: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...


class SmallReads(asyncio.BufferedProtocol):
    """Stands in for the connection's own protocol, to which it passes everything on."""

    __slots__ = ("_reader",)

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def get_buffer(self, sizehint: int) -> memoryview:
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self._reader.data_received(bytes(_BUFFER[:nbytes]))

    def eof_received(self) -> bool:
        return self._reader.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._reader.connection_lost(exc)

    def pause_writing(self) -> None:
        self._reader.pause_writing()

    def resume_writing(self) -> None:
        self._reader.resume_writing()


def read_small(transport: asyncio.Transport, reader: Reader, on: bool, *, stopped: bool) -> None:
    """In pieces of 16 KB at most, or as large as they come. Takes effect with the next one. `stopped` says that nothing
    is read now; that stays."""
    if not stopped:
        transport.pause_reading()  # the loop takes a protocol's kind to heart when it begins to read
    limits = getattr(transport, "set_read_buffer_limits", None)  # both loops' have it over TLS
    if limits is not None:
        limits(_ENCRYPTED if on else None, _ENCRYPTED if on else None)
    transport.set_protocol(SmallReads(reader) if on else cast(asyncio.Protocol, reader))
    if not stopped:
        transport.resume_reading()

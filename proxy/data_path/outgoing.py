"""What is written in one turn of the loop is sent at its end, together.

A write wakes whoever waits at the other end, and on another core that takes the kernel longer than anything else in an
exchange (an interrupt to a core that sleeps). Where a request is parsed between two writes, the other end has answered
the first and sleeps again before the second; of writes that follow each other it is woken by the first only. What one
connection is told in pieces goes as one. Under light load a turn has one event, and nothing waits. docs/performance.md
has the figures.

Large messages and pieces of longer ones are written at once: they are worth a wake-up each, and back pressure must not
wait for a turn. What is to be done after an answer, copies above all, comes when the answers have left.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable

LARGE = 64 * 1024  # bytes
_LINGER_NOT = struct.pack("ii", 1, 0)
MOST = 64  # connections that wait for the end of a turn; so that a long turn holds nobody up


class Outgoing:
    """The connections with something to send, and what comes after. Made inside a running loop."""

    __slots__ = ("_afterwards", "_line", "_loop", "_will_end")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._line: deque[Sending] = deque()
        self._afterwards: deque[Callable[[], None]] = deque()
        self._will_end = False  # the end of this turn is in the loop's line

    def add(self, one: Sending) -> None:
        self._line.append(one)
        if not self._will_end:
            self._soon()
        elif len(self._line) >= MOST:
            self.flush()

    def afterwards(self, work: Callable[[], None]) -> None:
        """Called at the end of the turn, when all is sent."""
        self._afterwards.append(work)
        if not self._will_end:
            self._soon()

    def flush(self) -> None:
        line = self._line
        while line:
            line.popleft().flush()

    def _soon(self) -> None:
        self._will_end = True
        self._loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._will_end = False
        try:
            self.flush()
            for _ in range(len(self._afterwards)):
                self._afterwards.popleft()()
        finally:  # a defect that one of them meets holds nobody else's answer back
            if (self._line or self._afterwards) and not self._will_end:
                self._soon()


class Sending:
    """The half of a connection that sends. `transport` is set by the loop before anything is written."""

    __slots__ = ("_outgoing", "_unsent", "transport")

    transport: asyncio.Transport

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self._unsent = b""

    def write(self, data: bytes) -> None:
        """A whole message, sent at the end of the turn."""
        unsent = self._unsent
        if len(unsent) + len(data) >= LARGE:
            self.write_now(data)
        elif unsent:
            self._unsent = unsent + data
        elif data:
            self._unsent = data
            self._outgoing.add(self)

    def write_now(self, data: bytes) -> None:
        """A piece of a message."""
        self.flush()
        self.transport.write(data)

    def flush(self) -> None:
        """Send now. To be called before the transport is used in another way."""
        unsent = self._unsent
        if unsent:
            self._unsent = b""
            if not self.transport.is_closing():
                self.transport.write(unsent)

    def reset(self) -> None:
        """Abort with a TCP reset: the other end is told at once, and what waits in the kernel is thrown away."""
        if not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.transport.abort()

"""After a 101: raw bytes both ways, with back pressure, until both ends have said all (RFC 9110 section 7.8).

Nothing is parsed, re-framed or limited in time: an idle WebSocket is a normal WebSocket. Each side's end is passed on
as an end, so that a protocol with a half-close keeps it. TCP keep-alive finds ends that are gone without a word.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from proxy.data_path.upstream import Upstream

if TYPE_CHECKING:
    from proxy.data_path.connection import Connection
    from proxy.data_path.exchange import Exchange


class Tunnel:
    """`exchange` is told once, when either connection is gone, with the bytes that went to the backend and back."""

    __slots__ = ("_client", "_closed", "_connection", "_ends", "_received", "_sent", "_upstream", "exchange")

    def __init__(self, connection: Connection, upstream: Upstream, exchange: Exchange) -> None:
        self._connection = connection
        self._client = connection.transport
        self._upstream = upstream
        self.exchange = exchange
        self._closed = False
        self._ends = 0
        self._sent = 0
        self._received = 0
        for transport in (self._client, upstream.transport):
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def from_client(self, data: bytes) -> None:
        self._sent += len(data)
        self._upstream.transport.write(data)

    def from_upstream(self, data: bytes) -> None:
        self._received += len(data)
        self._client.write(data)

    def client_full(self) -> None:
        self._upstream.pause()

    def client_ready(self) -> None:
        self._upstream.resume()

    def upstream_full(self) -> None:
        self._connection.pause()

    def upstream_ready(self) -> None:
        self._connection.resume()

    def narrow(self, on: bool) -> None:
        """As `Passing.narrow`."""
        self._upstream.narrow(on)

    def client_eof(self) -> None:
        self._pass_end(self._upstream.transport)

    def upstream_eof(self) -> None:
        self._pass_end(self._client)

    def _pass_end(self, other: asyncio.Transport) -> None:
        self._ends += 1
        if self._ends == 2 or other.is_closing() or not other.can_write_eof():
            self._close()  # loops know no half-closed connection over TLS
        else:
            other.write_eof()

    def client_lost(self) -> None:
        self._close()

    def client_reset(self) -> None:
        """Nobody needs what the backend has not taken yet."""
        self._upstream.reset()
        self._close()

    def upstream_lost(self) -> None:
        self._close()

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._upstream.transport.close()
        self._client.close()
        self.exchange.tunnel_ended(self._sent, self._received)

"""Which way in the public socket has: the loop's own server for plain HTTP, the entrance for all else.

An edit of routes.yaml may change it at any time. The server gets a duplicate of the socket, since it closes what it
listens on; the socket itself stays open throughout, so that nobody is refused in between.
"""

from __future__ import annotations

import asyncio
import select
import socket

from proxy.data_path.engine import DataPath
from proxy.data_path.entrance import Entrance

_BACKLOG = 4096


class Doors:
    """Made inside a running loop; `listener` is bound and listens, and stays its owner's."""

    def __init__(self, data_path: DataPath, listener: socket.socket) -> None:
        self._data_path = data_path
        self._listener = listener
        self._server: asyncio.Server | None = None
        self._entrance: Entrance | None = None
        self._following = asyncio.Lock()

    async def follow(self) -> None:
        """Opens the door that the snapshot in force wants, and closes the other."""
        async with self._following:
            wanted = self._data_path.needs_entrance
            if wanted and self._entrance is None:
                self._entrance = self._data_path.entrance(self._listener)
                self._close_server()
            elif not wanted and self._server is None:
                self._server = await self._serve(self._listener.dup())
                if self._entrance is not None:
                    self._entrance.close()
                    self._entrance = None

    async def _serve(self, listener: socket.socket) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        if listener.family == socket.AF_UNIX:
            return await loop.create_unix_server(self._data_path.protocol, sock=listener, backlog=_BACKLOG)
        return await loop.create_server(self._data_path.protocol, sock=listener, backlog=_BACKLOG)

    @property
    def has_waiting(self) -> bool:
        """True while a connection waits to be taken."""
        return bool(select.select([self._listener], [], [], 0)[0])

    async def close(self, limit: float) -> None:
        """Takes no more connections. Those on their way in have `limit` seconds to get there; who is in stays."""
        async with self._following:
            self._close_server()
            entrance, self._entrance = self._entrance, None
            if entrance is not None:
                entrance.close()
                await entrance.emptied(limit)

    def _close_server(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

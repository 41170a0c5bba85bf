"""The way in for connections that don't begin with HTTP: a PROXY protocol header, then TLS, then the client's protocol.

The header comes before the handshake and may arrive with its first bytes, so exactly the header is read off the socket
before the loop's transport gets it. The transport is the loop's own, and so is its TLS. Plain listeners don't come by
here: `loop.create_server` serves them as before.

Who has not got through counts as a client connection, and has the time of a request head for each step. A connection
that is closed without a word (a health check, a browser that thought ahead) leaves no trace, others are recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from typing import TYPE_CHECKING, cast

from proxy.data_path.client import Client
from proxy.data_path.connection import Origin
from proxy.data_path.proxy_protocol import Malformed, Source, Wanted, read_header
from proxy.data_path.tls import SHUTDOWN, tls_reason
from proxy.model.decision import UNROUTED
from proxy.model.outcome import Outcome
from proxy.model.records import Ended

if TYPE_CHECKING:
    from proxy.data_path.engine import DataPath

_AT_ONCE = 64  # connections accepted in one turn of the loop
_RETRY = 0.5  # seconds until the next try, when there are no file descriptors left
_NOTHING_LEFT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Entrance:
    """Accepts from a listening socket, which stays its owner's."""

    def __init__(self, engine: DataPath, listener: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._engine = engine
        self._listener = listener
        self._tasks: set[asyncio.Task[None]] = set()
        self._retry: asyncio.TimerHandle | None = None
        self._tls = engine.keyring.listener(lambda: engine.view.snapshot.spec.listen.tls)
        self._accept_on()

    def close(self) -> None:
        """Takes no more; those on their way in go on."""
        if self._retry is not None:
            self._retry.cancel()
        self._loop.remove_reader(self._listener)

    async def emptied(self, limit: float) -> None:
        """Waits until nobody is on the way in, and ends who still is after so many seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=limit)
        for task in self._tasks:
            task.cancel()

    def _accept_on(self) -> None:
        self._retry = None
        self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _NOTHING_LEFT:
                    raise
                self._loop.remove_reader(self._listener)  # it stays readable: asking again at once would spin
                self._retry = self._loop.call_later(_RETRY, self._accept_on)
                return
            engine = self._engine
            if len(engine.clients) + len(self._tasks) >= engine.view.limits.connections:
                connection.close()
                self._record(Outcome.POOL_EXHAUSTED, "too many client connections", address)
                continue
            connection.setblocking(False)
            task = self._loop.create_task(self._admit(connection, address))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _admit(self, connection: socket.socket, address: object) -> None:
        """1. The PROXY protocol header, from whom it is expected. 2. TLS. 3. HTTP."""
        snapshot, limit = self._engine.view.snapshot, self._engine.view.limits.head_timeout
        listen = snapshot.spec.listen
        ip = _ip_of(address)
        step = Outcome.REQUEST_PROXY_HEADER_INVALID
        try:
            if listen.proxy_protocol and snapshot.is_trusted(ip):
                async with asyncio.timeout(limit):
                    source = await self._read_header(connection)
                if isinstance(source, Malformed):
                    self._record(step, source.reason, address)
                    connection.close()
                    return
                ip = source.ip or ip
            step = Outcome.REQUEST_TLS_FAILED
            await self._hand_over(connection, Origin(ip, b"https" if listen.tls else b"http"), limit)
        except TimeoutError:
            self._record(step, f"not done within {limit:g} s", address)
            connection.close()
        except ssl.SSLError as error:
            self._record(step, tls_reason(error), address)
        except OSError:  # the client left
            connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise

    async def _hand_over(self, connection: socket.socket, origin: Origin, limit: float) -> None:
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def client() -> asyncio.Protocol:
            return cast(asyncio.Protocol, Client(self._engine, origin))

        if origin.scheme == b"http":
            await self._loop.connect_accepted_socket(client, connection)
        else:
            try:
                await self._loop.connect_accepted_socket(
                    client,
                    connection,
                    ssl=self._tls,
                    ssl_handshake_timeout=limit,
                    ssl_shutdown_timeout=SHUTDOWN,
                )
            except ConnectionAbortedError:
                raise TimeoutError from None  # how the loop says that a handshake took too long

    async def _read_header(self, connection: socket.socket) -> Source | Malformed:
        data = b""
        while isinstance(found := read_header(data), Wanted):
            await self._readable(connection)
            with contextlib.suppress(BlockingIOError):
                count = found.sure
                if found.most:
                    seen = connection.recv(found.most, socket.MSG_PEEK)
                    count = seen.find(b"\n") + 1 or len(seen)
                    if not seen:
                        raise ConnectionResetError
                piece = connection.recv(count)
                if not piece:
                    raise ConnectionResetError
                data += piece
        return found

    async def _readable(self, connection: socket.socket) -> None:
        ready = self._loop.create_future()
        self._loop.add_reader(connection, _tell, ready)
        try:
            await ready
        finally:
            self._loop.remove_reader(connection)

    def _record(self, outcome: Outcome, reason: str, address: object) -> None:
        engine = self._engine
        request_id = engine.new_request_id()
        ip = _ip_of(address)
        engine.record(Ended(UNROUTED, "proxy", "", outcome.value, 0, b"", b"", 0.0, 0, 0, request_id, ip, "", reason))


def _tell(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _ip_of(address: object) -> str:
    """The peer's address as `accept` names it, "" at a Unix socket."""
    return str(address[0]) if isinstance(address, tuple) else ""

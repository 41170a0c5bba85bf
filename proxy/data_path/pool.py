"""The connections to one backend: a limit, the idle ones last in first out, and a queue of those who wait.

Last in first out keeps few connections warm and lets the rest grow old and be closed. A backend may close an idle
connection at the very moment we use it, and then nobody can say whether it saw the request (RFC 9110 section 9.2.2),
so a request that must not be sent twice takes a connection that is new, or was in use within the last second and on
which the kernel has nothing to read: servers close idle connections after seconds, never after so short a rest.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from typing import cast

from proxy.data_path.outgoing import Outgoing
from proxy.data_path.tls import SHUTDOWN, Keyring, TlsError, tls_reason
from proxy.data_path.upstream import Upstream, User
from proxy.data_path.wheel import NEVER, Wheel
from proxy.model.outcome import Outcome
from proxy.model.spec import Backend
from proxy.routing.balance import Standing
from proxy.routing.breaker import Breaker
from proxy.routing.budget import Budget
from proxy.routing.forwarding import authority_of

_FRESH = 1.0
_KEEP_IDLE = 30.0
_QUEUE_LIMIT = 4096


class _Waiting:
    """One who waits for a connection."""

    __slots__ = ("deadline", "due", "pool", "user")

    def __init__(self, pool: Pool, user: User) -> None:
        self.pool = pool
        self.user: User | None = user
        self.deadline = NEVER
        self.due = NEVER

    def leave(self) -> User | None:
        """The user, for the last time: the wheel may hold this place for some seconds yet."""
        user, self.user = self.user, None
        self.deadline = NEVER
        return user

    def expired(self, now: float) -> None:
        user = self.user
        if user is not None and self.pool.forget(user):
            user.on_failed(Outcome.POOL_EXHAUSTED, "no connection became free")


class Pool:
    """Of one url. `head_limit` bounds an answer's head, in bytes; `breaker` is who hears how requests fared: the
    backend's, or where it has several urls the standing of this one. `budget` is the backend's for retries. `host` is
    for one of several urls: the Host that messages were made with, and the one to send in its place."""

    def __init__(
        self,
        backend: Backend,
        *,
        loop: asyncio.AbstractEventLoop,
        wheel: Wheel,
        outgoing: Outgoing,
        keyring: Keyring,
        head_limit: int,
        limit: int,
        breaker: Breaker | Standing,
        budget: Budget,
    ) -> None:
        self.backend = backend
        self.breaker = breaker
        self.budget = budget
        self.authority = authority_of(backend)
        self.host: tuple[bytes, bytes] | None = None
        self.build_header = backend.build_header.lower().encode("latin-1") if backend.build_header else None
        self.head_limit = head_limit
        self.limit = limit
        self.wheel = wheel
        self.outgoing = outgoing
        self._loop = loop
        self._keyring = keyring
        self._all: set[Upstream] = set()
        self._idle: list[Upstream] = []
        self._waiting: deque[_Waiting] = deque()
        self._opening: set[asyncio.Task[None]] = set()
        self._draining = False

    @property
    def counts(self) -> tuple[int, int, int]:
        """Idle, busy, waiting."""
        return len(self._idle), len(self._all) - len(self._idle), len(self._waiting)

    @property
    def under_way(self) -> int:
        """Requests that have a connection or wait for one. A tunnel has left the pool."""
        return len(self._all) - len(self._idle) + len(self._waiting)

    def take(self, user: User, *, fresh: bool) -> Upstream | None:
        """A connection, or None: then `on_connected` or `on_failed` of the user follows, later."""
        user.pool = self
        idle = self._idle
        while idle:
            upstream = idle.pop()
            if upstream.closed:
                continue
            if fresh and (time.monotonic() - upstream.idle_since > _FRESH or not upstream.is_quiet()):
                if len(self._all) + len(self._opening) < self.limit:
                    idle.append(upstream)
                    break
                upstream.close()
                continue
            return upstream
        if len(self._waiting) >= _QUEUE_LIMIT:
            self._loop.call_soon(user.on_failed, Outcome.POOL_EXHAUSTED, "too many wait for a connection")
            return None
        waiting = _Waiting(self, user)
        self._waiting.append(waiting)
        self.wheel.watch(waiting, self.wheel.now + self.backend.connect_timeout + self.backend.timeout)
        self._open_for_waiting()
        return None

    def forget(self, user: User) -> bool:
        """Take a user out of the queue; False when it was not there."""
        for waiting in self._waiting:
            if waiting.user is user:
                waiting.leave()
                self._waiting.remove(waiting)
                return True
        return False

    def give(self, upstream: Upstream) -> None:
        """Take back a connection that can be used again."""
        if self._waiting:
            self._serve(upstream)
        elif self._draining:
            upstream.close()
        else:
            upstream.idle_since = time.monotonic()
            self._idle.append(upstream)
            upstream.deadline = limit = self.wheel.now + _KEEP_IDLE
            if limit < upstream.due:
                self.wheel.watch(upstream, limit)

    def lost(self, upstream: Upstream) -> None:
        """A connection ended, or left the pool for a tunnel."""
        self._all.discard(upstream)
        if upstream.user is None and upstream in self._idle:
            self._idle.remove(upstream)
        self._open_for_waiting()

    def drain(self) -> None:
        """Close the idle connections now and every other one after its answer."""
        self._draining = True
        for upstream in list(self._idle):
            upstream.close()

    def close(self) -> None:
        self._draining = True
        for task in self._opening:
            task.cancel()
        for upstream in list(self._all):
            upstream.abandon()

    def _serve(self, upstream: Upstream) -> None:
        user = self._waiting.popleft().leave()
        assert user is not None  # noqa: S101 - who left is not in the queue
        user.on_connected(upstream)

    def _open_for_waiting(self) -> None:
        while len(self._waiting) > len(self._opening) and len(self._all) + len(self._opening) < self.limit:
            task = self._loop.create_task(self._open())
            self._opening.add(task)

    async def _connect(self) -> Upstream:
        """A connection that is ready for a request, TLS and all. Raises OSError, ssl.SSLError, TlsError."""
        loop, backend = self._loop, self.backend

        def made() -> asyncio.Protocol:
            return cast(asyncio.Protocol, Upstream(self))

        if backend.socket is not None:
            return cast(Upstream, (await loop.create_unix_connection(made, backend.socket))[1])
        if backend.tls is None:
            return cast(Upstream, (await loop.create_connection(made, backend.host, backend.port))[1])
        try:
            _, upstream = await loop.create_connection(
                made,
                backend.host,
                backend.port,
                ssl=self._keyring.context(backend.tls),
                server_hostname=backend.tls.server_name or backend.host,
                ssl_shutdown_timeout=SHUTDOWN,
            )
            return cast(Upstream, upstream)
        except (ConnectionResetError, ConnectionAbortedError):
            raise ssl.SSLError("closed during the handshake") from None

    async def _open(self) -> None:
        """Connect once, for the one who waits longest when it is done."""
        outcome = Outcome.UPSTREAM_CONNECT_REFUSED
        reason = ""
        upstream: Upstream | None = None
        try:
            async with asyncio.timeout(self.backend.connect_timeout):
                upstream = await self._connect()
        except (ssl.SSLError, TlsError) as error:
            outcome = Outcome.UPSTREAM_TLS_FAILED
            reason = tls_reason(error)
        except TimeoutError:
            outcome = Outcome.UPSTREAM_CONNECT_TIMEOUT
            reason = f"not connected within {self.backend.connect_timeout:g} s"
        except OSError as error:
            reason = error.strerror or str(error)
        finally:
            task = asyncio.current_task()
            if task is not None:
                self._opening.discard(task)
        if upstream is not None and not upstream.closed:
            self._all.add(upstream)
            self.give(upstream)
            return
        user = self._waiting.popleft().leave() if self._waiting else None
        if user is not None:
            user.on_failed(outcome, reason or "closed as soon as it was open")
        self._open_for_waiting()

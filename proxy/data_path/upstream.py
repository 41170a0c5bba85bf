"""One connection to a backend, used by one request at a time.

It knows the answer's framing and the backend's time-outs, and nothing of clients: its user is an exchange or a
captured call. After a whole answer it goes back to its pool, unless the answer said otherwise, bytes followed it, or
the request was never sent whole.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from typing import TYPE_CHECKING, Protocol, cast

from proxy.data_path.framing import Body, Chunked, Length, Sink, UntilClose
from proxy.data_path.outgoing import Sending
from proxy.data_path.parse import CHUNKED, Answer, Refused, head_may_follow, read_answer
from proxy.data_path.small_reads import read_small
from proxy.data_path.tls import tls_reason
from proxy.data_path.wheel import NEVER
from proxy.model.heads import ResponseHead
from proxy.model.outcome import Outcome

if TYPE_CHECKING:
    from proxy.data_path.pool import Pool
    from proxy.data_path.urls import Urls

_INTERIM_LIMIT = 100  # 1xx answers before the final one


class User(Protocol):
    """Who sent the request. `on_head` tells where the payload is wanted and is followed by `on_body`, at once; `done`
    comes once; after `done` or `on_failed` the connection is no longer the user's. `on_switched` is a 101: the
    connection leaves its pool. `pool` is the one that was asked last."""

    pool: Pool | Urls

    def on_connected(self, upstream: Upstream) -> None: ...
    def on_interim(self, head: ResponseHead) -> None: ...
    def on_switched(self, head: ResponseHead, data: bytes) -> None: ...
    def on_head(self, answer: Answer) -> Sink | None: ...
    def on_body(self, piece: bytes, done: bool) -> None: ...
    def on_failed(self, outcome: Outcome, reason: str) -> None: ...
    def on_upstream_full(self) -> None: ...
    def on_upstream_ready(self) -> None: ...


class Tunnelled(Protocol):
    """What takes over both connections after a 101."""

    def from_upstream(self, data: bytes) -> None: ...
    def upstream_eof(self) -> None: ...
    def upstream_lost(self) -> None: ...
    def upstream_full(self) -> None: ...
    def upstream_ready(self) -> None: ...


class Upstream(Sending):
    """An `asyncio.Protocol` in all but its base (see `Client`). `answering` is True once a byte of an answer came;
    `reused` when it served a request before."""

    __slots__ = (
        "_body",
        "_interims",
        "_keep_alive",
        "_method",
        "_part",
        "_poll",
        "_said_all",
        "answering",
        "closed",
        "deadline",
        "due",
        "idle_since",
        "is_narrow",
        "pool",
        "read_paused",
        "request_sent",
        "reused",
        "total",
        "tunnel",
        "user",
        "write_paused",
    )

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool.outgoing)
        self.pool = pool
        self.user: User | None = None
        self.tunnel: Tunnelled | None = None
        self.closed = False
        self.reused = False
        self.answering = False
        self.request_sent = False
        self.read_paused = False
        self.is_narrow = False
        self.write_paused = False
        self.idle_since = 0.0
        self.total = NEVER
        self.deadline = NEVER
        self.due = NEVER
        self._method = b""
        self._part = b""
        self._body: Body | None = None
        self._keep_alive = False
        self._interims = 0
        self._poll: select.poll | None = None
        self._said_all = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    # the user's side

    def begin(self, user: User, method: bytes, total: float, data: bytes, *, whole: bool) -> None:
        """Send a request, or its beginning. `total` is the wheel's time by which its answer must have ended, NEVER
        when it may last; `whole` says that nothing of the request follows."""
        self.user = user
        self._method = method
        self._interims = 0
        self.total = total
        self.answering = False
        self.request_sent = whole
        pool = self.pool
        wait = pool.wheel.now + pool.backend.timeout
        if wait > total:
            wait = total
        self.deadline = wait
        if wait < self.due:
            pool.wheel.watch(self, wait)
        self.write(data)

    def more(self, data: bytes) -> None:
        """More of the request."""
        self.write_now(data)
        self.deadline = min(self.pool.wheel.now + self.pool.backend.timeout, self.total)

    def abandon(self) -> None:
        """The user needs no answer any more: the backend sees the connection break."""
        self.user = None
        self._close(abort=True)

    def pause(self) -> None:
        if not self.read_paused and not self.closed:
            self.read_paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        if self.read_paused and not self.closed:
            self.read_paused = False
            self._expect_more()
            self.transport.resume_reading()

    def narrow(self, on: bool) -> None:
        """Memory is tight: read in small pieces, hold nothing that the backend does not take. Or it is no longer."""
        if self.closed or self.is_narrow is on:
            return
        self.is_narrow = on
        self.transport.set_write_buffer_limits(high=1 if on else None)  # of 0 TLS would never be ready again
        read_small(self.transport, self, on, stopped=self.read_paused)

    def is_quiet(self) -> bool:
        """Asks the kernel, not the event loop, whether the backend sent or closed anything meanwhile."""
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not self._poll.poll(0)

    # the network's side

    def data_received(self, data: bytes) -> None:
        user = self.user
        if user is None:
            if self.tunnel is not None:
                self.tunnel.from_upstream(data)
            else:
                self._close(abort=True)  # an answer that nobody asked for
            return
        self.answering = True
        body = self._body
        if body is None:
            self._read_head(user, self._part + data if self._part else data)
            return
        self._expect_more()
        self._read_body(user, body, data)

    def _expect_more(self) -> None:
        wait = self.pool.wheel.now + self.pool.backend.idle_timeout
        if wait > self.total:
            wait = self.total
        self.deadline = wait
        if wait < self.due:
            self.pool.wheel.watch(self, wait)

    def _read_head(self, user: User, data: bytes) -> None:
        self._part = b""
        end = data.find(b"\r\n\r\n") + 4
        limit = self.pool.head_limit
        if end < 4 or end > limit:
            if len(data) > limit:
                self._fail(Outcome.UPSTREAM_HEAD_TOO_LARGE, f"answer head larger than {limit} bytes")
            elif not (data.startswith(b"HTTP/1.") or b"HTTP/1.".startswith(data[:7])):
                self._fail(Outcome.UPSTREAM_HEAD_INVALID, "not an HTTP/1 answer")
            elif not head_may_follow(data):
                self._fail(Outcome.UPSTREAM_HEAD_INVALID, "bare LF or NUL in the head")
            else:
                self._part = data
            return
        answer = read_answer(data[:end], self._method)
        if isinstance(answer, Refused):
            self._fail(answer.outcome, answer.reason)
            return
        if answer.head.status < 200:
            self._interim(user, answer.head, data[end:])
            return
        rest = data[end:]
        length = answer.length
        if length == len(rest):  # all of it is here: most answers
            sink = user.on_head(answer)
            if self.user is user:
                if sink is not None and rest:
                    sink(rest)
                self._release(reusable=answer.keep_alive)
                user.on_body(rest, True)
            return
        body = Length(length) if length >= 0 else Chunked() if length == CHUNKED else UntilClose()
        self._body = body
        self._keep_alive = answer.keep_alive
        self._expect_more()
        body.sink = user.on_head(answer)
        if self.user is user:
            self._read_body(user, body, rest)

    def _read_body(self, user: User, body: Body, data: bytes) -> None:
        piece = body.feed(data)
        if body.fault:
            if piece:
                user.on_body(piece, False)
            if self.user is user:
                self._fail(Outcome.UPSTREAM_BODY_INVALID, body.fault)
        elif body.done:
            self._release(reusable=self._keep_alive and not body.rest)
            user.on_body(piece, True)
        else:
            user.on_body(piece, False)

    def _interim(self, user: User, head: ResponseHead, rest: bytes) -> None:
        self._interims += 1
        if head.status == 101:
            self.user = None
            self.pool.lost(self)  # a tunnel is outside the pool, which may open another connection
            self.deadline = NEVER
            user.on_switched(head, rest)
        elif self._interims > _INTERIM_LIMIT:
            self._fail(Outcome.UPSTREAM_HEAD_INVALID, "too many interim answers")
        else:
            user.on_interim(head)
            if rest and self.user is user:
                self._read_head(user, rest)

    def _release(self, *, reusable: bool) -> None:
        self.user = None
        self._body = None
        if reusable and self.request_sent and not self.closed:
            self.reused = True
            self.resume()
            self.pool.give(self)
        else:
            self._close(abort=not self.request_sent)

    def _fail(self, outcome: Outcome, reason: str) -> None:
        user = self.user
        self.user = None
        self._close(abort=True)
        if user is not None:
            user.on_failed(outcome, reason)

    def _close(self, *, abort: bool) -> None:
        if not self.closed:
            self.closed = True
            self.deadline = NEVER
            self._body = None
            self._part = b""
            if abort:
                if self.write_paused or not self.request_sent:
                    self.reset()  # a plain end would wait behind what the backend has not taken
                else:
                    self.transport.abort()
            else:
                self.transport.close()
            self.pool.lost(self)

    def close(self) -> None:
        """Close an idle connection."""
        self._close(abort=False)

    def expired(self, now: float) -> None:
        if self.closed or self.tunnel is not None:
            return
        user = self.user
        backend = self.pool.backend
        if user is None:
            self._close(abort=False)
        elif now >= self.total:
            self._fail(Outcome.TOTAL_TIMEOUT, f"no whole answer within {backend.total_timeout or 0:g} s")
        elif self._body is None:
            if not self.request_sent and not self.write_paused:
                self.pool.wheel.watch(self, min(now + backend.timeout, self.total))  # the client is the slow one
            else:
                self._fail(Outcome.UPSTREAM_FIRST_BYTE_TIMEOUT, f"no answer within {backend.timeout:g} s")
        elif self.read_paused:
            self.pool.wheel.watch(self, min(now + backend.idle_timeout, self.total))  # the client is the slow one
        else:
            self._fail(Outcome.UPSTREAM_IDLE_TIMEOUT, f"silent for {backend.idle_timeout:g} s")

    def pause_writing(self) -> None:
        self.write_paused = True
        if self.tunnel is not None:
            self.tunnel.upstream_full()
        elif self.user is not None:
            self.user.on_upstream_full()

    def resume_writing(self) -> None:
        self.write_paused = False
        if self.tunnel is not None:
            self.tunnel.upstream_ready()
        elif self.user is not None:
            self.user.on_upstream_ready()

    def eof_received(self) -> bool:
        if self.tunnel is not None:
            self.tunnel.upstream_eof()
            return self.transport.can_write_eof()
        self._said_all = True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self.tunnel is not None:
            self.tunnel.upstream_lost()
            return
        if self.closed:
            return
        user = self.user
        body = self._body
        part = self._part
        self.user = None
        self._close(abort=True)
        if user is None:
            return
        if isinstance(exc, ssl.SSLError):  # with TLS 1.3 a backend refuses our certificate after the handshake
            user.on_failed(Outcome.UPSTREAM_TLS_FAILED, tls_reason(exc))
        elif isinstance(body, UntilClose) and exc is None and (self._said_all or not self.pool.backend.tls):
            body.done = True
            user.on_body(b"", True)
        elif body is None:
            user.on_failed(Outcome.UPSTREAM_CLOSED, "closed within the head" if part else "closed")
        else:
            user.on_failed(Outcome.UPSTREAM_BODY_CUT, "closed within the body")

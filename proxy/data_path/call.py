"""One captured request to one backend, for comparing: nobody waits for it, so everything about it is bounded."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from proxy.data_path.capture import Watched
from proxy.data_path.framing import Sink
from proxy.data_path.parse import Answer
from proxy.data_path.upstream import Upstream
from proxy.data_path.wheel import NEVER
from proxy.model.heads import ResponseHead
from proxy.model.observation import Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.routing.balance import Standing
from proxy.routing.forwarding import with_host

if TYPE_CHECKING:
    from proxy.data_path.pool import Pool
    from proxy.data_path.urls import Urls


class Call:
    """`done` gets the observation exactly once. An answer larger than the cap ends the call: it is not compared."""

    __slots__ = (
        "_done",
        "_message",
        "_method",
        "_resent",
        "_side",
        "_total",
        "_upstream",
        "_watched",
        "deadline",
        "due",
        "pool",
    )

    def __init__(
        self,
        pool: Pool | Urls,
        side: Side,
        message: bytes,
        method: bytes,
        capture: int,
        done: Callable[[Observation], None],
    ) -> None:
        self.pool = pool
        self._side = side
        self._message = message
        self._method = method
        self._watched = Watched(capture)
        self._done: Callable[[Observation], None] | None = done
        self._upstream: Upstream | None = None
        self._resent = False
        self._total = NEVER
        self.deadline = NEVER
        self.due = NEVER

    def begin(self, seconds: float) -> None:
        """Ask; the answer has to be whole after so many seconds."""
        self._total = self.pool.wheel.now + seconds
        self._send(fresh=self._method not in (b"GET", b"HEAD", b"OPTIONS", b"TRACE"))

    def _send(self, *, fresh: bool) -> None:
        upstream = self.pool.take(self, fresh=fresh)
        if upstream is not None:
            self.on_connected(upstream)
        else:
            self.pool.wheel.watch(self, self._total)

    def cancel(self) -> None:
        self._stop(Outcome.CANCELLED)

    def expired(self, now: float) -> None:
        self._stop(Outcome.TOTAL_TIMEOUT)

    def _stop(self, outcome: Outcome) -> None:
        if self._done is None:
            return
        if self._upstream is not None:
            self._upstream.abandon()
        else:
            self.pool.forget(self)
        self._end(outcome)

    def on_connected(self, upstream: Upstream) -> None:
        if self._done is None:
            upstream.pool.give(upstream)
            return
        self._upstream = upstream
        self.deadline = NEVER  # from here on the connection keeps the time
        host = upstream.pool.host
        message = self._message if host is None else with_host(self._message, *host)
        upstream.begin(self, self._method, self._total, message, whole=True)

    def on_interim(self, head: ResponseHead) -> None:
        pass

    def on_switched(self, head: ResponseHead, data: bytes) -> None:
        if self._upstream is not None:
            self._upstream.closed = True
            self._upstream.transport.abort()
        self._end(Outcome.UPSTREAM_HEAD_INVALID)

    def on_head(self, answer: Answer) -> Sink:
        sink = self._watched.began(answer)
        if self._watched.body.expect(answer.length) and self._upstream is not None:
            self._upstream.abandon()
            self._end(Outcome.OK)
        return sink

    def on_body(self, piece: bytes, done: bool) -> None:
        if done:
            self._end(Outcome.OK)
        elif self._watched.body.overflown and self._upstream is not None:
            self._upstream.abandon()  # nothing of it can be compared: reading on would only cost both sides
            self._end(Outcome.OK)

    def on_failed(self, outcome: Outcome, reason: str) -> None:
        upstream = self._upstream
        self._upstream = None
        idle_closed = outcome is Outcome.UPSTREAM_CLOSED and upstream is not None and upstream.reused
        if idle_closed and upstream is not None and not upstream.answering and not self._resent:
            self._resent = True
            if self._method in (b"GET", b"HEAD", b"OPTIONS", b"TRACE"):
                self._send(fresh=True)
                return
        self._end(outcome)

    def on_upstream_full(self) -> None:
        pass

    def on_upstream_ready(self) -> None:
        pass

    def _end(self, outcome: Outcome) -> None:
        done = self._done
        if done is None:
            return
        self._done = None
        self._upstream = None
        self.deadline = NEVER
        self._message = b""
        pool, watched = self.pool, self._watched
        if isinstance(pool.breaker, Standing):
            if outcome is Outcome.OK:
                pool.breaker.succeeded()
            elif outcome.is_upstream_failure or outcome is Outcome.TOTAL_TIMEOUT:
                pool.breaker.failed(time.monotonic())
        if self.due < NEVER:
            self._watched = Watched(0)  # the wheel holds this call for some seconds yet, it need not hold the answer
        done(watched.observation(self._side, pool.backend.name, outcome, pool.build_header))

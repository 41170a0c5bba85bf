"""What a client asks on its connection: heads in, one exchange at a time, answers in order.

Requests that were sent ahead (pipelined) wait in a bounded buffer until the answer before them is out.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from proxy.data_path.connection import GRACE, Connection
from proxy.data_path.exchange import Exchange
from proxy.data_path.filtering import put, record_of
from proxy.data_path.parse import Refused, Request, head_may_follow, read_request
from proxy.data_path.tunnel import Tunnel
from proxy.data_path.wheel import NEVER
from proxy.model.outcome import Outcome
from proxy.routing.forwarding import Peer
from proxy.routing.plan import Plan, decide
from proxy.routing.snapshot import own_answer

if TYPE_CHECKING:
    from proxy.data_path.engine import View
    from proxy.routing.snapshot import Snapshot

_AHEAD = 64 * 1024  # bytes of pipelined requests kept while an answer is under way
_LATE = 1.0  # for the first request of a connection that came while draining


class Client(Connection):
    """One client."""

    __slots__ = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        engine = self._engine
        engine.clients.add(self)
        if engine.shedding.is_tight:
            self.narrow(True)
            self.read_small(True)
        if len(engine.clients) > self._view.limits.connections:
            self._peer = self._peer_of(engine.view)
            self._refuse(Outcome.POOL_EXHAUSTED, "too many client connections")
        else:
            patience = _LATE if engine.draining else self._view.limits.head_timeout
            engine.wheel.watch(self, engine.wheel.now + patience)

    # bytes from the client

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            if self._tunnel is not None:
                self._tunnel.from_client(data)
            elif self._closing:
                self._linger_left -= len(data)
                if self._linger_left < 0:
                    self.transport.abort()
            elif self._write_paused:
                self._keep_ahead(data)
            else:
                self._process(self._part + data if self._part else data)
        elif not exchange.body_done:
            limits = self._view.limits
            self._engine.wheel.watch(self, self._engine.wheel.now + limits.body_timeout)
            exchange.from_client(data)
        else:
            self._keep_ahead(data)

    def _keep_ahead(self, data: bytes) -> None:
        self._part += data
        if len(self._part) > _AHEAD:
            self.pause()

    def _process(self, data: bytes) -> None:
        """Start what can be started; never deeper than one exchange, however many were sent ahead."""
        self._processing = True
        while data:
            self._part = b""
            if data[0] in b"\r\n":
                data = self._skip_empty_lines(data)
                continue
            end = data.find(b"\r\n\r\n") + 4
            if end < 4 or end > self._view.limits.head:
                self._wait_for_head(data)
                break
            request = read_request(data[:end])
            if isinstance(request, Refused):
                self._refuse(request.outcome, request.reason, data[:end])
                break
            view = self._view = self._engine.view
            if self._peer_view is not view:
                self._peer = self._peer_of(view)
            self._part = data[end:]
            self._start(view, request)
            if self._exchange is not None or self._closing or self._write_paused:
                break
            data = self._part
        self._processing = False

    def _skip_empty_lines(self, data: bytes) -> bytes:
        """Some clients end a body with a CRLF too many (RFC 9112 section 2.2)."""
        left = data.lstrip(b"\r\n")
        odd = data[: len(data) - len(left)].replace(b"\r\n", b"")
        if not odd:
            return left
        if odd == b"\r" and not left:
            self._part = odd
        else:
            self._refuse(Outcome.REQUEST_HEAD_INVALID, "bare CR or LF")
        return b""

    def _wait_for_head(self, data: bytes) -> None:
        limits = self._view.limits
        if len(data) > limits.head:
            self._refuse(Outcome.REQUEST_HEAD_TOO_LARGE, f"head larger than {limits.head} bytes")
        elif not head_may_follow(data):
            self._refuse(Outcome.REQUEST_HEAD_INVALID, "bare LF or NUL in the head")
        else:
            limit = self._engine.wheel.now + limits.head_timeout
            if not self._part and self.deadline > limit:
                self._engine.wheel.watch(self, limit)
            self._part = data

    def _start(self, view: View, request: Request) -> None:
        engine = self._engine
        snapshot = view.snapshot
        head = request.head
        plan = snapshot.plan(snapshot.table.lookup(head))
        if plan is None:
            reason = "the path can be read in ways that pick different routes"
            self._refuse(Outcome.REQUEST_PATH_AMBIGUOUS, reason, b"%b %b " % head[:2])
            return
        if request.length > view.limits.body:
            reason = f"body larger than {view.limits.body} bytes"
            self._refuse(Outcome.REQUEST_BODY_TOO_LARGE, reason, b"%b %b " % head[:2])
            return
        if engine.shedding.refuses:
            self._refuse(Outcome.OVERLOADED, "no memory left for it", b"%b %b " % head[:2])
            return
        peer = self._peer
        if snapshot.filtering and self._answers_itself(snapshot, plan, request, peer):
            return
        client_ip = snapshot.client_ip(head.headers, peer) if peer.trusted else peer.ip
        if plan.pin is not None:
            plan = engine.held(plan, head, client_ip)
        exchange = Exchange(self, engine, view, request, peer, decide(plan, head, client_ip, engine.dice()), plan)
        self._exchange = exchange
        engine.in_flight += 1
        if request.length:
            engine.wheel.watch(self, engine.wheel.now + view.limits.body_timeout)
            if engine.shedding.is_tight:
                self.read_small(True)
            data, self._part = self._part, b""
        else:
            self.deadline = NEVER
            data = b""
        exchange.begin(data)

    def _answers_itself(self, snapshot: Snapshot, plan: Plan, request: Request, peer: Peer) -> bool:
        """True when filters of the route said how the request ends, and no side is asked."""
        own = own_answer(snapshot, plan, request.head, peer)
        if own is None:
            return False
        if isinstance(own, str):
            self._refuse(Outcome.REQUEST_PATH_AMBIGUOUS, own, b"%b %b " % request.head[:2])
            return True
        engine = self._engine
        close = not request.keep_alive or request.length != 0 or engine.draining
        message = put(own, request, close=close)
        self.write(message)
        engine.record(record_of(own, request, peer, engine.new_request_id(), len(message)))
        if close:
            self._end(linger=request.length != 0)
        elif not self._write_paused:
            engine.wheel.watch(self, engine.wheel.now + self._view.limits.keepalive_timeout)
        return True

    # for the exchange

    def body_ended(self, rest: bytes) -> None:
        """The request is whole; `rest` is what came after it."""
        self._part = rest
        if not self._write_paused and not self._read_paused:
            self.deadline = NEVER

    def switch(self, tunnel: Tunnel) -> None:
        """From now on the connection is a tunnel."""
        self._exchange = None
        self._engine.in_flight -= 1
        self._tunnel = tunnel
        self.deadline = NEVER
        self.resume()
        if self._part:
            data, self._part = self._part, b""
            tunnel.from_client(data)

    def exchange_ended(self, *, close: bool, linger: bool) -> None:
        self._exchange = None
        self._engine.in_flight -= 1
        if self._closing:
            return
        if close:
            self._end(linger=linger)
            return
        wheel = self._engine.wheel
        limits = self._view.limits
        if self._write_paused:  # the next request waits until the client has read this answer
            wheel.watch(self, wheel.now + limits.write_timeout)
            return
        if self._read_paused:
            self.resume()
        self.deadline = limit = wheel.now + (GRACE if self._engine.draining else limits.keepalive_timeout)
        if limit < self.due:
            wheel.watch(self, limit)
        if self._part and not self._processing:
            data, self._part = self._part, b""
            self._process(data)

    def pause_writing(self) -> None:
        self._write_paused = True
        wheel = self._engine.wheel
        if self._tunnel is not None:
            self._tunnel.client_full()
            return
        wheel.watch(self, wheel.now + self._view.limits.write_timeout)
        if self._exchange is not None:
            self._exchange.client_full()

    def resume_writing(self) -> None:
        self._write_paused = False
        wheel = self._engine.wheel
        exchange = self._exchange
        if self._tunnel is not None:
            self.expect()
            self._tunnel.client_ready()
        elif self._closing:
            return
        elif exchange is not None:
            self.expect()
            exchange.client_ready()
        else:
            self.resume()
            wheel.watch(self, wheel.now + (GRACE if self._engine.draining else self._view.limits.keepalive_timeout))
            if self._part and not self._processing:
                data, self._part = self._part, b""
                self._process(data)

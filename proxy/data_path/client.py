"""One client connection: heads in, one exchange at a time, answers in order, and a good end.

Requests that were sent ahead (pipelined) wait in a bounded buffer until the answer before them is out. A connection
that is closed while the client may still be sending is closed in two steps, or the kernel would throw our answer away
with the bytes nobody read (RFC 9112 section 9.6): we say our last byte, read on for a moment, then close. Over TLS the
loop does the same when it closes: it sends its close_notify, and reads and drops until the client's comes.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, NamedTuple, cast

from proxy.data_path.exchange import Exchange
from proxy.data_path.filtering import put, record_of
from proxy.data_path.parse import Refused, Request, head_may_follow, read_request
from proxy.data_path.refusals import refusal
from proxy.data_path.tunnel import Tunnel
from proxy.data_path.wheel import NEVER
from proxy.model.decision import UNROUTED
from proxy.model.outcome import Outcome
from proxy.model.records import Ended
from proxy.routing.forwarding import Peer, peer_of
from proxy.routing.plan import Plan, decide
from proxy.routing.snapshot import own_answer

if TYPE_CHECKING:
    from proxy.data_path.engine import DataPath, View
    from proxy.routing.snapshot import Snapshot

_AHEAD = 64 * 1024  # bytes of pipelined requests kept while an answer is under way
_LINGER = 2.0
_LINGER_BYTES = 1024 * 1024
_RESET = struct.pack("ii", 1, 0)
GRACE = 0.25  # for an idle connection, when a drain begins
_LATE = 1.0  # for the first request of a connection that came while draining


class Origin(NamedTuple):
    """Where a connection comes from, when that is more than its socket tells: the client's address, "" for none, and
    the scheme it spoke."""

    ip: str
    scheme: bytes


class Client:
    """An `asyncio.Protocol` in all but its base, which would keep it from being compiled. `transport` is set by the
    loop before any data arrives. `origin` is None for plain HTTP from the very peer."""

    __slots__ = (
        "_closing",
        "_engine",
        "_exchange",
        "_linger_left",
        "_origin",
        "_part",
        "_peer",
        "_peer_view",
        "_processing",
        "_read_paused",
        "_tunnel",
        "_view",
        "_write_paused",
        "deadline",
        "due",
        "transport",
    )

    transport: asyncio.Transport
    _peer: Peer

    def __init__(self, engine: DataPath, origin: Origin | None = None) -> None:
        self._engine = engine
        self._origin = origin
        self._view: View = engine.view
        self._peer_view: View | None = None
        self._exchange: Exchange | None = None
        self._tunnel: Tunnel | None = None
        self._part = b""
        self._processing = False
        self._closing = False
        self._read_paused = False
        self._write_paused = False
        self._linger_left = _LINGER_BYTES
        self.deadline = NEVER
        self.due = NEVER

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        engine = self._engine
        engine.clients.add(self)
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
        self.transport.write(message)
        engine.record(record_of(own, request, peer, engine.new_request_id(), len(message)))
        if close:
            self._end(linger=request.length != 0)
        elif not self._write_paused:
            engine.wheel.watch(self, engine.wheel.now + self._view.limits.keepalive_timeout)
        return True

    def _peer_of(self, view: View) -> Peer:
        self._peer_view = view
        origin = self._origin
        if origin is None:
            name = self.transport.get_extra_info("peername")
            origin = Origin(name[0] if isinstance(name, tuple) else "", b"http")
        return peer_of(origin.ip, trusted=view.snapshot.is_trusted(origin.ip), scheme=origin.scheme)

    def _refuse(self, outcome: Outcome, reason: str, raw: bytes = b"") -> None:
        """Answer what never became an exchange, and close: what follows on this connection cannot be trusted."""
        engine = self._engine
        if self._peer_view is None:
            self._peer = self._peer_of(engine.view)
        method, _, rest = raw.partition(b"\r\n")[0].partition(b" ")
        request_id = engine.new_request_id()
        answer = refusal(outcome, request_id, close=True, bodyless=method == b"HEAD")
        self.transport.write(answer)
        target = rest.partition(b" ")[0]
        engine.record(
            Ended(
                UNROUTED,
                "proxy",
                "",
                outcome.value,
                outcome.status,
                method[:40],
                target[:1024],
                0.0,
                0,
                len(answer),
                request_id,
                self._peer.ip,
                "",
                reason,
            )
        )
        self._end(linger=True)

    # for the exchange

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def body_ended(self, rest: bytes) -> None:
        """The request is whole; `rest` is what came after it."""
        self._part = rest
        if not self._write_paused:
            self.deadline = NEVER

    def pause(self) -> None:
        if not self._read_paused and not self.transport.is_closing():
            self._read_paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        if self._read_paused and not self.transport.is_closing():
            self._read_paused = False
            self.transport.resume_reading()

    def abort(self) -> None:
        """End with a TCP reset: a plain end would look like a whole answer where the end of the connection ends it."""
        self._closing = True
        if not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

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

    def _end(self, *, linger: bool) -> None:
        self._closing = True
        self._part = b""
        wheel = self._engine.wheel
        if linger and not self.transport.is_closing() and self.transport.can_write_eof():
            self.resume()
            self.transport.write_eof()
            wheel.watch(self, wheel.now + _LINGER)
        else:
            self.transport.close()
            wheel.watch(self, wheel.now + self._view.limits.write_timeout)

    # time and the network

    def expired(self, now: float) -> None:
        exchange = self._exchange
        if self._tunnel is not None:
            return
        if self._closing:
            self.transport.abort()
        elif self._write_paused:
            if exchange is not None:
                exchange.client_gone(Outcome.CLIENT_STALLED)
            else:
                self.abort()
        elif exchange is not None:
            if self._read_paused:
                self._engine.wheel.watch(self, now + self._view.limits.body_timeout)  # the backend is the slow one
            else:
                exchange.body_too_slow()
        elif self._part:
            self._refuse(Outcome.REQUEST_HEAD_TIMEOUT, f"no whole head within {self._view.limits.head_timeout:g} s")
        else:
            self._end(linger=False)

    def drain(self) -> None:
        """Say goodbye at the next occasion: a request that is already on its way is still served."""
        if self._exchange is None and self._tunnel is None and not self._closing and not self._part:
            self._engine.wheel.watch(self, self._engine.wheel.now + GRACE)

    @property
    def exchange(self) -> Exchange | None:
        """What is under way, a tunnel too."""
        return self._tunnel.exchange if self._tunnel is not None else self._exchange

    def cut(self) -> None:
        """The drain's time is over."""
        if self._exchange is not None:
            self._exchange.cut(Outcome.DRAINED, "the drain's time was over")
        else:
            self.abort()

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
            self._tunnel.client_ready()
        elif self._closing:
            return
        elif exchange is not None:
            wheel.watch(self, NEVER if exchange.body_done else wheel.now + self._view.limits.body_timeout)
            exchange.client_ready()
        else:
            self.resume()
            wheel.watch(self, wheel.now + (GRACE if self._engine.draining else self._view.limits.keepalive_timeout))
            if self._part and not self._processing:
                data, self._part = self._part, b""
                self._process(data)

    def eof_received(self) -> bool:
        if self._tunnel is not None:
            self._tunnel.client_eof()
            return self.transport.can_write_eof()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._engine.clients.discard(self)
        self._engine.client_left()
        self._closing = True
        self.deadline = NEVER
        self._part = b""
        if self._tunnel is not None:
            self._tunnel.client_lost()
        elif self._exchange is not None:
            self._exchange.client_gone()

"""One client's connection: who is at its other end, how fast it may go, how long it may take, and its end.

A connection that is closed while the client may still be sending is closed in two steps, or the kernel would throw our
answer away with the bytes nobody read (RFC 9112 section 9.6): we say our last byte, read on for a moment, then close.
Over TLS the loop does the same when it closes: it sends its close_notify, and reads and drops until the client's comes.

A client that is not read, because its backend does not take its upload, would not be seen to leave. So while it waits
the kernel is asked once a second: after a reset, or when the client's last byte has come, it is gone, as it would be if
it were read; in a tunnel only after a reset, for there the end of one direction is passed on behind the bytes that
wait. What the kernel cannot know is an end that is still behind bytes for which it has no room.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, NamedTuple, cast

from proxy.data_path.outgoing import Sending
from proxy.data_path.refusals import refusal
from proxy.data_path.small_reads import Reader, read_small
from proxy.data_path.wheel import NEVER, TICK
from proxy.model.decision import UNROUTED
from proxy.model.outcome import Outcome
from proxy.model.records import Ended
from proxy.routing.forwarding import Peer, peer_of

if TYPE_CHECKING:
    from proxy.data_path.engine import DataPath, View
    from proxy.data_path.exchange import Exchange
    from proxy.data_path.tunnel import Tunnel

_LINGER = 2.0
_LINGER_BYTES = 1024 * 1024
_LOOK = 1.0  # between two looks at a client that is not read
GRACE = 0.25  # for an idle connection, when a drain begins


class Origin(NamedTuple):
    """Where a connection comes from, when that is more than its socket tells: the client's address, "" for none, and
    the scheme it spoke."""

    ip: str
    scheme: bytes


class Connection(Sending):
    """The half of a `Client` that reads no heads and starts no exchanges. An `asyncio.Protocol` in all but its base,
    which would keep it from being compiled. `origin` is None for plain HTTP from the very peer."""

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
        "_reads_small",
        "_tunnel",
        "_view",
        "_write_paused",
        "deadline",
        "due",
    )

    _peer: Peer

    def __init__(self, engine: DataPath, origin: Origin | None = None) -> None:
        super().__init__(engine.outgoing)
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
        self._reads_small = False
        self._write_paused = False
        self._linger_left = _LINGER_BYTES
        self.deadline = NEVER
        self.due = NEVER

    def pause(self) -> None:
        if not self._read_paused and not self.transport.is_closing():
            self._read_paused = True
            self.transport.pause_reading()
            self.expect()

    def resume(self) -> None:
        if self._read_paused and not self.transport.is_closing():
            self._read_paused = False
            self.transport.resume_reading()
            self.expect()

    def expect(self) -> None:
        """How long the client has for its next byte of what is under way; when to look for it, while it is not read."""
        if self._write_paused or self._closing or (self._exchange is None and self._tunnel is None):
            return
        wheel = self._engine.wheel
        exchange = self._exchange
        limit = NEVER
        if self._read_paused:
            limit = wheel.now + _LOOK
        elif exchange is not None and not exchange.body_done:
            limit = wheel.now + self._view.limits.body_timeout
        self.deadline = limit
        if limit + TICK < self.due:  # an upload pauses often: the wheel looks soon enough as it is
            wheel.watch(self, limit)

    def _has_left(self) -> bool:
        """Asks the kernel; see the top."""
        look = select.poll()
        ends = 0 if self._tunnel is not None else select.POLLRDHUP
        look.register(self.transport.get_extra_info("socket").fileno(), ends)
        return bool(look.poll(0))

    def narrow(self, on: bool) -> None:
        """Memory is tight: hold nothing that the client does not take, and of uploads little. Or it is no longer."""
        if self.transport.is_closing():
            return
        self.transport.set_write_buffer_limits(high=1 if on else None)  # of 0 TLS would never be ready again
        if self._tunnel is not None:
            self._tunnel.narrow(on)
            self.read_small(on)
        elif self._exchange is not None:
            self._exchange.narrow(on)
            self.read_small(on and not self._exchange.body_done)
        else:
            self.read_small(False)

    def read_small(self, on: bool) -> None:
        if self._reads_small is not on and not self.transport.is_closing():
            self._reads_small = on
            read_small(self.transport, cast(Reader, self), on, stopped=self._read_paused)

    def abort(self) -> None:
        """End with a TCP reset: a plain end would look like a whole answer where the end of the connection ends it."""
        self._closing = True
        self.flush()
        self.reset()

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
        self.write(answer)
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

    def _end(self, *, linger: bool) -> None:
        self._closing = True
        self._part = b""
        self.flush()
        wheel = self._engine.wheel
        if linger and not self.transport.is_closing() and self.transport.can_write_eof():
            self.resume()
            self.transport.write_eof()
            wheel.watch(self, wheel.now + _LINGER)
        else:
            self.transport.close()
            wheel.watch(self, wheel.now + self._view.limits.write_timeout)

    def expired(self, now: float) -> None:
        exchange = self._exchange
        if self._closing:
            self.transport.abort()
        elif self._read_paused and not self._write_paused and not self.transport.is_closing():
            if self._has_left():
                if self._tunnel is not None:
                    self._tunnel.client_reset()
                self.abort()
            else:
                self.expect()
        elif self._tunnel is not None:
            return
        elif self._write_paused:
            if exchange is not None:
                exchange.client_gone(Outcome.CLIENT_STALLED)
            else:
                self.abort()
        elif exchange is not None:
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

    def eof_received(self) -> bool:
        self.flush()  # the loop closes what is not a tunnel
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

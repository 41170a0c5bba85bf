"""One client request and its answer.

The exchange stands between a client connection and, one after the other, a few upstream connections: the first try;
one more on a fresh connection when the backend closed an idle one under our hands (RFC 9112 section 9.3.1); then the
route's retries, at another url if there is one, within the backend's budget; then the other side when the route has a
fallback. All of it only for what may be sent twice, or was not sent. What may be sent twice is a whole request of an
idempotent method (RFC 9110 section 9.2.2); its body is kept for that, up to a bound. A retry gives way to the fallback
once the breaker is open: whoever waits before asking a backend that is known to be down only waits.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from proxy.data_path.capture import Capture, Watched
from proxy.data_path.framing import Chunked, Length, Sink
from proxy.data_path.parse import CHUNKED, UNTIL_CLOSE, Answer, Request
from proxy.data_path.passing import IDEMPOTENT, KEPT, Passing
from proxy.data_path.patience import Patience
from proxy.data_path.retrying import Retrying
from proxy.data_path.small_reads import PIECE
from proxy.data_path.tunnel import Tunnel
from proxy.data_path.wheel import NEVER
from proxy.model.decision import Decision
from proxy.model.events import Event, EventKind
from proxy.model.heads import ResponseHead
from proxy.model.outcome import Outcome
from proxy.routing.forwarding import Peer, client_head, request_id_of, upstream_head, with_host
from proxy.routing.plan import Plan

if TYPE_CHECKING:
    from proxy.data_path.client import Client
    from proxy.data_path.engine import DataPath, View
    from proxy.data_path.upstream import Upstream


class Exchange(Passing):
    """It asks; what becomes of the answer is in `Passing`."""

    __slots__ = ()

    def __init__(
        self, client: Client, engine: DataPath, view: View, request: Request, peer: Peer, decision: Decision, plan: Plan
    ) -> None:
        self._client = client
        self._engine = engine
        self._view = view
        self._request = request
        self._peer = peer
        self._decision = decision
        self._filters = plan.filters
        self._patience = None if plan.timeouts is None else Patience(self, engine.wheel, plan.timeouts)
        self._side = decision.side
        self.pool = view.pools[decision.backend]
        self._retry = None if plan.retry is None else Retrying(plan.retry)
        self._sent_head = b""
        self._started = time.monotonic()
        self._request_id = request_id_of(request.head.headers) or engine.new_request_id()
        self._body = None
        self.body_done = request.length == 0
        self._upstream = None
        self._kept = None
        self._kept_size = 0
        self._held = None
        self._payload = None
        self._answer = None
        self._request_capture = None
        self._watched = None
        self._fell_back = ""
        self._out = b""
        self._sent = 0
        self._received = 0
        self._total = NEVER
        self._begun = False
        self._written = False
        self._resent = False
        self._close = False
        self._over = False
        self._switched = False
        self._ending = Outcome.TUNNELLED

    def begin(self, data: bytes) -> None:
        """Send the request to the side that is to answer. `data` is what came after the head."""
        decision = self._decision
        length = self._request.length
        if decision.shadow_backend is not None:
            if self._engine.shedding.is_tight:
                self._engine.tell(Event(EventKind.NOT_COPIED, "memory", route=decision.route))
            else:
                self._request_capture = Capture(self._view.capture)
        if length:
            self._body = Chunked() if length == CHUNKED else Length(length)
            if self._request_capture is not None:
                self._body.sink = self._request_capture.add
            self._kept = []
            if data:
                self.from_client(data)
                if self._over:
                    return
        backend = decision.backend
        if decision.fallback_backend is not None and not self.pool.breaker.allows(time.monotonic()):
            self._fell_back = Outcome.BREAKER_OPEN.value
            self._side = decision.side.other
            backend = decision.fallback_backend
        if self._retry is not None:
            self._view.pools[backend].budget.earn()
        self._send(backend)

    def _send(self, backend: str, *, fresh: bool = False) -> None:
        request = self._request
        pool = self._view.pools[backend]
        config = pool.backend
        self._sent_head = upstream_head(
            request.head,
            self._peer,
            authority=pool.authority,
            preserve_host=config.preserve_host,
            request_id=self._request_id,
            traceparent=self._engine.new_traceparent(),
            upgrade=bool(request.upgrade),
        )
        if config.total_timeout is not None:
            self._total = self._engine.wheel.now + config.total_timeout
        if self._patience is not None:
            self._patience.tries()
        if self._request_capture is not None:
            self._watched = Watched(self._view.capture)
        upstream = pool.take(self, fresh=fresh or request.head.method not in IDEMPOTENT)
        if upstream is not None:
            self.on_connected(upstream)

    def on_connected(self, upstream: Upstream) -> None:
        self._upstream = upstream
        if upstream.is_narrow is not self._engine.shedding.is_tight:
            upstream.narrow(not upstream.is_narrow)
        data = self._sent_head
        host = upstream.pool.host
        if host is not None:
            data = with_host(data, *host)
        if self._filters is not None:
            data = self._filters.sides[self._side].sent(data)
        if self._kept:
            data += b"".join(self._kept)
        self._written = True
        upstream.begin(self, self._request.head.method, self._total, data, whole=self.body_done)
        if self._body is not None:
            if self._kept_size > KEPT or self._request.head.method not in IDEMPOTENT:
                self._kept = None  # it is never sent again
            if not upstream.write_paused:
                self._client.resume()

    def from_client(self, data: bytes) -> None:
        """Bytes of the request's body, and of what follows it."""
        body = self._body
        assert body is not None  # noqa: S101 - the client asks `body_done` first
        if len(data) >= PIECE:
            self._engine.shedding.passes(len(data))
        piece = body.feed(data)
        if body.fault:
            self._refuse(Outcome.REQUEST_BODY_INVALID, body.fault)
            return
        if body.size > self._view.limits.body:
            self._refuse(Outcome.REQUEST_BODY_TOO_LARGE, f"body larger than {self._view.limits.body} bytes")
            return
        upstream = self._upstream
        if body.done:
            self.body_done = True
            self._client.body_ended(body.rest)
            if upstream is not None:
                upstream.request_sent = True
        self._sent += len(piece)
        if self._kept is not None:
            self._kept.append(piece)
            self._kept_size += len(piece)
            if upstream is not None:
                if self._kept_size > KEPT:
                    self._kept = None
            elif not self.body_done and (self._kept_size > KEPT or self._engine.shedding.is_tight):
                self._client.pause()
        if upstream is not None and piece:
            upstream.more(piece)

    # a tunnel

    def on_switched(self, head: ResponseHead, data: bytes) -> None:
        upstream = self._upstream
        assert upstream is not None  # noqa: S101 - it is the caller
        if not self._request.upgrade:
            upstream.transport.abort()
            upstream.closed = True
            self.on_failed(Outcome.UPSTREAM_HEAD_INVALID, "101 that nobody asked for")
            return
        self._upstream = None
        self.pool.breaker.succeeded()
        answer = client_head(head, build_header=self.pool.build_header, connection=b"Upgrade", upgrade=True)
        self._client.write(answer + data)
        self._client.flush()  # the tunnel writes to the transport itself
        self._answer = Answer(head, UNTIL_CLOSE, False, b"")
        self._switched = True
        if self._patience is not None:
            self._patience.stop()
        upstream.tunnel = Tunnel(self._client, upstream, self)
        self._client.switch(upstream.tunnel)

    def tunnel_ended(self, sent: int, received: int) -> None:
        self._sent += sent
        self._received += received
        self._over = True
        self._record(self._ending, 101, self._decision.why)

    # trouble

    def on_failed(self, outcome: Outcome, reason: str) -> None:
        if self._over:
            return  # a refusal of our own that came a moment too late
        upstream = self._upstream
        self._upstream = None
        if (
            outcome is Outcome.UPSTREAM_CLOSED
            and upstream is not None
            and upstream.reused
            and not upstream.answering
            and not self._resent
            and self._may_send_again()
        ):
            self._resent = True
            self._send(self.pool.backend.name, fresh=True)
            return
        failed = outcome.is_upstream_failure
        if failed:
            self.pool.breaker.failed(time.monotonic())
        if not self._begun and (outcome.before_answer or (failed and self._held is not None)):
            if failed and self._retries(outcome.value):
                return
            if self._may_fall_back():
                self._fall_back(outcome)
                return
        self._give_up(outcome, reason)

    def on_head(self, answer: Answer) -> Sink | None:
        retry = self._retry
        if retry is not None and answer.head.status in retry.codes and self._turned_down(answer.head.status):
            return None
        return super().on_head(answer)

    def _turned_down(self, status: int) -> bool:
        """An answer begins whose status the route counts as a failure. True when another try is made in its place."""
        upstream = self._upstream
        if self._begun or upstream is None or not self._may_retry(str(status)):
            return False
        self._upstream = None
        upstream.abandon()  # what is left of that answer is nobody's
        self.pool.breaker.turned_down(time.monotonic())
        self._try_again()
        return True

    def _retries(self, reason: str) -> bool:
        if not self._may_retry(reason):
            return False
        self._try_again()
        return True

    def _may_retry(self, reason: str) -> bool:
        """True when the request goes to the same backend again: it may, and the breaker and the budget let it."""
        retry = self._retry
        if retry is None or not retry.left or not self._may_send_again():
            return False
        if self._decision.fallback_backend is not None and not self._fell_back and self.pool.breaker.open:
            return False
        allowed = not self._written or self.pool.budget.spend()
        kind = EventKind.RETRY if allowed else EventKind.RETRY_REFUSED
        backend = self.pool.backend
        self._engine.tell(Event(kind, reason, backend.name, backend.url, self._decision.route))
        return allowed

    def _try_again(self) -> None:
        assert self._retry is not None  # noqa: S101 - _may_retry said so
        self._held = self._payload = self._answer = None
        self._resent = False
        if self._patience is not None:
            self._patience.rests()
        backend = self.pool.backend.name
        self._retry.after_a_while(self._engine.dice(), lambda: self._send(backend))

    def _fall_back(self, outcome: Outcome) -> None:
        assert self._decision.fallback_backend is not None  # noqa: S101 - _may_fall_back said so
        self._fell_back = outcome.value
        self._held = self._payload = self._answer = None
        self._resent = False
        self._side = self._decision.side.other
        if self._retry is not None:
            self._view.pools[self._decision.fallback_backend].budget.earn()
        self._send(self._decision.fallback_backend)

    def _refuse(self, outcome: Outcome, reason: str) -> None:
        """The exchange ends before its answer: the backend's part in it ends too."""
        self._leave_upstream()
        self._give_up(outcome, reason)

    def _leave_upstream(self) -> None:
        if self._upstream is not None:
            self._upstream.abandon()
            self._upstream = None
        else:
            self.pool.forget(self)

    def client_gone(self, outcome: Outcome = Outcome.CLIENT_GONE) -> None:
        """The client left, or never reads."""
        if not self._over:
            self._leave_upstream()
            self._client.abort()
            self._end(outcome, self._decision.why)

    def cut(self, outcome: Outcome, why: str) -> None:
        """Ends it by a decision of ours, whatever is under way."""
        if self._switched:
            self._ending = outcome
            self._client.abort()
        elif not self._over:
            self._refuse(outcome, why)

    def out_of_time(self, reason: str, *, whole: bool) -> None:
        """The route's time for the exchange (`whole`) or for one try is over."""
        if whole or self._begun:
            self._refuse(Outcome.TOTAL_TIMEOUT, reason)
        else:
            self._leave_upstream()
            self.on_failed(Outcome.UPSTREAM_FIRST_BYTE_TIMEOUT, reason)

    def body_too_slow(self) -> None:
        self._refuse(Outcome.REQUEST_BODY_TIMEOUT, f"no body for {self._view.limits.body_timeout:g} s")

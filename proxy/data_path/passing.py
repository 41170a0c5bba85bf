"""The answer of an exchange, on its way from a side to the client, and the end of it.

A small answer of a side that has a fallback is held until it is whole, so that a service that dies in the middle of it
is never seen. Once a byte of an answer went to the client nothing can be mended: a cut answer cuts the client's
connection too, which is the only honest way to say so in HTTP/1.1.

This is the half of an exchange that no backend is asked in; `Exchange` is the other, and the whole. They are one object
because whatever is handed from one to another is paid for by every request.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from proxy.data_path.answering import Answering, drawn, opening
from proxy.data_path.capture import Capture, Watched, exchanged
from proxy.data_path.filtering import filtered
from proxy.data_path.framing import Body, Sink
from proxy.data_path.parse import Answer, Request
from proxy.data_path.patience import Patience
from proxy.data_path.refusals import refusal
from proxy.data_path.retrying import Retrying
from proxy.data_path.small_reads import PIECE
from proxy.model.decision import Decision
from proxy.model.events import Event, EventKind
from proxy.model.heads import ResponseHead
from proxy.model.outcome import Outcome
from proxy.model.records import Ended
from proxy.model.sides import Side
from proxy.routing.filters import RouteFilters, observed
from proxy.routing.forwarding import Peer, client_head

if TYPE_CHECKING:
    from proxy.data_path.client import Client
    from proxy.data_path.engine import DataPath, View
    from proxy.data_path.pool import Pool
    from proxy.data_path.upstream import Upstream
    from proxy.data_path.urls import Urls

_OK = Outcome.OK
_LEGACY = Side.LEGACY
_OF_A_SIDE = frozenset(
    {Outcome.CLIENT_GONE, Outcome.CLIENT_STALLED, Outcome.TOTAL_TIMEOUT, Outcome.DRAINED, Outcome.CUT}
)
KEPT = 64 * 1024  # of a request's body, to send it again; of an answer's, to hold it until it is whole
IDEMPOTENT = frozenset(
    {b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE", b"PROPFIND", b"REPORT", b"SEARCH", b"QUERY"}
)


class Passing:
    """States: no answer yet, held, answering (`_begun`), over. Its values are set by `Exchange`."""

    # fmt: off
    __slots__ = (
        "_answer", "_begun", "_body", "_client", "_close", "_decision", "_ending", "_engine", "_fell_back",
        "_filters", "_held", "_kept", "_kept_size", "_out", "_over", "_patience", "_payload", "_peer",
        "_received", "_request", "_request_capture", "_request_id", "_resent", "_retry", "_sent", "_sent_head", "_side",
        "_started", "_switched", "_total", "_upstream", "_view", "_watched", "_written", "body_done", "pool",
    )
    # fmt: on

    _client: Client
    _engine: DataPath
    _view: View
    _request: Request
    _peer: Peer
    _decision: Decision
    _filters: RouteFilters | None
    _patience: Patience | None
    _side: Side
    pool: Pool | Urls
    _retry: Retrying | None
    _sent_head: bytes
    _started: float  # CLOCK_MONOTONIC seconds
    _request_id: bytes
    _body: Body | None
    body_done: bool
    _upstream: Upstream | None
    _kept: list[bytes] | None
    _kept_size: int
    _held: list[bytes] | None
    _payload: list[bytes] | None
    _answer: Answer | None
    _request_capture: Capture | None
    _watched: Watched | None
    _fell_back: str
    _out: bytes
    _sent: int
    _received: int
    _total: float
    _begun: bool
    _written: bool
    _resent: bool
    _close: bool
    _over: bool
    _switched: bool
    _ending: Outcome

    def _may_send_again(self) -> bool:
        if not self._written:
            return True
        whole = self._kept is not None or self._request.length == 0
        return whole and self._request.head.method in IDEMPOTENT

    def _may_fall_back(self) -> bool:
        return self._decision.fallback_backend is not None and not self._fell_back and self._may_send_again()

    def _may_be_mended(self) -> bool:
        """Whether somebody could still answer if this answer breaks off."""
        retry = self._retry
        return self._may_fall_back() or (retry is not None and retry.left > 0 and self._may_send_again())

    def on_interim(self, head: ResponseHead) -> None:
        if self._request.head.version == (1, 1):
            self._client.write(client_head(head, build_header=self.pool.build_header))

    def on_head(self, answer: Answer) -> Sink | None:
        self._answer = answer
        if self._decision.holds:
            self._engine.hold(self._view, self._decision.route, self._request.head, self._peer, self._side)
        sink: Sink | None = None
        if self._watched is not None:
            sink = self._watched.began(answer)
        length = answer.length
        mendable = self._decision.fallback_backend is not None or self._retry is not None
        if mendable and 0 < length <= KEPT and self._may_be_mended():
            self._held = []
        if self._filters is not None:
            answer = filtered(self._filters, self._side, answer, self._sent_head)
        body_left = not self.body_done and (self._sent == 0 or answer.head.status >= 400)
        self._out, self._close, unchunk = opening(
            self._request,
            answer,
            build_header=self.pool.build_header,
            close=self._engine.draining,
            body_left=body_left,
        )
        if unchunk:
            self._payload = []
            sink = self._take_payload
        return sink

    def _take_payload(self, piece: bytes) -> None:
        if self._payload is not None:
            self._payload.append(piece)
        if self._watched is not None:
            self._watched.body.add(piece)

    def on_body(self, piece: bytes, done: bool) -> None:
        if len(piece) >= PIECE:
            self._engine.shedding.passes(len(piece))
        if done:
            self._upstream = None  # it may serve somebody else already: a full client must not pause it
        if self._held is not None:
            self._held.append(piece)
            if not done:
                return
            piece = b"".join(self._held)
            self._held = None
        elif self._payload is not None:
            piece = b"".join(self._payload)
            self._payload.clear()
        self._received += len(piece)
        if not self._begun:
            self._begun = True
            piece = self._out + piece
        if not done:
            if piece:
                self._client.write_now(piece)
        else:
            self._client.write(piece)
            self.pool.breaker.succeeded()
            self._end(_OK, self._decision.why)

    def _give_up(self, outcome: Outcome, reason: str) -> None:
        if self._begun or not outcome.status:
            self._client.abort()
            self._end(outcome, reason)
            return
        self._answer = None
        request = self._request
        self._close = (
            not request.keep_alive
            or request.head.version == (1, 0)  # it would need to be told that the connection stays
            or not self.body_done
            or self._engine.draining
        )
        bodyless = self._request.head.method == b"HEAD"
        answer = refusal(outcome, self._request_id, close=self._close, bodyless=bodyless)
        self._received += len(answer)
        self._client.write(answer)
        self._end(outcome, reason)

    @property
    def answering(self) -> Answering | None:
        """Who is answering whom; None while nothing of an answer is out, and after its end."""
        if self._over or not (self._begun or self._switched):
            return None
        return Answering(self._decision.route, self._request.head, self._peer, self._side)

    # back pressure

    def narrow(self, on: bool) -> None:
        """Read the backend in small pieces and keep nothing for comparing, or read again in large ones."""
        if self._upstream is not None:
            self._upstream.narrow(on)
        if on and self._request_capture is not None:
            self._engine.tell(Event(EventKind.NOT_COPIED, "memory", route=self._decision.route))
            self._request_capture.give_up()
            if self._watched is not None:
                self._watched.body.give_up()
            self._request_capture = self._watched = None

    def on_upstream_full(self) -> None:
        self._client.pause()

    def on_upstream_ready(self) -> None:
        self._client.resume()

    def client_full(self) -> None:
        if self._upstream is not None:
            self._upstream.pause()

    def client_ready(self) -> None:
        if self._upstream is not None:
            self._upstream.resume()

    # the end

    def _end(self, outcome: Outcome, why: str) -> None:
        if self._over:
            return
        self._over = True
        if self._patience is not None:
            self._patience.stop()
        if self._retry is not None:
            self._retry.stop()
            why = self._retry.told(why)
        code = outcome.status if self._answer is None else self._answer.head.status if self._begun else 0
        self._record(outcome, code, why)
        if self._request_capture is not None:
            self._offer(outcome)
        self._client.exchange_ended(close=self._close or not self.body_done, linger=not self.body_done)

    def _record(self, outcome: Outcome, code: int, why: str) -> None:
        head = self._request.head
        if self._answer is not None or outcome.is_upstream_failure or outcome in _OF_A_SIDE:
            side = "legacy" if self._side is _LEGACY else "extracted"
        else:
            side = "proxy"
        lot = drawn(self._decision, self._answer, self._side, self.pool.build_header) if self._decision.by_lot else ()
        self._engine.record(
            Ended(
                self._decision.route,
                side,
                self.pool.backend.name,
                "ok" if outcome is _OK else outcome.value,
                code,
                head.method,
                head.target,
                time.monotonic() - self._started,
                self._sent,
                self._received,
                self._request_id,
                self._peer.ip,
                self._fell_back,
                why,
                *lot,
            )
        )

    def _offer(self, outcome: Outcome) -> None:
        """Hand the exchange to the shadow. After a fallback there is nothing to compare: the other side answered, and
        the failure is in the record."""
        if self._request_capture is None or self._watched is None or self._fell_back:
            return
        observation = self._watched.observation(self._side, self.pool.backend.name, outcome, self.pool.build_header)
        if self._filters is not None:
            observation = observed(self._filters, observation, self._sent_head)
        body = self._request_capture.body(complete=self.body_done)
        decision = self._decision
        offered = exchanged(decision, self._sent_head, body, observation, self._started)
        self._engine.outgoing.afterwards(partial(self._engine.offer, offered, decision))

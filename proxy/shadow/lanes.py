"""The shadow can never hurt: a copy is made after the client has its answer, and only within bounds.

Every backend that receives copies has a lane of its own: a bounded queue, a limit on how many copies are under way, a
deadline for each. A backend that hangs fills its own lane and nobody else's. What does not fit is dropped *and counted
by reason*, because a comparison that was silently not made looks like agreement. (nginx and Skipper let the client wait
for the mirror; Traefik buffers without bound; Envoy drops large bodies without a word.)

Legacy is a special case: in canary and live it gets copies while it serves clients, and it was sized for its clients.
So it never has more copies under way than there are clients' exchanges in flight (but at least one): a client that asks
one thing after another causes one copy after another, not a burst of them.

An answer beyond the cap is the dearest of all: a megabyte is read, the connection is lost, and nothing is learned, for
the client's answer was within the cap. (Where legacy's own is beyond it, no copy is sent.) So after each the lane
rests. Before it did, a service that answers 500 copies a second with 1 GB made clients wait 39 ms instead of 0.6.

The breaker of a backend is shared with the clients' traffic: a service known to be down gets no copies either.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from proxy.model.comparison import NotCompared
from proxy.model.decision import Decision
from proxy.model.observation import Exchange, Observation, Pair
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.model.spec import ShadowBudget

QUEUE_BYTES = (
    64 * 1024 * 1024
)  # bodies that may wait in one lane: a thousand small copies, or some dozens of large ones
REST = 0.25  # seconds without copies after an answer beyond the cap: four megabytes a second are read in vain at most
QUEUE_FULL = "queue_full"
QUEUE_BYTES_FULL = "queue_bytes_full"
EXPIRED = "expired"
BREAKER_OPEN = "breaker_open"
TOO_LARGE = "answers_too_large"
BACKEND_GONE = "backend_gone"
DRAINING = "draining"


class Call(Protocol):
    """Sends one captured request; `done` is called exactly once, later. Returns a function that cancels it."""

    def __call__(
        self, exchange: Exchange, backend: str, side: Side, deadline: float, done: Callable[[Observation], None]
    ) -> Callable[[], None]: ...


class Gate(Protocol):
    """The part of a breaker that copies obey."""

    def allows(self, now: float) -> bool: ...
    def succeeded(self) -> None: ...
    def failed(self, now: float) -> None: ...


class Shadow:
    """All lanes of one worker.

    `publish` gets each pair that was answered by both sides; `not_compared` an exchange that can't be (a body beyond
    the cap, a client that left); `dropped` an exchange whose copy was not sent, with the reason. None may raise.
    `in_flight` counts the clients' exchanges under way now.
    """

    def __init__(
        self,
        *,
        budget: ShadowBudget,
        call: Call,
        breaker: Callable[[str], Gate | None],
        publish: Callable[[Pair], None],
        not_compared: Callable[[Exchange, NotCompared], None],
        dropped: Callable[[Exchange, str], None],
        in_flight: Callable[[], int],
        clock: Callable[[], float],
    ) -> None:
        self.budget = budget
        self._call = call
        self._breaker = breaker
        self._publish = publish
        self._not_compared = not_compared
        self._dropped = dropped
        self._in_flight = in_flight
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}
        self._draining = False

    def offer(self, exchange: Exchange, decision: Decision) -> None:
        """Takes an exchange that the client has the answer of. Neither waits nor raises."""
        backend = decision.shadow_backend
        if backend is None:
            return
        reason = _incomparable(exchange)
        if reason is not None:
            self._not_compared(exchange, reason)
            return
        if self._draining:
            self._dropped(exchange, DRAINING)
            return
        lane = self._lanes.get(backend)
        if lane is None:
            lane = self._lanes[backend] = _Lane(backend)
        if lane.rests_until and self._rests(lane):
            self._dropped(exchange, TOO_LARGE)
        elif not lane.waiting and len(lane.under_way) < self._limit(exchange):
            self._start(lane, exchange)
        elif len(lane.waiting) >= self.budget.queue:
            self._dropped(exchange, QUEUE_FULL)
        elif lane.bytes + _size(exchange) > QUEUE_BYTES:
            self._dropped(exchange, QUEUE_BYTES_FULL)
        else:
            lane.bytes += _size(exchange)
            lane.waiting.append((exchange, self._clock() + self.budget.deadline))

    def oldest(self) -> dict[str, float]:
        """By route, the arrival of the oldest exchange whose pair is not settled: evidence may count up to there."""
        oldest: dict[str, float] = {}
        for lane in self._lanes.values():
            for exchange in lane.under_way.values():
                _lower(oldest, exchange)
            for exchange, _ in lane.waiting:
                _lower(oldest, exchange)
        return oldest

    def depth(self) -> dict[str, tuple[int, int]]:
        """By backend, how many copies are under way and how many wait."""
        return {name: (len(lane.under_way), len(lane.waiting)) for name, lane in self._lanes.items()}

    def drain(self) -> None:
        """Stops taking copies; those waiting are dropped, those under way cancelled, all of them counted."""
        self._draining = True
        for lane in self._lanes.values():
            while lane.waiting:
                self._dropped(lane.pop()[0], DRAINING)
            for cancel in list(lane.cancels.values()):
                cancel()

    def _rests(self, lane: _Lane) -> bool:
        if self._clock() < lane.rests_until:
            return True
        lane.rests_until = 0.0
        return False

    def _limit(self, exchange: Exchange) -> int:
        """How many copies like this one's may be under way at once."""
        if exchange.answered.side is Side.LEGACY:
            return self.budget.concurrency
        return min(self.budget.concurrency, max(1, self._in_flight()))

    def _start(self, lane: _Lane, exchange: Exchange) -> None:
        breaker = self._breaker(lane.backend)
        if breaker is not None and not breaker.allows(self._clock()):
            self._dropped(exchange, BREAKER_OPEN)
            return
        lane.count += 1
        ticket = lane.count
        lane.under_way[ticket] = exchange
        side = exchange.answered.side.other

        def done(observation: Observation) -> None:
            del lane.under_way[ticket]
            lane.cancels.pop(ticket, None)
            if observation.outcome is Outcome.OK and not observation.body.complete:
                lane.rests_until = max(lane.rests_until, self._clock()) + REST
            self._finish(exchange, observation, breaker)
            self._next(lane)

        cancel = self._call(exchange, lane.backend, side, self.budget.deadline, done)
        if ticket in lane.under_way:
            lane.cancels[ticket] = cancel

    def _next(self, lane: _Lane) -> None:
        now = self._clock()
        while lane.waiting and len(lane.under_way) < self._limit(lane.waiting[0][0]):
            exchange, expires = lane.pop()
            if now > expires:
                self._dropped(exchange, EXPIRED)
            elif now < lane.rests_until:
                self._dropped(exchange, TOO_LARGE)
            else:
                self._start(lane, exchange)

    def _finish(self, exchange: Exchange, observation: Observation, breaker: Gate | None) -> None:
        outcome = observation.outcome
        if breaker is not None:
            if outcome is Outcome.OK:
                breaker.succeeded()
            elif outcome.is_upstream_failure or outcome is Outcome.TOTAL_TIMEOUT:
                breaker.failed(self._clock())
        if outcome in (Outcome.CANCELLED, Outcome.POOL_EXHAUSTED):
            self._not_compared(exchange, NotCompared.SHADOW_CANCELLED)
            return
        answered = exchange.answered
        legacy, extracted = (answered, observation) if answered.side is Side.LEGACY else (observation, answered)
        self._publish(
            Pair(
                exchange.route,
                exchange.epoch,
                exchange.rules,
                exchange.arrival,
                exchange.request,
                legacy,
                extracted,
                answered.side,
            )
        )


class _Lane:
    """The copies on their way to one backend."""

    __slots__ = ("backend", "bytes", "cancels", "count", "rests_until", "under_way", "waiting")

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.waiting: deque[tuple[Exchange, float]] = deque()
        self.under_way: dict[int, Exchange] = {}
        self.cancels: dict[int, Callable[[], None]] = {}
        self.count = 0
        self.rests_until = 0.0
        self.bytes = 0  # bodies of those who wait

    def pop(self) -> tuple[Exchange, float]:
        """Who waits longest, and until when."""
        exchange, expires = self.waiting.popleft()
        self.bytes -= _size(exchange)
        return exchange, expires


def _size(exchange: Exchange) -> int:
    return len(exchange.request.body.data) + len(exchange.answered.body.data)


def _incomparable(exchange: Exchange) -> NotCompared | None:
    """Why no copy need be sent: what the client got is not whole, so there is nothing to compare with."""
    answered = exchange.answered
    if answered.outcome is Outcome.CLIENT_GONE:
        return NotCompared.CLIENT_GONE
    if not exchange.request.body.complete:
        return NotCompared.TOO_LARGE
    if answered.outcome is Outcome.OK and not answered.body.complete:
        return NotCompared.TOO_LARGE
    return None


def _lower(oldest: dict[str, float], exchange: Exchange) -> None:
    known = oldest.get(exchange.route)
    if known is None or exchange.arrival < known:
        oldest[exchange.route] = exchange.arrival

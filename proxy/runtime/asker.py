"""Questions that control asks of its own accord: re-asks, and replays that a person ordered.

They go out through a data path without a listener: the same client of backends, the same mark, the same bounds of time
and size as a copy of a worker. Nobody's request waits for them, so they are few: per backend a rate
(`reasks.per_second`, replays included) and a handful under way. A backend that keeps failing is left alone by a breaker
of control's own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from proxy import routing
from proxy.data_path import DataPath
from proxy.model.observation import EMPTY_BODY, CapturedRequest, Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side

UNDER_WAY = 8  # questions to one backend at once
WAITING = 256  # questions to one backend that wait for their turn

Done = Callable[[Observation], None]


class _Question(NamedTuple):
    side: Side
    request: CapturedRequest
    deadline: float
    done: Done


class _Lane:
    """The questions to one backend: those under way by ticket, with what cancels them, those that wait, and when the
    last ones were sent."""

    __slots__ = ("breaker", "count", "sent", "under_way", "waiting", "waking")

    def __init__(self, breaker: routing.Breaker) -> None:
        self.breaker = breaker
        self.count = 0
        self.sent: deque[float] = deque()
        self.under_way: dict[int, Callable[[], None]] = {}
        self.waiting: deque[tuple[int, _Question]] = deque()
        self.waking: asyncio.TimerHandle | None = None

    def allowed_in(self, now: float, per_second: float) -> float:
        """Seconds until one more question keeps the rate, in any second whatever; below 1 a second, in any 1/rate."""
        window = max(1.0, 1.0 / per_second)
        while self.sent and self.sent[0] <= now - window:
            self.sent.popleft()
        most = max(1, int(per_second))
        return 0.0 if len(self.sent) < most else self.sent[len(self.sent) - most] + window - now


class Asker:
    """Made inside a running loop. `clock` is any monotonic clock in seconds, `dice` gives numbers in [0, 1)."""

    def __init__(self, snapshot: routing.Snapshot, *, clock: Callable[[], float], dice: Callable[[], float]) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = clock
        self._snapshot = snapshot
        self._lanes: dict[str, _Lane] = {}
        self._closed = False
        self._data_path = DataPath(
            snapshot=snapshot,
            record=lambda ended: None,
            offer=lambda exchange, decision: None,
            breakers=lambda backend: self._lane(backend).breaker,
            dice=dice,
            serving=False,
        )

    def swap(self, snapshot: routing.Snapshot) -> None:
        """Takes up a new routes.yaml: pools of backends that are gone or changed are drained, questions to those that
        are gone end."""
        before, self._snapshot = self._snapshot.spec, snapshot
        self._data_path.swap(snapshot)
        for name, lane in list(self._lanes.items()):
            if before.backends.get(name) != snapshot.spec.backends.get(name):
                lane.breaker = routing.Breaker(snapshot.spec.breaker)
            if name not in snapshot.spec.backends or not self.in_force:
                self._give_up(name, lane)
            if name not in snapshot.spec.backends and not lane.under_way:
                del self._lanes[name]
            self._go_on(name, lane)

    @property
    def in_force(self) -> bool:
        """False when `reasks.per_second` is 0: then nothing is ever asked."""
        return self._snapshot.spec.reasks.per_second > 0 and not self._closed

    def is_free(self, backend: str) -> bool:
        """True when a question to this backend would go out at once."""
        if not self.in_force or backend not in self._snapshot.spec.backends:
            return False
        lane = self._lane(backend)
        wait = lane.allowed_in(self._clock(), self._snapshot.spec.reasks.per_second)
        return wait <= 0 and not lane.waiting and len(lane.under_way) < UNDER_WAY

    def ask(
        self, backend: str, side: Side, request: CapturedRequest, deadline: float, done: Done
    ) -> Callable[[], None]:
        """Sends a captured request, marked as a copy, when its turn comes. `deadline`: seconds from then on. `done` is
        called exactly once, never from within this call: with `pool_exhausted` when too many wait or nothing may be
        asked, `breaker_open` when the backend is known to be down, `cancelled` when the returned function was called.
        """
        question = _Question(side, request, deadline, done)
        lane = self._lane(backend)
        if not self.in_force or backend not in self._snapshot.spec.backends or len(lane.waiting) >= WAITING:
            self._unasked(backend, question, Outcome.POOL_EXHAUSTED)
            return _nothing
        lane.count += 1
        ticket = lane.count
        lane.waiting.append((ticket, question))
        self._go_on(backend, lane)
        return lambda: self._cancel(backend, lane, ticket)

    def close(self) -> None:
        """Ends what is under way and what waits; each is told `cancelled`."""
        self._closed = True
        for backend, lane in self._lanes.items():
            self._give_up(backend, lane)
            for cancel in list(lane.under_way.values()):
                cancel()
        self._data_path.close()

    def _lane(self, backend: str) -> _Lane:
        lane = self._lanes.get(backend)
        if lane is None:
            lane = self._lanes[backend] = _Lane(routing.Breaker(self._snapshot.spec.breaker))
        return lane

    def _go_on(self, backend: str, lane: _Lane) -> None:
        """Sends what may be sent now, and comes back when the next one may."""
        if lane.waking is not None:
            lane.waking.cancel()
            lane.waking = None
        if not self.in_force:
            return
        per_second = self._snapshot.spec.reasks.per_second
        while lane.waiting and len(lane.under_way) < UNDER_WAY:
            now = self._clock()
            wait = lane.allowed_in(now, per_second)
            if wait > 0:
                lane.waking = self._loop.call_later(wait, self._go_on, backend, lane)
                return
            self._send(backend, lane, now, *lane.waiting.popleft())

    def _send(self, backend: str, lane: _Lane, now: float, ticket: int, question: _Question) -> None:
        breaker, request = lane.breaker, question.request
        if not breaker.allows(now):
            self._unasked(backend, question, Outcome.BREAKER_OPEN)
            return
        lane.sent.append(now)
        lane.under_way[ticket] = _nothing

        def done(observation: Observation) -> None:
            del lane.under_way[ticket]
            outcome = observation.outcome
            if outcome is Outcome.OK:
                breaker.succeeded()
            elif outcome.is_upstream_failure or outcome is Outcome.TOTAL_TIMEOUT:
                breaker.failed(self._clock())
            question.done(observation)
            self._go_on(backend, lane)

        spec = self._snapshot.spec.backends[backend]
        copy = routing.copy_head(request, authority=routing.authority_of(spec), preserve_host=spec.preserve_host)
        head, told = routing.for_side(self._snapshot.filters_of(request), question.side, copy, done)
        cancel = self._data_path.call(
            backend,
            question.side,
            head,
            request.body.data,
            method=request.method,
            deadline=question.deadline,
            capture=self._snapshot.spec.shadow.capture,
            done=told,
        )
        if ticket in lane.under_way:
            lane.under_way[ticket] = cancel

    def _cancel(self, backend: str, lane: _Lane, ticket: int) -> None:
        if ticket in lane.under_way:
            lane.under_way[ticket]()
            return
        for entry in lane.waiting:
            if entry[0] == ticket:
                lane.waiting.remove(entry)
                self._unasked(backend, entry[1], Outcome.CANCELLED)
                return

    def _give_up(self, backend: str, lane: _Lane) -> None:
        """Ends all that waits."""
        if lane.waking is not None:
            lane.waking.cancel()
            lane.waking = None
        while lane.waiting:
            self._unasked(backend, lane.waiting.popleft()[1], Outcome.CANCELLED)

    def _unasked(self, backend: str, question: _Question, outcome: Outcome) -> None:
        nothing = Observation(question.side, backend, outcome, 0, (), EMPTY_BODY, "", 0.0, 0.0)
        self._loop.call_soon(question.done, nothing)


def _nothing() -> None:
    pass

"""Asking a url whether it is well, in turn and for ever.

Each worker asks for itself, on its own timer wheel. If one process asked for all, it would have to tell the others, who
would go by old news while it is dead or slow; and what counts is whether *this* process gets through. The price is
bounded: workers times urls questions per `interval`, on a connection of their own that is kept open, so that a full
pool is not taken for a sick service. (Envoy and HAProxy ask once for all threads of a process: those share memory.)

The first question comes within the first interval, at a moment drawn by lot, so that workers do not ask together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.data_path.call import Call
from proxy.data_path.wheel import NEVER
from proxy.model.outcome import Outcome
from proxy.model.sides import Side

if TYPE_CHECKING:
    from proxy.data_path.pool import Pool
    from proxy.model.observation import Observation
    from proxy.model.spec import Health
    from proxy.routing.balance import Standing

CONNECTIONS = 2
_ENOUGH = 64 * 1024  # of an answer's body, so that the connection can be used again


class HealthCheck:
    """`pool` is its own. It begins after `first` seconds and ends with `stop`."""

    __slots__ = ("_health", "_message", "_pool", "_standing", "_stopped", "deadline", "due")

    def __init__(self, pool: Pool, standing: Standing, health: Health, first: float) -> None:
        self._pool = pool
        self._standing = standing
        self._health = health
        host = pool.backend.rewrite.host
        lines = (
            b"GET %b HTTP/1.1" % health.path.encode("ascii"),
            b"Host: " + (host.encode("ascii") if host else pool.authority),
            b"User-Agent: strangler-health",
            b"Accept: */*",
        )
        self._message = b"\r\n".join((*lines, b"\r\n"))
        self._stopped = False
        self.deadline = NEVER
        self.due = NEVER
        pool.wheel.watch(self, pool.wheel.now + first)

    def stop(self) -> None:
        self._stopped = True
        self.deadline = NEVER
        self._pool.close()

    def expired(self, now: float) -> None:
        Call(self._pool, Side.LEGACY, self._message, b"GET", _ENOUGH, self._answered).begin(self._health.timeout)
        self._pool.wheel.watch(self, now + self._health.interval)

    def _answered(self, observation: Observation) -> None:
        if not self._stopped:  # the breaker is now somebody else's to hold
            good = observation.outcome is Outcome.OK and 200 <= observation.status < 400
            why = str(observation.status) if observation.outcome is Outcome.OK else str(observation.outcome)
            self._standing.checked(good, f"GET {self._health.path}: {why}")

"""When to stop asking a backend that fails.

Failures in a row open it; one success closes it. While it is open, one request per `open_for` may try, so that a
backend that comes back is found without being flooded. A trial whose end is never heard of (its client went away) only
delays the next one. Where health checks know that no url of the backend is healthy they hold it open, and nothing is
tried: the next good check says more than a client's request could.
"""

from __future__ import annotations

from proxy.model import spec


class Breaker:
    """The breaker of one backend in one worker. `now` is any monotonic clock in seconds."""

    __slots__ = ("_failures", "_held", "_limit", "_next_trial", "_open_for", "open")

    def __init__(self, settings: spec.Breaker) -> None:
        self._limit = settings.failures
        self._open_for = settings.open_for
        self._failures = 0
        self._next_trial = 0.0
        self._held = False
        self.open = False

    def allows(self, now: float) -> bool:
        """True when a request may be sent; while open, a True is the trial."""
        if not self.open:
            return True
        if self._held or now < self._next_trial:
            return False
        self._next_trial = now + self._open_for
        return True

    def hold(self, held: bool) -> None:
        """Keep it open, or no longer: then it is closed."""
        if held is not self._held:
            self._held = self.open = held
            self._failures = 0

    def succeeded(self) -> None:
        self._failures = 0
        self.open = self._held

    def turned_down(self, now: float) -> None:
        """It answered, with a status that the route counts as a failure: the backend is there all the same."""
        self.succeeded()

    def failed(self, now: float) -> None:
        self._failures += 1
        if self.open or self._failures >= self._limit:
            self.open = True
            self._next_trial = now + self._open_for

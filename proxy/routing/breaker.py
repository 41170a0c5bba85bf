"""When to stop asking a backend that fails.

Failures in a row open it; one success closes it. While it is open, one request per `open_for` may try, so that a
backend that comes back is found without being flooded. A trial whose end is never heard of (its client went away) only
delays the next one.
"""

from __future__ import annotations

from proxy.model import spec


class Breaker:
    """The breaker of one backend in one worker. `now` is any monotonic clock in seconds."""

    __slots__ = ("_failures", "_limit", "_next_trial", "_open_for", "open")

    def __init__(self, settings: spec.Breaker) -> None:
        self._limit = settings.failures
        self._open_for = settings.open_for
        self._failures = 0
        self._next_trial = 0.0
        self.open = False

    def allows(self, now: float) -> bool:
        """True when a request may be sent; while open, a True is the trial."""
        if not self.open:
            return True
        if now < self._next_trial:
            return False
        self._next_trial = now + self._open_for
        return True

    def succeeded(self) -> None:
        self._failures = 0
        self.open = False

    def failed(self, now: float) -> None:
        self._failures += 1
        if self.open or self._failures >= self._limit:
            self.open = True
            self._next_trial = now + self._open_for

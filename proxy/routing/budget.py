"""How many requests may be sent again.

Retries mend single failures; when everything fails they only multiply the load on what is down, and keep it down. So
each request earns a part of a retry, and each retry of something that had left costs a whole one: whatever fails, a
backend sees at most `SHARE` more requests, and `RESERVE`. (Finagle, Linkerd and Envoy bound retries in this way; a
count of attempts per request alone bounds nothing.)
"""

from __future__ import annotations

SHARE = 0.2
RESERVE = 10.0


class Budget:
    """Of one backend in one worker."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = RESERVE

    def earn(self) -> None:
        """A request that may be sent again is sent for the first time."""
        self._left = min(RESERVE, self._left + SHARE)

    def spend(self) -> bool:
        """True when it may be sent again now."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

"""What one exchange still has of its route's `retry`, and the wait before the next try.

The wait is at least `backoff`, twice as much before each further try (RFC 9110 has no say in it; Gateway API calls it
the least), and up to half as long again by lot, so that those who failed together do not come back together. The wheel
is too coarse for it, and retries are few: they have timers of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from proxy.model.spec import Retry


class Retrying:
    """`left` tries more may be made; `codes` are the answers that count as failures."""

    __slots__ = ("_backoff", "_timer", "_tries", "codes", "left")

    def __init__(self, retry: Retry) -> None:
        self.codes = retry.codes
        self.left = retry.attempts
        self._backoff = retry.backoff
        self._tries = 0
        self._timer: asyncio.TimerHandle | None = None

    def after_a_while(self, dice: float, send: Callable[[], None]) -> None:
        """Uses up one try: calls `send` when its time has come, at once without a `backoff`."""
        self.left -= 1
        wait = self._backoff * 2**self._tries * (1 + dice / 2)
        self._tries += 1
        if wait:
            self._timer = asyncio.get_running_loop().call_later(wait, send)
        else:
            send()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def told(self, why: str) -> str:
        """The reason for an exchange's end, with how often it was sent again."""
        return f"{why}, sent again {self._tries}x" if self._tries else why

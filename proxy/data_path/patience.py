"""The time that a route gives one exchange, and each try of it at a backend: Gateway API's `timeouts`.

What a backend's own time-outs bound is a wait (for a connection, the first byte, the next piece), and streams may run
for ever. A route's bound is on the whole, whatever it consists of: waiting for a connection, sending the body, the
answer to its last byte. A tunnel is no answer any more and is not bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.data_path.wheel import NEVER, Wheel
from proxy.model.filters import Timeouts

if TYPE_CHECKING:
    from proxy.data_path.exchange import Exchange


class _Bound:
    """One deadline of an exchange in the wheel."""

    __slots__ = ("_exchange", "_seconds", "_whole", "deadline", "due")

    def __init__(self, exchange: Exchange, seconds: float, *, whole: bool) -> None:
        self._exchange: Exchange | None = exchange
        self._seconds = seconds
        self._whole = whole
        self.deadline = NEVER
        self.due = NEVER

    def watch(self, wheel: Wheel) -> None:
        wheel.watch(self, wheel.now + self._seconds)

    def stop(self) -> None:
        """The wheel holds this for some seconds yet, it need not hold the exchange."""
        self._exchange = None
        self.deadline = NEVER

    def expired(self, now: float) -> None:
        if self._exchange is not None:
            what = "exchange" if self._whole else "answer of one try"
            self._exchange.out_of_time(f"no whole {what} within {self._seconds:g} s", whole=self._whole)


class Patience:
    """The bounds of one exchange. The first begins now, the other with each try."""

    __slots__ = ("_try", "_wheel", "_whole")

    def __init__(self, exchange: Exchange, wheel: Wheel, timeouts: Timeouts) -> None:
        self._wheel = wheel
        self._whole = _Bound(exchange, timeouts.request, whole=True) if timeouts.request else None
        self._try = _Bound(exchange, timeouts.backend_request, whole=False) if timeouts.backend_request else None
        if self._whole is not None:
            self._whole.watch(wheel)

    def tries(self) -> None:
        """A backend is asked."""
        if self._try is not None:
            self._try.watch(self._wheel)

    def rests(self) -> None:
        """Nobody is asked until the next try."""
        if self._try is not None:
            self._try.deadline = NEVER

    def stop(self) -> None:
        """The exchange is over, or a tunnel."""
        for bound in (self._whole, self._try):
            if bound is not None:
                bound.stop()

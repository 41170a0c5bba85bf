"""Whether legacy bears being asked again.

It was sized for its clients, and a question of ours must never be the one too many. It stops being asked for a while
when it says so (429, or 503; RFC 6585 section 4, RFC 9110 section 15.6.4; Retry-After is obeyed), and when its answers
to us come slowly: most of the last few took more than twice what its answers on that route usually take, and markedly
more. One slow answer is chance. Each stop is twice as long as the one before, until it answers well again.

A 429 says how it is with one client, and is no news where that client had got it itself: legacy refuses as before, and
does so whether we ask or not. If it were a sign of trouble, one client beyond his quota would end the questions of all
routes for good. (A 503 says how it is with the server.)
"""

from __future__ import annotations

from collections import deque

from proxy.model.headers import first
from proxy.model.observation import Observation
from proxy.model.outcome import Outcome

TOO_MANY = 429
SLOWER = 2.0  # times as long as usual
MARKEDLY = 0.05  # seconds
LOOKED_AT = 5  # answers
TOO_MANY_SLOW = 4
KNOWN = 20  # answers after which it is known what is usual
SHORTEST, LONGEST = 10.0, 300.0  # seconds that a stop lasts
_WEIGHT = 0.05  # of the newest answer in what is usual


class Calm:
    """`now` is any monotonic clock in seconds."""

    def __init__(self) -> None:
        self._usual: dict[str, tuple[int, float]] = {}  # by route: answers seen, moving average of their seconds
        self._slow: deque[bool] = deque(maxlen=LOOKED_AT)
        self._pause = SHORTEST
        self._until = 0.0

    def usual(self, route: str, seconds: float) -> None:
        """Notes how long legacy took for a client, or for a copy."""
        count, average = self._usual.get(route, (0, seconds))
        self._usual[route] = count + 1, average + _WEIGHT * (seconds - average)

    def is_stopped(self, now: float) -> bool:
        return now < self._until

    def heard(
        self, route: str, answer: Observation, now: float, *, timed: bool, ours: float = 0.0, before: int = 0
    ) -> str:
        """Takes legacy's answer to a question. Why it is left alone from now on, "" when it is not. `timed`: it is the
        instance whose usual time is known. `ours`: seconds of the answer's time in which this process lagged.
        `before`: the status that the client had got from legacy, 0 when it had got none."""
        if answer.status == before == TOO_MANY:
            return ""
        if answer.status in (TOO_MANY, 503):
            return self._stop(now, f"legacy answered {answer.status}", _retry_after(answer))
        count, average = self._usual.get(route, (0, 0.0))
        if not timed or count < KNOWN or answer.outcome not in (Outcome.OK, Outcome.TOTAL_TIMEOUT):
            return ""
        took = answer.total - ours
        self._slow.append(took > SLOWER * average and took > average + MARKEDLY)
        if sum(self._slow) >= TOO_MANY_SLOW:
            return self._stop(now, f"legacy slows: {1000 * took:.0f} ms where {1000 * average:.0f} ms is usual", 0.0)
        if len(self._slow) == LOOKED_AT and not any(self._slow):
            self._pause = SHORTEST
        return ""

    def left(self, now: float) -> float:
        """Seconds until it may be asked again."""
        return max(0.0, self._until - now)

    def _stop(self, now: float, why: str, at_least: float) -> str:
        if self.is_stopped(now):
            return ""  # questions that were under way already
        self._until = now + max(self._pause, at_least)
        self._pause = min(LONGEST, 2 * self._pause)
        self._slow.clear()
        return why


def _retry_after(answer: Observation) -> float:
    """Seconds, 0.0 without any; a date is not worth reading for a pause of ours."""
    text = (first(answer.headers, b"retry-after") or b"").strip()
    return min(LONGEST, float(text)) if text.isdigit() else 0.0

"""Evidence of a route that cannot be copied: the clients' own exchanges in canary, one share beside the other.

A write with no way to roll it back gives no pairs of answers to one request. What is left to compare is how the two
shares of a canary fare. Clients are put into a share by lot, so if both sides behave alike, then of exchanges that
arrive close together any one could as well have fallen to the other side: they are exchangeable. Everything here rests
on that, and on nothing else: no figure of yesterday, no assumption about how latencies are spread. (Comparing with
legacy's figures of another time finds the hour of the day.)

*Failures.* Each exchange of the extracted side is paired with the nearest one of legacy's share that has no pair yet,
WINDOW seconds apart at most; of busy routes that is the same second. Neither share's outcome has a say in it. A pair is
`failed` when only the extracted side failed (an upstream failure, or a 5xx), `spared` when only legacy did. The
difference of the two rates is the increase in errors, whatever fails on both sides alike (`rate.increase_pass_value`).

*Slowness.* One exchange says little beside another: latencies of one side alone differ by more than any ratio. But of
an exchange and PEERS of the other share, all alike, each is the slowest with a chance of 1 in PEERS + 1 = 5 %. So an
exchange of the extracted side is `slower` when it took more than R times as long as the slowest of its own PEERS
nearest ones in legacy's share, and SLOWER more: a p95 ratio, measured within one minute. Each exchange of legacy is
the peer of one only, so that the trials are independent.

*When.* An exchange counts at its arrival, and only when all that arrived before it have had the time to end
(`settle(before)`); else a side that hangs would look well until its first time-out. What ends later still: of the
extracted side it counts as slower, and as failed if it failed; of legacy's share it does not count. That can only make
passing harder. An exchange that finds no partner within WINDOW counts nowhere.

What is not independent: the exchanges of one client. One that repeats a failing request a thousand times is a thousand
trials here, since nothing of a request is kept to tell.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from math import inf
from typing import NamedTuple

WINDOW = 60.0  # seconds
PEERS = 19  # of legacy's share to one of the extracted side
SLOWER = 0.005  # seconds; less than this more is nobody's harm, whatever the ratio
WAITING = 100_000  # exchanges that wait; beyond them legacy's oldest go


class Fared(NamedTuple):
    """One client exchange. `at` is its arrival; `seconds` until its answer ended."""

    at: float
    extracted: bool
    failed: bool
    seconds: float


class Trial(NamedTuple):
    """What one exchange of the extracted side showed, as counts of 0 and 1 in the terms of a segment."""

    at: float
    shared: int = 0
    shared_failed: int = 0
    shared_spared: int = 0
    timed: int = 0
    slower: int = 0


class Shares:
    """Mutable; one for each evidence key."""

    def __init__(self) -> None:
        self._ended: list[Fared] = []  # in order of arrival
        self._settled = -inf
        self._single: deque[Fared] = deque()  # legacy's, without a pair
        self._peers: deque[Fared] = deque()  # legacy's, of nobody's group
        self._lonely: deque[Fared] = deque()  # the extracted side's, without a pair
        self._alone: deque[Fared] = deque()  # and those whose group is not whole
        self._late: list[Trial] = []

    def add(self, fared: Fared) -> None:
        """Takes an exchange that ended."""
        if fared.at > self._settled:
            insort(self._ended, fared)
        elif fared.extracted:
            self._late.append(Trial(fared.at, 1, int(fared.failed), 0, 1, 1))

    def settle(self, before: float, ratio: float) -> list[Trial]:
        """Counts what arrived before `before`. `ratio` is how many times as long is slower."""
        trials, self._late = self._late, []
        ready = 0
        for fared in self._ended:
            if fared.at > before:
                break
            ready += 1
            self._forget(fared.at - WINDOW)
            (self._took_extracted if fared.extracted else self._took_legacy)(fared, ratio, trials)
        del self._ended[:ready]
        self._settled = max(self._settled, before)
        return trials

    @property
    def waiting(self) -> int:
        """Exchanges that may count yet."""
        return len(self._ended) + len(self._lonely) + len(self._alone)

    def _took_extracted(self, fared: Fared, ratio: float, trials: list[Trial]) -> None:
        if self._single:
            trials.append(_pair(fared, self._single.pop()))
        else:
            self._lonely.append(fared)
        self._alone.append(fared)
        self._group(ratio, trials)

    def _took_legacy(self, fared: Fared, ratio: float, trials: list[Trial]) -> None:
        if self._lonely:
            trials.append(_pair(self._lonely.pop(), fared))
        else:
            self._single.append(fared)
        self._peers.append(fared)
        self._group(ratio, trials)

    def _group(self, ratio: float, trials: list[Trial]) -> None:
        if self._alone and len(self._peers) >= PEERS:
            one = self._alone.popleft()
            slowest = max(self._peers.pop().seconds for _ in range(PEERS))
            slower = one.seconds > ratio * slowest and one.seconds - slowest > SLOWER
            trials.append(Trial(one.at, timed=1, slower=int(slower)))

    def _forget(self, before: float) -> None:
        for queue in (self._single, self._peers, self._lonely, self._alone):
            while queue and (queue[0].at < before or len(queue) > WAITING):
                queue.popleft()


def _pair(extracted: Fared, legacy: Fared) -> Trial:
    failed, spared = extracted.failed and not legacy.failed, legacy.failed and not extracted.failed
    return Trial(extracted.at, 1, int(failed), int(spared))

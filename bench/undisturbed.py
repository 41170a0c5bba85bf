"""Runs that the host of a virtual machine did not disturb: what it takes away during a run says nothing of a proxy.

A run during which the host gave more than MOST to others is made again, TRIES times at most; of several the least
disturbed counts. Whoever chooses knows only what was taken, never how the run went, so nothing is chosen because it
looks well. It is the same with copies and without, for this proxy and for its peers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bench.open_loop import Latency

MOST = 10  # milliseconds of all cores together, for each second of a run
TRIES = 4
T = TypeVar("T")


def undisturbed(make: Callable[[], T], of: Callable[[T], Latency], seconds: float) -> T:
    """What `make` made with the least disturbed run of so many seconds; `of` tells which run that was."""
    tries: list[T] = []
    while not tries or (len(tries) < TRIES and of(tries[-1]).stolen_ms > MOST * seconds):
        tries.append(make())
    return min(tries, key=lambda made: of(made).stolen_ms)


def itself(run: Latency) -> Latency:
    return run

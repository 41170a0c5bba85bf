"""Long work in slices, with rests in which whoever waits is served: in this process, and in others on the same core."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TypeVar

from proxy import routing

SLICE = 0.0005  # seconds of work
REST = 0.001  # seconds between two slices

T = TypeVar("T")


async def in_slices(steps: routing.Steps[T], rest: Callable[[], float] = lambda: REST) -> T:
    """What the steps return, run to their end a slice at a time; `rest` says how long to pause after each."""
    while True:
        end = perf_counter() + SLICE
        try:
            while perf_counter() < end:
                next(steps)
        except StopIteration as finished:
            made: T = finished.value
            return made
        await asyncio.sleep(rest())


def joined(pieces: Iterable[bytes]) -> routing.Steps[bytes]:
    """The pieces as one, a step each."""
    found = []
    for piece in pieces:
        found.append(piece)
        yield
    return b"".join(found)

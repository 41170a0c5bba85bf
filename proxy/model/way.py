"""Long work that gives way: now and then whoever waits for the same core may go first. How is the caller's to say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

EVERY = 8  # items of some microseconds each

T = TypeVar("T")
GiveWay = Callable[[], None]


def to_nobody() -> None:
    """For work beside which nothing else runs."""


def gently(items: Iterable[T], give_way: GiveWay, every: int = EVERY) -> Iterator[T]:
    """The items; before every so many of them the caller gives way."""
    for number, item in enumerate(items):
        if number % every == 0:
            give_way()
        yield item

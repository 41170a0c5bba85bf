"""Work in steps: a generator that yields often and returns what was made.

A table of ten thousand routes takes half a second to make, and a worker that makes it has clients to serve meanwhile.
So the work says where it can be interrupted, and whoever runs it decides how much is done at a time.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
Steps = Generator[None, None, T]


def at_once(steps: Steps[T]) -> T:
    """What the steps return, run to their end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: T = end.value
            return made

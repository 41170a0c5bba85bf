"""What a worker told control and control has not stored: kept, to be told again to the control that comes next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

KEPT_BYTES = 8 * 1024 * 1024  # of frames; beyond that the oldest can't be told again


class Keepsakes:
    """Frames with evidence, by number, as they were sent."""

    def __init__(self) -> None:
        self._frames: deque[tuple[int, bytes]] = deque()
        self._bytes = 0

    def keep(self, number: int, payload: bytes) -> None:
        self._frames.append((number, payload))
        self._bytes += len(payload)
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._frames.popleft()[1])

    def stored(self, number: int, still_open: frozenset[int]) -> None:
        """Those up to `number` are stored, but for the open ones."""
        self._frames = deque(each for each in self._frames if each[0] > number or each[0] in still_open)
        self._bytes = sum(len(payload) for _, payload in self._frames)

    def __iter__(self) -> Iterator[bytes]:
        return iter([payload for _, payload in self._frames])

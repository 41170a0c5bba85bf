"""A copy of a payload for comparing, up to a cap. Beyond it the copy is given up: the client's stream never waits."""

from __future__ import annotations

from proxy.model.observation import CapturedBody


class Capture:
    """Collects payload pieces; `add` is a body's sink, `size` counts all that was seen."""

    __slots__ = ("_cap", "_pieces", "size")

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._pieces: list[bytes] = []
        self.size = 0

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size <= self._cap:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def body(self, *, complete: bool) -> CapturedBody:
        """`complete` says whether the whole message came."""
        if not complete or self.size > self._cap:
            return CapturedBody(b"", self.size, False)
        return CapturedBody(b"".join(self._pieces), self.size, True)

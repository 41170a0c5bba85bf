"""What one side did with one request, and the request itself, captured for comparing."""

from __future__ import annotations

from typing import NamedTuple

from proxy.model.headers import Headers
from proxy.model.outcome import Outcome
from proxy.model.sides import Side


class CapturedBody(NamedTuple):
    """The payload of a message, chunking removed, content encoding left as it was.

    `complete` is False when the payload grew beyond the capture cap (`data` is then empty: a part of an answer proves
    nothing) or when the message was cut short. `size` counts all payload bytes seen.
    """

    data: bytes
    size: int
    complete: bool


EMPTY_BODY = CapturedBody(b"", 0, True)


class CapturedRequest(NamedTuple):
    """The client's request: raw target, end-to-end headers as forwarded (X-Strangler-* stripped), body."""

    method: bytes
    target: bytes
    headers: Headers
    body: CapturedBody


class Observation(NamedTuple):
    """What one side did. `status` is 0 and `headers` empty when no answer began; times are in seconds.

    `first_byte` and `total` count from the moment the request was handed to the side. `build` is the value of the
    backend's build header, "" when there is none.
    """

    side: Side
    backend: str
    outcome: Outcome
    status: int
    headers: Headers
    body: CapturedBody
    build: str
    first_byte: float
    total: float


class Exchange(NamedTuple):
    """A client exchange that ended and is eligible for shadowing.

    `arrival` is CLOCK_MONOTONIC seconds (one clock for all processes of a machine), the order in which evidence counts.
    `rules` is the digest of the route's comparison rules in force when the exchange began.
    """

    route: str
    epoch: int
    rules: str
    request: CapturedRequest
    answered: Observation
    arrival: float


class Pair(NamedTuple):
    """One request answered by both sides; `answering` is whose answer the client got."""

    route: str
    epoch: int
    rules: str
    arrival: float
    request: CapturedRequest
    legacy: Observation
    extracted: Observation
    answering: Side

    @property
    def size(self) -> int:
        """Bytes of its bodies."""
        return len(self.request.body.data) + len(self.legacy.body.data) + len(self.extracted.body.data)

"""Copies for comparing, up to a cap. Beyond it a copy is given up: the client's stream never waits."""

from __future__ import annotations

import time

from proxy.data_path.framing import Sink
from proxy.data_path.parse import Answer
from proxy.model.decision import Decision
from proxy.model.headers import Headers, first
from proxy.model.observation import CapturedBody, CapturedRequest, Exchange, Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.routing.forwarding import sent_headers


class Capture:
    """Collects payload pieces; `add` is a body's sink, `size` counts all that was seen, or announced beyond the cap."""

    __slots__ = ("_cap", "_pieces", "size")

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._pieces: list[bytes] = []
        self.size = 0

    @property
    def overflown(self) -> bool:
        return self.size > self._cap

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size <= self._cap:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def give_up(self) -> None:
        """Keep nothing, also of what comes."""
        self._cap = -1
        self._pieces.clear()

    def expect(self, length: int) -> bool:
        """True when an announced length (below 0: none) is beyond the cap already."""
        if length <= self._cap:
            return False
        self.size = length
        return True

    def body(self, *, complete: bool) -> CapturedBody:
        """`complete` says whether the whole message came."""
        if not complete or self.overflown:
            return CapturedBody(b"", self.size, False)
        return CapturedBody(b"".join(self._pieces), self.size, True)


class Watched:
    """What one side does with one request, as it happens: made when the side is asked."""

    __slots__ = ("_asked", "_first_byte", "answer", "body")

    def __init__(self, cap: int) -> None:
        self._asked = time.monotonic()
        self._first_byte = 0.0
        self.answer: Answer | None = None
        self.body = Capture(cap)

    def began(self, answer: Answer) -> Sink:
        """An answer began; its payload is wanted here."""
        self._first_byte = time.monotonic()
        self.answer = answer
        return self.body.add

    def observation(self, side: Side, backend: str, outcome: Outcome, build_header: bytes | None) -> Observation:
        now = time.monotonic()
        status = 0
        headers: Headers = ()
        build = ""
        if self.answer is not None:
            status = self.answer.head.status
            headers = self.answer.head.headers
            if build_header is not None:
                build = (first(headers, build_header) or b"").decode("latin-1")
        body = self.body.body(complete=outcome is Outcome.OK)
        first_byte = (self._first_byte or now) - self._asked
        return Observation(side, backend, outcome, status, headers, body, build, first_byte, now - self._asked)


def exchanged(
    decision: Decision, forwarded: bytes, body: CapturedBody, observation: Observation, started: float
) -> Exchange:
    """An exchange that ended, for the shadow. `forwarded` is the request's head as `upstream_head` made it."""
    method, target, _ = forwarded.split(b" ", 2)
    request = CapturedRequest(method, target, sent_headers(forwarded), body)
    return Exchange(decision.route, decision.epoch, decision.rules, request, observation, started)

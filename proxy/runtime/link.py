"""The link between workers and control: length-prefixed frames over a Unix socket.

Workers send plain tuples of bytes, strings and numbers through `marshal`, the cheapest encoding that the standard
library has; both ends are the same interpreter and the socket lies in a folder of mode 0700. Control sends what it
compiled as a pickle, which workers only ever accept from that socket.

Nothing here waits. A worker asks first whether the link is open, and gathers on within bounds when it is not.
Evidence may have gaps, clients may not.
"""

from __future__ import annotations

import asyncio
import marshal
import pickle
import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Any, cast

from proxy.model.headers import Headers
from proxy.model.observation import CapturedBody, CapturedRequest, Observation, Pair
from proxy.model.outcome import Outcome
from proxy.model.sides import Side

LIMIT = 1024 * 1024  # bytes that may wait in the transport for an end that lags
FRAME = struct.Struct("!IB")
LARGEST = 256 * 1024 * 1024


class Kind(IntEnum):
    HELLO = 1  # worker -> control: (index, pid, restarts, halted)
    TICK = 2  # worker -> control: see runtime/worker.py
    SNAPSHOT = 3  # control -> worker: a pickled routing.Snapshot
    STATES = 4  # control -> worker: pickled (states, halted)


class Link(asyncio.Protocol):
    """One end of the link; `received(kind, payload)` is called for each whole frame, `made` before anything is sent."""

    def __init__(
        self,
        received: Callable[[Link, Kind, bytes], None],
        lost: Callable[[Link], None],
        made: Callable[[Link], None] | None = None,
    ) -> None:
        self._made = made
        self._received = received
        self._lost = lost
        self._buffer = bytearray()
        self.transport: asyncio.Transport | None = None
        self.peer: int | None = None  # the worker's index, once it said hello

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if self._made is not None:
            self._made(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        self._lost(self)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= FRAME.size:
            length, kind = FRAME.unpack_from(buffer, start)
            end = start + FRAME.size + length
            if length > LARGEST:
                self.close()
                return
            if len(buffer) < end:
                break
            payload = bytes(memoryview(buffer)[start + FRAME.size : end])
            start = end
            self._received(self, Kind(kind), payload)
        if start:
            del buffer[:start]

    @property
    def is_open(self) -> bool:
        """True when the link is up and the other end keeps up: only then is a frame worth making."""
        return self.transport is not None and self.transport.get_write_buffer_size() <= LIMIT

    def send(self, kind: Kind, payload: bytes) -> None:
        """Hands a frame to the transport; on a link that is down it is lost."""
        if self.transport is not None:
            self.transport.writelines((FRAME.pack(len(payload), kind), payload))

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


def pack(value: Any) -> bytes:
    """Plain tuples, lists, dicts, bytes, strings and numbers to bytes."""
    return marshal.dumps(value)


def unpack(payload: bytes) -> Any:
    return marshal.loads(payload)  # noqa: S302 - from our own worker over a private socket


def pack_compiled(value: object) -> bytes:
    return pickle.dumps(value, protocol=5)


def unpack_compiled(payload: bytes) -> Any:
    return pickle.loads(payload)  # noqa: S301 - from our own control over a private socket


# A pair crosses as nested plain tuples: marshal takes neither named tuples nor enums.


def plain_request(request: CapturedRequest) -> tuple[object, ...]:
    return (request.method, request.target, plain_headers(request.headers), tuple(request.body))


def plain_observation(observation: Observation) -> tuple[object, ...]:
    side, backend, outcome, status, headers, body, build, first_byte, total = observation
    return (
        str(side),
        backend,
        str(outcome),
        status,
        plain_headers(headers),
        tuple(body),
        build,
        first_byte,
        total,
    )


def plain_pair(pair: Pair) -> tuple[object, ...]:
    return (
        pair.route,
        pair.epoch,
        pair.rules,
        pair.arrival,
        plain_request(pair.request),
        plain_observation(pair.legacy),
        plain_observation(pair.extracted),
        str(pair.answering),
    )


def plain_headers(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(key, value) for key, value in headers]


_SIDES = {str(side): side for side in Side}  # a look-up is a tenth of what calling the enum costs
_OUTCOMES = {str(outcome): outcome for outcome in Outcome}


def read_request(plain: Any) -> CapturedRequest:
    method, target, headers, body = plain
    return CapturedRequest(method, target, headers, CapturedBody(*body))


def read_observation(plain: Any) -> Observation:
    side, backend, outcome, status, headers, body, build, first_byte, total = plain
    return Observation(
        _SIDES[side], backend, _OUTCOMES[outcome], status, headers, CapturedBody(*body), build, first_byte, total
    )


def read_pair(plain: Any) -> Pair:
    route, epoch, rules, arrival, request, legacy, extracted, answering = plain
    return Pair(
        route,
        epoch,
        rules,
        arrival,
        read_request(request),
        read_observation(legacy),
        read_observation(extracted),
        _SIDES[answering],
    )

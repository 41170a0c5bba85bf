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
import socket
import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Any, cast

from proxy.model.observation import CapturedBody, CapturedRequest, Observation, Pair
from proxy.model.outcome import Outcome
from proxy.model.sides import Side

LIMIT = 1024 * 1024  # bytes that may wait in the transport for an end that lags
SOCKET_BUFFER = 4 * 1024 * 1024  # asked for; the kernel gives what it allows, and what it gives crosses at one wake-up
FRAME = struct.Struct("!IB")
LARGEST = 256 * 1024 * 1024
SMALL = 1024  # bytes of a body that are not worth looking for what differs
ROUGHLY = 32  # bytes too many that may cross of a larger one, at each end


class Kind(IntEnum):
    HELLO = 1  # worker -> control: (index, pid, restarts, halted by a signal that control has not confirmed, token)
    TICK = 2  # worker -> control: see runtime/worker.py
    SNAPSHOT = 3  # control -> worker: pickled (Snapshot without routes, states that changed); ends the parts before it
    STATES = 4  # control -> worker: pickled (states that changed, halted)
    CUT = 5  # control -> worker: pickled names of routes whose answers by the side that was left are to end
    MARK = 6  # control -> worker and back: a number, after which all that was sent before it is in force
    AGAIN = 8  # worker -> control: a TICK that may have been told to a control that was killed
    STORED = 9  # control -> worker: pickled (frame, frames up to it that are not wholly stored); the others are
    PART = 7  # control -> worker: some routes of a table, pickled list of routing.Entry


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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
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


# A pair crosses as nested plain tuples: marshal takes neither named tuples nor enums. Of the extracted side's body only
# the middle crosses that differs from legacy's: the link, not the comparison, is what is narrow for large bodies.

Middle = tuple[int, bytes, int]  # bytes in common at the start, what stands between, bytes in common at the end


def middle_of(body: bytes, other: bytes) -> Middle:
    """What of `body` is not at the same end of `other`, roughly; all of a small one."""
    if len(body) < SMALL:
        return 0, body, 0
    start = _common(body, other, min(len(body), len(other)), at_end=False)
    end = _common(body, other, min(len(body), len(other)) - start, at_end=True)
    return start, body[start : len(body) - end], end


def around(middle: Middle, other: bytes) -> bytes:
    """The body that `middle_of` took apart."""
    start, between, end = middle
    return other[:start] + between + other[len(other) - end :]


def _common(one: bytes, other: bytes, most: int, *, at_end: bool) -> int:
    """How many bytes are surely the same from one end, at most `most`; by halving, since slices compare fast."""
    low, high = 0, most
    first, second = len(one), len(other)
    while high - low > ROUGHLY:
        middle = (low + high + 1) // 2
        if at_end:
            same = one[first - middle : first - low] == other[second - middle : second - low]
        else:
            same = one[low:middle] == other[low:middle]
        if same:
            low = middle
        else:
            high = middle - 1
    return low


def plain_request(request: CapturedRequest) -> tuple[object, ...]:
    return (request.method, request.target, list(request.headers), tuple(request.body))


def plain_observation(observation: Observation, data: bytes | Middle) -> tuple[object, ...]:
    side, backend, outcome, status, headers, body, build, first_byte, total = observation
    return (
        str(side),
        backend,
        str(outcome),
        status,
        list(headers),
        (data, body.size, body.complete),
        build,
        first_byte,
        total,
    )


def pack_pair(pair: Pair) -> tuple[int, bytes]:
    """The bytes of bodies that cross, and the pair: packed by itself, so that control unpacks one after the other."""
    middle = middle_of(pair.extracted.body.data, pair.legacy.body.data)
    size = len(pair.request.body.data) + len(pair.legacy.body.data) + len(middle[1])
    return size, pack(
        (
            pair.route,
            pair.epoch,
            pair.rules,
            pair.arrival,
            plain_request(pair.request),
            plain_observation(pair.legacy, pair.legacy.body.data),
            plain_observation(pair.extracted, middle),
            str(pair.answering),
        )
    )


_SIDES = {str(side): side for side in Side}  # a look-up is a tenth of what calling the enum costs
_OUTCOMES = {str(outcome): outcome for outcome in Outcome}


def read_request(plain: Any) -> CapturedRequest:
    method, target, headers, body = plain
    return CapturedRequest(method, target, headers, CapturedBody(*body))


def read_observation(plain: Any, other: bytes = b"") -> Observation:
    """`other` is the body that a middle was taken out of."""
    side, backend, outcome, status, headers, (data, size, complete), build, first_byte, total = plain
    body = CapturedBody(around(data, other) if type(data) is tuple else data, size, complete)
    return Observation(_SIDES[side], backend, _OUTCOMES[outcome], status, headers, body, build, first_byte, total)


def unpack_pair(packed: bytes) -> Pair:
    route, epoch, rules, arrival, request, left, right, answering = unpack(packed)
    legacy = read_observation(left)
    extracted = read_observation(right, legacy.body.data)
    return Pair(route, epoch, rules, arrival, read_request(request), legacy, extracted, _SIDES[answering])

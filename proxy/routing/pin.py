"""Pinning: a client who has written reads for a time from the side that took his write.

A cohort keeps a client on one side while the stage stays. When it moves (canary to live, 5 to 20 percent, a fallback in
the middle), his next read may reach the side that does not know yet what he has just written, where data is copied
between the two with a delay. So the side that answered an unsafe method is remembered for some seconds.

Remembered where? Not in a cookie: clients would see that there is a proxy, and which side answered; a client that
sends none could not be held. Not in a worker: the next connection may be another one's. It is a table of fixed size in
memory that all workers of a machine share: one 8-byte word for a client, written and read whole, without a lock. What
is not there is no fault: the cohort decides, as without a pin. Nothing of a client is stored but a hash.

A pin never leads to a side that the stage has left: a rollback and a halt take effect with the next request.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from proxy.model.heads import RequestHead
from proxy.model.sides import Side, Stage
from proxy.model.spec import Route
from proxy.routing.cohort import client_key

if TYPE_CHECKING:
    from proxy.routing.plan import Plan

SLOTS = 1 << 16
BYTES = SLOTS * 8
_WAYS = 4  # places for one client: the fifth of one set takes the place of who would be forgotten first
_TAG = (1 << 39) - 1
_TICKS = (1 << 24) - 1
_PER_SECOND = 10  # ticks

# Where a pin may lead in a stage, beside where the stage itself would.
REACHES = {Stage.CANARY: (Side.LEGACY, Side.EXTRACTED), Stage.LIVE: (Side.LEGACY,)}


@dataclass(frozen=True, slots=True)
class Pin:
    """How one route in one state pins. `plans` serve a client who is held to a side."""

    seconds: float
    route: Route
    plans: dict[Side, Plan]

    def point(self, head: RequestHead, client_ip: str) -> int | None:
        """Where the client stands in the table; None for one without the key of the route's canary."""
        key = client_key(self.route, head, client_ip)
        if not key:
            return None
        salt = b"pin\0" + (self.route.group or self.route.name).encode() + b"\0"
        return int.from_bytes(blake2b(salt + key, digest_size=8).digest(), "big")


class Pins:
    """The table, over `SLOTS` words that several processes may share. A word: 39 bits of the client's point, 24 bits of
    the time until when, in tenths of a second modulo 2^24, one bit for the side; 0 is nothing. `now` is CLOCK_MONOTONIC
    seconds, which all processes of a machine share. Set and tag tell 2^53 clients apart."""

    __slots__ = ("_words",)

    def __init__(self, words: memoryview) -> None:
        self._words = words

    @classmethod
    def private(cls) -> Pins:
        return cls(memoryview(bytearray(BYTES)).cast("Q"))

    def hold(self, point: int, side: Side, seconds: float, now: float) -> None:
        """Holds the client to the side, from now on for so long."""
        words, tag, first = self._words, point & _TAG, _first(point)
        at = _ticks(now)
        until = (at + round(seconds * _PER_SECOND)) & _TICKS
        places = range(first, first + _WAYS)
        same = next((place for place in places if words[place] >> 25 == tag), None)
        place = same if same is not None else min(places, key=lambda each: _left(words[each], at))
        words[place] = tag << 25 | until << 1 | (side is Side.EXTRACTED)

    def side(self, point: int, seconds: float, now: float) -> Side | None:
        """The side that the client is held to, None when to none. `seconds` is the longest that a pin can last."""
        tag, first = point & _TAG, _first(point)
        for word in self._words[first : first + _WAYS]:
            if word >> 25 == tag and word and 0 < _left(word, _ticks(now)) <= round(seconds * _PER_SECOND):
                return Side.EXTRACTED if word & 1 else Side.LEGACY
        return None


def _first(point: int) -> int:
    return (point >> 39) % (SLOTS // _WAYS) * _WAYS


def _ticks(now: float) -> int:
    return int(now * _PER_SECOND) & _TICKS


def _left(word: int, at: int) -> int:
    """Ticks that a word still holds; not above 0 for one whose time is over, or that is empty."""
    if not word:
        return -_TICKS
    left = ((word >> 1) - at) & _TICKS
    return left if left <= _TICKS // 2 else left - _TICKS - 1

"""What a worker has to tell control, gathered between two ticks and sent as one frame.

Bounded: what would not fit is given up and counted, so that a control that lags or died costs a worker no memory. Byte
equal pairs are settled here (they need no parsing, and most pairs of a finished service are equal); all others cross.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from proxy import comparison
from proxy.model import headers as fields
from proxy.model.comparison import NotCompared
from proxy.model.observation import CapturedRequest, Exchange, Observation, Pair
from proxy.model.records import Ended
from proxy.model.sides import Side
from proxy.runtime.link import plain_pair

PAIR_BYTES = 8 * 1024 * 1024  # bodies of pairs between two ticks
INVENTORY_SAMPLE = 64  # exchanges told in full between two ticks; the rest raise their weight
LINES = 5_000  # access lines between two ticks
NOT_COMPARED = 10_000  # of those, kept for a control that comes back


@dataclass(slots=True)
class Outbox:
    """The contents of the next tick, as plain values."""

    equal: list[tuple[Any, ...]] = field(default_factory=list)
    pairs: list[tuple[Any, ...]] = field(default_factory=list)
    not_compared: list[tuple[Any, ...]] = field(default_factory=list)
    failed: list[tuple[Any, ...]] = field(default_factory=list)
    dropped: dict[tuple[str, int, str, str, str], int] = field(default_factory=dict)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    asked_unseen: int = 0
    lines: list[tuple[Any, ...]] = field(default_factory=list)
    given_up: int = 0
    builds: dict[str, str] = field(default_factory=dict)  # last build seen, by backend; outlives the tick
    pair_bytes: int = 0

    def pair(self, pair: Pair, headers: tuple[bytes, ...]) -> None:
        """Settles a byte-equal pair or queues it for control. `headers`: the compared ones, lower case."""
        extracted = pair.extracted
        if extracted.build:
            self.builds[extracted.backend] = extracted.build
        legacy = pair.legacy
        if legacy.status < 500 and comparison.byte_equal(legacy, extracted, headers):
            self.equal.append(
                (
                    pair.route,
                    pair.epoch,
                    pair.rules,
                    self._build(extracted),
                    pair.arrival,
                    request_digest(pair.request, legacy),
                    legacy.total,
                    extracted.total,
                )
            )
            return
        size = len(legacy.body.data) + len(extracted.body.data) + len(pair.request.body.data)
        if self.pair_bytes + size > PAIR_BYTES:
            self._skip(pair, legacy, NotCompared.OVERLOADED)
            return
        self.pair_bytes += size
        self.pairs.append((self._build(extracted), request_digest(pair.request, legacy), plain_pair(pair)))

    def skipped(self, exchange: Exchange, reason: NotCompared, backend: str) -> None:
        """Notes an exchange that can't be compared. `backend` is the extracted one, whose build it counts for."""
        self.not_compared.append(
            (
                exchange.route,
                exchange.epoch,
                exchange.rules,
                self.builds.get(backend, ""),
                exchange.arrival,
                request_digest(exchange.request, exchange.answered),
                str(reason),
            )
        )

    def drop(self, exchange: Exchange, reason: str, backend: str) -> None:
        key = (exchange.route, exchange.epoch, exchange.rules, self.builds.get(backend, ""), reason)
        self.dropped[key] = self.dropped.get(key, 0) + 1

    def ended(self, ended: Ended, line: bool) -> None:
        """Queues an exchange for the inventory, and for the access log when `line`."""
        if len(self.asked) < INVENTORY_SAMPLE:
            self.asked.append((ended.method, ended.target, ended.route, ended.code, ended.seconds))
        else:
            self.asked_unseen += 1
        if line:
            if len(self.lines) < LINES:
                self.lines.append(tuple(ended))
            else:
                self.given_up += 1

    def extracted_failed(self, ended: Ended, epoch: int, rules: str, backend: str, now: float, outcome: str) -> None:
        """Notes that the extracted side failed as the answering side: legacy stepped in, or could not."""
        digest = blake2b(ended.method + b" " + ended.target, digest_size=8).digest()
        build = self.builds.get(backend, "")
        self.failed.append((ended.route, epoch, rules, build, now, int.from_bytes(digest), outcome))

    @property
    def is_empty(self) -> bool:
        return not (
            self.equal or self.pairs or self.not_compared or self.failed or self.dropped or self.asked or self.given_up
        )

    def take(self, now: float, oldest: Mapping[str, float], metrics: Any, gauges: Mapping[str, Any]) -> dict[str, Any]:
        """The frame for control; empties the box."""
        frame = {
            "now": now,
            "oldest": dict(oldest),
            "metrics": metrics,
            "gauges": dict(gauges),
            "equal": self.equal,
            "pairs": self.pairs,
            "not_compared": self.not_compared,
            "failed": self.failed,
            "dropped": list(self.dropped.items()),
            "asked": self.asked,
            "asked_unseen": self.asked_unseen,
            "lines": self.lines,
            "given_up": self.given_up,
        }
        self.equal, self.pairs, self.not_compared, self.failed = [], [], [], []
        self.dropped, self.asked, self.lines = {}, [], []
        self.asked_unseen = self.given_up = self.pair_bytes = 0
        return frame

    def give_up(self, frame: Mapping[str, Any], reason: str) -> Counter[str]:
        """A frame that could not be sent: what was to be compared is dropped and counted, in the next frame for the
        evidence and in the answer by route; what was counted as dropped already stays so. Lines are given up too."""
        by_route: Counter[str] = Counter()
        keys = [(entry[0], entry[1], entry[2], entry[3]) for entry in frame["equal"] + frame["failed"]]
        keys += [(plain[0], plain[1], plain[2], build) for build, _, plain in frame["pairs"]]
        for route, epoch, rules, build in keys:
            key = (route, epoch, rules, build, reason)
            self.dropped[key] = self.dropped.get(key, 0) + 1
            by_route[route] += 1
        for key, count in frame["dropped"]:
            self.dropped[key] = self.dropped.get(key, 0) + count
        self.not_compared += frame["not_compared"][: NOT_COMPARED - len(self.not_compared)]
        self.given_up += frame["given_up"] + len(frame["lines"])
        return by_route

    def _build(self, extracted: Observation) -> str:
        return extracted.build or self.builds.get(extracted.backend, "")

    def _skip(self, pair: Pair, legacy: Observation, reason: NotCompared) -> None:
        self.not_compared.append(
            (
                pair.route,
                pair.epoch,
                pair.rules,
                self._build(pair.extracted),
                pair.arrival,
                request_digest(pair.request, legacy),
                str(reason),
            )
        )


def request_digest(request: CapturedRequest, answered: Observation) -> int:
    """Names a distinct request: method, target, body, and the headers that Vary names (RFC 9110 section 12.5.5)."""
    digest = blake2b(request.method + b" " + request.target, digest_size=8)
    if request.body.data:
        digest.update(b"\n")
        digest.update(request.body.data)
    vary = fields.first(answered.headers, b"vary") if answered.side is Side.LEGACY else None
    if vary is not None:
        for name in fields.tokens(answered.headers, b"vary"):
            for value in fields.every(request.headers, name):
                digest.update(b"\n" + name + b":" + value)
    return int.from_bytes(digest.digest())

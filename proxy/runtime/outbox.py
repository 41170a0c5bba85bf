"""What a worker has to tell control, gathered between two ticks and sent as one frame.

While control lags or is away it gathers on, so that a control that was killed and replaced within a second costs no
evidence; but within bounds: what does not fit is dropped and counted. Byte-equal pairs are settled here (they need no
parsing, and most pairs of a finished service are equal); all others cross.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from proxy import comparison
from proxy.model import headers as fields
from proxy.model.comparison import NotCompared
from proxy.model.observation import CapturedRequest, Exchange, Observation, Pair
from proxy.model.outcome import Outcome
from proxy.model.records import Ended
from proxy.model.sides import Side
from proxy.runtime.link import pack_pair

PAIR_BYTES = 8 * 1024 * 1024  # bodies of pairs that wait
ENTRIES = 50_000  # of each kind of comparison that wait
INVENTORY_SAMPLE = 32  # exchanges told in full between two ticks; the rest raise their weight
LINES = 5_000  # access lines that wait
CONTROL_LAGS = "control_lags"
_NOBODYS = frozenset({Outcome.CLIENT_STALLED, Outcome.TUNNELLED, Outcome.CANCELLED, Outcome.DRAINED, Outcome.CUT})


class Outbox:
    """The contents of the next tick, as plain values."""

    def __init__(self) -> None:
        self.equal: list[tuple[Any, ...]] = []
        self.pairs: list[tuple[Any, ...]] = []
        self.not_compared: list[tuple[Any, ...]] = []
        self.failed: list[tuple[Any, ...]] = []
        self.fared: list[tuple[Any, ...]] = []
        self.dropped: dict[tuple[str, int, str, str, str], int] = {}
        self.asked: list[tuple[Any, ...]] = []
        self.asked_unseen = 0
        self.lines: list[tuple[Any, ...]] = []
        self.given_up = 0
        self.builds: dict[str, str] = {}  # last build seen, by backend; outlives the tick
        self.pair_bytes = 0

    def pair(self, pair: Pair, headers: tuple[bytes, ...], *, sampled: bool = False) -> bool:
        """Settles a byte-equal pair or queues it for control. `headers`: the compared ones, lower case. A `sampled` one
        is to be asked again even if it is equal, and crosses whole while there is room. False when there is none for a
        pair that differs: it is dropped."""
        extracted = pair.extracted
        if extracted.build:
            self.builds[extracted.backend] = extracted.build
        legacy = pair.legacy
        key = (pair.route, pair.epoch, pair.rules, self._build(extracted))
        equal = legacy.status < 500 and comparison.byte_equal(legacy, extracted, headers)
        if equal and not (sampled and self.pair_bytes < PAIR_BYTES // 2):
            if len(self.equal) >= ENTRIES:
                return self._no_room(key)
            digest = request_digest(pair.request, legacy)
            request = pair.request
            times = (legacy.total, extracted.total)
            self.equal.append((*key, pair.arrival, digest, *times, request.method, legacy.status, request.target))
            return True
        size, packed = pack_pair(pair)
        if self.pair_bytes + size > PAIR_BYTES or len(self.pairs) >= ENTRIES:
            return self._no_room(key)
        self.pair_bytes += size
        self.pairs.append((pair.route, pair.arrival, key[3], request_digest(pair.request, legacy), packed, sampled))
        return True

    def skipped(self, exchange: Exchange, reason: NotCompared, backend: str) -> None:
        """Notes an exchange that can't be compared. `backend` is the extracted one, whose build it counts for."""
        key = (exchange.route, exchange.epoch, exchange.rules, self.builds.get(backend, ""))
        if len(self.not_compared) < ENTRIES:
            digest = request_digest(exchange.request, exchange.answered)
            self.not_compared.append((*key, exchange.arrival, digest, str(reason)))
        else:
            self._no_room(key)

    def drop(self, exchange: Exchange, reason: str, backend: str) -> None:
        """Counts an exchange whose copy was not sent."""
        key = (exchange.route, exchange.epoch, exchange.rules, self.builds.get(backend, ""), reason)
        self.dropped[key] = self.dropped.get(key, 0) + 1

    def ended(self, ended: Ended, line: bool) -> None:
        """Queues an exchange for the inventory, and for the access log when `line`. What the proxy refused was asked
        of nobody."""
        if ended.side == "proxy":
            pass
        elif len(self.asked) < INVENTORY_SAMPLE:
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
        key = (ended.route, epoch, rules, self.builds.get(backend, ""))
        if len(self.failed) < ENTRIES:
            digest = blake2b(ended.method + b" " + ended.target, digest_size=8).digest()
            self.failed.append((*key, now, int.from_bytes(digest), outcome))
        else:
            self._no_room(key)

    def shared(self, ended: Ended, backend: str, now: float) -> None:
        """Notes how an exchange fared that was put into its share of a canary by lot. `backend` is the extracted one. A
        client that left counts with the time it had waited: the side that lets clients wait is the one they leave."""
        extracted = ended.share == Side.EXTRACTED
        if extracted and ended.build:
            self.builds[backend] = ended.build
        key = (ended.route, ended.epoch, ended.rules, self.builds.get(backend, ""))
        if ended.outcome in _NOBODYS or ended.outcome.startswith("request_"):
            return
        failed = bool(ended.fell_back) or ended.code >= 500 or ended.outcome not in (Outcome.OK, Outcome.CLIENT_GONE)
        if len(self.fared) < ENTRIES:
            self.fared.append((*key, now - ended.seconds, extracted, failed, ended.seconds))
        else:
            self._no_room(key)

    @property
    def has_evidence(self) -> bool:
        told = self.equal or self.pairs or self.not_compared or self.failed or self.fared or self.dropped
        return bool(told)

    @property
    def is_empty(self) -> bool:
        return not (self.has_evidence or self.asked or self.given_up)

    def take(
        self, number: int, now: float, oldest: Mapping[str, float], metrics: Any, gauges: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The frame for control, the `number`th of this worker; empties the box."""
        frame = {
            "number": number,
            "now": now,
            "oldest": dict(oldest),
            "metrics": metrics,
            "gauges": dict(gauges),
            "equal": self.equal,
            "pairs": self.pairs,
            "not_compared": self.not_compared,
            "failed": self.failed,
            "fared": self.fared,
            "dropped": list(self.dropped.items()),
            "asked": self.asked,
            "asked_unseen": self.asked_unseen,
            "lines": self.lines,
            "given_up": self.given_up,
        }
        self.equal, self.pairs, self.not_compared, self.failed = [], [], [], []
        self.fared, self.dropped, self.asked, self.lines = [], {}, [], []
        self.asked_unseen = self.given_up = self.pair_bytes = 0
        return frame

    def _build(self, extracted: Observation) -> str:
        return extracted.build or self.builds.get(extracted.backend, "")

    def _no_room(self, key: tuple[str, int, str, str]) -> bool:
        counted = (*key, CONTROL_LAGS)
        self.dropped[counted] = self.dropped.get(counted, 0) + 1
        return False


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

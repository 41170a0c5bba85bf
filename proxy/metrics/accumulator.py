"""What a worker counts: plain integers, made to be added to on the way of every request.

Values are cumulative and never reset while the process lives: a message that is lost on the way to control, or a
control that dies, costs nothing, since the next message says the same and more.
"""

from __future__ import annotations

from typing import NamedTuple

from proxy.metrics.buckets import SUM, TOP
from proxy.metrics.catalogue import CATALOGUE, REQUEST_SECONDS, REQUESTS, MetricType

RequestLabels = tuple[str, str, str, int]  # route, side, outcome, code
SecondsLabels = tuple[str, str, str]  # route, side, role
CounterKey = tuple[str, tuple[str, ...]]  # name, label values in the catalogue's order


class Changes(NamedTuple):
    """Cumulative values of what changed, of built-in types only: `marshal` takes `tuple(changes)`. A histogram is
    sent as the buckets that changed, `buckets.SUM` among them."""

    requests: dict[RequestLabels, int]
    seconds: dict[SecondsLabels, dict[int, int]]
    counters: dict[CounterKey, float]


class Accumulator:
    """Counters and histograms of one process."""

    def __init__(self) -> None:
        self.requests: dict[RequestLabels, int] = {}
        self.seconds: dict[SecondsLabels, dict[int, int]] = {}
        self.counters: dict[CounterKey, float] = {}
        self._sent = Changes({}, {}, {})
        self._sent_seconds: dict[SecondsLabels, dict[int, int]] = {}

    def request(self, route: str, side: str, outcome: str, code: int) -> None:
        """Count one client exchange."""
        labels = (route, side, outcome, code)
        self.requests[labels] = self.requests.get(labels, 0) + 1

    def observe(self, route: str, side: str, role: str, seconds: float) -> None:
        """Count one duration. At least a microsecond is added to the sum, so that the sum says whether anything
        changed."""
        labels = (route, side, role)
        counts = self.seconds.get(labels)
        if counts is None:
            counts = self.seconds[labels] = {SUM: 0}
        microseconds = int(seconds * 1e6)
        if not 0 < microseconds <= TOP:
            microseconds = 1 if microseconds <= 0 else TOP
        shift = microseconds.bit_length() - 5
        bucket = microseconds if shift <= 0 else (shift << 4) + (microseconds >> shift)
        counts[bucket] = counts.get(bucket, 0) + 1
        counts[SUM] += microseconds

    def add(self, name: str, labels: tuple[str, ...] = (), value: float = 1) -> None:
        """Add to any other counter of the catalogue; a name or labels that it does not have are a bug (KeyError,
        ValueError)."""
        key = (name, labels)
        known = self.counters.get(key)
        if known is None:
            metric = CATALOGUE[name]
            if metric.type is not MetricType.COUNTER or name in (REQUESTS, REQUEST_SECONDS):
                raise ValueError(f"{name} is not a plain counter")
            if len(labels) != len(metric.labels):
                raise ValueError(f"{name} has the labels {metric.labels}, not {labels}")
            known = 0
        self.counters[key] = known + value

    def changes(self) -> Changes:
        """What changed since the last call."""
        sent = self._sent
        requests = {key: value for key, value in self.requests.items() if sent.requests.get(key) != value}
        counters = {key: value for key, value in self.counters.items() if sent.counters.get(key) != value}
        sent.requests.update(requests)
        sent.counters.update(counters)
        return Changes(requests, self._changed_seconds(), counters)

    def resend(self) -> None:
        """Forget what was sent: the next `changes` says everything, for a control that has just started."""
        self._sent = Changes({}, {}, {})
        self._sent_seconds = {}

    def _changed_seconds(self) -> dict[SecondsLabels, dict[int, int]]:
        changed: dict[SecondsLabels, dict[int, int]] = {}
        for key, counts in self.seconds.items():
            before = self._sent_seconds.get(key, {})
            if before.get(SUM) != counts[SUM]:
                changed[key] = {bucket: count for bucket, count in counts.items() if before.get(bucket) != count}
                self._sent_seconds[key] = counts.copy()
        return changed

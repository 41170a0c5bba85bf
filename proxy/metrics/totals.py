"""Control's view: the cumulative values of all processes, folded.

Each living process has its own values, replaced by what it sends; when one is gone its last values move into a common
base, so that no counter ever falls while control lives (Prometheus would read a fall as a restart of everything).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

from proxy.metrics.accumulator import Changes, CounterKey, RequestLabels, SecondsLabels
from proxy.metrics.buckets import COUNT, quantile

K = TypeVar("K")
V = TypeVar("V", int, float)


class SideFigures(NamedTuple):
    """What one side did on one route. `errors` ended in anything but `ok` or `tunnelled`, or with a 5xx; latencies in
    seconds, None when nothing was counted."""

    requests: int = 0
    errors: int = 0
    p50: float | None = None
    p99: float | None = None


class _Values:
    """The values of one process, or of all that are gone."""

    def __init__(self) -> None:
        self.requests: dict[RequestLabels, int] = {}
        self.seconds: dict[SecondsLabels, list[int]] = {}
        self.counters: dict[CounterKey, float] = {}

    def replace(self, changes: Changes) -> None:
        self.requests.update(changes.requests)
        self.counters.update(changes.counters)
        for key, places in changes.seconds.items():
            counts = self.seconds.setdefault(key, [0] * (COUNT + 1))
            for place, count in places:
                counts[place] = count

    def add(self, other: _Values) -> None:
        for labels, value in other.requests.items():
            self.requests[labels] = self.requests.get(labels, 0) + value
        for key, amount in other.counters.items():
            self.counters[key] = self.counters.get(key, 0) + amount
        for series, counts in other.seconds.items():
            mine = self.seconds.setdefault(series, [0] * (COUNT + 1))
            mine[:] = map(int.__add__, mine, counts)


class Totals:
    """Fold of many processes' cumulative values. `process` is any name that is never used again after it is gone."""

    def __init__(self) -> None:
        self._living: dict[str, _Values] = {}
        self._gone = _Values()

    def apply(self, process: str, changes: Changes) -> None:
        """Take what a process sent. Its values replace what it sent before."""
        self._living.setdefault(process, _Values()).replace(changes)

    def gone(self, process: str) -> None:
        """Keep the last values of a process that ended."""
        if (values := self._living.pop(process, None)) is not None:
            self._gone.add(values)

    def requests(self) -> dict[RequestLabels, int]:
        """Client exchanges by (route, side, outcome, code)."""
        return _folded(values.requests for values in self._all())

    def counters(self) -> dict[CounterKey, float]:
        """All other counters by (name, label values)."""
        return _folded(values.counters for values in self._all())

    def seconds(self) -> dict[SecondsLabels, list[int]]:
        """Fine latency buckets, the sum in microseconds last, by (route, side, role)."""
        folded = _Values()
        for values in self._all():
            for key, counts in values.seconds.items():
                mine = folded.seconds.get(key)
                folded.seconds[key] = counts.copy() if mine is None else list(map(int.__add__, mine, counts))
        return folded.seconds

    def quantile(self, route: str, side: str, role: str, q: float) -> float | None:
        """The q-quantile (0 to 1) of a latency in seconds since the processes started, None when there is none."""
        counts = self._series((route, side, role))
        return None if counts is None else quantile(counts, q)

    def figures(self) -> dict[tuple[str, str, str], SideFigures]:
        """What each side did by (route, side, role), with the latency of that role. In role `answer`, `requests` and
        `errors` are those of clients; in role `shadow`, `requests` counts copies that were timed."""
        counted: dict[tuple[str, str, str], tuple[int, int]] = {}
        for (route, side, outcome, code), count in self.requests().items():
            requests, errors = counted.get((route, side, "answer"), (0, 0))
            failed = outcome not in ("ok", "tunnelled") or code >= 500
            counted[route, side, "answer"] = (requests + count, errors + count * failed)
        figures = {key: SideFigures(*counts) for key, counts in counted.items()}
        for key, counts in self.seconds().items():
            requests, errors = counted.get(key, (sum(counts[:COUNT]), 0))
            figures[key] = SideFigures(requests, errors, quantile(counts, 0.5), quantile(counts, 0.99))
        return figures

    def _series(self, key: SecondsLabels) -> list[int] | None:
        found = [values.seconds[key] for values in self._all() if key in values.seconds]
        return [sum(column) for column in zip(*found, strict=True)] if found else None

    def _all(self) -> Iterator[_Values]:
        yield self._gone
        yield from self._living.values()


def _folded(parts: Iterator[Mapping[K, V]]) -> dict[K, V]:
    folded: dict[K, V] = {}
    for part in parts:
        for key, value in part.items():
            folded[key] = folded.get(key, 0) + value
    return folded

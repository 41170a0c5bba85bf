"""Control's view: the cumulative values of all processes, folded.

Each living process has its own values, replaced by what it sends; when one is gone its last values move into a common
base, so that no counter ever falls while control lives (Prometheus would read a fall as a restart of everything).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

from proxy.metrics.accumulator import Changes, CounterKey, RequestLabels, SecondsLabels
from proxy.metrics.buckets import quantile, total

K = TypeVar("K")
V = TypeVar("V", int, float)
_NO_ERROR = frozenset({"ok", "tunnelled", "client_gone"})


class SideFigures(NamedTuple):
    """What one side did on one route. `errors` ended with a 5xx, or in anything but `ok`, `tunnelled` or
    `client_gone` (a client that ends its event stream is no error of a side); latencies in seconds, None when nothing
    was counted."""

    requests: int = 0
    errors: int = 0
    p50: float | None = None
    p99: float | None = None


class _Values:
    """The values of one process, or of all that are gone."""

    def __init__(self) -> None:
        self.requests: dict[RequestLabels, int] = {}
        self.seconds: dict[SecondsLabels, dict[int, int]] = {}
        self.counters: dict[CounterKey, float] = {}

    def replace(self, changes: Changes) -> None:
        self.requests.update(changes.requests)
        self.counters.update(changes.counters)
        for key, places in changes.seconds.items():
            self.seconds.setdefault(key, {}).update(places)

    def add(self, other: _Values) -> None:
        _add_into(self.requests, other.requests)
        _add_into(self.counters, other.counters)
        for series, counts in other.seconds.items():
            _add_into(self.seconds.setdefault(series, {}), counts)


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
        return _sum(values.requests for values in self._all())

    def counters(self) -> dict[CounterKey, float]:
        """All other counters by (name, label values)."""
        return _sum(values.counters for values in self._all())

    def seconds(self) -> dict[SecondsLabels, dict[int, int]]:
        """Fine latency buckets, among them the sum in microseconds (`buckets.SUM`), by (route, side, role)."""
        folded: dict[SecondsLabels, dict[int, int]] = {}
        for values in self._all():
            for key, counts in values.seconds.items():
                _add_into(folded.setdefault(key, {}), counts)
        return folded

    def quantile(self, route: str, side: str, role: str, q: float) -> float | None:
        """The q-quantile (0 to 1) of a latency in seconds since the processes started, None when there is none."""
        counts: dict[int, int] = {}
        for values in self._all():
            _add_into(counts, values.seconds.get((route, side, role), {}))
        return quantile(counts, q)

    def figures(self) -> dict[tuple[str, str, str], SideFigures]:
        """What each side did by (route, side, role), with the latency of that role. In role `answer`, `requests` and
        `errors` are those of clients; in role `shadow`, `requests` counts copies that were timed."""
        counted: dict[tuple[str, str, str], tuple[int, int]] = {}
        for (route, side, outcome, code), count in self.requests().items():
            requests, errors = counted.get((route, side, "answer"), (0, 0))
            failed = outcome not in _NO_ERROR or code >= 500
            counted[route, side, "answer"] = (requests + count, errors + count * failed)
        figures = {key: SideFigures(*counts) for key, counts in counted.items()}
        for key, counts in self.seconds().items():
            requests, errors = counted.get(key, (total(counts), 0))
            figures[key] = SideFigures(requests, errors, quantile(counts, 0.5), quantile(counts, 0.99))
        return figures

    def _all(self) -> Iterator[_Values]:
        yield self._gone
        yield from self._living.values()


def _sum(parts: Iterator[Mapping[K, V]]) -> dict[K, V]:
    folded: dict[K, V] = {}
    for part in parts:
        _add_into(folded, part)
    return folded


def _add_into(sums: dict[K, V], part: Mapping[K, V]) -> None:
    for key, value in part.items():
        sums[key] = sums.get(key, 0) + value

"""The totals as Prometheus text. The library writes the format; this file fills its families from the catalogue.

It comes in pieces, each of about half a millisecond, so that whoever asks for it can rest in between: a thousand routes
are 30,000 lines, and control may share a core with workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from proxy.metrics.buckets import SUM, conventional
from proxy.metrics.catalogue import CATALOGUE, REQUESTS, Metric, MetricType
from proxy.metrics.totals import Totals

Gauge = tuple[str, tuple[str, ...], float]  # name, label values in the catalogue's order, value
Sample = tuple[Sequence[str], Any]  # labels, and a number or the counts of a histogram
PIECE = 32  # lines, about


def render(totals: Totals, gauges: Iterable[Gauge] = ()) -> Iterator[bytes]:
    """The text of a scrape, in pieces. `gauges` are read as it goes; a counter that control keeps elsewhere may be
    among them. A name that is not in the catalogue, or other labels than its own, is a bug (KeyError, ValueError)."""
    values: dict[str, list[Sample]] = {name: [] for name in CATALOGUE}
    for number, (name, labels, value) in enumerate(gauges):
        if len(labels) != len(CATALOGUE[name].labels):
            raise ValueError(f"{name} has the labels {CATALOGUE[name].labels}, not {labels}")
        values[name].append((labels, value))
        if number % PIECE == 0:
            yield b""
    for (name, labels), value in totals.counters().items():
        values[name].append((labels, value))
    values[REQUESTS] = [((*labels, str(code)), count) for (*labels, code), count in totals.requests().items()]
    for name, metric in CATALOGUE.items():
        samples = values[name]
        if metric.type is MetricType.HISTOGRAM:
            samples = list(totals.seconds().items())
        elif not metric.labels and not samples and metric.type is MetricType.COUNTER:
            samples = [((), 0)]  # a counter without labels exists from the start, so that its first step is seen
        yield from _in_pieces(metric, samples)


def _in_pieces(metric: Metric, samples: list[Sample]) -> Iterator[bytes]:
    step = 1 if metric.type is MetricType.HISTOGRAM else PIECE
    yield _text(metric, samples[:step])
    for start in range(step, len(samples), step):
        yield _text(metric, samples[start : start + step]).split(b"\n", 2)[2]  # its two lines of heading were said


def _text(metric: Metric, samples: Iterable[Sample]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_One(_family(metric, samples)))
    return generate_latest(registry)


class _One(Collector):
    def __init__(self, family: Family) -> None:
        self._family = family

    def collect(self) -> Iterable[Family]:
        return [self._family]


def _family(metric: Metric, samples: Iterable[Sample]) -> Family:
    if metric.type is MetricType.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, counts in samples:
            histogram.add_metric(labels, conventional(counts), counts[SUM] / 1e6)
        return histogram
    kind = CounterMetricFamily if metric.type is MetricType.COUNTER else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family

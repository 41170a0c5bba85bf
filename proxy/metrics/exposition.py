"""The totals as Prometheus text. The library writes the format; this file only fills its families from the
catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from proxy.metrics.buckets import SUM, conventional
from proxy.metrics.catalogue import CATALOGUE, REQUEST_SECONDS, REQUESTS, MetricType
from proxy.metrics.totals import Totals

CONTENT_TYPE = CONTENT_TYPE_LATEST
Gauge = tuple[str, tuple[str, ...], float]  # name, label values in the catalogue's order, value


def render(totals: Totals, gauges: Iterable[Gauge] = ()) -> bytes:
    """The text of a scrape. `gauges` are read at this moment; a counter that control keeps elsewhere may be among them.
    A name that is not in the catalogue, or other labels than its own, is a bug (KeyError, ValueError)."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(list(_families(totals, gauges))))
    return generate_latest(registry)


class _Snapshot(Collector):
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


def _families(totals: Totals, gauges: Iterable[Gauge]) -> Iterator[Family]:
    values: dict[str, list[tuple[tuple[str, ...], float]]] = {name: [] for name in CATALOGUE}
    for (route, side, outcome, code), count in totals.requests().items():
        values[REQUESTS].append(((route, side, outcome, str(code)), count))
    for (name, labels), value in totals.counters().items():
        values[name].append((labels, value))
    for name, labels, value in gauges:
        if len(labels) != len(CATALOGUE[name].labels):
            raise ValueError(f"{name} has the labels {CATALOGUE[name].labels}, not {labels}")
        values[name].append((labels, value))
    for name, metric in CATALOGUE.items():
        if metric.type is MetricType.HISTOGRAM:
            yield _histogram(totals)
            continue
        family: CounterMetricFamily | GaugeMetricFamily
        if metric.type is MetricType.COUNTER:
            family = CounterMetricFamily(name, metric.help, labels=metric.labels)
        else:
            family = GaugeMetricFamily(name, metric.help, labels=metric.labels)
        for labels, value in values[name]:
            family.add_metric(labels, value)
        if not metric.labels and not values[name] and metric.type is MetricType.COUNTER:
            family.add_metric((), 0)  # a counter without labels exists from the start, so that its first step is seen
        yield family


def _histogram(totals: Totals) -> HistogramMetricFamily:
    metric = CATALOGUE[REQUEST_SECONDS]
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, counts in totals.seconds().items():
        family.add_metric(labels, conventional(counts), counts[SUM] / 1e6)
    return family

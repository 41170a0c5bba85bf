"""The totals as Prometheus text (version 0.0.4 of its exposition formats).

It comes in pieces, each of well under a millisecond, so that whoever writes it can rest in between: a thousand routes
are 30,000 lines, and control may share a core with workers. The official library writes the same text, and checks each
name and label of each line again while it does: that took eight times as long. The tests hold the two side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from proxy.metrics.buckets import SUM, conventional
from proxy.metrics.catalogue import CATALOGUE, REQUEST_SECONDS, REQUESTS, Metric, MetricType
from proxy.metrics.totals import Totals

Gauge = tuple[str, tuple[str, ...], float]  # name, label values in the catalogue's order, value
Sample = tuple[tuple[str, ...], float]
PIECE = 16  # series

S = TypeVar("S")


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
        yield _heading(metric)
        samples = values[name]
        if metric.type is MetricType.HISTOGRAM:
            yield from _in_pieces(list(totals.seconds().items()), _histogram)
            continue
        if not metric.labels and not samples and metric.type is MetricType.COUNTER:
            samples = [((), 0)]  # a counter without labels exists from the start, so that its first step is seen
        yield from _in_pieces(samples, _line(metric))


def _in_pieces(series: list[S], text: Callable[[S], str]) -> Iterator[bytes]:
    for start in range(0, len(series), PIECE):
        yield "".join(map(text, series[start : start + PIECE])).encode()


def _heading(metric: Metric) -> bytes:
    return f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.type}\n".encode()


def _line(metric: Metric) -> Callable[[Sample], str]:
    def line(sample: Sample) -> str:
        labels, value = sample
        return f"{metric.name}{_braced(_labelled(metric, labels))} {float(value)!r}\n"

    return line


def _histogram(series: tuple[tuple[str, ...], dict[int, int]]) -> str:
    labels, counts = series
    metric = CATALOGUE[REQUEST_SECONDS]
    own = _labelled(metric, labels)
    rows = conventional(counts)
    buckets = [f'{metric.name}_bucket{{{own},le="{bound}"}} {float(count)!r}\n' for bound, count in rows]
    total = f"{metric.name}_count{{{own}}} {float(rows[-1][1])!r}\n"
    return f"{''.join(buckets)}{total}{metric.name}_sum{{{own}}} {counts[SUM] / 1e6!r}\n"


def _labelled(metric: Metric, values: tuple[str, ...]) -> str:
    return ",".join([f'{name}="{_escaped(value)}"' for name, value in zip(metric.labels, values, strict=True)])


def _braced(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')

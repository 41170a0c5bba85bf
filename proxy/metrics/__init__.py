"""Edge. One catalogue of every metric; plain counters in the workers, folded in control, rendered for Prometheus.

Workers count into an `Accumulator` and send what changed over the link; control folds all of them into `Totals`. No
lock, no shared memory, no label lookup in the library on the way of a request.
"""

from proxy.metrics.accumulator import Accumulator, Changes
from proxy.metrics.catalogue import CATALOGUE, Metric, MetricType
from proxy.metrics.exposition import Gauge, render
from proxy.metrics.totals import SideFigures, Totals

__all__ = [
    "CATALOGUE",
    "Accumulator",
    "Changes",
    "Gauge",
    "Metric",
    "MetricType",
    "SideFigures",
    "Totals",
    "render",
]

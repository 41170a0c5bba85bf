"""Edge. One catalogue of every metric; plain counters in the workers, folded in control, rendered for Prometheus.

Workers count into an `Accumulator` and send what changed over the link; control folds all of them into `Totals`. No
lock, no shared memory, no label lookup in the library on the way of a request. What renders them (`exposition`) is
imported by control alone: workers do without the library.
"""

from proxy.metrics.accumulator import Accumulator, Changes
from proxy.metrics.catalogue import CATALOGUE, Metric, MetricType
from proxy.metrics.totals import SideFigures, Totals

__all__ = [
    "CATALOGUE",
    "Accumulator",
    "Changes",
    "Metric",
    "MetricType",
    "SideFigures",
    "Totals",
]

"""Log-linear latency buckets: every power of two of microseconds is cut into 16 equal parts.

As HdrHistogram does: an index is two shifts away from the value, no search, and a bucket is at most 1/16 as wide as its
lower edge, so a quantile read from its middle is off by about 3 % at most, from 1 microsecond to over an hour. Only
the buckets in use are kept: a route uses a few dozen, and there may be ten thousand routes. The conventional Prometheus
bounds are derived from these when somebody scrapes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

TOP = (1 << 32) - 1  # microseconds, about 71 minutes; longer counts as this
COUNT = (27 << 4) + 32
SUM = -1  # beside the buckets, this key of a histogram holds the sum in microseconds
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)  # seconds, `le`


def index(microseconds: int) -> int:
    """The bucket of a duration from 0 to `TOP`."""
    shift = microseconds.bit_length() - 5
    return microseconds if shift <= 0 else (shift << 4) + (microseconds >> shift)


def middle(bucket: int) -> float:
    """The middle of a bucket in seconds."""
    if bucket < 32:
        return (bucket + 0.5) / 1e6
    shift = (bucket >> 4) - 1
    low = (bucket - (shift << 4)) << shift
    return (low + (1 << shift) / 2) / 1e6


_LE = tuple(sum(bound < middle(bucket) for bound in BOUNDS) for bucket in range(COUNT))


def total(counts: Mapping[int, int]) -> int:
    """How many durations were counted."""
    return sum(counts.values()) - counts.get(SUM, 0)


def quantile(counts: Mapping[int, int], q: float) -> float | None:
    """The q-quantile (0 to 1) in seconds, None when nothing was counted."""
    rank = max(1, math.ceil(q * total(counts)))
    seen = 0
    for bucket in sorted(counts.keys() - {SUM}):
        seen += counts[bucket]
        if seen >= rank:
            return middle(bucket)
    return None


def conventional(counts: Mapping[int, int]) -> list[tuple[str, int]]:
    """Cumulative counts by upper bound, as Prometheus wants them. A fine bucket counts where its middle lies."""
    sums = [0] * (len(BOUNDS) + 1)
    for bucket, count in counts.items():
        if bucket != SUM:
            sums[_LE[bucket]] += count
    return list(zip((*map(str, BOUNDS), "+Inf"), itertools.accumulate(sums), strict=True))

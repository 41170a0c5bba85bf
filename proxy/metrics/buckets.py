"""Log-linear latency buckets: every power of two of microseconds is cut into 16 equal parts.

As HdrHistogram does: an index is two shifts away from the value, no search, and a bucket is at most 1/16 as wide as its
lower edge, so a quantile read from its middle is off by about 3 % at most, from 1 microsecond to over an hour, with 448
counts. The conventional Prometheus bounds are derived from these when somebody scrapes.
"""

from __future__ import annotations

from collections.abc import Sequence

TOP = (1 << 32) - 1  # microseconds, about 71 minutes; longer counts as this
COUNT = (27 << 4) + 32
SUM = COUNT  # one more place after the buckets holds the sum in microseconds
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


def quantile(counts: Sequence[int], q: float) -> float | None:
    """The q-quantile (0 to 1) in seconds, None when nothing was counted."""
    total = sum(counts[:COUNT])
    if not total:
        return None
    rank = max(1, -int(-q * total // 1))  # the smallest whole number that is not below q * total
    seen = 0
    for bucket in range(COUNT):
        seen += counts[bucket]
        if seen >= rank:
            return middle(bucket)
    raise AssertionError("ranks end with the total")


def conventional(counts: Sequence[int]) -> list[tuple[str, int]]:
    """Cumulative counts by upper bound, as Prometheus wants them. A fine bucket counts where its middle lies."""
    sums = [0] * (len(BOUNDS) + 1)
    for bucket, count in enumerate(counts[:COUNT]):
        if count:
            sums[_LE[bucket]] += count
    cumulative = 0
    rows: list[tuple[str, int]] = []
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), sums, strict=True):
        cumulative += count
        rows.append((bound, cumulative))
    return rows

"""The counters of one evidence key: by second, in total, and which requests are in them."""

from __future__ import annotations

from collections.abc import Iterable
from math import log2

from proxy.evidence.verdict import EXCUSED, PairStats
from proxy.model.evidence import EvidenceKey, Segment, Totals

SEEN = 200_000  # distinct requests remembered per key
_PER_OCTAVE = 16  # latency buckets: 4.4 % wide
_FASTEST = 24  # octaves below one second


class Stream:
    """Written for speed: this runs for every comparison. A second's figures are a plain list in Segment's order."""

    __slots__ = ("_all", "_excused", "_extracted", "_full", "_legacy", "_new", "_seconds", "_seen", "_span")

    def __init__(self) -> None:
        self._all = [0, 0, 0, 0, 0, 0, 0, 0]  # n k match ignored mismatch not_compared extracted_failed dropped
        self._span = (0, 0)
        self._seconds: dict[int, list[int]] = {}
        self._seen: set[int] = set()
        self._new: list[int] = []
        self._full = False
        self._legacy: dict[int, int] = {}
        self._extracted: dict[int, int] = {}
        self._excused = 0

    @classmethod
    def restored(cls, totals: Totals, seen: Iterable[int]) -> Stream:
        stream = cls()
        stream._all = list(totals[:8])
        stream._span = (totals.first, totals.last)
        stream._seen = set(seen)
        # digests are as many as distinct requests: n less at most the mismatches of repeats
        if len(stream._seen) >= SEEN or len(stream._seen) < totals.n - totals.mismatch:
            stream.forget()
        return stream

    @property
    def remembered(self) -> int:
        return len(self._seen)

    @property
    def last(self) -> int:
        """The latest second counted."""
        return self._span[1]

    @property
    def changed(self) -> bool:
        return bool(self._seconds)

    def clean(self, second: int, request: int, match: bool, slow: tuple[float, float]) -> None:
        row = self._seconds.get(second)
        if row is None:
            row = self._second(second)
        row[2 if match else 3] += 1
        self._time(slow)
        if request not in self._seen and not self._full:
            self._remember(request)
            row[0] += 1

    def mismatch(
        self, second: int, request: int, accepted: bool, extracted_failed: bool, slow: tuple[float, float]
    ) -> None:
        row = self._seconds.get(second) or self._second(second)
        row[4] += 1
        if extracted_failed:
            row[6] += 1
        else:
            self._time(slow)
        if request not in self._seen and not self._full:
            self._remember(request)
        elif accepted and not extracted_failed:
            return  # a repeat that is clean to the gate
        row[0] += 1
        if not accepted:
            row[1] += 1

    def not_compared(self, second: int, reason: str) -> None:
        (self._seconds.get(second) or self._second(second))[5] += 1
        if reason in EXCUSED:
            self._excused += 1

    def drop(self, second: int, count: int) -> None:
        (self._seconds.get(second) or self._second(second))[7] += count

    def totals(self) -> Totals:
        figures = self._all
        for row in self._seconds.values():
            figures = [sum(both) for both in zip(figures, row, strict=True)]
        return Totals._make([*figures, *self._span])

    def pairs(self) -> PairStats:
        count = sum(self._legacy.values())
        return PairStats(count, _p95(self._legacy, count), _p95(self._extracted, count), self._excused)

    def take_segments(self, key: EvidenceKey) -> list[Segment]:
        """The seconds counted since the last call."""
        segments = [Segment(key, second, *row) for second, row in sorted(self._seconds.items())]
        self._all = list(self.totals()[:8])
        self._seconds = {}
        return segments

    def take_new(self) -> list[int]:
        """The digests remembered since the last call."""
        new, self._new = self._new, []
        return new

    def forget(self) -> None:
        """Gives the memory of distinct requests back; from here on only mismatches count."""
        self._full, self._seen = True, set()

    def _time(self, slow: tuple[float, float]) -> None:
        legacy, extracted = slow
        if legacy > 0.0 < extracted:
            bucket = int((log2(legacy) + _FASTEST) * _PER_OCTAVE)
            self._legacy[bucket] = self._legacy.get(bucket, 0) + 1
            bucket = int((log2(extracted) + _FASTEST) * _PER_OCTAVE)
            self._extracted[bucket] = self._extracted.get(bucket, 0) + 1

    def _second(self, second: int) -> list[int]:
        row = self._seconds[second] = [0, 0, 0, 0, 0, 0, 0, 0]
        first, last = self._span
        self._span = (min(first, second) if first else second, max(last, second))
        return row

    def _remember(self, request: int) -> None:
        self._seen.add(request)
        self._new.append(request)
        if len(self._seen) >= SEEN:
            self.forget()


def _p95(buckets: dict[int, int], count: int) -> float:
    """The middle of the bucket that holds the 95th percentile, in seconds; 0.0 without any."""
    reached = 0
    for bucket in sorted(buckets):
        reached += buckets[bucket]
        if reached >= 0.95 * count:
            return float(2 ** ((bucket + 0.5) / _PER_OCTAVE - _FASTEST))
    return 0.0

"""The counters of one evidence key: by second, in total, and which requests are in them.

*Slowness* is an event of a pair: the extracted side took more than R times as long as legacy over the same request, and
SLOWER more, and so much longer than each of the PEERS requests before took legacy too. The pair alone would call a
service slow that is legacy's twin: where times vary by half from request to request, it takes 1.5 times as long in more
than every fourth pair. Beside PEERS others it is the slowest in at most one of twenty, however the times are spread; so
the rate of these events is what a p95 ratio means. Each distinct request is timed once, when it is counted first: a
health check asked ten thousand times is one trial here too. The events have a rate, and a rate can be tested however
often it is looked at; a ratio of two percentiles can't, and a histogram is forgotten at a restart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from proxy.evidence.shares import PEERS, SLOWER, Trial
from proxy.model.comparison import NotCompared, Result
from proxy.model.evidence import COUNTS, EvidenceKey, Segment, Totals

SEEN = 200_000  # distinct requests remembered per key
EXCUSED = frozenset({NotCompared.LEGACY_FAILED, NotCompared.CLIENT_GONE})  # not the extracted side's doing

_SIZE = len(COUNTS)
_MISMATCH = COUNTS.index("mismatch")
_NOT_COMPARED = COUNTS.index("not_compared")
_EXTRACTED_FAILED = COUNTS.index("extracted_failed")
_DROPPED = COUNTS.index("dropped")
_TIMED = COUNTS.index("timed")
_SLOWER = COUNTS.index("slower")
_EXCUSED = COUNTS.index("excused")
_SHARED, _SHARED_FAILED, _SHARED_SPARED = map(COUNTS.index, ("shared", "shared_failed", "shared_spared"))
_CLEAN = {result: COUNTS.index(result.value) for result in (Result.MATCH, Result.IGNORED, Result.EXPLAINED)}


class Stream:
    """Written for speed: this runs for every comparison. A second's figures are a plain list in Segment's order."""

    __slots__ = ("_all", "_full", "_latest", "_new", "_seconds", "_seen", "_span")

    def __init__(self) -> None:
        self._all = [0] * _SIZE
        self._span = (0, 0)
        self._seconds: dict[int, list[int]] = {}
        self._seen: set[int] = set()
        self._new: list[int] = []
        self._full = False
        self._latest: deque[float] = deque(maxlen=PEERS)  # how long legacy took, in seconds; empty after a restart

    @classmethod
    def restored(cls, totals: Totals, seen: Iterable[int]) -> Stream:
        stream = cls()
        stream._all = list(totals[:_SIZE])
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

    def clean(
        self, second: int, request: int, result: Result, extracted_failed: bool, slow: tuple[float, float], ratio: float
    ) -> bool:
        """A comparison that is no mismatch. `ratio` is how many times as long as legacy is slower. True when its
        request was counted for the first time."""
        row = self._seconds.get(second)
        if row is None:
            row = self._second(second)
        row[_CLEAN[result]] += 1
        if extracted_failed:
            row[_EXTRACTED_FAILED] += 1
        if request in self._seen or self._full:
            return False
        self._remember(request)
        row[0] += 1
        if not extracted_failed:
            self._time(row, slow, ratio)
        return True

    def mismatch(
        self, second: int, request: int, accepted: bool, extracted_failed: bool, slow: tuple[float, float], ratio: float
    ) -> bool:
        """A mismatch. True when its request was counted for the first time."""
        row = self._seconds.get(second) or self._second(second)
        row[_MISMATCH] += 1
        if extracted_failed:
            row[_EXTRACTED_FAILED] += 1
        first = request not in self._seen and not self._full
        if first:
            self._remember(request)
            if not extracted_failed:
                self._time(row, slow, ratio)
        elif accepted and not extracted_failed:
            return False  # a repeat that is clean to the gate
        row[0] += 1
        if not accepted:
            row[1] += 1
        return first

    def not_compared(self, second: int, reason: str) -> None:
        row = self._seconds.get(second) or self._second(second)
        row[_NOT_COMPARED] += 1
        if reason in EXCUSED:
            row[_EXCUSED] += 1

    def drop(self, second: int, count: int) -> None:
        (self._seconds.get(second) or self._second(second))[_DROPPED] += count

    def trial(self, second: int, trial: Trial) -> None:
        """What clients' exchanges showed."""
        row = self._seconds.get(second) or self._second(second)
        row[_SHARED] += trial.shared
        row[_SHARED_FAILED] += trial.shared_failed
        row[_SHARED_SPARED] += trial.shared_spared
        row[_TIMED] += trial.timed
        row[_SLOWER] += trial.slower

    def totals(self) -> Totals:
        figures = self._all
        for row in self._seconds.values():
            figures = [sum(both) for both in zip(figures, row, strict=True)]
        return Totals._make([*figures, *self._span])

    def take_segments(self, key: EvidenceKey) -> list[Segment]:
        """The seconds counted since the last call."""
        segments = [Segment(key, second, *row) for second, row in sorted(self._seconds.items())]
        self._all = list(self.totals()[:_SIZE])
        self._seconds = {}
        return segments

    def take_new(self) -> list[int]:
        """The digests remembered since the last call."""
        new, self._new = self._new, []
        return new

    def forget(self) -> None:
        """Gives the memory of distinct requests back; from here on only mismatches count."""
        self._full, self._seen = True, set()

    def _second(self, second: int) -> list[int]:
        row = self._seconds[second] = [0] * _SIZE
        first, last = self._span
        self._span = (min(first, second) if first else second, max(last, second))
        return row

    def _remember(self, request: int) -> None:
        self._seen.add(request)
        self._new.append(request)
        if len(self._seen) >= SEEN:
            self.forget()

    def _time(self, row: list[int], slow: tuple[float, float], ratio: float) -> None:
        legacy, extracted = slow
        if not legacy > 0.0 < extracted:
            return
        latest = self._latest
        if len(latest) == PEERS:
            row[_TIMED] += 1
            if extracted > ratio * legacy and extracted - legacy > SLOWER:
                slowest = max(latest)
                row[_SLOWER] += extracted > ratio * slowest and extracted - slowest > SLOWER
        latest.append(legacy)

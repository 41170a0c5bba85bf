"""Counts comparisons in the order in which their requests arrived.

Matches settle in milliseconds, time-outs in seconds. Counted as they settle, a service that hangs on every third
request would show nothing but matches until its first time-out, and could pass in between. So a comparison waits
until the watermark, the arrival of the oldest request that is still under way, has passed it. What is pending is in
no figure.

*What counts.* Each distinct request once; a later mismatch of one that was counted counts as one more trial and one
more mismatch (that can only make passing harder); a later match of it is not counted. When a key has seen SEEN
distinct requests, or its memory was given to newer keys, what is new can no longer be told from what is not: from
then on only mismatches count.

*Accepting.* What is counted is never counted otherwise later. When the accepted signatures of a route change, its
comparisons go to another key: the rule digest with `+` and a digest of the accepted set. So evidence begins anew, as it
does when an `ignore` rule is added, and a person cannot accept a route's way to a pass after the fact. Under that key a
comparison with an accepted signature is a trial and not a mismatch of the gate (`n`, not `k`); it stays a `mismatch` in
the tallies. A failure of the extracted side counts in `extracted_failed` even so: nobody accepts failures away. The
same holds for how many times as long as legacy is slower: another gate, other evidence.

*Flagging.* A field whose noise turned out to be a regression becomes an open signature of high risk, of a kind of its
own. It counts nothing: what was explained stays explained, but no verdict passes over it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from proxy.evidence.coverage import Coverage
from proxy.evidence.pending import Pending
from proxy.evidence.shares import Fared, Shares
from proxy.evidence.stream import Stream
from proxy.model.comparison import Comparison, Kind, Result, Risk
from proxy.model.evidence import Asked, EvidenceKey, Segment, Settled, Totals
from proxy.model.records import Covered, DifferenceRow, SignatureRow, Waiting
from proxy.model.spec import Gate
from proxy.model.way import GiveWay, gently, to_nobody

REMEMBERED = 2_000_000  # digests of distinct requests in memory, of all keys together: about 150 MB

SIGNATURES = 1_000  # groups of one key; what comes beyond them is one group, OTHER
OTHER = "other"
RATIO = Gate().p95_ratio_below


class Written(NamedTuple):
    """What is to be stored after one advance. Segments are increments: several may name one key and second, and are
    added up. Signature and coverage rows replace their predecessor; `seen` are the digests counted for the first
    time, `counted` all that was counted."""

    segments: tuple[Segment, ...]
    differences: tuple[DifferenceRow, ...]
    signatures: tuple[SignatureRow, ...]
    seen: tuple[tuple[EvidenceKey, int], ...]
    covered: tuple[tuple[EvidenceKey, Covered], ...] = ()
    counted: tuple[Settled, ...] = ()


class Described(NamedTuple):
    """What a signature stands for."""

    kind: str
    risk: Risk
    path: str
    statuses: tuple[int, int]


class Ledger:
    """Mutable; one per control process. Times of arrival are CLOCK_MONOTONIC seconds, `second` since 1970."""

    def __init__(self, give_way: GiveWay = to_nobody) -> None:
        self._give_way = give_way
        self._pending = Pending()
        self._streams: dict[EvidenceKey, Stream] = {}
        self._accepted: dict[str, frozenset[str]] = {}
        self._ratios: dict[str, float] = {}
        self._flagged: dict[tuple[EvidenceKey, str], None] = {}
        self._coverage: dict[EvidenceKey, Coverage] = {}
        self._templates: dict[str, tuple[str, ...]] = {}
        self._shares: dict[EvidenceKey, Shares] = {}
        self._resolved: dict[EvidenceKey, Stream] = {}
        self._signatures: dict[tuple[EvidenceKey, str], SignatureRow] = {}
        self._grouped: dict[EvidenceKey, int] = {}
        self._described: dict[str, Described] = {}

    def add(self, settled: Settled, comparison: Comparison | None = None) -> None:
        """Takes one comparison that ended. A mismatch brings its `comparison`, which says what its signature means."""
        if comparison is not None and comparison.signature and settled.signature not in self._described:
            worst = comparison.differences[0]
            if len(self._described) >= 10 * SIGNATURES:
                self._described.clear()  # rows hold what they need; only new keys describe anew
            self._described[settled.signature] = Described(worst.kind, worst.risk, worst.path, comparison.status_pair)
        self._pending.add(settled)

    def fared(self, key: EvidenceKey, fared: Fared) -> None:
        """Takes one client exchange of a request that cannot be copied."""
        shares = self._shares.get(key)
        if shares is None:
            shares = self._shares[key] = Shares()
        shares.add(fared)

    def settle_shares(self, before: Mapping[str, float], wall_offset: float) -> None:
        """Counts the clients' exchanges that arrived before a time, by route: all that began by then have ended."""
        for key, shares in self._shares.items():
            if key.route in before:
                for trial in shares.settle(before[key.route], self._ratios.get(key.route, RATIO)):
                    self._stream(key).trial(int(trial.at + wall_offset), trial)

    def dropped(self, key: EvidenceKey, second: int, count: int, reason: str) -> None:
        """Counts copies that were never compared. The reason is the metrics' to keep."""
        self._stream(key).drop(second, count)

    def accept(self, route: str, signatures: Collection[str]) -> None:
        """Sets the accepted signatures of a route that are in force; a change begins new evidence."""
        wanted = frozenset(signatures)
        if wanted != self._accepted.get(route, frozenset()):
            self._accepted[route] = wanted
            self._resolve_anew(route)

    def time(self, route: str, ratio: float) -> None:
        """Sets how many times as long as legacy is slower, for a route; a change begins new evidence."""
        if ratio != self._ratios.get(route, RATIO):
            self._ratios[route] = ratio
            self._resolve_anew(route)

    def templates(self, route: str, templates: tuple[str, ...]) -> None:
        """Sets the path templates of a route, whose variables coverage looks at."""
        self._templates[route] = templates

    def flag(self, key: EvidenceKey, signature: str, path: str, count: int, at: float) -> None:
        """Opens a signature of high risk for a field that varies otherwise on the extracted side than on legacy: seen
        `count` times, last `at`. It counts in no rate. Flagged again, its row is brought up to date."""
        name = (self.key(key), signature)
        row = self._signatures.get(name)
        if row is None:
            row = SignatureRow(name[0], signature, Kind.NOISE, Risk.HIGH, path, 0, 0, count, at, at)
        self._signatures[name] = replace(row, count=max(row.count, count), last=max(row.last, at))
        self._flagged[name] = None

    def key(self, key: EvidenceKey) -> EvidenceKey:
        """The key under which comparisons of `key` are counted now."""
        apart = sorted(self._accepted.get(key.route, ()))
        if (ratio := self._ratios.get(key.route, RATIO)) != RATIO:
            apart.append(f"slower:{ratio!r}")
        if not apart:
            return key
        digest = hashlib.sha256(" ".join(apart).encode()).hexdigest()[:8]
        return key._replace(rules=f"{key.rules}+{digest}")

    def advance(self, watermark: Mapping[str, float] | float, wall_offset: float) -> Written:
        """Counts everything that arrived before the watermark (one for all routes, or one for each; a route that is
        not named waits). `wall_offset` added to an arrival gives seconds since 1970."""
        differences: list[DifferenceRow] = []
        touched, self._flagged = self._flagged, {}
        counted: list[Settled] = []
        for ready in self._pending.take(watermark):
            counted += ready
            self._count(ready, wall_offset, differences, touched)
        segments: list[Segment] = []
        seen: list[tuple[EvidenceKey, int]] = []
        for key, stream in self._streams.items():
            if stream.changed:
                segments += stream.take_segments(key)
                seen += [(key, digest) for digest in stream.take_new()]
        covered = [(key, row) for key, coverage in self._coverage.items() for row in coverage.take_changed()]
        self._forget_old()
        rows = tuple(self._signatures[name] for name in touched)
        return Written(tuple(segments), tuple(differences), rows, tuple(seen), tuple(covered), tuple(counted))

    @property
    def pending(self) -> int:
        """Comparisons that wait for the watermark."""
        return len(self._pending)

    def keep_waiting(self, before: float, wall_offset: float) -> tuple[list[Waiting], list[int]]:
        """What a killed process would lose: those that arrived before `before`, each told once; and the numbers of
        those that were told and are counted now."""
        begun, ended = self._pending.keep(before)
        waiting: list[Waiting] = []
        for number, one in gently(begun, self._give_way):
            what = self._described.get(one.signature) or _NOTHING
            waiting.append(Waiting(number, one, one.arrival + wall_offset, what.kind, what.path, what.statuses))
        return waiting, ended

    def keep_anew(self) -> None:
        """The store was lost: all that waits is to be told again."""
        self._pending.keep_anew()

    def resume(self, waiting: Iterable[Waiting], wall_offset: float) -> None:
        """Takes back what waited when the last process ended."""
        for one in waiting:
            settled = one.settled
            if settled.signature and one.kind:
                risk = Risk.HIGH if settled.high_risk else Risk.MEDIUM
                self._described.setdefault(settled.signature, Described(one.kind, risk, one.path, one.statuses))
            self._pending.add(settled._replace(arrival=one.at - wall_offset), one.number)

    def totals(self, key: EvidenceKey) -> Totals:
        """What is counted under `key` as it is counted now (see `key`)."""
        stream = self._streams.get(self.key(key))
        return stream.totals() if stream else Totals()

    def compared(self, route: str) -> dict[EvidenceKey, int]:
        """Pairs of a route that were compared, by the key they were counted under."""
        totals = {key: stream.totals() for key, stream in self._streams.items() if key.route == route}
        return {key: each.match + each.ignored + each.explained + each.mismatch for key, each in totals.items()}

    def totals_of(self, key: EvidenceKey) -> Totals:
        """What is counted under this very key, whatever is accepted now."""
        stream = self._streams.get(key)
        return stream.totals() if stream else Totals()

    def coverage(self, key: EvidenceKey) -> Coverage:
        """What the requests counted under `key` have covered."""
        return self._coverage.get(self.key(key)) or Coverage()

    def signatures(self, route: str) -> list[SignatureRow]:
        """All signatures of a route, of every build and epoch, most frequent first."""
        rows = [row for row in self._signatures.values() if row.key.route == route]
        return sorted(rows, key=lambda row: (-row.count, row.signature))

    def restore(
        self,
        totals: Mapping[EvidenceKey, Totals],
        signatures: Iterable[SignatureRow],
        seen: Mapping[EvidenceKey, Iterable[int]],
        coverage: Mapping[EvidenceKey, Iterable[Covered]] = MappingProxyType({}),
    ) -> None:
        """Goes on from what was stored. A key whose digests are not all there counts only mismatches from here on."""
        for key, figures in totals.items():
            self._streams[key] = Stream.restored(figures, seen.get(key, ()))
        for row in signatures:
            self._signatures[(row.key, row.signature)] = row
            self._grouped[row.key] = self._grouped.get(row.key, 0) + 1
            statuses = (row.status_legacy, row.status_extracted)
            self._described.setdefault(row.signature, Described(row.kind, row.risk, row.path, statuses))
        self._coverage = {key: Coverage.restored(rows) for key, rows in coverage.items()}
        self._resolved.clear()
        self._forget_old()

    def _resolve_anew(self, route: str) -> None:
        self._resolved = {key: stream for key, stream in self._resolved.items() if key.route != route}

    def _stream(self, key: EvidenceKey) -> Stream:
        """The stream in which `key` is counted now, made on first sight."""
        stream = self._resolved.get(key)
        if stream is None:
            counted_as = self.key(key)
            stream = self._streams.setdefault(counted_as, Stream())
            self._resolved[key] = stream
        return stream

    def _forget_old(self) -> None:
        """Keeps the memory bounded: the keys that were idle longest forget their digests."""
        remembered = sum(stream.remembered for stream in self._streams.values())
        if remembered <= REMEMBERED:
            return
        for stream in sorted(self._streams.values(), key=lambda one: one.last):
            remembered -= stream.remembered
            stream.forget()
            if remembered <= REMEMBERED:
                return

    def _count(
        self,
        ready: list[Settled],
        wall_offset: float,
        differences: list[DifferenceRow],
        touched: dict[tuple[EvidenceKey, str], None],
    ) -> None:
        key: EvidenceKey | None = None
        for one in gently(ready, self._give_way):
            if one.key is not key:  # runs of one key are the rule
                key = one.key
                stream, counted_as = self._stream(key), self.key(key)
                accepted = self._accepted.get(key.route, frozenset())
                ratio = self._ratios.get(key.route, RATIO)
            at = one.arrival + wall_offset
            result = one.result
            if result is not Result.MISMATCH and result is not Result.NOT_COMPARED:
                if stream.clean(int(at), one.request, result, one.extracted_failed, one.slow, ratio):
                    self._cover(counted_as, one.asked)
                continue
            if result is Result.NOT_COMPARED:
                stream.not_compared(int(at), one.reason)
            else:
                known = one.signature in accepted
                if stream.mismatch(int(at), one.request, known, one.extracted_failed, one.slow, ratio):
                    self._cover(counted_as, one.asked)
                self._group(counted_as, one, at, touched)
            differences.append(DifferenceRow(counted_as, at, one.request, result, one.reason, one.signature))

    def _cover(self, key: EvidenceKey, asked: Asked) -> None:
        coverage = self._coverage.get(key)
        if coverage is None:
            coverage = self._coverage[key] = Coverage()
        coverage.add(asked, self._templates.get(key.route, ()))

    def _group(self, key: EvidenceKey, one: Settled, at: float, touched: dict[tuple[EvidenceKey, str], None]) -> None:
        name = (key, one.signature)
        row = self._signatures.get(name)
        if row is None and self._grouped.get(key, 0) >= SIGNATURES:
            name = (key, OTHER)
            row = self._signatures.get(name)
        touched[name] = None
        risk = Risk.HIGH if one.high_risk else Risk.MEDIUM
        if row is None:
            self._grouped[key] = self._grouped.get(key, 0) + 1
            what = self._described.get(name[1]) or Described("", risk, "", (0, 0))
            self._signatures[name] = SignatureRow(
                key, name[1], what.kind, what.risk, what.path, *what.statuses, 1, at, at
            )
            return
        if name[1] != OTHER or risk is not Risk.HIGH:
            risk = row.risk
        statuses = (row.status_legacy, row.status_extracted)
        self._signatures[name] = SignatureRow(  # `replace` takes four times as long
            key,
            row.signature,
            row.kind,
            risk,
            row.path,
            *statuses,
            row.count + 1,
            min(row.first, at),
            max(row.last, at),
        )


_NOTHING = Described("", Risk.MEDIUM, "", (0, 0))

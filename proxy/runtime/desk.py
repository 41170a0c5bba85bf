"""The desk: where frames from workers become comparisons, comparisons evidence, and evidence a verdict.

It decides nothing itself: comparing, counting, judging and redacting are pure rooms; this file hands them values and
puts what they return in line for the store. A pair that is compared elsewhere, or waits for both sides to be asked
again, holds up the watermark like any copy that is under way.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from proxy import comparison, evidence, routing
from proxy.metrics import Accumulator, Totals
from proxy.model.comparison import Comparison, Difference, Kind, NotCompared, Result, Risk
from proxy.model.evidence import Asked, EvidenceKey, Origin, Settled, Verdict
from proxy.model.noise import FieldNoise
from proxy.model.observation import Pair
from proxy.model.outcome import Outcome
from proxy.model.records import Accepted, AuditRow, Heard, SignatureRow
from proxy.model.spec import PathType, Route
from proxy.model.way import gently
from proxy.runtime.builds import Builds
from proxy.runtime.comparer import Comparer, not_compared
from proxy.runtime.examples import Examples
from proxy.runtime.explaining import Explaining, explained
from proxy.runtime.giving_way import Way
from proxy.runtime.keeper import Keeper
from proxy.runtime.link import unpack_pair
from proxy.runtime.live import Live
from proxy.runtime.pace import Pace
from proxy.runtime.receipts import Receipts
from proxy.runtime.resets import Resets
from proxy.runtime.rule_use import RuleUses
from proxy.store import Batch, Loaded

COMPARED = ("equal", "pairs", "not_compared", "failed")  # what of a frame is one comparison each
YOUNG = 0.3  # seconds that a comparison may wait without being kept

log = structlog.get_logger("strangler.evidence")


@dataclass(frozen=True, slots=True)
class Counted:
    """Comparisons under the current key by result, and what was not compared by reason (since control started)."""

    results: dict[str, int]
    reasons: dict[str, int]


class Desk:
    """Follows `live`; writes through `keeper`."""

    def __init__(self, live: Live, keeper: Keeper, way: Way) -> None:
        self._live = live
        self._keeper = keeper
        self._way = way
        self._ledger = evidence.Ledger(way)
        self._metrics = Accumulator()
        self._reasons: dict[str, Counter[str]] = {}  # by route, of what was not compared
        self._uses = RuleUses()
        self.receipts = Receipts()
        self.acknowledge: Callable[[list[Heard]], None] = lambda heard: None  # called when it is in the store
        self.traffic: Callable[[str], Mapping[str, float]] = lambda route: {}  # answers to clients, like `GET 2xx`
        self._rules: dict[str, comparison.Rules] = {}  # by digest
        self._keys: dict[tuple[str, int, str, str], EvidenceKey] = {}
        self._routes: set[str] = set()
        self._builds = Builds(lambda row: self._audit.append(row))
        self._accepted: dict[str, dict[str, Accepted]] = {}
        self._examples = Examples()
        self._audit: list[AuditRow] = []
        self._resets = Resets(time.time, lambda row: self._audit.append(row))
        self._comparer = Comparer(way)
        self._pairs = Pace(self._take_pair, way)  # route, arrival, build, request, pair, whether it was sampled, origin
        self.explaining = Explaining(live, self._comparer, self._metrics, self._flag)
        self._flagged: set[tuple[EvidenceKey, str]] = set()

    def restore(self, loaded: Loaded) -> None:
        """Goes on from what the store holds."""
        self._resets.restore(loaded.totals)
        self.receipts.restore(loaded.heard)
        self._ledger.restore(loaded.totals, loaded.signatures, loaded.seen, loaded.coverage)
        self.explaining.book.restore(loaded.noise)
        self._ledger.resume(loaded.waiting, time.time() - time.monotonic())
        self._routes |= {one.settled.key.route for one in loaded.waiting}
        self._builds.restore(loaded.builds)
        for entry in loaded.accepted:
            self._accepted.setdefault(entry.route, {})[entry.signature] = entry
        self._examples.restore(loaded.signatures)
        self.follow(self._live)

    def follow(self, live: Live) -> None:
        """Takes the rules that are in force; those of before stay for the pairs that are still on their way."""
        for rules in live.compiled.rules.values():
            self._rules[rules.digest] = rules
        self.explaining.follow()
        for route in live.compiled.spec.routes:
            self._ledger.accept(route.name, self._in_force(route.name))
            self._ledger.time(route.name, route.gate.p95_ratio_below)
            templates = (match.path for match in route.matches if match.path_type is PathType.TEMPLATE)
            self._ledger.templates(route.name, tuple(templates))
            self._announce(route)

    # what workers say

    def take(self, frame: dict[str, Any], token: str) -> None:
        """One frame of a worker; its shape is in runtime/outbox.py. Of one that is told again, what was lost."""
        number = frame.get("number", 0)
        equal, pairs, skipped, failed = (frame[kind] for kind in COMPARED)
        is_new = self.receipts.is_new(token, number)
        origins = self.receipts.take(token, number, len(equal) + len(pairs) + len(skipped) + len(failed))
        for one, origin in gently(zip(equal, origins, strict=False), self._way):
            if origin is not None:
                self._take_equal(one, origin)
        for pair, origin in gently(zip(pairs, origins, strict=False), self._way):
            if origin is not None:
                self._pairs.put((*pair, origin))
        self._pairs.go()
        for (route, epoch, rules, build, arrival, request, reason), origin in gently(
            zip(skipped, origins, strict=False), self._way
        ):
            if origin is not None:
                key = self._key(route, epoch, rules, build)
                nothing = (Result.NOT_COMPARED, reason, "", False, False, (0.0, 0.0), Asked())
                self._add(Settled(key, arrival, request, *nothing, origin))
        for (route, epoch, rules, build, arrival, request, outcome), origin in gently(
            zip(failed, origins, strict=False), self._way
        ):
            if origin is not None:
                self._take_failure(self._key(route, epoch, rules, build), arrival, request, outcome, origin)
        if is_new:
            self._take_sums(frame)

    def _take_equal(self, one: tuple[Any, ...], origin: Origin) -> None:
        route, epoch, rules, build, arrival, request, legacy, extracted, *asked = one
        key, slow = self._key(route, epoch, rules, build), (legacy, extracted)
        self._builds.answered(route, build)
        self.explaining.usual(route, legacy)
        self._add(Settled(key, arrival, request, Result.MATCH, "", "", False, False, slow, Asked(*asked), origin))

    def _take_sums(self, frame: dict[str, Any]) -> None:
        for route, epoch, rules, build, *fared in frame["fared"]:
            one = evidence.Fared(*fared)
            if one.extracted and (build or not one.failed):
                self._builds.answered(route, build)
            self._ledger.fared(self._key(route, epoch, rules, build or self._builds.latest(route) or ""), one)
        for (route, epoch, rules, build, reason), count in frame["dropped"]:
            self._ledger.dropped(self._key(route, epoch, rules, build), int(time.time()), count, reason)
        if frame["given_up"]:
            self._metrics.add("strangler_link_dropped_total", (), frame["given_up"])

    def _take_pair(self, one: tuple[str, float, str, int, bytes, bool, Origin]) -> None:
        _, _, build, request, packed, sampled, origin = one
        pair = unpack_pair(packed)
        rules = self._rules.get(pair.rules)
        if pair.extracted.outcome is Outcome.OK:
            self._builds.answered(pair.route, build)
        if pair.legacy.outcome is Outcome.OK:
            self.explaining.usual(pair.route, pair.legacy.total)
        key = self._key(pair.route, pair.epoch, pair.rules, build)
        settle = partial(self._settle_pair, key, request, pair, origin)
        if rules is None:  # a worker that was cut off ran on rules that this control never had
            settle(not_compared(NotCompared.OVERLOADED))
        else:
            decide = partial(self.explaining.decide, key, pair, rules, sampled, settle)
            try:
                self._comparer.compare(pair, rules, decide)
            except Exception:  # it would end the link, and a pair that is told again would end it for ever
                log.exception("pair_failed", route=pair.route, remedy="a defect of this program: please report it")
                settle(not_compared(NotCompared.DEFECT))

    def _settle_pair(self, key: EvidenceKey, request: int, pair: Pair, origin: Origin, found: Comparison) -> None:
        legacy, extracted = pair.legacy, pair.extracted
        legacy_fine = legacy.outcome is Outcome.OK and legacy.status < 500
        failed = legacy_fine and (extracted.outcome is not Outcome.OK or extracted.status >= 500)
        settled = Settled(
            key,
            pair.arrival,
            request,
            found.result,
            found.reason.value if found.reason else "",
            found.signature,
            found.risk is Risk.HIGH,
            failed and found.result in (Result.MISMATCH, Result.EXPLAINED),
            (legacy.total, extracted.total),
            Asked(pair.request.method, legacy.status, pair.request.target),
            origin,
        )
        if found.result is Result.MISMATCH and (route := self._live.route(pair.route)) is not None:
            limit = self._live.compiled.spec.retention.exemplars
            self._examples.offer(self._ledger.key(key), pair, found, route, limit)
        self._add(settled, found)

    def _take_failure(self, key: EvidenceKey, arrival: float, request: int, outcome: str, origin: Origin) -> None:
        """The extracted side failed while it was to answer the client: the same signature as a copy that failed."""
        path = f"outcome:{outcome}"
        difference = Difference(path, Kind.ERROR, Risk.HIGH, "", outcome, "outcome")
        signature = f"answering {outcome}"
        found = Comparison(Result.MISMATCH, None, signature, Risk.HIGH, (0, 0), (difference,), 1)
        what = (Result.MISMATCH, "", signature, True, True, (0.0, 0.0), Asked())
        self._add(Settled(key, arrival, request, *what, origin), found)

    def _add(self, settled: Settled, found: Comparison | None = None) -> None:
        self._ledger.add(settled, found)
        self._uses.note(settled.key.route, settled.key.rules, settled.result, found)
        self._metrics.add("strangler_comparisons_total", (settled.key.route, str(settled.result)))
        if settled.reason:
            self._metrics.add("strangler_not_compared_total", (settled.key.route, settled.reason))
            self._reasons.setdefault(settled.key.route, Counter())[settled.reason] += 1

    def _key(self, route: str, epoch: int, rules: str, build: str) -> EvidenceKey:
        plain = (route, epoch, rules, build)
        key = self._keys.get(plain)
        if key is None:
            key = self._keys[plain] = EvidenceKey(route, rules, build, epoch)
            self._routes.add(route)
        return key

    def _flag(self, key: EvidenceKey, field: FieldNoise) -> None:
        """Opens a signature for a field that varies otherwise than legacy's own."""
        signature = comparison.signature_of((0, 0), ((field.path, Kind.NOISE),))
        self._ledger.flag(key, signature, field.path, field.asked, time.time())
        if (key, signature) not in self._flagged:
            self._flagged.add((key, signature))
            log.warning("noise_flagged", route=key.route, build=key.build, path=field.path, words=field.words)

    # counting and writing

    def pending(self) -> list[dict[str, float]]:
        """By route, the arrival of the oldest pair that waits, is being compared elsewhere, or is not decided."""
        waiting: dict[str, float] = {}
        for route, arrival, *_ in self._pairs.waiting():
            waiting[route] = min(arrival, waiting.get(route, arrival))
        return [waiting, self._comparer.oldest(), *self.explaining.oldest()]

    def decide_all(self) -> None:
        """What still waits is decided now, without further answers."""
        self._pairs.finish()
        self.explaining.close()

    def settle(self, oldest: dict[str, float], ceiling: float, wall_offset: float, *, final: bool = False) -> None:
        """Counts what arrived before the watermark: `oldest` by route, `ceiling` for all. `final`: the last time."""
        watermark = {route: min(oldest.get(route, ceiling), ceiling) for route in self._routes}
        self._ledger.settle_shares({route: ceiling - self._patience(route) for route in self._routes}, wall_offset)
        written = self._ledger.advance(watermark, wall_offset)
        counted = bool(written.segments or written.differences or written.signatures)
        waiting, waited = self._ledger.keep_waiting(ceiling - YOUNG, wall_offset)
        noise = self.explaining.book.take_rows(time.time(), final=final)
        uses = self._uses.take_rows(time.time(), final=final)
        builds = self._builds.take_rows()
        self.receipts.stored(one.origin for one in (*written.counted, *(row.settled for row in waiting)))
        if counted or waiting or waited or noise or uses or builds or self._examples or self._audit:
            heard = self.receipts.rows()
            self._keeper.write(
                Batch(
                    segments=written.segments,
                    differences=written.differences,
                    signatures=written.signatures,
                    exemplars=self._examples.take(),
                    seen=written.seen,
                    waiting=waiting,
                    waited=waited,
                    audit=self._audit,
                    builds=builds,
                    noise=noise,
                    rule_uses=uses,
                    covered=written.covered,
                    heard=heard,
                ),
                partial(self.acknowledge, heard),
            )
            self._audit = []

    def _patience(self, name: str) -> float:
        """Seconds after which an exchange of a route has ended, unless its answer is long."""
        spec, route = self._live.compiled.spec, self._live.route(name)
        sides = [spec.backends[spec.legacy], *([spec.backends[route.extracted]] if route else [])]
        return max(side.connect_timeout + side.timeout for side in sides) + 1.0

    def whole(self) -> Batch:
        """What a store that began anew needs to know. What waits follows with the next counting."""
        self._ledger.keep_anew()
        return Batch(
            builds=self._builds.whole(),
            accepted=[entry for entries in self._accepted.values() for entry in entries.values()],
            noise=self.explaining.book.whole(time.time()),
        )

    def close(self) -> None:
        self._comparer.close()

    # reading

    def build(self, route: str) -> str | None:
        """The build that answered last; "" when answers carry none, None when there were no answers."""
        return self._builds.latest(route)

    def current(self, route: Route) -> EvidenceKey:
        """The key that a verdict speaks of now: this rule set, this epoch, the build that answered last."""
        state = self._live.states[route.name]
        rules = self._live.compiled.rules[route.name].digest
        return EvidenceKey(route.name, rules, self._builds.latest(route.name) or "", state.epoch)

    def verdict(self, route: Route) -> Verdict:
        key = self.current(route)
        ordinal = self._builds.ordinal(route.name, key.build)
        return evidence.judge(
            self._ledger.totals(key),
            route.gate,
            alpha=evidence.alpha_for(ordinal, 1.0 - route.gate.confidence),
            signatures=self._ledger.signatures(route.name),
            accepted=self._in_force(route.name),
            now=time.time(),
            key=key,
            standing=self._standing(route, key),
        )

    def _announce(self, route: Route) -> None:
        """Evidence that begins anew is told of: other rules, another epoch, other accepted differences."""
        if route.name in self._live.states:
            self._resets.follow(self._ledger.key(self.current(route)), self._ledger.totals_of)

    def coverage(self, route: Route) -> evidence.Coverage:
        """What the comparisons that a verdict goes by have covered."""
        return self._ledger.coverage(self.current(route))

    def _standing(self, route: Route, key: EvidenceKey) -> evidence.Standing:
        copied = routing.can_be_copied(route)
        known = self._ledger.totals(key).n > 0
        traffic = self.traffic(route.name) if known else {}
        methods: frozenset[str] = route.shadow.methods if copied else frozenset()
        missing = evidence.uncovered(self._ledger.coverage(key).answers, traffic, methods)
        return evidence.Standing(
            self._live.states[route.name].stage, copied, evidence.uncopied(traffic, methods), missing
        )

    def counted(self, route: Route) -> Counted:
        totals = self._ledger.totals(self.current(route))
        results = {str(result): int(getattr(totals, result)) for result in Result}
        return Counted(results, dict(self._reasons.get(route.name, {})))

    def signatures(self, route: str) -> list[SignatureRow]:
        return self._ledger.signatures(route)

    def compared(self, route: str) -> dict[EvidenceKey, int]:
        return self._ledger.compared(route)

    def as_known(self, route: Route, found: Comparison) -> Comparison:
        """A comparison as what is known of noise leaves it; nobody is asked again."""
        noise = self.explaining.book.find(self.current(route))
        return explained(noise, found, None, False) if noise and found.result is Result.MISMATCH else found

    def accepted(self, route: str) -> list[Accepted]:
        return list(self._accepted.get(route, {}).values())

    def accept(self, entry: Accepted, who: str) -> None:
        self._accepted.setdefault(entry.route, {})[entry.signature] = entry
        self._ledger.accept(entry.route, self._in_force(entry.route))
        if route := self._live.route(entry.route):
            self._announce(route)
        what = f"{entry.signature} until {entry.until}, owner {entry.owner}"
        row = AuditRow(entry.at, who, "accept", entry.route, what, entry.reason)
        log.info("audit", **row._asdict())
        self._keeper.write(Batch(accepted=(entry,), audit=(row,)))

    def count_into(self, totals: Totals) -> None:
        """Adds control's own counters to those of the workers."""
        totals.apply("control", self._metrics.changes())

    def _in_force(self, route: str) -> set[str]:
        today = datetime.now(tz=UTC).date().isoformat()
        return {entry.signature for entry in self._accepted.get(route, {}).values() if entry.until >= today}

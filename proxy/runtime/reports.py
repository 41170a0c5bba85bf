"""What a worker notes of each exchange and each copy: counted among its metrics, gathered in its outbox.

Apart from the worker because this runs for every request and is compiled, and what Python starts by name cannot be.
"""

from __future__ import annotations

from random import random
from time import monotonic

from proxy import routing
from proxy.metrics import Accumulator
from proxy.model.comparison import NotCompared
from proxy.model.observation import Exchange, Pair
from proxy.model.records import Ended
from proxy.model.sides import Side
from proxy.runtime.outbox import CONTROL_LAGS, Outbox

SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})


class Reports:
    """By what `snapshot` says, None until there is one. `access_log` is the share of exchanges that get a line."""

    def __init__(self, metrics: Accumulator, outbox: Outbox, access_log: float) -> None:
        self.snapshot: routing.Snapshot | None = None
        self._metrics = metrics
        self._outbox = outbox
        self._access_log = access_log
        self._compared: dict[str, tuple[bytes, ...]] = {}  # by route, the header names that are compared

    def follow(self, snapshot: routing.Snapshot) -> None:
        self.snapshot = snapshot
        self._compared.clear()

    def ended(self, ended: Ended) -> None:
        """A client's exchange ended."""
        self._metrics.request(ended.route, ended.side, ended.outcome, ended.code)
        self._metrics.observe(ended.route, ended.side, "answer", ended.seconds)
        share = self._access_log
        self._outbox.ended(ended, line=share > 0 and (share >= 1 or random() < share))  # noqa: S311 - sampling
        if ended.share:
            self._outbox.shared(ended, self._extracted_of(ended.route), monotonic())
        if ended.fell_back:
            self._metrics.add("strangler_fallbacks_total", (ended.route, ended.fell_back), 1)
            self._failed_as_answering(ended, ended.fell_back)
        elif ended.side == Side.EXTRACTED and ended.outcome.startswith("upstream_") and ended.method not in SAFE:
            self._failed_as_answering(ended, ended.outcome)

    def pair(self, pair: Pair) -> None:
        """Both sides answered a request."""
        shadowed = pair.extracted if pair.answering is Side.LEGACY else pair.legacy
        self._metrics.observe(pair.route, str(shadowed.side), "shadow", shadowed.total)
        headers = self._compared.get(pair.route)
        if headers is None:
            route = self.snapshot.spec.by_name.get(pair.route) if self.snapshot else None
            headers = tuple([name.lower().encode("latin-1") for name in route.compare.headers]) if route else ()
            self._compared[pair.route] = headers
        if not self._outbox.pair(pair, headers, sampled=self._is_sampled(pair)):
            self._metrics.add("strangler_shadow_dropped_total", (pair.route, CONTROL_LAGS), 1)

    def not_compared(self, exchange: Exchange, reason: NotCompared) -> None:
        self._outbox.skipped(exchange, reason, self._extracted_of(exchange.route))

    def dropped(self, exchange: Exchange, reason: str) -> None:
        """A copy was not sent."""
        self._metrics.add("strangler_shadow_dropped_total", (exchange.route, reason), 1)
        self._outbox.drop(exchange, reason, self._extracted_of(exchange.route))

    def _failed_as_answering(self, ended: Ended, outcome: str) -> None:
        snapshot = self.snapshot
        state = snapshot.states.get(ended.route) if snapshot else None
        if snapshot is not None and state is not None and outcome.startswith("upstream_"):
            rules, backend = snapshot.rules.get(ended.route, ""), self._extracted_of(ended.route)
            self._outbox.extracted_failed(ended, state.epoch, rules, backend, monotonic(), outcome)

    def _is_sampled(self, pair: Pair) -> bool:
        """True for the share of pairs that control asks again whether they differ or not."""
        reasks = self.snapshot.spec.reasks if self.snapshot else None
        if reasks is None or not reasks.per_second or pair.request.method not in SAFE:
            return False
        return 100 * random() < reasks.sample  # noqa: S311 - a sample, not a secret

    def _extracted_of(self, route: str) -> str:
        known = self.snapshot.spec.by_name.get(route) if self.snapshot else None
        return known.extracted if known else ""

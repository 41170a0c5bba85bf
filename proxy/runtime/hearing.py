"""What workers tell in a frame, given to whoever keeps it: counters, evidence, the inventory, the access log."""

from __future__ import annotations

import time
from typing import Any

import structlog

from proxy import routing
from proxy.metrics import Changes, Totals
from proxy.model.records import Ended
from proxy.model.spec import RoutesSpec
from proxy.runtime.desk import Desk
from proxy.runtime.examples import declared_queries, kept_target
from proxy.runtime.giving_way import Way
from proxy.runtime.live import Live
from proxy.runtime.views import WorkerView

access_log = structlog.get_logger("strangler.access")


class Hearing:
    """`inventory_changed` is for whoever keeps the inventory: to look at, and to set back."""

    def __init__(self, live: Live, desk: Desk, totals: Totals, inventory: routing.Inventory, way: Way) -> None:
        self._live = live
        self._desk = desk
        self._totals = totals
        self._way = way
        self._inventory = inventory
        self.inventory_changed = False
        self._declared: tuple[RoutesSpec | None, tuple[str, ...]] = None, ()

    def take_again(self, worker: WorkerView, frame: dict[str, Any]) -> None:
        """One that was told before, perhaps to a control that was killed: only evidence is worth hearing twice."""
        self._desk.take(frame, worker.token)

    def take(self, worker: WorkerView, frame: dict[str, Any]) -> None:
        """One frame; its shape is in runtime/outbox.py."""
        worker.now, worker.oldest, worker.gauges = frame["now"], frame["oldest"], frame["gauges"]
        self._way.frame_age = time.monotonic() - worker.now
        self._totals.apply(worker.process, Changes(*frame["metrics"]))
        self._desk.take(frame, worker.token)
        self._note_asked(frame["asked"], frame["asked_unseen"])
        for line in frame["lines"]:
            self._write_line(Ended(*line))

    def _note_asked(self, asked: list[tuple[bytes, bytes, str, int, float]], unseen: int) -> None:
        if asked:
            self.inventory_changed = True
            weight = 1.0 + unseen / len(asked)
            now = time.time()
            for method, target, route, code, seconds in asked:
                self._inventory.observe(method, self._kept_target(route, target), route, code, seconds, weight, now)

    def _write_line(self, ended: Ended) -> None:
        access_log.info(
            "exchange",
            route=ended.route,
            side=ended.side,
            outcome=ended.outcome,
            code=ended.code,
            method=ended.method.decode("latin-1"),
            target=self._kept_target(ended.route, ended.target).decode("latin-1"),
            seconds=round(ended.seconds, 6),
            request_bytes=ended.request_bytes,
            response_bytes=ended.response_bytes,
            request_id=ended.request_id.decode("latin-1"),
            client=ended.client,
            fell_back=ended.fell_back or None,
            why=ended.why,
        )

    def _kept_target(self, route: str, target: bytes) -> bytes:
        spec = self._live.compiled.spec
        if self._declared[0] is not spec:
            self._declared = spec, declared_queries(spec.routes)
        return kept_target(self._live.route(route), target, self._declared[1])

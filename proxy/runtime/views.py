"""What control shows: the JSON of the admin API and the gauges of a scrape, from what is in force and counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from proxy import __version__, evidence, routing
from proxy.metrics import SideFigures, Totals
from proxy.metrics.exposition import Gauge, render
from proxy.model.comparison import NotCompared
from proxy.model.decision import UNROUTED
from proxy.model.evidence import Ruling
from proxy.model.observation import CapturedRequest, Observation
from proxy.model.records import Exemplar, InventoryRow
from proxy.model.sides import STAGES, Side, Stage
from proxy.model.spec import Route
from proxy.runtime.commands import next_stage, plain_verdict
from proxy.runtime.desk import Desk
from proxy.runtime.keeper import Keeper
from proxy.runtime.live import Live
from proxy.runtime.noise_views import noise_view, suggestions_view
from proxy.runtime.settings import Settings, public_url
from proxy.runtime.signatures import listed


@dataclass(slots=True)
class WorkerView:
    """What control knows of a connected worker. `now` is its last word's time, CLOCK_MONOTONIC seconds, `has` what it
    was sent last."""

    index: int
    pid: int
    restarts: int
    now: float
    mark: int = 0  # the last change that it said is in force
    has: routing.Snapshot | None = None
    token: str = ""  # no other process has it
    oldest: dict[str, float] = field(default_factory=dict)
    gauges: dict[str, Any] = field(default_factory=dict)

    @property
    def process(self) -> str:
        return f"worker-{self.index}-{self.pid}"


@dataclass(slots=True)
class Parts:
    """What control is made of, as far as it can be looked at. `workers` are those connected now."""

    settings: Settings
    restarts: int
    live: Live
    desk: Desk
    keeper: Keeper
    totals: Totals
    inventory: routing.Inventory
    workers: Callable[[], list[WorkerView]]


class _Folded(NamedTuple):
    """The counters of all processes added up, once for a whole answer; the last two by route, then by reason."""

    figures: dict[tuple[str, str, str], SideFigures]
    dropped: dict[str, dict[str, int]]
    fallbacks: dict[str, dict[str, int]]


class Views:
    """Reads the parts of control, changes nothing."""

    def __init__(self, parts: Parts) -> None:
        self._control = parts
        self._started = time.time()

    # status

    def status(self) -> routing.Steps[dict[str, Any]]:
        """A step a route: there may be ten thousand."""
        control = self._control
        live, keeper = control.live, control.keeper
        folded = self._fold()
        routes = []
        for name in list(live.compiled.spec.by_name):
            yield
            route = live.route(name)  # the file may be another one by now
            if route is not None:
                routes.append(self._route(route, folded))
        return {
            "version": __version__,
            "generation": live.generation,
            "halted": live.is_halted,
            "started_at": self._started,
            "reload": {
                "ok": live.last_ok,
                "at": live.last_at,
                "problems": [str(problem) for problem in live.last_problems],
            },
            "workers": {
                "expected": control.settings.workers,
                "connected": len(control.workers()),
                "restarts": sum(worker.restarts for worker in control.workers()),
            },
            "control": {"restarts": control.restarts},
            "store": {"ok": keeper.ok, "error": keeper.error, "lost": keeper.lost},
            "shedding": any(worker.gauges.get("shedding") for worker in control.workers()),
            "backends": self._backends(),
            "routes": [*routes, self._unrouted(folded)],
        }

    def route(self, route: Route) -> dict[str, Any]:
        view = self._route(route, self._fold())
        view["signatures"] = self.signatures(route)
        return view

    def _route(self, route: Route, folded: _Folded) -> dict[str, Any]:
        control = self._control
        state = control.live.states[route.name]
        counted = control.desk.counted(route)
        following = next_stage(state.stage)
        return {
            "name": route.name,
            "stage": str(state.stage),
            "percent": state.percent if state.stage is Stage.CANARY else None,
            "source": str(state.source),
            "epoch": state.epoch,
            "build": control.desk.build(route.name),
            "owns_data": route.owns_data,
            "group": route.group or None,
            "pin_after_write": route.pin_after_write,
            "extracted": route.extracted,
            "sides": self._sides(route.name, "answer", folded),
            "shadow": self._sides(route.name, "shadow", folded),
            "comparisons": counted.results,
            "not_compared_reasons": counted.reasons,
            "dropped": folded.dropped.get(route.name, {}),
            "fallbacks": sum(folded.fallbacks.get(route.name, {}).values()),
            "breaker_open": any(worker.gauges.get("breakers", {}).get(route.extracted) for worker in control.workers()),
            "noise": self._noise(route, counted.reasons.get(NotCompared.LEARNING, 0)),
            "verdict": self.verdict(route),
            "next_stage": str(following) if following else None,
        }

    def _backends(self) -> list[dict[str, Any]]:
        workers = self._control.workers()
        urls = urls_of(workers)
        return [
            {
                "name": name,
                "urls": [{"url": one.url, "state": urls.get(name, {}).get(one.url, "used")} for one in backend.each()],
                "breaker_open": any(worker.gauges.get("breakers", {}).get(name) for worker in workers),
            }
            for name, backend in self._control.live.compiled.spec.backends.items()
        ]

    def _unrouted(self, folded: _Folded) -> dict[str, Any]:
        return {
            "name": UNROUTED,
            "stage": str(Stage.LEGACY),
            "percent": None,
            "source": "file",
            "sides": self._sides(UNROUTED, "answer", folded),
            "verdict": None,
        }

    def _sides(self, route: str, role: str, folded: _Folded) -> dict[str, dict[str, Any]]:
        nothing = SideFigures()
        return {str(side): folded.figures.get((route, str(side), role), nothing)._asdict() for side in Side}

    def _fold(self) -> _Folded:
        return _Folded(
            self._control.totals.figures(),
            self._by_reason("strangler_shadow_dropped_total"),
            self._by_reason("strangler_fallbacks_total"),
        )

    def _by_reason(self, name: str) -> dict[str, dict[str, int]]:
        """A counter with the labels route and reason, by route."""
        found: dict[str, dict[str, int]] = {}
        for (metric, labels), value in self._control.totals.counters().items():
            if metric == name:
                found.setdefault(labels[0], {})[labels[1]] = int(value)
        return found

    # evidence

    def signatures(self, route: Route) -> list[dict[str, Any]]:
        desk = self._control.desk
        accepted = {entry.signature: entry for entry in desk.accepted(route.name)}
        today = datetime.now(tz=UTC).date().isoformat()
        rows, compared = desk.signatures(route.name), desk.compared(route.name)
        noise = desk.explaining.book.find(desk.current(route))
        notes = {field.path: field.words for field in noise.regressions()} if noise else {}
        broken = noise.broken() if noise else {}
        return listed(rows, accepted, desk.current(route), compared, today, notes, broken)

    def _noise(self, route: Route, learning: int) -> dict[str, Any]:
        desk = self._control.desk
        known = desk.explaining.book.find(desk.current(route))
        return noise_view(known, desk.explaining.counted.get(route.name, {}), learning)

    def suggestions(self, route: Route) -> dict[str, Any]:
        """Rules that a person may make of learned noise."""
        key = self._control.desk.current(route)
        return suggestions_view(route.name, key.build, self._control.desk.explaining.book.find(key))

    def verdict(self, route: Route) -> dict[str, Any]:
        desk = self._control.desk
        covered = desk.coverage(route)
        coverage = {"answers": covered.answers, "values": covered.values}
        return {**plain_verdict(desk.verdict(route)), "coverage": coverage}

    def mismatches(self, route: Route) -> dict[str, Any]:
        return {
            "route": route.name,
            "build": self._control.desk.build(route.name),
            "signatures": self.signatures(route),
        }

    async def exemplars(self, route: Route, signature: str) -> dict[str, Any] | None:
        known = [row for row in self.signatures(route) if row["signature"] == signature]
        if not known:
            return None
        kept = await self._control.keeper.read(lambda store: store.exemplars(route.name, signature))
        listen = self._control.settings.listen
        base = public_url(listen, tls=bool(self._control.live.compiled.spec.listen.tls))
        return {"signature": known[0], "exemplars": [_plain_exemplar(exemplar, base) for exemplar in kept]}

    # the rest

    def inventory(self) -> dict[str, Any]:
        rows = self._control.inventory.rows()
        return {"rows": [_plain_inventory(row) for row in rows], "estimated": any(row.count % 1 for row in rows)}

    async def has_history(self, route: str) -> bool:
        return await self._control.keeper.read(lambda store: store.has_history(route))

    async def history(self, route: str | None, limit: int) -> dict[str, Any]:
        rows = await self._control.keeper.read(lambda store: store.history(route, limit))
        return {"rows": [row._asdict() for row in rows]}

    def metrics(self) -> Iterator[bytes]:
        """The text of a scrape, in pieces."""
        self._control.desk.count_into(self._control.totals)
        return render(self._control.totals, self._gauges())

    def ready(self) -> tuple[bool, str]:
        """Whether traffic can be served, and why not. A worker connects once it has a table."""
        connected = bool(self._control.workers())
        return connected, "" if connected else "no worker is connected"

    def _gauges(self) -> Iterator[Gauge]:
        control = self._control
        live, workers = control.live, control.workers()
        yield from (
            ("strangler_config_reload_success", (), float(live.last_ok)),
            ("strangler_certificates_ok", (), float(all(w.gauges.get("certificates_ok", True) for w in workers))),
            ("strangler_config_generation", (), float(live.generation)),
            ("strangler_halted", (), float(live.is_halted)),
            ("strangler_reasks_stopped", (), float(control.desk.explaining.is_stopped)),
            ("strangler_store_ok", (), float(control.keeper.ok)),
            ("strangler_store_lost_total", (), float(control.keeper.lost)),
            ("strangler_process_restarts_total", ("control",), float(control.restarts)),
            ("strangler_process_restarts_total", ("worker",), float(sum(worker.restarts for worker in workers))),
            ("strangler_build_info", (__version__,), 1.0),
            ("strangler_in_flight", (), float(sum(worker.gauges.get("in_flight", 0) for worker in workers))),
            (
                "strangler_client_connections",
                (),
                float(sum(worker.gauges.get("client_connections", 0) for worker in workers)),
            ),
        )
        yield "strangler_shedding", (), float(any(worker.gauges.get("shedding") for worker in workers))
        memory = float(max((worker.gauges.get("memory", 0) for worker in workers), default=0))
        yield "strangler_worker_memory_bytes", (), memory
        for backend, urls in urls_of(workers).items():
            for url, stands in urls.items():
                yield "strangler_url_usable", (backend, url), float(stands == "used")
        for name in list(live.compiled.spec.by_name):
            route = live.route(name)  # the file may be another one by now
            if route is not None:
                yield from self._gauges_of(route)
        for backend in live.compiled.spec.backends:
            opened = any(worker.gauges.get("breakers", {}).get(backend) for worker in workers)
            yield "strangler_breaker_open", (backend,), float(opened)
            pools = [worker.gauges["pools"][backend] for worker in workers if backend in worker.gauges.get("pools", {})]
            for place, word in enumerate(("idle", "busy", "waiting")):
                yield "strangler_pool_connections", (backend, word), float(sum(pool[place] for pool in pools))

    def _gauges_of(self, route: Route) -> Iterator[Gauge]:
        state = self._control.live.states[route.name]
        for stage in STAGES:
            yield "strangler_route_stage", (route.name, str(stage)), float(stage is state.stage)
        percent = state.percent if state.stage is Stage.CANARY else 100.0 * (state.stage in (Stage.LIVE, Stage.RETIRED))
        yield "strangler_route_canary_percent", (route.name,), percent
        ruling = self._control.desk.verdict(route).ruling
        for each in Ruling:
            yield "strangler_verdict", (route.name, str(each)), float(each is ruling)


def urls_of(workers: list[WorkerView]) -> dict[str, dict[str, str]]:
    """By backend, of those with several urls or health checks, each url's worst standing in any worker: `unhealthy`,
    `ejected` or `used`."""
    found: dict[str, dict[str, str]] = {}
    for worker in workers:
        for backend, urls in worker.gauges.get("urls", {}).items():
            for url, healthy, out in urls:
                stands = "unhealthy" if not healthy else "ejected" if out else "used"
                known = found.setdefault(backend, {}).get(url, "used")
                found[backend][url] = min(known, stands, key=("unhealthy", "ejected", "used").index)
    return found


def _plain_exemplar(exemplar: Exemplar, base: str) -> dict[str, Any]:
    return {
        "at": exemplar.at,
        "request": _plain_request(exemplar.request),
        "legacy": _plain_observation(exemplar.legacy),
        "extracted": _plain_observation(exemplar.extracted),
        "differences": [
            {key: str(value) for key, value in difference._asdict().items()} for difference in exemplar.differences
        ],
        "curl": evidence.curl_line(exemplar.request, base),
    }


def _plain_request(request: CapturedRequest) -> dict[str, Any]:
    return {
        "method": request.method.decode("latin-1"),
        "target": request.target.decode("latin-1"),
        "headers": [[key.decode("latin-1"), value.decode("latin-1")] for key, value in request.headers],
        "body": request.body.data.decode("utf-8", "replace"),
    }


def _plain_observation(observation: Observation) -> dict[str, Any]:
    return {
        "outcome": str(observation.outcome),
        "status": observation.status,
        "headers": [[key.decode("latin-1"), value.decode("latin-1")] for key, value in observation.headers],
        "body": observation.body.data.decode("utf-8", "replace"),
        "size": observation.body.size,
        "complete": observation.body.complete,
        "seconds": observation.total,
        "build": observation.build,
    }


def _plain_inventory(row: InventoryRow) -> dict[str, Any]:
    classes = zip(("1xx", "2xx", "3xx", "4xx", "5xx"), row.status_classes, strict=True)
    return {
        "method": row.method,
        "template": row.template,
        "route": row.route,
        "count": row.count,
        "status": {name: count for name, count in classes if count},
        "mean": row.seconds_sum / row.count if row.count else None,
        "max": row.seconds_max,
        "first": row.first,
        "last": row.last,
    }

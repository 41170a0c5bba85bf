"""A worker: the data path of one process, and the shadow beside it.

It carries traffic and does nothing else: no YAML, no body is parsed, no metric rendered, no line logged per exchange.
What it learns goes to control in a frame ten times a second. Its snapshot comes from control; when control is dead it
serves on with the last one, and a worker that starts meanwhile reads the one that control left in the state folder.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import random
import signal
import socket
import sys
from collections.abc import Callable
from time import monotonic
from typing import Any

import structlog
import uvloop

from proxy import routing
from proxy.data_path import DataPath, Doors
from proxy.metrics import Accumulator
from proxy.model.observation import Exchange, Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side, Stage, StageSource
from proxy.model.states import RouteState
from proxy.routing.pin import BYTES as PIN_BYTES
from proxy.routing.pin import Pins
from proxy.runtime import processes
from proxy.runtime.control_line import ControlLine
from proxy.runtime.intake import Intake
from proxy.runtime.outbox import Outbox
from proxy.runtime.processes import keep_going
from proxy.runtime.reports import Reports
from proxy.runtime.settings import Settings, public_url
from proxy.runtime.shipping import snapshot_left
from proxy.runtime.telling import tell
from proxy.shadow import Shadow

OVERTIME = 10.0  # seconds beyond the drain limit after which the system ends a worker that hangs

log = structlog.get_logger("strangler.worker")


class Worker:
    """The composition root: hands the rooms each other's callables."""

    def __init__(self, settings: Settings, order: processes.Order, listener: socket.socket) -> None:
        self.settings = settings
        self.order = order
        self.listener = listener
        self.snapshot: routing.Snapshot | None = None
        self.data_path: DataPath | None = None
        self.shadow: Shadow | None = None
        self.breakers: dict[str, routing.Breaker] = {}
        self.outbox = Outbox()
        self.metrics = Accumulator()
        self.reports = Reports(self.metrics, self.outbox, settings.access_log)
        self.halted = False
        self.unheard_halt = False  # a halt by signal that control has not confirmed
        self.ready = asyncio.Event()  # there is a snapshot to serve by, or no more time to wait for one
        self.stop = asyncio.Event()
        self.makes_way = False
        self.intake = Intake(
            adopt=self._take,
            cut=self._cut,
            answer=lambda mark: self.line.answer(mark),
            ask_anew=lambda: self.line.begin_anew(),
        )
        self.line = ControlLine(
            order.link,
            self.outbox,
            self.metrics,
            self.intake,
            hello=lambda: (order.index, os.getpid(), order.restarts, self.unheard_halt),
            oldest=lambda: self.shadow.oldest() if self.shadow else {},
            gauges=self._gauges,
        )
        self.doors: Doors | None = None
        self.following: asyncio.Task[None] | None = None

    async def run(self) -> None:
        processes.hear({signal.SIGTERM: self._end, signal.SIGUSR2: self._make_way, signal.SIGUSR1: self._halt})
        self.halted = (self.settings.state / "halt").exists()
        background = [asyncio.create_task(keep_going(job, log)) for job in (self.line.keep_link, self.line.tick)]
        self._take_left_snapshot()
        await self.ready.wait()
        if self.data_path is not None:
            await self._serve(self.data_path)
        for task in background:
            task.cancel()
        await self.line.close()

    async def _serve(self, data_path: DataPath) -> None:
        processes.calm_collector()
        self.doors = Doors(data_path, self.listener)
        await self.doors.follow()
        tls = bool(data_path.view.snapshot.spec.listen.tls)
        log.info("listening", url=public_url(self.listener.getsockname(), tls=tls))
        processes.tell(self.order, b"+")
        await self.stop.wait()
        await self._drain(data_path)

    # the snapshot

    def _take_left_snapshot(self) -> None:
        """A worker that starts while control is dead takes the snapshot of this run from the state folder."""
        try:
            left = (self.settings.state / "snapshot").read_bytes()
        except OSError:
            return  # the first start of this run: control will send one
        snapshot = self.intake.told = snapshot_left(left)
        if snapshot is not None:
            self._adopt(snapshot)

    def _take(self, snapshot: routing.Snapshot) -> None:
        """What control says is in force. What it sent before it heard of a halt by signal does not lift it."""
        self.unheard_halt = self.unheard_halt and not snapshot.halted
        self.halted = snapshot.halted or self.unheard_halt
        self._adopt(snapshot)

    def _adopt(self, snapshot: routing.Snapshot) -> None:
        if self.halted and not snapshot.halted:
            snapshot = halted(snapshot)
        self.snapshot = snapshot
        self.reports.follow(snapshot)
        if self.data_path is None:
            self._assemble(snapshot)
            self.ready.set()
        else:
            self.data_path.swap(snapshot)
            if self.doors is not None:
                self.following = asyncio.ensure_future(self.doors.follow())
        if self.shadow is not None:
            self.shadow.budget = snapshot.spec.shadow
        for name in set(self.breakers) - set(snapshot.spec.backends):
            del self.breakers[name]

    def _assemble(self, snapshot: routing.Snapshot) -> None:
        shadow = Shadow(
            budget=snapshot.spec.shadow,
            call=self._call,
            breaker=lambda backend: self.data_path.gate(backend) if self.data_path else None,
            publish=self.reports.pair,
            not_compared=self.reports.not_compared,
            dropped=self.reports.dropped,
            in_flight=lambda: self.data_path.in_flight if self.data_path else 0,
            clock=monotonic,
        )
        self.data_path = DataPath(
            snapshot=snapshot,
            record=self.reports.ended,
            offer=shadow.offer,
            breakers=self._breaker,
            dice=random.random,
            pins=shared_pins(self.order.pins),
            told_of_keys=self._told_of_keys,
            tell=lambda event: tell(event, self.metrics, log),
        )
        self.shadow = shadow

    def _told_of_keys(self, name: str, trouble: str) -> None:
        if trouble:
            log.warning("certificate_not_read", files=name, trouble=trouble, remedy="one read before stays in use")
        else:
            log.info("certificate_read", files=name)

    def _halt(self) -> None:
        self.unheard_halt = not self.halted
        self.halted = True
        if self.snapshot is not None:
            self._adopt(self.snapshot)
        log.warning("halt", by="signal")

    def _end(self) -> None:
        self.stop.set()
        self.ready.set()

    def _make_way(self) -> None:
        """Others take what waits in the listener: the workers of newer code, or of the next start."""
        self.makes_way = True
        self._end()

    # what the rooms call

    def _breaker(self, backend: str) -> routing.Breaker:
        breaker = self.breakers.get(backend)
        if breaker is None:
            spec = self.snapshot.spec if self.snapshot else None
            assert spec is not None  # noqa: S101 - there is no traffic before there is a snapshot
            breaker = self.breakers[backend] = routing.Breaker(spec.breaker)
        return breaker

    def _call(
        self, exchange: Exchange, backend: str, side: Side, deadline: float, done: Callable[[Observation], None]
    ) -> Callable[[], None]:
        data_path, snapshot = self.data_path, self.snapshot
        assert data_path is not None and snapshot is not None  # noqa: S101, PT018 - offers come from the data path
        spec = snapshot.spec.backends.get(backend)
        if spec is None or snapshot.rules.get(exchange.route) != exchange.rules:  # edited since the offer
            loop = asyncio.get_running_loop()
            gone = Observation(side, backend, Outcome.CANCELLED, 0, (), exchange.request.body, "", 0.0, 0.0)
            return loop.call_soon(done, gone).cancel
        request = exchange.request
        head = routing.copy_head(request, authority=routing.authority_of(spec), preserve_host=spec.preserve_host)
        if snapshot.filtering:
            head, done = routing.for_side(snapshot.plans[exchange.route].filters, side, head, done)
        return data_path.call(
            backend,
            side,
            head,
            request.body.data,
            method=request.method,
            deadline=deadline,
            capture=snapshot.spec.shadow.capture,
            done=done,
        )

    # the link

    def _cut(self, routes: frozenset[str]) -> None:
        if self.data_path is not None:
            self.data_path.cut(routes)

    def _gauges(self) -> dict[str, Any]:
        data_path = self.data_path
        if data_path is None:
            return {}
        return {
            "in_flight": data_path.in_flight,
            "client_connections": data_path.client_connections,
            "pools": data_path.pools(),
            "breakers": {name: breaker.open for name, breaker in self.breakers.items()},
            "urls": data_path.urls(),
            "shedding": data_path.shedding.refuses,
            "memory": data_path.shedding.memory,
            "shadow": self.shadow.depth() if self.shadow else {},
            "certificates_ok": data_path.keyring.ok,
        }

    async def _drain(self, data_path: DataPath) -> None:
        """1. Answers say `Connection: close`. 2. What waits in the backlog is taken (the supervisor lets nothing new
        in) unless others do that; the listener closes, and who is on the way in gets there. 3. Exchanges end, within
        the limit. 4. So does the shadow."""
        limit = self.snapshot.spec.limits.drain_timeout if self.snapshot else 0.0
        signal.alarm(int(limit + OVERTIME))  # ends the process even if its loop hangs
        log.info("drain", limit=limit, in_flight=data_path.in_flight)
        draining = asyncio.create_task(data_path.drain(limit))
        await asyncio.sleep(0)
        if self.doors is not None:
            while not self.makes_way and self.doors.has_waiting:  # noqa: ASYNC110 - no event says that a backlog is empty
                await asyncio.sleep(0.01)
            await self.doors.close(limit)
        await draining
        await data_path.drain(limit)  # who came in meanwhile
        if self.shadow is not None:
            self.shadow.drain()
        data_path.close()


def shared_pins(descriptor: int) -> Pins:
    """The table of pins in the memory that the supervisor gives to all workers."""
    os.ftruncate(descriptor, PIN_BYTES)
    return Pins(memoryview(mmap.mmap(descriptor, PIN_BYTES)).cast("Q"))


def halted(snapshot: routing.Snapshot) -> routing.Snapshot:
    """The snapshot as a halt leaves it, made by a worker that control can't tell: control is dead, or late."""
    skipped = set(routing.skipped_by_halt(snapshot.spec, snapshot.states))
    states = {
        name: state
        if name in skipped or state.stage is Stage.LEGACY
        else RouteState(Stage.LEGACY, state.percent, StageSource.HALT, state.epoch + 1)
        for name, state in snapshot.states.items()
    }
    return snapshot.with_states(states, True)


def main() -> None:
    order = processes.Order.read(sys.argv[1])
    processes.prepare(order.settings, f"worker-{order.index}")
    listener = socket.socket(fileno=order.listener)
    uvloop.run(Worker(order.settings, order, listener).run())


if __name__ == "__main__":
    main()

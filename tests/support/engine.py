"""A data path on a loopback port, without the rest of the proxy: what it recorded and offered is kept."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import Callable
from types import TracebackType

from proxy.data_path import DataPath, Doors
from proxy.model.decision import Decision
from proxy.model.events import Event
from proxy.model.observation import Exchange
from proxy.model.records import Ended
from proxy.model.sides import Stage
from proxy.model.spec import Backend, Limits, Match, PathType, Route, RoutesSpec
from proxy.routing.breaker import Breaker
from proxy.routing.snapshot import Snapshot, build_snapshot
from proxy.routing.stages import effective_states
from proxy.routing.table import compile_table
from tests.support.wire import Wire, connect, until


def backend(name: str, port: int, **settings: object) -> Backend:
    return dataclasses.replace(Backend(name, f"http://127.0.0.1:{port}", "127.0.0.1", port), **settings)  # type: ignore[arg-type]  # fields by name


def route(stage: Stage, prefix: str = "/", **settings: object) -> Route:
    return dataclasses.replace(
        Route("moved", (Match(prefix, PathType.PREFIX),), "extracted", stage),
        **settings,  # type: ignore[arg-type]  # fields by name
    )


def spec_of(
    *backends: Backend, routes: tuple[Route, ...] = (), limits: Limits | None = None, **settings: object
) -> RoutesSpec:
    spec = RoutesSpec({one.name: one for one in backends}, "legacy", routes, limits=limits or Limits())
    return dataclasses.replace(spec, **settings)  # type: ignore[arg-type]  # fields by name


def snapshot_of(spec: RoutesSpec) -> Snapshot:
    states = effective_states(spec, {}, False, {})
    return build_snapshot(spec, compile_table(spec), states, {}, 1, False)


class Running:
    """A listening data path: `async with Running(spec) as proxy`."""

    def __init__(self, spec: RoutesSpec, dice: float = 0.0, listener: socket.socket | None = None) -> None:
        self.spec = spec
        self._listener = listener
        self.told: list[tuple[str, str]] = []
        self.events: list[Event] = []
        self.ended: list[Ended] = []
        self.offered: list[tuple[Exchange, Decision]] = []
        self.breakers: dict[str, Breaker] = {}
        self.port = 0
        self.wires: list[Wire] = []
        self.dice: Callable[[], float] = lambda: dice

    def breaker(self, name: str) -> Breaker:
        if name not in self.breakers:
            self.breakers[name] = Breaker(self.spec.breaker)
        return self.breakers[name]

    async def __aenter__(self) -> Running:
        self.engine = DataPath(
            snapshot=snapshot_of(self.spec),
            record=self.ended.append,
            offer=lambda exchange, decision: self.offered.append((exchange, decision)),
            breakers=self.breaker,
            dice=self.dice,
            told_of_keys=lambda what, trouble: self.told.append((what, trouble)),
            tell=self.events.append,
        )
        self.listener = self._listener or socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.listener.setblocking(False)
        if self.listener.family != socket.AF_UNIX:
            self.port = self.listener.getsockname()[1]
        self.doors = Doors(self.engine, self.listener)
        await self.doors.follow()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.doors.close(0)
        self.engine.close()
        self.listener.close()
        for wire in self.wires:
            wire.writer.transport.abort()
        await asyncio.sleep(0.01)
        if kind is None:
            assert self.engine.in_flight == 0, "an exchange never ended"

    async def connect(self, **options: object) -> Wire:
        """A client; it is closed with the proxy if the test does not do it."""
        wire = await connect(self.port, **options)
        self.wires.append(wire)
        return wire

    async def one(self, request: bytes) -> bytes:
        """Send on a connection of its own and read until the proxy closes it: the request must ask for that."""
        async with await self.connect() as wire:
            await wire.send(request)
            return await wire.rest()

    async def outcome(self, number: int = 0) -> Ended:
        """The record of the exchange with that number, once it is there."""
        await until(lambda: len(self.ended) > number, f"record number {number}")
        return self.ended[number]

"""A service that breaks in each way it can: with legacy to step in, no client of a read sees it, and nothing leaks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from proxy.model.sides import Stage
from tests.faults.faulty import (
    FAULTS,
    Counted,
    Faulty,
    Held,
    closes_after_each_answer,
    figure,
    let_idle_go,
    two_answers,
)
from tests.support.engine import Running as Engine
from tests.support.engine import backend, route, spec_of
from tests.support.running import Running
from tests.support.wire import RawUpstream, ok, until

ROUTES = """
version: 1
backends:
  legacy: {{url: "http://127.0.0.1:{legacy}", connect_timeout: 1m, timeout: 10m}}
  service: {{url: "http://127.0.0.1:{service}", timeout: 500ms, idle_timeout: 500ms}}
legacy: legacy
reasks: {{per_second: 0}}
routes:
  - {{name: read, match: "GET /items/{{id}}", extracted: service, stage: live, shadow: {{reverse: false}}}}
"""
GET = b"GET /items/1 HTTP/1.1\r\nHost: h\r\n\r\n"
CLIENTS, TIMES = 4, 15
HARMLESS = (two_answers, closes_after_each_answer)  # the answer itself is whole


async def ask(port: int, raw: bytes = GET) -> Counted:
    counted = Counted()
    await asyncio.gather(*(counted.ask(port, raw, TIMES) for _ in range(CLIENTS)))
    return counted


async def test_no_fault_of_the_service_reaches_a_client_who_reads(tmp_path: Path) -> None:
    """One proxy through all the faults, one after the other; in between the service is well again."""
    legacy, service = Faulty(), Faulty()
    async with legacy.upstream() as one, service.upstream() as two:
        routes = ROUTES.format(legacy=one.port, service=two.port) + "breaker: {open_for: 100ms}\n"
        proxy = Running(tmp_path, routes)
        try:
            await asyncio.to_thread(proxy.start)
            assert (await ask(proxy.port)).good == CLIENTS * TIMES
            held = Held.of(proxy)
            for name, fault in FAULTS.items():
                service.fault = fault
                counted = await ask(proxy.port)
                assert counted.errors == {}, name
                assert counted.good == CLIENTS * TIMES, name
                assert service.harmed >= 5, f"{name}: the service was asked"
                figure(name, counted, held, met=service.harmed)
                service.harmed = 0
                service.fault = None
                await asyncio.sleep(0.15)
                assert (await ask(proxy.port)).errors == {}, f"after {name}"
            assert held.pid == proxy.pids()["worker-0"], "the worker lives"
            await let_idle_go(proxy)
            await until(held.settled, f"the start's descriptors and memory: {held}, now {Held.of(proxy)}")
        finally:
            proxy.kill_all()


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault not in HARMLESS])
async def test_a_write_is_never_said_twice_nor_answered_wrongly(name: str) -> None:
    """Legacy alone, and it breaks: the client gets an error that says so, or the connection breaks, as it would
    without a proxy; the backend is told once."""
    faulty = Faulty(FAULTS[name])
    async with faulty.upstream() as upstream:
        made = spec_of(backend("legacy", upstream.port, timeout=0.2, idle_timeout=0.2))
        async with Engine(made) as proxy:
            for number in range(5):
                counted = Counted()
                raw = b"POST /pay HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n%d" % number
                await counted.ask(proxy.port, raw, 1)
                assert counted.good == 0
                assert set(counted.errors) <= {"502", "504", "ConnectionResetError"}
    assert set(faulty.writes.values()) == {1}


async def test_writes_to_a_backend_that_closes_idle_connections_at_once_all_arrive_once() -> None:
    faulty = Faulty(FAULTS["closes idle connections at once"])
    async with faulty.upstream() as upstream, Engine(spec_of(backend("legacy", upstream.port))) as proxy:
        counted = Counted()
        for number in range(50):
            raw = b"POST /pay HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n%02d" % number
            await counted.ask(proxy.port, raw, 1)
        assert counted.errors == {}
        figure("writes, idle connections closed at once", counted)
        assert faulty.writes == {b"%02d" % number: 1 for number in range(50)}


async def test_a_service_that_hangs_does_not_starve_legacy() -> None:
    """Every connection that the service may have is taken; legacy's clients notice nothing."""
    hung = Faulty(FAULTS["accepts and never answers"])
    async with hung.upstream() as slow, RawUpstream.answering(ok(b"good")) as legacy:
        both = (backend("legacy", legacy.port), backend("extracted", slow.port, connections=4))
        made = spec_of(*both, routes=(route(Stage.LIVE, "/items", fallback=False),))
        async with Engine(made) as proxy:
            waiting = [await proxy.connect() for _ in range(20)]
            for wire in waiting:
                await wire.send(GET)
            counted = Counted()
            await counted.ask(proxy.port, b"GET /other HTTP/1.1\r\nHost: h\r\n\r\n", 50)
            assert (counted.good, counted.errors) == (50, {})
            for wire in waiting:
                wire.close()

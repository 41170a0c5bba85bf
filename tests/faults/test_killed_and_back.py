"""SIGKILL of a worker, of the service, of the monolith, under load, and their return: what clients got is counted."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.faulty import Counted, Held, figure, let_idle_go
from tests.support.routes import two_sides
from tests.support.running import ROOT, Running, free_port
from tests.support.running import until as until_blocking
from tests.support.wire import until

ROUTES = """\
reasks: {per_second: 0}
breaker: {open_for: 200ms}
routes:
  - {name: read, match: "GET /items/{id}", extracted: service, stage: live}
"""
ITEMS = b"GET /items/1 HTTP/1.1\r\nHost: h\r\n\r\n"
OTHER = b"GET /other HTTP/1.1\r\nHost: h\r\n\r\n"
CLIENTS = 8


class StandIn:
    """One backend process; `kill` is SIGKILL, `start` may be called again."""

    def __init__(self) -> None:
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.faults.standin", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"
        self.process.stdout.close()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def world(folder: Path, *options: str) -> Iterator[tuple[StandIn, StandIn, Running]]:
    legacy, service = StandIn(), StandIn()
    proxy = Running(folder, two_sides(legacy.port, service.port, ROUTES), *options)
    try:
        legacy.start()
        service.start()
        yield legacy, service, proxy.start()
    finally:
        proxy.kill_all()
        legacy.kill()
        service.kill()


async def load(port: int, raw: bytes, times: int, pause: float = 0.005) -> Counted:
    counted = Counted()
    await asyncio.gather(*(counted.ask(port, raw, times, pause) for _ in range(CLIENTS)))
    return counted


async def during(port: int, raw: bytes, times: int, deed: object) -> Counted:
    """The load, and the deed once a third of it is through."""
    counted = Counted()
    clients = asyncio.gather(*(counted.ask(port, raw, times, 0.005) for _ in range(CLIENTS)))
    await until(lambda: counted.good >= CLIENTS * times / 3, "a third of the load")
    await asyncio.to_thread(deed)  # type: ignore[arg-type]  # a callable without arguments
    await clients
    return counted


async def test_the_service_dies_and_comes_back_and_no_reader_notices(tmp_path: Path) -> None:
    with world(tmp_path) as (_, service, proxy):
        await load(proxy.port, ITEMS, 20)
        held = Held.of(proxy)
        counted = await during(proxy.port, ITEMS, 120, service.kill)
        assert counted.errors == {}
        assert counted.good == CLIENTS * 120
        figure("SIGKILL of the service", counted, held)
        counted = await during(proxy.port, ITEMS, 120, service.start)
        figure("its return", counted, held)
        assert counted.errors == {}
        told = proxy.route("read")["sides"]["extracted"]["requests"]
        until_blocking(
            lambda: (
                proxy.get("/items/1")[0] == 200
                and proxy.route("read")["sides"]["extracted"]["requests"] > told + CLIENTS
            ),
            "the service to answer again",
        )
        await let_idle_go(proxy)
        until_blocking(held.settled, "descriptors and memory as at the start")


async def test_the_monolith_dies_and_comes_back(tmp_path: Path) -> None:
    """While it is dead its clients see 502, as they would have seen refused connections; once it is back, nothing."""
    with world(tmp_path) as (legacy, _, proxy):
        await load(proxy.port, OTHER, 20)
        held = Held.of(proxy)
        dead = await during(proxy.port, OTHER, 60, legacy.kill)
        assert set(dead.errors) <= {"502", "ConnectionResetError", "AssertionError"}
        assert dead.errors["502"] > 0
        cut = dead.errors["ConnectionResetError"] + dead.errors["AssertionError"]
        assert cut <= CLIENTS, "only answers that had begun are cut"
        moved = await load(proxy.port, ITEMS, 20)
        assert moved.errors == {}, "who is served by the service needs no monolith"
        legacy.start()
        back = await load(proxy.port, OTHER, 30)
        figure("SIGKILL of the monolith", dead)
        figure("its return", back, held)
        assert back.errors == {}
        assert back.good == CLIENTS * 30
        await let_idle_go(proxy)
        until_blocking(held.settled, "descriptors and memory as at the start")


async def test_a_worker_dies_and_only_its_own_exchanges_are_cut(tmp_path: Path) -> None:
    with world(tmp_path, "--workers", "2") as (_, _, proxy):
        until_blocking(lambda: proxy.api("GET", "/status")["workers"]["connected"] == 2, "both workers")
        before = proxy.pids()["worker-0"]
        counted = await during(proxy.port, OTHER, 150, lambda: os.kill(before, signal.SIGKILL))
        figure("SIGKILL of one of two workers", counted)
        assert sum(counted.errors.values()) <= CLIENTS, f"each connection at most once: {counted.errors}"
        assert set(counted.errors) <= {"ConnectionResetError", "AssertionError", "BrokenPipeError"}
        until_blocking(lambda: proxy.pids().get("worker-0") not in (None, before), "a new worker")
        assert (await load(proxy.port, OTHER, 20)).errors == {}
        assert proxy.metric('strangler_process_restarts_total{process="worker"}') is not None

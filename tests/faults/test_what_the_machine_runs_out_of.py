"""Descriptors, disk, and a clock that is set back: clients are served on, and it is over when it is over.

The backends run in this event loop, so whatever waits for them waits in a thread."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.faulty import Counted, Faulty, Held, cpu_seconds, descriptors, figure, read_route
from tests.support.running import Running
from tests.support.running import until as until_blocking
from tests.support.wire import connect, until

GET = b"GET /items/1 HTTP/1.1\r\nHost: h\r\n\r\n"
PRLIMIT = shutil.which("prlimit")
CLOCK = """
import os, time
_real, _file = time.time, os.environ["TEST_CLOCK"]
def _time():
    try:
        return _real() + float(open(_file).read() or 0)
    except FileNotFoundError:
        return _real()
time.time = _time
"""


@pytest.mark.skipif(PRLIMIT is None, reason="prlimit is not installed")
async def test_without_descriptors_nothing_spins_and_all_is_well_when_some_are_free_again(tmp_path: Path) -> None:
    assert PRLIMIT is not None
    async with Faulty().upstream() as legacy:
        routes = read_route(legacy.port, legacy.port, "legacy")
        proxy = Running(tmp_path, routes, prefix=(PRLIMIT, "--nofile=100:100"))
        try:
            await asyncio.to_thread(proxy.start)
            counted = Counted()
            await counted.ask(proxy.port, GET, 10)
            assert counted.errors == {}
            worker = proxy.pids()["worker-0"]
            served = await connect(proxy.port)
            await served.send(GET)
            await served.answer()
            before = descriptors(worker)
            held = Held.of(proxy)
            crowd = [await connect(proxy.port) for _ in range(150)]
            await until(lambda: descriptors(worker) >= 75, "the worker to have as many clients as it can")
            await until(lambda: descriptors(worker) < 95, "those beyond to be sent away")
            used = cpu_seconds(worker)
            await asyncio.sleep(1.0)  # the time over which it is measured
            spent = round(cpu_seconds(worker) - used, 2)
            assert spent < 0.5, "it spins"
            await served.send(GET)
            assert (await served.answer())[1] == b"good", "who was served before is served on"
            await served.send(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na")
            assert (await served.answer())[1] == b"good", "also where it takes a connection of its own"
            for wire in (*crowd, served):
                wire.close()
            await until(lambda: descriptors(worker) < before, "the descriptors to be free again")
            counted = Counted()
            await asyncio.gather(*(counted.ask(proxy.port, GET, 25) for _ in range(4)))
            assert (counted.good, counted.errors) == (100, {})
            assert proxy.pids()["worker-0"] == worker, "the worker lives"
            await until(
                lambda: held.settled(idle=8), f"the start's descriptors and memory: {held}, now {Held.of(proxy)}"
            )
            figure("descriptors exhausted", counted, held, crowd=len(crowd), cpu_seconds=spent)
        finally:
            proxy.kill_all()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(file: Path) -> None:
    """Takes all the room that is left."""
    with open(file, "wb", buffering=0) as written, suppress(OSError):
        while written.write(bytes(4096)):
            pass


async def test_a_full_disk_is_said_and_waits_and_no_client_sees_it(tmp_path: Path, tiny_disk: Path) -> None:
    """The evidence, the run file and the snapshot lie on the disk that is full; what was counted is stored later."""
    async with Faulty().upstream() as legacy:
        proxy = Running(tmp_path, read_route(legacy.port, legacy.port, "shadow"))
        proxy.state = tiny_disk / "state"
        try:
            await asyncio.to_thread(proxy.start)
            counted = Counted()
            await counted.ask(proxy.port, GET, 20)
            held = Held.of(proxy)
            fill(filler := tiny_disk / "filler")
            for number in range(400):  # distinct ones, so that there is something to store
                await counted.ask(proxy.port, b"GET /items/%d HTTP/1.1\r\nHost: h\r\n\r\n" % number, 1)
            await asyncio.to_thread(
                until_blocking, lambda: proxy.metric("strangler_store_ok ") == 0.0, "the store to say so"
            )
            await counted.ask(proxy.port, GET, 20)
            assert (counted.good, counted.errors) == (440, {})
            filler.unlink()
            await asyncio.to_thread(
                until_blocking, lambda: proxy.metric("strangler_store_ok ") == 1.0, "the store to be well again"
            )
            await asyncio.to_thread(
                until_blocking, lambda: proxy.route("read")["comparisons"]["match"] == 440, "all of it to be counted"
            )
            assert held.pid == proxy.pids()["worker-0"], "the worker lives"
            await until(
                lambda: held.settled(idle=8), f"the start's descriptors and memory: {held}, now {Held.of(proxy)}"
            )
            figure("disk full", counted, held)
            assert await asyncio.to_thread(proxy.stop) == 0
            proxy.start()
            assert proxy.route("read")["comparisons"]["match"] == 440, "and to be stored"
        finally:
            proxy.kill_all()


@pytest.mark.parametrize("step", [-86400 * 400, 86400 * 400])
async def test_a_clock_that_is_set_back_or_far_ahead_loses_no_comparison(tmp_path: Path, step: int) -> None:
    (tmp_path / "sitecustomize.py").write_text(CLOCK)
    clock = tmp_path / "clock"
    async with Faulty().upstream() as legacy:
        env = {"PYTHONPATH": str(tmp_path), "TEST_CLOCK": str(clock)}
        proxy = Running(tmp_path, read_route(legacy.port, legacy.port, "shadow"), env=env)
        try:
            await asyncio.to_thread(proxy.start)
            counted = Counted()
            await counted.ask(proxy.port, GET, 30)
            await asyncio.to_thread(
                until_blocking, lambda: proxy.route("read")["comparisons"]["match"] == 30, "thirty comparisons"
            )
            held = Held.of(proxy)
            clock.with_suffix(".new").write_text(str(step))
            os.replace(clock.with_suffix(".new"), clock)
            await asyncio.gather(*(counted.ask(proxy.port, GET, 30) for _ in range(4)))
            assert (counted.good, counted.errors) == (150, {})
            await asyncio.to_thread(
                until_blocking, lambda: proxy.route("read")["comparisons"]["match"] == 150, "all comparisons"
            )
            assert held.pid == proxy.pids()["worker-0"], "the worker lives"
            await until(
                lambda: held.settled(idle=8), f"the start's descriptors and memory: {held}, now {Held.of(proxy)}"
            )
            figure(f"clock stepped by {step} s", counted, held)
            assert proxy.metric("strangler_store_ok ") == 1.0
            assert proxy.api("GET", "/routes/read/verdict")["n"] >= 1
        finally:
            proxy.kill_all()

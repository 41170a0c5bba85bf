"""Clients that send slowly, never read, or only sit there: they are ended in time, cost little, and nobody else waits.

`make soak` runs the same with 500 and 10,000 of them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tests.faults.faulty import Counted, Faulty, Held, descriptors, figure, let_idle_go
from tests.support.running import Running
from tests.support.wire import RawUpstream, Served, Wire, connect, ok, until

ROUTES = """
version: 1
backends:
  legacy: {{url: "http://127.0.0.1:{legacy}", connect_timeout: 1m, timeout: 10m}}
legacy: legacy
limits: {{head_timeout: {slow}, body_timeout: {slow}, write_timeout: {slow}}}
routes: []
"""
GET = b"GET /other HTTP/1.1\r\nHost: h\r\n\r\n"
SLOW = int(os.environ.get("STRANGLER_TEST_SLOW_CLIENTS", "50"))
IDLE = int(os.environ.get("STRANGLER_TEST_IDLE_CLIENTS", "300"))


async def drip(wire: Wire, data: bytes) -> bool:
    """A byte each 50 ms until the proxy ends it; True when it did."""
    try:
        for at in range(len(data)):
            await wire.send(data[at : at + 1])
            await asyncio.sleep(0.05)
    except OSError:
        return True
    return False


async def test_slow_loris_clients_are_answered_408_and_nobody_else_waits(tmp_path: Path) -> None:
    """Half of them send a head byte by byte, half stop within a body."""
    async with Faulty().upstream() as legacy:
        proxy = Running(tmp_path, ROUTES.format(legacy=legacy.port, slow="1s"))
        try:
            await asyncio.to_thread(proxy.start)
            warm = Counted()
            await warm.ask(proxy.port, GET, 20)
            held = Held.of(proxy)
            slow = [await connect(proxy.port) for _ in range(SLOW)]
            drips = [asyncio.create_task(drip(wire, b"GET /" + b"a" * 1000)) for wire in slow[::2]]
            for wire in slow[1::2]:
                await wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nsome")
            counted = Counted()
            await asyncio.gather(*(counted.ask(proxy.port, GET, 50, 0.01) for _ in range(4)))
            assert (counted.good, counted.errors) == (200, {})
            answers = await asyncio.gather(*(wire.rest() for wire in slow), return_exceptions=True)
            assert all(await asyncio.gather(*drips)) or all(isinstance(answer, bytes) for answer in answers)
            told = [answer for answer in answers if isinstance(answer, bytes) and answer.startswith(b"HTTP/1.1 408 ")]
            assert len(told) >= len(slow) // 2, "those who stopped within a body read why"
            for wire in slow:
                wire.close()
            await let_idle_go(proxy)
            await until(held.settled, f"the start's descriptors and memory {held}")
            figure("slow-loris clients", counted, held, clients=SLOW, told=len(told))
        finally:
            proxy.kill_all()


async def test_a_client_that_never_reads_is_ended_and_costs_no_more_than_a_buffer(tmp_path: Path) -> None:
    async def script(served: Served) -> None:
        while True:
            head, _ = await served.request()
            if b"/big" not in head:
                await served.send(ok(b"good"))
                continue
            served.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (1 << 30))
            for _ in range(16 * 1024):
                served.writer.write(bytes(65536))
                await served.writer.drain()

    async with RawUpstream(script) as legacy:
        proxy = Running(tmp_path, ROUTES.format(legacy=legacy.port, slow="1s"))
        try:
            await asyncio.to_thread(proxy.start)
            await Counted().ask(proxy.port, GET, 20)
            held = Held.of(proxy)
            stuck = [await connect(proxy.port) for _ in range(8)]
            for wire in stuck:
                wire.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a read transport too
                await wire.send(b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n")
            counted = Counted()
            await asyncio.gather(*(counted.ask(proxy.port, GET, 50, 0.01) for _ in range(4)))
            assert (counted.good, counted.errors) == (200, {})
            assert Held.of(proxy).memory < held.memory + 32 * 1024 * 1024, "8 GB wait for eight clients, not here"
            line = 'strangler_requests_total{code="200",outcome="client_stalled"'
            await until(lambda: sum_of(proxy, "client_stalled") == 8, line)
            for wire in stuck:
                wire.close()
            await let_idle_go(proxy)
            await until(held.settled, f"the start's descriptors and memory {held}")
            figure("clients that never read", counted, held, clients=len(stuck))
        finally:
            proxy.kill_all()


def sum_of(proxy: Running, outcome: str) -> int:
    """The exchanges that ended so, over all routes and codes."""
    lines = proxy.ask_admin("GET", "/metrics")[1].decode().splitlines()
    found = [line for line in lines if line.startswith("strangler_requests_total{") and f'outcome="{outcome}"' in line]
    return int(sum(float(line.rpartition(" ")[2]) for line in found))


async def test_idle_clients_cost_little_and_each_is_still_served(tmp_path: Path) -> None:
    async with Faulty().upstream() as legacy:
        proxy = Running(tmp_path, ROUTES.format(legacy=legacy.port, slow="60s"))
        try:
            await asyncio.to_thread(proxy.start)
            await Counted().ask(proxy.port, GET, 20)
            held = Held.of(proxy)
            left = []
            for crowd in ("idle clients", "as many again"):
                idle = [await connect(proxy.port) for _ in range(IDLE)]
                for wire in idle:
                    await wire.send(GET)
                    assert (await wire.answer())[1] == b"good"
                assert Held.of(proxy).fds > held.fds + IDLE - 10
                assert Held.of(proxy).memory - held.memory < 8 * 1024 * 1024 + IDLE * 16 * 1024
                figure(f"{crowd}, there", Counted(len(idle)), held)
                for wire in idle[:: max(1, IDLE // 100)]:
                    await wire.send(GET)
                    assert (await wire.answer())[1] == b"good"
                for wire in idle:
                    wire.close()
                await until(lambda: descriptors(held.pid) <= held.fds, f"the start's descriptors {held}")
                figure(f"{crowd}, gone", Counted(len(idle)), held)
                left.append(Held.of(proxy).memory)
            assert left[1] <= left[0] + 2 * 1024 * 1024, "what the allocator keeps is used again"
        finally:
            proxy.kill_all()

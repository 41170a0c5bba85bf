"""Reloads and overrides during load: every request is answered by one whole table, and nothing is left behind.

`make soak` runs the same with 200 of each."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tests.faults.faulty import Counted, Held, figure
from tests.support.running import Running
from tests.support.running import until as until_blocking
from tests.support.wire import RawUpstream, ok, until

ROUTES = """
version: 1
backends:
  legacy: {{url: "http://127.0.0.1:{legacy}", connect_timeout: 1m, timeout: 10m}}
  service: {{url: "http://127.0.0.1:{service}", connections: 100, connect_timeout: 1m, timeout: 10m}}
legacy: legacy
reasks: {{per_second: 0}}
routes:
  - {{name: read, match: "GET /items/{{id}}", extracted: service, stage: live}}
"""
GET = b"GET /items/1 HTTP/1.1\r\nHost: h\r\n\r\n"
EDITS = int(os.environ.get("STRANGLER_TEST_EDITS", "12"))
CLIENTS = 8


async def test_no_request_is_lost_or_answered_by_half_a_table(tmp_path: Path) -> None:
    """Every edit changes the route's stage or its backend; a reload that fails is among them, and changes nothing."""
    legacy, service = RawUpstream.answering(ok(b"good")), RawUpstream.answering(ok(b"good"))
    async with legacy, service:
        proxy = Running(tmp_path, ROUTES.format(legacy=legacy.port, service=service.port))
        try:
            await asyncio.to_thread(proxy.start)
            counted, over = Counted(), asyncio.Event()

            async def one() -> None:
                while not over.is_set():
                    await counted.ask(proxy.port, GET, 50)

            warm = Counted()
            await asyncio.gather(*(warm.ask(proxy.port, GET, 100) for _ in range(CLIENTS)))
            held = Held.of(proxy)
            clients = [asyncio.create_task(one()) for _ in range(CLIENTS)]
            good = proxy.file.read_text()
            for number in range(EDITS):
                text = good.replace("connections: 100", f"connections: {101 + number}")
                proxy.file.write_text(text if number % 4 else text[: len(text) // 2] + "\n  - [")
                told = await asyncio.to_thread(proxy.api, "POST", "/reload", {})
                assert told["ok"] == (number % 4 > 0), told
                stage, command = ("live", "promote") if number % 2 else ("legacy", "rollback")
                body = {"to": stage, "force": True, "why": "a test"} if command == "promote" else {"why": "a test"}
                status, said = await asyncio.to_thread(proxy.ask_admin, "POST", f"/api/v1/routes/read/{command}", body)
                assert status == 200, said
            over.set()
            await asyncio.gather(*clients)
            assert counted.errors == {}
            assert counted.good > EDITS
            assert legacy.requests, "both sides answered"
            assert service.requests
            assert held.pid == proxy.pids()["worker-0"]
            proxy.file.write_text(good)
            await until(held.settled, f"the start's descriptors and memory: {held}, now {Held.of(proxy)}")
            figure("reloads and as many overrides", counted, held, edits=EDITS)
            until_blocking(lambda: proxy.metric("strangler_config_reload_success") == 1.0, "the good file")
        finally:
            proxy.kill_all()

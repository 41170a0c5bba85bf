"""Malformed routes.yaml, given to a proxy that serves: never a crash, never half a table, and no client notices.

tests/security/test_malformed_files_never_half_a_table.py reads a thousand of them; here some of each kind are saved and
reloaded (`make soak`: a thousand)."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from tests.faults.faulty import Counted, Held, figure, read_route
from tests.security.test_malformed_files_never_half_a_table import KINDS
from tests.support.running import Running
from tests.support.wire import RawUpstream, ok, until

GET = b"GET /items/1 HTTP/1.1\r\nHost: h\r\n\r\n"
EACH = max(1, int(os.environ.get("STRANGLER_TEST_EDITS", "25")) * 5 // len(KINDS))
CLIENTS = 4


async def test_no_malformed_file_is_noticed_by_a_client_or_takes_effect_by_half(tmp_path: Path) -> None:
    legacy, service = RawUpstream.answering(ok(b"good")), RawUpstream.answering(ok(b"good"))
    async with legacy, service:
        proxy = Running(tmp_path, read_route(legacy.port, service.port, "live"))
        try:
            await asyncio.to_thread(proxy.start)
            warm, counted, over = Counted(), Counted(), asyncio.Event()

            async def one() -> None:
                while not over.is_set():
                    await counted.ask(proxy.port, GET, 50, 0.01)

            await asyncio.gather(*(warm.ask(proxy.port, GET, 50) for _ in range(CLIENTS)))
            held, pids = Held.of(proxy), proxy.pids()
            good = proxy.file.read_text()
            marks = [found.start() for found in re.finditer(r"[:\-\n\[{,] ?", good)]
            clients = [asyncio.create_task(one()) for _ in range(CLIENTS)]
            refused = 0
            for kind, change in KINDS.items():
                for number in range(EACH):
                    text = change(good, marks[(number * 7 + len(kind)) % len(marks)])
                    proxy.file.write_bytes(text.encode("utf-8", "surrogatepass"))
                    told = await asyncio.to_thread(proxy.api, "POST", "/reload", {})
                    assert told["ok"] or told["problems"], kind
                    refused += not told["ok"]
            proxy.file.write_text(good)
            assert (await asyncio.to_thread(proxy.api, "POST", "/reload", {}))["ok"]
            over.set()
            await asyncio.gather(*clients)
            assert counted.errors == {}
            assert refused > len(KINDS) * EACH / 2, "most of them are wrong indeed"
            assert proxy.pids() == pids, "nobody died"
            answered = len(service.requests)

            async def asked_again() -> bool:
                await Counted().ask(proxy.port, GET, 1)
                return len(service.requests) > answered

            async with asyncio.timeout(30):
                while not await asked_again():  # noqa: ASYNC110 - a worker takes a table between requests
                    await asyncio.sleep(0.02)
            await until(lambda: held.settled(idle=8), f"the start's descriptors and memory: {held}")
            figure("malformed routes.yaml under load", counted, held, files=len(KINDS) * EACH, refused=refused)
        finally:
            await asyncio.to_thread(proxy.kill_all)

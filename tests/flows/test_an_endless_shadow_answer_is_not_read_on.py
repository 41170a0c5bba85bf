"""A shadowed service that answers 1 GB costs the proxy the cap and no more, and its clients nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.running import Running, until
from tests.support.wire import RawUpstream, Served, connect, ok

GIB = 1024**3
BLOCK = bytes(64 * 1024)
IN_SOCKETS = 16 * 1024**2  # what the two ends of a loopback connection may hold between them, and more
ASKED = 200
ROUTES = """
version: 1
backends:
  legacy: {{url: "http://127.0.0.1:{legacy}"}}
  service: {{url: "http://127.0.0.1:{service}"}}
legacy: legacy
routes:
  - {{name: read, match: "GET /items/{{id}}", extracted: service, stage: shadow}}
shadow: {{capture: 1MB}}
"""
HEADS = {
    "announced": (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIB, BLOCK),
    "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n%b\r\n" % BLOCK),
    "until it closes": (b"HTTP/1.1 200 OK\r\n\r\n", BLOCK),
}


@pytest.mark.parametrize("way", HEADS)
async def test_a_gigabyte_is_left_unread_and_clients_see_nothing(tmp_path: Path, way: str) -> None:
    head, block = HEADS[way]
    written: list[int] = []  # by copy, the bytes that the service got rid of

    async def endless(served: Served) -> None:
        await served.head()
        written.append(0)
        place = len(written) - 1
        await served.send(head)
        while written[place] < GIB:
            await served.send(block)
            written[place] += len(block)

    async with RawUpstream.answering(ok(b"small")) as legacy, RawUpstream(endless) as service:
        proxy = Running(tmp_path, ROUTES.format(legacy=legacy.port, service=service.port))
        try:
            await asyncio.to_thread(proxy.start)
            async with await connect(proxy.port) as client:
                for number in range(ASKED):
                    await client.send(b"GET /items/%d HTTP/1.1\r\nHost: h\r\n\r\n" % number)
                    assert (await client.answer())[1] == b"small"
            tallies = await asyncio.to_thread(until, lambda: settled(proxy), "every copy to be accounted for")
            assert tallies["not_compared"] == len(written) >= 1
            assert max(written) < IN_SOCKETS
            assert tallies["dropped"] == ASKED - len(written)
        finally:
            await asyncio.to_thread(proxy.kill_all)


def settled(proxy: Running) -> dict[str, Any] | None:
    """What became of the copies, once that is known of all."""
    given_up = proxy.metric('strangler_shadow_dropped_total{reason="answers_too_large",route="read"}') or 0.0
    tallies = {**proxy.route("read")["comparisons"], "dropped": given_up}
    return tallies if sum(tallies.values()) == ASKED else None

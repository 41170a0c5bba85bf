"""What a feature of a route or backend costs each request: `python -m bench.features [ROUNDS]`.

CPU time of the data path for one small exchange, in one process and without sockets: what a client sends is handed to
its connection, and what the proxy writes to a backend is answered at once. So the figures hold nothing of the kernel
and are steadier than those of a whole run; they are for comparing with each other. The cases take turns, and the least
of the rounds counts: whatever else the machine does only adds.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import uvloop

from proxy.config import load
from proxy.data_path import DataPath
from proxy.data_path.client import Client
from proxy.data_path.upstream import Upstream
from proxy.data_path.urls import Urls
from proxy.routing.breaker import Breaker
from tests.support.engine import snapshot_of

ASKED = b"GET /v1/charges/1 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 145\r\n\r\n" + b"x" * 145
EACH = 2000
FILE = """
version: 1
backends:
  legacy: {{{backend}}}
  charges: {{url: "http://127.0.0.1:3"}}
legacy: legacy
routes:
  - {{name: read, match: "GET /v1/charges/{{id}}", extracted: charges{route}}}
"""
ONE = 'url: "http://127.0.0.1:1"'
CASES = {
    "nothing named": (ONE, ""),
    "retry": (ONE, ", retry: {attempts: 2, codes: [502, 503]}"),
    "timeouts": (ONE, ", timeouts: {request: 10s}"),
    "concurrency": (f"{ONE}, concurrency: 64", ""),
    "health": (f"{ONE}, health: {{path: /up, interval: 1h}}", ""),
    "two urls": ('urls: ["http://127.0.0.1:1", "http://127.0.0.1:2"]', ""),
}


class Pipe:
    """A transport that goes nowhere; `then` is called for each write."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self._then = then

    def write(self, data: bytes) -> None:
        self._then()

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, name: str) -> object:
        return ("127.0.0.1", 5)


def prepared(backend: str, route: str) -> Callable[[], None]:
    """A data path of this file, and one exchange of it."""
    spec = load(FILE.format(backend=backend, route=route), env={}).spec
    assert spec is not None
    breakers: dict[str, Breaker] = {}
    data_path = DataPath(
        snapshot=snapshot_of(spec),
        record=lambda ended: None,
        offer=lambda exchange, decision: None,
        breakers=lambda name: breakers.setdefault(name, Breaker(spec.breaker)),
        dice=random.random,
        serving=False,
    )
    legacy = data_path.view.pools["legacy"]
    for pool in legacy.pools if isinstance(legacy, Urls) else (legacy,):
        upstream = Upstream(pool)
        answer: Any = Pipe(partial(upstream.data_received, ANSWER))
        upstream.connection_made(cast(asyncio.BaseTransport, answer))
        pool._all.add(upstream)  # as if it had been opened
        pool.give(upstream)
    client = Client(data_path)
    client.connection_made(cast(asyncio.BaseTransport, Pipe()))
    return lambda: client.data_received(ASKED)


async def main(rounds: int) -> None:
    cases = {name: prepared(*case) for name, case in CASES.items()}
    least = dict.fromkeys(cases, float("inf"))
    gc.freeze()
    gc.disable()
    for turn in range(rounds + 1):
        for name, exchange in cases.items():
            began = time.process_time()
            for _ in range(EACH):
                exchange()
            if turn:  # the first warms up
                least[name] = min(least[name], (time.process_time() - began) / EACH * 1e6)
            await asyncio.sleep(0.06)  # a turn of the timer wheels
    first = least["nothing named"]
    for name, spent in least.items():
        print(f"{name:15}{spent:6.1f} us  {spent - first:+.1f}")
    sys.stdout.flush()
    os._exit(0)  # there is nothing to close


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))

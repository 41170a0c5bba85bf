"""A backend that misbehaves on command, a client that counts what it gets, and what a process holds.

The backend runs in the test's event loop: `fault` decides what becomes of each connection's next request. Clients keep
one connection each and open a new one when it ends, as a browser does.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.routes import two_sides
from tests.support.running import Running
from tests.support.wire import RawUpstream, Served, Wire, connect, ok

Fault = Callable[[Served], Awaitable[bool]]
"""Called after a request was read; True when it did its harm and the connection is to end."""


async def hangs(served: Served) -> bool:
    await served.rest()
    return True


async def half_a_head(served: Served) -> bool:
    await served.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    return True


async def half_a_body(served: Served) -> bool:
    await served.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    return True


async def resets_within_the_body(served: Served) -> bool:
    await served.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    served.reset()
    return True


async def resets_at_once(served: Served) -> bool:
    served.reset()
    return True


async def closes_at_once(served: Served) -> bool:
    return True


async def garbage(served: Served) -> bool:
    await served.send(bytes(range(256)) * 64)
    return True


async def two_answers(served: Served) -> bool:
    await served.send(ok(b"good") + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL")
    return False


async def closes_after_each_answer(served: Served) -> bool:
    """Without saying so: the next request may already be on its way."""
    await served.send(ok(b"good"))
    return True


FAULTS: dict[str, Fault] = {
    "accepts and never answers": hangs,
    "half a head": half_a_head,
    "half a body": half_a_body,
    "resets within the body": resets_within_the_body,
    "resets at once": resets_at_once,
    "closes at once": closes_at_once,
    "garbage": garbage,
    "two answers": two_answers,
    "closes idle connections at once": closes_after_each_answer,
}


def read_route(legacy: int, service: int, stage: str) -> str:
    """One route of reads, about which nothing is asked again; the ports of its two sides."""
    row = f'  - {{name: read, match: "GET /items/{{id}}", extracted: service, stage: {stage}}}'
    return two_sides(legacy, service, f"reasks: {{per_second: 0}}\nroutes:\n{row}\n")


@dataclass
class Faulty:
    """Answers `good` until `fault` is set. `writes` counts bodies of POSTs that were read whole, by body;
    `harmed` the requests that met the fault."""

    fault: Fault | None = None
    writes: Counter[bytes] = field(default_factory=Counter)
    harmed: int = 0

    async def __call__(self, served: Served) -> None:
        try:
            while True:
                head, body = await served.request()
                if head.startswith(b"POST "):
                    self.writes[body] += 1
                if self.fault is None:
                    await served.send(ok(b"good"))
                else:
                    self.harmed += 1
                    if await self.fault(served):
                        return
        except (AssertionError, OSError, TimeoutError):
            return  # the proxy closed an idle connection, or the fault took too long

    def upstream(self) -> RawUpstream:
        return RawUpstream(self)


@dataclass
class Counted:
    """What clients got: `good` answers, `errors` by status or by how the connection broke."""

    good: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    async def ask(self, port: int, raw: bytes, times: int, pause: float = 0.0) -> None:
        wire: Wire | None = None
        for _ in range(times):
            try:
                if wire is None:
                    wire = await connect(port)
                await wire.send(raw)
                head, body = await wire.answer()
            except (AssertionError, OSError, TimeoutError) as trouble:
                self.errors[type(trouble).__name__] += 1
                if wire is not None:
                    wire.close()
                wire = None
                continue
            status = head.split(b" ", 2)[1].decode()
            if status == "200" and body == b"good":
                self.good += 1
            else:
                self.errors[status if status != "200" else f"wrong body {body!r}"] += 1
            if b"Connection: close" in head:
                wire.close()
                wire = None
            await asyncio.sleep(pause)
        if wire is not None:
            wire.close()


async def let_idle_go(proxy: Running) -> None:
    """Ends the idle connections to backends, which would end half a minute after their last use (that they do,
    tests/flows/test_a_request_is_never_sent_twice_by_mistake.py holds): a backend that changed gets a pool anew, and
    of the old one everything ends that nobody uses. What leaked, or is in use, stays."""
    text = proxy.file.read_text()
    assert '{url: "' in text
    proxy.file.write_text(text.replace('{url: "', '{total_timeout: 1h, url: "'))
    told = await asyncio.to_thread(proxy.api, "POST", "/reload", {})
    assert told["ok"], told


def figure(fault: str, counted: Counted, held: Held | None = None, **more: object) -> None:
    """Writes down what was measured, for `make soak`; says nothing elsewhere. Memory and descriptors are what the
    worker holds more than at the start."""
    place = os.environ.get("STRANGLER_TEST_FIGURES")
    if place is None:
        return
    facts: dict[str, object] = {"fault": fault, "good": counted.good, "errors": dict(counted.errors), **more}
    if held is not None:
        facts["descriptors"] = descriptors(held.pid) - held.fds
        facts["MB"] = round((resident(held.pid) - held.memory) / 2**20, 1)
    with open(place, "a") as file:
        file.write(json.dumps(facts) + "\n")


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident(pid: int) -> int:
    """Memory in use, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


@dataclass
class Held:
    """What the worker held at the start. `settled` says whether it is back: as many descriptors, but for `idle`
    connections to backends (which end half a minute later, or by `let_idle_go`), and memory within `slack` bytes
    (allocators keep some)."""

    pid: int
    fds: int
    memory: int

    @classmethod
    def of(cls, proxy: Running, name: str = "worker-0") -> Held:
        pid = proxy.pids()[name]
        return cls(pid, descriptors(pid), resident(pid))

    def settled(self, slack: int = 24 * 1024 * 1024, idle: int = 0) -> bool:
        return descriptors(self.pid) <= self.fds + idle and resident(self.pid) <= self.memory + slack

"""Can the shadow hurt? The same load at a fixed rate with copies to a service that misbehaves, and without, in turn.

The proxy gets no help: worker and control share one core, its breaker is set never to open (with it most of the copies
would not be sent), and copies are given up after a second, so that a run of some seconds sees many of them expire. The
shadowed services would stand on machines of their own; here they share a core with the load and the monolith, and
run only when those are idle, so that what clients see is the proxy's doing.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.answers import SIZES
from bench.compared import scrape, scrape_settled
from bench.harm import Around
from bench.harmful import FAULTS
from bench.machine import BenchError, Cores, Process, free_port, settle, start, stop, tree, wait_listening
from bench.open_loop import Latency
from bench.throughput import fault_of
from bench.undisturbed import itself, undisturbed
from bench.upstream import Upstream

SIZE = "145"
OFF = "calm"
Load = Callable[[str, float], Latency]  # url, rate


class Proxy:
    """The proxy under test, and where its copies go."""

    def __init__(self, folder: Path, ports: dict[str, int], upstream: Upstream) -> None:
        self.folder, self.ports, self.upstream = folder, ports, upstream
        self.port, self.admin = free_port(), free_port()

    def routes(self) -> str:
        backends = "".join(
            f'  {name}: {{url: "http://127.0.0.1:{port}", build_header: X-Build}}\n'
            for name, port in self.ports.items()
        )
        routes = "".join(
            f"  - {{name: {name}, match: 'GET /{name}/{{size}}', extracted: {name}, stage: shadow}}\n"
            for name in self.ports
        )
        return f"""version: 1
backends:
  legacy: {{url: "http://127.0.0.1:{self.upstream.legacy}"}}
{backends}legacy: legacy
routes:
{routes}shadow: {{deadline: 1s}}
breaker: {{failures: 1000000, open_for: 1s}}
"""

    def command(self) -> list[str]:
        path = self.folder / "harm.yaml"
        path.write_text(self.routes())
        command = [sys.executable, "-m", "proxy", "run", "-c", str(path), "--listen", f"127.0.0.1:{self.port}"]
        command += ["--admin", f"127.0.0.1:{self.admin}", "--workers", "1", "--state", str(self.folder / "harm-state")]
        return [*command, "--access-log", "off"]

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}/{SIZE}"


@contextmanager
def run_proxy(cores: Cores, folder: Path, upstream: Upstream) -> Iterator[tuple[Proxy, Process]]:
    faulty = [free_port() for _ in FAULTS]
    command = [sys.executable, "-m", "bench.harmful", *map(str, faulty)]
    services = start("harmful services", command, cores.load, folder / "harmful.log")
    try:
        os.sched_setscheduler(services.popen.pid, os.SCHED_IDLE, os.sched_param(0))
        for port in faulty:
            wait_listening(services, port)
        proxy = Proxy(folder, dict(zip(FAULTS, faulty, strict=True)), upstream)
        process = start("strangler", proxy.command(), cores.proxy, folder / "harm.log")
        try:
            wait_serving(proxy, process)
            yield proxy, process
        finally:
            stop(process, 15.0)
    finally:
        stop(services)


def wait_serving(proxy: Proxy, process: Process, patience: float = 15.0) -> None:
    deadline = time.monotonic() + patience
    while fault := fault_of(proxy.url(OFF), SIZES[SIZE]):
        process.check()
        if time.monotonic() > deadline:
            raise BenchError(f"{process.name} does not serve: {fault}\n{process.tail()}")
        time.sleep(0.1)


def measure_harm(
    cores: Cores,
    folder: Path,
    upstream: Upstream,
    load: Load,
    rounds: int,
    rates: Sequence[float],
    seconds: float,
    say: Callable[[str], None],
) -> list[Around]:
    """Round by round every fault once at every rate, each between two runs without copies. A run has `seconds`."""
    found: list[Around] = []
    with run_proxy(cores, folder, upstream) as (proxy, process):
        load(proxy.url(OFF), max(rates))  # warm-up: connections, lazy code
        memory = {pid: memory_of(pid, "VmRSS") for pid in tree(process.popen.pid)}
        for rate in rates:
            for name in (OFF, *proxy.ports):
                load(proxy.url(name), rate)
            settle(process.popen.pid)
            off = partial(undisturbed, partial(load, proxy.url(OFF), rate), itself, seconds)
            before = off()
            for number in range(rounds):
                for fault in proxy.ports:
                    on = partial(with_copies, proxy, process, memory, load, fault, rate)
                    copied = undisturbed(on, run_of, seconds)
                    settle(process.popen.pid)
                    found.append(Around(fault, rate, before, after=off(), **copied._asdict()))
                    before = found[-1].after
                    say(f"  round {number + 1}/{rounds}  {described(found[-1])}")
    return found


class Copied(NamedTuple):
    """One run with copies; the fields are those of `Around`."""

    run: Latency
    grew_mib: float
    compared: int
    dropped: int
    not_compared: int


def run_of(copied: Copied) -> Latency:
    return copied.run


def with_copies(proxy: Proxy, process: Process, memory: dict[int, int], load: Load, fault: str, rate: float) -> Copied:
    """One run, waited for until nothing of it is left. `memory` is what each process had before the first copy."""
    counted = scrape(proxy.admin, fault)
    for pid in memory:
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the kernel's note of the peak begins anew
    run = load(proxy.url(fault), rate)
    copies = scrape_settled(proxy.admin, fault, counted, run.answered)
    grew = sum(memory_of(pid, "VmHWM") - at_first for pid, at_first in memory.items())
    process.check()
    dropped = sum(copies.dropped.values())
    return Copied(run, round(grew / 1024, 2), copies.compared, dropped, copies.results.get("not_compared", 0))


def described(each: Around) -> str:
    p99 = f"p99 {each.before.p99_ms:.2f} | {each.run.p99_ms:.2f} | {each.after.p99_ms:.2f} ms"
    p50 = f"p50 {each.before.p50_ms:.2f} | {each.run.p50_ms:.2f} | {each.after.p50_ms:.2f} ms"
    lost = each.run.failed + each.run.waiting
    rest = f"{lost} failed, grew {each.grew_mib:.1f} MiB, {each.run.stolen_ms} ms stolen"
    return f"{each.rate:,.0f}/s  {each.fault:9} {p50}  {p99}  {rest}"


def memory_of(pid: int, name: str) -> int:
    """Kilobytes resident now (VmRSS) or at most since the note was last cleared (VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))

"""What clients wait at half of what this proxy can do: its p99 and nginx's, at the same rate, open loop.

The capacity is measured first, in the same run. Each round then asks the upstream without a proxy, nginx, this proxy,
and the same again backwards: what two runs of the same program differ by is what chance alone does, and none of them
always comes first. What the upstream without a proxy shows is the generator's and the upstream's own part, which both
proxies' figures contain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from statistics import median
from typing import Any

from bench.load import run_wrk
from bench.machine import BenchError, Cores, settle
from bench.open_loop import Latency
from bench.report import columns
from bench.throughput import CONNECTIONS, Running
from bench.undisturbed import itself, undisturbed

OURS, BASE, DIRECT = "strangler", "nginx", "no proxy"
PATH = "calm/145"  # no copy is made of it
WARM_UP = 1.0  # seconds
Ask = Callable[[str, float, float], Latency]  # url, rate, seconds


@dataclass(frozen=True)
class HalfRate:
    """Requests a second that this proxy can do, and the runs at half of that: two a round of each, in order."""

    capacity: float
    rate: float
    runs: dict[str, tuple[Latency, ...]]

    def p99_ms(self, name: str) -> float:
        return median(run.p99_ms for run in self.runs[name])

    def apart_ms(self, name: str) -> float:
        """What the p99 of two runs of the same round differs by; the median of the rounds."""
        seen = [run.p99_ms for run in self.runs[name]]
        return median(abs(one - other) for one, other in zip(seen[::2], seen[1::2], strict=True))

    @property
    def lost(self) -> int:
        return sum(run.failed + run.waiting for runs in self.runs.values() for run in runs)

    @property
    def ratio(self) -> float | None:
        """p99 to nginx's; None without nginx, and where a request was lost."""
        return None if BASE not in self.runs or self.lost else round(self.p99_ms(OURS) / self.p99_ms(BASE), 3)

    def document(self) -> dict[str, Any]:
        apart = {name: round(self.apart_ms(name), 3) for name in self.runs}
        return {**asdict(self), "p99_ratio": self.ratio, "apart_ms": apart}

    def text(self) -> str:
        rates = f"{self.rate:,.0f} of {self.capacity:,.0f} requests/s"
        lines: list[tuple[str, ...]] = [
            ("proxy", "", "", "p50 ms", "p99 ms", "two runs differ by", "max ms", "failed", "waiting")
        ]
        for name, runs in self.runs.items():
            figures = [median(run.p50_ms for run in runs), self.p99_ms(name), self.apart_ms(name)]
            figures.append(median(run.max_ms for run in runs))
            lost = (str(sum(run.failed for run in runs)), str(sum(run.waiting for run in runs)))
            lines.append((name, "", "", *(f"{figure:.2f}" for figure in figures), *lost))
        end = "INVALID: requests were lost" if self.lost else f"p99 to nginx: {self.ratio}" if self.ratio else ""
        return f"\nLatency at half of this proxy's capacity, {rates}, open loop\n{columns(lines)}\n{end}".rstrip()


def measure_half_rate(
    running: Sequence[Running], cores: Cores, ask: Ask, rounds: int, seconds: float, say: Callable[[str], None]
) -> HalfRate | None:
    """None without this proxy."""
    there = {entry.peer.name: entry for entry in running if PATH.partition("/")[0] in entry.cases}
    ours = there.get(OURS)
    if ours is None:
        return None
    capacity = median(rate_of(ours, cores, seconds) for _ in range(rounds))
    rate = round(capacity / 2)
    urls = {DIRECT: f"http://127.0.0.1:{ours.place.upstream.legacy}/{PATH}"}
    urls |= {name: there[name].url(PATH) for name in (BASE, OURS) if name in there}
    for url in urls.values():
        ask(url, rate, WARM_UP)
    runs: dict[str, tuple[Latency, ...]] = dict.fromkeys(urls, ())
    for number in range(rounds):
        for name in (*urls, *reversed(urls)):
            if name in there:
                settle(there[name].pid)
            latency = undisturbed(partial(ask, urls[name], rate, seconds), itself, seconds)
            runs[name] += (latency,)
            lost = latency.failed + latency.waiting
            shown = f"p50 {latency.p50_ms:.2f} ms  p99 {latency.p99_ms:.2f} ms  {lost} lost"
            say(f"  round {number + 1}/{rounds}  {rate:,} req/s  {name:10} {shown}")
    return HalfRate(capacity, rate, runs)


def rate_of(entry: Running, cores: Cores, seconds: float) -> float:
    settle(entry.pid)
    load = run_wrk(cores, entry.url(PATH), seconds, CONNECTIONS)
    if load.failed:
        raise BenchError(f"{load.failed} of {load.requests} requests failed while the capacity was measured")
    return load.rate

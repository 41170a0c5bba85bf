"""What a second worker costs: CPU time per request with two workers to that with one, on the same core.

Two processes share a listener, have pools of their own and tell control each for itself; a request should cost the
same. Rounds alternate between the two, which both run all the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.alone import Alone, routes_yaml, run_alone
from bench.load import run_wrk
from bench.machine import BenchError, Cores, cpu_seconds, settle
from bench.throughput import CONNECTIONS
from bench.upstream import Upstream


@dataclass(frozen=True)
class Workers:
    """Medians over the rounds: microseconds of CPU time per request, and requests a second."""

    one_us: float
    two_us: float
    one_rate: float
    two_rate: float

    @property
    def ratio(self) -> float:
        return self.two_us / self.one_us


def measure_workers(cores: Cores, folder: Path, upstream: Upstream, rounds: int, seconds: float) -> Workers:
    routes = routes_yaml(upstream, [])
    with run_alone(cores, folder, routes, workers=1) as one, run_alone(cores, folder, routes, workers=2) as two:
        found: dict[int, list[tuple[float, float]]] = {}
        for number in range(rounds + 1):
            for alone in (one, two):
                figures = cost(alone, cores, seconds if number else 1)
                if number:  # the first round warms up
                    found.setdefault(alone.pid, []).append(figures)
    (one_us, one_rate), (two_us, two_rate) = (
        (median(cpu for cpu, _ in found[alone.pid]), median(rate for _, rate in found[alone.pid]))
        for alone in (one, two)
    )
    return Workers(round(one_us, 1), round(two_us, 1), round(one_rate), round(two_rate))


def cost(alone: Alone, cores: Cores, seconds: float) -> tuple[float, float]:
    """Microseconds per request, and the rate."""
    settle(alone.pid)
    before = cpu_seconds(alone.pid)
    load = run_wrk(cores, alone.url, seconds, CONNECTIONS)
    settle(alone.pid)
    if load.failed:
        raise BenchError(f"{load.failed} requests failed")
    return (cpu_seconds(alone.pid) - before) / load.requests * 1e6, load.rate

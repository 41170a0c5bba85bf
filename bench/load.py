"""wrk: closed-loop load as fast as the proxy answers, and its figures.

A closed loop finds capacity; its latencies flatter a proxy that stalls, which is why latency is measured in
`open_loop`.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.machine import BenchError, Cores, find_program

SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True)
class Load:
    """What wrk saw. `failed` counts answers that were not 2xx and connections that broke."""

    requests: int
    seconds: float
    received: int
    failed: int
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def parse(output: str) -> Load:
    """wrk prints its own report first; ours is the only line that starts with a brace."""
    for line in output.splitlines():
        if line.startswith("{"):
            seen = json.loads(line)
            failed = seen["errors"] + seen["not_200"]
            return Load(seen["requests"], seen["seconds"], seen["bytes"], failed, seen["p50_ms"], seen["p99_ms"])
    raise BenchError(f"wrk printed no figures:\n{output}")


def run_wrk(
    cores: Cores, url: str, seconds: float, connections: int, *, sessions: bool = False, pause_ms: int = 0
) -> Load:
    """`pause_ms` is how long each connection waits between two requests: it sets a rate below capacity."""
    wrk = find_program("wrk")
    if wrk is None:
        raise BenchError("the benchmark needs wrk for load: apt-get install wrk")
    # wrk takes whole seconds only; shorter runs are for --quick's warm-up and are rounded up
    whole = max(1, round(seconds))
    command = ["taskset", "-c", str(cores.load), wrk, "-t1", f"-c{connections}", f"-d{whole}s", "-s", str(SCRIPT), url]
    command += ["--", "sessions" if sessions else "same", str(pause_ms)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=whole + 30)
    if done.returncode:
        raise BenchError(f"wrk failed: {done.stderr.strip() or done.stdout.strip()}")
    return parse(done.stdout)

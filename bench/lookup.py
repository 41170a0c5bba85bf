"""Route lookup: what one lookup costs with 10,000 routes, as a ratio to 10.

`python -m bench.lookup`. Half the routes are templates, half prefixes; the targets asked for hit routes all over the
table and, one in ten, none. Rounds alternate between the two tables and the smallest time counts: everything that
disturbs only adds. What is left is luck: where in memory a table came to lie decides how much of it the second cache
holds, for the life of a process. So the benchmark makes several processes, one after the other, and takes the median.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.machine import BenchError

FEW, MANY = 10, 10_000
ASKED = 1000
PROCESSES = 5


def routes_yaml(count: int) -> str:
    lines = [
        "version: 1",
        "backends:",
        '  legacy: {url: "http://127.0.0.1:8001"}',
        '  extracted: {url: "http://127.0.0.1:8101", build_header: X-Build}',
        "legacy: legacy",
        "routes:",
    ]
    for number in range(count):
        path = f"/v1/area{number}/{{id}}/items" if number % 2 else f"/v1/prefix{number}"
        kind = "Template" if number % 2 else "PathPrefix"
        matches = f"[{{path: {{type: {kind}, value: '{path}'}}, method: GET}}]"
        lines.append(f"  - {{name: r{number}, matches: {matches}, extracted: extracted, stage: legacy}}")
    return "\n".join(lines) + "\n"


def targets(count: int) -> list[bytes]:
    """ASKED targets spread evenly over `count` routes; every tenth matches none."""
    found = []
    for number in range(ASKED):
        route = number * 7919 % count
        text = f"/v1/area{route}/ch_{number}/items" if route % 2 else f"/v1/prefix{route}/a/b"
        found.append(f"/v2/none/{number}".encode() if number % 10 == 9 else text.encode())
    return found


def seconds_per_lookup(look: Callable[[bytes], object], asked: list[bytes]) -> float:
    started = time.perf_counter()
    for target in asked:
        look(target)
    return (time.perf_counter() - started) / len(asked)


def looker(count: int) -> Callable[[bytes], object]:
    try:
        from proxy import config, routing  # here, because the other cases run without them
        from proxy.model.heads import RequestHead
    except ImportError as error:
        raise BenchError(f"route lookup is left out: {error}") from None
    loaded = config.load(routes_yaml(count), env={})
    if loaded.spec is None:
        raise BenchError(f"the routes of the lookup case are refused: {loaded.problems[0]}")
    table = routing.compile_table(loaded.spec)
    headers = ((b"Host", b"api.example"), (b"Accept", b"*/*"))
    return lambda target: table.lookup(RequestHead(b"GET", target, (1, 1), headers))


def measure_lookup(rounds: int = 30) -> dict[str, float]:
    """In this process: microseconds for each lookup, and their ratio."""
    few, many = looker(FEW), looker(MANY)
    few_targets, many_targets = targets(FEW), targets(MANY)
    few_best = many_best = float("inf")
    for _ in range(rounds):
        few_best = min(few_best, seconds_per_lookup(few, few_targets))
        many_best = min(many_best, seconds_per_lookup(many, many_targets))
    return {
        "few_routes": FEW,
        "few_us": round(few_best * 1e6, 3),
        "many_routes": MANY,
        "many_us": round(many_best * 1e6, 3),
        "ratio": round(many_best / few_best, 3),
    }


def measure_in_processes() -> dict[str, Any]:
    """The process whose ratio is the median, and under "ratios" those of all, in order."""
    command = [sys.executable, "-m", "bench.lookup"]
    runs = []
    for _ in range(PROCESSES):
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise BenchError(f"route lookup is left out: {done.stderr.strip().splitlines()[-1]}")
        runs.append(json.loads(done.stdout))
    runs.sort(key=lambda run: run["ratio"])
    middle: dict[str, Any] = runs[len(runs) // 2]
    return middle | {"ratios": [run["ratio"] for run in runs]}


if __name__ == "__main__":
    print(json.dumps(measure_lookup()))

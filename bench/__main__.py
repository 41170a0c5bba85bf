"""`python -m bench`: all cases, all peers, one interleaved run, tables on the terminal and one JSON file."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import report
from bench.half_rate import HalfRate, measure_half_rate
from bench.harm import Around, judged, table_rows
from bench.lookup import measure_in_processes
from bench.machine import ROOT, BenchError, Cores, find_program, first_line, pick_cores, stolen_ms
from bench.memory import GIB, Growth, measure_growth
from bench.open_loop import Latency
from bench.ours import OURS, Ours, measure_ours
from bench.peers import SHADOW, Peer, all_peers
from bench.shadow_harm import measure_harm
from bench.throughput import CONNECTIONS, Running, measure, measure_paced, run_peers
from bench.upstream import run_upstream, sizes_of
from proxy.data_path import client

THROUGHPUT = ("plain", "large", "tls", *SHADOW, "canary")
CASES = (*THROUGHPUT, "memory", "open-loop", "half-rate", "shadow-harm", "lookup", *OURS)


@dataclass(frozen=True)
class Settings:
    """How long and how often; `size` is of the two large transfers, in bytes."""

    rounds: int
    seconds: float
    open_seconds: float
    open_rounds: int
    rate: float
    size: int
    harm_rounds: int
    harm_seconds: float
    harm_rates: tuple[float, ...] = (500, 1000)


FULL = Settings(rounds=3, seconds=2, open_seconds=4, open_rounds=2, rate=1000, size=GIB, harm_rounds=5, harm_seconds=2)
QUICK = Settings(
    rounds=1, seconds=1, open_seconds=1.5, open_rounds=1, rate=500, size=GIB // 8, harm_rounds=1, harm_seconds=1.5
)


def say(text: str) -> None:
    print(text, flush=True)


def measure_throughput(
    running: Sequence[Running], cores: Cores, cases: Sequence[str], plan: Settings
) -> list[report.Sample]:
    """Round by round, case by case, peer by peer, so that a machine that slows down slows all of them."""
    samples: list[report.Sample] = []
    for number in range(plan.rounds):
        for case in (case for case in THROUGHPUT if case in cases):
            for place, size in enumerate(sizes_of(case)):
                for entry in (entry for entry in running if case in entry.cases):
                    if number == place == 0:
                        measure(entry, cores, case, size, 1)  # warm-up: connections, caches, lazy code
                    sample = measure(entry, cores, case, size, plan.seconds)
                    samples.append(sample)
                    which = f"round {number + 1}/{plan.rounds}  {case:8} {size:>4}"
                    say(f"  {which}  {entry.peer.name:10} {described(sample)}")
                    if sample.compared is not None and sample.invalid:
                        paced = measure_paced(entry, cores, sample, plan.seconds)
                        if paced is not None:
                            samples.append(paced)
                            say(f"{'':31}slower, so that the copies keep up: {described(paced)}")
    return samples


def described(sample: report.Sample) -> str:
    text = f"{sample.rate:>9,.0f} req/s  {sample.cpu_us:>7.1f} us CPU"
    if sample.compared is not None:
        text += f"  {sample.compared.compared:,} of {sample.compared.eligible:,} compared"
    return f"{text}  INVALID: {sample.invalid}" if sample.invalid else text


def measure_memory(running: Sequence[Running], plan: Settings) -> list[tuple[str, Growth]]:
    found = []
    for entry in running:
        for path in (path for path in ("bulk", "bulk-shadow") if path in entry.cases):
            for way in ("upload", "download") if path == "bulk" else ("download",):
                growth = measure_growth(entry.pid, entry.place.port, way, path, plan.size)
                found.append((entry.peer.name, growth))
                pace = f"{growth.mib_per_second:>7,.0f} MiB/s"
                say(f"  {entry.peer.name:10} {growth.way:22} {pace}, grew {growth.growth_mib:.1f} MiB")
    return found


def measure_hanging(running: Sequence[Running], cores: Cores, plan: Settings) -> list[report.Hanging]:
    """Off, hanging, off, for each proxy in turn: the runs without copies on either side say what chance alone does."""
    off: dict[str, list[Latency]] = {}
    hang: dict[str, list[Latency]] = {}
    there = [entry for entry in running if "hang" in entry.cases]
    for number in range(plan.open_rounds):
        for entry in there:
            if number == 0:
                run_open_loop(entry.url("calm/145"), cores, plan)  # warm-up
            for kind, seen in (("calm", off), ("hang", hang), ("calm", off)):
                latency = run_open_loop(entry.url(f"{kind}/145"), cores, plan)
                seen.setdefault(entry.peer.name, []).append(latency)
                say(
                    f"  {entry.peer.name:10} {'hanging' if kind == 'hang' else 'off':8} p50 {latency.p50_ms:.2f} ms"
                    f"  p99 {latency.p99_ms:.2f} ms  {latency.waiting} waiting, {latency.failed} failed"
                )
    return [report.Hanging(name, plan.rate, tuple(off[name]), tuple(hang[name])) for name in off]


def run_open_loop(url: str, cores: Cores, plan: Settings) -> Latency:
    return run_load(url, cores, plan.rate, plan.open_seconds)


def run_load(url: str, cores: Cores, rate: float, seconds: float) -> Latency:
    command = ["taskset", "-c", str(cores.load), sys.executable, "-m", "bench.open_loop", url]
    command += ["--rate", str(rate), "--seconds", str(seconds)]
    before = stolen_ms()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds + 60)
    if done.returncode:
        raise BenchError(f"the open-loop generator failed:\n{done.stderr.strip()}")
    return Latency(**json.loads(done.stdout) | {"stolen_ms": stolen_ms() - before})


def about(peers: Sequence[Peer], left_out: Sequence[Peer], cores: Cores, plan: Settings) -> dict[str, Any]:
    cpu = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cpu": cpu[0] if cpu else platform.machine(),
            "cpus": os.cpu_count(),
            "kernel": platform.release(),
            "python": f"{platform.python_version()}, {platform.python_compiler()}",
            "compiled": not client.__file__.endswith(".py"),
            "cores": cores._asdict(),
            "load_before": round(os.getloadavg()[0], 2),
        },
        "settings": {**plan.__dict__, "connections": CONNECTIONS},
        "versions": {
            **{peer.name: peer.version for peer in peers},
            "wrk": first_line([find_program("wrk") or "wrk", "-v"]),
        },
        "left_out": [{"peer": peer.name, "install": peer.install} for peer in left_out],
    }


def run(cases: Sequence[str], plan: Settings, names: Sequence[str], envoy: str | None, target: Path) -> None:
    cores = pick_cores()
    chosen = [peer for peer in all_peers(envoy) if not names or peer.name in names]
    peers = [peer for peer in chosen if peer.program is not None]
    left_out = [peer for peer in chosen if peer.program is None]
    facts = about(peers, left_out, cores, plan)
    say(f"proxies on core {cores.proxy}, load and upstream on core {cores.load}")
    if cores.proxy == cores.load:
        say(
            "warning: one core only; proxies and load share it, so rates say little. CPU time per request still counts."
        )
    if facts["machine"]["load_before"] > 0.5:
        say(f"warning: the machine is busy (load {facts['machine']['load_before']}); expect figures to scatter")
    if not facts["machine"]["compiled"]:
        say("note: the data path runs as plain Python; `make compile` makes it what the image has")
    for peer in peers:
        say(f"  {peer.name:10} {peer.version}")
    for peer in left_out:
        say(f"  {peer.name:10} not installed, left out: {peer.install}")
    samples: list[report.Sample] = []
    growths: list[tuple[str, Growth]] = []
    hanging: list[report.Hanging] = []
    half: HalfRate | None = None
    harm: list[Around] = []
    started = time.monotonic()
    if set(cases) - {"lookup", "shadow-harm", *OURS}:
        with (
            tempfile.TemporaryDirectory(prefix="strangler-bench-") as folder,
            run_upstream(cores, Path(folder)) as upstream,
            run_peers(peers, cores, Path(folder), upstream, tls="tls" in cases) as running,
        ):
            samples = measure_throughput(running, cores, cases, plan)
            growths = measure_memory(running, plan) if "memory" in cases else []
            hanging = measure_hanging(running, cores, plan) if "open-loop" in cases else []
            if "half-rate" in cases:
                half = measure_half_rate(
                    running,
                    cores,
                    lambda url, rate, seconds: run_load(url, cores, rate, seconds),
                    plan.rounds,
                    plan.open_seconds,
                    say,
                )
    if "shadow-harm" in cases and "strangler" in [peer.name for peer in peers]:
        with (
            tempfile.TemporaryDirectory(prefix="strangler-bench-") as folder,
            run_upstream(cores, Path(folder)) as upstream,
        ):
            harm = measure_harm(
                cores,
                Path(folder),
                upstream,
                lambda url, rate: run_load(url, cores, rate, plan.harm_seconds),
                plan.harm_rounds,
                plan.harm_rates,
                plan.harm_seconds,
                say,
            )
    ours = Ours()
    if set(OURS) & set(cases) and "strangler" in [peer.name for peer in peers]:
        ours = measure_ours(
            cores, cases, lambda url, rate, seconds: run_load(url, cores, rate, seconds), plan.rounds, plan.seconds, say
        )
    lookup = measure_in_processes() if "lookup" in cases and "strangler" in [peer.name for peer in peers] else None
    document = report.document(about=facts, samples=samples, growths=growths, hanging=hanging, harm=harm, lookup=lookup)
    document |= {"half_rate": half.document() if half else None, **ours.document()}
    write(target, document)
    show(samples, growths, hanging, harm, lookup, plan)
    if half:
        say(half.text())
    say(ours.text())
    say(f"\n{time.monotonic() - started:.0f} s; figures with every single run: {target}")


def show(
    samples: Sequence[report.Sample],
    growths: Sequence[tuple[str, Growth]],
    hanging: Sequence[report.Hanging],
    harm: Sequence[Around],
    lookup: dict[str, Any] | None,
    plan: Settings,
) -> None:
    if samples:
        say(f"\nCapacity, {CONNECTIONS} connections, medians of {plan.rounds} rounds")
        say(report.throughput_table(report.rows(samples)))
    if growths:
        say(f"\nMemory while a large body streams\n{report.memory_table(growths)}")
    if hanging:
        say(f"\nLatency at {plan.rate:,.0f} requests/s, open loop\n{report.hanging_table(hanging)}")
    if harm:
        say(f"\nClients while a shadowed service misbehaves, medians of {plan.harm_rounds} rounds, milliseconds")
        say(report.columns(table_rows(judged(harm))))
    if lookup:
        shown = ", ".join(f"{ratio:.2f}" for ratio in lookup["ratios"])
        say(
            f"\nRoute lookup: {lookup['few_us']} us with {lookup['few_routes']} routes, {lookup['many_us']} us with "
            f"{lookup['many_routes']:,}: ratio {lookup['ratio']}, of the processes {shown}"
        )


def write(target: Path, document: dict[str, Any]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".tmp")
    unfinished.write_text(json.dumps(document, indent=2) + "\n")
    unfinished.replace(target)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="This proxy beside nginx, HAProxy, Envoy and a naive one."
    )
    parser.add_argument("--quick", action="store_true", help="one round, a second or so a case")
    parser.add_argument(
        "--only", action="append", choices=CASES, metavar="CASE", help=f"may repeat; one of {', '.join(CASES)}"
    )
    parser.add_argument(
        "--peer", action="append", metavar="NAME", help="only these proxies (may repeat); nginx is the yardstick"
    )
    parser.add_argument("--json", type=Path, default=ROOT / "bench" / "results" / "latest.json", metavar="FILE")
    parser.add_argument("--rate", type=float, help="requests per second of open-loop and shadow-harm")
    parser.add_argument("--rounds", type=int, help="rounds of the capacity cases (default 3) and of shadow-harm (5)")
    parser.add_argument("--envoy", metavar="PROGRAM", help="an Envoy that is not on PATH")
    given = parser.parse_args()
    plan = QUICK if given.quick else FULL
    changes: dict[str, Any] = {}
    if given.rate is not None:
        changes |= {"rate": given.rate, "harm_rates": (given.rate,)}
    if given.rounds is not None:
        changes |= {"rounds": given.rounds, "harm_rounds": given.rounds}
    plan = Settings(**{**plan.__dict__, **changes})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    try:
        run(given.only or CASES, plan, given.peer or (), given.envoy, given.json)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

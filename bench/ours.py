"""The cases without peers: how long a reload or a scrape holds clients up, the cost of an idle client and a worker."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench import stalls
from bench.idle import Idle, measure_idle
from bench.machine import Cores
from bench.report import columns
from bench.stalls import Load, Stall
from bench.two_workers import Workers, measure_workers
from bench.upstream import run_upstream

OURS = ("reload", "scrape", "idle", "workers")


@dataclass
class Ours:
    """What was measured of these cases."""

    stalls: list[Stall] = field(default_factory=list)
    idle: Idle | None = None
    workers: Workers | None = None

    def document(self) -> dict[str, Any]:
        return {
            "stalls": [{**asdict(each), "beyond_ms": round(each.beyond_ms, 3)} for each in self.stalls],
            "idle": asdict(self.idle) if self.idle else None,
            "workers": {**asdict(self.workers), "ratio": round(self.workers.ratio, 3)} if self.workers else None,
        }

    def text(self) -> str:
        found = []
        if self.stalls:
            found.append(f"\nThe longest answer while something large happens\n{columns(stalls.rows(self.stalls))}")
        if self.idle:
            each, floor = self.idle.bytes_each / 1024, self.idle.floor_each / 1024
            found.append(f"\nAn idle client: {each:.1f} KiB of {self.idle.clients:,} ({floor:.1f} KiB are uvloop's)")
        if self.workers:
            one, two = self.workers.one_us, self.workers.two_us
            found.append(f"\nCPU time per request: {one} us with one worker, {two} with two: {self.workers.ratio:.2f}")
        return "\n".join(found)


def measure_ours(
    cores: Cores, cases: Sequence[str], load: Load, rounds: int, seconds: float, say: Callable[[str], None]
) -> Ours:
    found = Ours()
    with (
        tempfile.TemporaryDirectory(prefix="strangler-bench-") as name,
        run_upstream(cores, Path(name)) as upstream,
    ):
        folder = Path(name)
        for case, measure in (("reload", stalls.measure_reload), ("scrape", stalls.measure_scrape)):
            if case in cases:
                for stall in measure(cores, folder, upstream, load, rounds):
                    say(f"  {stalls.described(stall)}")
                    found.stalls.append(stall)
        if "idle" in cases:
            found.idle = measure_idle(cores, folder, upstream)
        if "workers" in cases:
            found.workers = measure_workers(cores, folder, upstream, rounds, seconds)
    return found

"""How long clients are held up while the proxy does something large: takes a file of 10,000 routes, answers a scrape of
1,000.

The open-loop generator asks at a fixed rate, so that a stall is seen by every request that was due in it. Each run in
which something happens stands between two in which nothing does: the longest answer of those is the machine's own
jitter.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from bench.alone import Alone, routes_yaml, run_alone
from bench.machine import BenchError, Cores, settle
from bench.open_loop import Latency
from bench.upstream import Upstream

ROUTES, SCRAPED = 10_000, 1_000
BEGIN = 0.5  # seconds after the load
DONE = re.compile(rb'"event": "reload"')
Load = Callable[[str, float, float], Latency]  # url, rate, seconds
RATE = 500.0  # requests a second


@dataclass(frozen=True)
class Stall:
    """One run in which something happened, and the runs before and after it. `took` is how long that took."""

    what: str
    before: Latency
    run: Latency
    after: Latency
    took: float

    @property
    def beyond_ms(self) -> float:
        return self.run.max_ms - (self.before.max_ms + self.after.max_ms) / 2


def lines(count: int, gate: str = "") -> list[str]:
    """Half templates, half prefixes; `gate` is a setting that every route has."""
    found = []
    for number in range(count):
        path = f"/v1/area{number}/{{id}}/items" if number % 2 else f"/v1/prefix{number}"
        kind = "Template" if number % 2 else "PathPrefix"
        matches = f"[{{path: {{type: {kind}, value: '{path}'}}, method: GET}}]"
        found.append(f"  - {{name: r{number}, matches: {matches}, extracted: extracted, stage: legacy{gate}}}")
    return found


def measure_reload(cores: Cores, folder: Path, upstream: Upstream, load: Load, rounds: int) -> Iterator[Stall]:
    """One route of 10,000 changes, then all of them, in turn."""
    usual = lines(ROUTES)
    with run_alone(cores, folder, routes_yaml(upstream, usual)) as alone:
        load(alone.url, RATE, 1.0)
        for number in range(rounds):
            gate = f", gate: {{min_duration: {number + 1}m}}"
            one = [*usual[:77], usual[77].replace("stage: legacy", f"stage: legacy{gate}"), *usual[78:]]
            for what, changed in (("one of 10,000", one), ("all of 10,000", lines(ROUTES, gate))):
                text = routes_yaml(upstream, changed)
                yield around(alone, f"reload, {what} changed", load, 10.0, partial(reload, alone, text))


def reload(alone: Alone, text: str, patience: float = 60.0) -> None:
    """Writes the file, and waits until control has taken it."""
    known = len(DONE.findall(alone.process.log.read_bytes()))
    alone.routes.write_text(text)
    deadline = time.monotonic() + patience
    while len(DONE.findall(alone.process.log.read_bytes())) == known:
        if time.monotonic() > deadline:
            raise BenchError(f"routes.yaml was not read again:\n{alone.process.tail()}")
        time.sleep(0.05)


def measure_scrape(cores: Cores, folder: Path, upstream: Upstream, load: Load, rounds: int) -> Iterator[Stall]:
    """Scrapes with 1,000 routes that all have been asked for."""
    with run_alone(cores, folder, routes_yaml(upstream, lines(SCRAPED))) as alone:
        alone.visit([f"/v1/area{n}/x/items" if n % 2 else f"/v1/prefix{n}/x" for n in range(SCRAPED)])
        load(alone.url, RATE, 1.0)
        for _ in range(rounds):
            yield around(alone, "a scrape of 1,000 routes", load, 3.0, partial(scrape, alone))


def scrape(alone: Alone) -> None:
    if len(alone.ask_admin("metrics")) < 100 * SCRAPED:
        raise BenchError("the scrape does not show every route")


def around(alone: Alone, what: str, load: Load, seconds: float, happen: Callable[[], None]) -> Stall:
    settle(alone.pid)
    before = load(alone.url, RATE, seconds)
    took: list[float] = []

    def disturb() -> None:
        began = time.monotonic()
        happen()
        took.append(time.monotonic() - began)

    timer = threading.Timer(BEGIN, disturb)
    timer.start()
    run = load(alone.url, RATE, seconds)
    timer.join()
    if not took:
        raise BenchError(f"{what}: it did not happen")
    settle(alone.pid)
    return Stall(what, before, run, load(alone.url, RATE, seconds), round(took[0], 3))


def described(stall: Stall) -> str:
    longest = f"longest {stall.before.max_ms:.1f} | {stall.run.max_ms:.1f} | {stall.after.max_ms:.1f} ms"
    p99 = f"p99 {stall.before.p99_ms:.2f} | {stall.run.p99_ms:.2f} | {stall.after.p99_ms:.2f} ms"
    lost = stall.run.failed + stall.run.waiting
    return f"{stall.what:32} {longest}  {p99}  took {stall.took:.1f} s, {lost} failed"


def rows(stalls: Sequence[Stall]) -> list[tuple[str, ...]]:
    """Cells of the table, the heading first; medians over the rounds."""
    found: list[tuple[str, ...]] = [("what", "longest without", "with", "beyond", "two runs without", "took", "failed")]
    for what in dict.fromkeys(each.what for each in stalls):
        runs = [each for each in stalls if each.what == what]
        without = median(latency.max_ms for each in runs for latency in (each.before, each.after))
        apart = median(abs(each.before.max_ms - each.after.max_ms) for each in runs)
        lost = sum(each.run.failed + each.run.waiting for each in runs)
        found.append(
            (
                what,
                f"{without:.1f} ms",
                f"{median(each.run.max_ms for each in runs):.1f} ms",
                f"{median(each.beyond_ms for each in runs):+.1f} ms",
                f"{apart:.1f} ms",
                f"{median(each.took for each in runs):.1f} s",
                str(lost),
            )
        )
    return found

"""What clients see of a shadowed service that misbehaves, from the latencies of interleaved runs: pure.

A machine drifts, so each run with copies stands between two runs without, and is compared with the mean of those two.
The yardstick is what two neighbouring runs *without* copies differ by, in the median over all of them: anything below
it cannot be told from chance. Both are medians, so that one disturbed run neither excuses nor condemns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.open_loop import Latency

FINE = "well"  # the service that does what it should, for comparison: what a copy costs by itself


@dataclass(frozen=True)
class Around:
    """One run with copies, and the runs without before and after it. `grew_mib` is the peak of the proxy's memory
    during it above what the proxy had before its first copy; the counts are of copies, as /metrics tells them."""

    fault: str
    rate: float
    before: Latency
    run: Latency
    after: Latency
    grew_mib: float
    compared: int
    dropped: int
    not_compared: int


@dataclass(frozen=True)
class Harm:
    """All runs of one fault at one rate, judged. `excess` and `spread` are milliseconds at p50 and p99."""

    fault: str
    rate: float
    off: tuple[float, float]
    on: tuple[float, float]
    excess: tuple[float, float]
    spread: tuple[float, float]
    failed: int  # clients' requests that failed or had no answer
    grew_mib: float
    compared: int
    dropped: int
    not_compared: int

    @property
    def unseen(self) -> bool:
        """True when clients see no more than chance, and every request was answered."""
        return not self.failed and all(more <= by for more, by in zip(self.excess, self.spread, strict=True))


def judged(arounds: Sequence[Around]) -> list[Harm]:
    """One row per fault and rate, in the order first seen. The yardstick is one for all faults at a rate."""
    names = dict.fromkeys((each.rate, each.fault) for each in arounds)
    return [_harm(fault, rate, [each for each in arounds if each.rate == rate]) for rate, fault in names]


def _harm(fault: str, rate: float, at_rate: Sequence[Around]) -> Harm:
    runs = [each for each in at_rate if each.fault == fault]
    lost = sum(each.run.failed + each.run.waiting for each in runs)
    p50, p99 = (_figures(name, runs, at_rate) for name in ("p50_ms", "p99_ms"))
    off, on, excess, spread = zip(p50, p99, strict=True)
    return Harm(
        fault,
        rate,
        off,
        on,
        excess,
        spread,
        lost,
        max(each.grew_mib for each in runs),
        sum(each.compared for each in runs),
        sum(each.dropped for each in runs),
        sum(each.not_compared for each in runs),
    )


def _figures(name: str, runs: Sequence[Around], at_rate: Sequence[Around]) -> tuple[float, float, float, float]:
    def of(latency: Latency) -> float:
        return float(getattr(latency, name))

    off = median(of(latency) for each in runs for latency in (each.before, each.after))
    on = median(of(each.run) for each in runs)
    excess = median(of(each.run) - (of(each.before) + of(each.after)) / 2 for each in runs)
    spread = median(abs(of(each.before) - of(each.after)) for each in at_rate)
    return off, on, excess, spread


def table_rows(harms: Sequence[Harm]) -> list[tuple[str, ...]]:
    """Cells of the table, the heading first."""
    percentiles = [cell for name in ("p50", "p99") for cell in (f"{name} off", "on", "more", "two off runs")]
    counts_of = ("failed", "memory grew", "compared", "dropped", "not compared")
    lines: list[tuple[str, ...]] = [("service", "req/s", *percentiles, *counts_of, "clients")]
    for each in harms:
        figures: list[str] = []
        for off, on, excess, spread in zip(each.off, each.on, each.excess, each.spread, strict=True):
            figures += [f"{off:.2f}", f"{on:.2f}", f"{excess:+.2f}", f"{spread:.2f}"]
        counts = (str(each.failed), f"{each.grew_mib:.1f} MiB", f"{each.compared:,}", f"{each.dropped:,}")
        verdict = "see nothing" if each.unseen else "SEE IT"
        lines.append((each.fault, f"{each.rate:,.0f}", *figures, *counts, f"{each.not_compared:,}", verdict))
    return lines

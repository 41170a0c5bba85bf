"""From runs to figures: medians, ratios to nginx, the tables people read and the JSON that scripts read.

A ratio is one of medians over the rounds of one interleaved run; figures of different runs or machines are not
comparable. An invalid run takes its whole row with it: its figure is shown, in brackets, but no ratio is made from
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench.compared import Compared
from bench.harm import Around, judged
from bench.memory import Growth
from bench.open_loop import Latency

BASE = "nginx"


@dataclass(frozen=True)
class Sample:
    """One run. Rates are requests per second, `mb_s` megabytes of answers per second, `cpu_us` microseconds of CPU of
    all the proxy's processes per request, `copies` shadow copies that reached an upstream per request, `invalid` why
    the run proves nothing ("" when it does).
    """

    peer: str
    case: str
    size: str
    requests: int
    rate: float
    cpu_us: float
    copies: float | None = None
    compared: Compared | None = None
    invalid: str = ""
    paced: bool = False  # below full speed, so that the copies keep up
    mb_s: float = 0.0


@dataclass(frozen=True)
class Row:
    """All runs of one peer in one case."""

    case: str
    size: str
    peer: str
    paced: bool
    rate: float
    low: float
    high: float
    mb_s: float
    cpu_us: float
    busy: float  # share of its core that the proxy used; well below 1 the load core was the limit, not the proxy
    ratio: float | None  # rate to nginx's
    cpu_ratio: float | None
    copies: float | None
    compared_share: float | None
    not_compared: int
    dropped: dict[str, int]
    invalid: tuple[str, ...]


def rows(samples: Iterable[Sample]) -> list[Row]:
    """One row per case, size, peer and pace, in the order first seen."""
    groups: dict[tuple[str, str, str, bool], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.case, sample.size, sample.peer, sample.paced), []).append(sample)
    return [row(group, groups.get((key[0], key[1], BASE, False), [])) for key, group in sorted_by_case(groups)]


def sorted_by_case(
    groups: dict[tuple[str, str, str, bool], list[Sample]],
) -> list[tuple[tuple[str, str, str, bool], list[Sample]]]:
    order = list(dict.fromkeys(key[:2] for key in groups))
    return sorted(groups.items(), key=lambda item: order.index(item[0][:2]))


def row(group: Sequence[Sample], base: Sequence[Sample]) -> Row:
    first = group[0]
    rates = [sample.rate for sample in group]
    rate, cpu = median(rates), median(sample.cpu_us for sample in group)
    invalid = tuple(sample.invalid for sample in group if sample.invalid)
    sound = bool(base) and not invalid and not any(sample.invalid for sample in base)
    base_rate = median(sample.rate for sample in base) if base else 0.0
    base_cpu = median(sample.cpu_us for sample in base) if base else 0.0
    counts = [sample.compared for sample in group if sample.compared is not None]
    dropped: dict[str, int] = {}
    for count in counts:
        for reason, number in count.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + number
    copies = [sample.copies for sample in group if sample.copies is not None]
    return Row(
        case=first.case,
        size=first.size,
        peer=first.peer,
        paced=first.paced,
        rate=rate,
        low=min(rates),
        high=max(rates),
        mb_s=median(sample.mb_s for sample in group),
        cpu_us=cpu,
        busy=round(rate * cpu / 1e6, 3),
        ratio=round(rate / base_rate, 3) if sound and base_rate else None,
        cpu_ratio=round(cpu / base_cpu, 3) if sound and base_cpu else None,
        copies=min(copies) if copies else None,
        compared_share=min(count.share for count in counts) if counts else None,
        not_compared=sum(count.results.get("not_compared", 0) for count in counts),
        dropped=dropped,
        invalid=invalid,
    )


def throughput_table(table: Sequence[Row]) -> str:
    """Fixed columns, one line per row, and a line below each that is invalid."""
    head = "case,size,proxy,req/s,MB/s,to nginx,CPU us/req,to nginx,core busy,copies,compared,dropped,not compared"
    lines = [tuple(head.split(","))]
    notes = []
    for entry in table:
        name = f"{entry.peer} (paced)" if entry.paced else entry.peer
        rate = f"[{entry.rate:,.0f}] INVALID" if entry.invalid else f"{entry.rate:,.0f}"
        lines.append(
            (
                entry.case,
                entry.size,
                name,
                rate,
                f"{entry.mb_s:,.1f}",
                optional(entry.ratio, ".2f"),
                f"{entry.cpu_us:,.1f}",
                optional(entry.cpu_ratio, ".2f"),
                f"{entry.busy:.0%}",
                optional(entry.copies, ".1%"),
                optional(entry.compared_share, ".2%"),
                f"{sum(entry.dropped.values()):,}" if entry.compared_share is not None else "",
                f"{entry.not_compared:,}" if entry.compared_share is not None else "",
            )
        )
        if entry.invalid:
            reasons = ", ".join(f"{reason} {number:,}" for reason, number in entry.dropped.items())
            notes.append(
                f"INVALID {entry.case} {entry.size} {name}: {'; '.join(entry.invalid)}"
                + (f" (dropped: {reasons})" if reasons else "")
            )
    return "\n".join([columns(lines), *notes])


def optional(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def columns(lines: Sequence[Sequence[str]]) -> str:
    """The first three columns left, figures right."""
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < 3 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def memory_table(growths: Sequence[tuple[str, Growth]]) -> str:
    lines = [("proxy", "transfer", "", "MiB/s", "memory before", "grew")]
    lines += [
        (
            peer,
            growth.way,
            f"{growth.size / 1024**2:,.0f} MiB",
            f"{growth.mib_per_second:,.0f}",
            f"{growth.before_mib:.0f} MiB",
            f"{growth.growth_mib:.1f} MiB",
        )
        for peer, growth in growths
    ]
    return columns(lines)


@dataclass(frozen=True)
class Hanging:
    """What clients at a fixed rate see of one proxy without copies (`off`, twice a round, in order) and with the
    shadowed service hanging.
    """

    peer: str
    rate: float
    off: tuple[Latency, ...]
    hang: tuple[Latency, ...]

    @property
    def spread_ms(self) -> float:
        """What the p99 of the same run without copies differs by within a round; the median of the rounds, so that one
        disturbed run does not excuse everything."""
        seen = [latency.p99_ms for latency in self.off]
        return median(abs(one - other) for one, other in zip(seen[::2], seen[1::2], strict=True))

    @property
    def excess_ms(self) -> float:
        """How far the median p99 with the hanging service lies above the median p99 without."""
        return median(latency.p99_ms for latency in self.hang) - median(latency.p99_ms for latency in self.off)

    @property
    def unseen(self) -> bool:
        """True when clients see no more than the spread, and every request was answered."""
        lost = sum(latency.waiting + latency.failed for latency in self.hang)
        return lost == 0 and self.excess_ms <= self.spread_ms


def hanging_table(seen: Sequence[Hanging]) -> str:
    lines = [("proxy", "shadow", "run", "p50 ms", "p99 ms", "max ms", "answered", "failed", "waiting")]
    for entry in seen:
        for kind, runs in (("off", entry.off), ("hanging", entry.hang)):
            lines += [
                (
                    entry.peer,
                    kind,
                    str(number),
                    f"{run.p50_ms:.2f}",
                    f"{run.p99_ms:.2f}",
                    f"{run.max_ms:.2f}",
                    f"{run.answered:,}",
                    str(run.failed),
                    str(run.waiting),
                )
                for number, run in enumerate(runs, 1)
            ]
    notes = [
        f"{entry.peer}: p99 with the shadowed service hanging is {entry.excess_ms:+.2f} ms to the runs without; "
        f"the same run twice differs by {entry.spread_ms:.2f} ms: {'not seen' if entry.unseen else 'SEEN'} by clients"
        for entry in seen
    ]
    return "\n".join([columns(lines), *notes])


def document(
    *,
    about: dict[str, Any],
    samples: Sequence[Sample],
    growths: Sequence[tuple[str, Growth]],
    hanging: Sequence[Hanging],
    harm: Sequence[Around] = (),
    lookup: dict[str, Any] | None,
) -> dict[str, Any]:
    """The JSON of a run: `about` (time, machine, versions, settings, peers left out) and every figure with its single
    runs.
    """
    return {
        **about,
        "throughput": [{**asdict(entry), "ratio_to": BASE} for entry in rows(samples)],
        "runs": [{**asdict(sample), "compared": sample.compared and sample.compared._asdict()} for sample in samples],
        "memory": [{"peer": peer, **asdict(growth)} for peer, growth in growths],
        "open_loop": [
            {**asdict(entry), "spread_ms": entry.spread_ms, "excess_ms": entry.excess_ms, "unseen": entry.unseen}
            for entry in hanging
        ],
        "shadow_harm": {
            "table": [{**asdict(each), "unseen": each.unseen} for each in judged(harm)],
            "runs": [asdict(each) for each in harm],
        },
        "lookup": lookup,
    }

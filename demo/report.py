"""The closing report. Every figure is counted from what happened in this run: by the clients, by the proxy's status, by
the evidence in its store, by the access lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from demo.admin import Json, Status
from demo.screen import Screen, milliseconds, routes_table
from demo.story import Ruled
from demo.witness import Cohort, Witness
from proxy.model.evidence import Segment
from proxy.store import Store

ENOUGH = 0.99  # share of the eligible exchanges that must have been compared
BREAKER = "breaker_open"
MOST = 0.5  # share of the compared pairs that must not be equal byte for byte


@dataclass(slots=True)
class Compared:
    """Comparisons of one route over the whole run, folded from the stored evidence. `eligible` are exchanges whose
    stage sends a copy; those of the seconds around a killed process are not among them but in `aside`, with what was
    compared of them in `aside_done`. `reasons` say why copies were dropped."""

    route: str
    eligible: int = 0
    match: int = 0
    ignored: int = 0
    mismatch: int = 0
    not_compared: int = 0
    dropped: int = 0
    aside: int = 0
    aside_done: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return self.match + self.ignored + self.mismatch

    @property
    def due(self) -> int:
        """Those that had to be compared: no copy is sent to a service whose breaker is open."""
        return max(self.eligible - self.reasons.get(BREAKER, 0), 0)


@dataclass(slots=True)
class Report:
    """`broken` says why the story did not hold, "" when it did."""

    seconds: float
    requests: int
    by_kind: Counter[str]
    errors: Counter[str]
    examples: list[str]
    resent: int
    status: Status | None
    compared: list[Compared]
    verdicts: list[Ruled]
    found: Counter[tuple[str, str, str]]
    moves: list[Json]
    cohorts: list[Cohort]
    failed_over: Counter[str]
    restarts: list[str]
    broken: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """At most 1: at the edges of the seconds that are left out, an exchange may be counted on one side alone."""
        due = _sum(self, "due")
        return min(1.0, _sum(self, "done") / due) if due else 0.0

    @property
    def unequal(self) -> float:
        """Share of the compared pairs that were not equal byte for byte."""
        done = _sum(self, "done")
        return (_sum(self, "ignored") + _sum(self, "mismatch")) / done if done else 0.0

    def judge(self) -> None:
        """Adds to `broken` what the figures of the whole run do not bear out."""
        if self.errors:
            self.broken.append(f"clients saw {sum(self.errors.values())} errors")
        if self.requests == 0:
            return  # it never came to that
        if self.share < ENOUGH:
            self.broken.append(f"only {self.share:.2%} of the eligible exchanges were compared")
        if self.unequal < MOST:
            self.broken.append(f"only {self.unequal:.2%} of the pairs were not equal byte for byte")
        for cohort in self.cohorts:
            if cohort.on_both_sides or cohort.contradicted or cohort.unconfirmed:
                self.broken.append("a user changed sides within a canary, or the logs of both sides disagree")


def fold(state: Path, witness: Witness, status: Status | None) -> list[Compared]:
    """The comparisons of every route that has any. The proxy must have ended: its store is read."""
    store = Store(state / "evidence.sqlite3")
    store.open()
    try:
        names = status.routes if status else ()
        rows = [_folded(name, store.segments(name), witness) for name in names]
        for row in rows:
            row.reasons = dict(status.route(row.route).get("dropped") or {}) if status else {}
        return [row for row in rows if row.eligible or row.done]
    finally:
        store.close()


def _folded(route: str, segments: Sequence[Segment], witness: Witness) -> Compared:
    row = Compared(route)
    for (name, second), count in witness.eligible.items():
        if name == route and second in witness.killed:
            row.aside += count
        elif name == route:
            row.eligible += count
    for segment in segments:
        if segment.second in witness.killed:
            row.aside_done += segment.match + segment.ignored + segment.mismatch
            continue
        for part in ("match", "ignored", "mismatch", "not_compared", "dropped"):
            setattr(row, part, getattr(row, part) + getattr(segment, part))
    return row


def show(report: Report, screen: Screen) -> None:
    screen.end_live()
    screen.show(Text(), Text("What happened", style="bold"))
    _clients(report, screen)
    if report.status is not None:
        screen.show(Text(), routes_table(list(report.status.routes.values())))
        _copies(report.status, screen)
    _comparisons(report, screen)
    _decisions(report, screen)
    screen.show(Text())
    for broken in report.broken:
        screen.show(Text(f"Not held: {broken}", style="bold red"))
    if not report.broken:
        screen.show(Text("The story held.", style="bold green"))


def _clients(report: Report, screen: Screen) -> None:
    errors = sum(report.errors.values())
    rate = report.requests / report.seconds if report.seconds else 0.0
    screen.show(f"clients      {report.requests:,} requests in {report.seconds:.1f} s ({rate:.0f}/s)")
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in report.by_kind.most_common())
    screen.show(f"             {kinds}")
    screen.show(Text(f"errors       {errors} seen by clients", style="bold red" if errors else "bold green"))
    for kind, count in report.errors.most_common():
        screen.show(f"             {count} {kind}")
    for example in report.examples:
        screen.show(f"             for example {example}")
    screen.show(f"resent       {report.resent} reads, by the clients, after a killed worker closed their connection")


def _copies(status: Status, screen: Screen) -> None:
    for name, route in status.routes.items():
        for side, figures in (route.get("shadow") or {}).items():
            if figures["requests"]:
                times = f"p50 {milliseconds(figures['p50'])} ms, p99 {milliseconds(figures['p99'])} ms"
                screen.show(f"  copies of {name} to {side}: {figures['requests']:,}, {times}")


def _comparisons(report: Report, screen: Screen) -> None:
    titles = ("eligible", "compared", "ignored", "mismatch", "byte equal", "not compared", "dropped")
    table = _table("comparisons", *titles, "for these reasons", numbers=len(titles))
    for row in report.compared:
        figures = (row.eligible, row.done, row.ignored, row.mismatch, row.match, row.not_compared, row.dropped)
        table.add_row(row.route, *(f"{figure:,}" for figure in figures), _counts(row.reasons))
    done, due, aside, kept = (_sum(report, name) for name in ("done", "due", "aside", "aside_done"))
    held_back = sum(each.reasons.get(BREAKER, 0) for each in report.compared)
    screen.show(Text(), table)
    screen.show(
        f"  {done:,} of {due:,} eligible exchanges compared: {report.share:.2%} (needed: {ENOUGH:.0%}). Left out:"
    )
    screen.show(f"  {held_back:,} copies not sent because the breaker was open, while charges was down;")
    screen.show(f"  {aside:,} exchanges in the seconds around a killed process of the proxy, {kept:,} of them compared")
    screen.show(f"  {report.unequal:.2%} of the pairs were not equal byte for byte: decoded, and compared by the rules")
    for (build, path, kind), count in report.found.most_common():
        screen.show(f"  mismatch of {build or 'a build not seen yet'} at {path}: {kind}, {count:,} times")


def _sum(report: Report, name: str) -> int:
    return sum(getattr(each, name) for each in report.compared)


def _decisions(report: Report, screen: Screen) -> None:
    verdicts = _table("verdict", "stage", "build", "why", "outcome")
    for ruled in report.verdicts:
        verdicts.add_row(ruled.verdict, ruled.stage, ruled.build, ruled.why, ruled.outcome)
    moves = _table("stage moves", "who", "action", "what")
    for move in report.moves:
        at = datetime.fromtimestamp(move["at"]).astimezone().strftime("%H:%M:%S")
        moves.add_row(at, move["who"], move["action"], f"{move['route']} {move['what']}".strip())
    screen.show(Text(), verdicts, Text(), moves, Text())
    for cohort in report.cohorts:
        users = (
            f"{len(cohort.extracted)} of {len(cohort.users)} users inside, {len(cohort.on_both_sides)} changed sides"
        )
        answers = f"{cohort.answers:,} answers by charges, {cohort.confirmed:,} of them in its own log"
        screen.show(f"canary       {users}; {answers}")
    screen.show(f"fallbacks    {sum(report.failed_over.values())} ({_counts(report.failed_over)})")
    screen.show(f"restarts     {', '.join(report.restarts) or 'none'}")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"


def _table(first: str, *titles: str, numbers: int = 0) -> Table:
    """The first `numbers` titles are of figures."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, no_wrap=True)
    for place, title in enumerate(titles):
        table.add_column(title, justify="right" if place < numbers else "left")
    return table


def moves_of(history: Sequence[Any] | None) -> list[Json]:
    """The audit rows that tell of a stage or a table, oldest first."""
    return list(reversed(history or []))

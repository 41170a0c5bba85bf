"""What a person sees: a live table of the routes below the lines of the story, or plain lines where there is no
terminal. Colours are rich's to choose; it honours NO_COLOR."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from demo.admin import Status
from demo.client import Clients

WIDTH = 132  # columns without a terminal
PLAIN_PAUSE = 3.0  # seconds between two lines of progress without a terminal
STAGE_STYLES = {"shadow": "cyan", "canary": "yellow", "live": "green", "legacy": "dim"}
VERDICT_STYLES = {"pass": "green", "fail": "red", "inconclusive": "dim"}


class Screen:
    """Lines that stay, and on a terminal a table that is drawn over and over."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = WIDTH
        self._began = monotonic()
        self._spoke = 0.0
        self._waits = ""
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=4, transient=True)
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end_live()

    def end_live(self) -> None:
        """Takes the live table away; what is shown from here on stays."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def step(self, number: int, title: str) -> None:
        self._console.print()
        self._console.print(Text(f"{number}  {title}", style="bold"))

    def say(self, text: str, style: str = "") -> None:
        self._spoke = monotonic()
        at = f"{monotonic() - self._began:6.1f}s  "
        for line in text.splitlines():
            self._console.print(Text(at, style="dim").append(line, style=style), soft_wrap=True)
            at = " " * len(at)

    def show(self, *renderables: RenderableType) -> None:
        for each in renderables:
            self._console.print(each, soft_wrap=isinstance(each, str | Text))

    def waits(self, what: str, status: Status | None) -> None:
        """Progress: what the story waits for."""
        self._waits = what
        if self._live is None and monotonic() - self._spoke > PLAIN_PAUSE:
            self.say(f"... {what}{_so_far(what, status)}", style="dim")

    def draw(self, status: Status | None, clients: Clients) -> None:
        """The live table; nothing without a terminal."""
        if self._live is None:
            return
        head = Text(f"{clients.requests:,} requests, ", style="bold")
        head.append(f"{clients.failed} errors seen by clients", style="bold red" if clients.failed else "bold green")
        parts: list[RenderableType] = [Text(), head]
        if status is not None:
            parts.append(routes_table(list(status.routes.values())))
        parts.append(Text(f"waiting for {self._waits}" if self._waits else "", style="dim"))
        self._live.update(Group(*parts))


def routes_table(routes: Sequence[dict[str, Any]]) -> Table:
    """Stage, both sides, and the evidence and verdict under the stage and build of now."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("route", "stage", "build"):
        table.add_column(title, no_wrap=True)
    for title in ("legacy", "p50 / p99 ms", "extracted", "p50 / p99 ms", "compared", "differ"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for route in routes:
        stage = str(route["stage"])
        words = f"{stage} {route['percent']:g}%" if route.get("percent") is not None else stage
        counts = route.get("comparisons") or {}
        compared = sum(counts.get(each, 0) for each in ("match", "ignored", "mismatch"))
        verdict = route["verdict"]["verdict"] if compared else ""
        table.add_row(
            route["name"],
            Text(words + (" (breaker)" if route.get("breaker_open") else ""), style=STAGE_STYLES.get(stage, "")),
            route.get("build") or "",
            *(cell for side in ("legacy", "extracted") for cell in _figures(route["sides"][side])),
            f"{compared:,}" if compared else "",
            f"{counts['mismatch']:,}" if compared else "",
            Text(verdict, style=VERDICT_STYLES.get(verdict, "")),
        )
    return table


def milliseconds(seconds: float | None) -> str:
    return "" if not seconds else f"{1000 * seconds:.1f}"


def _figures(side: dict[str, Any]) -> tuple[str, str]:
    if not side["requests"]:
        return "", ""
    return f"{side['requests']:,}", f"{milliseconds(side['p50'])} / {milliseconds(side['p99'])}"


def _so_far(what: str, status: Status | None) -> str:
    if status is None:
        return " (control does not answer)"
    if not what.startswith("verdict"):
        return ""
    route = status.routes.get("charge-read")
    verdict = (route or {}).get("verdict") or {}
    needs = ", ".join(verdict.get("needs") or ())
    return f" ({verdict.get('n', 0):,} comparisons counted{'; still needed: ' + needs if needs else ''})"

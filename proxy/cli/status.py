"""`strangler status`: where every route stands, and what it still needs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from proxy.cli.client import Client, Json
from proxy.cli.formats import clean, count, counted, instant, latency, span
from proxy.cli.options import admin_options, json_option
from proxy.cli.output import STAGE_STYLES, VERDICT_STYLES, indented, show, show_json, styled, table
from proxy.cli.views import figure_lines, stage_words, verdict_lines

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

UNROUTED = "unrouted"
TITLES = ("ROUTE", ">REQUESTS", ">ERRORS", ">P50", ">P99", ">COPIES", ">COPY P50", ">COPY P99")


@click.command()
@click.argument("route", required=False)
@json_option
@admin_options
def command(client: Client, route: str | None, as_json: bool) -> None:
    """Show all routes, or ROUTE with its signatures: stage, traffic of both sides, comparisons, verdict.

    REQUESTS, ERRORS, P50 and P99 are of answers that clients got; COPIES are requests that a side got beside the one
    that answered, seen by no client. `needs` says what the verdict still waits for.

    \b
    Example:
      strangler status
      strangler status charge-read --json

    \b
    Exit codes:
      0  shown
      2  trouble: no such route, or the proxy cannot be reached
    """
    if route is not None:
        answer = client.get("routes", route)
        if as_json:
            return show_json(answer)
        _show_routes([answer], full=True)
        if any(row.get("current", True) for row in answer.get("signatures", ())):
            show("", f"Open `strangler mismatches {clean(route)}` for what differs.")
        return None
    answer = client.get("status")
    if as_json:
        return show_json(answer)
    _show_proxy(answer)
    show("")
    _show_routes(answer["routes"], full=False)
    return None


def _show_proxy(status: Json) -> None:
    workers, store, reload = status["workers"], status["store"], status["reload"]
    facts = [f"strangler {status['version']}", f"generation {status['generation']}"]
    if started := instant(status.get("started_at")):
        facts.append(f"up {span((datetime.now(UTC) - started).total_seconds())}")
    facts.append(f"workers {workers['connected']}/{workers['expected']}")
    restarts = workers.get("restarts", 0) + status.get("control", {}).get("restarts", 0)
    if restarts:
        facts.append(f"restarts {restarts}")
    show(" · ".join(clean(fact) for fact in facts))
    if status.get("halted"):
        show(
            styled(
                "HALTED: the monolith answers every route that can go back. `strangler resume` lifts it.", "bold red"
            )
        )
    if not reload.get("ok", True):
        show(styled("The last edit of the routes file was refused; the routes before it are in force:", "red"))
        show(*(indented(styled(problem, "red")) for problem in reload.get("problems", ())))
    if not store.get("ok", True):
        lost = f" ({count(store['lost'])} rows lost)" if store.get("lost") else ""
        show(styled(f"The evidence cannot be stored: {store.get('error') or 'no reason given'}{lost}", "red"))
    if status.get("shedding"):
        show(styled("A worker's memory is at `limits.memory`: new requests get 503.", "bold red"))
    _show_urls(status.get("backends", ()))
    if workers["connected"] < workers["expected"]:
        show(
            styled(
                f"{workers['expected'] - workers['connected']} of {workers['expected']} workers are not there.", "red"
            )
        )


def _show_urls(backends: Iterable[Json]) -> None:
    """The urls of backends that have several, and every url that is left alone."""
    for backend in backends:
        urls = backend.get("urls", ())
        if len(urls) < 2 and all(one["state"] == "used" for one in urls):
            continue
        line = styled(f"{clean(backend['name'])}: ", "bold")
        for number, one in enumerate(urls):
            line.append(", " if number else "", style="not bold")
            line.append(clean(one["url"]), style="not bold")
            if one["state"] != "used":
                line.append(f" {clean(one['state'])}", style="red")
        show(line)


def _show_routes(routes: list[Json], *, full: bool) -> None:
    """Per route a line that names it, one of figures for each side, and what the comparisons say. One table lays out
    the figures of all routes, so that they stand below each other; its lines are then told apart."""
    from rich.segment import Segment, Segments

    from proxy.cli.output import screen

    if not routes:
        return show("No routes, no traffic.")
    figures = table(TITLES, [_figures(route, side) for route in routes for side in _sides(route)])
    titles, *lines = [Segments([*line, Segment.line()]) for line in screen().render_lines(figures, pad=False)]
    parts: list[RenderableType] = [titles]
    for route in routes:
        parts.append(_heading(route))
        parts += [lines.pop(0) for _ in _sides(route)]
        parts += [indented(line) for line in _findings(route, full)]
    return show(*parts)


def _sides(route: Json) -> tuple[str, ...]:
    return ("legacy",) if route["name"] == UNROUTED else ("legacy", "extracted")


def _heading(route: Json) -> Text:
    line = styled(route["name"], "bold")
    if route["name"] == UNROUTED:
        return line.append("  requests that no route names", style="not bold dim")
    line.append(f"  {clean(stage_words(route))}", style=f"not bold {STAGE_STYLES.get(str(route['stage']), '')}")
    source = route.get("source", "file")
    notes = [f"by {source}"] if source != "file" else []
    notes += [f"to {route['extracted']}"] if route.get("extracted") else []
    notes += [f"group {route['group']}"] if route.get("group") else []
    notes += ["owns its data"] if route.get("owns_data") else []
    return line.append(clean(f"  {', '.join(notes)}" if notes else ""), style="not bold dim")


def _figures(route: Json, side: str) -> list[object]:
    answers = route.get("sides", {}).get(side) or {}
    copies = route.get("shadow", {}).get(side) or {}
    errors = answers.get("errors", 0)
    return [
        f"  {side}",
        count(answers.get("requests", 0)),
        styled(count(errors), "red" if errors else ""),
        latency(answers.get("p50")),
        latency(answers.get("p99")),
        count(copies.get("requests", 0)),
        latency(copies.get("p50")),
        latency(copies.get("p99")),
    ]


def _findings(route: Json, full: bool) -> list[Text]:
    """The verdict, what it counts, and what was lost on the way."""
    lines: list[Text] = []
    if route["name"] != UNROUTED and (verdict := route.get("verdict")):
        ruling = str(verdict["verdict"])
        why, *needs = verdict_lines(verdict) or [""]
        line = styled("verdict: ").append(clean(ruling), style=VERDICT_STYLES.get(ruling, ""))
        lines.append(line.append(f", {why}" if why else ""))
        lines += [styled(f"  {need}") for need in needs]
        lines += [styled(f"  {line}") for line in figure_lines(verdict)]
        if ruling == "pass" and route.get("next_stage"):
            lines.append(styled(f"  `strangler promote {route['name']}` moves it to {route['next_stage']}"))
        lines.append(_compared(route))
        lines += _noise(route.get("noise") or {}, str(route["name"]), full)
    if full and route["name"] != UNROUTED:
        facts = [f"epoch {route.get('epoch')}"] + ([f"build {route['build']}"] if route.get("build") else [])
        lines.append(styled(", ".join(facts)))
    if fallbacks := route.get("fallbacks"):
        lines.append(styled(f"fallbacks: {count(fallbacks)}", "yellow"))
    if route.get("breaker_open"):
        lines.append(styled(f"breaker open: {route.get('extracted')} fails, no requests are sent to it", "red"))
    return lines


def _compared(route: Json) -> Text:
    counts = route.get("comparisons", {})
    total = sum(counts.values())
    mismatches = counts.get("mismatch", 0)
    line = styled(f"compared {count(total)}: {count(counts.get('match', 0))} match, ")
    line.append(f"{count(counts.get('ignored', 0))} ignored, ")
    if explained := counts.get("explained"):
        line.append(f"{count(explained)} explained by noise, ")
    line.append(f"{count(mismatches)} mismatch", style="bold red" if mismatches else "")
    line.append(f", {count(counts.get('not_compared', 0))} not compared{_reasons(route.get('not_compared_reasons'))}")
    dropped = route.get("dropped") or {}
    return line.append(f"; {count(sum(dropped.values()))} dropped{_reasons(dropped)}")


def _noise(noise: Json, name: str, full: bool) -> list[Text]:
    """What asking both sides again has shown."""
    results, learned, regressions = (
        noise.get("reasks") or {},
        noise.get("learned_fields", 0),
        noise.get("regressions", ()),
    )
    asked, needed = noise.get("asked", 0), noise.get("shows_after", 0)
    lines = []
    if any(results.values()) or learned:
        words = f"noise: {counted(learned, 'field')} learned from {counted(asked, 're-ask')}{_reasons(results)}"
        lines.append(styled(words + (f"; `strangler suggest-rules {clean(name)}`" if learned and full else "")))
    if full and learned and asked < needed:
        lines.append(styled(f"  what differs half as often again as legacy itself shows after about {needed} re-asks"))
    flagged = (f"  {clean(field['path'])}: {clean(field.get('words') or 'varies otherwise')}" for field in regressions)
    return [*lines, *(styled(line, "red") for line in flagged)]


def _reasons(reasons: Json | None) -> str:
    named = [f"{clean(reason)} {count(number)}" for reason, number in (reasons or {}).items() if number]
    return f" ({', '.join(named)})" if named else ""

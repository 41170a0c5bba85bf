"""Pieces of the admin API's answers that several commands show."""

from __future__ import annotations

from proxy.cli.client import Json
from proxy.cli.formats import clean, count, percent, share
from proxy.cli.output import VERDICT_STYLES, indented, show, styled


def stage_words(state: Json) -> str:
    """`live`, or `canary 10%`."""
    stage = str(state["stage"])
    return f"{stage} {percent(state.get('percent'))}" if stage == "canary" else stage


def verdict_lines(verdict: Json) -> list[str]:
    """The reason of a verdict and what is still needed, one thing a line."""
    needs = [str(need) for need in verdict.get("needs") or ()]
    blocking = ", ".join(map(str, verdict.get("blocking") or ()))
    lines = [str(verdict.get("why") or "")] + [f"needs {need}" for need in needs]
    if blocking and not any(signature in line for signature in verdict["blocking"] for line in lines):
        lines.append(f"open signatures of high risk: {blocking}")
    return [clean(line) for line in lines if line]


def show_verdict(route: str, verdict: Json) -> None:
    ruling = str(verdict["verdict"])
    line = styled(f"{route}: ").append(clean(ruling), style=VERDICT_STYLES.get(ruling, ""))
    if verdict.get("n"):
        build = f", build {verdict['build']}" if verdict.get("build") else ""
        line.append(clean(f" ({verdict['n']:,} comparisons counted, {verdict['k']:,} mismatches{build})"))
    show(line, *(indented(text) for text in (*verdict_lines(verdict), *figure_lines(verdict))))


def figure_lines(verdict: Json) -> list[str]:
    """What the figures behind a verdict leave possible."""
    lines: list[str] = []
    if verdict.get("evidence") == "clients":
        return ["evidence: clients' exchanges in canary, not comparisons; what the answers say is compared by nobody"]
    if verdict.get("n") and (possible := verdict.get("interval")):
        lowest, highest = possible
        sure = f"{100 * verdict['confidence']:.3g}%"
        lines.append(f"mismatch rate {share(lowest)} to {share(highest)} ({sure} sure, however often one looks)")
    if covered := coverage_words(verdict.get("coverage") or {}):
        lines.append(f"covered: {covered}")
    return lines


def coverage_words(coverage: Json) -> str:
    """`GET 2xx 812, GET 4xx 3; 431 values of {id}`."""
    answers = ", ".join(f"{kind} {count(number)}" for kind, number in (coverage.get("answers") or {}).items())
    values = [f"{count(number)} values of {name}" for name, number in (coverage.get("values") or {}).items()]
    return clean("; ".join([answers, *values] if answers else values))


def show_late(done: Json) -> None:
    """Warns of workers that have not said that an order is in force with them."""
    if late := done.get("late_workers"):
        workers = "1 worker has" if late == 1 else f"{late} workers have"
        show(f"Not everywhere yet: {workers} not confirmed it. It hangs, or its machine does.", err=True)


def show_move(done: Json) -> None:
    """What promote or rollback did, to the route and to those of its group."""
    for move in (done, *done.get("also", ())):
        words = f"{stage_words(move['from'])} -> {stage_words(move['to'])}{' (forced)' if move.get('forced') else ''}"
        show(styled(f"{move['route']}: ").append(words, style="bold"))
    show_late(done)


def edits(done: Json) -> str:
    """The lines of routes.yaml that make it permanent."""
    return "\n".join(str(move["edit"]) for move in (done, *done.get("also", ())) if move.get("edit"))

"""What a person may order: promote, rollback, halt, resume, accept. Each is checked, carried out and audited.

`promote` goes one stage forward, and only where the verdict allows it: going from legacy to shadow shows clients
nothing new and needs no evidence; every later step does, but for the first canary of a route that can't be copied:
that is where its evidence begins. `rollback` goes to legacy at once and asks for nothing but a
yes where going back loses what the extracted service has written; so does a `promote --to` an earlier stage.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from proxy import evidence, routing
from proxy.model.evidence import Ruling, Verdict
from proxy.model.records import Accepted
from proxy.model.sides import STAGES, Stage
from proxy.model.spec import Route
from proxy.runtime.desk import Desk
from proxy.runtime.live import Change, Live

_SERVING = (Stage.CANARY, Stage.LIVE, Stage.RETIRED)  # where the extracted side answers clients


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an order was not carried out. `verdict` is set where it is the verdict that forbids it."""

    title: str
    detail: str
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A route went from one stage to another. `edit` is the line of routes.yaml that makes it permanent."""

    route: str
    from_stage: Stage
    from_percent: float
    to_stage: Stage
    to_percent: float
    edit: str
    forced: bool


class Commands:
    """`apply` carries a change out in control; `mark_halt` leaves word in the state folder for processes to come."""

    def __init__(
        self, live: Live, desk: Desk, apply: Callable[[Change], None], mark_halt: Callable[[bool], None]
    ) -> None:
        self._live = live
        self._desk = desk
        self._apply = apply
        self._mark_halt = mark_halt

    def promote(
        self,
        route: Route,
        to: Stage | None,
        percent: float | None,
        force: bool,
        who: str,
        why: str,
        *,
        cut: bool = False,
    ) -> Moved | Refused:
        state = self._live.states[route.name]
        if self._live.is_halted and state.stage is Stage.LEGACY:
            return Refused("Halted", "All routes are halted. Lift it first: strangler resume.")
        target = to or (state.stage if percent is not None else next_stage(state.stage))
        if target is None:
            return Refused("Nothing left to promote", f"Route {route.name} is retired: the monolith is never called.")
        goal = percent if percent is not None else route.canary.percent if state.stage is not target else state.percent
        if target is state.stage and (target is not Stage.CANARY or goal == state.percent):
            return Refused("Already there", f"Route {route.name} is in stage {target} already.")
        forward = STAGES.index(target) > STAGES.index(state.stage) or (target is state.stage and goal > state.percent)
        overruled = ""
        if (
            route.owns_data
            and not forward
            and state.stage in _SERVING
            and STAGES.index(target) < STAGES.index(Stage.LIVE)
        ):
            if not force:
                return Refused("Going back loses data", f"{_owns(route)} Say so with --force to go back all the same.")
            overruled = "the route owns its data"
        if forward and target is not Stage.SHADOW and not self._begins_evidence(route, state.stage, target, goal):
            verdict = self._desk.verdict(route)
            if verdict.ruling is not Ruling.PASS:
                if not force:
                    return Refused(f"The verdict is {verdict.ruling}", verdict.why, verdict)
                overruled = f"the verdict was {verdict.ruling}: {verdict.why}"
        action = "promote" + (" --force" if overruled else "") + (" --cut" if cut else "")
        reason = f"{why} ({overruled})" if overruled else why
        self._carry_out(self._live.put(route, target, goal, who, reason, action), route, cut)
        return self._moved(route, state.stage, state.percent, target, goal, bool(overruled))

    def _begins_evidence(self, route: Route, stage: Stage, target: Stage, percent: float) -> bool:
        """Of a route that cannot be copied nothing can be shown before clients are served: its first canary, up to the
        percent of the file, needs no verdict. Every later step does."""
        first = stage in (Stage.LEGACY, Stage.SHADOW) and target is Stage.CANARY and percent <= route.canary.percent
        return first and not routing.can_be_copied(route)

    def rollback(self, route: Route, yes: bool, who: str, why: str, *, cut: bool = False) -> Moved | Refused:
        """Under a halt too: the route then stays with legacy when the halt is lifted. With `cut`, what the extracted
        side is still answering is ended as well, also when the route went back before."""
        stage, percent = self._live.standing(route)
        if stage is Stage.LEGACY and not cut:
            return Refused("Already there", f"Route {route.name} is in stage legacy already.")
        if route.owns_data and stage in _SERVING and not yes:
            return Refused("Rolling back loses data", f"{_owns(route)} Say so with --yes to roll back all the same.")
        action = "rollback --cut" if cut else "rollback"
        self._carry_out(self._live.put(route, Stage.LEGACY, percent, who, why, action), route, cut)
        return self._moved(route, stage, percent, Stage.LEGACY, percent, False)

    def _carry_out(self, change: Change, route: Route, cut: bool) -> None:
        self._apply(replace(change, cut=(route.name,)) if cut else change)

    async def halt(self, who: str, why: str) -> tuple[str, ...]:
        """Halts; returns the routes that a halt leaves where they are."""
        self._mark_halt(True)
        self._apply(self._live.halt(True, who, why))
        return self._live.skipped_by_halt()

    async def resume(self, who: str, why: str) -> bool:
        """Lifts a halt by command or signal. False when the file still says `halt: true`."""
        self._mark_halt(False)
        self._apply(self._live.halt(False, who, why))
        return not self._live.is_halted

    def accept(self, accepted: Accepted, who: str) -> Refused | None:
        known = {row.signature for row in self._desk.signatures(accepted.route)}
        if accepted.signature not in known:
            return Refused(
                "No such signature", f"Route {accepted.route} has none. See: strangler mismatches {accepted.route}"
            )
        self._desk.accept(accepted, who)
        return None

    def _moved(
        self, route: Route, before: Stage, before_percent: float, stage: Stage, percent: float, forced: bool
    ) -> Moved:
        return Moved(route.name, before, before_percent, stage, percent, edit_words(route, stage, percent), forced)


def _owns(route: Route) -> str:
    return f"Route {route.name} owns its data: legacy does not know what the extracted service has written."


def next_stage(stage: Stage) -> Stage | None:
    place = STAGES.index(stage) + 1
    return STAGES[place] if place < len(STAGES) else None


def edit_words(route: Route, stage: Stage, percent: float) -> str:
    """The lines of routes.yaml that say what an override says."""
    lines = [f"  - name: {route.name}", f"    stage: {stage}"]
    if stage is Stage.CANARY:
        lines.append(f"    canary: {{percent: {percent:g}}}")
    return "\n".join(lines)


def plain_verdict(verdict: Verdict) -> dict[str, Any]:
    totals = verdict.totals
    key = verdict.key
    return {
        "verdict": str(verdict.ruling),
        "why": verdict.why,
        "needs": list(verdict.needs),
        "clean_needed": verdict.clean_needed,
        "blocking": list(verdict.blocking),
        "n": totals.n,
        "k": totals.k,
        "rate": totals.k / totals.n if totals.n else None,
        "interval": list(evidence.interval(totals.n, totals.k, 2 * verdict.alpha)),
        "confidence": 1 - 2 * verdict.alpha,
        "evidence": "clients" if verdict.from_clients else "comparisons",
        "explained": totals.explained,
        "timed": totals.timed,
        "slower": totals.slower,
        "extracted_failed": totals.extracted_failed,
        "clients": {
            "pairs": totals.shared,
            "extracted_failed": totals.shared_failed,
            "legacy_failed": totals.shared_spared,
        },
        "build": key.build if key else None,
        "epoch": key.epoch if key else None,
        "rules": key.rules if key else None,
    }

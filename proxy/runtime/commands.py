"""What a person may order: promote, rollback, halt, resume, accept. Each is checked, carried out and audited.

`promote` goes one stage forward, and only where the verdict allows it: going from legacy to shadow shows clients
nothing new and needs no evidence; every later step does, but for the first canary of a route that can't be copied:
that is where its evidence begins. `rollback` goes to legacy at once and asks for nothing but a
yes where going back loses what the extracted service has written; so does a `promote --to` an earlier stage.
Routes of a group move together: where one of them may not go, none goes.
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
    """Why an order was not carried out. `verdict` is set where it is the verdict that forbids it, `overruled` is
    what the audit says where the order is carried out all the same."""

    title: str
    detail: str
    verdict: Verdict | None = None
    overruled: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """A route went from one stage to another. `edit` is the line of routes.yaml that makes it permanent,
    `also` the routes of its group that moved with it."""

    route: str
    from_stage: Stage
    from_percent: float
    to_stage: Stage
    to_percent: float
    edit: str
    forced: bool
    also: tuple[Moved, ...] = ()


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
        moving = [each for each in self._live.together(route) if not self._is_at(each, target, goal)]
        if not moving:
            return Refused("Already there", f"Route {route.name} is in stage {target} already.")
        overruled = ""
        for each in moving:
            refused = self._objection(each, target, goal)
            if refused is not None and not force:
                return refused
            overruled = overruled or (refused.overruled if refused is not None else "")
        action = "promote" + (" --force" if overruled else "") + (" --cut" if cut else "")
        reason = f"{why} ({overruled})" if overruled else why
        return self._move(moving, target, goal, who, reason, action, cut=cut, forced=bool(overruled))

    def _is_at(self, route: Route, target: Stage, goal: float) -> bool:
        state = self._live.states[route.name]
        return state.stage is target and (target is not Stage.CANARY or state.percent == goal)

    def _objection(self, route: Route, target: Stage, goal: float) -> Refused | None:
        """Why this route may not go there by itself."""
        state = self._live.states[route.name]
        forward = STAGES.index(target) > STAGES.index(state.stage) or (target is state.stage and goal > state.percent)
        of_group = f"Route {route.name} of group {route.group}: " if route.group else ""
        back = not forward and state.stage in _SERVING and STAGES.index(target) < STAGES.index(Stage.LIVE)
        if route.owns_data and back:
            detail = f"{_owns(route)} Say so with --force to go back all the same."
            return Refused("Going back loses data", detail, overruled="the route owns its data")
        if not forward or target is Stage.SHADOW or self._begins_evidence(route, state.stage, target, goal):
            return None
        verdict = self._desk.verdict(route)
        if verdict.ruling is Ruling.PASS:
            return None
        words = f"{of_group}the verdict was {verdict.ruling}: {verdict.why}"
        return Refused(f"The verdict is {verdict.ruling}", of_group + verdict.why, verdict, words)

    def _begins_evidence(self, route: Route, stage: Stage, target: Stage, percent: float) -> bool:
        """Of a route that cannot be copied nothing can be shown before clients are served: its first canary, up to the
        percent of the file, needs no verdict. Every later step does."""
        first = stage in (Stage.LEGACY, Stage.SHADOW) and target is Stage.CANARY and percent <= route.canary.percent
        return first and not routing.can_be_copied(route)

    def rollback(self, route: Route, yes: bool, who: str, why: str, *, cut: bool = False) -> Moved | Refused:
        """Under a halt too: the route then stays with legacy when the halt is lifted. With `cut`, what the extracted
        side is still answering is ended as well, also when the route went back before."""
        together = self._live.together(route)
        moving = [each for each in together if cut or self._live.standing(each)[0] is not Stage.LEGACY]
        if not moving:
            return Refused("Already there", f"Route {route.name} is in stage legacy already.")
        for each in moving:
            if each.owns_data and self._live.standing(each)[0] in _SERVING and not yes:
                detail = f"{_owns(each)} Say so with --yes to roll back all the same."
                return Refused("Rolling back loses data", detail)
        percent = self._live.standing(route)[1]
        action = "rollback --cut" if cut else "rollback"
        return self._move(moving, Stage.LEGACY, percent, who, why, action, cut=cut, forced=False)

    def _move(
        self,
        routes: list[Route],
        stage: Stage,
        percent: float,
        who: str,
        why: str,
        action: str,
        *,
        cut: bool,
        forced: bool,
    ) -> Moved:
        before = [self._live.standing(route) for route in routes]
        change = self._live.put_all(routes, stage, percent, who, why, action)
        self._apply(replace(change, cut=tuple(route.name for route in routes)) if cut else change)
        first, *others = [
            Moved(route.name, *was, stage, percent, edit_words(route, stage, percent), forced)
            for route, was in zip(routes, before, strict=True)
        ]
        return replace(first, also=tuple(others))

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
        if accepted.signature == evidence.OTHER:
            detail = (
                f"It stands for all beyond the first {evidence.SIGNATURES:,} signatures. Mend what makes so many of "
            )
            return Refused("Not one difference", detail + "them, or write a rule for where they differ.")
        self._desk.accept(accepted, who)
        return None


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

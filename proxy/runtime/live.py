"""What is in force in control: the compiled file, the overrides and the halt above it, and the states that follow.

Every change goes through here and yields one `Change`: the new states, the audit rows that say who did what and why,
and whether the table itself is new (then workers get a whole snapshot) or only the states (then they get those). A bad
file changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from proxy import config, routing
from proxy.model.problem import Problem, Severity
from proxy.model.records import AuditRow
from proxy.model.sides import Stage
from proxy.model.spec import Route, RoutesSpec
from proxy.model.states import Override, RouteState
from proxy.runtime.load import Built, Compiled


@dataclass(frozen=True, slots=True)
class Change:
    """One step of what is in force. `words` are for the log and for whoever asked. `cut` names routes whose answers by
    the side that was left are to end."""

    audit: tuple[AuditRow, ...] = ()
    words: tuple[str, ...] = ()
    new_table: bool = False
    overrides_set: tuple[Override, ...] = ()
    overrides_cleared: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()


@dataclass(slots=True)
class Live:
    """`halted` is the halt by command or signal; the file's own lies in the spec."""

    clock: Callable[[], float]
    compiled: Compiled
    overrides: dict[str, Override] = field(default_factory=dict)
    states: dict[str, RouteState] = field(default_factory=dict)
    halted: bool = False
    generation: int = 1
    last_problems: tuple[Problem, ...] = ()
    last_ok: bool = True
    last_at: float = 0.0
    _made: routing.Snapshot | None = None

    def begin(self, overrides: Mapping[str, Override], states: Mapping[str, RouteState], halted: bool) -> Change:
        """Takes up what the last run left: overrides whose route the file has not changed since, and epochs."""
        self.halted = halted
        self.states = dict(states)
        self.last_at = self.clock()
        self.overrides = routing.surviving_overrides(self.compiled.spec, overrides)
        cleared = tuple(sorted(set(overrides) - set(self.overrides)))
        audit = (self._row("strangler", "start", "", f"routes: {len(self.compiled.spec.routes)}", ""),)
        return self._settle(Change(audit + self._cleared_rows(cleared), (), True, (), cleared))

    def reload(self, built: Built, changes: Sequence[config.Change], who: str) -> Change:
        """A new text of routes.yaml, and what it changes. With problems, nothing changes but what is shown of the
        attempt."""
        self.last_problems, self.last_at = built.problems, self.clock()
        self.last_ok = built.compiled is not None
        if built.compiled is None:
            errors = [problem for problem in built.problems if problem.severity is Severity.ERROR]
            words = tuple(str(problem) for problem in errors)
            what = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
            return Change((self._row(who, "reload_refused", "", what, words[0]),), words)
        old, self.compiled = self.compiled.spec, built.compiled
        words = tuple(f"{change.subject}: {change.what}" for change in changes)
        survivors = routing.surviving_overrides(self.compiled.spec, self.overrides)
        cleared = tuple(sorted(set(self.overrides) - set(survivors)))
        self.overrides = survivors
        rows = tuple(self._row(who, "reload", self._route_of(change.subject), change.what, "") for change in changes)
        self.generation += 1
        change = self._settle(Change(rows + self._cleared_rows(cleared), words, True, (), cleared))
        self._begin_anew(old)
        return change

    def put(self, route: Route, stage: Stage, percent: float, who: str, why: str, action: str) -> Change:
        """Sets a route's stage above the file; back at the file's own stage, the override just goes."""
        what = f"{_stage(*self.standing(route))} -> {_stage(stage, percent)}"
        rows = (self._row(who, action, route.name, what, why),)
        if (stage, percent) == (route.stage, route.canary.percent) or (
            stage is route.stage and stage is not Stage.CANARY
        ):
            self.overrides.pop(route.name, None)
            return self._settle(Change(rows, (what,), False, (), (route.name,)))
        override = Override(route.name, stage, percent, route.stage, route.canary.percent, who, why, self.clock())
        self.overrides[route.name] = override
        return self._settle(Change(rows, (what,), False, (override,), ()))

    def put_all(self, routes: Sequence[Route], stage: Stage, percent: float, who: str, why: str, action: str) -> Change:
        """`put` for several routes, as one change."""
        changes = [self.put(route, stage, percent, who, why, action) for route in routes]
        return Change(
            tuple(row for change in changes for row in change.audit),
            tuple(word for change in changes for word in change.words),
            False,
            tuple(each for change in changes for each in change.overrides_set),
            tuple(name for change in changes for name in change.overrides_cleared),
        )

    def together(self, route: Route) -> tuple[Route, ...]:
        """The route, and those that move with it."""
        others = self.compiled.spec.routes if route.group else ()
        return route, *(other for other in others if other.group == route.group and other.name != route.name)

    def standing(self, route: Route) -> tuple[Stage, float]:
        """Stage and percent by override or file: where the route is, or would be without the halt."""
        override = self.overrides.get(route.name)
        return (override.stage, override.percent) if override else (route.stage, route.canary.percent)

    def halt(self, halted: bool, who: str, why: str) -> Change:
        """Halts or resumes all routes that can be halted."""
        if halted == self.halted:
            return Change()
        self.halted = halted
        action, what = ("halt", "every route that can go back") if halted else ("resume", "every route")
        return self._settle(Change((self._row(who, action, "", what, why),), (action,)))

    @property
    def is_halted(self) -> bool:
        return self.halted or self.compiled.spec.halt

    def snapshot(self) -> routing.Snapshot:
        made = self._made
        if made is None or made.generation != self.generation:
            self._made = self.compiled.snapshot(self.states, self.generation, self.is_halted)
        elif made.states is not self.states or made.halted != self.is_halted:
            self._made = made.with_states(self.states, self.is_halted)
        assert self._made is not None  # noqa: S101 - just made
        return self._made

    def route(self, name: str) -> Route | None:
        return self.compiled.spec.by_name.get(name)

    def skipped_by_halt(self) -> tuple[str, ...]:
        return routing.skipped_by_halt(self.compiled.spec, self.states)

    def _settle(self, change: Change) -> Change:
        """The states that follow. A route that left the file keeps its epoch in memory, should it come back."""
        fresh = routing.effective_states(self.compiled.spec, self.overrides, self.halted, self.states)
        self.states = {**self.states, **fresh}
        return change

    def _begin_anew(self, old: RoutesSpec) -> None:
        """A route whose extracted backend is another one than before begins a new epoch: what was compared with the
        old one says nothing about the new. One instance more or less is no other backend."""
        new = self.compiled.spec
        left, taken = _places(old), _places(new)
        for route in new.routes:
            before = old.by_name.get(route.name)
            if before is None or left[before.extracted] & taken[route.extracted]:
                continue
            state = self.states[route.name]
            self.states[route.name] = state._replace(epoch=state.epoch + 1)

    def _cleared_rows(self, cleared: tuple[str, ...]) -> tuple[AuditRow, ...]:
        return tuple(
            self._row("routes.yaml", "override_cleared", name, "the file now says otherwise", "") for name in cleared
        )

    def _route_of(self, subject: str) -> str:
        return subject.removeprefix("route ") if subject.startswith("route ") else ""

    def _row(self, who: str, action: str, route: str, what: str, why: str) -> AuditRow:
        return AuditRow(self.clock(), who, action, route, what, why)


def _places(spec: RoutesSpec) -> dict[str, set[tuple[str, int, str | None]]]:
    """Where the urls of each backend lead."""
    return {
        name: {(one.host, one.port, one.socket) for one in backend.each()} for name, backend in spec.backends.items()
    }


def _stage(stage: Stage, percent: float) -> str:
    return f"canary {percent:g}%" if stage is Stage.CANARY else str(stage)

"""Which stage each route is in: halt over override over file, and the epoch that follows from it.

Evidence belongs to one epoch: stage, percent and answering side from one change to the next. Halt leaves alone the
routes that cannot go back: `retired` (the monolith no longer knows them) and `owns_data` (legacy would not know what
the extracted service has written). An edit of the file wins over an override: an edit in an emergency must take effect.
"""

from __future__ import annotations

from collections.abc import Mapping

from proxy.model.sides import Stage, StageSource
from proxy.model.spec import Route, RoutesSpec
from proxy.model.states import Override, RouteState


def effective_states(
    spec: RoutesSpec,
    overrides: Mapping[str, Override],
    halted: bool,
    previous: Mapping[str, RouteState],
) -> dict[str, RouteState]:
    """The state of every route of the spec. `halted` is the halt by command or signal; the file's is in the spec.

    The epoch is kept where stage and, in canary, percent are as in `previous`; else it is one more, and 1 when new.
    """
    return {
        route.name: _with_epoch(_state(route, overrides.get(route.name), halted or spec.halt), previous.get(route.name))
        for route in spec.routes
    }


def skipped_by_halt(spec: RoutesSpec, states: Mapping[str, RouteState]) -> tuple[str, ...]:
    """Names of the routes that a halt leaves where they are, in the order of the file."""
    return tuple(route.name for route in spec.routes if not _can_halt(route, states[route.name].stage))


def surviving_overrides(new: RoutesSpec, overrides: Mapping[str, Override]) -> dict[str, Override]:
    """The overrides that stand under a new file: those whose route is still there in the stage and percent that the
    override replaced."""
    routes = {route.name: route for route in new.routes}
    return {
        name: override
        for name, override in overrides.items()
        if (route := routes.get(name)) is not None
        and (route.stage, route.canary.percent) == (override.replaced_stage, override.replaced_percent)
    }


def _state(route: Route, override: Override | None, halted: bool) -> tuple[Stage, float, StageSource]:
    stage, percent, source = route.stage, route.canary.percent, StageSource.FILE
    if override is not None:
        stage, percent, source = override.stage, override.percent, StageSource.OVERRIDE
    if halted and stage is not Stage.LEGACY and _can_halt(route, stage):
        return Stage.LEGACY, percent, StageSource.HALT
    return stage, percent, source


def _can_halt(route: Route, stage: Stage) -> bool:
    return stage is not Stage.RETIRED and not route.owns_data


def _with_epoch(effective: tuple[Stage, float, StageSource], previous: RouteState | None) -> RouteState:
    stage, percent, source = effective
    if previous is None:
        return RouteState(stage, percent, source, 1)
    same = previous.stage is stage and (stage is not Stage.CANARY or previous.percent == percent)
    return RouteState(stage, percent, source, previous.epoch if same else previous.epoch + 1)

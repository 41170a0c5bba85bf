"""Halt over override over file, and epochs."""

from __future__ import annotations

import pytest

from proxy.model.sides import Stage, StageSource
from proxy.model.spec import Canary, Route, RoutesSpec
from proxy.model.states import Override, RouteState
from proxy.routing.stages import effective_states, skipped_by_halt, surviving_overrides
from tests.routing.build import spec


def route(stage: Stage, percent: float = 5.0, *, owns_data: bool = False, name: str = "r") -> Route:
    return Route(name, (), "service", stage, Canary(percent), owns_data=owns_data)


def override(stage: Stage, percent: float = 5.0, *, replaced: tuple[Stage, float] = (Stage.SHADOW, 5.0)) -> Override:
    return Override("r", stage, percent, *replaced, "ann", "because", 1.0)


def state(config: RoutesSpec, *over: Override, halted: bool = False, before: RouteState | None = None) -> RouteState:
    previous = {"r": before} if before is not None else {}
    return effective_states(config, {one.route: one for one in over}, halted, previous)["r"]


def test_override_wins_over_file_and_halt_over_both() -> None:
    config = spec(route(Stage.SHADOW))
    assert state(config) == (Stage.SHADOW, 5.0, StageSource.FILE, 1)
    over = override(Stage.CANARY, 20.0)
    assert state(config, over) == (Stage.CANARY, 20.0, StageSource.OVERRIDE, 1)
    assert state(config, over, halted=True) == (Stage.LEGACY, 20.0, StageSource.HALT, 1)
    assert state(spec(route(Stage.LIVE), halt=True)).source is StageSource.HALT
    assert state(spec(route(Stage.LEGACY)), halted=True).source is StageSource.FILE


@pytest.mark.parametrize(
    ("one", "skipped"),
    [
        (route(Stage.LIVE), False),
        (route(Stage.RETIRED), True),
        (route(Stage.LIVE, owns_data=True), True),
        (route(Stage.CANARY, owns_data=True), True),
    ],
)
def test_halt_leaves_alone_what_cannot_go_back(one: Route, skipped: bool) -> None:
    config = spec(one)
    halted = effective_states(config, {}, True, {})
    assert (halted["r"].stage is one.stage) is skipped
    assert skipped_by_halt(config, effective_states(config, {}, False, {})) == (("r",) if skipped else ())


def test_a_route_retired_by_override_is_skipped_too() -> None:
    config = spec(route(Stage.SHADOW))
    retired = override(Stage.RETIRED)
    assert state(config, retired, halted=True).stage is Stage.RETIRED
    assert skipped_by_halt(config, effective_states(config, {"r": retired}, False, {})) == ("r",)


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (route(Stage.CANARY, 5), route(Stage.CANARY, 5), True),
        (route(Stage.CANARY, 5), route(Stage.CANARY, 6), False),
        (route(Stage.SHADOW, 5), route(Stage.SHADOW, 6), True),  # the percent is without effect
        (route(Stage.SHADOW), route(Stage.LIVE), False),
    ],
)
def test_the_epoch_counts_changes_that_have_an_effect(before: Route, after: Route, kept: bool) -> None:
    first = state(spec(before))._replace(epoch=7)
    assert state(spec(after), before=first).epoch == (7 if kept else 8)


def test_an_override_to_what_the_file_says_anyway_keeps_the_epoch() -> None:
    first = state(spec(route(Stage.CANARY, 5)))
    assert state(spec(route(Stage.SHADOW)), override(Stage.CANARY, 5), before=first).epoch == first.epoch


@pytest.mark.parametrize(
    ("new", "survives"),
    [
        (spec(route(Stage.SHADOW)), True),
        (spec(route(Stage.SHADOW), route(Stage.LIVE, name="other")), True),
        (spec(route(Stage.CANARY)), False),
        (spec(route(Stage.LEGACY)), False),
        (spec(route(Stage.SHADOW, 6)), False),
        (spec(), False),
    ],
)
def test_an_edit_of_the_stage_in_the_file_clears_the_override(new: RoutesSpec, survives: bool) -> None:
    assert ("r" in surviving_overrides(new, {"r": override(Stage.LIVE)})) is survives

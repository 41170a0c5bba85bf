"""What stands above routes.yaml: overrides, halt, and the epoch that they give each route."""

from __future__ import annotations

from typing import NamedTuple

from proxy.model.sides import Stage, StageSource


class Override(NamedTuple):
    """A stage set by command above the file. It remembers the file's stage that it replaced: when the file's stage
    for the route changes, the override is cleared (an edit in an emergency must take effect)."""

    route: str
    stage: Stage
    percent: float
    replaced_stage: Stage
    replaced_percent: float
    who: str
    why: str
    at: float  # seconds since 1970


class RouteState(NamedTuple):
    """The effective stage of a route. `epoch` counts the changes of stage, percent and answering side, from 1."""

    stage: Stage
    percent: float
    source: StageSource
    epoch: int

"""One way from the text of routes.yaml to what can run: `check`, `explain`, start and reload all call `build`.

All or nothing: either there is a spec, its table and its comparison rules, or there are problems and nothing else.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from proxy import comparison, config, routing
from proxy.model.filters import compared
from proxy.model.problem import Problem
from proxy.model.sides import Stage, StageSource
from proxy.model.spec import RoutesSpec
from proxy.model.states import RouteState


@dataclass(frozen=True, slots=True)
class Compiled:
    """A valid routes.yaml, ready to be combined with overrides and halt. `rules` by route name."""

    spec: RoutesSpec
    table: routing.Table
    rules: Mapping[str, comparison.Rules]

    def digests(self) -> dict[str, str]:
        return {name: rules.digest for name, rules in self.rules.items()}

    def snapshot(self, states: Mapping[str, RouteState], generation: int, halted: bool) -> routing.Snapshot:
        return routing.build_snapshot(self.spec, self.table, states, self.digests(), generation, halted)


@dataclass(frozen=True, slots=True)
class Built:
    """`compiled` is None when one of the problems is an error; warnings may stand beside it."""

    compiled: Compiled | None
    problems: tuple[Problem, ...]


def build(text: str, *, file: str, env: Mapping[str, str], today: datetime.date) -> Built:
    loaded = config.load(text, file=file, env=env, today=today)
    if loaded.spec is None:
        return Built(None, loaded.problems)
    spec = _shared(loaded.spec)
    unreachable = tuple(_in_file(problem, file) for problem in routing.unreachable(spec))
    legacy = spec.backends[spec.legacy].rewrite
    rules = {
        route.name: comparison.compile_rules(
            route.compare,
            compared(route.filters, (legacy, spec.backends[route.extracted].rewrite), route.compare.headers),
        )
        for route in spec.routes
    }
    return Built(Compiled(spec, routing.compile_table(spec), rules), loaded.problems + unreachable)


def build_file(path: Path, *, env: Mapping[str, str], today: datetime.date) -> Built:
    """As `build`; a file that can't be read is a problem like any other."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Built(None, (Problem("there is no such file", "Write one, or name another with -c", str(path)),))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        return Built(None, (Problem(f"can't be read: {why}", "Make it a readable UTF-8 text file", str(path)),))
    return build(text, file=str(path), env=env, today=today)


def states_of_file(spec: RoutesSpec) -> dict[str, RouteState]:
    """The stages as the file alone gives them: what `explain` and `check` look at."""
    return {
        route.name: RouteState(
            Stage.LEGACY if spec.halt else route.stage,
            route.canary.percent,
            StageSource.HALT if spec.halt else StageSource.FILE,
            1,
        )
        for route in spec.routes
    }


def _shared(spec: RoutesSpec) -> RoutesSpec:
    """The same spec, with what is equal in neighbouring routes one object: most routes of a large file differ in name
    and path only, and what is one object takes a worker's memory, and crosses to it, once."""
    before: dict[str, Any] = {}
    routes = []
    for route in spec.routes:
        parts = {name: getattr(route, name) for name in _PARTS}
        same = {name: before[name] for name, part in parts.items() if before and before[name] == part}
        before = {**parts, **same}
        routes.append(replace(route, **same))
    return replace(spec, routes=tuple(routes), by_name={route.name: route for route in routes})


_PARTS = ("canary", "shadow", "compare", "gate", "filters", "timeouts")


def _in_file(problem: Problem, file: str) -> Problem:
    return Problem(
        problem.message, problem.remedy, problem.file or file, problem.line, problem.column, problem.severity
    )

"""How a snapshot gets from control to a worker that is busy: in parts, and put together in steps.

A table of ten thousand routes takes half a second to unpickle and to make, and for so long no client of that worker
would be served. So routes cross a few at a time, those that the worker has already by name only, and the worker puts
them together between requests. Of what is equal it keeps the very objects: routes, their plans, and the whole table
when no route changed. Nothing is in force before it is whole: the worker then swaps one snapshot for another, as ever.
(Envoy's delta xDS ships in this way, too, but puts each resource in force for itself; routes decide together.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from proxy.model.sides import Stage, StageSource
from proxy.model.spec import Mark, Route, RoutesSpec
from proxy.model.states import RouteState
from proxy.routing.plan import Plan
from proxy.routing.snapshot import Plans, Snapshot
from proxy.routing.steps import Steps
from proxy.routing.table import Table, table_in_steps

Entry = str | tuple[Route, str]  # the name of a route that did not change, or the route and the digest of its rules
PlainStates = dict[str, tuple[str, float, str, int]]  # stage, percent, source, epoch
NO_ROUTES = Table()
NO_MARK = Mark(1, 1)


def entries(
    spec: RoutesSpec, rules: Mapping[str, str], known: RoutesSpec | None, known_rules: Mapping[str, str]
) -> Iterator[Entry]:
    """All routes in order, as whoever has `known` needs to hear of them."""
    had = known.by_name if known is not None else {}
    for route in spec.routes:
        before = had.get(route.name)
        if before is not None and rules[route.name] == known_rules[route.name] and _same(before, route):
            yield route.name
        else:
            yield replace(route, mark=NO_MARK), rules[route.name]  # workers have no use for places in the file


def without_routes(snapshot: Snapshot) -> Snapshot:
    """Everything else of a snapshot: what `assembled` begins with."""
    spec = replace(snapshot.spec, routes=(), by_name={})
    return replace(snapshot, spec=spec, table=NO_ROUTES, states={}, rules={}, plans=Plans(spec, {}, {}))


def changed_states(states: Mapping[str, RouteState], known: Mapping[str, RouteState]) -> PlainStates:
    """The states that are other than known ones, as plain values."""
    return {
        name: (state.stage.value, state.percent, state.source.value, state.epoch)
        for name, state in states.items()
        if known.get(name) != state
    }


def read_states(plain: PlainStates) -> dict[str, RouteState]:
    return {name: _state(*each) for name, each in plain.items()}


def assembled(frame: Snapshot, told: Iterable[Entry], states: PlainStates, before: Snapshot | None) -> Steps[Snapshot]:
    """The snapshot of which `frame` is all but the routes and `told` the routes, by a worker that has `before`. `told`
    is read an entry a step."""
    by_name: dict[str, Route] = {}
    held: dict[str, RouteState] = {}
    rules: dict[str, str] = {}
    kept: dict[str, Plan] = {}
    for entry in told:
        yield
        route, digest = _read(entry, before)
        name = route.name
        is_known = before is not None and before.spec.by_name.get(name) is route and before.rules[name] == digest
        by_name[name] = route
        rules[name] = digest
        changed = states.get(name)
        if changed is not None:
            held[name] = _state(*changed)
        else:
            assert before is not None  # noqa: S101 - control leaves out what it has said
            held[name] = before.states[name]
        if is_known and before is not None and name in before.plans and before.states[name] == held[name]:
            kept[name] = before.plans[name]
    whole = tuple(by_name.values())
    same = before is not None and len(whole) == len(before.spec.routes)
    for mine, other in zip(whole, before.spec.routes if before is not None and same else (), strict=False):
        yield
        same = same and mine is other
    table = before.table if same and before is not None else (yield from table_in_steps(whole))
    spec = replace(frame.spec, routes=whole, by_name=by_name)
    if before is None or (before.spec.backends, before.spec.legacy) != (spec.backends, spec.legacy):
        kept = {}  # plans name backends and hold what is changed for them
    return replace(frame, spec=spec, table=table, states=held, rules=rules, plans=Plans(spec, held, rules, kept))


def _read(entry: Entry, before: Snapshot | None) -> tuple[Route, str]:
    """The route and the digest of its rules; the very object that is known, if there is one that is equal."""
    if isinstance(entry, str):
        assert before is not None  # noqa: S101 - control names what it has sent
        return before.spec.by_name[entry], before.rules[entry]
    route, digest = entry
    known = before.spec.by_name.get(route.name) if before is not None else None
    return (known if known is not None and known == route else route), digest


def _same(before: Route, now: Route) -> bool:
    """Equal but for their places in the file."""
    return before == (now if now.mark == before.mark else replace(now, mark=before.mark))


def _state(stage: str, percent: float, source: str, epoch: int) -> RouteState:
    return RouteState(_STAGES[stage], percent, _SOURCES[source], epoch)


_STAGES = {stage.value: stage for stage in Stage}
_SOURCES = {source.value: source for source in StageSource}

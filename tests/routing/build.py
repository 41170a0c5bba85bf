"""Specs, heads and snapshots in few words."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.model.headers import HeaderPair
from proxy.model.heads import RequestHead
from proxy.model.sides import Stage
from proxy.model.spec import Backend, Match, PathType, Route, RoutesSpec, ValueMatch
from proxy.model.states import Override
from proxy.routing.snapshot import Snapshot, build_snapshot
from proxy.routing.stages import effective_states
from proxy.routing.table import compile_table

TYPES = {"=": PathType.EXACT, "^": PathType.PREFIX, "{": PathType.TEMPLATE, "~": PathType.REGEX}


def match(
    path: str,
    *,
    methods: str = "",
    hosts: tuple[str, ...] = (),
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> Match:
    """`path` begins with its type: `=` exact, `^` prefix, `{` template, `~` regular expression."""
    return Match(
        path[1:],
        TYPES[path[0]],
        frozenset(methods.split()),
        hosts,
        tuple(ValueMatch(name, value) for name, value in (headers or {}).items()),
        tuple(ValueMatch(name, value) for name, value in (query or {}).items()),
    )


def spec(*routes: Route, trusted: tuple[str, ...] = (), ambiguous: str = "refuse", halt: bool = False) -> RoutesSpec:
    backends = {name: Backend(name, f"http://127.0.0.1:{port}", "127.0.0.1", port) for name, port in _BACKENDS}
    return RoutesSpec(backends, "legacy", routes, halt=halt, trusted_proxies=trusted, ambiguous_paths=ambiguous)


_BACKENDS = (("legacy", 8001), ("service", 8101))


def routes(*matches: Match) -> tuple[Route, ...]:
    """One route per match, named r0, r1, ..."""
    return tuple(Route(f"r{place}", (one,), "service") for place, one in enumerate(matches))


def head(target: str = "/", *headers: HeaderPair, method: str = "GET", host: str | None = "example.com") -> RequestHead:
    fields = [(b"Host", host.encode())] if host is not None else []
    return RequestHead(method.encode(), target.encode("latin-1"), (1, 1), [*fields, *headers])


def chosen(spec_: RoutesSpec, request: RequestHead) -> str | None:
    found = compile_table(spec_).lookup(request)
    return found.route.name if found.route is not None else None


def snapshot(spec_: RoutesSpec, overrides: Mapping[str, Override] | None = None, *, halted: bool = False) -> Snapshot:
    states = effective_states(spec_, overrides or {}, halted, {})
    rules = {route.name: "0123456789ab" for route in spec_.routes}
    return build_snapshot(spec_, compile_table(spec_), states, rules, 1, halted or spec_.halt)


def only_route(stage: Stage, **fields: object) -> Route:
    return Route("r", (match("^/r"),), "service", stage, **fields)  # type: ignore[arg-type]  # fields of Route by name

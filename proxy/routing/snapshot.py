"""The snapshot: routes.yaml and the state of its routes, compiled, immutable, swapped whole.

An exchange reads it once and finishes on what it read. It is built in the control process; how it gets to the workers
is in `assembly`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import NamedTuple

from proxy.model.filters import NO_FILTERS, NO_REWRITE
from proxy.model.headers import Headers, first, tokens
from proxy.model.heads import RequestHead, ResponseHead
from proxy.model.observation import CapturedRequest
from proxy.model.spec import RoutesSpec
from proxy.model.states import RouteState
from proxy.routing.cohort import Network, contains
from proxy.routing.filters import RouteFilters
from proxy.routing.forwarding import Peer
from proxy.routing.plan import Plan, build_plan, unrouted_plan
from proxy.routing.table import Lookup, Table

UNIX = "unix"  # in `trusted_proxies`: whoever comes through a Unix socket


class Plans(dict[str, Plan]):
    """The plan of each route by name, made when it is first asked for: of 10,000 routes most rest."""

    def __init__(
        self,
        spec: RoutesSpec,
        states: Mapping[str, RouteState],
        rules: Mapping[str, str],
        ready: Mapping[str, Plan] | None = None,
    ) -> None:
        super().__init__(ready or {})
        self._origin = spec, states, rules

    def __missing__(self, name: str) -> Plan:
        spec, states, rules = self._origin
        plan = build_plan(spec.by_name[name], spec, states[name], rules.get(name, ""))
        self[name] = plan
        return plan


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`plans` and `states` are keyed by route name, `rules` gives the digest of each route's comparison rules.
    `unrouted` is the plan where no route matches. `halted` says whether a halt by file or command is in force.
    `filtering` is False when no route and no backend changes anything, `cors` when no route has a CORS policy."""

    generation: int
    spec: RoutesSpec
    table: Table
    states: Mapping[str, RouteState]
    rules: Mapping[str, str]
    plans: Plans
    unrouted: Plan
    halted: bool
    trusted: tuple[Network, ...]
    filtering: bool = False
    cors: bool = False

    def plan(self, found: Lookup) -> Plan | None:
        """The plan for a looked-up request; None where its path is ambiguous and such requests are refused (400)."""
        if found.ambiguous:
            return None if self.spec.ambiguous_paths == "refuse" else self.unrouted
        return self.unrouted if found.route is None else self.plans[found.route.name]

    def preflight(self, head: RequestHead) -> Plan | None:
        """The plan whose CORS policy an OPTIONS request asks about: that of the route which the request it announces
        would belong to. None when it announces none, or that route has no policy."""
        method = first(head.headers, b"access-control-request-method")
        plan = self.plan(self.table.lookup(head._replace(method=method))) if method else None
        return plan if plan is not None and plan.filters is not None and plan.filters.cors is not None else None

    def filters_of(self, request: CapturedRequest) -> RouteFilters | None:
        """The filters for a request that was forwarded before, found by what it says itself."""
        if not self.filtering:
            return None
        host = first(request.headers, b"x-forwarded-host")
        headers = [(name, host if host and name.lower() == b"host" else value) for name, value in request.headers]
        plan = self.plan(self.table.lookup(RequestHead(request.method, request.target, (1, 1), headers)))
        return plan.filters if plan is not None else None

    def is_trusted(self, ip: str) -> bool:
        """True when the peer's address is among `trusted_proxies`; ask once per connection. It is "" for a peer at a
        Unix socket, which has none."""
        return contains(self.trusted, ip) if ip else UNIX in self.spec.trusted_proxies

    def client_ip(self, headers: Headers, peer: Peer) -> str:
        """The client's address: the peer's, or behind trusted proxies the last one in X-Forwarded-For that is not one
        of them. Anything further left is the client's own claim."""
        if not peer.trusted:
            return peer.ip
        for hop in reversed(tokens(headers, b"x-forwarded-for")):
            address = hop.decode("latin-1")
            if not contains(self.trusted, address):
                return address
        return peer.ip

    def with_states(self, states: Mapping[str, RouteState], halted: bool, generation: int | None = None) -> Snapshot:
        """The same table in other states; only the plans of routes whose state changed are made anew."""
        ready = {name: plan for name, plan in self.plans.items() if plan.state == states[name]}
        plans = Plans(self.spec, states, self.rules, ready)
        generation = self.generation if generation is None else generation
        return replace(self, states=states, plans=plans, halted=halted, generation=generation)


class OwnAnswer(NamedTuple):
    """An answer of the proxy's own, and why: `redirect` or `preflight`."""

    route: str
    head: ResponseHead
    why: str


def own_answer(snapshot: Snapshot, plan: Plan, head: RequestHead, peer: Peer) -> OwnAnswer | str | None:
    """What the proxy answers itself by the filters of the route; None when a side is to answer; in words, why the
    request's path is refused as ambiguous."""
    if snapshot.cors and head.method == b"OPTIONS":
        asked = snapshot.preflight(head)
        if asked is not None and asked.filters is not None and asked.filters.cors is not None:
            answer = asked.filters.cors.preflight(head.headers)
            if answer is not None:
                return OwnAnswer(asked.route, answer, "preflight")
    filters = plan.filters
    if filters is None:
        return None
    if filters.is_ambiguous(head):
        return "the path would have several meanings after it was rewritten"
    answer = filters.own_answer(head, peer)
    return OwnAnswer(plan.route, answer, "redirect") if answer is not None else None


def build_snapshot(
    spec: RoutesSpec,
    table: Table,
    states: Mapping[str, RouteState],
    rules: Mapping[str, str],
    generation: int,
    halted: bool,
) -> Snapshot:
    """The snapshot of a spec. `states` has every route (`effective_states`), `rules` maps route names to digests."""
    if len(spec.by_name) != len(spec.routes):
        spec = replace(spec, by_name={route.name: route for route in spec.routes})
    plans = Plans(spec, states, rules)
    trusted = tuple(ip_network(entry, strict=False) for entry in spec.trusted_proxies if entry != UNIX)
    filtered = [route.filters for route in spec.routes if route.filters != NO_FILTERS]
    filtering = bool(filtered) or any(backend.rewrite != NO_REWRITE for backend in spec.backends.values())
    cors = any(filters.cors for filters in filtered)
    unrouted = unrouted_plan(spec)
    return Snapshot(generation, spec, table, states, rules, plans, unrouted, halted, trusted, filtering, cors)

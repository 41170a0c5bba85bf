"""What is done with a request of a route: who answers, who gets a copy, who steps in.

All answers that a route can give are made when its snapshot is built; a request only picks one. Whether a copy is sent
is decided by a die of its own, never by the cohort's hash: the same clients again and again would not be a sample.
Copies of unsafe methods are sent to the extracted side only where the route names them, and never to legacy, which
would do the work twice (RFC 9110 section 9.2.1). A request that switches protocols is never copied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from proxy.model.decision import UNROUTED, Decision
from proxy.model.filters import NO_TIMEOUTS, Timeouts
from proxy.model.heads import RequestHead
from proxy.model.sides import Side, Stage, StageSource
from proxy.model.spec import Retry, Route, RoutesSpec
from proxy.model.states import RouteState
from proxy.routing.cohort import Cohort, Reason, key_words
from proxy.routing.filters import RouteFilters, compile_filters
from proxy.routing.forwarding import upgrade_of
from proxy.routing.pin import REACHES, Pin

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_ELSEWHERE = Retry(attempts=1, backoff=0.0)  # where there are several urls and the route says nothing
Pair = tuple[Decision, Decision]  # without and with a copy; indexed by the die


@dataclass(frozen=True, slots=True)
class Answer:
    """The decisions for one answering side and one reason. `by_method` holds the methods that differ from `other`."""

    by_method: dict[bytes, Pair]
    other: Pair


@dataclass(frozen=True, slots=True)
class Plan:
    """One route in one state. `always` serves every request unless there is a cohort, whose reasons pick an answer.
    `filters`, `timeouts`, `pin` and `retry` are None where the route has none."""

    route: str
    state: RouteState
    sample: float  # 0..1, the share of requests that are copied
    always: Answer | None
    cohort: Cohort | None
    answers: tuple[Answer, ...]  # indexed by Reason
    filters: RouteFilters | None = None
    timeouts: Timeouts | None = None
    pin: Pin | None = None
    retry: Retry | None = None


def decide(plan: Plan, head: RequestHead, client_ip: str, dice: float) -> Decision:
    """The decision for one request. `dice` is uniform in [0, 1). Hot: returns a decision made before.

    `client_ip` is `Snapshot.client_ip(...)`: the address of the peer, or what a trusted one says.
    """
    answer = plan.always
    if answer is None:
        answer = plan.answers[plan.cohort.place(head, client_ip)]  # type: ignore[union-attr]  # no `always`: a cohort
    pair = answer.by_method.get(head.method, answer.other)
    if dice >= plan.sample:
        return pair[0]
    decision = pair[1]
    if decision.shadow_backend is not None and upgrade_of(head.headers) is not None:
        return pair[0]
    return decision


def can_be_copied(route: Route) -> bool:
    """False when no request of the route ever is, so that it can be judged only by how clients fare in canary."""
    methods = route.shadow.methods
    return route.shadow.percent > 0 and any(
        match.methods & methods if match.methods else methods for match in route.matches
    )


def unrouted_plan(spec: RoutesSpec) -> Plan:
    """The plan for requests that no route names: legacy answers, nothing is copied."""
    state = RouteState(Stage.LEGACY, 0.0, source=StageSource.FILE, epoch=0)
    decision = Decision(UNROUTED, Stage.LEGACY, 0, "", Side.LEGACY, spec.legacy, None, None, "no route matches")
    legacy = spec.backends[spec.legacy]
    filters = compile_filters(None, legacy, None)
    retry = _ELSEWHERE if legacy.others else None
    return Plan(UNROUTED, state, 0.0, Answer({}, (decision, decision)), None, (), filters, retry=retry)


def build_plan(route: Route, spec: RoutesSpec, state: RouteState, rules: str) -> Plan:
    """The plan of one of the spec's routes in a state; `rules` is the digest of its comparison rules."""
    plan = _unfiltered(route, spec.legacy, state, rules)
    filters = compile_filters(route, spec.backends[spec.legacy], spec.backends[route.extracted])
    if filters is not None or route.timeouts != NO_TIMEOUTS:
        plan = replace(plan, filters=filters, timeouts=None if route.timeouts == NO_TIMEOUTS else route.timeouts)
    if route.retry is not None:
        plan = replace(plan, retry=route.retry if route.retry.attempts else None)
    elif spec.backends[spec.legacy].others or spec.backends[route.extracted].others:
        plan = replace(plan, retry=_ELSEWHERE)
    if route.pin_after_write is None:
        return plan
    maker = _Maker(route, spec.legacy, state, rules)
    held = {
        side: replace(plan, always=maker.answer(side, f"stage {state.stage}: pinned, {side} answered the last write"))
        for side in REACHES.get(state.stage, ())
    }
    return replace(plan, pin=Pin(route.pin_after_write, route, held))


def _unfiltered(route: Route, legacy: str, state: RouteState, rules: str) -> Plan:
    maker = _Maker(route, legacy, state, rules)
    sample = route.shadow.percent / 100
    why = f"stage {state.stage}" + (f" by {state.source}" if state.source is not StageSource.FILE else "")
    if state.stage is not Stage.CANARY:
        side = Side.LEGACY if state.stage in (Stage.LEGACY, Stage.SHADOW) else Side.EXTRACTED
        return Plan(route.name, state, sample, maker.answer(side, why), None, ())
    drawn = f"{why}: {{}} the {state.percent:g}% by {key_words(route.canary.key)}"
    if route.group:
        drawn += f" of group {route.group}"
    answers = {
        Reason.INSIDE: maker.answer(Side.EXTRACTED, drawn.format("inside"), by_lot=True),
        Reason.OUTSIDE: maker.answer(Side.LEGACY, drawn.format("outside"), by_lot=True),
        Reason.INCLUDED: maker.answer(Side.EXTRACTED, f"{why}: named in include"),
        Reason.EXCLUDED: maker.answer(Side.LEGACY, f"{why}: named in exclude"),
        Reason.NO_KEY: maker.answer(Side.LEGACY, f"{why}: the request has no {key_words(route.canary.key)}"),
    }
    in_order = tuple(answers[reason] for reason in Reason)
    cohort = Cohort(route.group or route.name, route.canary, state.percent)
    return Plan(route.name, state, sample, None, cohort, in_order)


@dataclass(frozen=True, slots=True)
class _Maker:
    route: Route
    legacy: str
    state: RouteState
    rules: str

    def answer(self, side: Side, why: str, *, by_lot: bool = False) -> Answer:
        other = self._pair(side, why, by_lot, method=None)
        pins = self.route.pin_after_write is not None
        told_apart = self.state.stage is not Stage.LEGACY or pins
        named = self.route.shadow.methods | SAFE_METHODS if told_apart else frozenset()
        pairs = {method.encode(): self._pair(side, why, by_lot, method=method) for method in sorted(named)}
        return Answer({method: pair for method, pair in pairs.items() if pair != other}, other)

    def _pair(self, side: Side, why: str, by_lot: bool, *, method: str | None) -> Pair:
        alone = self._decision(side, why, method, copied=False)
        if by_lot and not (self.route.shadow.percent > 0 and method in self.route.shadow.methods):
            alone = alone._replace(by_lot=True)
        return alone, self._decision(side, why, method, copied=True) if self._copies(side, method) else alone

    def _copies(self, side: Side, method: str | None) -> bool:
        if self.state.stage in (Stage.LEGACY, Stage.RETIRED):
            return False
        if side is Side.LEGACY:
            return method in self.route.shadow.methods
        return self.route.shadow.reverse and method in SAFE_METHODS

    def _decision(self, side: Side, why: str, method: str | None, *, copied: bool) -> Decision:
        route, legacy = self.route, self.legacy
        backend, other = (legacy, route.extracted) if side is Side.LEGACY else (route.extracted, legacy)
        stands_in = (
            side is Side.EXTRACTED
            and self.state.stage is not Stage.RETIRED
            and route.fallback
            and (method in SAFE_METHODS or not route.owns_data)
        )
        return Decision(
            route.name,
            self.state.stage,
            self.state.epoch,
            self.rules,
            side,
            backend,
            other if copied else None,
            other if stands_in else None,
            why,
            holds=self.route.pin_after_write is not None and method not in SAFE_METHODS,
        )

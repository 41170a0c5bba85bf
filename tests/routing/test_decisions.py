"""What each stage does with a request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.model.decision import Decision
from proxy.model.heads import RequestHead
from proxy.model.sides import Side, Stage
from proxy.model.spec import Canary, CohortKey, Person, PersonKind, Shadow
from proxy.model.states import Override
from proxy.routing.plan import can_be_copied, decide
from tests.routing.build import head, match, only_route, snapshot, spec

L, X = "legacy", "service"


def answer(stage: Stage, method: str = "GET", *, dice: float = 0.0, percent: float = 0.0, **fields: object) -> Decision:
    route = only_route(stage, canary=Canary(percent), **fields)
    return decide(snapshot(spec(route)).plans["r"], head("/r", method=method), "10.0.0.1", dice)


@pytest.mark.parametrize(
    ("stage", "percent", "method", "backend", "copy", "fallback"),
    [
        (Stage.LEGACY, 100, "GET", L, None, None),
        (Stage.SHADOW, 100, "GET", L, X, None),
        (Stage.SHADOW, 100, "POST", L, None, None),
        (Stage.CANARY, 0, "GET", L, X, None),
        (Stage.CANARY, 0, "POST", L, None, None),
        (Stage.CANARY, 100, "GET", X, L, L),
        (Stage.CANARY, 100, "OPTIONS", X, L, L),
        (Stage.CANARY, 100, "POST", X, None, L),
        (Stage.LIVE, 0, "GET", X, L, L),
        (Stage.LIVE, 0, "DELETE", X, None, L),
        (Stage.RETIRED, 0, "GET", X, None, None),
        (Stage.RETIRED, 0, "POST", X, None, None),
    ],
)
def test_stages(
    stage: Stage, percent: float, method: str, backend: str, copy: str | None, fallback: str | None
) -> None:
    decision = answer(stage, method, percent=percent)
    assert (decision.backend, decision.shadow_backend, decision.fallback_backend) == (backend, copy, fallback)
    assert decision.side is (Side.LEGACY if backend == L else Side.EXTRACTED)
    assert (decision.route, decision.stage, decision.epoch, decision.rules) == ("r", stage, 1, "0123456789ab")


def test_writes_are_copied_to_the_service_only_where_named_and_to_legacy_never() -> None:
    shadow = Shadow(methods=frozenset({"GET", "POST"}))
    assert answer(Stage.SHADOW, "POST", shadow=shadow).shadow_backend == X
    assert answer(Stage.SHADOW, "HEAD", shadow=shadow).shadow_backend is None
    assert answer(Stage.LIVE, "POST", shadow=shadow).shadow_backend is None
    assert answer(Stage.CANARY, "POST", percent=100, shadow=shadow).shadow_backend is None


def test_what_is_never_copied_is_evidence_by_itself_where_a_lot_decided_who_answers() -> None:
    for percent in (0.0, 100.0):
        assert answer(Stage.CANARY, "POST", percent=percent).by_lot
        assert not answer(Stage.CANARY, "GET", percent=percent).by_lot
        assert not answer(Stage.CANARY, "GET", percent=percent, dice=0.9, shadow=Shadow(percent=50)).by_lot
        assert answer(Stage.CANARY, "GET", percent=percent, shadow=Shadow(percent=0)).by_lot
    assert not answer(Stage.LIVE, "POST").by_lot
    assert not answer(Stage.SHADOW, "POST").by_lot
    named = Canary(50, include=(Person(PersonKind.CLIENT_IP, "", "10.0.0.1"),))
    route = replace(only_route(Stage.CANARY), canary=named)
    decision = decide(snapshot(spec(route)).plans["r"], head("/r", method="POST"), "10.0.0.1", 0.0)
    assert (decision.side, decision.by_lot) == (Side.EXTRACTED, False), "no lot put this client where it is"


@pytest.mark.parametrize(
    ("methods", "shadow", "copied"),
    [
        ("POST", Shadow(), False),
        ("POST", Shadow(methods=frozenset({"GET", "POST"})), True),
        ("GET POST", Shadow(), True),
        ("", Shadow(), True),
        ("GET", Shadow(percent=0), False),
        ("", Shadow(methods=frozenset()), False),
    ],
)
def test_whether_a_route_can_be_compared_at_all_is_known_from_the_file(
    methods: str, shadow: Shadow, copied: bool
) -> None:
    route = replace(only_route(Stage.SHADOW), matches=(match("^/r", methods=methods),), shadow=shadow)
    assert can_be_copied(route) == copied


def test_reverse_copies_can_be_turned_off() -> None:
    assert answer(Stage.LIVE, shadow=Shadow(reverse=False)).shadow_backend is None
    assert answer(Stage.CANARY, percent=100, shadow=Shadow(reverse=False)).shadow_backend is None
    assert answer(Stage.CANARY, percent=0, shadow=Shadow(reverse=False)).shadow_backend == X


@pytest.mark.parametrize(("dice", "copy"), [(0.0, X), (0.2499, X), (0.25, None), (0.99, None)])
def test_the_die_samples_copies(dice: float, copy: str | None) -> None:
    assert answer(Stage.SHADOW, dice=dice, shadow=Shadow(percent=25)).shadow_backend == copy


def test_the_extremes_of_sampling() -> None:
    assert answer(Stage.SHADOW, dice=0.0, shadow=Shadow(percent=0)).shadow_backend is None
    assert answer(Stage.SHADOW, dice=0.999999, shadow=Shadow(percent=100)).shadow_backend == X


def test_fallback_by_route_and_never_for_writes_of_data_that_legacy_does_not_own() -> None:
    assert answer(Stage.LIVE, fallback=False).fallback_backend is None
    assert answer(Stage.LIVE, "POST", owns_data=True).fallback_backend is None
    assert answer(Stage.LIVE, "PURGE", owns_data=True).fallback_backend is None
    assert answer(Stage.LIVE, "GET", owns_data=True).fallback_backend == L


def test_an_upgrade_is_never_copied_but_an_offer_of_h2c_is_no_upgrade() -> None:
    plan = snapshot(spec(only_route(Stage.SHADOW))).plans["r"]

    def upgrading(protocol: bytes) -> RequestHead:
        return head("/r", (b"Connection", b"keep-alive, Upgrade"), (b"Upgrade", protocol))

    assert decide(plan, upgrading(b"websocket"), "", 0.0).shadow_backend is None
    assert decide(plan, upgrading(b"h2c"), "", 0.0).shadow_backend == X


def test_a_request_without_the_key_belongs_to_legacy() -> None:
    canary = Canary(100, CohortKey(PersonKind.COOKIE, "session"))
    plan = snapshot(spec(only_route(Stage.CANARY, canary=canary))).plans["r"]
    decision = decide(plan, head("/r"), "10.0.0.1", 0.0)
    assert decision.side is Side.LEGACY
    assert decision.why == "stage canary: the request has no cookie session"


def test_the_percent_of_an_override_counts_and_is_told() -> None:
    override = Override("r", Stage.CANARY, 100.0, Stage.SHADOW, 5.0, "ann", "ramp", 0.0)
    made = snapshot(spec(only_route(Stage.SHADOW)), {"r": override})
    decision = decide(made.plans["r"], head("/r"), "10.0.0.1", 0.0)
    assert decision.side is Side.EXTRACTED
    assert decision.why == "stage canary by override: inside the 100% by client_ip"


def test_what_no_route_names_goes_to_legacy() -> None:
    made = snapshot(spec(only_route(Stage.LIVE)))
    plan = made.plan(made.table.lookup(head("/elsewhere")))
    assert plan is made.unrouted
    decision = decide(plan, head("/elsewhere"), "", 0.0)
    assert (decision.route, decision.backend, decision.shadow_backend) == ("unrouted", L, None)


def test_deciding_makes_nothing_new() -> None:
    plan = snapshot(spec(only_route(Stage.SHADOW))).plans["r"]
    assert decide(plan, head("/r"), "", 0.0) is decide(plan, head("/r/2"), "x", 0.0)

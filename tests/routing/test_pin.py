"""The table of pins: a client is found again, nobody else is, and nobody for longer than he was held."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model.heads import RequestHead
from proxy.model.sides import Side, Stage, StageSource
from proxy.model.spec import Backend, Canary, CohortKey, Match, PersonKind, Route, RoutesSpec
from proxy.model.states import RouteState
from proxy.routing.pin import BYTES, Pins
from proxy.routing.plan import Plan, build_plan, decide

POINTS = st.integers(0, 2**64 - 1)
NOW = st.floats(0.5, 10**9)
TOLD_APART = 2**53  # the bits of a point that its set and its tag keep


@given(POINTS, POINTS, st.sampled_from(list(Side)), NOW)
def test_a_client_is_held_to_his_side_and_to_his_time(point: int, other: int, side: Side, now: float) -> None:
    pins = Pins.private()
    pins.hold(point, side, 5.0, now)
    assert pins.side(point, 5.0, now) is side
    assert pins.side(point, 5.0, now + 4.8) is side
    for later in (5.2, 60.0, 86400.0):
        assert pins.side(point, 5.0, now + later) is None
    if (point - other) % TOLD_APART:
        assert pins.side(other, 5.0, now) is None


@given(POINTS, NOW)
def test_the_last_write_says_where(point: int, now: float) -> None:
    pins = Pins.private()
    pins.hold(point, Side.LEGACY, 5.0, now)
    pins.hold(point, Side.EXTRACTED, 5.0, now + 1)
    assert pins.side(point, 5.0, now + 1) is Side.EXTRACTED


def test_a_full_set_forgets_who_would_be_forgotten_first() -> None:
    pins = Pins.private()
    for number in range(5):  # the same place, other tags
        pins.hold(number + 1, Side.LEGACY, 5.0 + number, 100.0)
    assert [pins.side(number + 1, 60.0, 100.0) for number in range(5)] == [None] + [Side.LEGACY] * 4


def test_two_views_of_one_memory_agree() -> None:
    memory = bytearray(BYTES)
    one, other = Pins(memoryview(memory).cast("Q")), Pins(memoryview(memory).cast("Q"))
    one.hold(77, Side.EXTRACTED, 5.0, 100.0)
    assert other.side(77, 5.0, 100.0) is Side.EXTRACTED


KEY = CohortKey(PersonKind.COOKIE, "session")


def plan_of(stage: Stage, name: str = "read", group: str = "", pin: float | None = 5.0) -> Plan:
    match = Match("/items")
    route = Route(name, (match,), "items", stage, Canary(50.0, KEY), group=group, pin_after_write=pin)
    names = {each: Backend(each, "http://127.0.0.1:1", "127.0.0.1", 1) for each in ("legacy", "items")}
    return build_plan(route, RoutesSpec(names, "legacy", (route,)), RouteState(stage, 50.0, StageSource.FILE, 1), "")


def asked(method: bytes = b"GET", session: bytes = b"ada") -> RequestHead:
    return RequestHead(method, b"/items", (1, 1), [(b"Host", b"h"), (b"Cookie", b"session=" + session)])


@pytest.mark.parametrize(
    ("stage", "sides"),
    [
        (Stage.LEGACY, set()),
        (Stage.SHADOW, set()),
        (Stage.CANARY, {Side.LEGACY, Side.EXTRACTED}),
        (Stage.LIVE, {Side.LEGACY}),
        (Stage.RETIRED, set()),
    ],
)
def test_a_pin_leads_nowhere_that_the_stage_has_left(stage: Stage, sides: set[Side]) -> None:
    plan = plan_of(stage)
    assert plan.pin is not None
    assert set(plan.pin.plans) == sides
    for side, held in plan.pin.plans.items():
        decision = decide(held, asked(), "", 1.0)
        assert decision.side is side
        assert "pinned" in decision.why
        assert not decision.by_lot, "he was not drawn"


@pytest.mark.parametrize("stage", list(Stage))
def test_only_unsafe_methods_hold(stage: Stage) -> None:
    plan = plan_of(stage)
    for method, holds in ((b"GET", False), (b"HEAD", False), (b"POST", True), (b"DELETE", True), (b"MKCOL", True)):
        assert decide(plan, asked(method), "", 0.0).holds is holds, method
    assert not decide(plan_of(stage, pin=None), asked(b"POST"), "", 0.0).holds


def test_routes_of_a_group_know_a_client_as_the_same() -> None:
    pins = [plan_of(Stage.CANARY, name, group).pin for name, group in (("a", "shop"), ("b", "shop"), ("c", ""))]
    points = [pin.point(asked(), "") for pin in pins if pin is not None]
    assert points[0] == points[1] != points[2]
    assert pins[0] is not None
    assert pins[0].point(RequestHead(b"GET", b"/", (1, 1), []), "10.0.0.1") is None, "no key, no pin"


def test_a_client_is_in_for_all_routes_of_a_group_or_for_none() -> None:
    shop, shop_too, other = (
        plan_of(Stage.CANARY, "a", "shop"),
        plan_of(Stage.CANARY, "b", "shop"),
        plan_of(Stage.CANARY),
    )
    sides = [
        [decide(plan, asked(session=b"%d" % number), "", 1.0).side for plan in (shop, shop_too, other)]
        for number in range(200)
    ]
    assert all(one is two for one, two, _ in sides)
    assert any(one is not three for one, _, three in sides)
    assert "of group shop" in decide(shop, asked(), "", 1.0).why

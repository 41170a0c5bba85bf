"""What a person may order, and what is refused to them."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import cast

import pytest

from proxy.evidence import OTHER
from proxy.model.comparison import Kind, Risk
from proxy.model.evidence import Ruling
from proxy.model.noise import FieldNoise
from proxy.model.records import Accepted, AuditRow
from proxy.model.sides import Stage, StageSource
from proxy.runtime.commands import Commands, Moved, Refused
from proxy.runtime.desk import Desk
from proxy.runtime.giving_way import Way
from proxy.runtime.keeper import Keeper
from proxy.runtime.live import Change, Live
from proxy.runtime.load import build
from proxy.store import Batch, Store

TEXT = """
version: 1
backends:
  legacy: {url: "http://127.0.0.1:8001"}
  items: {url: "http://127.0.0.1:8101", build_header: X-Build}
legacy: legacy
routes:
  - {name: read, match: "GET /items/{id}", extracted: items, stage: live}
  - {name: own, match: "GET /own/{id}", extracted: items, stage: live, owns_data: true}
"""


def in_force() -> tuple[Live, Commands]:
    compiled = build(TEXT, file="routes.yaml", env={}, today=datetime.date(2026, 1, 1)).compiled
    assert compiled is not None
    live = Live(lambda: 1000.0, compiled)
    live.begin({}, {}, False)
    no_verdict = cast(Desk, None)  # none of these orders asks for one
    return live, Commands(live, no_verdict, lambda change: None, lambda halted: None)


async def test_a_rollback_under_a_halt_holds_when_the_halt_is_lifted() -> None:
    live, commands = in_force()
    await commands.halt("ada", "")
    route = live.compiled.spec.by_name["read"]
    moved = commands.rollback(route, False, "ada", "it is this one")
    assert isinstance(moved, Moved)
    assert (moved.from_stage, moved.to_stage) == (Stage.LIVE, Stage.LEGACY)
    await commands.resume("ada", "")
    assert (live.states["read"].stage, live.states["read"].source) == (Stage.LEGACY, StageSource.OVERRIDE)
    assert isinstance(commands.rollback(route, False, "ada", ""), Refused), "it is there already"


@pytest.mark.parametrize("stage", [Stage.LEGACY, Stage.SHADOW, Stage.CANARY])
def test_a_route_that_owns_its_data_is_not_promoted_backwards_by_mistake(stage: Stage) -> None:
    live, commands = in_force()
    route = live.compiled.spec.by_name["own"]
    refused = commands.promote(route, stage, None, False, "ada", "")
    assert isinstance(refused, Refused)
    assert "owns its data" in refused.detail
    assert live.states["own"].stage is Stage.LIVE
    assert isinstance(commands.promote(route, stage, None, True, "ada", ""), Moved)
    assert live.states["own"].stage is stage


@pytest.fixture
def desk(tmp_path: Path) -> tuple[Live, Desk, Commands, list[AuditRow]]:
    """Commands over a desk that has seen no evidence, and the audit of what was carried out."""
    live, _ = in_force()
    live.states["read"] = live.states["read"]._replace(stage=Stage.SHADOW)
    made = Desk(live, Keeper(Store(tmp_path / "evidence.sqlite3"), Batch), Way())
    audit: list[AuditRow] = []
    return live, made, Commands(live, made, lambda change: audit.extend(change.audit), lambda halted: None), audit


def test_promote_obeys_the_verdict_and_force_is_audited_with_who_and_why(
    desk: tuple[Live, Desk, Commands, list[AuditRow]],
) -> None:
    live, _, commands, audit = desk
    route = live.compiled.spec.by_name["read"]
    refused = commands.promote(route, None, None, False, "ada", "now")
    assert isinstance(refused, Refused)
    assert refused.verdict is not None
    assert refused.verdict.ruling is Ruling.INCONCLUSIVE
    assert (live.states["read"].stage, audit) == (Stage.SHADOW, [])
    moved = commands.promote(route, None, None, True, "ada", "the audit is on Monday")
    assert isinstance(moved, Moved)
    assert moved.forced
    (row,) = [one for one in audit if one.action.startswith("promote")]
    assert (row.who, row.action, row.route) == ("ada", "promote --force", "read")
    assert row.why.startswith("the audit is on Monday (the verdict was inconclusive: ")


def test_going_back_by_force_is_audited_as_such(desk: tuple[Live, Desk, Commands, list[AuditRow]]) -> None:
    live, _, commands, audit = desk
    route = live.compiled.spec.by_name["own"]
    assert isinstance(commands.promote(route, Stage.SHADOW, None, False, "ada", "x"), Refused)
    assert isinstance(commands.promote(route, Stage.SHADOW, None, True, "ada", "data is copied back"), Moved)
    assert [one.action for one in audit] == ["promote --force"]
    assert audit[0].why == "data is copied back (the route owns its data)"


def test_a_noisy_field_that_was_flagged_can_be_accepted(desk: tuple[Live, Desk, Commands, list[AuditRow]]) -> None:
    live, made, commands, _ = desk
    route = live.compiled.spec.by_name["read"]
    field = FieldNoise("$.at", Kind.VALUE, 40, 40, 40, 30, 1, 0, 0, 1e6, True, "differs", "differs 30 times of 31")
    made._flag(made.current(route), field)
    (row,) = made.signatures("read")
    assert (row.kind, row.risk) == (Kind.NOISE, Risk.HIGH)
    assert made.verdict(route).blocking == (row.signature,)
    wrong = Accepted("read", "nope", "payments", "meant", "2999-01-31", 1.0)
    assert isinstance(commands.accept(wrong, "ada"), Refused)
    assert commands.accept(wrong._replace(signature=row.signature), "ada") is None
    assert made.verdict(route).blocking == ()
    made._flag(made.current(route), field)
    assert made.verdict(route).blocking == (), "flagged again under the evidence that began with the acceptance"


def test_what_stands_for_many_differences_cannot_be_accepted(
    desk: tuple[Live, Desk, Commands, list[AuditRow]],
) -> None:
    live, made, commands, audit = desk
    route = live.compiled.spec.by_name["read"]
    made._ledger.flag(made.current(route), OTHER, "$.at", 9, 4e9)
    refused = commands.accept(Accepted("read", OTHER, "payments", "meant", "2999-01-31", 1.0), "ada")
    assert isinstance(refused, Refused)
    assert "beyond the first 1,000 signatures" in refused.detail
    assert (made.verdict(route).blocking, audit) == ((OTHER,), [])


GROUP = (
    TEXT
    + """
  - {name: cart-read, match: "GET /carts/{id}", extracted: items, stage: canary, group: cart}
  - {name: cart-write, match: "POST /carts/{id}", extracted: items, stage: canary, group: cart, owns_data: true}
  - {name: cart-drop, match: "DELETE /carts/{id}", extracted: items, stage: live, group: cart}
"""
)


@pytest.fixture
def cart() -> tuple[Live, Commands, list[Change]]:
    compiled = build(GROUP, file="routes.yaml", env={}, today=datetime.date(2026, 1, 1)).compiled
    assert compiled is not None
    live = Live(lambda: 1000.0, compiled)
    live.begin({}, {}, False)
    applied: list[Change] = []
    return live, Commands(live, cast(Desk, None), applied.append, lambda halted: None), applied


def stages(live: Live) -> set[Stage]:
    return {live.states[name].stage for name in ("cart-read", "cart-write", "cart-drop")}


def test_one_that_may_not_go_back_keeps_its_group_where_it_is(cart: tuple[Live, Commands, list[Change]]) -> None:
    live, commands, applied = cart
    route = live.compiled.spec.by_name["cart-read"]
    refused = commands.rollback(route, False, "ada", "")
    assert isinstance(refused, Refused)
    assert "cart-write" in refused.detail
    assert (applied, stages(live)) == ([], {Stage.CANARY, Stage.LIVE})


def test_a_group_goes_back_in_one_change(cart: tuple[Live, Commands, list[Change]]) -> None:
    live, commands, applied = cart
    route = live.compiled.spec.by_name["cart-drop"]
    moved = commands.rollback(route, True, "ada", "all of it", cut=True)
    assert isinstance(moved, Moved)
    assert [moved.route, *(each.route for each in moved.also)] == ["cart-drop", "cart-read", "cart-write"]
    assert (moved.from_stage, moved.also[0].from_stage) == (Stage.LIVE, Stage.CANARY)
    (change,) = applied
    assert set(change.cut) == {"cart-read", "cart-write", "cart-drop"}
    assert [(row.route, row.action) for row in change.audit] == [
        (name, "rollback --cut") for name in ("cart-drop", "cart-read", "cart-write")
    ]
    assert {each.route for each in change.overrides_set} == {"cart-read", "cart-write", "cart-drop"}
    assert stages(live) == {Stage.LEGACY}
    assert live.states["read"].stage is Stage.LIVE


def test_a_promotion_leaves_alone_who_is_there_already(cart: tuple[Live, Commands, list[Change]]) -> None:
    live, commands, _ = cart
    route = live.compiled.spec.by_name["cart-drop"]
    moved = commands.promote(route, Stage.CANARY, None, True, "ada", "back to canary")
    assert isinstance(moved, Moved)
    assert (moved.route, moved.also) == ("cart-drop", ())
    assert stages(live) == {Stage.CANARY}

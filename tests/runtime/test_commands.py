"""What a person may order, and what is refused to them."""

from __future__ import annotations

import datetime
from typing import cast

import pytest

from proxy.model.sides import Stage, StageSource
from proxy.runtime.commands import Commands, Moved, Refused
from proxy.runtime.desk import Desk
from proxy.runtime.live import Live
from proxy.runtime.load import build

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

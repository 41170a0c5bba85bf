"""One pair that control cannot deal with takes no other along."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from proxy import comparison
from proxy.model.comparison import Comparison
from proxy.model.observation import Observation
from proxy.model.sides import Side
from proxy.runtime.desk import Desk
from proxy.runtime.giving_way import Way
from proxy.runtime.keeper import Keeper
from proxy.runtime.live import Live
from proxy.runtime.load import build
from proxy.runtime.outbox import Outbox
from proxy.store import Batch, Store
from tests.runtime.test_outbox import pair, seen
from tests.support.routes import two_sides


def test_a_pair_on_which_control_fails_is_counted_and_the_next_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = build(two_sides(1, 2), file="routes.yaml", env={}, today=datetime.date(2026, 1, 1)).compiled
    assert compiled is not None
    live = Live(lambda: 1000.0, compiled)
    live.begin({}, {}, False)
    desk = Desk(live, Keeper(Store(tmp_path / "evidence.sqlite3"), Batch), Way())
    desk.follow(live)
    compare = comparison.compare

    def fail(legacy: Observation, extracted: Observation, rules: comparison.Rules) -> Comparison:
        if extracted.body.data == b"[1]":
            raise RecursionError("a defect")
        return compare(legacy, extracted, rules)

    monkeypatch.setattr(comparison, "compare", fail)
    box = Outbox()
    current = desk.current(live.compiled.spec.by_name["read"])
    for data in (b"[1]", b"[2]"):
        one = pair(seen(Side.LEGACY), seen(Side.EXTRACTED, data))
        box.pair(one._replace(rules=current.rules, epoch=current.epoch), ())
    with capture_logs() as lines:
        desk.take(box.take(1, 2.0, {}, (), {}), "worker")
        desk.decide_all()
    desk.settle({}, 9.0, 1000.0)
    counted = desk.counted(live.compiled.spec.by_name["read"])
    assert (counted.results["mismatch"], counted.results["not_compared"]) == (1, 1)
    assert counted.reasons == {"defect": 1}
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["pair_failed"]

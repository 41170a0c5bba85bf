"""Each new build of a service begins with nothing, and may spend less of alpha than the one before."""

from __future__ import annotations

import datetime
from pathlib import Path

from proxy.evidence import alpha_for, clean_needed
from proxy.model.records import AuditRow
from proxy.model.sides import Side
from proxy.runtime.builds import Builds
from proxy.runtime.desk import Desk
from proxy.runtime.giving_way import Way
from proxy.runtime.keeper import Keeper
from proxy.runtime.live import Live
from proxy.runtime.load import build
from proxy.runtime.outbox import Outbox
from proxy.store import Batch, Store
from tests.runtime.test_outbox import pair, seen
from tests.support.routes import READ, two_sides

GATE = "    gate: {mismatch_below: 1%, error_increase_below: 1%}\n"


def test_a_verdict_needs_more_with_each_new_build_and_the_same_when_one_returns(tmp_path: Path) -> None:
    """As in a rolling deploy, where old and new answer in turn."""
    text = two_sides(1, 2, READ + GATE)
    compiled = build(text, file="routes.yaml", env={}, today=datetime.date(2026, 1, 1)).compiled
    assert compiled is not None
    live = Live(lambda: 1000.0, compiled)
    live.begin({}, {}, False)
    desk = Desk(live, Keeper(Store(tmp_path / "evidence.sqlite3"), Batch), Way())
    desk.follow(live)
    route = live.compiled.spec.by_name["read"]
    needed: list[int] = []
    counted: list[int] = []
    for name in ("b1", "b2", "b3", "b1"):
        box, current = Outbox(), desk.current(route)
        one = pair(seen(Side.LEGACY), seen(Side.EXTRACTED, build=name))
        box.pair(one._replace(rules=current.rules, epoch=current.epoch), ())
        desk.take(box.take(1, 2.0, {}, (), {}), f"worker {name} {len(needed)}")
        desk.settle({}, 9.0, 1000.0)
        verdict = desk.verdict(route)
        needed.append(verdict.clean_needed)
        counted.append(desk.counted(route).results["match"])
    assert counted == [1, 1, 1, 2]
    assert needed == [clean_needed(1, 0, 0.01, alpha_for(ordinal, 0.05)) for ordinal in (1, 2, 3, 1)]
    assert needed == [409, 526, 600, 409]


def test_a_new_build_is_told_of_once_and_keeps_its_place_over_a_restart() -> None:
    audit: list[AuditRow] = []
    builds = Builds(audit.append)
    for name in ("b1", "b2", "b1", "b2", ""):
        builds.answered("read", name)
    assert [row.what for row in audit] == [
        "build b1 seen, evidence begins anew",
        "build b2 seen, evidence begins anew",
        "first answers, without a build header",
    ]
    after = Builds(audit.append)
    after.restore(builds.take_rows())
    assert builds.take_rows() == []
    after.answered("read", "b2")
    after.answered("read", "b9")
    assert [after.ordinal("read", name) for name in ("b1", "b2", "", "b9")] == [1, 2, 3, 4]
    assert (len(audit), after.latest("read"), after.latest("other")) == (4, "b9", None)

"""Control lets whoever waits for its core go first, while it keeps up."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from proxy.evidence import Ledger
from proxy.model.way import EVERY, gently
from proxy.runtime.giving_way import LATE, Way
from proxy.store import Batch, Store
from tests.evidence.made import KEY, settled


def test_every_few_items_and_all_in_order() -> None:
    said: list[str] = []
    for item in gently(range(5), partial(said.append, "way"), 2):
        said += [str(item)]
    assert said == ["way", "0", "1", "way", "2", "3", "way", "4"]


@pytest.mark.parametrize(("frame", "pair", "yields"), [(0, 0, 1), (LATE / 2, LATE / 2, 1), (1, 0, 0), (0, 1, 0)])
def test_who_is_late_takes_its_share(frame: float, pair: float, yields: int, monkeypatch: pytest.MonkeyPatch) -> None:
    yielded: list[None] = []
    monkeypatch.setattr(os, "sched_yield", lambda: yielded.append(None))
    way = Way()
    way.frame_age, way.pair_age = frame, pair
    way()
    assert len(yielded) == yields


def test_while_it_counts() -> None:
    ways: list[None] = []
    ledger = Ledger(lambda: ways.append(None))
    for number in range(10 * EVERY):
        ledger.add(settled(number, number))
    ledger.advance(1e9, 0.0)
    assert len(ways) == 10


def test_while_it_writes(tmp_path: Path) -> None:
    ways: list[None] = []
    store = Store(tmp_path / "evidence.sqlite3", lambda: ways.append(None))
    store.open()
    store.write(Batch(seen=[(KEY, number) for number in range(10 * EVERY)]))
    store.close()
    assert len(ways) == 10

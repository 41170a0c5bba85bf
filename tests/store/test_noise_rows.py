"""What was learned of noise is kept, bounded for each route."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.model.spec import Retention
from proxy.store import Batch, NoiseRow, Store
from proxy.store.store import NOISE_KEPT


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.sqlite3")
    opened.open()
    yield opened
    opened.close()


def row(build: str, at: float, body: str = "{}", route: str = "read", rules: str = "r1") -> NoiseRow:
    return NoiseRow(route, rules, build, at, body)


def test_the_newest_word_of_each_build_comes_back_oldest_first(store: Store) -> None:
    store.write(Batch(noise=[row("b2", 20.0), row("b1", 10.0), row("b1", 5.0, route="list")]))
    store.write(Batch(noise=[row("b1", 30.0, '{"asked":7}')]))
    assert store.load().noise == [row("b1", 5.0, route="list"), row("b2", 20.0), row("b1", 30.0, '{"asked":7}')]


def test_only_so_many_builds_of_a_route_are_kept(store: Store) -> None:
    for number in range(NOISE_KEPT + 3):
        store.write(Batch(noise=[row(f"b{number}", float(number)), row("b1", float(number), route="list")]))
    kept = store.load().noise
    assert [one.build for one in kept if one.route == "read"] == [f"b{number}" for number in range(3, NOISE_KEPT + 3)]
    assert len([one for one in kept if one.route == "list"]) == 1


def test_it_goes_by_age_like_everything_that_was_learned(store: Store) -> None:
    store.write(Batch(noise=[row("b1", 100.0), row("b2", 900.0)]))
    store.prune(1000.0, Retention(age=500.0))
    assert [one.build for one in store.load().noise] == ["b2"]

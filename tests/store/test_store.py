"""What is written comes back, in this run and the next."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.model.comparison import Difference, Kind, Result, Risk
from proxy.model.evidence import Asked, Settled, Totals
from proxy.model.records import AuditRow, Covered, InventoryRow, Waiting
from proxy.model.sides import Stage, StageSource
from proxy.model.states import RouteState
from proxy.store import Batch, Build, Store, StoreTrouble
from proxy.store.schema import MIGRATIONS, migrate
from tests.store.helpers import KEY, LARGE, difference, exemplar, full_batch, segment, signature


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "state" / "store.sqlite3")
    opened.open()
    yield opened
    opened.close()


def test_everything_written_is_there_after_a_restart(store: Store) -> None:
    batch = full_batch()
    store.write(batch)
    store.close()
    assert not store.open().fresh

    loaded = store.load()
    expected = Totals(10, 2, 6, 2, 2, 4, 2, 8, 10, 10, 12, 14, 16, 18, 20, first=100, last=101)
    assert loaded.totals == {KEY: expected}
    assert loaded.signatures == list(batch.signatures)
    assert loaded.seen == {KEY: {1, 2, LARGE}}
    assert loaded.overrides == {"charge-read": batch.overrides[0]}
    assert loaded.states == batch.states
    assert loaded.builds == list(batch.builds)
    assert loaded.accepted == list(batch.accepted)
    assert loaded.inventory == list(batch.inventory)


def test_what_was_covered_comes_back_with_its_latest_count(store: Store) -> None:
    store.write(Batch(covered=[(KEY, Covered("answer", "GET 2xx", 3)), (KEY, Covered("{id}", "abc", 1))]))
    store.write(Batch(covered=[(KEY, Covered("answer", "GET 2xx", 4))]))
    loaded = store.load().coverage
    assert {key: sorted(rows) for key, rows in loaded.items()} == {
        KEY: [Covered("answer", "GET 2xx", 4), Covered("{id}", "abc", 1)]
    }


def test_what_waits_comes_back_without_the_target_that_nobody_redacted(store: Store) -> None:
    asked = Asked(b"GET", 200, b"/charges/1?token=s3cret")
    settled = Settled(KEY, 5.0, LARGE, Result.MISMATCH, "", "s1", True, False, (0.1, 0.2), asked)
    store.write(Batch(waiting=[Waiting(7, settled, 105.0, "value", "$.fee", (200, 200))]))
    (waiting,) = store.load().waiting
    assert waiting == Waiting(7, settled._replace(arrival=0.0, asked=Asked()), 105.0, "value", "$.fee", (200, 200))
    store.close()
    assert not any(b"s3cret" in file.read_bytes() for file in store.path.parent.iterdir())


def test_exemplars_come_back_byte_for_byte_newest_first(store: Store) -> None:
    store.write(full_batch())
    assert store.exemplars("charge-read", "s1") == [exemplar(1, at=160.0), exemplar(0)]
    assert store.exemplars("charge-read", "other") == []
    assert store.exemplars("charge-read", "s1", limit=1) == [exemplar(1, at=160.0)]


def test_an_exemplar_replaces_the_one_in_its_slot(store: Store) -> None:
    store.write(Batch(exemplars=[exemplar(0, at=1.0)]))
    store.write(Batch(exemplars=[exemplar(0, at=2.0)]))
    assert [kept.at for kept in store.exemplars("charge-read", "s1")] == [2.0]


def test_segments_are_appended_and_signatures_replaced(store: Store) -> None:
    store.write(Batch(segments=[segment(100)], signatures=[signature(count=1)]))
    store.write(Batch(segments=[segment(100)], signatures=[signature(count=2)]))
    assert store.segments("charge-read") == [segment(100), segment(100)]
    loaded = store.load()
    assert loaded.totals[KEY].n == 10
    assert [row.count for row in loaded.signatures] == [2]


def test_a_cleared_override_is_gone_and_one_set_in_the_same_batch_stays(store: Store) -> None:
    batch = full_batch()
    store.write(batch)
    store.write(Batch(overrides_cleared=["charge-read"]))
    assert store.load().overrides == {}
    store.write(Batch(overrides_cleared=["charge-read"], overrides=batch.overrides))
    assert store.load().overrides == {"charge-read": batch.overrides[0]}


def test_only_digests_of_the_newest_epoch_are_loaded(store: Store) -> None:
    store.write(Batch(seen=[(KEY, 1), (KEY._replace(epoch=4), 2), (KEY._replace(epoch=4, build="build-0"), 3)]))
    assert store.load().seen == {KEY._replace(epoch=4): {2}, KEY._replace(epoch=4, build="build-0"): {3}}


def test_history_is_newest_first_and_holds_what_concerned_all_routes(store: Store) -> None:
    rows = [AuditRow(float(at), "ann", "halt", route, "", "") for at, route in enumerate(["a", "b", "", "a"])]
    store.write(Batch(audit=rows))
    assert store.history() == rows[::-1]
    assert [row.at for row in store.history("a")] == [3.0, 2.0, 0.0]
    assert store.has_history("a")
    assert not store.has_history("never")
    assert [row.at for row in store.history("a", limit=1)] == [3.0]


def test_the_whole_inventory_can_be_replaced(store: Store) -> None:
    batch = full_batch()
    store.write(batch)
    folded = type(batch.inventory[0])("GET", "/v1/{id}", "", 11.0, (0, 11, 0, 0, 0), 1.0, 1.0, 1.0, 9.0)
    store.write(Batch(inventory=[folded], inventory_whole=True))
    assert store.load().inventory == [folded]


def test_states_and_builds_are_replaced(store: Store) -> None:
    store.write(
        Batch(states={"a": RouteState(Stage.SHADOW, 0.0, StageSource.FILE, 1)}, builds=[Build("a", "x", 1, 1.0)])
    )
    state = RouteState(Stage.LIVE, 0.0, StageSource.HALT, 2)
    store.write(Batch(states={"a": state}, builds=[Build("a", "y", 2, 2.0)]))
    loaded = store.load()
    assert loaded.states == {"a": state}
    assert loaded.builds == [Build("a", "x", 1, 1.0), Build("a", "y", 2, 2.0)]


def test_only_the_owner_may_read_any_of_the_files(store: Store) -> None:
    store.write(full_batch())
    modes = {file.name: file.stat().st_mode & 0o777 for file in store.path.parent.iterdir()}
    assert modes == {f"store.sqlite3{ending}": 0o600 for ending in ("", "-wal", "-shm")}
    assert store.path.parent.stat().st_mode & 0o777 == 0o700


def test_an_existing_file_with_a_wider_mode_is_narrowed(store: Store) -> None:
    store.write(full_batch())
    store.close()
    store.path.chmod(0o644)
    store.open()
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_a_batch_is_written_whole_or_not_at_all(store: Store) -> None:
    bad = Batch(segments=[segment(1)], audit=[AuditRow(float("nan"), "ann", "halt", "", "", "")])  # breaks NOT NULL
    with pytest.raises(StoreTrouble):
        store.write(bad)
    assert store.segments("charge-read") == []
    store.write(Batch(segments=[segment(1)]))  # the key's id given in the failed transaction is not used again
    assert store.load().totals[KEY].n == 5


def test_odd_text_from_answers_is_stored_and_never_stops_a_batch(store: Store) -> None:
    lone = "\ud800"  # json.loads gives this for the escape of half a pair
    odd = exemplar(0)._replace(differences=(Difference(f"$.{lone}", Kind.VALUE, Risk.LOW, lone, "ü\0", lone),))
    row = InventoryRow("GET", f"/{lone}", "", 1.0, (0, 1, 0, 0, 0), 0.1, 0.1, 1.0, 1.0)
    store.write(
        Batch(
            exemplars=[odd],
            signatures=[replace(signature(), path=f"$.ü{lone}")],
            audit=[AuditRow(1.0, "ann", "halt", "", lone, "")],
            inventory=[row],
        )
    )
    assert store.exemplars("charge-read", "s1") == [odd]
    assert [kept.path for kept in store.load().signatures] == ["$.ü\\ud800"]
    assert store.history()[0].what == "\\ud800"
    assert store.load().inventory[0].template == "/\\ud800"


def test_rows_that_can_never_be_stored_are_told_from_a_file_in_trouble(store: Store) -> None:
    for bad in (Batch(differences=[difference(float("nan"))]), Batch(segments=[segment(1, n=1 << 70)])):
        with pytest.raises(StoreTrouble) as caught:
            store.write(bad)
        assert (caught.value.rejected, caught.value.broken, caught.value.passing) == (True, False, False)
    assert store.write(full_batch()) is None  # still the same open file


def test_a_killed_writer_loses_nothing_that_was_committed(store: Store) -> None:
    store.close()
    script = f"""
import os, signal, sys
from pathlib import Path
from proxy.store import Batch, Store
from proxy.store.schema import MIGRATIONS, migrate
from tests.store.helpers import segment
store = Store(Path({str(store.path)!r})); store.open()
for second in range(50):
    store.write(Batch(segments=[segment(second)]))
os.kill(os.getpid(), signal.SIGKILL)
"""
    root = Path(__file__).parents[2]
    ended = subprocess.run([sys.executable, "-c", script], cwd=root, env={**os.environ, "PYTHONPATH": str(root)})
    assert ended.returncode == -signal.SIGKILL
    store.open()
    assert [row.second for row in store.segments("charge-read")] == list(range(50))


def test_a_file_deleted_while_open_is_noticed_and_begun_anew(store: Store) -> None:
    store.write(full_batch())
    for file in store.path.parent.iterdir():
        file.unlink()
    reopened = store.write(Batch(segments=[segment(7)]))
    assert reopened is not None
    assert reopened.fresh
    with sqlite3.connect(store.path) as reader:
        assert reader.execute("SELECT second FROM segment").fetchall() == [(7,)]
    reader.close()


def test_a_file_of_the_first_version_keeps_its_figures_and_takes_new_ones(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        migrate(old, MIGRATIONS[:1])
        old.execute("INSERT INTO evidence_key VALUES (1, ?, ?, ?, ?)", KEY)
        old.execute("INSERT INTO segment VALUES (1, 1, 100, 5, 1, 3, 1, 1, 2, 1, 4)")
    store = Store(path)
    store.open()
    assert store.load().totals == {KEY: Totals(5, 1, 3, 1, 1, 2, 1, 4, first=100, last=100)}
    store.write(Batch(segments=[segment(101)]))
    totals = store.load().totals[KEY]
    assert (totals.n, totals.explained, totals.timed, totals.excused, totals.last) == (10, 5, 5, 10, 101)
    store.close()
